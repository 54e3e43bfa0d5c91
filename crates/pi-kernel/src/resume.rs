//! The rules by which an interrupted run goes on.
//!
//! The run is executed again from its beginning. What it says is compared with
//! what was recorded, record by record, and only what lies behind the end of the
//! record is appended. An effect is carried out only when nothing was recorded of
//! it: one that was announced and never concluded may have happened, so its
//! outcome is unknown and it is not repeated.

use pi_core::Reason;
use pi_core::canonical::parse;

use crate::effect::EffectOutcome;
use crate::record::Record;

/// Events of a run that its execution does not say itself.
pub const ASIDE: &[&str] = &["run.accepted", "run.resumed"];

/// A recorded event of the run: its type and its payload.
pub type Recorded<'a> = (&'a str, &'a [u8]);

/// The execution says something else than the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {0} is not what the same inputs give now")]
pub struct Diverged(
    /// Position among the records of the run, from 0.
    pub u64,
);

impl Diverged {
    /// The reason code.
    pub const fn reason(self) -> Reason {
        Reason::ReplayDiverged
    }
}

/// What becomes of an attempt at an effect that the resumed run asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Attempt {
    /// It was concluded: this came of it.
    Concluded(EffectOutcome),
    /// It was announced before the interruption, and nobody heard what came of it.
    Unknown,
    /// Nothing was recorded of it: it is carried out.
    New,
}

/// A resumed run as far as it was compared.
#[derive(Clone, Debug, Default)]
pub struct Comparing {
    position: u64,
    /// The last record that was compared announced an attempt.
    announced: bool,
}

impl Comparing {
    /// Takes what the run says next and what was recorded there. Gives the record
    /// back when it lies behind the end of what was recorded and must be appended.
    pub fn take(
        &mut self,
        recorded: Option<Recorded<'_>>,
        said: Record,
    ) -> Result<Option<Record>, Diverged> {
        let Some((event_type, payload)) = recorded else {
            self.announced = false;
            return Ok(Some(said));
        };
        if (event_type, payload) != (said.event_type, said.payload.as_slice()) {
            return Err(Diverged(self.position));
        }
        self.position += 1;
        self.announced = said.event_type == "effect.announced";
        Ok(None)
    }

    /// What becomes of the attempt that was said last, where `recorded` follows it.
    /// While there are records left, nothing is carried out.
    pub fn attempt(&self, recorded: Option<Recorded<'_>>) -> Result<Attempt, Diverged> {
        match recorded {
            None if self.announced => Ok(Attempt::Unknown),
            None => Ok(Attempt::New),
            Some(("effect.concluded", payload)) => parse(payload)
                .ok()
                .and_then(|value| EffectOutcome::from_value(&value))
                .map(Attempt::Concluded)
                .ok_or(Diverged(self.position)),
            Some(_) => Err(Diverged(self.position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event_type: &'static str, payload: &str) -> Record {
        Record { schema: "s", schema_version: 1, event_type, payload: payload.as_bytes().to_vec() }
    }

    #[test]
    fn what_lies_behind_the_record_is_new() {
        let mut comparing = Comparing::default();
        let said = record("receipt.issued", "{}");
        assert_eq!(comparing.take(Some(("receipt.issued", b"{}")), said.clone()), Ok(None));
        assert_eq!(comparing.take(None, said.clone()), Ok(Some(said.clone())));
        assert_eq!(comparing.take(Some(("receipt.issued", b"[]")), said), Err(Diverged(1)));
    }

    #[test]
    fn an_announced_attempt_is_not_carried_out_again() {
        let mut comparing = Comparing::default();
        let announced = || record("effect.announced", "{}");
        assert_eq!(comparing.attempt(None), Ok(Attempt::New));
        comparing.take(None, announced()).unwrap();
        assert_eq!(comparing.attempt(None), Ok(Attempt::New), "announced by this process");
        comparing.take(Some(("effect.announced", b"{}")), announced()).unwrap();
        assert_eq!(comparing.attempt(None), Ok(Attempt::Unknown));
        let unknown = br#"{"outcome":"unknown"}"#;
        let concluded = comparing.attempt(Some(("effect.concluded", unknown)));
        assert_eq!(concluded, Ok(Attempt::Concluded(EffectOutcome::Unknown)));
    }

    #[test]
    fn nothing_is_carried_out_while_records_are_left() {
        let comparing = Comparing::default();
        for left in [("receipt.issued", &b"{}"[..]), ("effect.concluded", b""), ("x", b"{}")] {
            assert_eq!(comparing.attempt(Some(left)), Err(Diverged(0)));
        }
    }
}
