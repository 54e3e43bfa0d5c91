//! The bounded mesh: worker threads that the runs of a process share.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pi_agent_api::Watch;
use pi_artifacts::limits::PARSER_STACK_BYTES;
use pi_kernel::examine::Examination;

use crate::examiner::Job;

/// How often the watcher looks for votes that do not end.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// One examination that is asked for.
pub struct Task {
    /// Smaller comes first.
    pub priority: u8,
    /// What the run shares.
    pub job: Arc<Job>,
    /// Number of the job in its run.
    pub number: usize,
    /// Index of the node.
    pub node: usize,
    /// Index of the artifact.
    pub artifact: usize,
    /// Ends it early; shared by all tasks of the run.
    pub stopped: Watch,
    /// Takes the outcome.
    pub done: Sender<(usize, Examination)>,
}

struct Queued {
    sequence: u64,
    task: Task,
}

impl Queued {
    fn key(&self) -> (u8, u64) {
        (self.task.priority, self.sequence)
    }
}

impl Ord for Queued {
    /// The heap yields its greatest first: the smallest key.
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Queued {}

/// An examination that is under way.
struct Running {
    watch: Watch,
    stopped: Watch,
    beats: u64,
    since: Instant,
}

#[derive(Default)]
struct State {
    queue: BinaryHeap<Queued>,
    sequence: u64,
    running: Vec<Option<Running>>,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    ready: Condvar,
    ending: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Worker threads with the stack that parsers need, and a watcher.
pub struct Mesh {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Mesh {
    /// Starts `threads` workers. A vote that takes longer than `patience` is
    /// missing.
    pub fn start(threads: usize, patience: Duration) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let shared = Arc::new(Shared::default());
        shared.lock().running.resize_with(threads, || None);
        let mut mesh = Self { shared, threads: Vec::new() };
        for number in 0..threads {
            let shared = Arc::clone(&mesh.shared);
            let builder = thread::Builder::new()
                .name(format!("pi-examine-{number}"))
                .stack_size(PARSER_STACK_BYTES);
            mesh.threads.push(builder.spawn(move || work(&shared, number))?);
        }
        let shared = Arc::clone(&mesh.shared);
        let builder = thread::Builder::new().name("pi-watch".to_owned());
        mesh.threads.push(builder.spawn(move || watch(&shared, patience))?);
        Ok(mesh)
    }

    /// Queues an examination. The kernel bounds how many a run asks for ahead.
    pub fn ask(&self, task: Task) {
        let mut state = self.shared.lock();
        state.sequence += 1;
        let sequence = state.sequence;
        state.queue.push(Queued { sequence, task });
        drop(state);
        self.shared.ready.notify_one();
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.ready.notify_all();
        self.shared.ending.notify_all();
        for handle in self.threads.drain(..) {
            // A worker that panicked has nothing left to hand over.
            let _ = handle.join();
        }
    }
}

fn work(shared: &Shared, number: usize) {
    loop {
        let mut state = shared.lock();
        let task = loop {
            if state.ended {
                return;
            }
            match state.queue.pop() {
                Some(queued) => break queued.task,
                None => {
                    state = shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        if task.stopped.is_cancelled() {
            continue;
        }
        let watch = Watch::default();
        if let Some(slot) = state.running.get_mut(number) {
            let (watch, stopped) = (watch.clone(), task.stopped.clone());
            *slot = Some(Running { watch, stopped, beats: 0, since: Instant::now() });
        }
        drop(state);
        let examination = task.job.examine(task.node, task.artifact, &watch);
        if let Some(slot) = shared.lock().running.get_mut(number) {
            *slot = None;
        }
        // A run that no longer waits does not need the outcome.
        let _ = task.done.send((task.number, examination));
    }
}

/// Cancels votes that take too long, and those of runs that were stopped.
fn watch(shared: &Shared, patience: Duration) {
    let mut state = shared.lock();
    while !state.ended {
        for running in state.running.iter_mut().flatten() {
            let beats = running.watch.beats();
            if beats != running.beats {
                running.beats = beats;
                running.since = Instant::now();
            } else if running.stopped.is_cancelled() || running.since.elapsed() > patience {
                running.watch.cancel();
            }
        }
        let waited = shared.ending.wait_timeout(state, WATCH_EVERY);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}
