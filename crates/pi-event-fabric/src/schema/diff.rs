//! What changed between two versions of a schema.

use pi_core::canonical::{Encoder, ToCanonical};

use super::check::member;
use super::{Field, Record, Schema, Type};

/// A kind of change, and which readers it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// A field that may be absent or has a default came.
    FieldAddedOptional,
    /// A required field without a default came.
    FieldAddedRequired,
    /// A field that could be absent or had a default went.
    FieldRemovedOptional,
    /// A required field without a default went.
    FieldRemovedRequired,
    /// The type takes all former values and others.
    TypeWidened,
    /// The type takes fewer values.
    TypeNarrowed,
    /// The type takes other values.
    TypeChanged,
    /// The field must be present now, and readers have no default.
    BecameRequired,
    /// The field must be present now; readers have a default for old data.
    BecameRequiredWithDefault,
    /// The field may be absent now, and old readers have no default.
    BecameOptional,
    /// The field may be absent now; old readers have a default.
    BecameOptionalWithDefault,
    /// Readers that miss the field take another value.
    DefaultChanged,
    /// A range, length or form takes fewer values.
    ConstraintTightened,
    /// A range, length or form takes more values.
    ConstraintLoosened,
    /// A range, length or form takes other values.
    ConstraintChanged,
    /// A word came.
    EnumVariantAdded,
    /// A word went.
    EnumVariantRemoved,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [ChangeKind; 17] = [
        ChangeKind::FieldAddedOptional,
        ChangeKind::FieldAddedRequired,
        ChangeKind::FieldRemovedOptional,
        ChangeKind::FieldRemovedRequired,
        ChangeKind::TypeWidened,
        ChangeKind::TypeNarrowed,
        ChangeKind::TypeChanged,
        ChangeKind::BecameRequired,
        ChangeKind::BecameRequiredWithDefault,
        ChangeKind::BecameOptional,
        ChangeKind::BecameOptionalWithDefault,
        ChangeKind::DefaultChanged,
        ChangeKind::ConstraintTightened,
        ChangeKind::ConstraintLoosened,
        ChangeKind::ConstraintChanged,
        ChangeKind::EnumVariantAdded,
        ChangeKind::EnumVariantRemoved,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            ChangeKind::FieldAddedOptional => "field_added_optional",
            ChangeKind::FieldAddedRequired => "field_added_required",
            ChangeKind::FieldRemovedOptional => "field_removed_optional",
            ChangeKind::FieldRemovedRequired => "field_removed_required",
            ChangeKind::TypeWidened => "type_widened",
            ChangeKind::TypeNarrowed => "type_narrowed",
            ChangeKind::TypeChanged => "type_changed",
            ChangeKind::BecameRequired => "became_required",
            ChangeKind::BecameRequiredWithDefault => "became_required_with_default",
            ChangeKind::BecameOptional => "became_optional",
            ChangeKind::BecameOptionalWithDefault => "became_optional_with_default",
            ChangeKind::DefaultChanged => "default_changed",
            ChangeKind::ConstraintTightened => "constraint_tightened",
            ChangeKind::ConstraintLoosened => "constraint_loosened",
            ChangeKind::ConstraintChanged => "constraint_changed",
            ChangeKind::EnumVariantAdded => "enum_variant_added",
            ChangeKind::EnumVariantRemoved => "enum_variant_removed",
        }
    }

    /// The new reader cannot read all old data.
    pub const fn breaks_backward(self) -> bool {
        matches!(
            self,
            ChangeKind::FieldAddedRequired
                | ChangeKind::TypeNarrowed
                | ChangeKind::TypeChanged
                | ChangeKind::BecameRequired
                | ChangeKind::ConstraintTightened
                | ChangeKind::ConstraintChanged
                | ChangeKind::EnumVariantRemoved
        )
    }

    /// The old reader cannot read all new data.
    pub const fn breaks_forward(self) -> bool {
        matches!(
            self,
            ChangeKind::FieldRemovedRequired
                | ChangeKind::TypeWidened
                | ChangeKind::TypeChanged
                | ChangeKind::BecameOptional
                | ChangeKind::ConstraintLoosened
                | ChangeKind::ConstraintChanged
                | ChangeKind::EnumVariantAdded
        )
    }
}

/// A change at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field, as `a.b[].c`; for words `field=word`.
    pub path: String,
    /// What changed.
    pub kind: ChangeKind,
}

impl ToCanonical for Change {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Change { path, kind } = self;
        encoder.object(|o| {
            o.field("change", kind.as_str()).field("path", path);
        });
    }
}

/// The changes from `old` to `new`, in the order of their paths. A renamed field
/// is one that went and one that came: nothing is guessed.
pub fn diff(old: &Schema, new: &Schema) -> Vec<Change> {
    let mut changes = Changes(Vec::new());
    changes.records("", &old.record, &new.record);
    changes.0.sort_by(|a, b| (&a.path, a.kind).cmp(&(&b.path, b.kind)));
    changes.0
}

struct Changes(Vec<Change>);

impl Changes {
    fn push(&mut self, path: &str, kind: ChangeKind) {
        self.0.push(Change { path: path.to_owned(), kind });
    }

    fn records(&mut self, path: &str, old: &Record, new: &Record) {
        for (name, field) in &new.0 {
            let path = member(path, name);
            match old.0.get(name) {
                Some(before) => self.fields(&path, before, field),
                None if can_miss(field) => self.push(&path, ChangeKind::FieldAddedOptional),
                None => self.push(&path, ChangeKind::FieldAddedRequired),
            }
        }
        for (name, field) in old.0.iter().filter(|(name, _)| !new.0.contains_key(*name)) {
            let kind = if can_miss(field) {
                ChangeKind::FieldRemovedOptional
            } else {
                ChangeKind::FieldRemovedRequired
            };
            self.push(&member(path, name), kind);
        }
    }

    fn fields(&mut self, path: &str, old: &Field, new: &Field) {
        match (old.required, new.required) {
            (false, true) if new.default.is_some() => {
                self.push(path, ChangeKind::BecameRequiredWithDefault);
            }
            (false, true) => self.push(path, ChangeKind::BecameRequired),
            (true, false) if old.default.is_some() => {
                self.push(path, ChangeKind::BecameOptionalWithDefault);
            }
            (true, false) => self.push(path, ChangeKind::BecameOptional),
            _ => {}
        }
        if old.default != new.default {
            self.push(path, ChangeKind::DefaultChanged);
        }
        self.types(path, &old.ty, &new.ty);
    }

    fn types(&mut self, path: &str, old: &Type, new: &Type) {
        match (old, new) {
            (Type::Integer { min: a, max: b }, Type::Integer { min: c, max: d }) => {
                self.constraint(path, c <= a && d >= b, c >= a && d <= b);
            }
            (Type::Text { form: a, max: m }, Type::Text { form: b, max: n }) => {
                self.constraint(path, b.covers(*a) && n >= m, a.covers(*b) && m >= n);
            }
            (Type::Enum(before), Type::Enum(after)) => {
                for word in after.difference(before) {
                    self.push(&format!("{path}={word}"), ChangeKind::EnumVariantAdded);
                }
                for word in before.difference(after) {
                    self.push(&format!("{path}={word}"), ChangeKind::EnumVariantRemoved);
                }
            }
            (Type::List { item: a, max: m }, Type::List { item: b, max: n }) => {
                self.constraint(path, n >= m, m >= n);
                self.types(&format!("{path}[]"), a, b);
            }
            (Type::Map(a), Type::Map(b)) => self.types(&format!("{path}{{}}"), a, b),
            (Type::Record(a), Type::Record(b)) => self.records(path, a, b),
            (Type::Nullable(a), Type::Nullable(b)) => self.types(path, a, b),
            (Type::Any, Type::Any) | (Type::Bool, Type::Bool) => {}
            (_, Type::Any) => self.push(path, ChangeKind::TypeWidened),
            (Type::Any, _) => self.push(path, ChangeKind::TypeNarrowed),
            (_, Type::Nullable(inner)) => {
                self.push(path, ChangeKind::TypeWidened);
                self.types(path, old, inner);
            }
            (Type::Nullable(inner), _) => {
                self.push(path, ChangeKind::TypeNarrowed);
                self.types(path, inner, new);
            }
            _ => self.push(path, ChangeKind::TypeChanged),
        }
    }

    /// The new constraint takes all that the old one takes, or the other way round.
    fn constraint(&mut self, path: &str, covers: bool, covered: bool) {
        match (covers, covered) {
            (true, true) => {}
            (true, false) => self.push(path, ChangeKind::ConstraintLoosened),
            (false, true) => self.push(path, ChangeKind::ConstraintTightened),
            (false, false) => self.push(path, ChangeKind::ConstraintChanged),
        }
    }
}

/// A reader can do without the field.
fn can_miss(field: &Field) -> bool {
    !field.required || field.default.is_some()
}
