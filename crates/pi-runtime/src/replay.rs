//! Replay: the recorded run is executed again from its recorded inputs, and
//! every record is compared.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pi_agent_api::Catalogue;
use pi_core::RunId;
use pi_kernel::admit::AdmittedComposition;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::record::Record;
use pi_kernel::replay::{Comparison, Revisions, Taken};
use pi_kernel::report::Outcome;
use pi_kernel::resume::{Timed, is_late};

use crate::drive::{Cancel, Drive, Shell, drive};
use crate::examiner::Guard;
use crate::journal::{Journal, JournalError};
use crate::mesh::Mesh;
use crate::observe;
use crate::recorded::{Recorded, RecordedError, Records, check_inputs, inputs, recorded, timed};
use crate::run::Progress;

/// A finished replay.
pub struct Replayed {
    /// What the repetition came to.
    pub outcome: Outcome,
    /// The comparison with the record.
    pub comparison: Comparison,
    /// The catalogue of this build has another digest than the recorded one.
    pub other_catalogue: bool,
    /// Examinations that ran out of time when they were recorded. They stand so, and
    /// were not made again.
    pub timed_out: u64,
}

/// How to replay.
pub struct ReplayOptions {
    /// The folder with the inputs, where it is not the recorded one.
    pub base: Option<PathBuf>,
    /// Number of worker threads.
    pub threads: usize,
    /// The last resort against examinations that do not end.
    pub guard: Option<Guard>,
    /// The longest time for one vote.
    pub patience: Duration,
}

/// Executes a recorded run again and compares.
pub fn replay(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    options: &ReplayOptions,
    progress: &mut dyn Progress,
) -> Result<Replayed, RecordedError> {
    let span = observe::replay(journal.store().tenant(), run);
    let result = span.in_scope(|| replay_inside(journal, catalogue, run, options, progress));
    observe::replayed(&span, result.as_ref().map_err(RecordedError::reason));
    result
}

fn replay_inside(
    journal: &Journal,
    catalogue: &Catalogue,
    run: &RunId,
    options: &ReplayOptions,
    progress: &mut dyn Progress,
) -> Result<Replayed, RecordedError> {
    let recorded = recorded(journal, run)?;
    if !recorded.entry.sealed {
        return Err(RecordedError::Incomplete(run.clone()));
    }
    let base = options.base.clone().or_else(|| recorded.source.clone());
    recorded.check_fence(journal, run)?;
    let inputs = inputs(journal, run, &recorded, base)?;
    check_inputs(inputs.as_ref(), &recorded.manifest)?;
    let timed = timed(journal, run, &recorded.entry)?;
    if timed.is_stopped() {
        return Err(RecordedError::Stopped(run.clone()));
    }
    let Recorded { entry, request, manifest, baseline, policy, catalogue: before, agents, .. } =
        recorded;
    let admitted = AdmittedComposition::admit(request, manifest, baseline, catalogue, policy)?;
    let other_catalogue = admitted.catalogue.digest() != before;
    let revisions = Revisions::between(&agents, &admitted.catalogue);
    let mut shell = Comparing {
        run,
        timed: Arc::clone(&timed),
        records: Records::of(journal, run, &entry),
        ahead: None,
        comparison: Comparison::new(revisions),
        progress,
    };
    shell.progress.frozen(admitted.manifest.entries().len());
    let mesh = Mesh::start(options.threads, options.patience)
        .map_err(|error| RecordedError::Workers(error.to_string()))?;
    let how = Drive {
        mesh: &mesh,
        priority: 0,
        inputs,
        guard: options.guard.clone(),
        deadline: None,
        cancel: Cancel::default(),
    };
    let outcome = drive(&how, Arc::new(admitted), &mut shell)?;
    while let Some((event_type, payload)) = shell.next()? {
        shell.comparison.next(Some((&event_type, &payload)), None);
    }
    let timed_out = timed.examinations();
    Ok(Replayed { outcome, comparison: shell.comparison, other_catalogue, timed_out })
}

/// Compares each record with the recorded one as it comes. Effects are not
/// carried out: their outcome is what was recorded.
struct Comparing<'a> {
    run: &'a RunId,
    timed: Arc<Timed>,
    records: Records,
    /// A recorded record that was read and not yet compared.
    ahead: Option<(String, Vec<u8>)>,
    comparison: Comparison,
    progress: &'a mut dyn Progress,
}

impl Comparing<'_> {
    fn next(&mut self) -> Result<Option<(String, Vec<u8>)>, JournalError> {
        match self.ahead.take() {
            Some(record) => Ok(Some(record)),
            None => self.records.take(),
        }
    }
}

impl Shell for Comparing<'_> {
    type Error = RecordedError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), RecordedError> {
        for record in records {
            loop {
                let recorded = self.next()?;
                let view =
                    recorded.as_ref().map(|(kind, payload)| (kind.as_str(), payload.as_slice()));
                let is_equal = view == Some((record.event_type, record.payload.as_slice()));
                if !is_equal && is_late(&record) {
                    let (run, position) = (self.run.clone(), self.comparison.compared());
                    return Err(RecordedError::TimedOut { run, position });
                }
                match self.comparison.next(view, Some(&record)) {
                    Taken::Both => break,
                    Taken::Recorded => {}
                    Taken::Repeated => {
                        self.ahead = recorded;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), RecordedError> {
        Ok(())
    }

    fn perform(&mut self, _: &'static str, _: &Effect) -> Result<EffectOutcome, RecordedError> {
        Ok(self.records.effect_outcome()?.unwrap_or(EffectOutcome::Unknown))
    }

    fn timed(&self) -> Arc<Timed> {
        Arc::clone(&self.timed)
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.examined(done, total);
    }
}
