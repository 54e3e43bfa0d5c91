//! Examinations on worker threads.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pi_agent_api::Catalogue;
use pi_artifacts::Artifact;
use pi_artifacts::limits::PARSER_STACK_BYTES;
use pi_core::{Digest, Reason};
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::examine::{Examination, Options, Status, examine};
use pi_kernel::manifest::{Content, Entry};

use crate::files::{self, Refusal};

/// Where the bytes of artifacts come from.
pub trait Inputs: Send + Sync {
    /// The bytes behind a path of the manifest.
    fn read(&self, path: &str, digest: Digest) -> Result<Vec<u8>, Refusal>;

    /// The file behind a path, if there is one to give to another process.
    fn file(&self, path: &str) -> Option<PathBuf>;
}

/// Files below a folder.
pub struct Folder(pub PathBuf);

impl Inputs for Folder {
    fn read(&self, path: &str, _digest: Digest) -> Result<Vec<u8>, Refusal> {
        files::read(&self.0.join(path))
    }

    fn file(&self, path: &str) -> Option<PathBuf> {
        Some(self.0.join(path))
    }
}

/// The last resort against an examination that does not end or that ends its
/// process: artifacts above a size are first examined in a child process that
/// can be killed, and only then here.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The program: this one, with `examine-alone FILE NAME`.
    pub program: PathBuf,
    /// Artifacts of at least this many bytes are guarded.
    pub from_bytes: usize,
    /// How long the child may take.
    pub timeout: Duration,
}

/// What workers share.
pub struct Job {
    /// The composition.
    pub admitted: Arc<AdmittedComposition>,
    /// Where bytes come from.
    pub inputs: Arc<dyn Inputs>,
    /// The last resort; without one everything runs here.
    pub guard: Option<Guard>,
}

impl Job {
    /// Examines the artifact with this index in the manifest.
    pub fn examine(&self, index: usize) -> Examination {
        let catalogue = &self.admitted.catalogue;
        let Some(Entry { path, content }) = self.admitted.manifest.entries().get(index) else {
            return failed(catalogue, "", Status::Fail, Reason::InvalidRequest, "no such artifact");
        };
        let (digest, kind) = match content {
            Content::Frozen { digest, kind, .. } => (*digest, *kind),
            // Refused by name when it was frozen: a finding, not a failure.
            Content::Refused { reason, detail } => {
                return failed(catalogue, path, Status::Success, *reason, detail);
            }
        };
        let bytes = match self.inputs.read(path, digest) {
            Ok(bytes) => bytes,
            Err(refusal) => {
                return failed(
                    catalogue,
                    path,
                    Status::SchemaMismatch,
                    Reason::ArtifactChanged,
                    &refusal.detail,
                );
            }
        };
        if Digest::of(&bytes) != digest {
            let detail = "its bytes are not the frozen ones";
            return failed(
                catalogue,
                path,
                Status::SchemaMismatch,
                Reason::ArtifactChanged,
                detail,
            );
        }
        if let Some(reason) = self.guarded(path, bytes.len()) {
            let status =
                if reason == Reason::AgentTimedOut { Status::Timeout } else { Status::Panic };
            return failed(catalogue, path, status, reason, "in the guarded process");
        }
        let artifact = Artifact::with_kind(path.as_str(), bytes, kind);
        let request = &self.admitted.request;
        let options = Options {
            as_of: request.content().as_of,
            honour_allow: request.examine().is_some_and(|(_, _, honour_allow)| honour_allow),
            baseline: &self.admitted.baseline,
        };
        examine(catalogue, &artifact, options)
    }

    /// The reason not to examine this artifact here, if the guarded process
    /// did not survive it.
    fn guarded(&self, path: &str, size: usize) -> Option<Reason> {
        let guard = self.guard.as_ref().filter(|guard| size >= guard.from_bytes)?;
        let file = self.inputs.file(path)?;
        alone(guard, &file, path)
    }
}

fn failed(
    catalogue: &Catalogue,
    path: &str,
    status: Status,
    reason: Reason,
    detail: &str,
) -> Examination {
    Examination::failed(catalogue, path, Digest::ZERO, status, reason, detail)
}

/// Runs the child and waits for it.
fn alone(guard: &Guard, file: &Path, name: &str) -> Option<Reason> {
    let child = Command::new(&guard.program)
        .arg("examine-alone")
        .arg(file)
        .arg(name)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // No child, no guard: fail closed.
    let Ok(mut child) = child else { return Some(Reason::AgentTimedOut) };
    let deadline = Instant::now() + guard.timeout;
    let mut pause = Duration::from_millis(1);
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return None,
            Ok(Some(_)) => return Some(Reason::AgentPanicked),
            Ok(None) if Instant::now() < deadline => {
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
            _ => {
                // It is gone or about to be; either way its time is over.
                let _ = child.kill();
                let _ = child.wait();
                return Some(Reason::AgentTimedOut);
            }
        }
    }
}

/// Worker threads with the stack that parsers need.
pub struct Workers {
    jobs: Option<Sender<usize>>,
    results: Receiver<(usize, Examination)>,
    threads: Vec<thread::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Workers {
    /// Starts `threads` workers.
    pub fn start(threads: usize, job: Arc<Job>) -> std::io::Result<Self> {
        let (jobs, queue) = channel::<usize>();
        let (done, results) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let stop = Arc::new(AtomicBool::new(false));
        let mut handles = Vec::new();
        for number in 0..threads.max(1) {
            let (queue, done, job, stop) =
                (Arc::clone(&queue), done.clone(), Arc::clone(&job), Arc::clone(&stop));
            let work = move || {
                while !stop.load(Ordering::Relaxed) {
                    let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok(index) = next else { break };
                    if done.send((index, job.examine(index))).is_err() {
                        break;
                    }
                }
            };
            let handle = thread::Builder::new()
                .name(format!("pi-examine-{number}"))
                .stack_size(PARSER_STACK_BYTES)
                .spawn(work)?;
            handles.push(handle);
        }
        Ok(Self { jobs: Some(jobs), results, threads: handles, stop })
    }

    /// Queues an examination.
    pub fn ask(&self, index: usize) {
        if let Some(jobs) = &self.jobs {
            // The receiver lives as long as a worker does.
            let _ = jobs.send(index);
        }
    }

    /// Waits for the next outcome; `None` when all workers are gone.
    pub fn next(&self) -> Option<(usize, Examination)> {
        self.results.recv().ok()
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.jobs = None;
        for handle in self.threads.drain(..) {
            // A worker that panicked has nothing left to hand over.
            let _ = handle.join();
        }
    }
}
