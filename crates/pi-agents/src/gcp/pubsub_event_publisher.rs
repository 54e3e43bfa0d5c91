//! See [`PubsubEventPublisher`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::{Data, Node};
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;

rule!(
    MISSING,
    "missing-event-attribute",
    Medium,
    High,
    ["CWE-20"],
    "an event lacks an attribute that every receiver needs",
    "add `id`, `source`, `specversion` and `type`, none of them empty"
);
rule!(
    FORM,
    "malformed-event-attribute",
    Medium,
    High,
    ["CWE-20"],
    "an attribute of an event does not have its form",
    "write `specversion` as 1.0, `time` as RFC 3339, names in lower-case letters and digits"
);
rule!(
    DATA,
    "event-data-twice",
    Medium,
    High,
    ["CWE-20"],
    "an event has its data twice",
    "give either `data` or `data_base64`"
);
rule!(
    SIZE,
    "event-too-large",
    Medium,
    Medium,
    ["CWE-770"],
    "an event is larger than what receivers must accept",
    "put the data into a store and a reference into the event"
);

declare_agent! {
    /// Finds events that receivers refuse.
    ///
    /// # What it checks
    /// Events in the JSON form of CloudEvents 1.0, alone or in a batch: attributes
    /// that are required, their form, names of extensions, data given twice, and the
    /// size: 64 KiB are accepted everywhere, 10 MB by Pub/Sub.
    ///
    /// # Why it matters
    /// An event that a receiver refuses is sent again and again, or is gone.
    ///
    /// # Example denied
    /// ```json
    /// {"specversion": "1.0", "type": "shop.order", "source": ""}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"specversion": "1.0", "type": "shop.order", "source": "/orders", "id": "1"}
    /// ```
    ///
    /// # Limits
    /// Data is not compared with the schema that `dataschema` names. Ordering keys are
    /// a matter of the request and not of the event. Nothing is published.
    ///
    /// # References
    /// CloudEvents 1.0.2, JSON event format; Pub/Sub: quotas and limits.
    pub struct PubsubEventPublisher {
        slug: "pubsub_event_publisher",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json],
        triggers: Any(&["specversion"]),
        invariant_to: ALL,
        rules: [MISSING, FORM, DATA, SIZE],
        fixture: include_str!("fixtures/pubsub_event_publisher.md"),
        check: check,
    }
}

/// Bytes that every receiver must accept.
const PORTABLE: u32 = 64 * 1024;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let root = &document.root;
        let one = std::slice::from_ref(root);
        for (number, event) in if root.is_map() { one } else { root.items() }.iter().enumerate() {
            report.tick(1 + event.entries().len() as u64)?;
            let others = ["id", "source", "type", "data", "data_base64", "datacontenttype"];
            // A schema of events has the word as well, but a map behind it.
            let is_event = event.get("specversion").is_some_and(|node| node.scalar().is_some())
                && others.iter().filter(|key| event.get(key).is_some()).count() >= 2;
            if is_event {
                judge(event, number + 1, report);
            }
        }
    }
    Ok(())
}

fn judge(event: &Node, number: usize, report: &mut Report) {
    let subject = |what: &str| format!("event[{number}]/{what}");
    let head = event.entry("specversion").map_or(event.span, |entry| entry.key_span);
    for name in ["id", "source", "specversion", "type"] {
        if event.get(name).and_then(Node::scalar).unwrap_or_default().is_empty() {
            report
                .finding(&MISSING, head)
                .message(format!("`{name}` is missing or empty"))
                .subject(subject(name));
        }
    }
    for entry in event.entries() {
        let value = entry.value.scalar().unwrap_or_default();
        let known = matches!(entry.key.as_str(), "data" | "data_base64");
        let name_ok =
            entry.key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let nested = matches!(entry.value.value, Data::Map(_) | Data::Sequence(_));
        let wrong = match entry.key.as_str() {
            _ if known => None,
            _ if !name_ok => Some("is not in lower-case letters and digits"),
            _ if nested => Some("is no single value"),
            "specversion" if !value.is_empty() && value != "1.0" && value != "0.3" => {
                Some("is no version of CloudEvents")
            }
            "time" if !is_time(value) => Some("is no time of RFC 3339"),
            "datacontenttype" if !value.contains('/') => Some("is no media type"),
            "source" | "dataschema" if value.contains(' ') => Some("is no URI"),
            _ => None,
        };
        if let Some(wrong) = wrong {
            report
                .finding(&FORM, entry.key_span)
                .message(format!("`{}` {wrong}", entry.key))
                .subject(subject(&entry.key));
        }
    }
    if let (Some(_), Some(second)) = (event.get("data"), event.entry("data_base64")) {
        report.finding(&DATA, second.key_span).subject(subject("data"));
    }
    if event.span.end.saturating_sub(event.span.start) > PORTABLE {
        report.finding(&SIZE, head).subject(subject("size"));
    }
}

/// `2026-01-01T00:00:00Z`, with a fraction or another zone.
fn is_time(text: &str) -> bool {
    let shape: String = text
        .chars()
        .take(19)
        .map(|c| if c.is_ascii_digit() { '0' } else { c.to_ascii_uppercase() })
        .collect();
    let zone = text
        .get(19..)
        .unwrap_or_default()
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = zone.len() == 6 && zone.starts_with(['+', '-']);
    shape == "0000-00-00T00:00:00" && (zone.eq_ignore_ascii_case("z") || offset)
}
