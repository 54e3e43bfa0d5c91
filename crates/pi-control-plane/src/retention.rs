//! Retention: how long the evidence of runs can be read.
//!
//! What a run decided stays in the log for ever. Its sealed inputs are kept under a key of
//! the run, and when that key is erased nobody can read them again. A key is due some days
//! after the run ended, as the tenant's settings say; a hold keeps it beyond that.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Reason, RunId, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::RETENTION_PARTITION as PARTITION;

const DAY_US: u64 = 24 * 3_600 * 1_000_000;
/// Bytes of a reason for a hold at most.
pub const MAX_REASON_BYTES: usize = 1_024;

/// Why a key was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The retention of the tenant ended.
    Retention,
    /// Somebody asked for it.
    Request,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 2] = [Cause::Retention, Cause::Request];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Retention => "retention",
            Cause::Request => "request",
        }
    }
}

/// What can be done to the evidence of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep it until it is released.
    Hold {
        /// Why.
        reason: String,
    },
    /// Hold it no longer.
    Release,
    /// Its key was erased.
    Erase(Cause),
}

impl Change {
    /// The type of its event.
    pub const fn event_type(&self) -> &'static str {
        match self {
            Change::Hold { .. } => control::EVIDENCE_HELD,
            Change::Release => control::EVIDENCE_RELEASED,
            Change::Erase(_) => control::EVIDENCE_ERASED,
        }
    }

    /// The schema of its event's payload.
    pub const fn schema(&self) -> &'static str {
        match self {
            Change::Hold { .. } => "pi.evidence.held",
            Change::Release => "pi.evidence.released",
            Change::Erase(_) => "pi.evidence.erased",
        }
    }

    /// The payload of its event, in canonical form.
    pub fn payload(&self, run: &RunId) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            match self {
                Change::Hold { reason } => {
                    o.field("reason", reason);
                }
                Change::Release => {}
                Change::Erase(cause) => {
                    o.field("cause", cause.as_str());
                }
            }
            o.field("run", run);
        });
        encoder.into_bytes()
    }

    fn recorded(event_type: &str, payload: &Value) -> Option<(RunId, Self)> {
        let text = |key: &str| payload.get(key)?.as_str();
        let change = match event_type {
            control::EVIDENCE_HELD => Change::Hold { reason: text("reason")?.to_owned() },
            control::EVIDENCE_RELEASED => Change::Release,
            _ => {
                let word = text("cause")?;
                Change::Erase(Cause::ALL.into_iter().find(|cause| cause.as_str() == word)?)
            }
        };
        Some((RunId::parse(text("run")?)?, change))
    }
}

/// Why the evidence of a run cannot be treated so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It is under hold.
    #[error("the evidence of {0} is under hold")]
    Held(RunId),
    /// It is not under hold.
    #[error("the evidence of {0} is not under hold")]
    NotHeld(RunId),
    /// Its key is gone.
    #[error("the key of {0} was erased")]
    Erased(RunId),
    /// A hold needs a reason.
    #[error("a hold needs a reason of 1 to {MAX_REASON_BYTES} bytes")]
    Reason,
    /// An event has a type that this build does not know.
    #[error("the event type `{0}` of the retention is unknown")]
    UnknownEvent(String),
    /// An event of a known type cannot be read.
    #[error("an event `{0}` of the retention cannot be read")]
    Unreadable(String),
}

impl EvidenceError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            EvidenceError::Held(_) => Reason::EvidenceHeld,
            EvidenceError::NotHeld(_) => Reason::EvidenceNotHeld,
            EvidenceError::Erased(_) => Reason::InputsNotRetained,
            EvidenceError::Reason => Reason::InvalidRequest,
            EvidenceError::UnknownEvent(_) => Reason::UnknownSchema,
            EvidenceError::Unreadable(_) => Reason::LogCorrupt,
        }
    }
}

/// Holds and erased keys of a tenant: a fold over its partition `retention`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    held: BTreeMap<RunId, String>,
    erased: BTreeMap<RunId, Cause>,
}

/// A run that may have evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The run.
    pub id: RunId,
    /// When it ended; none while it goes on.
    pub ended_at: Option<Timestamp>,
}

/// Whose keys are due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// To be erased.
    pub erase: Vec<RunId>,
    /// Past the retention, and kept by a hold.
    pub held: Vec<RunId>,
}

impl Retention {
    /// The runs under hold, and why.
    pub fn held(&self) -> &BTreeMap<RunId, String> {
        &self.held
    }

    /// The runs whose keys were erased, and why.
    pub fn erased(&self) -> &BTreeMap<RunId, Cause> {
        &self.erased
    }

    /// Whether a change may be made now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, run: &RunId, change: &Change) -> Result<(), EvidenceError> {
        let is_held = self.held.contains_key(run);
        match change {
            _ if self.erased.contains_key(run) => Err(EvidenceError::Erased(run.clone())),
            Change::Hold { reason } if !(1..=MAX_REASON_BYTES).contains(&reason.len()) => {
                Err(EvidenceError::Reason)
            }
            Change::Hold { .. } | Change::Erase(_) if is_held => {
                Err(EvidenceError::Held(run.clone()))
            }
            Change::Release if !is_held => Err(EvidenceError::NotHeld(run.clone())),
            _ => Ok(()),
        }
    }

    /// Folds in an event of the partition, and says whether it had an effect. A hold or a
    /// release that came too late has none; a key that was erased is gone in any case.
    ///
    /// # Errors
    /// The event is of an unknown type, or cannot be read. Nothing changes.
    pub fn apply(&mut self, event_type: &str, payload: &Value) -> Result<bool, EvidenceError> {
        let known = [control::EVIDENCE_HELD, control::EVIDENCE_RELEASED, control::EVIDENCE_ERASED];
        if !known.contains(&event_type) {
            return Err(EvidenceError::UnknownEvent(event_type.to_owned()));
        }
        let (run, change) = Change::recorded(event_type, payload)
            .ok_or_else(|| EvidenceError::Unreadable(event_type.to_owned()))?;
        let fits = self.check(&run, &change).is_ok();
        match change {
            Change::Erase(cause) => {
                self.held.remove(&run);
                return Ok(self.erased.insert(run, cause).is_none());
            }
            Change::Hold { reason } if fits => drop(self.held.insert(run, reason)),
            Change::Release if fits => drop(self.held.remove(&run)),
            Change::Hold { .. } | Change::Release => {}
        }
        Ok(fits)
    }

    /// The runs whose keys are due now. Without a retention nothing ever is; a run that
    /// goes on still needs its inputs.
    pub fn due(
        &self,
        runs: impl IntoIterator<Item = Run>,
        now: Timestamp,
        retention_days: Option<u64>,
    ) -> Due {
        let mut due = Due::default();
        let Some(days) = retention_days else { return due };
        let kept = days.saturating_mul(DAY_US);
        for Run { id, ended_at } in runs {
            let is_past = ended_at
                .is_some_and(|ended| ended.as_micros().saturating_add(kept) <= now.as_micros());
            if !is_past || self.erased.contains_key(&id) {
                continue;
            }
            let list = if self.held.contains_key(&id) { &mut due.held } else { &mut due.erase };
            list.push(id);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use pi_core::canonical::parse;
    use pi_event_fabric::catalogue;
    use proptest::prelude::*;

    use super::*;

    fn run(number: u64) -> RunId {
        RunId::parse(&format!("run_{number:032x}")).unwrap()
    }

    fn changes() -> [Change; 4] {
        [
            Change::Hold { reason: "case 7".to_owned() },
            Change::Release,
            Change::Erase(Cause::Retention),
            Change::Erase(Cause::Request),
        ]
    }

    fn apply(retention: &mut Retention, number: u64, change: &Change) -> bool {
        let payload = change.payload(&run(number));
        catalogue::registry().check(change.schema(), 1, &payload).unwrap();
        retention.apply(change.event_type(), &parse(&payload).unwrap()).unwrap()
    }

    #[test]
    fn a_hold_keeps_what_is_due() {
        let mut retention = Retention::default();
        let [hold, release, erase, _] = changes();
        let ended = |number, day| Run {
            id: run(number),
            ended_at: Some(Timestamp::from_micros(day * DAY_US)),
        };
        let going_on = Run { id: run(9), ended_at: None };
        let runs = vec![ended(1, 1), ended(2, 2), ended(3, 3), ended(4, 40), going_on];
        let now = Timestamp::from_micros(32 * DAY_US);
        apply(&mut retention, 2, &hold);
        let due = |retention: &Retention, days| retention.due(runs.clone(), now, days);
        let expected = Due { erase: vec![run(1)], held: vec![run(2)] };
        assert_eq!(due(&retention, Some(30)), expected);
        assert_eq!(due(&retention, None), Due::default());
        apply(&mut retention, 2, &release);
        apply(&mut retention, 1, &erase);
        assert_eq!(due(&retention, Some(30)), Due { erase: vec![run(2)], held: Vec::new() });
        assert_eq!(due(&retention, Some(u64::MAX)), Due::default());
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        let [hold, release, erase, _] = changes();
        let mut retention = Retention::default();
        let reason = |retention: &Retention, change| {
            retention.check(&run(1), change).err().map(|error| error.reason())
        };
        assert_eq!(reason(&retention, &release), Some(Reason::EvidenceNotHeld));
        let unnamed = Change::Hold { reason: String::new() };
        assert_eq!(reason(&retention, &unnamed), Some(Reason::InvalidRequest));
        apply(&mut retention, 1, &hold);
        assert_eq!(reason(&retention, &hold), Some(Reason::EvidenceHeld));
        assert_eq!(reason(&retention, &erase), Some(Reason::EvidenceHeld));
        // What happened all the same is gone.
        assert!(apply(&mut retention, 1, &erase));
        for change in [&hold, &release, &erase] {
            assert_eq!(reason(&retention, change), Some(Reason::InputsNotRetained));
        }
        assert!(retention.held().is_empty());
        let empty = parse(b"{}").unwrap();
        let error = retention.apply("evidence.lent", &empty).unwrap_err();
        assert_eq!(error.reason(), Reason::UnknownSchema);
        for change in changes() {
            let error = retention.apply(change.event_type(), &empty).unwrap_err();
            assert_eq!(error.reason(), Reason::LogCorrupt);
        }
    }

    proptest! {
        /// Nothing is both held and due, and what was erased is neither.
        #[test]
        fn every_run_is_in_one_place(
            steps in prop::collection::vec((0_u64..4, 0_usize..4), 0..40),
            days in prop::option::of(0_u64..5),
        ) {
            let (mut retention, mut again) = (Retention::default(), Retention::default());
            for (number, change) in steps {
                apply(&mut retention, number, &changes()[change]);
                apply(&mut again, number, &changes()[change]);
                prop_assert_eq!(&retention, &again);
            }
            let ended = |number| Run {
                id: run(number),
                ended_at: Some(Timestamp::from_micros(number * DAY_US)),
            };
            let due = retention.due((0..4).map(ended), Timestamp::from_micros(4 * DAY_US), days);
            for id in &due.erase {
                prop_assert!(!retention.held().contains_key(id));
                prop_assert!(!retention.erased().contains_key(id));
            }
            for id in &due.held {
                prop_assert!(retention.held().contains_key(id));
            }
        }
    }
}
