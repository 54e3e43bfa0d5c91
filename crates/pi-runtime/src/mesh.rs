//! The bounded mesh: worker threads that the runs of a process share.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BinaryHeap};
use std::convert::Infallible;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pi_agent_api::Watch;
use pi_artifacts::limits::PARSER_STACK_BYTES;
use pi_kernel::examine::Examination;
use tracing::Span;

use crate::examiner::Job;
use crate::observe;

/// How often the watcher looks for votes that do not end.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// Workers that are left behind and replaced. Each keeps a thread and a stack until the
/// process ends; with more of them, something else is wrong.
const MAX_LEFT_BEHIND: usize = 64;

/// How long the end of a mesh waits for workers that nobody waits for any more.
const FAREWELL: Duration = Duration::from_secs(1);

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
    /// The span of the run.
    pub span: Span,
}

impl Task {
    fn tell(self, examination: Examination) {
        // A run that no longer waits does not need the outcome.
        let _ = self.done.send((self.number, examination));
    }

    /// It does not end, and whoever waits for it is told so.
    fn time_out(self) {
        let examination = self.job.timed_out(self.node, self.artifact);
        self.tell(examination);
    }
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
    sequence: u64,
    task: Task,
    watch: Watch,
    beats: u64,
    since: Instant,
}

/// A thread that examines.
struct Worker {
    thread: thread::JoinHandle<()>,
    /// Disconnected when the thread has ended.
    ended: Receiver<Infallible>,
    running: Option<Running>,
}

#[derive(Default)]
struct State {
    queue: BinaryHeap<Queued>,
    sequence: u64,
    /// By number; those that were left behind and not replaced are missing.
    workers: BTreeMap<usize, Worker>,
    left_behind: usize,
    /// No worker is left: nothing is examined any more.
    exhausted: bool,
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
///
/// A vote that takes longer than the mesh's patience is cancelled, and the agent ends at
/// its next tick. What does not end after twice that time is left behind: its outcome is
/// a time-out, another thread takes its place, and nobody waits for it again.
pub struct Mesh {
    shared: Arc<Shared>,
    watcher: Option<thread::JoinHandle<()>>,
}

impl Mesh {
    /// Starts `threads` workers.
    pub fn start(threads: usize, patience: Duration) -> std::io::Result<Self> {
        let mut mesh = Self { shared: Arc::default(), watcher: None };
        for number in 0..threads.max(1) {
            let worker = spawn(&mesh.shared, number)?;
            mesh.shared.lock().workers.insert(number, worker);
        }
        let shared = Arc::clone(&mesh.shared);
        let builder = thread::Builder::new().name("pi-watch".to_owned());
        mesh.watcher = Some(builder.spawn(move || watch(&shared, patience))?);
        Ok(mesh)
    }

    /// Queues an examination. The kernel bounds how many a run asks for ahead.
    pub fn ask(&self, task: Task) {
        let mut state = self.shared.lock();
        if state.exhausted {
            return task.time_out();
        }
        state.sequence += 1;
        let sequence = state.sequence;
        state.queue.push(Queued { sequence, task });
        drop(state);
        self.shared.ready.notify_one();
    }
}

impl Drop for Mesh {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.ended = true;
        let workers = std::mem::take(&mut state.workers);
        drop(state);
        workers.values().filter_map(|worker| worker.running.as_ref()).for_each(|running| {
            running.watch.cancel();
        });
        self.shared.ready.notify_all();
        self.shared.ending.notify_all();
        if let Some(watcher) = self.watcher.take() {
            // It has nothing left to hand over.
            let _ = watcher.join();
        }
        let until = Instant::now() + FAREWELL;
        for worker in workers.into_values() {
            let left = until.saturating_duration_since(Instant::now());
            // One that does not end ends with the process.
            if worker.ended.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
                let _ = worker.thread.join();
            }
        }
    }
}

/// Starts a worker.
fn spawn(shared: &Arc<Shared>, number: usize) -> std::io::Result<Worker> {
    let (alive, ended) = channel::<Infallible>();
    let shared = Arc::clone(shared);
    let builder =
        thread::Builder::new().name(format!("pi-examine-{number}")).stack_size(PARSER_STACK_BYTES);
    let thread = builder.spawn(move || {
        work(&shared, number);
        drop(alive);
    })?;
    Ok(Worker { thread, ended, running: None })
}

fn work(shared: &Shared, number: usize) {
    loop {
        let mut state = shared.lock();
        let Queued { sequence, task } = loop {
            if state.ended {
                return;
            }
            match state.queue.pop() {
                Some(queued) => break queued,
                None => {
                    state = shared.ready.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        if task.stopped.is_cancelled() {
            continue;
        }
        let (job, node, artifact) = (Arc::clone(&task.job), task.node, task.artifact);
        let watch = job.watch(node, artifact);
        let span = observe::examination(&task.span, &job, node, artifact);
        if let Some(worker) = state.workers.get_mut(&number) {
            let (watch, since) = (watch.clone(), Instant::now());
            worker.running = Some(Running { sequence, task, watch, beats: 0, since });
        }
        drop(state);
        let examination = span.in_scope(|| job.examine(node, artifact, &watch));
        observe::examined(&span, &examination);
        drop(span);
        let mut state = shared.lock();
        let worker = state.workers.get_mut(&number);
        let running = worker
            .and_then(|worker| worker.running.take_if(|running| running.sequence == sequence));
        drop(state);
        match running {
            Some(running) => running.task.tell(examination),
            // It was left behind, and another thread has its place.
            None => return,
        }
    }
}

/// Cancels votes that take too long, and those of runs that were stopped; leaves behind
/// what does not end even so.
fn watch(shared: &Arc<Shared>, patience: Duration) {
    let mut state = shared.lock();
    while !state.ended {
        let mut stuck = Vec::new();
        for (number, worker) in &mut state.workers {
            let Some(running) = &mut worker.running else { continue };
            let beats = running.watch.beats();
            if beats != running.beats {
                running.beats = beats;
                running.since = Instant::now();
            }
            let elapsed = running.since.elapsed();
            if elapsed > patience.saturating_mul(2) {
                stuck.push(*number);
            } else if elapsed > patience || running.task.stopped.is_cancelled() {
                running.watch.cancel();
            }
        }
        for number in stuck {
            leave_behind(shared, &mut state, number);
        }
        let waited = shared.ending.wait_timeout(state, WATCH_EVERY);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Goes on without a worker whose examination does not end.
fn leave_behind(shared: &Arc<Shared>, state: &mut State, number: usize) {
    let Some(worker) = state.workers.remove(&number) else { return };
    if let Some(Running { task, .. }) = worker.running {
        observe::left_behind(&task.job, task.node, task.artifact);
        task.time_out();
    }
    state.left_behind += 1;
    if state.left_behind <= MAX_LEFT_BEHIND
        && let Ok(worker) = spawn(shared, number)
    {
        state.workers.insert(number, worker);
    }
    if state.workers.is_empty() {
        state.exhausted = true;
        state.queue.drain().for_each(|queued| queued.task.time_out());
    }
}
