//! Drives the kernel's state machine with workers and a journal.

use std::sync::Arc;

use pi_kernel::admit::AdmittedComposition;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::run::{Command, Run};

use crate::examiner::{Guard, Inputs, Job, Workers};

/// Receives what a run says while it goes on.
pub trait Sink {
    /// Why it cannot take a record.
    type Error;

    /// Takes records in order.
    fn append(&mut self, records: Vec<Record>) -> Result<(), Self::Error>;

    /// `done` of `total` artifacts are examined.
    fn progress(&mut self, done: usize, total: usize);
}

/// Why a run did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// The sink refused a record.
    #[error(transparent)]
    Sink(E),
    /// The system gave no threads, or they ended.
    #[error("the workers are gone: {0}")]
    Workers(String),
}

/// Runs an admitted composition to its end.
pub fn drive<S: Sink>(
    admitted: Arc<AdmittedComposition>,
    inputs: Arc<dyn Inputs>,
    guard: Option<Guard>,
    threads: usize,
    sink: &mut S,
) -> Result<Outcome, DriveError<S::Error>> {
    let total = admitted.manifest.entries().len();
    let job = Arc::new(Job { admitted: Arc::clone(&admitted), inputs, guard });
    let workers =
        Workers::start(threads, job).map_err(|error| DriveError::Workers(error.to_string()))?;
    let (mut run, mut commands) = Run::start(admitted);
    let mut done = 0;
    loop {
        for command in commands {
            match command {
                Command::Examine(index) => workers.ask(index),
                Command::Append(records) => sink.append(records).map_err(DriveError::Sink)?,
                Command::Finish(outcome) => return Ok(*outcome),
            }
        }
        let Some((index, examination)) = workers.next() else {
            return Err(DriveError::Workers("no worker is left".to_owned()));
        };
        done += 1;
        sink.progress(done, total);
        commands = run.examined(index, examination);
    }
}
