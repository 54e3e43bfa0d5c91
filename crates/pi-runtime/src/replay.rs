//! Replay: the recorded run is executed again from its recorded inputs, and
//! every record is compared.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use pi_agent_api::Catalogue;
use pi_core::canonical::{Value, parse};
use pi_core::{Digest, Reason, RunId, Severity};
use pi_event_fabric::HeaderView;
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::manifest::{Content, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::replay::Comparison;
use pi_kernel::report::Outcome;
use pi_kernel::request::{CompositionRequest, EvidenceMode};
use pi_store::StoreError;

use crate::drive::{DriveError, Sink, drive};
use crate::examiner::{Folder, Guard, Inputs};
use crate::files::Refusal;
use crate::journal::{Journal, JournalError};
use crate::scan::Progress;

/// A finished replay.
pub struct Replayed {
    /// What the repetition came to.
    pub outcome: Outcome,
    /// The comparison with the record.
    pub comparison: Comparison,
    /// The catalogue of this build has another digest than the recorded one.
    pub other_catalogue: bool,
}

/// Why a run cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The log refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The inputs were not kept.
    #[error("the inputs of {0} were not kept")]
    NotRetained(RunId),
    /// The inputs changed.
    #[error("`{path}` is not what the run examined: {problem}")]
    Changed {
        /// The first artifact that differs.
        path: String,
        /// How.
        problem: String,
    },
    /// The run did not finish.
    #[error("{0} did not finish")]
    Incomplete(RunId),
    /// The record is not one of a run that this build can read.
    #[error("the acceptance of {0} cannot be read")]
    Unreadable(RunId),
    /// The recorded request is not admitted by this build.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// The workers ended.
    #[error("{0}")]
    Workers(String),
}

impl ReplayError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ReplayError::Journal(error) => error.reason(),
            ReplayError::NotRetained(_) => Reason::InputsNotRetained,
            ReplayError::Changed { .. } => Reason::InputsChanged,
            ReplayError::Incomplete(_) => Reason::RunIncomplete,
            ReplayError::Unreadable(_) => Reason::UnknownVersion,
            ReplayError::Admission(error) => error.reason(),
            ReplayError::Workers(_) => Reason::PhaseFailed,
        }
    }
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        ReplayError::Journal(error.into())
    }
}

/// How to replay.
pub struct ReplayOptions {
    /// The folder with the inputs, where it is not the recorded one.
    pub base: Option<PathBuf>,
    /// Number of worker threads.
    pub threads: usize,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
}

/// Executes a recorded run again and compares.
pub fn replay(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    options: &ReplayOptions,
    progress: &mut dyn Progress,
) -> Result<Replayed, ReplayError> {
    let entry = journal.store().run(run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
    if !entry.sealed {
        return Err(ReplayError::Incomplete(run.clone()));
    }
    let acceptance = journal.acceptance(run)?;
    let recorded = recorded(journal, run, &acceptance)?;
    let base = options
        .base
        .clone()
        .or_else(|| acceptance.get("source").and_then(Value::as_str).map(PathBuf::from));
    let inputs = inputs(journal, run, &recorded, base)?;
    check_inputs(inputs.as_ref(), &recorded.manifest)?;
    let Recorded { request, manifest, baseline, policy, catalogue: before } = recorded;
    let admitted = AdmittedComposition::admit(request, manifest, baseline, catalogue, policy)?;
    let other_catalogue = admitted.catalogue.digest() != before;
    let mut sink = Comparing {
        journal,
        run,
        from: entry.first_leaf,
        until: entry.last_leaf,
        recorded: VecDeque::new(),
        comparison: Comparison::default(),
        progress,
    };
    sink.progress.frozen(admitted.manifest.entries().len());
    let outcome =
        drive(Arc::new(admitted), inputs, options.guard.clone(), options.threads, &mut sink)
            .map_err(|error| match error {
                DriveError::Sink(error) => ReplayError::Journal(error),
                DriveError::Workers(problem) => ReplayError::Workers(problem),
            })?;
    while let Some((event_type, payload)) = sink.next_recorded()? {
        sink.comparison.next(Some((&event_type, &payload)), None);
    }
    Ok(Replayed { outcome, comparison: sink.comparison, other_catalogue })
}

/// What the acceptance and the store say about a run.
struct Recorded {
    request: CompositionRequest,
    manifest: Manifest,
    baseline: Baseline,
    policy: Policy,
    catalogue: Digest,
}

fn recorded(journal: &Journal, run: &RunId, acceptance: &Value) -> Result<Recorded, ReplayError> {
    let unreadable = || ReplayError::Unreadable(run.clone());
    let request = acceptance
        .get("request")
        .and_then(CompositionRequest::from_value)
        .ok_or_else(unreadable)?;
    if request.content().evidence == EvidenceMode::None {
        return Err(ReplayError::NotRetained(run.clone()));
    }
    let kept = |digest: &Digest| -> Result<Vec<u8>, ReplayError> {
        journal.store().blob(digest)?.ok_or_else(|| ReplayError::NotRetained(run.clone()))
    };
    let manifest =
        Manifest::from_canonical(&kept(&request.content().manifest)?).map_err(|_| unreadable())?;
    let baseline = match request.baseline() {
        Some(digest) => baseline(&kept(&digest)?).ok_or_else(unreadable)?,
        None => Baseline::default(),
    };
    let policy = acceptance.get("policy").and_then(policy).ok_or_else(unreadable)?;
    let catalogue = acceptance
        .get("catalogue")
        .and_then(Value::as_str)
        .and_then(Digest::from_hex)
        .ok_or_else(unreadable)?;
    Ok(Recorded { request, manifest, baseline, policy, catalogue })
}

fn baseline(bytes: &[u8]) -> Option<Baseline> {
    let value = parse(bytes).ok()?;
    let items = value.as_array()?;
    let fingerprints: Option<Vec<String>> =
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    Some(Baseline::new(fingerprints?))
}

fn policy(value: &Value) -> Option<Policy> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let severity = |key: &str| text(key)?.parse::<Severity>().ok();
    Some(Policy {
        name: text("name")?.to_owned(),
        deny_from: severity("deny_from")?,
        review_from: severity("review_from")?,
    })
}

fn inputs(
    journal: &Journal,
    run: &RunId,
    recorded: &Recorded,
    base: Option<PathBuf>,
) -> Result<Arc<dyn Inputs>, ReplayError> {
    match (recorded.request.content().evidence, base) {
        (EvidenceMode::Sealed, _) => {
            Ok(Arc::new(SealedInputs { journal: journal.clone(), run: run.clone() }))
        }
        (EvidenceMode::Hashes, Some(base)) => Ok(Arc::new(Folder(base))),
        _ => Err(ReplayError::NotRetained(run.clone())),
    }
}

/// The sealed copies of a run.
struct SealedInputs {
    journal: Journal,
    run: RunId,
}

impl Inputs for SealedInputs {
    fn read(&self, _path: &str, digest: Digest) -> Result<Vec<u8>, Refusal> {
        let refusal = |detail: String| Refusal { reason: Reason::InputsNotRetained, detail };
        match self.journal.store().sealed_blob(&self.run, &digest) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(refusal("its sealed copy was erased".to_owned())),
            Err(error) => Err(refusal(error.to_string())),
        }
    }

    fn file(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

/// Every input must be what was examined; otherwise nothing is executed.
fn check_inputs(inputs: &dyn Inputs, manifest: &Manifest) -> Result<(), ReplayError> {
    for entry in manifest.entries() {
        let Content::Frozen { digest, .. } = &entry.content else { continue };
        let changed = |problem: String| ReplayError::Changed { path: entry.path.clone(), problem };
        let bytes = inputs.read(&entry.path, *digest).map_err(|refusal| changed(refusal.detail))?;
        if Digest::of(&bytes) != *digest {
            return Err(changed("it has other bytes".to_owned()));
        }
    }
    Ok(())
}

/// Compares each record with the recorded one as it comes.
struct Comparing<'a> {
    journal: &'a Journal,
    run: &'a RunId,
    from: u64,
    until: u64,
    recorded: VecDeque<(String, Vec<u8>)>,
    comparison: Comparison,
    progress: &'a mut dyn Progress,
}

impl Comparing<'_> {
    fn next_recorded(&mut self) -> Result<Option<(String, Vec<u8>)>, JournalError> {
        while self.recorded.is_empty() && self.from < self.until {
            let page = self.journal.store().after(Some(self.from), 1024)?;
            let Some(last) = page.last() else { break };
            let (start, end) = (last.leaf_index, self.until);
            self.from = start;
            for event in page.into_iter().filter(|event| event.leaf_index <= end) {
                let Some(view) = HeaderView::parse(&event.header) else { continue };
                if view.run == Some(self.run.as_str()) {
                    let payload = event.content.map(|(_, payload)| payload).unwrap_or_default();
                    self.recorded.push_back((view.event_type.to_owned(), payload));
                }
            }
        }
        Ok(self.recorded.pop_front())
    }
}

impl Sink for Comparing<'_> {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        for record in records {
            let recorded = self.next_recorded()?;
            let recorded =
                recorded.as_ref().map(|(kind, payload)| (kind.as_str(), payload.as_slice()));
            self.comparison.next(recorded, Some(&record));
        }
        Ok(())
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.examined(done, total);
    }
}
