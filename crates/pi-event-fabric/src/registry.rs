//! The registry: schemas by name and version, with the migrations between them.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Digest, Reason};

use crate::migration::{GraphError, Migration, MigrationError, MigrationGraph, Step, StepError};
use crate::schema::{Misfit, Schema, Type, compatibility, id};
use crate::semantic;

/// Schemas and migrations.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    schemas: BTreeMap<String, BTreeMap<u32, Schema>>,
    migrations: MigrationGraph,
}

/// Why something is not registered, or why a payload cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The version exists with other content.
    #[error("{id} is registered with another content; give the changed schema a new version")]
    Changed {
        /// The schema.
        id: String,
    },
    /// A version was left out.
    #[error("{id} needs version {needed} before it")]
    Gap {
        /// The schema.
        id: String,
        /// The missing version.
        needed: u32,
    },
    /// The version breaks readers that its level protects.
    #[error("{id} is not compatible with the version before: {violations}")]
    Incompatible {
        /// The schema.
        id: String,
        /// The forbidden changes.
        violations: String,
    },
    /// A version has no migration from the one before.
    #[error("{id} has no migration from the version before")]
    NoMigration {
        /// The schema.
        id: String,
    },
    /// There is no such schema.
    #[error("the schema {id} is not registered")]
    Unknown {
        /// The schema.
        id: String,
    },
    /// A payload or a default does not fit.
    #[error("{id}: {misfit}")]
    Misfit {
        /// The schema.
        id: String,
        /// Where and why.
        misfit: Misfit,
    },
    /// Steps that are no migration.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The graph refuses.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A step failed on a payload.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl RegistryError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RegistryError::Unknown { .. } => Reason::UnknownSchema,
            RegistryError::Graph(GraphError::NoPath { .. } | GraphError::Irreversible { .. }) => {
                Reason::NoMigrationPath
            }
            _ => Reason::SchemaMismatch,
        }
    }
}

/// A payload as another version sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Hydrated {
    /// Fingerprint of the version that it was written with.
    pub from: Digest,
    /// Fingerprint of the version that it is read with.
    pub to: Digest,
    /// Hashes of the migrations on the way.
    pub path: Vec<Digest>,
    /// The payload.
    pub payload: Value,
    /// Hash of the payload's canonical form.
    pub payload_hash: Digest,
}

impl ToCanonical for Hydrated {
    fn to_canonical(&self, encoder: &mut Encoder) {
        // The payload is covered by its hash.
        let Hydrated { from, to, path, payload: _, payload_hash } = self;
        encoder.object(|o| {
            o.field("from", from)
                .field("path", path)
                .field("payload_hash", payload_hash)
                .field("to", to);
        });
    }
}

impl Schema {
    fn fits(&self, payload: &Value) -> Result<(), RegistryError> {
        self.check(payload).map_err(|misfit| RegistryError::Misfit { id: self.id(), misfit })
    }
}

impl Registry {
    /// Registers a version. Versions begin at 1 and leave none out; each keeps what
    /// its level and that of its predecessor promise. The same again changes nothing.
    pub fn register(&mut self, schema: Schema) -> Result<(), RegistryError> {
        let id = schema.id();
        let misfit = |misfit| RegistryError::Misfit { id: id.clone(), misfit };
        for (name, field) in &schema.record.0 {
            let default = field.default.as_ref();
            default.map_or(Ok(()), |value| field.ty.check(name, value)).map_err(misfit)?;
        }
        let versions = self.schemas.entry(schema.name.clone()).or_default();
        if let Some(known) = versions.get(&schema.version) {
            let same = known.fingerprint() == schema.fingerprint();
            return if same { Ok(()) } else { Err(RegistryError::Changed { id }) };
        }
        let needed = versions.keys().next_back().map_or(1, |last| last + 1);
        if schema.version != needed {
            return Err(RegistryError::Gap { id, needed });
        }
        if let Some(before) = versions.values().next_back() {
            let violations = compatibility(before, &schema).violations();
            if !violations.is_empty() {
                let words: Vec<String> = violations.iter().map(ToString::to_string).collect();
                return Err(RegistryError::Incompatible { id, violations: words.join("; ") });
            }
        }
        versions.insert(schema.version, schema);
        Ok(())
    }

    /// Registers the steps from one version of a schema to another.
    pub fn migrate(
        &mut self,
        name: &str,
        from: u32,
        to: u32,
        steps: Vec<Step>,
    ) -> Result<(), RegistryError> {
        let migration = Migration::new(self.schema(name, from)?, self.schema(name, to)?, steps)?;
        Ok(self.migrations.add(migration)?)
    }

    /// Every version but the first has a migration from the one before.
    pub fn is_complete(&self) -> Result<(), RegistryError> {
        for versions in self.schemas.values() {
            for (before, after) in versions.values().zip(versions.values().skip(1)) {
                if self.migrations.edge(before.fingerprint(), after.fingerprint()).is_none() {
                    return Err(RegistryError::NoMigration { id: after.id() });
                }
            }
        }
        Ok(())
    }

    /// A version of a schema.
    pub fn schema(&self, name: &str, version: u32) -> Result<&Schema, RegistryError> {
        let found = self.schemas.get(name).and_then(|versions| versions.get(&version));
        found.ok_or_else(|| RegistryError::Unknown { id: id(name, version) })
    }

    /// The newest version of a schema.
    pub fn latest(&self, name: &str) -> Option<&Schema> {
        self.schemas.get(name)?.values().next_back()
    }

    /// All versions of all schemas, by name and version.
    pub fn schemas(&self) -> impl Iterator<Item = &Schema> {
        self.schemas.values().flat_map(BTreeMap::values)
    }

    /// The migrations.
    pub fn migrations(&self) -> &MigrationGraph {
        &self.migrations
    }

    /// Checks a stored payload against its schema. A member of any type that is a
    /// document of its own, which names its schema as `NAME/VERSION`, is checked
    /// against that.
    pub fn check(&self, name: &str, version: u32, payload: &[u8]) -> Result<(), RegistryError> {
        let schema = self.schema(name, version)?;
        let value = parse(payload).map_err(|error| RegistryError::Misfit {
            id: schema.id(),
            misfit: Misfit { path: "payload".to_owned(), problem: error.to_string() },
        })?;
        let (value, _) = self.split(&value)?;
        schema.fits(&value)?;
        for (member, document) in value.as_object().into_iter().flatten() {
            if schema.record.0.get(member).is_none_or(|field| field.ty != Type::Any) {
                // What its own schema describes is checked.
                continue;
            }
            let mark = document.get("schema").and_then(Value::as_str);
            let mark = mark.and_then(|mark| mark.rsplit_once('/'));
            if let Some((name, version)) = mark
                && let Ok(version) = version.parse()
            {
                self.schema(name, version)?.fits(document)?;
            }
        }
        Ok(())
    }

    /// Takes off the member `_semantic`, which any payload may have, and checks it.
    fn split(&self, payload: &Value) -> Result<(Value, Option<Value>), RegistryError> {
        let mut payload = payload.clone();
        let semantics = match &mut payload {
            Value::Object(object) => object.remove(semantic::KEY),
            _ => None,
        };
        if let Some(semantics) = &semantics {
            self.schema("pi.semantic", 1)?.fits(semantics)?;
        }
        Ok((payload, semantics))
    }

    /// A payload of one version as another sees it. It must fit its own version, and
    /// the result fits the other. Equal versions need no migration.
    pub fn hydrate(
        &self,
        name: &str,
        version: u32,
        payload: &Value,
        target: u32,
    ) -> Result<Hydrated, RegistryError> {
        let (source, target) = (self.schema(name, version)?, self.schema(name, target)?);
        let (payload, semantics) = self.split(payload)?;
        source.fits(&payload)?;
        let (from, to) = (source.fingerprint(), target.fingerprint());
        let plan = self.migrations.plan(from, to)?;
        let mut payload = plan.apply(payload)?;
        target.fits(&payload)?;
        if let (Value::Object(object), Some(semantics)) = (&mut payload, semantics) {
            object.insert(semantic::KEY.to_owned(), semantics);
        }
        let path = plan.hops.iter().map(|hop| hop.migration.hash()).collect();
        let payload_hash = Digest::of_canonical(&payload);
        Ok(Hydrated { from, to, path, payload, payload_hash })
    }
}
