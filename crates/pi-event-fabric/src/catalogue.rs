//! The payloads that the platform writes: one entry for each version of each event's
//! schema, in the file of its family.
//!
//! To add an event, add an entry and run `cargo xtask generate`, which writes its
//! fingerprint into `schemas.lock`. To change one, add the next version beside it and
//! a migration to [`migrations`]; a changed fingerprint under the same version is
//! refused.

mod control;
mod governance;
mod identity;
mod log;
mod runs;

use std::sync::OnceLock;

use crate::migration::Step;
use crate::registry::{Registry, RegistryError};
use crate::schema::Schema;

/// A schema, and where it stands.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The schema of the payload or document.
    pub schema: Schema,
    /// The type of the events with this payload; `None` for a document inside one.
    pub event_type: Option<&'static str>,
}

fn event(event_type: &'static str, schema: Schema) -> Entry {
    Entry { schema, event_type: Some(event_type) }
}

fn document(schema: Schema) -> Entry {
    Entry { schema, event_type: None }
}

/// Every entry. A family of events is one line here.
pub fn entries() -> Vec<Entry> {
    [
        runs::entries(),
        log::entries(),
        governance::entries(),
        control::entries(),
        identity::entries(),
    ]
    .concat()
}

/// Name, version before, version after, steps.
type Evolution = (&'static str, u32, u32, Vec<Step>);

/// The migrations between versions.
fn migrations() -> Vec<Evolution> {
    runs::migrations()
}

/// Builds the registry of this build.
pub fn build() -> Result<Registry, RegistryError> {
    let mut registry = Registry::default();
    for entry in entries() {
        registry.register(entry.schema)?;
    }
    for (name, from, to, steps) in migrations() {
        registry.migrate(name, from, to, steps)?;
    }
    registry.is_complete()?;
    Ok(registry)
}

/// The registry of this build.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "the entries are constant, and a test builds them")]
    REGISTRY.get_or_init(|| build().expect("the catalogue is consistent"))
}

/// Whether a payload fits its schema. Names outside `pi.`, and those that only tests
/// and measurements use, are free.
pub fn check(name: &str, version: u32, payload: &[u8]) -> Result<(), RegistryError> {
    if !name.starts_with("pi.") || name.starts_with("pi.test") || name.starts_with("pi.bench") {
        return Ok(());
    }
    registry().check(name, version, payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_is_consistent() {
        let registry = build().unwrap();
        assert_eq!(registry.schemas().count(), entries().len());
        assert!(std::ptr::eq(super::registry(), super::registry()));
    }

    #[test]
    fn every_schema_is_described_and_every_event_type_has_one_schema() {
        let mut types = BTreeSet::new();
        for Entry { schema, event_type } in entries() {
            assert!(schema.doc.ends_with('.'), "{} has no description", schema.id());
            if let Some(event_type) = event_type {
                let fresh = types.insert((event_type, schema.version));
                assert!(fresh, "two schemas for {event_type}");
            }
        }
    }
    #[test]
    fn documents_are_checked_where_the_payload_leaves_them_open() {
        let digest = "0".repeat(64);
        let plan = |more: &str| {
            format!(
                r#"{{"plan":{{"bounds":{{"max_artifacts":1,"max_depth":1,"max_execution_time_ms":1,"max_fanout":1,"max_total_nodes":1,"shard_count":1}},"bounds_violations":[],"decision":"DENY","policy":"{digest}","reasons":[],"request_hash":"{digest}","request_id":"r","schema":"pi.simulation/1","status":"REJECTED","steps":[]{more}}},"verification_hash":"{digest}"}}"#
            )
        };
        let check = |payload: String| check("pi.simulation", 1, payload.as_bytes());
        check(plan("")).unwrap();
        let error = check(plan(r#","x":1"#)).unwrap_err().to_string();
        assert!(error.contains("`plan.x`"), "{error}");
    }
}
