//! `scan`: freeze, admit, accept, drive, release.

use std::path::PathBuf;
use std::sync::Arc;

use pi_agent_api::Catalogue;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Name, Reason, RunId, Timestamp};
use pi_event_fabric::RunField;
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::manifest::Content;
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::request::{Draft, EvidenceMode, Selection};

use crate::drive::{DriveError, Sink, drive};
use crate::examiner::{Folder, Guard};
use crate::files;
use crate::freeze::{FreezeError, Frozen, freeze};
use crate::journal::{Journal, JournalError, RunWriter, Sealed};

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
    /// How inputs are kept.
    pub evidence: EvidenceMode,
    /// The time that time-dependent rules look at, if any.
    pub as_of: Option<Timestamp>,
    /// Number of worker threads.
    pub threads: usize,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
}

/// Hears how far a scan is.
pub trait Progress {
    /// Inputs are frozen: `artifacts` of them.
    fn frozen(&mut self, artifacts: usize);
    /// `done` of `total` artifacts are examined.
    fn examined(&mut self, done: usize, total: usize);
}

/// A finished scan.
pub struct Scanned {
    /// The run.
    pub run: RunId,
    /// What it came to.
    pub outcome: Outcome,
    /// Where its records end.
    pub sealed: Sealed,
    /// The folder that paths are relative to.
    pub base: PathBuf,
}

/// Why a scan gave no outcome.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The inputs cannot be frozen.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
    /// The request was not admitted.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The log refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An input that must be sealed cannot be read any more.
    #[error("`{path}` cannot be kept as evidence: {problem}")]
    Evidence {
        /// The artifact.
        path: String,
        /// Why.
        problem: String,
    },
    /// The workers ended.
    #[error("{0}")]
    Workers(String),
}

impl ScanError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ScanError::Freeze(error) => error.reason(),
            ScanError::Admission(error) => error.reason(),
            ScanError::Journal(error) => error.reason(),
            ScanError::Evidence { .. } => Reason::ArtifactChanged,
            ScanError::Workers(_) => Reason::PhaseFailed,
        }
    }
}

impl From<DriveError<JournalError>> for ScanError {
    fn from(error: DriveError<JournalError>) -> Self {
        match error {
            DriveError::Sink(error) => ScanError::Journal(error),
            DriveError::Workers(problem) => ScanError::Workers(problem),
        }
    }
}

/// Scans and records. A refused request leaves a record too.
pub fn scan(
    journal: &Journal,
    catalogue: &Catalogue,
    options: &ScanOptions,
    progress: &mut dyn Progress,
) -> Result<Scanned, ScanError> {
    let frozen = freeze(&options.paths, options.threads)?;
    progress.frozen(frozen.manifest.entries().len());
    let Frozen { manifest, base } = frozen;
    let baseline = options.baseline.clone().unwrap_or_default();
    let selection = Selection {
        only: options.only.clone(),
        skip: options.skip.clone(),
        honour_allow: true,
        baseline: options.baseline.as_ref().map(Baseline::digest),
        evidence: options.evidence,
        as_of: options.as_of,
    };
    let request = Draft::scan(options.tenant.clone(), manifest.digest(), selection).freeze();
    let hash = request.hash();
    let admitted =
        AdmittedComposition::admit(request, manifest, baseline, catalogue, Policy::baseline());
    let admitted = match admitted {
        Ok(admitted) => Arc::new(admitted),
        Err(error) => {
            refuse(journal, hash, &error)?;
            return Err(error.into());
        }
    };
    keep_inputs(journal, &admitted, options.evidence)?;
    let run = journal.accept(Record::accepted(&admitted, &base.to_string_lossy()), hash)?;
    if options.evidence == EvidenceMode::Sealed {
        seal_inputs(journal, &run, &admitted, &base)?;
    }
    let mut sink = RunSink { writer: journal.writer(&run), progress };
    let inputs = Arc::new(Folder(base.clone()));
    let outcome = drive(admitted, inputs, options.guard.clone(), options.threads, &mut sink)?;
    let sealed = sink.writer.finish()?;
    Ok(Scanned { run, outcome, sealed, base })
}

struct RunSink<'a> {
    writer: RunWriter<'a>,
    progress: &'a mut dyn Progress,
}

impl Sink for RunSink<'_> {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        self.writer.append(records)
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.examined(done, total);
    }
}

/// A request that is not admitted leaves a record.
fn refuse(
    journal: &Journal,
    request: pi_core::Digest,
    error: &AdmissionError,
) -> Result<(), JournalError> {
    struct Refusal<'a>(pi_core::Digest, &'a AdmissionError);
    impl ToCanonical for Refusal<'_> {
        fn to_canonical(&self, encoder: &mut Encoder) {
            encoder.object(|o| {
                o.field("message", &self.1.to_string())
                    .field("reason", &self.1.reason())
                    .field("request_hash", &self.0);
            });
        }
    }
    let record = Record {
        schema: "pi.request.refused",
        schema_version: 1,
        event_type: "request.refused",
        payload: Encoder::encode(&Refusal(request, error)),
    };
    let draft = journal.draft("admission", RunField::None, record)?;
    journal.store().append(vec![draft])?;
    Ok(())
}

/// Keeps what replay needs besides the files: manifest and baseline.
fn keep_inputs(
    journal: &Journal,
    admitted: &AdmittedComposition,
    mode: EvidenceMode,
) -> Result<(), JournalError> {
    if mode == EvidenceMode::None {
        return Ok(());
    }
    let store = journal.store();
    store.put_blob(&Encoder::encode(&admitted.manifest))?;
    if admitted.request.baseline().is_some() {
        let list: Vec<&str> = admitted.baseline.fingerprints().collect();
        store.put_blob(&Encoder::encode(&list))?;
    }
    Ok(())
}

fn seal_inputs(
    journal: &Journal,
    run: &RunId,
    admitted: &AdmittedComposition,
    base: &std::path::Path,
) -> Result<(), ScanError> {
    for entry in admitted.manifest.entries() {
        let Content::Frozen { digest, .. } = &entry.content else { continue };
        let evidence = |problem: String| ScanError::Evidence { path: entry.path.clone(), problem };
        let bytes =
            files::read(&base.join(&entry.path)).map_err(|refusal| evidence(refusal.detail))?;
        if pi_core::Digest::of(&bytes) != *digest {
            return Err(evidence("it changed".to_owned()));
        }
        journal.store().seal_blob(run, digest, &bytes).map_err(JournalError::from)?;
    }
    Ok(())
}
