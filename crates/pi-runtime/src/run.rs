//! Running a composition: admit, accept, drive, seal; and resuming one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pi_agent_api::Catalogue;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Reason, RunId};
use pi_event_fabric::RunField;
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::manifest::{Content, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::request::{CompositionRequest, EvidenceMode};
use pi_store::Fence;

use crate::drive::{Drive, DriveError, Shell, drive};
use crate::effects::LocalEffects;
use crate::examiner::Inputs;
use crate::journal::{Journal, JournalError, RunWriter, Sealed};
use crate::observe;

/// Hears how far a run is.
pub trait Progress {
    /// Inputs are frozen: `artifacts` of them.
    fn frozen(&mut self, artifacts: usize);
    /// `done` of `total` artifacts are examined.
    fn examined(&mut self, done: usize, total: usize);
}

/// Hears nothing.
pub struct Silent;

impl Progress for Silent {
    fn frozen(&mut self, _artifacts: usize) {}
    fn examined(&mut self, _done: usize, _total: usize) {}
}

/// What is run.
pub struct Composition {
    /// The frozen request.
    pub request: CompositionRequest,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its baseline; empty without one.
    pub baseline: Baseline,
    /// The folder that the manifest's paths are relative to; none when the inputs came
    /// with the request.
    pub base: Option<PathBuf>,
    /// The policy that is asked.
    pub policy: Policy,
}

/// A finished run.
pub struct Ran {
    /// The run.
    pub run: RunId,
    /// What it came to.
    pub outcome: Outcome,
    /// Where its records end.
    pub sealed: Sealed,
}

/// Why a run gave no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
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

impl RunError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RunError::Admission(error) => error.reason(),
            RunError::Journal(error) => error.reason(),
            RunError::Evidence { .. } => Reason::ArtifactChanged,
            RunError::Workers(_) => Reason::PhaseFailed,
        }
    }
}

impl From<DriveError<JournalError>> for RunError {
    fn from(error: DriveError<JournalError>) -> Self {
        match error {
            DriveError::Shell(error) => RunError::Journal(error),
            DriveError::Workers(problem) => RunError::Workers(problem),
        }
    }
}

/// Runs a composition and records it. A refused request leaves a record too.
pub fn run(
    journal: &Journal,
    catalogue: &Catalogue,
    composition: Composition,
    how: &Drive<'_>,
    progress: &mut dyn Progress,
) -> Result<Ran, RunError> {
    let span = observe::run(&composition.request.content().tenant, false);
    let result = span.in_scope(|| run_inside(journal, catalogue, composition, how, progress));
    observe::ran(&span, result.as_ref().map_err(RunError::reason));
    result
}

fn run_inside(
    journal: &Journal,
    catalogue: &Catalogue,
    composition: Composition,
    how: &Drive<'_>,
    progress: &mut dyn Progress,
) -> Result<Ran, RunError> {
    let base = composition.base.clone();
    let admitted = admit(journal, catalogue, composition)?;
    let source = base.as_deref().map(Path::to_string_lossy).unwrap_or_default();
    let run = accept(journal, &admitted, &source, how.inputs.as_ref())?;
    run_accepted(journal, admitted, run, how, progress)
}

/// Asks whether a composition may run at all, in the name of the journal's actor. A
/// refusal leaves a record.
pub fn admit(
    journal: &Journal,
    catalogue: &Catalogue,
    composition: Composition,
) -> Result<Arc<AdmittedComposition>, RunError> {
    let Composition { request, manifest, baseline, policy, base: _ } = composition;
    let hash = request.hash();
    let policy = policy.asked_by(journal.actor());
    match AdmittedComposition::admit(request, manifest, baseline, catalogue, policy) {
        Ok(admitted) => Ok(Arc::new(admitted)),
        Err(error) => {
            refuse(journal, hash, error.reason(), &error.to_string())?;
            Err(error.into())
        }
    }
}

/// Runs what was accepted to its end.
pub fn run_accepted(
    journal: &Journal,
    admitted: Arc<AdmittedComposition>,
    run: RunId,
    how: &Drive<'_>,
    progress: &mut dyn Progress,
) -> Result<Ran, RunError> {
    let fence = Fence { run: run.clone(), epoch: 0 };
    let mut shell = Recording { journal, effects: None, writer: journal.writer(fence), progress };
    let outcome = drive(how, admitted, &mut shell)?;
    let sealed = shell.writer.flush()?;
    Ok(Ran { run, outcome, sealed })
}

/// Records the acceptance of an admitted composition, and keeps what its evidence mode
/// asks for.
pub fn accept(
    journal: &Journal,
    admitted: &AdmittedComposition,
    source: &str,
    inputs: &dyn Inputs,
) -> Result<RunId, RunError> {
    let evidence = admitted.request.content().evidence;
    keep_inputs(journal, admitted, evidence)?;
    let run = journal.accept(Record::accepted(admitted, source), admitted.request.hash())?;
    if evidence == EvidenceMode::Sealed {
        seal_inputs(journal, &run, admitted, inputs)?;
    }
    Ok(run)
}

/// Writes a run into the log and carries out its effects.
pub(crate) struct Recording<'a> {
    pub(crate) journal: &'a Journal,
    /// Read from the log with the first effect.
    pub(crate) effects: Option<LocalEffects>,
    pub(crate) writer: RunWriter,
    pub(crate) progress: &'a mut dyn Progress,
}

impl Shell for Recording<'_> {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        self.writer.append(records)
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.writer.flush().map(|_| ())
    }

    fn perform(
        &mut self,
        capability: &'static str,
        effect: &Effect,
    ) -> Result<EffectOutcome, JournalError> {
        let mut effects = match self.effects.take() {
            Some(effects) => effects,
            None => LocalEffects::new(self.journal)?,
        };
        let outcome = effects.perform(capability, effect);
        self.effects = Some(effects);
        outcome
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.examined(done, total);
    }
}

/// A request that is not admitted leaves a record.
pub fn refuse(
    journal: &Journal,
    request: Digest,
    reason: Reason,
    message: &str,
) -> Result<(), JournalError> {
    struct Refusal<'a>(Digest, Reason, &'a str);
    impl ToCanonical for Refusal<'_> {
        fn to_canonical(&self, encoder: &mut Encoder) {
            encoder.object(|o| {
                o.field("message", self.2).field("reason", &self.1).field("request_hash", &self.0);
            });
        }
    }
    let record = Record {
        schema: "pi.request.refused",
        schema_version: 1,
        event_type: "request.refused",
        payload: Encoder::encode(&Refusal(request, reason, message)),
    };
    let draft = journal.draft("admission", RunField::None, record)?;
    journal.store().append(vec![draft])?;
    Ok(())
}

/// Keeps the policy, and what replay needs besides the files: manifest and
/// baseline.
fn keep_inputs(
    journal: &Journal,
    admitted: &AdmittedComposition,
    mode: EvidenceMode,
) -> Result<(), JournalError> {
    let store = journal.store();
    if let Some(policy) = admitted.policy.kept() {
        store.put_blob(&policy)?;
    }
    if mode == EvidenceMode::None {
        return Ok(());
    }
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
    inputs: &dyn Inputs,
) -> Result<(), RunError> {
    for entry in admitted.manifest.entries() {
        let Content::Frozen { digest, .. } = &entry.content else { continue };
        let evidence = |problem: String| RunError::Evidence { path: entry.path.clone(), problem };
        let read = inputs.read(&entry.path, *digest);
        let bytes = read.map_err(|refusal| evidence(refusal.detail))?;
        if Digest::of(&bytes) != *digest {
            return Err(evidence("it changed".to_owned()));
        }
        journal.store().seal_blob(run, digest, &bytes).map_err(JournalError::from)?;
    }
    Ok(())
}
