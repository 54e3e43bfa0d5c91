//! Drives the kernel's state machine with a mesh, effects and a shell.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use pi_agent_api::Watch;
use pi_core::Reason;
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::examine::Examination;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::resume::Timed;
use pi_kernel::run::{Command, Run};
use tracing::Span;

use crate::examiner::{Guard, Inputs, Job};
use crate::mesh::{Mesh, Task};
use crate::observe::{self, Course};

/// What stands around a run: it keeps what the run says, and does what the run
/// wants done.
pub trait Shell {
    /// Why it cannot take a record.
    type Error;

    /// Takes records in order.
    fn append(&mut self, records: Vec<Record>) -> Result<(), Self::Error>;

    /// Waits until everything taken is durable.
    fn flush(&mut self) -> Result<(), Self::Error>;

    /// Carries out one attempt at an effect. Its announcement is durable.
    fn perform(
        &mut self,
        capability: &'static str,
        effect: &Effect,
    ) -> Result<EffectOutcome, Self::Error>;

    /// Whether the run may be stopped now. One that is executed again may not, as long
    /// as it was not stopped there before.
    fn may_stop(&mut self) -> Result<bool, Self::Error> {
        Ok(true)
    }

    /// What is recorded already and depended on time: it stands.
    fn timed(&self) -> Arc<Timed> {
        Arc::default()
    }

    /// `done` of `total` artifacts are examined.
    fn progress(&mut self, done: usize, total: usize);
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// The shell cannot go on.
    #[error(transparent)]
    Shell(E),
    /// The workers ended.
    #[error("the workers are gone: {0}")]
    Workers(String),
}

/// Whoever holds a copy can cancel the run.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Watch);

impl Cancel {
    /// Cancels the run.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// How a run is driven.
#[derive(Clone)]
pub struct Drive<'a> {
    /// The workers.
    pub mesh: &'a Mesh,
    /// Smaller comes first.
    pub priority: u8,
    /// Where bytes come from.
    pub inputs: Arc<dyn Inputs>,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
    /// The longest time from here to the end.
    pub deadline: Option<Duration>,
    /// Cancels the run.
    pub cancel: Cancel,
}

/// How often a waiting run looks whether it was cancelled.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs an admitted composition to its end.
pub fn drive<S: Shell>(
    drive: &Drive<'_>,
    admitted: Arc<AdmittedComposition>,
    shell: &mut S,
) -> Result<Outcome, DriveError<S::Error>> {
    let course_of = Arc::clone(&admitted);
    let (tenant, mut course) = (&course_of.request.content().tenant, Course::begin(&course_of));
    let total = admitted.examiners.iter().flatten().map(|e| e.artifacts.len()).sum();
    let until = drive.deadline.map(|deadline| Instant::now() + deadline);
    let (inputs, guard) = (Arc::clone(&drive.inputs), drive.guard.clone());
    let (admitted_too, timed) = (Arc::clone(&admitted), shell.timed());
    let job = Arc::new(Job { admitted: admitted_too, inputs, guard, timed });
    let (done, outcomes) = channel();
    let stopped = Watch::default();
    let asking = Asking { drive, job, stopped, done, span: Span::current() };
    let (mut run, mut commands) = Run::start(admitted);
    let mut examined = 0;
    loop {
        course.step(&commands, run.states());
        let batch = observe::batch(tenant, &commands).entered();
        let mut performed = None;
        for command in commands {
            match command {
                Command::Examine { job, node, artifact } => asking.ask(job, node, artifact),
                Command::Append(records) => shell.append(records).map_err(DriveError::Shell)?,
                Command::Perform { job, capability, attempt, after_ms, effect } => {
                    shell.flush().map_err(DriveError::Shell)?;
                    let known = !shell.may_stop().map_err(DriveError::Shell)?;
                    if known || pause(Duration::from_millis(after_ms), until, &drive.cancel) {
                        let outcome =
                            shell.perform(capability, &effect).map_err(DriveError::Shell)?;
                        performed = Some((job, attempt, outcome));
                    }
                }
                Command::Finish(outcome) => return Ok(*outcome),
            }
        }
        drop(batch);
        commands = match performed {
            Some((job, attempt, outcome)) => run.performed(job, attempt, outcome),
            None => match next(&outcomes, until, &drive.cancel, shell)? {
                Ok((job, examination)) => {
                    examined += 1;
                    shell.progress(examined, total);
                    run.examined(job, examination)
                }
                Err(reason) => {
                    asking.stopped.cancel();
                    run.stop(reason)
                }
            },
        };
    }
}

/// What every task of a run has in common.
struct Asking<'a> {
    drive: &'a Drive<'a>,
    job: Arc<Job>,
    stopped: Watch,
    done: Sender<(usize, Examination)>,
    span: Span,
}

impl Asking<'_> {
    fn ask(&self, number: usize, node: usize, artifact: usize) {
        self.drive.mesh.ask(Task {
            priority: self.drive.priority,
            job: Arc::clone(&self.job),
            number,
            node,
            artifact,
            stopped: self.stopped.clone(),
            done: self.done.clone(),
            span: self.span.clone(),
        });
    }
}

/// Why the run must stop now, if it must.
fn over(until: Option<Instant>, cancel: &Cancel) -> Option<Reason> {
    if cancel.is_cancelled() {
        Some(Reason::RunCancelled)
    } else if until.is_some_and(|until| Instant::now() >= until) {
        Some(Reason::DeadlineExceeded)
    } else {
        None
    }
}

/// A job and its examination, or why the run must stop.
type Next = Result<(usize, Examination), Reason>;

/// Waits for the next outcome, or the reason to stop.
fn next<S: Shell>(
    outcomes: &Receiver<(usize, Examination)>,
    until: Option<Instant>,
    cancel: &Cancel,
    shell: &mut S,
) -> Result<Next, DriveError<S::Error>> {
    loop {
        if let Some(reason) = over(until, cancel)
            && shell.may_stop().map_err(DriveError::Shell)?
        {
            return Ok(Err(reason));
        }
        match outcomes.recv_timeout(LOOK_EVERY) {
            Ok(outcome) => return Ok(Ok(outcome)),
            Err(RecvTimeoutError::Timeout) => {}
            // This function's caller holds a sender.
            Err(RecvTimeoutError::Disconnected) => return Ok(Err(Reason::PhaseFailed)),
        }
    }
}

/// Pauses; `false` when the run must stop instead.
fn pause(pause: Duration, until: Option<Instant>, cancel: &Cancel) -> bool {
    let end = Instant::now() + pause;
    loop {
        if over(until, cancel).is_some() {
            return false;
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LOOK_EVERY));
    }
}
