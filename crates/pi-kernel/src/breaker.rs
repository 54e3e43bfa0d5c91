//! Circuit breakers of effectful capabilities, one for each tenant and
//! capability. Pure agents have none: they cannot be down.

use std::collections::BTreeMap;

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
}

/// The breakers of a tenant, as the events of its log say.
#[derive(Clone, Debug, Default)]
pub struct Breakers(BTreeMap<String, (Breaker, u64)>);

impl Breakers {
    /// Takes the payload of the next event, at its offset. A change counts when nothing
    /// came between it and the change that it follows; whoever was too late with it
    /// looks again. Gives whether it counts.
    pub fn take(&mut self, offset: u64, payload: &Value) -> bool {
        let Some((capability, after, breaker)) = change(payload) else { return false };
        let counts = after.is_none_or(|after| after == self.last(&capability));
        if counts {
            self.0.insert(capability, (breaker, offset));
        }
        counts
    }

    /// The breaker of a capability.
    pub fn of(&self, capability: &str) -> Breaker {
        self.0.get(capability).map(|(breaker, _)| *breaker).unwrap_or_default()
    }

    /// The offset of the change that made it what it is; 0 before the first.
    pub fn last(&self, capability: &str) -> u64 {
        self.0.get(capability).map_or(0, |(_, offset)| *offset)
    }

    /// All that ever changed, by capability.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Breaker)> {
        self.0.iter().map(|(capability, (breaker, _))| (capability.as_str(), breaker))
    }
}

fn change(payload: &Value) -> Option<(String, Option<u64>, Breaker)> {
    let breaker = Breaker {
        state: BreakerState::from_word(payload.get("state")?.as_str()?)?,
        failures: payload.get("failures")?.as_u64()?,
        since: Timestamp::from_micros(payload.get("since")?.as_u64()?),
    };
    // Version 1 did not say.
    let after = payload.get("after").and_then(Value::as_u64);
    Some((payload.get("capability")?.as_str()?.to_owned(), after, breaker))
}

/// The payload of the event that records a change.
#[derive(Debug)]
pub struct BreakerChange<'a> {
    /// The offset of the change that it follows, 0 for the first.
    pub after: u64,
    /// The capability.
    pub capability: &'a str,
    /// The breaker from now on.
    pub breaker: &'a Breaker,
}

impl ToCanonical for BreakerChange<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let BreakerChange { after, capability, breaker } = self;
        let Breaker { state, failures, since } = breaker;
        encoder.object(|o| {
            o.field("after", after)
                .field("capability", *capability)
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
    fn a_recorded_change_counts_when_it_follows_the_last() {
        let mut breakers = Breakers::default();
        let mut take = |offset, after, failures| {
            let breaker = Breaker { state: BreakerState::HalfOpen, failures, since: at(9) };
            let change = BreakerChange { after, capability: "report/write", breaker: &breaker };
            breakers.take(offset, &parse(&Encoder::encode(&change)).unwrap())
        };
        assert!(take(3, 0, 1));
        assert!(!take(4, 0, 7), "it looked before offset 3");
        assert!(take(5, 3, 2));
        let old = br#"{"capability":"report/write","failures":9,"since":1,"state":"open"}"#;
        assert_eq!((breakers.of("report/write").failures(), breakers.last("report/write")), (2, 5));
        assert!(breakers.take(6, &parse(old).unwrap()), "version 1 always counts");
        assert_eq!(breakers.of("report/write").failures(), 9);
        assert!(!breakers.take(7, &Value::Null));
    }
}
