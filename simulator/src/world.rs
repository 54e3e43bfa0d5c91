//! What effects change, and the rules that they must keep.

use std::collections::BTreeMap;

use pi_core::canonical::{Object, Value};
use pi_core::{Digest, RunId};
use pi_kernel::capability::ArtifactType;
use pi_kernel::effect::{Effect, EffectOutcome};

use crate::audit::Audit;
use crate::random::Random;

/// What was carried out, for ever.
#[derive(Default)]
pub struct World {
    /// By run and path: every attempt, and whether it was done.
    attempts: BTreeMap<(RunId, String), Vec<(u32, bool)>>,
}

impl World {
    /// Carries an attempt out. `failing` of a thousand fail and change nothing.
    ///
    /// # Errors
    /// The rule that this attempt breaks.
    pub fn carry_out(
        &mut self,
        run: &RunId,
        attempt: u32,
        effect: &Effect,
        audit: &Audit,
        (random, failing): (&mut Random, u32),
    ) -> Result<EffectOutcome, String> {
        let Effect::WriteFile { path, bytes } = effect;
        let recorded = audit.run(run).ok_or(format!("{run} is not in the log"))?;
        if !recorded.is_announced(path, u64::from(attempt)) {
            return Err(format!("attempt {attempt} at {path} is carried out and not announced"));
        }
        if recorded.has_failed() {
            return Err(format!("{path} is written by a run that failed"));
        }
        let before = self.attempts.entry((run.clone(), path.clone())).or_default();
        if before.iter().any(|(earlier, _)| *earlier >= attempt) {
            return Err(format!("attempt {attempt} at {path} is carried out twice"));
        }
        if before.iter().any(|(_, done)| *done) {
            return Err(format!("{path} is written again"));
        }
        let done = !random.chance(failing);
        before.push((attempt, done));
        Ok(if done {
            written(path, bytes)
        } else {
            EffectOutcome::Failed { detail: "no space".to_owned() }
        })
    }

    /// Whether what was recorded of an attempt is what happened.
    pub fn agrees(&self, run: &RunId, path: &str, attempt: u64, outcome: &str) -> bool {
        let attempts = self.attempts.get(&(run.clone(), path.to_owned()));
        let mut attempts = attempts.into_iter().flatten();
        let happened = attempts.find(|(other, _)| u64::from(*other) == attempt);
        match outcome {
            "done" => happened.is_some_and(|(_, done)| *done),
            "failed" => happened.is_some_and(|(_, done)| !*done),
            "refused" => happened.is_none(),
            _ => outcome == "unknown",
        }
    }

    /// Effects that were done.
    pub fn done(&self) -> usize {
        self.attempts.values().flatten().filter(|(_, done)| *done).count()
    }
}

/// The report of a file that was written.
pub fn written(path: &str, bytes: &[u8]) -> EffectOutcome {
    let members = [
        ("bytes", Value::from(bytes.len() as u64)),
        ("digest", Value::from(Digest::of(bytes).to_hex().as_str())),
        ("path", Value::from(path)),
    ];
    let report = Object::from(members.map(|(key, value)| (key.to_owned(), value)));
    let (artifact_type, report) = (ArtifactType::EffectReport, Value::Object(report));
    EffectOutcome::Done { artifact_type, report }
}
