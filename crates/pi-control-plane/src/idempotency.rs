//! Requests that are repeated with the same key: a fold over the partition `idempotency`
//! of a tenant's log. The first request claims the key; the same one again gets the same
//! answer, another one is refused.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, Reason, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::IDEMPOTENCY_PARTITION as PARTITION;

/// How long a key is remembered, in microseconds: a day.
pub const WINDOW_US: u64 = 86_400_000_000;

/// How long a request that was not answered keeps its key, in microseconds.
pub const CLAIM_US: u64 = 600_000_000;

/// Keys that are remembered; the oldest ones make room.
pub const MOST: usize = 10_000;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header `Location`.
    pub location: Option<String>,
    /// Where the body is kept; none where it is made again.
    pub body: Option<Digest>,
}

/// A change of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A request with this body is worked on.
    Claim(Digest),
    /// It was answered.
    Answer(Answer),
    /// It was refused.
    Release,
}

impl Change {
    /// The type of its event, and the schema of its payload.
    pub const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Change::Claim(_) => (control::KEY_CLAIMED, "pi.key.claimed"),
            Change::Answer(_) => (control::KEY_ANSWERED, "pi.key.answered"),
            Change::Release => (control::KEY_RELEASED, "pi.key.released"),
        }
    }

    /// The payload of its event.
    pub fn payload(&self, key: &Digest) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| match self {
            Change::Claim(body) => {
                o.field("body", body).field("key", key);
            }
            Change::Answer(Answer { status, location, body }) => {
                o.field("answer", body)
                    .field("key", key)
                    .field("location", location)
                    .field("status", &u64::from(*status));
            }
            Change::Release => {
                o.field("key", key);
            }
        });
        encoder.into_bytes()
    }

    fn read(event_type: &str, payload: &Value) -> Option<(Digest, Self)> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        let key = Digest::from_hex(text("key")?)?;
        let change = match event_type {
            control::KEY_CLAIMED => Change::Claim(Digest::from_hex(text("body")?)?),
            control::KEY_ANSWERED => Change::Answer(Answer {
                status: payload.get("status")?.as_u64()?.try_into().ok()?,
                location: text("location").map(str::to_owned),
                body: text("answer").and_then(Digest::from_hex),
            }),
            control::KEY_RELEASED => Change::Release,
            _ => return None,
        };
        Some((key, change))
    }
}

#[derive(Clone, Debug)]
struct Known {
    body: Digest,
    at: Timestamp,
    claim: u64,
    answer: Option<Answer>,
}

/// What a request with a key meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody used the key; it may be claimed.
    Free,
    /// The same request was answered.
    Answered(Answer),
    /// The same request is worked on, under the claim at this offset.
    Claimed(u64),
    /// The key belongs to another request.
    Other,
}

impl Standing {
    /// Why the request goes no further.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            Standing::Free | Standing::Answered(_) => None,
            Standing::Claimed(_) => Some(Reason::IdempotencyInProgress),
            Standing::Other => Some(Reason::IdempotencyKeyReused),
        }
    }
}

/// An event that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the type `{0}` cannot be read")]
pub struct InvalidEvent(String);

/// The keys of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    known: BTreeMap<Digest, Known>,
    /// By age; a key that was claimed again is in it twice.
    order: BTreeMap<u64, Digest>,
}

impl Keys {
    /// What a request meets at a moment.
    pub fn standing(&self, key: &Digest, body: &Digest, now: Timestamp) -> Standing {
        let Some(known) = self.known.get(key).filter(|known| is_held(known, now)) else {
            return Standing::Free;
        };
        match &known.answer {
            _ if known.body != *body => Standing::Other,
            Some(answer) => Standing::Answered(answer.clone()),
            None => Standing::Claimed(known.claim),
        }
    }

    /// Folds in an event. Of two claims the first one holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn apply(
        &mut self,
        offset: u64,
        event_type: &str,
        at: Timestamp,
        payload: &Value,
    ) -> Result<(), InvalidEvent> {
        let read = Change::read(event_type, payload);
        let (key, change) = read.ok_or_else(|| InvalidEvent(event_type.to_owned()))?;
        match change {
            Change::Claim(body) => {
                if self.known.get(&key).is_none_or(|known| !is_held(known, at)) {
                    self.known.insert(key, Known { body, at, claim: offset, answer: None });
                    self.order.insert(offset, key);
                    self.make_room();
                }
            }
            Change::Answer(answer) => {
                if let Some(known) = self.known.get_mut(&key) {
                    known.answer = Some(answer);
                }
            }
            Change::Release => {
                self.known.remove(&key);
            }
        }
        Ok(())
    }

    fn make_room(&mut self) {
        while self.order.len() > MOST {
            let Some((offset, key)) = self.order.pop_first() else { return };
            if self.known.get(&key).is_some_and(|known| known.claim == offset) {
                self.known.remove(&key);
            }
        }
    }
}

fn is_held(known: &Known, now: Timestamp) -> bool {
    let lasts = if known.answer.is_some() { WINDOW_US } else { CLAIM_US };
    now.as_micros() < known.at.as_micros().saturating_add(lasts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn put(keys: &mut Keys, offset: u64, change: &Change, s: u64) {
        let (event_type, schema) = change.names();
        let payload = change.payload(&Digest::of(b"key"));
        pi_event_fabric::catalogue::check(schema, 1, &payload).unwrap();
        keys.apply(offset, event_type, at(s), &parse(&payload).unwrap()).unwrap();
    }

    fn meets(keys: &Keys, body: &[u8], s: u64) -> Standing {
        keys.standing(&Digest::of(b"key"), &Digest::of(body), at(s))
    }

    fn answer() -> Answer {
        Answer { status: 201, location: Some("/v1/runs/x".to_owned()), body: None }
    }

    #[test]
    fn the_same_request_gets_the_same_answer_and_another_one_none() {
        let mut keys = Keys::default();
        assert_eq!(meets(&keys, b"a", 0), Standing::Free);
        put(&mut keys, 1, &Change::Claim(Digest::of(b"a")), 0);
        put(&mut keys, 2, &Change::Claim(Digest::of(b"a")), 0);
        assert_eq!(meets(&keys, b"a", 1), Standing::Claimed(1));
        assert_eq!(meets(&keys, b"b", 1), Standing::Other);
        put(&mut keys, 3, &Change::Answer(answer()), 1);
        assert_eq!(meets(&keys, b"a", 86_399), Standing::Answered(answer()));
        assert_eq!(meets(&keys, b"b", 1).reason(), Some(Reason::IdempotencyKeyReused));
        assert_eq!(meets(&keys, b"b", 86_400), Standing::Free);
    }

    #[test]
    fn a_refused_request_leaves_its_key_and_a_lost_one_for_a_while() {
        let mut keys = Keys::default();
        put(&mut keys, 1, &Change::Claim(Digest::of(b"a")), 0);
        put(&mut keys, 2, &Change::Release, 1);
        assert_eq!(meets(&keys, b"b", 1), Standing::Free);
        put(&mut keys, 3, &Change::Claim(Digest::of(b"a")), 2);
        assert_eq!(meets(&keys, b"a", 601).reason(), Some(Reason::IdempotencyInProgress));
        assert_eq!(meets(&keys, b"a", 602), Standing::Free);
        put(&mut keys, 4, &Change::Claim(Digest::of(b"b")), 602);
        assert_eq!(meets(&keys, b"b", 603), Standing::Claimed(4));
    }

    #[test]
    fn so_many_keys_are_remembered() {
        let mut keys = Keys::default();
        let claim = Change::Claim(Digest::of(b"a"));
        for offset in 1..=MOST as u64 + 1 {
            let payload = claim.payload(&Digest::of(&offset.to_be_bytes()));
            keys.apply(offset, claim.names().0, at(0), &parse(&payload).unwrap()).unwrap();
        }
        let meets = |offset: u64| {
            keys.standing(&Digest::of(&offset.to_be_bytes()), &Digest::of(b"a"), at(1))
        };
        assert_eq!(meets(1), Standing::Free);
        assert_eq!(meets(2), Standing::Claimed(2));
        assert!(Keys::default().apply(1, "key.claimed", at(0), &Value::Null).is_err());
    }
}
