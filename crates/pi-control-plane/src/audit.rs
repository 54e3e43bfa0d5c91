//! Who asked for what, and what came of it: one event for each call of somebody who is
//! known. Calls of strangers, and those above a limit, are counted together, so that
//! nobody fills a log from outside.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Name, Timestamp};
use pi_event_fabric::control;

pub use pi_event_fabric::control::{AUDIT_PARTITION as PARTITION, CALL_AUDITED as EVENT_TYPE};

/// The name of the schema.
pub const SCHEMA: &str = "pi.audit";

/// Who acts where nobody is known.
pub const ANONYMOUS: &str = "anonymous";

/// How long calls are counted together, in microseconds.
pub const WINDOW_US: u64 = 60_000_000;

/// Counts that are kept at once. What comes above is counted together.
pub const MOST_COUNTS: usize = 4_096;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was answered.
    Allowed,
    /// It was refused.
    Refused,
    /// The platform could not answer it.
    Failed,
    /// The caller went away before there was an answer.
    Abandoned,
}

impl Outcome {
    const ALL: [Outcome; 4] =
        [Outcome::Allowed, Outcome::Refused, Outcome::Failed, Outcome::Abandoned];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Allowed => "allowed",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
            Outcome::Abandoned => "abandoned",
        }
    }

    /// What a status code says.
    pub const fn of_status(status: u16) -> Self {
        match status {
            0..400 => Outcome::Allowed,
            400..500 => Outcome::Refused,
            _ => Outcome::Failed,
        }
    }
}

/// A call that was answered. The route is its pattern, so nothing that was sent is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// How many calls it stands for.
    pub calls: u64,
    /// The method.
    pub method: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The permission that the route demands; none where it demands none.
    pub permission: Option<String>,
    /// The reason code of a refusal.
    pub reason: Option<String>,
    /// The role of the caller, if it is known.
    pub role: Option<String>,
    /// The pattern of the route; none where there is no such route, or where calls of
    /// several are counted together.
    pub route: Option<String>,
    /// The status code; none where there was no answer.
    pub status: Option<u16>,
}

impl ToCanonical for Entry {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Self { calls, method, outcome, permission, reason, role, route, status } = self;
        encoder.object(|o| {
            o.field("calls", calls)
                .field("method", method.as_str())
                .field("outcome", outcome.as_str())
                .field("permission", permission)
                .field("reason", reason)
                .field("role", role)
                .field("route", route)
                .field("status", &status.map(u64::from));
        });
    }
}

impl Entry {
    /// Reads the payload of an event; `None` where it is not one.
    pub fn read(payload: &Value) -> Option<Self> {
        let text = |key: &str| payload.get(key).and_then(Value::as_str).map(str::to_owned);
        let outcome = text("outcome")?;
        Some(Self {
            calls: payload.get("calls")?.as_u64()?,
            method: text("method")?,
            outcome: Outcome::ALL.into_iter().find(|known| known.as_str() == outcome)?,
            permission: text("permission"),
            reason: text("reason"),
            role: text("role"),
            route: text("route"),
            status: payload.get("status").and_then(Value::as_u64).and_then(|s| s.try_into().ok()),
        })
    }
}

/// Whose calls are counted together, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// In whose log.
    pub tenant: Name,
    /// Who acts.
    pub actor: String,
    /// The reason, or the route where nothing was refused.
    pub cause: String,
}

struct Count {
    since: Timestamp,
    entry: Entry,
}

/// Calls that are counted together. The first of each kind is written at once, the others
/// when the window is over.
#[derive(Default)]
pub struct Counts(BTreeMap<Key, Count>);

impl Counts {
    /// Takes a call; what has to be written now.
    pub fn take(&mut self, key: Key, entry: Entry, now: Timestamp) -> Option<(Key, Entry)> {
        // Above the bound, one count stands for all.
        let full = self.0.len() >= MOST_COUNTS && !self.0.contains_key(&key);
        let key = if full { everybody() } else { key };
        match self.0.get_mut(&key) {
            Some(Count { entry: counted, .. }) => {
                counted.calls = counted.calls.saturating_add(1);
                if counted.route != entry.route || counted.method != entry.method {
                    (counted.route, counted.permission) = (None, None);
                }
                None
            }
            None => {
                let entry_of_none = Entry { calls: 0, ..entry.clone() };
                self.0.insert(key.clone(), Count { since: now, entry: entry_of_none });
                Some((key, entry))
            }
        }
    }

    /// Whose windows are over by `now`; all of them at the end.
    pub fn due(&mut self, now: Timestamp, end: bool) -> Vec<(Key, Entry)> {
        let over = |since: Timestamp| now.as_micros() >= since.as_micros() + WINDOW_US;
        let due: Vec<Key> = self
            .0
            .iter()
            .filter(|(_, count)| end || over(count.since))
            .map(|(key, _)| key.clone())
            .collect();
        let taken = due.into_iter().filter_map(|key| {
            let count = self.0.remove(&key)?;
            (count.entry.calls > 0).then_some((key, count.entry))
        });
        taken.collect()
    }
}

/// The key of whatever is too much to be told apart.
fn everybody() -> Key {
    #[expect(clippy::expect_used, reason = "the name of the platform's tenant is one")]
    let tenant = Name::new(control::SYSTEM).expect("it is a name");
    Key { tenant, actor: ANONYMOUS.to_owned(), cause: String::new() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    fn entry(route: &str) -> Entry {
        Entry {
            calls: 1,
            method: "GET".to_owned(),
            outcome: Outcome::Refused,
            permission: None,
            reason: Some("token_required".to_owned()),
            role: None,
            route: Some(route.to_owned()),
            status: Some(401),
        }
    }

    fn key(tenant: &str) -> Key {
        let tenant = Name::new(tenant).unwrap();
        Key { tenant, actor: ANONYMOUS.to_owned(), cause: "token_required".to_owned() }
    }

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn an_entry_comes_back_and_fits_its_schema() {
        let payload = Encoder::encode(&entry("/v1/runs"));
        pi_event_fabric::catalogue::check(SCHEMA, 1, &payload).unwrap();
        assert_eq!(Entry::read(&parse(&payload).unwrap()), Some(entry("/v1/runs")));
        assert_eq!(Entry::read(&parse(b"{}").unwrap()), None);
    }

    #[test]
    fn strangers_are_counted_together() {
        let mut counts = Counts::default();
        let first = counts.take(key("a"), entry("/v1/runs"), at(0));
        assert_eq!(first, Some((key("a"), entry("/v1/runs"))));
        for second in 1..=5 {
            assert_eq!(counts.take(key("a"), entry("/v1/log/events"), at(second)), None);
        }
        assert!(counts.take(key("b"), entry("/v1/runs"), at(6)).is_some());
        assert_eq!(counts.due(at(59), false), []);
        let counted = Entry { calls: 5, route: None, ..entry("") };
        assert_eq!(counts.due(at(60), false), [(key("a"), counted)]);
        // The next one begins a window again; a count of none is not written.
        assert!(counts.take(key("a"), entry("/v1/runs"), at(61)).is_some());
        assert_eq!(counts.due(at(61), true), []);
    }

    #[test]
    fn too_many_kinds_are_one_kind() {
        let mut counts = Counts::default();
        for number in 0..MOST_COUNTS {
            assert!(counts.take(key(&format!("t{number}")), entry("/"), at(0)).is_some());
        }
        let (first, _) = counts.take(key("one"), entry("/"), at(0)).unwrap();
        assert_eq!(first.tenant.as_str(), control::SYSTEM);
        assert_eq!(counts.take(key("another"), entry("/"), at(0)), None);
        assert_eq!(counts.due(at(0), true).len(), 1);
    }
}
