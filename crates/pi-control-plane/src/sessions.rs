//! Sessions: a fold over the partition `sessions` of a tenant's log. In a session words
//! become proposals; a session approves and runs nothing.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, Reason, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::SESSIONS_PARTITION as PARTITION;

/// Characters of a label at most.
pub const MAX_LABEL: usize = 200;

/// How long a session is open that nobody uses, in microseconds: a day.
pub const IDLE_US: u64 = 86_400_000_000;

/// Sessions that are open at once; the one that was used least recently makes room.
pub const MOST: usize = 1_024;

/// Proposals of a session that are remembered; the oldest ones make room.
pub const MOST_PROPOSALS: usize = 100;

/// A change of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It began.
    Open(String),
    /// Words with this digest became a request with this hash.
    Propose {
        /// The session.
        session: u64,
        /// The words.
        words: Digest,
        /// The request.
        request: Digest,
    },
    /// It ended.
    Close(u64),
}

impl Change {
    /// The type of its event, and the schema of its payload.
    pub const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Change::Open(_) => (control::SESSION_OPENED, "pi.session.opened"),
            Change::Propose { .. } => (control::SESSION_PROPOSED, "pi.session.proposed"),
            Change::Close(_) => (control::SESSION_CLOSED, "pi.session.closed"),
        }
    }

    /// The payload of its event.
    pub fn payload(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| match self {
            Change::Open(label) => {
                o.field("label", label.as_str());
            }
            Change::Propose { session, words, request } => {
                o.field("drafted", "rules")
                    .field("request_hash", request)
                    .field("session", session)
                    .field("words", words);
            }
            Change::Close(session) => {
                o.field("session", session);
            }
        });
        encoder.into_bytes()
    }

    fn read(event_type: &str, payload: &Value) -> Option<Self> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        let digest = |key: &str| text(key).and_then(Digest::from_hex);
        let session = || payload.get("session").and_then(Value::as_u64);
        Some(match event_type {
            control::SESSION_OPENED => Change::Open(text("label")?.to_owned()),
            control::SESSION_PROPOSED => Change::Propose {
                session: session()?,
                words: digest("words")?,
                request: digest("request_hash")?,
            },
            control::SESSION_CLOSED => Change::Close(session()?),
            _ => return None,
        })
    }
}

/// A request that was proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Its hash.
    pub request: Digest,
    /// When.
    pub at: Timestamp,
}

/// A session that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What people call it.
    pub label: String,
    /// Who began it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// When it was used last.
    pub used_at: Timestamp,
    /// What was proposed in it, oldest first.
    pub proposals: Vec<Proposal>,
}

/// Why a session cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// There is none with this id, or it ended.
    #[error("there is no open session {0}")]
    Unknown(u64),
    /// An event cannot be read.
    #[error("an event of the type `{0}` cannot be read")]
    Invalid(String),
}

impl SessionError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            SessionError::Unknown(_) => Reason::SessionUnknown,
            SessionError::Invalid(_) => Reason::LogCorrupt,
        }
    }
}

/// The open sessions of a tenant, by the offset of the event that opened each.
#[derive(Clone, Debug, Default)]
pub struct Sessions(BTreeMap<u64, Session>);

impl Sessions {
    /// A session that is open at a moment.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, id: u64, now: Timestamp) -> Result<&Session, SessionError> {
        self.0.get(&id).filter(|session| is_open(session, now)).ok_or(SessionError::Unknown(id))
    }

    /// The sessions before an id that are open at a moment, newest first.
    pub fn before(&self, id: Option<u64>, now: Timestamp) -> impl Iterator<Item = (u64, &Session)> {
        let all = self.0.range(..id.unwrap_or(u64::MAX)).rev();
        all.filter(move |(_, session)| is_open(session, now)).map(|(id, session)| (*id, session))
    }

    /// Folds in an event. What is of no open session has no effect.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn apply(
        &mut self,
        offset: u64,
        event_type: &str,
        by: &str,
        at: Timestamp,
        payload: &Value,
    ) -> Result<(), SessionError> {
        let invalid = || SessionError::Invalid(event_type.to_owned());
        match Change::read(event_type, payload).ok_or_else(invalid)? {
            Change::Open(label) => {
                if self.0.len() >= MOST {
                    let idle = self.0.iter().min_by_key(|(_, session)| session.used_at);
                    if let Some(id) = idle.map(|(id, _)| *id) {
                        self.0.remove(&id);
                    }
                }
                let (by, proposals) = (by.to_owned(), Vec::new());
                self.0.insert(offset, Session { label, by, at, used_at: at, proposals });
            }
            Change::Propose { session, request, words: _ } => {
                let open = self.0.get_mut(&session).filter(|session| is_open(session, at));
                if let Some(session) = open {
                    session.used_at = at;
                    if session.proposals.len() >= MOST_PROPOSALS {
                        session.proposals.remove(0);
                    }
                    session.proposals.push(Proposal { request, at });
                }
            }
            Change::Close(session) => {
                self.0.remove(&session);
            }
        }
        Ok(())
    }
}

fn is_open(session: &Session, now: Timestamp) -> bool {
    now.as_micros() < session.used_at.as_micros().saturating_add(IDLE_US)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn put(sessions: &mut Sessions, offset: u64, change: &Change, s: u64) {
        let (event_type, schema) = change.names();
        let payload = change.payload();
        pi_event_fabric::catalogue::check(schema, 1, &payload).unwrap();
        sessions.apply(offset, event_type, "ann", at(s), &parse(&payload).unwrap()).unwrap();
    }

    fn propose(session: u64) -> Change {
        Change::Propose { session, words: Digest::of(b"w"), request: Digest::of(b"r") }
    }

    #[test]
    fn a_session_is_used_and_ends() {
        let mut all = Sessions::default();
        put(&mut all, 1, &Change::Open("one".to_owned()), 0);
        put(&mut all, 2, &propose(1), 5);
        put(&mut all, 3, &propose(9), 5);
        let session = all.get(1, at(6)).unwrap();
        assert_eq!((session.proposals.len(), session.by.as_str()), (1, "ann"));
        // It ends a day behind its last use.
        assert!(all.get(1, at(86_404)).is_ok());
        assert_eq!(all.get(1, at(86_405)), Err(SessionError::Unknown(1)));
        assert_eq!(all.before(None, at(86_405)).count(), 0);
        put(&mut all, 4, &propose(1), 86_405);
        assert_eq!(all.get(1, at(86_406)).unwrap_err().reason(), Reason::SessionUnknown);
        put(&mut all, 5, &Change::Open(String::new()), 86_406);
        put(&mut all, 6, &Change::Close(5), 86_407);
        assert!(all.get(5, at(86_407)).is_err());
        assert!(all.apply(7, "session.closed", "ann", at(0), &Value::Null).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut all = Sessions::default();
        for offset in 1..=MOST as u64 + 1 {
            put(&mut all, offset, &Change::Open(String::new()), offset);
        }
        assert_eq!(all.before(None, at(2_000)).count(), MOST);
        assert!(all.get(1, at(2_000)).is_err());
        for _ in 0..=MOST_PROPOSALS {
            put(&mut all, 9_999, &propose(2), 2_000);
        }
        assert_eq!(all.get(2, at(2_000)).unwrap().proposals.len(), MOST_PROPOSALS);
    }
}
