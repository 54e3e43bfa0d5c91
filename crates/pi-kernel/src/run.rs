//! The state machine of a run.
//!
//! A shell calls [`Run::start`], carries out the commands it gets, and feeds
//! every outcome back through [`Run::examined`], in any order and from any
//! number of threads. Outcomes are taken in the order of the manifest, so
//! parallelism never shows in a hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use pi_agent_api::Phase;
use pi_core::{Decision, Digest, Reason};

use crate::KERNEL_REVISION;
use crate::admit::AdmittedComposition;
use crate::examine::{Examination, Status};
use crate::manifest::Content;
use crate::policy::Because;
use crate::receipt::{Boundary, Coverage, Receipt, shard};
use crate::record::Record;
use crate::report::{ArtifactFindings, Outcome, Seal};
use crate::request::Capability;
use crate::risk::Risk;

/// Most examinations that are asked for ahead of the one that is taken next.
pub const MAX_IN_FLIGHT: usize = 512;

/// What a shell must do.
#[derive(Debug)]
pub enum Command {
    /// Examine the artifact with this index in the manifest, then call
    /// [`Run::examined`].
    Examine(usize),
    /// Append these records in this order. They need not be durable before the
    /// next command is carried out, except before [`Command::Finish`].
    Append(Vec<Record>),
    /// The run is over; the outcome may be released once everything appended is
    /// durable.
    Finish(Box<Outcome>),
}

/// A run in progress.
pub struct Run {
    admitted: Arc<AdmittedComposition>,
    chain: Chain,
    asked: usize,
    taken: usize,
    waiting: BTreeMap<usize, Examination>,
    risk: Risk,
    findings: Vec<ArtifactFindings>,
    applied: pi_agent_api::AgentSet,
    failed: bool,
    replayable: bool,
}

/// The two hash chains.
#[derive(Default)]
struct Chain {
    receipts: u64,
    receipts_head: Option<Digest>,
    in_phase: u64,
    boundaries_head: Option<Digest>,
    records: Vec<Record>,
}

impl Chain {
    fn receipt(&mut self, mut receipt: Receipt) {
        receipt.index = self.receipts;
        receipt.previous = self.receipts_head;
        let hash = receipt.hash();
        self.records.push(Record::receipt(&receipt, hash));
        self.advance(hash);
    }

    fn coverage(&mut self, mut coverage: Coverage) {
        coverage.index = self.receipts;
        coverage.previous = self.receipts_head;
        let hash = coverage.hash();
        self.records.push(Record::coverage(&coverage, hash));
        self.advance(hash);
    }

    fn advance(&mut self, hash: Digest) {
        self.receipts_head = Some(hash);
        self.receipts += 1;
        self.in_phase += 1;
    }

    fn boundary(&mut self, phase: Phase, output: Option<Digest>, succeeded: bool) {
        let boundary = Boundary {
            phase,
            receipts: std::mem::take(&mut self.in_phase),
            receipts_head: self.receipts_head,
            output,
            succeeded,
            previous: self.boundaries_head,
        };
        let hash = boundary.hash();
        self.records.push(Record::boundary(&boundary, hash));
        self.boundaries_head = Some(hash);
    }
}

impl Run {
    /// Starts an admitted composition: the phases up to VALIDATE, and the first
    /// examinations to carry out. The acceptance ([`Record::accepted`]) must be
    /// durable before.
    pub fn start(admitted: Arc<AdmittedComposition>) -> (Self, Vec<Command>) {
        let applied = admitted.catalogue.none();
        let mut run = Self {
            admitted,
            chain: Chain::default(),
            asked: 0,
            taken: 0,
            waiting: BTreeMap::new(),
            risk: Risk::default(),
            findings: Vec::new(),
            applied,
            failed: false,
            replayable: true,
        };
        let manifest = run.admitted.manifest.digest();
        let request = run.admitted.request.hash();
        run.built_in(&Capability::AdmitManifest, request, manifest, Decision::Allow);
        run.chain.boundary(Phase::Ingest, Some(manifest), true);
        run.chain.boundary(Phase::Extract, None, true);
        let baseline = run.admitted.request.baseline();
        if let Some(digest) = baseline {
            run.built_in(&Capability::LoadBaseline(digest), manifest, digest, Decision::Allow);
        }
        run.chain.boundary(Phase::Diff, baseline, true);
        let commands = run.proceed();
        (run, commands)
    }

    /// The admitted composition.
    pub fn admitted(&self) -> &AdmittedComposition {
        &self.admitted
    }

    /// Takes the outcome of one examination.
    pub fn examined(&mut self, artifact: usize, examination: Examination) -> Vec<Command> {
        // An outcome that was not asked for, or came twice, is not taken.
        if artifact >= self.taken && artifact < self.asked {
            self.waiting.entry(artifact).or_insert(examination);
        }
        self.proceed()
    }

    fn proceed(&mut self) -> Vec<Command> {
        while let Some(examination) = self.waiting.remove(&self.taken) {
            self.take(self.taken, examination);
            self.taken += 1;
        }
        let mut commands = Vec::new();
        let total = self.admitted.manifest.entries().len();
        if self.taken == total {
            let outcome = self.finish();
            commands.push(Command::Append(std::mem::take(&mut self.chain.records)));
            commands.push(Command::Finish(Box::new(outcome)));
            return commands;
        }
        if !self.chain.records.is_empty() {
            commands.push(Command::Append(std::mem::take(&mut self.chain.records)));
        }
        while self.asked < total && self.asked - self.taken < MAX_IN_FLIGHT {
            commands.push(Command::Examine(self.asked));
            self.asked += 1;
        }
        commands
    }

    fn built_in(
        &mut self,
        capability: &Capability,
        input: Digest,
        output: Digest,
        decision: Decision,
    ) {
        let phase = capability.phase();
        let worker_id = format!("{phase}_{}_0", capability.name());
        self.chain.receipt(Receipt {
            index: 0,
            shard: shard(&worker_id, self.admitted.request.content().bounds.shard_count),
            worker_id,
            phase,
            capability: capability.name(),
            revision: KERNEL_REVISION,
            artifact: None,
            input,
            copies: Vec::new(),
            output,
            status: Status::Success,
            decision,
            votes: Vec::new(),
            consensus: "",
            previous: None,
        });
    }

    /// Issues the coverage and the receipts of one artifact.
    fn take(&mut self, index: usize, examination: Examination) {
        let Some(entry) = self.admitted.manifest.entries().get(index) else { return };
        let kind = match &entry.content {
            Content::Frozen { kind, .. } => Some(*kind),
            Content::Refused { .. } => None,
        };
        let path = entry.path.clone();
        let shards = self.admitted.request.content().bounds.shard_count;
        let status = examination.failure.map_or(Status::Success, |(status, _)| status);
        self.chain.coverage(Coverage {
            index: 0,
            artifact: index as u64,
            input: examination.input,
            kind,
            catalogue: self.admitted.catalogue.digest(),
            applicable: examination.applicable.clone(),
            executed: examination.executed.clone(),
            copies: examination.copies.to_vec(),
            status,
            previous: None,
        });
        self.failed |= status.fails_phase();
        self.replayable &= status != Status::Timeout;
        self.applied.union(&examination.executed);
        self.risk.add(&examination);
        for verdict in &examination.verdicts {
            let worker_id = format!("{}_{}_{index}", Phase::Validate, verdict.slug);
            self.failed |= verdict.status.fails_phase();
            self.chain.receipt(Receipt {
                index: 0,
                shard: shard(&worker_id, shards),
                worker_id,
                phase: Phase::Validate,
                capability: verdict.slug,
                revision: verdict.revision,
                artifact: Some(index as u64),
                input: examination.input,
                copies: verdict.copies.to_vec(),
                output: verdict.output,
                status: verdict.status,
                decision: verdict.decision,
                votes: verdict.votes.iter().map(crate::examine::Vote::digest).collect(),
                consensus: verdict.consensus.as_str(),
                previous: None,
            });
        }
        if !examination.findings.is_empty() {
            self.findings.push(ArtifactFindings { path, findings: examination.findings });
        }
    }

    /// VALIDATE is complete: weigh, decide, release.
    fn finish(&mut self) -> Outcome {
        let findings = Digest::of_canonical(&self.findings);
        self.chain.boundary(Phase::Validate, Some(findings), !self.failed);
        let (decision, mut reasons) = self.admitted.policy.decide(&self.risk);
        let decision = if self.failed {
            reasons.push(Because {
                reason: Reason::PhaseFailed,
                message: "VALIDATE did not succeed, later phases did not run".to_owned(),
            });
            Decision::Deny
        } else {
            let risk = Digest::of_canonical(&self.risk);
            self.built_in(&Capability::Weigh, findings, risk, Decision::Allow);
            self.chain.boundary(Phase::Risk, Some(risk), true);
            let policy = self.admitted.policy.digest();
            let decided = Digest::of_canonical(&vec![risk, policy]);
            self.built_in(&Capability::Decide, decided, Digest::of_canonical(&reasons), decision);
            self.chain.boundary(Phase::Govern, Some(Digest::of_canonical(&decision)), true);
            self.built_in(&Capability::Release, findings, findings, decision);
            self.chain.boundary(Phase::Emit, Some(findings), true);
            decision
        };
        self.seal(decision, reasons, findings)
    }

    fn seal(&mut self, decision: Decision, reasons: Vec<Because>, findings: Digest) -> Outcome {
        let request_hash = self.admitted.request.hash();
        let chains = vec![self.chain.receipts_head, self.chain.boundaries_head];
        let heads = Digest::of_canonical(&chains);
        let proof =
            Digest::of_canonical(&vec![request_hash, heads, Digest::of_canonical(&decision)]);
        let seal = Seal {
            request_hash,
            decision,
            reasons: reasons.clone(),
            risk: self.risk.clone(),
            findings,
            receipts: self.chain.receipts,
            receipts_head: self.chain.receipts_head,
            boundaries_head: self.chain.boundaries_head,
            determinism_proof: proof,
            replayable: self.replayable,
        };
        self.chain.records.push(Record::sealed(&seal));
        Outcome {
            request_hash,
            decision,
            reasons,
            agents_catalogue: self.admitted.catalogue.agents().len() as u64,
            agents_applied: self.applied.len() as u64,
            artifacts: self.admitted.manifest.entries().len() as u64,
            findings: std::mem::take(&mut self.findings),
            risk: self.risk.clone(),
            receipts: self.chain.receipts,
            receipts_head: self.chain.receipts_head,
            boundaries_head: self.chain.boundaries_head,
            determinism_proof: proof,
            replayable: self.replayable,
        }
    }
}
