//! Comparison of a recorded run with its repetition.

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

/// Compares record by record.
#[derive(Debug, Default)]
pub struct Comparison {
    compared: u64,
    differing: u64,
    differences: Vec<Difference>,
}

/// Differences that are kept for display.
const MAX_DIFFERENCES: usize = 50;

impl Comparison {
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
    pub fn next(&mut self, recorded: Option<(&str, &[u8])>, repeated: Option<&Record>) {
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
            return;
        }
        self.differing += 1;
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.extend(difference(position, recorded, repeated));
        }
    }
}

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
