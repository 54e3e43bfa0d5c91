//! `scan`: freeze, then run the composition behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pi_agent_api::Catalogue;
use pi_core::{Name, Reason, Timestamp};
use pi_kernel::admit::Baseline;
use pi_kernel::policy::Policy;
use pi_kernel::request::{Draft, EvidenceMode, Selection};

use crate::drive::{Cancel, Drive};
use crate::examiner::{Folder, Guard};
use crate::freeze::{FreezeError, Frozen, freeze};
use crate::journal::Journal;
use crate::mesh::Mesh;
use crate::run::{Composition, Progress, Ran, RunError, run};

/// What a scan examines and how.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// The tenant.
    pub tenant: Name,
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Slugs or domains to run; empty means all.
    pub only: Vec<String>,
    /// Slugs or domains to leave out.
    pub skip: Vec<String>,
    /// Known findings.
    pub baseline: Option<Baseline>,
    /// The policy that is asked.
    pub policy: Policy,
    /// How inputs are kept.
    pub evidence: EvidenceMode,
    /// The time that time-dependent rules look at, if any.
    pub as_of: Option<Timestamp>,
    /// Inline `pi:allow` comments count.
    pub honour_allow: bool,
    /// Number of worker threads.
    pub threads: usize,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
    /// The longest time for one vote.
    pub patience: Duration,
}

/// A finished scan.
pub struct Scanned {
    /// The run.
    pub ran: Ran,
    /// The folder that paths are relative to.
    pub base: PathBuf,
}

/// Why a scan gave no outcome.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The inputs cannot be frozen.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// The composition gave no outcome.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The system gave no threads.
    #[error("no worker can be started: {0}")]
    Workers(#[from] std::io::Error),
}

impl ScanError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ScanError::Freeze(error) => error.reason(),
            ScanError::Run(error) => error.reason(),
            ScanError::Workers(_) => Reason::PhaseFailed,
        }
    }
}

/// Scans and records.
pub fn scan(
    journal: &Journal,
    catalogue: &Catalogue,
    options: &ScanOptions,
    progress: &mut dyn Progress,
) -> Result<Scanned, ScanError> {
    let frozen = freeze(&options.paths, options.threads)?;
    progress.frozen(frozen.manifest.entries().len());
    let Frozen { manifest, base } = frozen;
    let selection = Selection {
        only: options.only.clone(),
        skip: options.skip.clone(),
        honour_allow: options.honour_allow,
        baseline: options.baseline.as_ref().map(Baseline::digest),
        evidence: options.evidence,
        as_of: options.as_of,
    };
    let request = Draft::scan(options.tenant.clone(), manifest.digest(), selection).freeze();
    let mesh = Mesh::start(options.threads, options.patience)?;
    let how = Drive {
        mesh: &mesh,
        priority: 0,
        inputs: Arc::new(Folder(base.clone())),
        guard: options.guard.clone(),
        deadline: None,
        cancel: Cancel::default(),
    };
    let baseline = options.baseline.clone().unwrap_or_default();
    let composition = Composition {
        request,
        manifest,
        baseline,
        base: Some(base.clone()),
        policy: options.policy.clone(),
    };
    let ran = run(journal, catalogue, composition, &how, progress)?;
    Ok(Scanned { ran, base })
}
