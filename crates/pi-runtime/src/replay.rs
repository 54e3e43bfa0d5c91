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
use pi_kernel::replay::{Comparison, Revisions};
use pi_kernel::report::Outcome;

use crate::drive::{Cancel, Drive, DriveError, Shell, drive};
use crate::examiner::Guard;
use crate::journal::{Journal, JournalError};
use crate::mesh::Mesh;
use crate::recorded::{Recorded, RecordedError, Records, check_inputs, inputs, recorded};
use crate::run::Progress;

/// A finished replay.
pub struct Replayed {
    /// What the repetition came to.
    pub outcome: Outcome,
    /// The comparison with the record.
    pub comparison: Comparison,
    /// The catalogue of this build has another digest than the recorded one.
    pub other_catalogue: bool,
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
    let recorded = recorded(journal, run)?;
    if !recorded.entry.sealed {
        return Err(RecordedError::Incomplete(run.clone()));
    }
    let base = options.base.clone().or_else(|| recorded.source.clone());
    let inputs = inputs(journal, run, &recorded, base)?;
    check_inputs(inputs.as_ref(), &recorded.manifest)?;
    let Recorded { entry, request, manifest, baseline, policy, catalogue: before, agents, .. } =
        recorded;
    let admitted = AdmittedComposition::admit(request, manifest, baseline, catalogue, policy)?;
    let other_catalogue = admitted.catalogue.digest() != before;
    let revisions = Revisions::between(&agents, &admitted.catalogue);
    let mut shell = Comparing {
        records: Records::of(journal, run, &entry),
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
    let outcome = drive(&how, Arc::new(admitted), &mut shell).map_err(|error| match error {
        DriveError::Shell(error) => RecordedError::Journal(error),
        DriveError::Workers(problem) => RecordedError::Workers(problem),
    })?;
    while let Some((event_type, payload)) = shell.records.next()? {
        shell.comparison.next(Some((&event_type, &payload)), None);
    }
    Ok(Replayed { outcome, comparison: shell.comparison, other_catalogue })
}

/// Compares each record with the recorded one as it comes. Effects are not
/// carried out: their outcome is what was recorded.
struct Comparing<'a> {
    records: Records<'a>,
    comparison: Comparison,
    progress: &'a mut dyn Progress,
}

impl Shell for Comparing<'_> {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        for record in records {
            let recorded = self.records.next()?;
            let recorded =
                recorded.as_ref().map(|(kind, payload)| (kind.as_str(), payload.as_slice()));
            self.comparison.next(recorded, Some(&record));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn perform(&mut self, _: &'static str, _: &Effect) -> Result<EffectOutcome, JournalError> {
        Ok(self.records.effect_outcome()?.unwrap_or(EffectOutcome::Unknown))
    }

    fn progress(&mut self, done: usize, total: usize) {
        self.progress.examined(done, total);
    }
}
