//! The fence before cross-version replay: a pair of versions can be crossed when an
//! event of the tenant's own log says so. Default deny.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value, parse};

use crate::HeaderView;
use crate::governance::{FENCE_APPROVED, FENCE_REVOKED};

/// The payload of an approval and of its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FenceEntry {
    /// The version that events were written with, as `NAME@VERSION`.
    pub from: String,
    /// The version that they may be read with.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// A pair that is no crossing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFence {
    /// A side is malformed.
    #[error("`{0}` is no version of a schema; write NAME@VERSION, such as pi.receipt@1")]
    Side(String),
    /// The sides belong to different schemas, or are equal.
    #[error("from `{from}` to `{to}` nothing is crossed: name two versions of one schema")]
    Pair {
        /// The first side.
        from: String,
        /// The second side.
        to: String,
    },
    /// No reason is given.
    #[error("an approval needs a reason")]
    NoReason,
}

impl FenceEntry {
    /// Checks the sides and the reason.
    pub fn new(from: &str, to: &str, reason: &str) -> Result<Self, InvalidFence> {
        let (name, version) = side(from)?;
        let (other_name, other_version) = side(to)?;
        if name != other_name || version == other_version {
            return Err(InvalidFence::Pair { from: from.to_owned(), to: to.to_owned() });
        }
        if reason.trim().is_empty() {
            return Err(InvalidFence::NoReason);
        }
        Ok(Self { from: from.to_owned(), to: to.to_owned(), reason: reason.to_owned() })
    }
}

fn side(text: &str) -> Result<(&str, u32), InvalidFence> {
    let parts = text.rsplit_once('@').and_then(|(name, version)| {
        let number: u32 = version.parse().ok()?;
        // One text for one version.
        (!name.is_empty() && number > 0 && number.to_string() == version).then_some((name, number))
    });
    parts.ok_or_else(|| InvalidFence::Side(text.to_owned()))
}

impl ToCanonical for FenceEntry {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let FenceEntry { from, to, reason } = self;
        encoder.object(|o| {
            o.field("from", from).field("reason", reason).field("to", to);
        });
    }
}

/// An approval that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// What was approved, and why.
    pub entry: FenceEntry,
    /// Who approved it.
    pub approved_by: String,
    /// Microseconds since 1970.
    pub approved_at: u64,
    /// Offset of the event in the partition of governance.
    pub offset: u64,
}

/// The approvals of a tenant, as its events say in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fences(BTreeMap<(String, String), Approval>);

impl Fences {
    /// Takes the next event of the partition of governance. Other events than those
    /// of fences, and redacted ones, say nothing.
    pub fn take(&mut self, view: &HeaderView<'_>, payload: Option<&Value>) {
        let entry = payload.and_then(|payload| {
            let text = |key: &str| payload.get(key).and_then(Value::as_str);
            FenceEntry::new(text("from")?, text("to")?, text("reason")?).ok()
        });
        let Some(entry) = entry else { return };
        let pair = (entry.from.clone(), entry.to.clone());
        match view.event_type {
            FENCE_APPROVED => {
                let approved_by = unescaped(view.actor);
                let (approved_at, offset) = (view.recorded_at, view.offset);
                self.0.insert(pair, Approval { entry, approved_by, approved_at, offset });
            }
            FENCE_REVOKED => {
                self.0.remove(&pair);
            }
            _ => {}
        }
    }

    /// Whether data of one version may be read as the other.
    pub fn allows(&self, from: &str, to: &str) -> bool {
        from == to || self.0.contains_key(&(from.to_owned(), to.to_owned()))
    }

    /// The approvals that hold.
    pub fn approvals(&self) -> impl Iterator<Item = &Approval> {
        self.0.values()
    }
}

/// A header's string without its JSON escapes.
fn unescaped(text: &str) -> String {
    match parse(format!("\"{text}\"").as_bytes()) {
        Ok(Value::String(text)) => text,
        // A header's strings are JSON: this is one that was read already.
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_versions_of_one_schema_are_a_crossing() {
        assert!(FenceEntry::new("pi.a@1", "pi.a@2", "tested").is_ok());
        assert!(FenceEntry::new("pi.a@2", "pi.a@1", "tested").is_ok());
        for (from, to, reason) in [
            ("pi.a@1", "pi.a@1", "r"),
            ("pi.a@1", "pi.b@2", "r"),
            ("pi.a", "pi.a@2", "r"),
            ("pi.a@01", "pi.a@2", "r"),
            ("pi.a@0", "pi.a@2", "r"),
            ("@1", "@2", "r"),
            ("pi.a@1", "pi.a@2", " "),
        ] {
            assert!(FenceEntry::new(from, to, reason).is_err(), "{from} {to}");
        }
    }
}
