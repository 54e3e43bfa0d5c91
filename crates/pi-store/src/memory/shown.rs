//! Entries as they are shown: `pi.memory/1` (`docs/schemas/memory.schema.json`).

use pi_core::canonical::{Encoder, ToCanonical};

use super::{Age, Entry, Freshness};

/// An entry with what is known of it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The entry.
    pub entry: Entry,
    /// How long ago it was written.
    pub age: Age,
    /// Whether its source is what it was, if somebody looked.
    pub freshness: Option<Freshness>,
}

/// What was found for a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Recalled<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The entries.
    pub entries: &'a [Shown],
}

impl ToCanonical for Recalled<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Recalled { tenant, entries } = self;
        encoder.object(|o| {
            o.field_with("entries", |e| e.array(entries.iter()))
                .field("schema", "pi.memory/1")
                .field("tenant", *tenant);
        });
    }
}

impl ToCanonical for Shown {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Shown { entry: Entry { sequence, hash, draft }, age, freshness } = self;
        encoder.object(|o| {
            o.field("age", age.as_str())
                .field("body", &draft.body)
                .field("drift", draft.drift.as_str())
                .field("freshness", &freshness.map(Freshness::as_str))
                .field("hash", hash)
                .field("key", &draft.key)
                .field("run_id", &draft.run)
                .field("sequence", sequence)
                .field("source", &draft.source)
                .field("written_at", &draft.written_at);
        });
    }
}
