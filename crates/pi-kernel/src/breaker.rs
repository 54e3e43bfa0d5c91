//! Circuit breakers of effectful capabilities, one for each tenant and
//! capability. Pure agents have none: they cannot be down.

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Reason, Timestamp};

/// Failures in a row that open a breaker.
pub const FAILURES_TO_OPEN: u64 = 5;

/// How long an open breaker lets nothing through, in microseconds.
pub const COOL_OFF_MICROS: u64 = 30_000_000;

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything goes through.
    Closed,
    /// Nothing goes through.
    Open,
    /// One probe is under way; nothing else goes through.
    HalfOpen,
}

impl BreakerState {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half_open",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A breaker. Every change of it is an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    state: BreakerState,
    failures: u64,
    since: Timestamp,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: BreakerState::Closed, failures: 0, since: Timestamp::default() }
    }
}

impl Breaker {
    /// Where it stands.
    pub fn state(&self) -> BreakerState {
        self.state
    }

    /// Failures in a row.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Asks to let one attempt through at `now`. The breaker may have changed
    /// afterwards: an open one whose pause is over lets one probe through. A
    /// probe whose end was never heard is given up after another pause.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Reason> {
        let rested = now.as_micros().saturating_sub(self.since.as_micros()) >= COOL_OFF_MICROS;
        match self.state {
            BreakerState::Closed => Ok(()),
            BreakerState::Open | BreakerState::HalfOpen if rested => {
                self.state = BreakerState::HalfOpen;
                self.since = now;
                Ok(())
            }
            BreakerState::Open | BreakerState::HalfOpen => Err(Reason::CircuitOpen),
        }
    }

    /// An attempt that was let through ended.
    pub fn ended(&mut self, succeeded: bool, now: Timestamp) {
        if succeeded {
            *self = Self { since: now, ..Self::default() };
            return;
        }
        self.failures += 1;
        if self.state == BreakerState::HalfOpen || self.failures >= FAILURES_TO_OPEN {
            self.state = BreakerState::Open;
            self.since = now;
        }
    }

    /// Reads the payload of an event back: the capability and its breaker.
    pub fn from_value(value: &Value) -> Option<(String, Self)> {
        let breaker = Self {
            state: BreakerState::from_word(value.get("state")?.as_str()?)?,
            failures: value.get("failures")?.as_u64()?,
            since: Timestamp::from_micros(value.get("since")?.as_u64()?),
        };
        Some((value.get("capability")?.as_str()?.to_owned(), breaker))
    }
}

/// The payload of the event that records a change.
#[derive(Debug)]
pub struct BreakerChange<'a> {
    /// The capability.
    pub capability: &'a str,
    /// The breaker from now on.
    pub breaker: &'a Breaker,
}

impl ToCanonical for BreakerChange<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let BreakerChange { capability, breaker: Breaker { state, failures, since } } = self;
        encoder.object(|o| {
            o.field("capability", *capability)
                .field("failures", failures)
                .field("since", since)
                .field("state", state.as_str());
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn it_opens_probes_once_and_closes() {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES_TO_OPEN {
            assert_eq!(breaker.admit(at(0)), Ok(()));
            breaker.ended(false, at(0));
        }
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(at(29)), Err(Reason::CircuitOpen));
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.admit(at(31)), Err(Reason::CircuitOpen), "one probe at a time");
        breaker.ended(false, at(31));
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(at(61)), Ok(()));
        breaker.ended(true, at(62));
        assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Closed, 0));
    }

    #[test]
    fn a_lost_probe_does_not_keep_it_shut_for_ever() {
        let mut breaker = Breaker { state: BreakerState::Open, failures: 5, since: at(0) };
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert_eq!(breaker.admit(at(60)), Ok(()));
    }

    #[test]
    fn a_recorded_change_reads_back() {
        let breaker = Breaker { state: BreakerState::HalfOpen, failures: 7, since: at(9) };
        let change = BreakerChange { capability: "report/write", breaker: &breaker };
        let value = parse(&Encoder::encode(&change)).unwrap();
        assert_eq!(Breaker::from_value(&value), Some(("report/write".to_owned(), breaker)));
    }
}
