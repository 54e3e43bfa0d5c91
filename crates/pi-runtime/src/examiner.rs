//! One examination: bytes checked against their digest, guarded, examined.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use pi_agent_api::{Catalogue, Watch};
use pi_artifacts::Artifact;
use pi_core::{Digest, Reason};
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::examine::{Examination, Options, Status, examine};
use pi_kernel::manifest::{Content, Entry};
use pi_kernel::resume::{Timed, TimedOut};

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

/// What the examinations of one run share.
pub struct Job {
    /// The composition.
    pub admitted: Arc<AdmittedComposition>,
    /// Where bytes come from.
    pub inputs: Arc<dyn Inputs>,
    /// The last resort; without one everything runs here.
    pub guard: Option<Guard>,
    /// Time-outs that are recorded already, and stand.
    pub timed: Arc<Timed>,
}

impl Job {
    /// The watch under which an artifact is examined for a node.
    pub fn watch(&self, node: usize, artifact: usize) -> Watch {
        match self.recorded(node, artifact) {
            Some(TimedOut::After(votes)) => Watch::after(votes),
            Some(TimedOut::Wholly) | None => Watch::default(),
        }
    }

    fn recorded(&self, node: usize, artifact: usize) -> Option<TimedOut> {
        let node = self.admitted.request.content().nodes.get(node)?;
        self.timed.examination_of(&node.id, artifact as u64)
    }

    /// What is known of an examination that does not end.
    pub fn timed_out(&self, node: usize, artifact: usize) -> Examination {
        let examiner = self.admitted.examiners.get(node).and_then(Option::as_ref);
        let catalogue = examiner.map_or(&self.admitted.catalogue, |examiner| &examiner.catalogue);
        let entry = self.admitted.manifest.entries().get(artifact);
        Examination::timed_out(catalogue, entry.map_or("", |entry| &entry.path))
    }

    /// Examines an artifact of the manifest for a node.
    pub fn examine(&self, node: usize, artifact: usize, watch: &Watch) -> Examination {
        if self.recorded(node, artifact) == Some(TimedOut::Wholly) {
            return self.timed_out(node, artifact);
        }
        let Some(Some(examiner)) = self.admitted.examiners.get(node) else {
            let catalogue = &self.admitted.catalogue;
            return failed(catalogue, "", Status::Fail, Reason::InvalidRequest, "no such node");
        };
        let catalogue = &examiner.catalogue;
        let Some(Entry { path, content }) = self.admitted.manifest.entries().get(artifact) else {
            return failed(catalogue, "", Status::Fail, Reason::InvalidRequest, "no such artifact");
        };
        let (digest, kind) = match content {
            Content::Frozen { digest, kind, .. } => (*digest, *kind),
            // Refused by name when it was frozen: a finding, not a failure.
            Content::Refused { reason, detail } => {
                return failed(catalogue, path, Status::Success, *reason, detail);
            }
        };
        let changed = |detail: &str| {
            failed(catalogue, path, Status::SchemaMismatch, Reason::ArtifactChanged, detail)
        };
        let bytes = match self.inputs.read(path, digest) {
            Ok(bytes) => bytes,
            Err(refusal) => return changed(&refusal.detail),
        };
        if Digest::of(&bytes) != digest {
            return changed("its bytes are not the frozen ones");
        }
        match self.guarded(path, bytes.len()) {
            None => {}
            Some(Reason::AgentTimedOut) => return self.timed_out(node, artifact),
            Some(reason) => {
                return failed(catalogue, path, Status::Panic, reason, "in the guarded process");
            }
        }
        let artifact = Artifact::with_kind(path.as_str(), bytes, kind);
        let options = Options {
            as_of: self.admitted.request.content().as_of,
            honour_allow: examiner.honour_allow,
            baseline: &self.admitted.baseline,
            watch: Some(watch),
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
