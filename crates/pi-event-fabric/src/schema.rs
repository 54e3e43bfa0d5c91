//! Schemas of payloads: what a schema is, and its fingerprint.
//!
//! A schema never changes: another content is another version. [`diff`] says what
//! changed between two versions, [`Level`] which changes are allowed.

mod check;
mod diff;
mod level;
mod read;
mod types;
mod version;

pub use check::Misfit;
pub use diff::{Change, ChangeKind, diff};
pub use level::{Compatibility, Level, Violation, compatibility};
pub use types::{Field, Form, Record, Type};
pub use version::{InvalidVersion, SchemaVersion};

use pi_core::Digest;
use pi_core::canonical::{Encoder, ToCanonical};

/// The schema of a payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    /// Its name, such as `pi.receipt`.
    pub name: String,
    /// Its version: the header's `schema_version`.
    pub version: u32,
    /// Which changes the next version may make.
    pub level: Level,
    /// The fields. A payload has no others.
    pub record: Record,
    /// What it is for. Not under the fingerprint.
    pub doc: String,
}

impl Schema {
    /// A schema without fields.
    pub fn new(name: &str, version: u32, level: Level) -> Self {
        let (name, doc) = (name.to_owned(), String::new());
        Self { name, version, level, record: Record::new(), doc }
    }

    /// With this description.
    #[must_use]
    pub fn doc(mut self, doc: &str) -> Self {
        doc.clone_into(&mut self.doc);
        self
    }

    /// With a field that every payload has.
    #[must_use]
    pub fn required(mut self, name: &str, ty: Type) -> Self {
        self.record = self.record.required(name, ty);
        self
    }

    /// With a field that a payload may lack.
    #[must_use]
    pub fn optional(mut self, name: &str, ty: Type) -> Self {
        self.record = self.record.optional(name, ty);
        self
    }

    /// With a field of all its properties.
    #[must_use]
    pub fn with(mut self, name: &str, field: Field) -> Self {
        self.record = self.record.with(name, field);
        self
    }

    /// `NAME@VERSION`.
    pub fn id(&self) -> String {
        id(&self.name, self.version)
    }

    /// SHA-256 of the canonical form: everything but descriptions.
    pub fn fingerprint(&self) -> Digest {
        Digest::of_canonical(self)
    }
}

/// `NAME@VERSION`.
pub fn id(name: &str, version: u32) -> String {
    format!("{name}@{version}")
}

impl ToCanonical for Schema {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Schema { name, version, level, record, doc: _ } = self;
        encoder.object(|o| {
            o.field("compatibility", level.as_str())
                .field("fields", record)
                .field("name", name)
                .field("version", version);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        Schema::new("pi.test", 1, Level::Full)
            .required("a", Type::u64())
            .optional("b", Type::list(Type::digest()))
    }

    #[test]
    fn descriptions_and_the_order_of_fields_do_not_count() {
        let other = Schema::new("pi.test", 1, Level::Full)
            .doc("explained")
            .with("b", Field::optional(Type::list(Type::digest())).doc("explained too"))
            .required("a", Type::u64());
        assert_eq!(other.fingerprint(), schema().fingerprint());
    }

    #[test]
    fn everything_else_counts() {
        let base = schema();
        let changed = [
            Schema { name: "pi.other".to_owned(), ..base.clone() },
            Schema { version: 2, ..base.clone() },
            Schema { level: Level::None, ..base.clone() },
            base.clone().required("a", Type::u32()),
            base.clone().optional("a", Type::u64()),
            base.clone().with("a", Field::required(Type::u64()).default_value(7.into())),
            base.clone().required("c", Type::Bool),
            base.clone().optional("b", Type::list(Type::text())),
        ];
        let mut seen = vec![base.fingerprint()];
        for schema in changed {
            let fingerprint = schema.fingerprint();
            assert!(!seen.contains(&fingerprint), "{schema:?}");
            seen.push(fingerprint);
        }
    }
}
