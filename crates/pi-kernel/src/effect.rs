//! Effects: announced before, recorded after, never executed twice.

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Digest, Reason};

use crate::capability::ArtifactType;

/// What a shell must do to the world. The announcement of it is durable before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write these bytes to this file, whole or not at all.
    WriteFile {
        /// The file.
        path: String,
        /// Its content.
        bytes: Vec<u8>,
    },
}

impl ToCanonical for Effect {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| match self {
            Effect::WriteFile { path, bytes } => {
                o.field("bytes", &bytes.len())
                    .field("digest", &Digest::of(bytes))
                    .field("kind", "file/write")
                    .field("path", path);
            }
        });
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum EffectOutcome {
    /// It was done, and reports this.
    Done {
        /// The type of the report.
        artifact_type: ArtifactType,
        /// The report.
        report: Value,
    },
    /// It was not done, and nothing changed.
    Failed {
        /// What the system said.
        detail: String,
    },
    /// It was not tried: the breaker is open.
    Refused(Reason),
    /// It was announced, and nobody knows whether it was done.
    Unknown,
}

impl EffectOutcome {
    /// The stable word.
    pub const fn as_str(&self) -> &'static str {
        match self {
            EffectOutcome::Done { .. } => "done",
            EffectOutcome::Failed { .. } => "failed",
            EffectOutcome::Refused(_) => "refused",
            EffectOutcome::Unknown => "unknown",
        }
    }

    /// The reason code, unless it was done.
    pub const fn reason(&self) -> Option<Reason> {
        match self {
            EffectOutcome::Done { .. } => None,
            EffectOutcome::Failed { .. } => Some(Reason::EffectFailed),
            EffectOutcome::Refused(reason) => Some(*reason),
            EffectOutcome::Unknown => Some(Reason::OutcomeUnknown),
        }
    }

    /// Reads the payload of an outcome record back.
    pub fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        Some(match text("outcome")? {
            "done" => EffectOutcome::Done {
                artifact_type: ArtifactType::EffectReport,
                report: value.get("report")?.clone(),
            },
            "failed" => EffectOutcome::Failed { detail: text("detail")?.to_owned() },
            "refused" => EffectOutcome::Refused(Reason::from_code(text("reason")?)?),
            "unknown" => EffectOutcome::Unknown,
            _ => return None,
        })
    }
}

/// The announcement of an attempt.
pub(crate) struct Intent<'a> {
    pub(crate) node: &'a str,
    pub(crate) attempt: u32,
    pub(crate) effect: &'a Effect,
}

impl ToCanonical for Intent<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Intent { node, attempt, effect } = self;
        encoder.object(|o| {
            o.field("attempt", attempt).field("effect", *effect).field("node", *node);
        });
    }
}

/// The record of what came of an attempt.
pub(crate) struct Concluded<'a> {
    pub(crate) node: &'a str,
    pub(crate) attempt: u32,
    pub(crate) outcome: &'a EffectOutcome,
    /// The pause before the next attempt, if there is one.
    pub(crate) retry_after_ms: Option<u64>,
}

impl ToCanonical for Concluded<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Concluded { node, attempt, outcome, retry_after_ms } = self;
        let (detail, report) = match outcome {
            EffectOutcome::Done { report, .. } => (None, Some(report)),
            EffectOutcome::Failed { detail } => (Some(detail), None),
            EffectOutcome::Refused(_) | EffectOutcome::Unknown => (None, None),
        };
        encoder.object(|o| {
            o.field("attempt", attempt)
                .field("detail", &detail)
                .field("node", *node)
                .field("outcome", outcome.as_str())
                .field("reason", &outcome.reason())
                .field_with("report", |e| match report {
                    Some(report) => report.to_canonical(e),
                    None => e.null(),
                })
                .field("retry_after_ms", retry_after_ms);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    #[test]
    fn a_recorded_outcome_reads_back() {
        for outcome in [
            EffectOutcome::Done {
                artifact_type: ArtifactType::EffectReport,
                report: Value::from("r"),
            },
            EffectOutcome::Failed { detail: "full".to_owned() },
            EffectOutcome::Refused(Reason::CircuitOpen),
            EffectOutcome::Unknown,
        ] {
            let record =
                Concluded { node: "n", attempt: 1, outcome: &outcome, retry_after_ms: None };
            let value = parse(&Encoder::encode(&record)).unwrap();
            assert_eq!(EffectOutcome::from_value(&value), Some(outcome));
        }
    }
}
