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
}

impl Job {
    /// Examines an artifact of the manifest for a node.
    pub fn examine(&self, node: usize, artifact: usize, watch: &Watch) -> Examination {
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
        if let Some(reason) = self.guarded(path, bytes.len()) {
            let status =
                if reason == Reason::AgentTimedOut { Status::Timeout } else { Status::Panic };
            return failed(catalogue, path, status, reason, "in the guarded process");
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
