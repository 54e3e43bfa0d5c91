//! The end of a node: its output, its receipt, and the end of the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use pi_agent_api::Phase;
use pi_artifacts::Kind;
use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Decision, Digest, Reason};

use super::findings::{merge, object, risk};
use super::{Command, NodeState, Run, Started};
use crate::KERNEL_REVISION;
use crate::bus::{Frozen, Payload};
use crate::capability::Capability;
use crate::effect::EffectOutcome;
use crate::examine::Status;
use crate::manifest::{Content, Manifest};
use crate::policy::{Because, findings};
use crate::receipt::Receipt;
use crate::record::Record;
use crate::report::{Outcome, Seal};
use crate::request::NodeBounds;
use crate::shards::shard;

/// How a node ended.
struct End {
    state: Status,
    reason: Option<Reason>,
    decision: Decision,
    output: Option<Frozen>,
}

impl Run {
    /// Ends a node whose jobs are all taken, with a receipt.
    pub(super) fn complete(&mut self, node: usize) {
        let admitted = Arc::clone(&self.admitted);
        let Some(spec) = admitted.request.content().nodes.get(node) else { return };
        let (inputs, end) = match self.started.remove(&node) {
            Some(started) => {
                let inputs = self.fingerprints(&started.inputs);
                (inputs, self.conclude(&spec.capability, &spec.bounds, started))
            }
            None => (Vec::new(), self.ended_without_running(node)),
        };
        let worker = self.workers.get(node).cloned().unwrap_or_default();
        if matches!(self.states.get(node), Some(NodeState::Running)) {
            // Registered when it started.
            let _ = self.shards.end(&worker, !end.state.fails_node());
        }
        self.phase_failed |= end.state.fails_node();
        self.replayable &= end.state != Status::Timeout;
        let output = end.output.as_ref().map(Frozen::fingerprint);
        self.outputs.extend(output);
        let state = match (end.state, end.output) {
            (Status::Success, Some(frozen)) => {
                NodeState::Succeeded(self.bus.write(&worker, frozen))
            }
            (Status::Blocked, _) => NodeState::Blocked,
            (Status::Skipped, _) => NodeState::Skipped,
            (status, _) => NodeState::Failed(status),
        };
        if let Some(slot) = self.states.get_mut(node) {
            *slot = state;
        }
        self.chain.receipt(Receipt {
            index: 0,
            shard: shard(&worker, admitted.bounds.shard_count),
            worker_id: worker,
            node: spec.id.clone(),
            phase: spec.capability.phase(),
            capability: spec.capability.name(),
            revision: KERNEL_REVISION,
            artifact: None,
            input: Digest::of_canonical(&inputs),
            copies: Vec::new(),
            output,
            status: end.state,
            reason: end.reason,
            decision: end.decision,
            votes: Vec::new(),
            consensus: "",
            previous: None,
        });
    }

    /// Fingerprints of what a node was handed, in the order of its sources.
    fn fingerprints(&self, slots: &[usize]) -> Vec<Digest> {
        let slot = |index: &usize| self.bus.slot(*index).map(|slot| slot.frozen().fingerprint());
        slots.iter().filter_map(slot).collect()
    }

    fn ended_without_running(&mut self, node: usize) -> End {
        let (state, reason) = self
            .ends
            .remove(&node)
            .unwrap_or((NodeState::Failed(Status::Fail), Reason::PhaseFailed));
        let state = match state {
            NodeState::Blocked => Status::Blocked,
            NodeState::Skipped => Status::Skipped,
            NodeState::Failed(status) => status,
            _ => Status::Fail,
        };
        let decision = if state == Status::Skipped { Decision::Allow } else { Decision::Deny };
        End { state, reason: Some(reason), decision, output: None }
    }

    fn conclude(&mut self, capability: &Capability, bounds: &NodeBounds, started: Started) -> End {
        let failed = |state, reason| End {
            state,
            reason: Some(reason),
            decision: Decision::Deny,
            output: None,
        };
        if let Some((status, reason)) = started.status {
            let (_, digest) = started.findings.finish();
            self.node_findings.push(digest);
            return failed(status, reason);
        }
        let mut decision = Decision::Allow;
        let value = match capability {
            Capability::AdmitManifest => manifest(&self.admitted.manifest),
            Capability::TakeInventory => inventory(&self.admitted.manifest),
            Capability::LoadBaseline(digest) => Value::Object(object([
                ("digest", Value::from(digest.to_hex().as_str())),
                ("fingerprints", Value::from(self.admitted.baseline.fingerprints().count() as u64)),
            ])),
            Capability::Examine(_) => {
                let (value, digest) = started.findings.finish();
                self.node_findings.push(digest);
                value
            }
            Capability::Weigh => Value::Object(risk(&self.risk)),
            Capability::Decide => {
                decision = self.decide();
                self.decided(decision)
            }
            Capability::Release => {
                decision = self.decision.as_ref().map_or(Decision::Deny, |(decision, _)| *decision);
                let document = Digest::of_long_canonical(&self.document());
                Value::Object(object([
                    ("decision", Value::from(decision.as_str())),
                    ("document", Value::from(document.to_hex().as_str())),
                ]))
            }
            Capability::WriteReport { .. } => match started.report {
                Some(EffectOutcome::Done { artifact_type, report }) => {
                    if artifact_type != capability.output() {
                        return failed(Status::SchemaMismatch, Reason::ArtifactTypeMismatch);
                    }
                    report
                }
                other => {
                    let reason = other.and_then(|outcome| outcome.reason());
                    return failed(Status::Fail, reason.unwrap_or(Reason::OutcomeUnknown));
                }
            },
        };
        let output = Payload { artifact_type: capability.output(), value }.freeze();
        if output.size() > bounds.stricter(NodeBounds::HARD).max_output_bytes {
            return failed(Status::ResourceExceeded, Reason::BoundsExceeded);
        }
        End { state: Status::Success, reason: None, decision, output: Some(output) }
    }

    /// Asks the policy about everything that was found.
    fn decide(&mut self) -> Decision {
        let incomplete =
            |state: &&NodeState| matches!(state, NodeState::Failed(_) | NodeState::Blocked);
        let failed = self.states.iter().filter(incomplete).count() as u64;
        let facts = findings(&self.admitted.facts, &self.risk, failed);
        let (decision, reasons) = self.admitted.policy.decide(&facts);
        self.decision = Some((decision, reasons));
        decision
    }

    fn decided(&self, decision: Decision) -> Value {
        let because = self.decision.as_ref().map(|(_, reasons)| reasons.as_slice());
        let reasons = because.unwrap_or_default().iter().map(|because| {
            Value::Object(object([
                ("code", Value::from(because.reason.code())),
                ("message", Value::from(because.message.as_str())),
            ]))
        });
        Value::Object(object([
            ("decision", Value::from(decision.as_str())),
            ("policy", Value::from(self.admitted.policy.digest().to_hex().as_str())),
            ("reasons", Value::Array(reasons.collect())),
        ]))
    }

    /// What is released: the decision and the findings, without run or time.
    pub(super) fn document(&mut self) -> Document<'_> {
        self.findings = merge(std::mem::take(&mut self.findings));
        Document(self)
    }

    /// The run is over: decide, seal.
    pub(super) fn finish(&mut self, commands: &mut Vec<Command>) {
        self.finished = true;
        let (decision, mut reasons) = match self.decision.take() {
            Some(decided) => decided,
            None if self.failed => (Decision::Deny, Vec::new()),
            None => (Decision::Deny, vec![Because::policy_missing()]),
        };
        let mut decisions = vec![decision];
        if self.failed {
            decisions.push(Decision::Deny);
            let ended = Phase::ALL.get(self.phase.saturating_sub(1)).copied();
            let phase = ended.unwrap_or(Phase::Emit);
            reasons.push(Because {
                reason: Reason::PhaseFailed,
                message: format!("{phase} did not succeed, nothing is released"),
            });
        } else if !self.admitted.is_released() {
            decisions.push(self.admitted.admission);
            // GOVERN may have said the same.
            let more = self.admitted.because.iter().filter(|because| !reasons.contains(because));
            let more: Vec<Because> = more.cloned().collect();
            reasons.extend(more);
        }
        self.seal(Decision::strictest(decisions), reasons, commands);
    }

    fn seal(&mut self, decision: Decision, reasons: Vec<Because>, commands: &mut Vec<Command>) {
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
            findings: Digest::of_canonical(&self.node_findings),
            receipts: self.chain.receipts,
            receipts_head: self.chain.receipts_head,
            boundaries_head: self.chain.boundaries_head,
            determinism_proof: proof,
            replayable: self.replayable,
        };
        self.chain.aside(Record::sealed(&seal));
        self.append(commands);
        commands.push(Command::Finish(Box::new(Outcome {
            request_hash,
            decision,
            reasons,
            agents_catalogue: self.admitted.catalogue.agents().len() as u64,
            agents_applied: self.applied.len() as u64,
            artifacts: self.admitted.manifest.entries().len() as u64,
            findings: merge(std::mem::take(&mut self.findings)),
            risk: self.risk.clone(),
            receipts: self.chain.receipts,
            receipts_head: self.chain.receipts_head,
            boundaries_head: self.chain.boundaries_head,
            determinism_proof: proof,
            replayable: self.replayable,
        })));
    }
}

/// The released document (`pi.release/1`).
pub(super) struct Document<'a>(&'a Run);

impl ToCanonical for Document<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Document(run) = self;
        let (decision, reasons) = match &run.decision {
            Some((decision, reasons)) => (*decision, reasons.as_slice()),
            None => (Decision::Deny, &[][..]),
        };
        encoder.object(|o| {
            o.field("decision", &decision)
                .field("findings", &run.findings)
                .field("reasons", reasons)
                .field("request_hash", &run.admitted.request.hash())
                .field("risk", &run.risk)
                .field("schema", "pi.release/1");
        });
    }
}

fn manifest(manifest: &Manifest) -> Value {
    let refused = |content: &Content| matches!(content, Content::Refused { .. });
    let entries = manifest.entries();
    let bytes: u64 = entries
        .iter()
        .map(|entry| match entry.content {
            Content::Frozen { size, .. } => size,
            Content::Refused { .. } => 0,
        })
        .sum();
    let refused = entries.iter().filter(|entry| refused(&entry.content)).count();
    Value::Object(object([
        ("artifacts", Value::from(entries.len() as u64)),
        ("bytes", Value::from(bytes)),
        ("digest", Value::from(manifest.digest().to_hex().as_str())),
        ("refused", Value::from(refused as u64)),
    ]))
}

fn inventory(manifest: &Manifest) -> Value {
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    for entry in manifest.entries() {
        if let Content::Frozen { kind, .. } = entry.content {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    let kinds = kinds.into_iter().map(|(kind, count)| (kind.as_str().to_owned(), count.into()));
    Value::Object(object([
        ("artifacts", Value::from(manifest.entries().len() as u64)),
        ("kinds", Value::Object(kinds.collect())),
    ]))
}
