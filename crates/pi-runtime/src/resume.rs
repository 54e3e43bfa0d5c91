//! Resuming a run that was accepted and not sealed.
//!
//! What was recorded is executed again and compared, record by record; from
//! where the record ends, the run goes on and appends. Nothing is recorded
//! twice, no effect is carried out twice, and the other process, should it still
//! live, is fenced out before.

use std::sync::Arc;

use pi_agent_api::Catalogue;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, RunId};
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::record::Record;
use pi_kernel::resume::{Attempt, Comparing, Timed};

use crate::drive::{Drive, Shell, drive};
use crate::journal::{Journal, RunWriter};
use crate::observe;
use crate::recorded::{Recorded, RecordedError, Records, check_inputs, inputs, recorded, timed};
use crate::run::{Progress, Ran, Recording};

/// Microseconds that a run may be late to notice that its time is over.
const SLACK_MICROS: u64 = 10_000_000;

/// What must hold for a run to be resumed.
#[derive(Clone, Debug, Default)]
pub struct ResumeOptions {
    /// The digest of the goal that it is resumed for, where one is named.
    pub goal: Option<Option<Digest>>,
    /// Resume although another process may be working on it.
    pub take_over: bool,
}

/// Resumes a run. `how` names mesh, guard and limits; the inputs are those that
/// the run recorded.
pub fn resume(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    options: &ResumeOptions,
    how: &Drive<'_>,
    progress: &mut dyn Progress,
) -> Result<Ran, RecordedError> {
    let span = observe::run(journal.store().tenant(), true);
    let result = span.in_scope(|| resume_inside(journal, catalogue, run, options, how, progress));
    observe::ran(&span, result.as_ref().map_err(RecordedError::reason));
    result
}

fn resume_inside(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    options: &ResumeOptions,
    how: &Drive<'_>,
    progress: &mut dyn Progress,
) -> Result<Ran, RecordedError> {
    let recorded = resumable(journal, run, options)?;
    let inputs = inputs(journal, run, &recorded, recorded.source.clone())?;
    check_inputs(inputs.as_ref(), &recorded.manifest)?;
    let TakenOver { admitted, resuming } = take_over(journal, catalogue, run, recorded)?;
    progress.frozen(admitted.manifest.entries().len());
    let Resuming { records, timed, comparing, writer } = resuming;
    let recording = Recording { journal, effects: None, writer, progress };
    let mut shell = Continuing { run, records, timed, comparing, recording };
    let how = Drive { inputs, ..how.clone() };
    let outcome = drive(&how, admitted, &mut shell)?;
    let sealed = shell.recording.writer.flush()?;
    Ok(Ran { run: run.clone(), outcome, sealed })
}

/// What the log says about a run, when it may be resumed.
pub fn resumable(
    journal: &Journal,
    run: &RunId,
    options: &ResumeOptions,
) -> Result<Recorded, RecordedError> {
    let recorded = recorded(journal, run)?;
    if recorded.entry.sealed {
        return Err(RecordedError::Finished(run.clone()));
    }
    if options.goal.is_some_and(|goal| goal != recorded.request.content().goal) {
        return Err(RecordedError::Goal(run.clone()));
    }
    let longest = recorded.request.content().bounds.max_execution_time_ms.saturating_mul(1_000);
    let until = recorded.accepted_at.saturating_add(longest).saturating_add(SLACK_MICROS);
    if !options.take_over && journal.now().as_micros() < until {
        return Err(RecordedError::Held { run: run.clone(), until });
    }
    recorded.check_fence(journal, run)?;
    Ok(recorded)
}

/// A run that this process may go on with: all others are fenced out.
pub struct TakenOver {
    /// The composition, as it was accepted.
    pub admitted: Arc<AdmittedComposition>,
    /// What was recorded, and where to write on.
    pub resuming: Resuming,
}

/// Compares with the record first, and appends behind its end.
pub struct Resuming {
    /// What was recorded.
    pub records: Records,
    /// What of it depended on time.
    pub timed: Arc<Timed>,
    /// How far it was compared.
    pub comparing: Comparing,
    /// Behind the fence.
    pub writer: RunWriter,
}

/// Claims an unfinished run, and records that it is resumed.
pub fn take_over(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    recorded: Recorded,
) -> Result<TakenOver, RecordedError> {
    let Recorded { request, manifest, baseline, policy, catalogue: before, .. } = recorded;
    let admitted = AdmittedComposition::admit(request, manifest, baseline, catalogue, policy)?;
    if admitted.catalogue.digest() != before {
        // Two catalogues in one run would be two runs.
        return Err(RecordedError::Unreadable(run.clone()));
    }
    let fence = journal.store().claim(run)?;
    // What the other process appended until the claim counts.
    let entry = crate::recorded::recorded(journal, run)?.entry;
    if entry.sealed {
        return Err(RecordedError::Finished(run.clone()));
    }
    let mut writer = journal.writer(fence.clone());
    writer.append(vec![resumed(fence.epoch)])?;
    let (records, timed) = (Records::of(journal, run, &entry), timed(journal, run, &entry)?);
    let resuming = Resuming { records, timed, comparing: Comparing::default(), writer };
    Ok(TakenOver { admitted: Arc::new(admitted), resuming })
}

fn resumed(epoch: u64) -> Record {
    struct Resumed(u64);
    impl ToCanonical for Resumed {
        fn to_canonical(&self, encoder: &mut Encoder) {
            encoder.object(|o| {
                o.field("epoch", &self.0);
            });
        }
    }
    Record {
        schema: "pi.run.resumed",
        schema_version: 1,
        event_type: "run.resumed",
        payload: Encoder::encode(&Resumed(epoch)),
    }
}

/// The shell of a resumed run.
struct Continuing<'a> {
    run: &'a RunId,
    records: Records,
    timed: Arc<Timed>,
    comparing: Comparing,
    recording: Recording<'a>,
}

impl Shell for Continuing<'_> {
    type Error = RecordedError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), RecordedError> {
        let mut new = Vec::new();
        for record in records {
            let recorded = self.records.take()?;
            let recorded = recorded.as_ref().map(|(kind, payload)| (kind.as_str(), &payload[..]));
            let behind = self.comparing.take(recorded, record);
            new.extend(behind.map_err(|departed| RecordedError::departed(self.run, departed))?);
        }
        Ok(self.recording.append(new)?)
    }

    fn flush(&mut self) -> Result<(), RecordedError> {
        Ok(self.recording.flush()?)
    }

    fn perform(
        &mut self,
        capability: &'static str,
        effect: &Effect,
    ) -> Result<EffectOutcome, RecordedError> {
        match self.comparing.attempt(self.records.peek()?) {
            Ok(Attempt::Concluded(outcome)) => Ok(outcome),
            Ok(Attempt::Unknown) => Ok(EffectOutcome::Unknown),
            Ok(Attempt::New) => Ok(self.recording.perform(capability, effect)?),
            Err(departed) => Err(RecordedError::departed(self.run, departed)),
        }
    }

    fn may_stop(&mut self) -> Result<bool, RecordedError> {
        Ok(self.records.peek()?.is_none())
    }

    fn timed(&self) -> Arc<Timed> {
        Arc::clone(&self.timed)
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.recording.progress(done, total);
    }
}
