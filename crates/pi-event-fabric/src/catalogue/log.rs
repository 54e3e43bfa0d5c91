//! Payloads about the log itself.

use super::{Entry, event};
use crate::schema::{Level, Schema, Type};

pub(super) fn entries() -> Vec<Entry> {
    vec![event("event.redacted", redacted())]
}

fn redacted() -> Schema {
    Schema::new("pi.event.redacted", 1, Level::Backward)
        .doc("Salt and payload of an event were erased.")
        .required("leaf_index", Type::u64())
        .required("reason", Type::text())
}
