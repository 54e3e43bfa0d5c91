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

use crate::drive::{Drive, DriveError, Shell, drive};
use crate::journal::{Journal, JournalError, RUNS};
use crate::recorded::{Recorded, RecordedError, Records, check_inputs, inputs, recorded};
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
    let inputs = inputs(journal, run, &recorded, recorded.source.clone())?;
    check_inputs(inputs.as_ref(), &recorded.manifest)?;
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
    progress.frozen(admitted.manifest.entries().len());
    let mut shell = Resuming {
        records: Records::of(journal, run, &entry),
        position: 0,
        announced: false,
        diverged: None,
        recording: Recording { journal, effects: None, writer, progress },
    };
    let how = Drive { inputs, ..how.clone() };
    let outcome = drive(&how, Arc::new(admitted), &mut shell);
    if let Some(position) = shell.diverged {
        return Err(RecordedError::Diverged { run: run.clone(), position });
    }
    let outcome = outcome.map_err(|error| match error {
        DriveError::Shell(error) => RecordedError::Journal(error),
        DriveError::Workers(problem) => RecordedError::Workers(problem),
    })?;
    let sealed = shell.recording.writer.flush()?;
    Ok(Ran { run: run.clone(), outcome, sealed })
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

/// Compares with the record first, and appends behind its end.
struct Resuming<'a> {
    records: Records<'a>,
    position: u64,
    /// The last record that was compared announced an effect.
    announced: bool,
    diverged: Option<u64>,
    recording: Recording<'a>,
}

impl Shell for Resuming<'_> {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        let mut new = Vec::new();
        for record in records {
            let Some((event_type, payload)) = self.records.next()? else {
                self.announced = false;
                new.push(record);
                continue;
            };
            if (event_type.as_str(), &payload) != (record.event_type, &record.payload) {
                self.diverged = Some(self.position);
                return Err(JournalError::Record {
                    record: format!("{RUNS} record {}", self.position),
                    problem: "the same inputs give another one now".to_owned(),
                });
            }
            self.position += 1;
            self.announced = record.event_type == "effect.announced";
        }
        self.recording.append(new)
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.recording.flush()
    }

    fn perform(
        &mut self,
        capability: &'static str,
        effect: &Effect,
    ) -> Result<EffectOutcome, JournalError> {
        if let Some(outcome) = self.records.effect_outcome()? {
            return Ok(outcome);
        }
        // Announced before, and its outcome was never heard.
        if self.announced && self.records.is_at_end()? {
            return Ok(EffectOutcome::Unknown);
        }
        self.recording.perform(capability, effect)
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.recording.progress(done, total);
    }
}
