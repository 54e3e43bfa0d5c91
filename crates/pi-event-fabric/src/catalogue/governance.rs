//! Payloads of the partition of governance, and of semantic events.

use super::{Entry, document, event};
use crate::evolution::EvolutionKind;
use crate::governance;
use crate::schema::{Form, Level, Record, Schema, Type};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event(
            governance::FENCE_APPROVED,
            fence("pi.fence.approved", "Data of one version may be read as another."),
        ),
        event(governance::FENCE_REVOKED, fence("pi.fence.revoked", "An approval no longer holds.")),
        event(governance::SCHEMA_EVOLVED, evolved()),
        event(
            governance::SHARDS_FROZEN,
            shards("pi.shards.frozen", "Partitions take no events until they are released."),
        ),
        event(
            governance::SHARDS_RELEASED,
            shards("pi.shards.released", "Frozen partitions take events again."),
        ),
        event(governance::EPOCH_ESTABLISHED, epoch()),
        document(semantic()),
    ]
}

fn fence(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward)
        .doc(doc)
        .required("from", Type::text())
        .required("reason", Type::text())
        .required("to", Type::text())
}

fn evolved() -> Schema {
    let change = Record::new()
        .required("change", Type::text())
        .required("kind", Type::words(EvolutionKind::ALL.map(EvolutionKind::as_str)))
        .required("path", Type::text());
    Schema::new("pi.schema.evolved", 1, Level::Backward)
        .doc("A schema got its first or next version, or was deprecated.")
        .required("changes", Type::list(change.into()))
        .required("from_fingerprint", Type::nullable(Type::digest()))
        .required("from_version", Type::nullable(Type::u32()))
        .required("name", Type::text())
        .required("reason", Type::text())
        .required("to_fingerprint", Type::digest())
        .required("to_version", Type::u32())
}

fn shards(name: &str, doc: &str) -> Schema {
    Schema::new(name, 1, Level::Backward)
        .doc(doc)
        .required("reason", Type::text())
        .required("shards", Type::list(Type::form(Form::Name)))
}

fn epoch() -> Schema {
    let shard = Record::new()
        .required("event_hash", Type::form(Form::Link))
        .required("sequence", Type::u64())
        .required("shard", Type::form(Form::Name));
    Schema::new("pi.epoch.established", 1, Level::Backward)
        .doc("An epoch begins: where the frozen shards stand.")
        .required("coordination_hash", Type::digest())
        .required("epoch", Type::u64())
        .required("previous", Type::form(Form::Link))
        .required("shards", Type::list(shard.into()))
}

fn semantic() -> Schema {
    let parent =
        Record::new().required("event_hash", Type::digest()).required("leaf_index", Type::u64());
    Schema::new("pi.semantic", 1, Level::Backward)
        .doc("The member `_semantic` of a payload: intent, lineage, trust and causes.")
        .required("intent", Type::text())
        .required("lineage", Type::list(Type::text()))
        .required("parents", Type::list(parent.into()))
        .required("reproducibility_hash", Type::digest())
        .required("trust", Type::integer(0, 1000))
}
