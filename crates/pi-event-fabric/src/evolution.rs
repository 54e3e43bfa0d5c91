//! The evolution of schemas (rule ART-3): a schema changes only through entries of an
//! append-only log, each naming what changed.

use std::collections::BTreeMap;

use pi_core::Digest;
use pi_core::canonical::{Encoder, ToCanonical, Value};

use crate::registry::{Registry, RegistryError};
use crate::schema::{Change, ChangeKind, Schema, diff, id};

/// The kind of an entry, as the specification names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvolutionKind {
    /// A field came.
    AddField,
    /// A field went.
    RemoveField,
    /// A field has another type.
    TypeChange,
    /// A flag, default, word or constraint changed.
    RuleChange,
    /// The schema should no longer be written.
    Deprecate,
}

impl EvolutionKind {
    /// Every kind.
    pub const ALL: [EvolutionKind; 5] = [
        EvolutionKind::AddField,
        EvolutionKind::RemoveField,
        EvolutionKind::TypeChange,
        EvolutionKind::RuleChange,
        EvolutionKind::Deprecate,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            EvolutionKind::AddField => "ADD_FIELD",
            EvolutionKind::RemoveField => "REMOVE_FIELD",
            EvolutionKind::TypeChange => "TYPE_CHANGE",
            EvolutionKind::RuleChange => "RULE_CHANGE",
            EvolutionKind::Deprecate => "DEPRECATE",
        }
    }

    /// The kind of a change.
    pub const fn of(change: ChangeKind) -> Self {
        match change {
            ChangeKind::FieldAddedOptional | ChangeKind::FieldAddedRequired => {
                EvolutionKind::AddField
            }
            ChangeKind::FieldRemovedOptional | ChangeKind::FieldRemovedRequired => {
                EvolutionKind::RemoveField
            }
            ChangeKind::TypeWidened | ChangeKind::TypeNarrowed | ChangeKind::TypeChanged => {
                EvolutionKind::TypeChange
            }
            ChangeKind::BecameRequired
            | ChangeKind::BecameRequiredWithDefault
            | ChangeKind::BecameOptional
            | ChangeKind::BecameOptionalWithDefault
            | ChangeKind::DefaultChanged
            | ChangeKind::ConstraintTightened
            | ChangeKind::ConstraintLoosened
            | ChangeKind::ConstraintChanged
            | ChangeKind::EnumVariantAdded
            | ChangeKind::EnumVariantRemoved => EvolutionKind::RuleChange,
        }
    }
}

/// One entry: a schema got its next version, or was deprecated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evolution {
    /// The schema's name.
    pub schema: String,
    /// The version before and its fingerprint; `None` for the first.
    pub from: Option<(u32, Digest)>,
    /// The version from now on and its fingerprint.
    pub to: (u32, Digest),
    /// What changed.
    pub changes: Vec<Change>,
    /// The schema should no longer be written.
    pub deprecates: bool,
    /// Why.
    pub reason: String,
}

impl Evolution {
    /// The first version of a schema, or the step from one to the next.
    pub fn step(before: Option<&Schema>, after: &Schema, reason: &str) -> Self {
        Self {
            schema: after.name.clone(),
            from: before.map(|schema| (schema.version, schema.fingerprint())),
            to: (after.version, after.fingerprint()),
            changes: before.map(|before| diff(before, after)).unwrap_or_default(),
            deprecates: false,
            reason: reason.to_owned(),
        }
    }

    /// The end of a schema.
    pub fn deprecation(schema: &Schema, reason: &str) -> Self {
        let at = (schema.version, schema.fingerprint());
        Self { deprecates: true, from: Some(at), ..Self::step(None, schema, reason) }
    }
}

impl ToCanonical for Evolution {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Evolution { schema, from, to, changes, deprecates, reason } = self;
        encoder.object(|o| {
            o.field_with("changes", |e| {
                let kinds = changes.iter().map(|change| Entry {
                    kind: EvolutionKind::of(change.kind),
                    change: Some(change),
                });
                let end =
                    deprecates.then_some(Entry { kind: EvolutionKind::Deprecate, change: None });
                e.array(kinds.chain(end));
            })
            .field("from_fingerprint", &from.map(|(_, fingerprint)| fingerprint))
            .field("from_version", &from.map(|(version, _)| version))
            .field("name", schema)
            .field("reason", reason)
            .field("to_fingerprint", &to.1)
            .field("to_version", &to.0);
        });
    }
}

struct Entry<'a> {
    kind: EvolutionKind,
    change: Option<&'a Change>,
}

impl ToCanonical for Entry<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Entry { kind, change } = self;
        encoder.object(|o| {
            o.field("change", change.map_or("", |change| change.kind.as_str()))
                .field("kind", kind.as_str())
                .field("path", change.map_or("", |change| change.path.as_str()));
        });
    }
}

/// Why an entry does not follow from the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvolutionError {
    /// The entry does not start from the version that the log has reached.
    #[error("the log has reached {reached} of `{schema}`; the entry does not go on from there")]
    OutOfOrder {
        /// The schema.
        schema: String,
        /// What the log has reached: `nothing` or a version.
        reached: String,
    },
    /// The schema was deprecated.
    #[error("`{0}` is deprecated")]
    Deprecated(String),
    /// The entry says something else than the two versions show.
    #[error("the entry to {0} does not name what changed")]
    Untrue(String),
    /// The versions are not registered.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// What the log says about each schema.
#[derive(Clone, Debug, Default)]
pub struct EvolutionLog {
    reached: BTreeMap<String, (u32, Digest, bool)>,
    entries: u64,
}

impl EvolutionLog {
    /// Entries so far.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The version that a schema has reached, and whether it is deprecated.
    pub fn reached(&self, schema: &str) -> Option<(u32, bool)> {
        self.reached.get(schema).map(|(version, _, deprecated)| (*version, *deprecated))
    }

    /// Takes the next entry. It must go on from where the log is, and say exactly
    /// what the registered versions show.
    pub fn take(&mut self, registry: &Registry, entry: &Evolution) -> Result<(), EvolutionError> {
        let name = &entry.schema;
        let reached = self.reached.get(name);
        let before = match reached {
            Some((_, _, true)) => return Err(EvolutionError::Deprecated(name.clone())),
            Some((version, fingerprint, false)) => Some((*version, *fingerprint)),
            None => None,
        };
        let next = before.map_or(1, |(version, _)| version + 1);
        let target = if entry.deprecates { before.map(|(version, _)| version) } else { Some(next) };
        if entry.from != before || target != Some(entry.to.0) {
            let reached = before.map_or("nothing".to_owned(), |(version, _)| id(name, version));
            return Err(EvolutionError::OutOfOrder { schema: name.clone(), reached });
        }
        let after = registry.schema(name, entry.to.0)?;
        let expected = match before {
            _ if entry.deprecates => Evolution::deprecation(after, &entry.reason),
            Some((version, _)) => {
                Evolution::step(Some(registry.schema(name, version)?), after, &entry.reason)
            }
            None => Evolution::step(None, after, &entry.reason),
        };
        if *entry != expected {
            return Err(EvolutionError::Untrue(after.id()));
        }
        self.reached.insert(name.clone(), (entry.to.0, entry.to.1, entry.deprecates));
        self.entries += 1;
        Ok(())
    }

    /// Takes the payload of a stored event.
    pub fn take_payload(
        &mut self,
        registry: &Registry,
        payload: &Value,
    ) -> Result<(), EvolutionError> {
        let entry = read(payload).ok_or_else(|| EvolutionError::Untrue("nothing".to_owned()))?;
        // The entry holds the versions' own changes, or it is refused.
        let entry = match (entry.from, entry.deprecates) {
            (Some((before, _)), false) => Evolution {
                changes: diff(
                    registry.schema(&entry.schema, before)?,
                    registry.schema(&entry.schema, entry.to.0)?,
                ),
                ..entry
            },
            _ => entry,
        };
        if Encoder::encode(&entry) != Encoder::encode(payload) {
            return Err(EvolutionError::Untrue(id(&entry.schema, entry.to.0)));
        }
        self.take(registry, &entry)
    }
}

/// A payload's entry, without its changes.
fn read(payload: &Value) -> Option<Evolution> {
    let version = |key: &str| u32::try_from(payload.get(key)?.as_u64()?).ok();
    let digest = |key: &str| Digest::from_hex(payload.get(key)?.as_str()?);
    let deprecate = EvolutionKind::Deprecate.as_str();
    let mut changes = payload.get("changes")?.as_array()?.iter();
    Some(Evolution {
        schema: payload.get("name")?.as_str()?.to_owned(),
        from: version("from_version").zip(digest("from_fingerprint")),
        to: (version("to_version")?, digest("to_fingerprint")?),
        changes: Vec::new(),
        deprecates: changes
            .any(|change| change.get("kind").and_then(Value::as_str) == Some(deprecate)),
        reason: payload.get("reason")?.as_str()?.to_owned(),
    })
}
