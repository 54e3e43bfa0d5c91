//! What waits for a person: a fold over the partition `approvals` of a tenant's log. An
//! approval is given to the hash of a request, by somebody else than who asked, within a
//! bounded time, and is good for one run.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Value};
use pi_core::{Digest, Reason, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::APPROVALS_PARTITION as PARTITION;

/// How long is waited for a person, and then for the run, in seconds.
pub const LIFETIME_S: u64 = 86_400;

/// Bytes of what a person says at most.
pub const MAX_REASON_BYTES: usize = 1_024;

/// Approvals that are remembered; the oldest ones make room.
pub const MOST: usize = 10_000;

/// A change of what waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A request waits from now on.
    Request {
        /// Its hash.
        request: Digest,
        /// Its document, kept under this digest.
        document: Digest,
        /// Why it may not run unattended.
        reasons: Vec<Reason>,
        /// Until when is waited.
        expires_at: Timestamp,
    },
    /// It may run, once.
    Grant(u64, String),
    /// It may not run.
    Reject(u64, String),
    /// A run uses it.
    Use(u64),
}

impl Change {
    /// The type of its event, and the schema of its payload.
    pub const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Change::Request { .. } => (control::APPROVAL_REQUESTED, "pi.approval.requested"),
            Change::Grant(..) => (control::APPROVAL_GRANTED, "pi.approval.granted"),
            Change::Reject(..) => (control::APPROVAL_REJECTED, "pi.approval.rejected"),
            Change::Use(_) => (control::APPROVAL_USED, "pi.approval.used"),
        }
    }

    /// The payload of its event.
    pub fn payload(&self) -> Vec<u8> {
        let mut encoder = Encoder::default();
        encoder.object(|o| match self {
            Change::Request { request, document, reasons, expires_at } => {
                o.field("document", document)
                    .field("expires_at", expires_at)
                    .field_with("reasons", |e| e.array(reasons.iter().map(|r| r.code())))
                    .field("request_hash", request);
            }
            Change::Grant(id, reason) | Change::Reject(id, reason) => {
                o.field("approval", id).field("reason", reason.as_str());
            }
            Change::Use(id) => {
                o.field("approval", id);
            }
        });
        encoder.into_bytes()
    }

    fn read(event_type: &str, payload: &Value) -> Option<Self> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str);
        let id = || payload.get("approval").and_then(Value::as_u64);
        Some(match event_type {
            control::APPROVAL_REQUESTED => Change::Request {
                request: Digest::from_hex(text("request_hash")?)?,
                document: Digest::from_hex(text("document")?)?,
                reasons: payload
                    .get("reasons")?
                    .as_array()?
                    .iter()
                    .filter_map(|reason| Reason::from_code(reason.as_str()?))
                    .collect(),
                expires_at: Timestamp::from_micros(payload.get("expires_at")?.as_u64()?),
            },
            control::APPROVAL_GRANTED => Change::Grant(id()?, text("reason")?.to_owned()),
            control::APPROVAL_REJECTED => Change::Reject(id()?, text("reason")?.to_owned()),
            control::APPROVAL_USED => Change::Use(id()?),
            _ => return None,
        })
    }
}

/// Who decided, when, and what was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was said.
    pub reason: String,
}

/// Where an approval is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody decided yet.
    Pending,
    /// It may run, once.
    Approved(Decided),
    /// It may not run.
    Rejected(Decided),
    /// It ran, or was about to; by the event at this offset.
    Used(Decided, u64),
}

/// A request that waits or waited for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The hash of the request.
    pub request: Digest,
    /// Where its document is kept.
    pub document: Digest,
    /// Who asked.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Until when it may be decided and used.
    pub expires_at: Timestamp,
    /// Why it may not run unattended.
    pub reasons: Vec<Reason>,
    /// Where it is.
    pub state: State,
}

impl Approval {
    /// The stable word of where it is at a moment.
    pub fn word(&self, now: Timestamp) -> &'static str {
        match &self.state {
            State::Pending | State::Approved(_) if now >= self.expires_at => "expired",
            State::Pending => "pending",
            State::Approved(_) => "approved",
            State::Rejected(_) => "rejected",
            State::Used(..) => "used",
        }
    }
}

/// Why a change may not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// There is none with this id.
    #[error("there is no approval {0}")]
    Unknown(u64),
    /// Whoever asked may not decide.
    #[error("`{0}` asked for it, and somebody else must decide")]
    Own(String),
    /// It is too late.
    #[error("it was waited for until {}", .0.as_micros())]
    Expired(Timestamp),
    /// It is not where the change begins.
    #[error("it is {0} already")]
    Decided(&'static str),
    /// An event cannot be read.
    #[error("an event of the type `{0}` cannot be read")]
    Invalid(String),
}

impl ApprovalError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ApprovalError::Unknown(_) => Reason::ApprovalUnknown,
            ApprovalError::Own(_) => Reason::ApprovalSelf,
            ApprovalError::Expired(_) => Reason::ApprovalExpired,
            ApprovalError::Decided(_) => Reason::ApprovalDecided,
            ApprovalError::Invalid(_) => Reason::LogCorrupt,
        }
    }
}

/// What waits and waited, by the offset of the event that asked.
#[derive(Clone, Debug, Default)]
pub struct Approvals(BTreeMap<u64, Approval>);

impl Approvals {
    /// One of them.
    pub fn get(&self, id: u64) -> Option<&Approval> {
        self.0.get(&id)
    }

    /// All before an id, newest first.
    pub fn before(&self, id: Option<u64>) -> impl Iterator<Item = (u64, &Approval)> {
        self.0.range(..id.unwrap_or(u64::MAX)).rev().map(|(id, approval)| (*id, approval))
    }

    /// The newest one of a request that somebody asked for and that is still good: it
    /// waits, or is approved and not used.
    pub fn of_request(
        &self,
        request: &Digest,
        by: &str,
        now: Timestamp,
    ) -> Option<(u64, &Approval)> {
        self.before(None).find(|(_, approval)| {
            approval.request == *request
                && approval.by == by
                && matches!(approval.word(now), "pending" | "approved")
        })
    }

    /// Whether somebody may make a change now.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, change: &Change, by: &str, now: Timestamp) -> Result<(), ApprovalError> {
        let id = match change {
            Change::Request { .. } => return Ok(()),
            Change::Grant(id, _) | Change::Reject(id, _) | Change::Use(id) => *id,
        };
        let approval = self.get(id).ok_or(ApprovalError::Unknown(id))?;
        let uses = matches!(change, Change::Use(_));
        if !uses && approval.by == by {
            return Err(ApprovalError::Own(by.to_owned()));
        }
        match (approval.word(now), uses) {
            ("expired", _) => Err(ApprovalError::Expired(approval.expires_at)),
            ("pending", false) | ("approved", true) => Ok(()),
            (word, _) => Err(ApprovalError::Decided(word)),
        }
    }

    /// Folds in an event, and says whether it had an effect: what could not be done at its
    /// place in the log was not done.
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
    ) -> Result<bool, ApprovalError> {
        let invalid = || ApprovalError::Invalid(event_type.to_owned());
        let change = Change::read(event_type, payload).ok_or_else(invalid)?;
        if self.check(&change, by, at).is_err() {
            return Ok(false);
        }
        let decided = |reason| Decided { by: by.to_owned(), at, reason };
        match change {
            Change::Request { request, document, reasons, expires_at } => {
                let by = by.to_owned();
                let state = State::Pending;
                let asked = Approval { request, document, by, at, expires_at, reasons, state };
                self.0.insert(offset, asked);
                if self.0.len() > MOST {
                    self.0.pop_first();
                }
            }
            Change::Grant(id, reason) => self.put(id, State::Approved(decided(reason))),
            Change::Reject(id, reason) => self.put(id, State::Rejected(decided(reason))),
            Change::Use(id) => {
                if let Some(approval) = self.0.get_mut(&id)
                    && let State::Approved(decided) = &approval.state
                {
                    approval.state = State::Used(decided.clone(), offset);
                }
            }
        }
        Ok(true)
    }

    fn put(&mut self, id: u64, state: State) {
        if let Some(approval) = self.0.get_mut(&id) {
            approval.state = state;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn request() -> Change {
        Change::Request {
            request: Digest::of(b"request"),
            document: Digest::of(b"document"),
            reasons: vec![Reason::ApprovalRequired],
            expires_at: at(100),
        }
    }

    fn put(approvals: &mut Approvals, offset: u64, change: &Change, by: &str, s: u64) -> bool {
        let (event_type, schema) = change.names();
        let payload = change.payload();
        pi_event_fabric::catalogue::check(schema, 1, &payload).unwrap();
        approvals.apply(offset, event_type, by, at(s), &parse(&payload).unwrap()).unwrap()
    }

    #[test]
    fn somebody_else_approves_once_and_one_run_uses_it() {
        let mut all = Approvals::default();
        assert!(put(&mut all, 1, &request(), "ann", 0));
        let grant = Change::Grant(1, "fine".to_owned());
        assert_eq!(all.check(&grant, "ann", at(1)), Err(ApprovalError::Own("ann".to_owned())));
        assert!(!put(&mut all, 2, &grant, "ann", 1), "also where it is written all the same");
        assert_eq!(
            all.check(&Change::Use(1), "ann", at(1)),
            Err(ApprovalError::Decided("pending"))
        );
        assert!(put(&mut all, 3, &grant, "bob", 2));
        assert_eq!(all.check(&grant, "eve", at(3)), Err(ApprovalError::Decided("approved")));
        let found = all.of_request(&Digest::of(b"request"), "ann", at(3)).unwrap().0;
        assert_eq!(found, 1);
        assert!(put(&mut all, 4, &Change::Use(1), "ann", 3));
        assert!(!put(&mut all, 5, &Change::Use(1), "ann", 3));
        assert!(matches!(all.get(1).unwrap().state, State::Used(_, 4)));
        assert_eq!(all.of_request(&Digest::of(b"request"), "ann", at(3)), None);
    }

    #[test]
    fn what_is_late_or_rejected_never_runs() {
        let mut all = Approvals::default();
        put(&mut all, 1, &request(), "ann", 0);
        let late = Change::Grant(1, String::new());
        assert_eq!(all.check(&late, "bob", at(100)), Err(ApprovalError::Expired(at(100))));
        assert!(!put(&mut all, 2, &late, "bob", 100));
        assert_eq!(all.get(1).unwrap().word(at(100)), "expired");
        put(&mut all, 3, &request(), "ann", 0);
        assert!(put(&mut all, 4, &Change::Reject(3, "no".to_owned()), "bob", 1));
        assert_eq!(
            all.check(&Change::Use(3), "ann", at(2)),
            Err(ApprovalError::Decided("rejected"))
        );
        assert_eq!(all.check(&Change::Use(9), "ann", at(2)), Err(ApprovalError::Unknown(9)));
        assert_eq!(all.before(Some(3)).map(|(id, _)| id).collect::<Vec<_>>(), [1]);
    }

    #[test]
    fn damage_is_told() {
        let mut all = Approvals::default();
        let damaged = all.apply(1, control::APPROVAL_USED, "ann", at(0), &Value::Null);
        assert_eq!(damaged.unwrap_err().reason(), Reason::LogCorrupt);
    }
}
