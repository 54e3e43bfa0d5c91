//! What the log says about a run: its request, its inputs, its records.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pi_core::canonical::{Value, parse};
use pi_core::{Digest, Reason, RunId};
use pi_event_fabric::HeaderView;
use pi_kernel::KERNEL_REVISION;
use pi_kernel::admit::{AdmissionError, Baseline};
use pi_kernel::effect::EffectOutcome;
use pi_kernel::manifest::{Content, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::request::{CompositionRequest, EvidenceMode};
use pi_kernel::resume::{self, ASIDE, Departed, Timed};
use pi_store::{RunEntry, StoreError, governance};

use crate::drive::DriveError;
use crate::examiner::{Folder, Inputs};
use crate::files::{self, Refusal};
use crate::journal::{Journal, JournalError};

/// Why a recorded run cannot be executed again.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
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
    /// The inputs cannot be read.
    #[error("`{path}` cannot be read: {problem}")]
    Unread {
        /// The first artifact that cannot.
        path: String,
        /// Why.
        problem: String,
        /// The reason code.
        reason: Reason,
    },
    /// The run did not finish.
    #[error("{0} did not finish; `pi runs resume` continues it")]
    Incomplete(RunId),
    /// The run did finish.
    #[error("{0} has finished; there is nothing to resume")]
    Finished(RunId),
    /// The record is not one of a run that this build can read.
    #[error("the acceptance of {0} cannot be read")]
    Unreadable(RunId),
    /// Another revision of the kernel recorded it, and nobody approved the
    /// crossing.
    #[error("{run} was recorded by `{from}`; crossing to `{to}` is not approved")]
    Fenced {
        /// The run.
        run: RunId,
        /// The recorded revision, as `pi.kernel@N`.
        from: String,
        /// This build's.
        to: String,
    },
    /// The recorded request is not admitted by this build.
    #[error(transparent)]
    Admission(#[from] AdmissionError),
    /// It is resumed with a request for another goal.
    #[error("{0} serves another goal than the request it is resumed with")]
    Goal(RunId),
    /// Another process may be working on it.
    #[error("{run} may be under way until {until}; `--take-over` fences the other process out")]
    Held {
        /// The run.
        run: RunId,
        /// Microseconds since 1970.
        until: u64,
    },
    /// The execution says something else than the record.
    #[error("record {position} of {run} is not what the same inputs give now")]
    Diverged {
        /// The run.
        run: RunId,
        /// Position among the records of the run, from 0.
        position: u64,
    },
    /// An examination that ended when it was recorded does not end in time now.
    #[error("record {position} of {run} cannot be compared: its examination did not end in time")]
    TimedOut {
        /// The run.
        run: RunId,
        /// Position among the records of the run, from 0.
        position: u64,
    },
    /// The run was stopped, by its deadline or by somebody.
    #[error("{0} was stopped before its end, and nothing says when to stop it again")]
    Stopped(RunId),
    /// The workers ended.
    #[error("{0}")]
    Workers(String),
}

impl RecordedError {
    /// The execution of a run departs from its record.
    pub(crate) fn departed(run: &RunId, departed: Departed) -> Self {
        let run = run.clone();
        match departed {
            Departed::Diverged(position) => RecordedError::Diverged { run, position },
            Departed::TimedOut(position) => RecordedError::TimedOut { run, position },
        }
    }

    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RecordedError::Journal(error) => error.reason(),
            RecordedError::NotRetained(_) => Reason::InputsNotRetained,
            RecordedError::Changed { .. } => Reason::InputsChanged,
            RecordedError::Unread { reason, .. } => *reason,
            RecordedError::Incomplete(_) => Reason::RunIncomplete,
            RecordedError::Finished(_) => Reason::RunFinished,
            RecordedError::Unreadable(_) => Reason::UnknownVersion,
            RecordedError::Fenced { .. } => Reason::FenceDenied,
            RecordedError::Admission(error) => error.reason(),
            RecordedError::Goal(_) => Reason::CheckpointGoalMismatch,
            RecordedError::Held { .. } => Reason::LeaseLost,
            RecordedError::Diverged { .. } => Reason::ReplayDiverged,
            RecordedError::TimedOut { .. } => Reason::ReplayTimedOut,
            RecordedError::Stopped(_) => Reason::RunNotReplayable,
            RecordedError::Workers(_) => Reason::PhaseFailed,
        }
    }
}

impl From<StoreError> for RecordedError {
    fn from(error: StoreError) -> Self {
        RecordedError::Journal(error.into())
    }
}

impl From<DriveError<RecordedError>> for RecordedError {
    fn from(error: DriveError<RecordedError>) -> Self {
        match error {
            DriveError::Shell(error) => error,
            DriveError::Workers(problem) => RecordedError::Workers(problem),
        }
    }
}

/// What the acceptance and the store say about a run.
pub struct Recorded {
    /// Where its events lie.
    pub entry: RunEntry,
    /// The request.
    pub request: CompositionRequest,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its baseline; empty without one.
    pub baseline: Baseline,
    /// The policy that it was accepted under.
    pub policy: Policy,
    /// The digest of the catalogue.
    pub catalogue: Digest,
    /// `slug@revision` of every agent.
    pub agents: Vec<String>,
    /// The folder that the inputs lay in.
    pub source: Option<PathBuf>,
    /// When, in microseconds since 1970.
    pub accepted_at: u64,
    /// The kernel revision that recorded it.
    pub kernel: u64,
}

impl Recorded {
    /// Refuses a run that another revision of the kernel recorded, unless the
    /// tenant's log approves the crossing: default deny.
    pub(crate) fn check_fence(&self, journal: &Journal, run: &RunId) -> Result<(), RecordedError> {
        if self.kernel == u64::from(KERNEL_REVISION) {
            return Ok(());
        }
        let side = |revision: u64| format!("pi.kernel@{revision}");
        let (from, to) = (side(self.kernel), side(u64::from(KERNEL_REVISION)));
        if governance::fences(journal.store())?.allows(&from, &to) {
            return Ok(());
        }
        Err(RecordedError::Fenced { run: run.clone(), from, to })
    }
}

/// Reads what the log says about a run.
pub fn recorded(journal: &Journal, run: &RunId) -> Result<Recorded, RecordedError> {
    let entry = journal.store().run(run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
    let (accepted_at, acceptance) = journal.acceptance(run)?;
    let unreadable = || RecordedError::Unreadable(run.clone());
    let request = acceptance
        .get("request")
        .and_then(|request| CompositionRequest::from_value(request).ok())
        .ok_or_else(unreadable)?;
    let approved = acceptance.get("approved").and_then(Value::as_bool).ok_or_else(unreadable)?;
    let request = request.approved(approved);
    if request.content().evidence == EvidenceMode::None {
        return Err(RecordedError::NotRetained(run.clone()));
    }
    let kept = |digest: &Digest| -> Result<Vec<u8>, RecordedError> {
        journal.store().blob(digest)?.ok_or_else(|| RecordedError::NotRetained(run.clone()))
    };
    let manifest =
        Manifest::from_canonical(&kept(&request.content().manifest)?).map_err(|_| unreadable())?;
    let baseline = match request.baseline() {
        Some(digest) => baseline(&kept(&digest)?).ok_or_else(unreadable)?,
        None => Baseline::default(),
    };
    let policy = policy(journal, &acceptance)?.ok_or_else(unreadable)?;
    let catalogue = acceptance
        .get("catalogue")
        .and_then(Value::as_str)
        .and_then(Digest::from_hex)
        .ok_or_else(unreadable)?;
    let agents = acceptance.get("agents").and_then(Value::as_array).unwrap_or_default();
    let agents = agents.iter().filter_map(|agent| agent.as_str().map(str::to_owned)).collect();
    let kernel =
        acceptance.get("kernel_revision").and_then(Value::as_u64).ok_or_else(unreadable)?;
    let source = acceptance.get("source").and_then(Value::as_str);
    let source = source.filter(|source| !source.is_empty()).map(PathBuf::from);
    Ok(Recorded {
        entry,
        request,
        manifest,
        baseline,
        policy,
        catalogue,
        agents,
        source,
        accepted_at,
        kernel,
    })
}

fn baseline(bytes: &[u8]) -> Option<Baseline> {
    let value = parse(bytes).ok()?;
    let items = value.as_array()?;
    let fingerprints: Option<Vec<String>> =
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
    Some(Baseline::new(fingerprints?))
}

/// The policy that an acceptance names, from what was kept under its digest. One
/// that cannot be had again denies.
fn policy(journal: &Journal, acceptance: &Value) -> Result<Option<Policy>, RecordedError> {
    let digest = acceptance.get("policy_digest").and_then(Value::as_str).and_then(Digest::from_hex);
    let (Some(policy), Some(digest)) = (acceptance.get("policy"), digest) else { return Ok(None) };
    let kept = journal.store().blob(&digest)?;
    Ok(Some(Policy::recorded(policy, digest, kept.as_deref())))
}

/// Where the inputs of a recorded run are read from.
pub fn inputs(
    journal: &Journal,
    run: &RunId,
    recorded: &Recorded,
    base: Option<PathBuf>,
) -> Result<Arc<dyn Inputs>, RecordedError> {
    // What does not verify is not executed (REPLAY-3).
    pi_store::verified::run(journal.store(), &recorded.entry)?;
    if let Some(base) = &base {
        seal_missing(journal, run, recorded, base)?;
    }
    match (recorded.request.content().evidence, base) {
        (EvidenceMode::Sealed, _) => {
            Ok(Arc::new(SealedInputs { journal: journal.clone(), run: run.clone() }))
        }
        (EvidenceMode::Hashes, Some(base)) => Ok(Arc::new(Folder(base))),
        _ => Err(RecordedError::NotRetained(run.clone())),
    }
}

/// A run that ended right behind its acceptance may not have sealed all its inputs.
/// Nothing was executed yet, so they are sealed now, if they are still the same.
fn seal_missing(
    journal: &Journal,
    run: &RunId,
    recorded: &Recorded,
    base: &Path,
) -> Result<(), RecordedError> {
    let Recorded { entry, request, manifest, .. } = recorded;
    let is_sealed = request.content().evidence == EvidenceMode::Sealed;
    if !is_sealed || entry.first_leaf != entry.last_leaf {
        return Ok(());
    }
    for entry in manifest.entries() {
        let Content::Frozen { digest, .. } = &entry.content else { continue };
        if journal.store().sealed_blob(run, digest)?.is_some() {
            continue;
        }
        let changed =
            |problem: String| RecordedError::Changed { path: entry.path.clone(), problem };
        let bytes =
            files::read(&base.join(&entry.path)).map_err(|refusal| changed(refusal.detail))?;
        if Digest::of(&bytes) != *digest {
            return Err(changed("it has other bytes".to_owned()));
        }
        journal.store().seal_blob(run, digest, &bytes)?;
    }
    Ok(())
}

/// The sealed copies of a run.
struct SealedInputs {
    journal: Journal,
    run: RunId,
}

impl Inputs for SealedInputs {
    fn read(&self, _path: &str, digest: Digest) -> Result<Vec<u8>, Refusal> {
        match self.journal.store().sealed_blob(&self.run, &digest) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Refusal {
                reason: Reason::InputsNotRetained,
                detail: "there is no sealed copy of it".to_owned(),
            }),
            Err(error) => Err(Refusal { reason: error.reason(), detail: error.to_string() }),
        }
    }

    fn file(&self, _path: &str) -> Option<PathBuf> {
        None
    }
}

/// Every input must be what was examined; otherwise nothing is executed.
pub fn check_inputs(inputs: &dyn Inputs, manifest: &Manifest) -> Result<(), RecordedError> {
    for entry in manifest.entries() {
        let Content::Frozen { digest, .. } = &entry.content else { continue };
        let path = entry.path.clone();
        let bytes = match inputs.read(&path, *digest) {
            Ok(bytes) => bytes,
            Err(Refusal { reason, detail: problem }) => {
                return Err(match reason {
                    // The file is gone, or is none any more.
                    Reason::ArtifactUnreadable
                    | Reason::ArtifactNotRegular
                    | Reason::ArtifactTooLarge => RecordedError::Changed { path, problem },
                    reason => RecordedError::Unread { path, problem, reason },
                });
            }
        };
        if Digest::of(&bytes) != *digest {
            let problem = "it has other bytes".to_owned();
            return Err(RecordedError::Changed { path, problem });
        }
    }
    Ok(())
}

/// Events that are read at once.
const PAGE: usize = 1024;

/// What in the record of a run depended on time.
pub(crate) fn timed(
    journal: &Journal,
    run: &RunId,
    entry: &RunEntry,
) -> Result<Arc<Timed>, JournalError> {
    let mut records = Records::of(journal, run, entry);
    let mut timed = Timed::default();
    while let Some((event_type, payload)) = records.take()? {
        timed.take(&event_type, &payload);
    }
    Ok(Arc::new(timed))
}

/// Reads the records of a run in order, as they are needed.
pub struct Records {
    journal: Journal,
    run: RunId,
    from: u64,
    until: u64,
    read: VecDeque<(String, Vec<u8>)>,
}

impl Records {
    /// The records of a run, up to the last one that its entry knows.
    pub fn of(journal: &Journal, run: &RunId, entry: &RunEntry) -> Self {
        let (from, until) = (entry.first_leaf, entry.last_leaf);
        Self { journal: journal.clone(), run: run.clone(), from, until, read: VecDeque::new() }
    }

    fn fill(&mut self) -> Result<(), JournalError> {
        while self.read.is_empty() && self.from < self.until {
            let left = usize::try_from(self.until - self.from).unwrap_or(PAGE);
            let page = self.journal.store().after(Some(self.from), left.min(PAGE))?;
            let Some(last) = page.last() else { break };
            let (start, end) = (last.leaf_index, self.until);
            self.from = start;
            for event in page.into_iter().filter(|event| event.leaf_index <= end) {
                let Some(view) = HeaderView::parse(&event.header) else { continue };
                if view.run == Some(self.run.as_str()) && !ASIDE.contains(&view.event_type) {
                    let payload = event.content.map(|(_, payload)| payload).unwrap_or_default();
                    self.read.push_back((view.event_type.to_owned(), payload));
                }
            }
        }
        Ok(())
    }

    /// The next record, which stays the next one.
    pub fn peek(&mut self) -> Result<Option<resume::Recorded<'_>>, JournalError> {
        self.fill()?;
        Ok(self.read.front().map(|(event_type, payload)| (event_type.as_str(), payload.as_slice())))
    }

    /// The next record: event type and payload.
    pub fn take(&mut self) -> Result<Option<(String, Vec<u8>)>, JournalError> {
        self.fill()?;
        Ok(self.read.pop_front())
    }

    /// The outcome of an effect, when the next record is one.
    pub(crate) fn effect_outcome(&mut self) -> Result<Option<EffectOutcome>, JournalError> {
        let next = self.peek()?.filter(|(event_type, _)| *event_type == "effect.concluded");
        let payload = next.and_then(|(_, payload)| parse(payload).ok());
        Ok(payload.as_ref().and_then(EffectOutcome::from_value))
    }
}
