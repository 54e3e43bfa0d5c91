//! The scheduler: a bounded queue of runs, by priority, on a bounded number of
//! threads. What does not fit is refused; nothing is invented.

use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use pi_core::Reason;

use crate::drive::Cancel;

/// The priority of a run: smaller comes first, then the order of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

/// Why the scheduler does not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchedulerError {
    /// The queue is full.
    #[error("{0} runs wait already")]
    Full(usize),
    /// It was cancelled before it began.
    #[error("the run was cancelled before it began")]
    Cancelled,
    /// The work panicked.
    #[error("the run panicked")]
    Panicked,
}

impl SchedulerError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            SchedulerError::Full(_) => Reason::QueueFull,
            SchedulerError::Cancelled => Reason::RunCancelled,
            SchedulerError::Panicked => Reason::RunPanicked,
        }
    }
}

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    queue: BTreeMap<(Priority, u64), Work>,
    sequence: u64,
    ended: bool,
}

struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    capacity: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bounded queue of runs and the threads that drive them.
pub struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// A run that was submitted.
pub struct Handle<T> {
    cancel: Cancel,
    answer: Receiver<Result<T, SchedulerError>>,
}

impl<T> Handle<T> {
    /// Cancels the run, also inside a step.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Waits for the answer.
    pub fn wait(self) -> Result<T, SchedulerError> {
        // What was queued is answered, always.
        self.answer.recv().unwrap_or(Err(SchedulerError::Panicked))
    }
}

impl Scheduler {
    /// `concurrency` runs at once, `capacity` more may wait.
    pub fn start(concurrency: usize, capacity: usize) -> io::Result<Self> {
        let state = Mutex::new(State::default());
        let shared = Arc::new(Shared { state, ready: Condvar::new(), capacity });
        let mut scheduler = Self { shared, threads: Vec::new() };
        for number in 0..concurrency.max(1) {
            let shared = Arc::clone(&scheduler.shared);
            let builder = thread::Builder::new().name(format!("pi-run-{number}"));
            scheduler.threads.push(builder.spawn(move || work(&shared))?);
        }
        Ok(scheduler)
    }

    /// Queues a run, or refuses it.
    pub fn submit<T: Send + 'static>(
        &self,
        priority: Priority,
        work: impl FnOnce(Cancel) -> T + Send + 'static,
    ) -> Result<Handle<T>, SchedulerError> {
        let cancel = Cancel::default();
        let (tell, answer) = channel();
        let mut state = self.shared.lock();
        if state.queue.len() >= self.shared.capacity {
            return Err(SchedulerError::Full(state.queue.len()));
        }
        state.sequence += 1;
        let key = (priority, state.sequence);
        let cancelled = cancel.clone();
        let work: Work = Box::new(move || {
            let answer = if cancelled.is_cancelled() {
                Err(SchedulerError::Cancelled)
            } else {
                // The thread goes on with the runs that wait.
                catch_unwind(AssertUnwindSafe(|| work(cancelled)))
                    .map_err(|_| SchedulerError::Panicked)
            };
            // Whoever no longer waits does not need the answer.
            let _ = tell.send(answer);
        });
        state.queue.insert(key, work);
        drop(state);
        self.shared.ready.notify_one();
        Ok(Handle { cancel, answer })
    }

    /// Runs that wait.
    pub fn waiting(&self) -> usize {
        self.shared.lock().queue.len()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.ready.notify_all();
        for handle in self.threads.drain(..) {
            // A thread that panicked has nothing left to hand over.
            let _ = handle.join();
        }
    }
}

/// What was accepted is done, also when the scheduler ends meanwhile.
fn work(shared: &Shared) {
    loop {
        let mut state = shared.lock();
        let work = loop {
            if let Some((_, work)) = state.queue.pop_first() {
                break work;
            }
            if state.ended {
                return;
            }
            state = shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        drop(state);
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn it_refuses_what_does_not_fit_and_keeps_the_order_of_priorities() {
        let scheduler = Scheduler::start(1, 3).unwrap();
        let (open, gate) = sync_channel::<()>(0);
        let (begun, began) = sync_channel::<()>(0);
        let first = scheduler
            .submit(Priority(0), move |_| {
                begun.send(()).unwrap();
                gate.recv().unwrap();
            })
            .unwrap();
        began.recv().unwrap();
        let (tell, told) = channel();
        let mut handles = Vec::new();
        for (priority, name) in [(5, "late"), (1, "early"), (5, "last")] {
            let tell = tell.clone();
            let work = move |_| tell.send(name).unwrap();
            handles.push(scheduler.submit(Priority(priority), work).unwrap());
        }
        let refused = scheduler.submit(Priority(0), |_| ()).err();
        assert_eq!(refused, Some(SchedulerError::Full(3)));
        assert_eq!(SchedulerError::Full(3).reason(), Reason::QueueFull);
        handles[2].cancel();
        open.send(()).unwrap();
        first.wait().unwrap();
        let last = handles.pop().unwrap();
        for handle in handles {
            handle.wait().unwrap();
        }
        assert_eq!(last.wait(), Err(SchedulerError::Cancelled));
        drop(tell);
        assert_eq!(told.iter().collect::<Vec<_>>(), ["early", "late"]);
    }

    #[test]
    fn a_run_that_panics_is_named_and_the_next_one_runs() {
        let scheduler = Scheduler::start(1, 2).unwrap();
        let panics = scheduler.submit(Priority(0), |_| panic!("on purpose")).unwrap();
        let next = scheduler.submit(Priority(1), |_| 7).unwrap();
        assert_eq!(panics.wait(), Err::<(), _>(SchedulerError::Panicked));
        assert_eq!(next.wait(), Ok(7));
        assert_eq!(SchedulerError::Panicked.reason(), Reason::RunPanicked);
    }
}
