//! Comparison of a recorded run with its repetition.

use std::collections::BTreeMap;

use pi_agent_api::Catalogue;
use pi_core::canonical::{Object, Value, parse};

use crate::record::Record;

/// One difference between the record and the repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Position among the records of the run, from 0.
    pub position: u64,
    /// What the record is about: event type and worker.
    pub subject: String,
    /// The field; empty when a whole record is missing or extra.
    pub field: String,
    /// What was recorded.
    pub recorded: String,
    /// What the repetition gave.
    pub repeated: String,
}

/// Fields that follow from other fields: a difference in them alone is not
/// worth a line when another field of the record differs, and is only the echo
/// of an earlier record otherwise.
const DERIVED: &[&str] = &[
    "previous_receipt_hash",
    "receipt_hash",
    "previous_boundary_hash",
    "boundary_hash",
    "receipts_head",
];

/// Agents whose revision is another one in this build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    changed: BTreeMap<String, (Option<u64>, Option<u64>)>,
}

impl Revisions {
    /// What changed between the recorded agents (`slug@revision`) and this
    /// build's.
    pub fn between(recorded: &[String], catalogue: &Catalogue) -> Self {
        let mut changed: BTreeMap<String, (Option<u64>, Option<u64>)> = BTreeMap::new();
        for agent in recorded {
            if let Some((slug, revision)) = agent.rsplit_once('@') {
                changed.entry(slug.to_owned()).or_default().0 = revision.parse().ok();
            }
        }
        for agent in catalogue.agents() {
            let meta = agent.meta();
            changed.entry(meta.slug.to_owned()).or_default().1 = Some(u64::from(meta.revision));
        }
        changed.retain(|_, (before, now)| before != now);
        Self { changed }
    }

    /// Slug, recorded revision and this build's, where they differ.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<u64>, Option<u64>)> {
        self.changed.iter().map(|(slug, (before, now))| (slug.as_str(), *before, *now))
    }

    fn explain(&self, capability: &str) -> bool {
        self.changed.contains_key(capability)
    }
}

/// What a comparison says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every record is equal.
    Identical,
    /// Only receipts of agents with another revision differ, and what follows
    /// from them.
    ExplainedByRevision,
    /// Something else differs.
    Diverged,
}

impl Verdict {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Identical => "identical",
            Verdict::ExplainedByRevision => "explained_by_revision",
            Verdict::Diverged => "diverged",
        }
    }
}

/// Compares record by record.
#[derive(Debug, Default)]
pub struct Comparison {
    compared: u64,
    differing: u64,
    unexplained: u64,
    differences: Vec<Difference>,
    revisions: Revisions,
}

/// Differences that are kept for display.
const MAX_DIFFERENCES: usize = 50;

impl Comparison {
    /// A comparison of builds that differ in `revisions`.
    pub fn new(revisions: Revisions) -> Self {
        Self { revisions, ..Self::default() }
    }

    /// The agents whose revision differs.
    pub fn revisions(&self) -> &Revisions {
        &self.revisions
    }

    /// What the comparison says so far.
    pub fn verdict(&self) -> Verdict {
        if self.differing == 0 {
            Verdict::Identical
        } else if self.unexplained == 0 {
            Verdict::ExplainedByRevision
        } else {
            Verdict::Diverged
        }
    }

    /// Records compared so far.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// Records that differ.
    pub fn differing(&self) -> u64 {
        self.differing
    }

    /// The first differences, field by field.
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Whether everything compared so far is equal.
    pub fn is_identical(&self) -> bool {
        self.differing == 0
    }

    /// Compares the next record of each side; `None` where a side has no more.
    /// A receipt that only one side has, of an agent with another revision, is
    /// taken alone: the other side's record is compared with the next one.
    pub fn next(&mut self, recorded: Option<(&str, &[u8])>, repeated: Option<&Record>) -> Taken {
        let position = self.compared;
        self.compared += 1;
        let same = match (recorded, repeated) {
            (Some((event_type, payload)), Some(record)) => {
                event_type == record.event_type && payload == record.payload
            }
            (None, None) => true,
            _ => false,
        };
        if same {
            return Taken::Both;
        }
        self.differing += 1;
        let taken = self.alone(recorded, repeated);
        let (recorded, repeated) = match taken {
            Taken::Both => (recorded, repeated),
            Taken::Recorded => (recorded, None),
            Taken::Repeated => (None, repeated),
        };
        if taken == Taken::Both && !self.explained(recorded, repeated) {
            self.unexplained += 1;
        }
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.extend(difference(position, recorded, repeated));
        }
        taken
    }

    /// Whether one side has a receipt that the other has not, because another
    /// revision of its agent was not triggered there.
    fn alone(&self, recorded: Option<(&str, &[u8])>, repeated: Option<&Record>) -> Taken {
        if self.revisions.changed.is_empty() {
            return Taken::Both;
        }
        let left = recorded.map(|(_, payload)| worker(payload)).unwrap_or_default();
        let right = repeated.map(|record| worker(&record.payload)).unwrap_or_default();
        if left == right {
            return Taken::Both;
        }
        // Receipts of an artifact stand in the order of the catalogue.
        let changed = |(capability, _): &(String, String)| self.revisions.explain(capability);
        if changed(&left) && (!changed(&right) || left.0 < right.0) {
            Taken::Recorded
        } else if changed(&right) {
            Taken::Repeated
        } else {
            Taken::Both
        }
    }
}

/// Capability and worker of a receipt.
fn worker(payload: &[u8]) -> (String, String) {
    let object = object(payload);
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("capability"), text("worker_id"))
}

/// Which side goes on after a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Both.
    Both,
    /// Only the recorded side; the repeated record is compared again.
    Recorded,
    /// Only the repeated side; the recorded record is compared again.
    Repeated,
}

impl Comparison {
    /// Whether a difference follows from another revision of an agent: it is a
    /// receipt of that agent, or only what sums receipts up.
    fn explained(&self, recorded: Option<(&str, &[u8])>, repeated: Option<&Record>) -> bool {
        if self.revisions.changed.is_empty() {
            return false;
        }
        let (Some((event_type, recorded)), Some(record)) = (recorded, repeated) else {
            return false;
        };
        if event_type != record.event_type {
            return false;
        }
        let (left, right) = (object(recorded), object(&record.payload));
        let capability = |object: &Object| {
            object.get("capability").and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        if self.revisions.explain(&capability(&left)) && capability(&left) == capability(&right) {
            return true;
        }
        let differs = |key: &&String| left.get(*key) != right.get(*key);
        let mut keys = left.keys().chain(right.keys()).filter(differs);
        keys.all(|key| DERIVED.contains(&key.as_str()) || SUMS.contains(&key.as_str()))
    }
}

/// Fields that sum up what agents found.
const SUMS: &[&str] = &[
    "applicable",
    "executed",
    "index",
    "receipts",
    "catalogue",
    "input",
    "output",
    "merged_output",
    "determinism_proof",
    "findings",
    "risk",
    "decision",
    "reasons",
    "receipts_head",
    "boundaries_head",
];

fn difference(
    position: u64,
    recorded: Option<(&str, &[u8])>,
    repeated: Option<&Record>,
) -> Vec<Difference> {
    let whole = |subject: String, recorded: &str, repeated: &str| {
        vec![Difference {
            position,
            subject,
            field: String::new(),
            recorded: recorded.to_owned(),
            repeated: repeated.to_owned(),
        }]
    };
    match (recorded, repeated) {
        (Some((event_type, payload)), Some(record)) if event_type == record.event_type => {
            fields(position, event_type, payload, &record.payload)
        }
        (Some((event_type, _)), Some(record)) => {
            whole("event type".to_owned(), event_type, record.event_type)
        }
        (Some((event_type, payload)), None) => {
            whole(subject(event_type, payload), "present", "missing")
        }
        (None, Some(record)) => {
            whole(subject(record.event_type, &record.payload), "missing", "present")
        }
        (None, None) => Vec::new(),
    }
}

fn object(payload: &[u8]) -> Object {
    match parse(payload) {
        Ok(Value::Object(object)) => object,
        _ => Object::new(),
    }
}

fn subject(event_type: &str, payload: &[u8]) -> String {
    match object(payload).get("worker_id").or(object(payload).get("phase")).and_then(Value::as_str)
    {
        Some(worker) => format!("{event_type} {worker}"),
        None => event_type.to_owned(),
    }
}

fn fields(position: u64, event_type: &str, recorded: &[u8], repeated: &[u8]) -> Vec<Difference> {
    let (left, right) = (object(recorded), object(repeated));
    let subject = subject(event_type, recorded);
    let show = |value: Option<&Value>| match value {
        Some(value) => String::from_utf8_lossy(&pi_core::Encoder::encode(value)).into_owned(),
        None => "absent".to_owned(),
    };
    let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter()
        .filter(|key| left.get(*key) != right.get(*key) && !DERIVED.contains(&key.as_str()))
        .map(|key| Difference {
            position,
            subject: subject.clone(),
            field: key.clone(),
            recorded: show(left.get(key)),
            repeated: show(right.get(key)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &str) -> Record {
        Record {
            schema: "s",
            schema_version: 1,
            event_type: "receipt.issued",
            payload: payload.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_changed_field_is_named_and_echoes_are_not() {
        let mut comparison = Comparison::default();
        let repeated = record(r#"{"output":"b","receipt_hash":"y","worker_id":"w"}"#);
        comparison.next(
            Some(("receipt.issued", br#"{"output":"a","receipt_hash":"x","worker_id":"w"}"#)),
            Some(&repeated),
        );
        comparison.next(None, Some(&repeated));
        assert_eq!(comparison.differing(), 2);
        let fields: Vec<_> = comparison.differences().iter().map(|d| d.field.as_str()).collect();
        assert_eq!(fields, ["output", ""]);
        assert!(!comparison.is_identical());
    }
}
