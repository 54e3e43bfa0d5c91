//! A process that runs compositions: the kernel's state machine, the real journal, the
//! real rules of resuming, and instead of threads one step at a time.

use std::sync::Arc;

use pi_core::{Reason, RunId};
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::examine::Examination;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::resume::{Attempt, Comparing, Departed, Timed, TimedOut};
use pi_kernel::run::{Command, Run};
use pi_runtime::effects::Breakers;
use pi_runtime::journal::{Journal, JournalError, RunWriter};
use pi_runtime::recorded::Records;
use pi_runtime::resume::Resuming;

use crate::defect::Defect;

/// Something that a worker is to do for an execution.
#[derive(Clone, Debug)]
pub enum Task {
    /// Examine an artifact for a node.
    Examine {
        /// Number of the job.
        job: usize,
        /// The node.
        node: usize,
        /// The artifact.
        artifact: usize,
    },
    /// Tell it what came of an attempt.
    Conclude {
        /// Number of the job.
        job: usize,
        /// The attempt.
        attempt: u32,
        /// What came of it.
        outcome: EffectOutcome,
    },
}

/// An attempt at an effect whose turn it is.
#[derive(Debug)]
struct Announced {
    job: usize,
    attempt: u32,
    capability: &'static str,
    effect: Effect,
    not_before_ms: u64,
}

/// Where an execution stands.
#[derive(Debug)]
enum Stage {
    /// It waits for outcomes.
    Open,
    /// An attempt waits for its announcement to be durable, and for its time.
    Announced(Announced),
    /// It has an outcome, which waits for its records to be durable.
    Ending(Box<Outcome>),
}

/// Why an execution does not go on.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The log refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The record is another one.
    #[error(transparent)]
    Departed(#[from] Departed),
    /// A rule of the world is broken.
    #[error("{0}")]
    World(String),
}

impl Stopped {
    /// The reason code, where it is a refusal.
    pub fn refusal(&self) -> Option<Reason> {
        match self {
            Stopped::Journal(error) => Some(error.reason()),
            // The process was too slow this time; another one, or a later one, is not.
            Stopped::Departed(departed @ Departed::TimedOut(_)) => Some(departed.reason()),
            Stopped::Departed(Departed::Diverged(_)) | Stopped::World(_) => None,
        }
    }
}

/// What an execution has around it when it takes a step.
pub struct Surroundings<'a> {
    /// The process's log.
    pub journal: &'a Journal,
    /// Milliseconds since the start.
    pub now_ms: u64,
    /// Takes what workers are to do.
    pub tasks: &'a mut Vec<Task>,
    /// Carries out an attempt.
    pub world: &'a mut dyn FnMut(&RunId, u32, &Effect) -> Result<EffectOutcome, String>,
    /// What is broken on purpose.
    pub defect: Option<Defect>,
}

/// Where an execution writes, and what was recorded before it began.
pub struct Start {
    writer: RunWriter,
    recorded: Option<(Records, Comparing)>,
    timed: Arc<Timed>,
}

impl Start {
    /// Of a run that was just accepted.
    pub fn fresh(writer: RunWriter) -> Self {
        Self { writer, recorded: None, timed: Arc::default() }
    }

    /// Of a run that was taken over.
    pub fn resumed(resuming: Resuming) -> Self {
        let Resuming { records, timed, comparing, writer } = resuming;
        Self { writer, recorded: Some((records, comparing)), timed }
    }
}

/// One process's work on one run.
pub struct Execution {
    /// The run.
    pub run: RunId,
    /// The composition.
    pub admitted: Arc<AdmittedComposition>,
    machine: Run,
    writer: RunWriter,
    recorded: Option<(Records, Comparing)>,
    /// What is recorded and depended on time.
    timed: Arc<Timed>,
    breakers: Option<Breakers>,
    stage: Stage,
    deadline_ms: u64,
}

impl Execution {
    /// Begins a run that was accepted, or goes on with one that was taken over.
    pub fn begin(
        run: RunId,
        admitted: Arc<AdmittedComposition>,
        Start { writer, recorded, timed }: Start,
        around: &mut Surroundings<'_>,
    ) -> Result<Self, Stopped> {
        let (machine, commands) = Run::start(Arc::clone(&admitted));
        let longest = admitted.request.content().bounds.max_execution_time_ms;
        let (breakers, deadline_ms) = (None, around.now_ms.saturating_add(longest));
        let stage = Stage::Open;
        let mut execution =
            Self { run, admitted, machine, writer, recorded, timed, breakers, stage, deadline_ms };
        execution.carry_out(commands, around)?;
        Ok(execution)
    }

    /// How far an examination came that ran out of time, if the record says so.
    pub fn timed_out(&self, node: usize, artifact: usize) -> Option<TimedOut> {
        let node = self.admitted.request.content().nodes.get(node)?;
        self.timed.examination_of(&node.id, artifact as u64)
    }

    /// Takes the outcome of an examination.
    pub fn examined(
        &mut self,
        job: usize,
        examination: Examination,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let commands = self.machine.examined(job, examination);
        self.carry_out(commands, around)
    }

    /// Takes the outcome of an attempt.
    pub fn concluded(
        &mut self,
        job: usize,
        attempt: u32,
        outcome: EffectOutcome,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let commands = self.machine.performed(job, attempt, outcome);
        self.carry_out(commands, around)
    }

    /// Somebody cancels the run.
    pub fn stop(&mut self, reason: Reason, around: &mut Surroundings<'_>) -> Result<(), Stopped> {
        // The rule of `drive`: what was recorded beyond this point is no stop.
        let known = match &mut self.recorded {
            Some((records, _)) => records.peek()?.is_some(),
            None => false,
        };
        if known || matches!(self.stage, Stage::Ending(_)) {
            return Ok(());
        }
        self.stage = Stage::Open;
        let commands = self.machine.stop(reason);
        self.carry_out(commands, around)
    }

    /// Looks whether it can go on; gives the outcome when it may be released.
    pub fn step(&mut self, around: &mut Surroundings<'_>) -> Result<Option<Box<Outcome>>, Stopped> {
        if around.now_ms >= self.deadline_ms {
            self.stop(Reason::DeadlineExceeded, around)?;
        }
        let durable = self.writer.poll()?.is_some();
        match std::mem::replace(&mut self.stage, Stage::Open) {
            Stage::Ending(outcome) if durable => return Ok(Some(outcome)),
            Stage::Announced(announced) if self.may_perform(&announced, durable, around) => {
                self.perform(announced, around)?;
            }
            waiting => self.stage = waiting,
        }
        Ok(None)
    }

    fn may_perform(&self, announced: &Announced, durable: bool, around: &Surroundings<'_>) -> bool {
        let durable = durable || around.defect == Some(Defect::PerformsTooEarly);
        durable && around.now_ms >= announced.not_before_ms
    }

    fn carry_out(
        &mut self,
        commands: Vec<Command>,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        for command in commands {
            match command {
                Command::Examine { job, node, artifact } => {
                    around.tasks.push(Task::Examine { job, node, artifact });
                }
                Command::Append(records) => self.append(records, around)?,
                Command::Perform { job, capability, attempt, after_ms, effect } => {
                    let not_before_ms = around.now_ms.saturating_add(after_ms);
                    self.stage = Stage::Announced(Announced {
                        job,
                        attempt,
                        capability,
                        effect,
                        not_before_ms,
                    });
                }
                Command::Finish(outcome) => self.stage = Stage::Ending(outcome),
            }
        }
        Ok(())
    }

    fn append(&mut self, records: Vec<Record>, around: &Surroundings<'_>) -> Result<(), Stopped> {
        let mut new = Vec::new();
        for record in records {
            let Some((recorded, comparing)) = &mut self.recorded else {
                new.push(record);
                continue;
            };
            if around.defect == Some(Defect::RecordsTwice) {
                new.push(record);
                continue;
            }
            let next = recorded.take()?;
            let next = next.as_ref().map(|(kind, payload)| (kind.as_str(), payload.as_slice()));
            new.extend(comparing.take(next, record)?);
        }
        Ok(self.writer.append(new)?)
    }

    fn perform(
        &mut self,
        announced: Announced,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Stopped> {
        let Announced { job, attempt, capability, effect, .. } = announced;
        let next = match &mut self.recorded {
            Some((records, comparing)) => comparing.attempt(records.peek()?)?,
            None => Attempt::New,
        };
        let outcome = match next {
            Attempt::Concluded(outcome) => outcome,
            Attempt::Unknown if around.defect != Some(Defect::RepeatsEffects) => {
                EffectOutcome::Unknown
            }
            Attempt::Unknown | Attempt::New => {
                self.guarded(capability, attempt, &effect, around)?
            }
        };
        around.tasks.push(Task::Conclude { job, attempt, outcome });
        Ok(())
    }

    /// Carries an attempt out behind the breaker.
    fn guarded(
        &mut self,
        capability: &'static str,
        attempt: u32,
        effect: &Effect,
        around: &mut Surroundings<'_>,
    ) -> Result<EffectOutcome, Stopped> {
        let mut breakers = match self.breakers.take() {
            Some(breakers) => breakers,
            None => Breakers::load(around.journal)?,
        };
        let mut broken = None;
        let outcome =
            breakers.guard(capability, || match (around.world)(&self.run, attempt, effect) {
                Ok(outcome) => outcome,
                Err(rule) => {
                    broken = Some(rule);
                    EffectOutcome::Unknown
                }
            });
        self.breakers = Some(breakers);
        match broken {
            Some(rule) => Err(Stopped::World(rule)),
            None => Ok(outcome?),
        }
    }
}
