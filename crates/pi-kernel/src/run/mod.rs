//! The state machine of a run.
//!
//! A shell calls [`Run::start`], carries out the commands it gets, and feeds
//! every outcome back through [`Run::examined`] and [`Run::performed`], in any
//! order and from any number of threads. Outcomes are taken in the order of
//! phase, rank, node and job, so parallelism never shows in a hash.

mod chain;
mod complete;
mod findings;
mod node;
mod stop;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use pi_agent_api::Phase;
use pi_core::canonical::Encoder;
use pi_core::{Decision, Digest, Reason};

use crate::admit::AdmittedComposition;
use crate::bus::Bus;
use crate::capability::Capability;
use crate::effect::{Concluded, Effect, EffectOutcome, Intent};
use crate::examine::{Examination, Status, Vote};
use crate::manifest::Content;
use crate::policy::Because;
use crate::receipt::{Coverage, Receipt};
use crate::record::Record;
use crate::report::{ArtifactFindings, Outcome};
use crate::risk::Risk;
use crate::shards::{Shards, shard};

use chain::{Chain, Sealing};
use findings::NodeFindings;
pub use node::NodeState;
use node::{Turn, turn, within_bounds};

/// Most examinations that are asked for ahead of the one that is taken next.
pub const MAX_IN_FLIGHT: usize = 512;

/// What a shell must do.
#[derive(Debug)]
pub enum Command {
    /// Examine an artifact for a node, then call [`Run::examined`] with `job`.
    Examine {
        /// Number of the job; none comes twice in a run.
        job: usize,
        /// Index of the node.
        node: usize,
        /// Index of the artifact in the manifest.
        artifact: usize,
    },
    /// Make everything appended so far durable, wait, have the effect carried
    /// out, then call [`Run::performed`] with `job` and `attempt`.
    Perform {
        /// Number of the job.
        job: usize,
        /// The capability, by which breakers are kept.
        capability: &'static str,
        /// The attempt, from 1.
        attempt: u32,
        /// The pause before it, in milliseconds.
        after_ms: u64,
        /// What to do.
        effect: Effect,
    },
    /// Append these records in this order. They need not be durable before the
    /// next command is carried out, except before [`Command::Perform`] and
    /// [`Command::Finish`].
    Append(Vec<Record>),
    /// The run is over; the outcome may be released once everything appended is
    /// durable.
    Finish(Box<Outcome>),
}

/// What is still to be taken, in order.
#[derive(Clone, Copy, Debug)]
enum Job {
    Examine {
        node: usize,
        artifact: u32,
    },
    Perform {
        node: usize,
    },
    /// All jobs of the node before it are taken.
    Complete {
        node: usize,
    },
}

/// A node that is under way.
#[derive(Default)]
struct Started {
    inputs: Vec<usize>,
    findings: NodeFindings,
    status: Option<(Status, Reason)>,
    attempt: u32,
    report: Option<EffectOutcome>,
}

/// A run in progress.
pub struct Run {
    admitted: Arc<AdmittedComposition>,
    chain: Chain,
    bus: Bus,
    shards: Shards,
    phase: usize,
    groups: VecDeque<Vec<usize>>,
    states: Vec<NodeState>,
    workers: Vec<String>,
    started: BTreeMap<usize, Started>,
    ends: BTreeMap<usize, (NodeState, Reason)>,
    jobs: Vec<Job>,
    /// Jobs of earlier groups: numbers that the shell knows never come again.
    before: usize,
    /// Of these, the ones of earlier phases.
    before_phase: usize,
    asked: usize,
    taken: usize,
    examined: BTreeMap<usize, Examination>,
    performed: BTreeMap<usize, EffectOutcome>,
    performing: bool,
    outputs: Vec<Digest>,
    risk: Risk,
    findings: Vec<ArtifactFindings>,
    node_findings: Vec<Digest>,
    applied: BTreeSet<&'static str>,
    decision: Option<(Decision, Vec<Because>)>,
    failed: bool,
    phase_failed: bool,
    finished: bool,
    replayable: bool,
}

impl Run {
    /// Starts an admitted composition. The acceptance ([`Record::accepted`])
    /// must be durable before.
    pub fn start(admitted: Arc<AdmittedComposition>) -> (Self, Vec<Command>) {
        let nodes = admitted.request.content().nodes.len();
        let mut run = Self {
            chain: Chain::default(),
            bus: Bus::default(),
            shards: Shards::new(admitted.bounds.shard_count),
            phase: 0,
            groups: admitted.graph.groups(Phase::Ingest).into(),
            states: vec![NodeState::Pending; nodes],
            workers: workers(&admitted),
            started: BTreeMap::new(),
            ends: BTreeMap::new(),
            jobs: Vec::new(),
            before: 0,
            before_phase: 0,
            asked: 0,
            taken: 0,
            examined: BTreeMap::new(),
            performed: BTreeMap::new(),
            performing: false,
            outputs: Vec::new(),
            risk: Risk::default(),
            findings: Vec::new(),
            node_findings: Vec::new(),
            applied: BTreeSet::new(),
            decision: None,
            failed: false,
            phase_failed: false,
            finished: false,
            replayable: true,
            admitted,
        };
        let commands = run.proceed();
        (run, commands)
    }

    /// The admitted composition.
    pub fn admitted(&self) -> &AdmittedComposition {
        &self.admitted
    }

    /// Where each node stands.
    pub fn states(&self) -> &[NodeState] {
        &self.states
    }

    /// What nodes have handed over so far.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Takes the outcome of one examination. One that was not asked for, or
    /// came twice, is not taken.
    pub fn examined(&mut self, job: usize, examination: Examination) -> Vec<Command> {
        // One of an earlier group has a smaller number.
        if let Some(job) = job.checked_sub(self.before)
            && job >= self.taken
            && job < self.asked
            && matches!(self.jobs.get(job), Some(Job::Examine { .. }))
        {
            self.examined.entry(job).or_insert(examination);
        }
        self.proceed()
    }

    /// Takes the outcome of one attempt at an effect. One that was not asked
    /// for, or came twice, is not taken.
    pub fn performed(&mut self, job: usize, attempt: u32, outcome: EffectOutcome) -> Vec<Command> {
        if self.performing && job == self.before + self.taken && self.is_attempt(attempt) {
            self.performing = false;
            self.performed.insert(self.taken, outcome);
        }
        self.proceed()
    }

    /// Whether this attempt at the effect whose turn it is was the last to be announced.
    fn is_attempt(&self, attempt: u32) -> bool {
        let Some(Job::Perform { node }) = self.jobs.get(self.taken) else { return false };
        self.started.get(node).is_some_and(|started| started.attempt == attempt)
    }

    fn proceed(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        if self.finished {
            return commands;
        }
        loop {
            self.take_jobs(&mut commands);
            if self.taken < self.jobs.len() {
                break;
            }
            if self.open_group() {
                continue;
            }
            self.seal_phase();
            if self.phase >= Phase::ALL.len() || (self.failed && self.strict()) {
                self.finish(&mut commands);
                return commands;
            }
        }
        self.append(&mut commands);
        self.ask(&mut commands);
        commands
    }

    fn strict(&self) -> bool {
        self.admitted.request.content().strict
    }

    fn append(&mut self, commands: &mut Vec<Command>) {
        if !self.chain.is_empty() {
            commands.push(Command::Append(self.chain.take()));
        }
    }

    /// Takes what is there in order, up to the first job that is not.
    fn take_jobs(&mut self, commands: &mut Vec<Command>) {
        while let Some(job) = self.jobs.get(self.taken).copied() {
            match job {
                Job::Examine { node, artifact } => {
                    let Some(examination) = self.examined.remove(&self.taken) else { return };
                    self.take_examination(node, artifact as usize, examination);
                }
                Job::Perform { node } => {
                    let Some(outcome) = self.performed.remove(&self.taken) else { return };
                    if !self.take_outcome(node, outcome, commands) {
                        return;
                    }
                }
                Job::Complete { node } => self.complete(node),
            }
            self.taken += 1;
            self.asked = self.asked.max(self.taken);
        }
    }

    /// Asks for the jobs behind the one that is taken next.
    fn ask(&mut self, commands: &mut Vec<Command>) {
        while self.asked < self.jobs.len() && self.asked - self.taken < MAX_IN_FLIGHT {
            match self.jobs.get(self.asked) {
                Some(Job::Examine { node, artifact }) => {
                    let (node, artifact) = (*node, *artifact as usize);
                    let job = self.before + self.asked;
                    commands.push(Command::Examine { job, node, artifact });
                }
                // Effects happen one at a time, each when all before it is done.
                Some(Job::Perform { node }) => {
                    if self.asked == self.taken {
                        let node = *node;
                        self.asked += 1;
                        self.perform(node, 1, 0, commands);
                    }
                    return;
                }
                Some(Job::Complete { .. }) | None => {}
            }
            self.asked += 1;
        }
    }

    /// Opens the next group of nodes of the phase; `false` when there is none.
    fn open_group(&mut self) -> bool {
        let Some(group) = self.groups.pop_front() else { return false };
        self.before += self.jobs.len();
        self.jobs.clear();
        (self.asked, self.taken) = (0, 0);
        for node in group {
            match self.turn(node) {
                Turn::Start(inputs) => self.open(node, inputs),
                Turn::End(state, reason) => {
                    self.ends.insert(node, (state, reason));
                }
            }
            self.jobs.push(Job::Complete { node });
        }
        true
    }

    fn turn(&mut self, node: usize) -> Turn {
        let admitted = Arc::clone(&self.admitted);
        let Some(place) = admitted.graph.place(node) else {
            return Turn::End(NodeState::Failed(Status::Fail), Reason::InvalidRequest);
        };
        let inputs = match turn(&place.incoming, &self.states, &self.bus) {
            Turn::Start(inputs) => inputs,
            end @ Turn::End(..) => return end,
        };
        if !within_bounds(&admitted, node, inputs.len()) {
            let state = NodeState::Failed(Status::ResourceExceeded);
            return Turn::End(state, Reason::BoundsExceeded);
        }
        if let Some(reason) = self.withheld(node) {
            return Turn::End(NodeState::Blocked, reason);
        }
        let worker = self.workers.get(node).map_or("", String::as_str);
        if let Err(error) = self.shards.register(worker) {
            return Turn::End(NodeState::Failed(Status::ResourceExceeded), error.reason());
        }
        Turn::Start(inputs)
    }

    /// Why an emitting node does not run, if it does not: nothing is released
    /// from a run that failed, and no effect without ALLOW and approval.
    fn withheld(&self, node: usize) -> Option<Reason> {
        let capability = &self.admitted.request.content().nodes.get(node)?.capability;
        if capability.phase() != Phase::Emit {
            None
        } else if self.failed {
            Some(Reason::PhaseFailed)
        } else if !capability.is_effect() {
            None
        } else if !self.admitted.is_released() {
            Some(Reason::ApprovalRequired)
        } else if !matches!(&self.decision, Some((Decision::Allow, _))) {
            Some(Reason::EffectWithheld)
        } else {
            None
        }
    }

    fn open(&mut self, node: usize, inputs: Vec<usize>) {
        let admitted = Arc::clone(&self.admitted);
        if let Some(state) = self.states.get_mut(node) {
            *state = NodeState::Running;
        }
        self.started.insert(node, Started { inputs, ..Started::default() });
        if let Some(Some(examiner)) = admitted.examiners.get(node) {
            let jobs = examiner.artifacts.iter();
            self.jobs.extend(jobs.map(|artifact| Job::Examine { node, artifact: *artifact }));
        }
        let spec = admitted.request.content().nodes.get(node);
        if spec.is_some_and(|spec| spec.capability.is_effect()) {
            self.jobs.push(Job::Perform { node });
        }
    }

    /// Announces an attempt and has it carried out.
    fn perform(&mut self, node: usize, attempt: u32, after_ms: u64, commands: &mut Vec<Command>) {
        let admitted = Arc::clone(&self.admitted);
        let Some(spec) = admitted.request.content().nodes.get(node) else { return };
        let Some(effect) = self.effect(&spec.capability) else { return };
        if let Some(started) = self.started.get_mut(&node) {
            started.attempt = attempt;
        }
        let intent = Intent { node: &spec.id, attempt, effect: &effect };
        self.chain.aside(Record::intent(&intent));
        self.append(commands);
        self.performing = true;
        commands.push(Command::Perform {
            job: self.before + self.taken,
            capability: spec.capability.name(),
            attempt,
            after_ms,
            effect,
        });
    }

    /// Records what came of an attempt; `false` when another one follows.
    fn take_outcome(
        &mut self,
        node: usize,
        outcome: EffectOutcome,
        commands: &mut Vec<Command>,
    ) -> bool {
        let admitted = Arc::clone(&self.admitted);
        let Some(spec) = admitted.request.content().nodes.get(node) else { return true };
        let attempt = self.started.get(&node).map_or(1, |started| started.attempt);
        // Only what surely did not happen is tried again.
        let retry_after_ms = match outcome {
            EffectOutcome::Failed { .. } => spec.retry.pause_after(attempt),
            _ => None,
        };
        let concluded = Concluded { node: &spec.id, attempt, outcome: &outcome, retry_after_ms };
        self.chain.aside(Record::concluded(&concluded));
        if let Some(pause) = retry_after_ms {
            self.perform(node, attempt + 1, pause, commands);
            return false;
        }
        if let Some(started) = self.started.get_mut(&node) {
            started.report = Some(outcome);
        }
        true
    }

    /// Issues the coverage and the receipts of one artifact.
    fn take_examination(&mut self, node: usize, index: usize, examination: Examination) {
        let admitted = Arc::clone(&self.admitted);
        let Some(entry) = admitted.manifest.entries().get(index) else { return };
        let Some(Some(examiner)) = admitted.examiners.get(node) else { return };
        let id = admitted.request.content().nodes.get(node).map_or("", |node| node.id.as_str());
        let kind = match &entry.content {
            Content::Frozen { kind, .. } => Some(*kind),
            Content::Refused { .. } => None,
        };
        let status = examination.failure.map_or(Status::Success, |(status, _)| status);
        self.chain.coverage(Coverage {
            index: 0,
            node: id.to_owned(),
            artifact: index as u64,
            input: examination.input,
            kind,
            catalogue: examiner.catalogue.digest(),
            applicable: examination.applicable.clone(),
            executed: examination.executed.clone(),
            copies: examination.copies.to_vec(),
            status,
            previous: None,
        });
        self.replayable &= status != Status::Timeout;
        let mut worst = examination.failure;
        for verdict in &examination.verdicts {
            self.applied.insert(verdict.slug);
            let is_late = verdict.status == Status::Timeout;
            self.replayable &= !is_late;
            if worst.is_none() && verdict.status.fails_phase() {
                let reason = if is_late { Reason::AgentTimedOut } else { Reason::AgentPanicked };
                worst = Some((verdict.status, reason));
            }
            // Jobs count through the phase, so that no two workers share an id.
            let number = self.before + self.taken - self.before_phase;
            let worker_id = format!("{}_{}_{number}", Phase::Validate, verdict.slug);
            self.chain.receipt(Receipt {
                index: 0,
                shard: shard(&worker_id, admitted.bounds.shard_count),
                worker_id,
                node: id.to_owned(),
                phase: Phase::Validate,
                capability: verdict.slug,
                revision: verdict.revision,
                artifact: Some(index as u64),
                input: examination.input,
                copies: verdict.copies.to_vec(),
                output: Some(verdict.output),
                status: verdict.status,
                reason: None,
                decision: verdict.decision,
                votes: verdict.votes.iter().map(Vote::digest).collect(),
                consensus: verdict.consensus.as_str(),
                previous: None,
            });
        }
        self.risk.add(&examination);
        if let Some(started) = self.started.get_mut(&node) {
            started.findings.add(&entry.path, &examination);
            if worst.is_some_and(|(status, _)| status.fails_phase()) {
                started.status = started.status.or(worst);
            }
        }
        if !examination.findings.is_empty() {
            let path = entry.path.clone();
            self.findings.push(ArtifactFindings { path, findings: examination.findings });
        }
    }

    /// Seals the phase; its boundary is the checkpoint from which a run resumes.
    fn seal_phase(&mut self) {
        let Some(phase) = Phase::ALL.get(self.phase).copied() else { return };
        self.phase += 1;
        self.before += std::mem::take(&mut self.jobs).len();
        self.before_phase = self.before;
        (self.asked, self.taken) = (0, 0);
        let next = Phase::ALL.get(self.phase).copied();
        // Every worker of the phase has ended: each has been completed.
        let Ok(barrier) = self.shards.advance_phase(next.unwrap_or(phase)) else { return };
        let succeeded = barrier.succeeded && !std::mem::take(&mut self.phase_failed);
        self.failed |= !succeeded;
        let outputs = std::mem::take(&mut self.outputs);
        let output = (!outputs.is_empty()).then(|| Digest::of_canonical(&outputs));
        let goal = self.admitted.request.content().goal;
        self.chain.boundary(Sealing { phase, barrier, output, succeeded, goal });
        if let Some(next) = next {
            self.groups = self.admitted.graph.groups(next).into();
        }
    }
}

/// The worker id of every node: `{phase}_{capability}_{n}`, counted from 0 in
/// the order of receipts (PHASE-6).
pub(crate) fn workers(admitted: &AdmittedComposition) -> Vec<String> {
    let nodes = &admitted.request.content().nodes;
    let mut workers = vec![String::new(); nodes.len()];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for index in admitted.graph.order() {
        if let (Some(node), Some(worker)) = (nodes.get(*index), workers.get_mut(*index)) {
            let name = node.capability.name();
            let count = counts.entry(name).or_default();
            *worker = format!("{}_{name}_{count}", node.capability.phase());
            *count += 1;
        }
    }
    workers
}

impl Run {
    /// What an effectful capability would do now.
    fn effect(&mut self, capability: &Capability) -> Option<Effect> {
        match capability {
            Capability::WriteReport { path } => {
                let bytes = Encoder::encode(&self.document());
                Some(Effect::WriteFile { path: path.clone(), bytes })
            }
            _ => None,
        }
    }
}
