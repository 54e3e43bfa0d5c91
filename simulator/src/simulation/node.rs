//! What processes do.

use std::path::PathBuf;
use std::sync::Arc;

use pi_core::{Digest, Reason, RunId};
use pi_kernel::report::Outcome;
use pi_kernel::request::EvidenceMode;
use pi_kernel::resume::TimedOut;
use pi_runtime::examiner::Inputs;
use pi_runtime::files::Refusal;
use pi_runtime::journal::Journal;
use pi_runtime::recorded::{RecordedError, check_inputs, inputs};
use pi_runtime::resume::{ResumeOptions, TakenOver, resumable, take_over};
use pi_runtime::run::{RunError, accept};
use pi_store::Fence;

use super::{Message, Simulation, Violation};
use crate::compose::{Plan, bytes};
use crate::defect::Defect;
use crate::process::{Execution, Start, Stopped, Surroundings, Task};
use crate::reference::admit;
use crate::store::SimStore;

/// A process, which may be dead.
pub(super) struct Node {
    pub(super) number: usize,
    pub(super) incarnation: u64,
    pub(super) journal: Option<Journal>,
    pub(super) executions: Vec<(u64, Execution)>,
}

impl Node {
    pub(super) fn new(number: usize) -> Self {
        Self { number, incarnation: 0, journal: None, executions: Vec::new() }
    }

    /// What the process calls itself.
    pub(super) fn name(&self) -> String {
        format!("node-{}.{}", self.number, self.incarnation)
    }
}

/// The files behind every composition.
struct Files;

impl Inputs for Files {
    fn read(&self, path: &str, _digest: Digest) -> Result<Vec<u8>, Refusal> {
        Ok(bytes(path).to_vec())
    }

    fn file(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

/// What a refused call means: nothing, or that something does not hold.
fn refused(reason: Reason, what: &str) -> Result<(), Violation> {
    match reason {
        Reason::LogUnavailable
        | Reason::LeaseLost
        | Reason::RunFinished
        | Reason::ReplayTimedOut => Ok(()),
        other => Err(Violation(format!("{what}: {other}"))),
    }
}

impl Simulation<'_> {
    /// Starts a dead process again.
    pub fn start_node(&mut self, node: usize) {
        let Some(node) = self.nodes.get_mut(node) else { return };
        node.incarnation += 1;
        let store = SimStore::open(&self.disk, &node.name());
        let clock = Arc::clone(&self.clock);
        node.journal = Some(Journal::over(Arc::new(store), clock, &node.name()));
        self.trace.say(format!("{} starts", node.name()));
    }

    /// A process ends, and with it everything that only it knew.
    pub fn crash(&mut self, node: usize) {
        let Some(node) = self.nodes.get_mut(node).filter(|node| node.journal.is_some()) else {
            return;
        };
        node.journal = None;
        let name = node.name();
        let executions = std::mem::take(&mut node.executions);
        self.trace.say(format!("{name} crashes with {} executions", executions.len()));
        self.disk().drop_queue(&name);
        self.counts.crashes += 1;
    }

    fn journal(&self, node: usize) -> Option<Journal> {
        self.nodes.get(node)?.journal.clone()
    }

    /// Somebody submits a composition to a process. Gives the run, unless the log refused.
    ///
    /// # Errors
    /// What does not hold.
    pub fn submit(&mut self, node: usize, plan: &Plan) -> Result<Option<RunId>, Violation> {
        let Some(journal) = self.journal(node) else { return Ok(None) };
        let admitted = admit(plan, self.laboratory)
            .map_err(|error| Violation(format!("a valid composition is refused: {error}")))?;
        self.plans.insert(plan.request.hash(), plan.clone());
        let run = match accept(&journal, &admitted, "memory", &Files) {
            Ok(run) => run,
            Err(error) => {
                self.trace.say(format!("node {node} gets no run: {error}"));
                refused(RunError::reason(&error), "accepting")?;
                return Ok(None);
            }
        };
        self.trace.say(format!("node {node} accepts {run}"));
        self.accepted.push(run.clone());
        let writer = journal.writer(Fence { run: run.clone(), epoch: 0 });
        self.begin(node, &journal, run.clone(), |run, around| {
            Execution::begin(run, admitted, Start::fresh(writer), around)
        })?;
        Ok(Some(run))
    }

    /// A process takes a run over; `patient` ones leave a run alone that may be under way.
    /// Gives whether it goes on with it.
    ///
    /// # Errors
    /// What does not hold.
    pub fn take_over(
        &mut self,
        node: usize,
        run: &RunId,
        patient: bool,
    ) -> Result<bool, Violation> {
        let Some(journal) = self.journal(node) else { return Ok(false) };
        let TakenOver { admitted, resuming } = match self.claim(&journal, run, patient) {
            Ok(taken) => taken,
            Err(error) => {
                self.trace.say(format!("node {node} does not take {run} over: {error}"));
                let kept = self.accepted.contains(run);
                match error.reason() {
                    // Whoever accepted it died before the inputs were sealed.
                    Reason::InputsNotRetained | Reason::InputsChanged if !kept => {
                        if !self.abandoned.contains(run) {
                            self.abandoned.push(run.clone());
                        }
                    }
                    reason => refused(reason, "taking over")?,
                }
                return Ok(false);
            }
        };
        self.counts.taken_over += 1;
        self.trace.say(format!("node {node} takes {run} over"));
        let start = Start::resumed(resuming);
        self.begin(node, &journal, run.clone(), |run, around| {
            Execution::begin(run, admitted, start, around)
        })?;
        Ok(true)
    }

    fn claim(
        &self,
        journal: &Journal,
        run: &RunId,
        patient: bool,
    ) -> Result<TakenOver, RecordedError> {
        let options = ResumeOptions { goal: None, take_over: !patient };
        let recorded = resumable(journal, run, &options)?;
        let sealed = recorded.request.content().evidence == EvidenceMode::Sealed;
        if sealed {
            check_inputs(inputs(journal, run, &recorded, None)?.as_ref(), &recorded.manifest)?;
        } else {
            check_inputs(&Files, &recorded.manifest)?;
        }
        take_over(journal, self.laboratory.catalogue(), run, recorded)
    }

    /// A process begins to execute.
    fn begin(
        &mut self,
        node: usize,
        journal: &Journal,
        run: RunId,
        begin: impl FnOnce(RunId, &mut Surroundings<'_>) -> Result<Execution, Stopped>,
    ) -> Result<(), Violation> {
        self.executions += 1;
        let number = self.executions;
        let begun = self.surrounded(number, journal, |around| begin(run, around));
        match begun {
            Ok(execution) => {
                if let Some(node) = self.nodes.get_mut(node) {
                    node.executions.push((number, execution));
                }
                Ok(())
            }
            Err(stopped) => self.ended(number, &stopped),
        }
    }

    /// Lets an execution take a step in its surroundings.
    fn surrounded<T>(
        &mut self,
        number: u64,
        journal: &Journal,
        step: impl FnOnce(&mut Surroundings<'_>) -> Result<T, Stopped>,
    ) -> Result<T, Stopped> {
        let mut tasks = Vec::new();
        let (world, audit, random) = (&mut self.world, &self.audit, &mut self.random);
        let (failing, trace) = (self.profile.failing, &self.trace);
        let mut carry_out = |run: &RunId, attempt: u32, effect: &_| {
            let outcome = world.carry_out(run, attempt, effect, audit, (random, failing))?;
            trace.say(format!("{run} attempt {attempt} is {}", outcome.as_str()));
            Ok(outcome)
        };
        let mut around = Surroundings {
            journal,
            now_ms: self.clock.elapsed_ms(),
            tasks: &mut tasks,
            world: &mut carry_out,
            defect: self.defect,
        };
        let result = step(&mut around);
        self.messages.extend(tasks.into_iter().map(|task| Message { execution: number, task }));
        result
    }

    /// Where an execution is.
    fn find(&self, number: u64) -> Option<(usize, usize)> {
        self.nodes.iter().enumerate().find_map(|(node, of)| {
            let at = of.executions.iter().position(|(other, _)| *other == number)?;
            Some((node, at))
        })
    }

    /// Lets an execution, which is taken out meanwhile, take a step.
    pub(super) fn with_execution(
        &mut self,
        number: u64,
        step: impl FnOnce(
            &mut Execution,
            &mut Surroundings<'_>,
        ) -> Result<Option<Box<Outcome>>, Stopped>,
    ) -> Result<(), Violation> {
        let Some((node, at)) = self.find(number) else {
            self.trace.say(format!("execution {number} is gone"));
            return Ok(());
        };
        let Some(journal) = self.journal(node) else { return Ok(()) };
        let Some(of) = self.nodes.get_mut(node) else { return Ok(()) };
        let (_, mut execution) = of.executions.remove(at);
        match self.surrounded(number, &journal, |around| step(&mut execution, around)) {
            Ok(None) => {
                if let Some(of) = self.nodes.get_mut(node) {
                    of.executions.insert(at, (number, execution));
                }
                Ok(())
            }
            Ok(Some(outcome)) => self.release(&execution.run, &outcome),
            Err(stopped) => self.ended(number, &stopped),
        }
    }

    fn ended(&mut self, number: u64, stopped: &Stopped) -> Result<(), Violation> {
        self.trace.say(format!("execution {number} stops: {stopped}"));
        match stopped.refusal() {
            Some(reason) => {
                self.counts.fenced_out += u64::from(reason == Reason::LeaseLost);
                refused(reason, "executing")
            }
            None => Err(Violation(format!("execution {number}: {stopped}"))),
        }
    }

    /// Hands one task over: an examination is made, an attempt is told.
    pub(super) fn hand_over(&mut self, message: Message) -> Result<(), Violation> {
        let Message { execution: number, task } = message;
        match task {
            Task::Conclude { job, attempt, outcome } => {
                self.with_execution(number, |execution, around| {
                    execution.concluded(job, attempt, outcome, around).map(|()| None)
                })
            }
            Task::Examine { job, node, artifact } => {
                let Some((at, index)) = self.find(number) else {
                    self.trace.say(format!("nobody hears of job {job} of {number}"));
                    return Ok(());
                };
                let execution = self.nodes.get(at).and_then(|of| of.executions.get(index));
                let Some((_, execution)) = execution else { return Ok(()) };
                let admitted = Arc::clone(&execution.admitted);
                let recorded = match self.defect {
                    Some(Defect::ForgetsTimeOuts) => None,
                    _ => execution.timed_out(node, artifact),
                };
                let timed_out = recorded.or_else(|| self.runs_out_of_time());
                let examination = self.laboratory.examine(&admitted, node, artifact, timed_out);
                self.with_execution(number, |execution, around| {
                    execution.examined(job, examination, around).map(|()| None)
                })
            }
        }
    }

    /// Whether an examination runs out of time, and how far it comes.
    fn runs_out_of_time(&mut self) -> Option<TimedOut> {
        if !self.random.chance(self.profile.late) {
            return None;
        }
        Some(match self.random.below(4) {
            0 => TimedOut::Wholly,
            // Three agents have nine votes.
            _ => TimedOut::After(self.random.below(9) as u64),
        })
    }

    /// The outcome leaves the system: its seal must be durable, and it leaves once.
    fn release(&mut self, run: &RunId, outcome: &Outcome) -> Result<(), Violation> {
        self.check()?;
        self.trace.say(format!("{run} is released: {}", outcome.decision));
        let broken = |rule: &str| Violation(format!("{run} is released and {rule}"));
        let recorded = self.audit.run(run).ok_or_else(|| broken("is not in the log"))?;
        let proof = outcome.determinism_proof.to_hex();
        if recorded.sealed("determinism_proof") != Some(&proof) {
            return Err(broken("its seal is another one"));
        }
        if recorded.sealed("decision") != Some(outcome.decision.as_str()) {
            return Err(broken("its decision is another one"));
        }
        match self.released.insert(run.clone(), outcome.determinism_proof) {
            None => Ok(()),
            Some(_) => Err(broken("was before")),
        }
    }
}
