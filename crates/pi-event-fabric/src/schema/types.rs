//! What a field may hold.

use std::collections::{BTreeMap, BTreeSet};

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Digest, Name, RunId};

/// The type of a value, its constraints included.
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Any JSON value.
    Any,
    /// `true` or `false`.
    Bool,
    /// An integer in a range.
    Integer {
        /// The least value.
        min: i128,
        /// The greatest value.
        max: i128,
    },
    /// A string.
    Text {
        /// What it looks like.
        form: Form,
        /// Most bytes in UTF-8.
        max: u64,
    },
    /// One of these words.
    Enum(BTreeSet<String>),
    /// A list.
    List {
        /// The type of its items.
        item: Box<Type>,
        /// Most items.
        max: u64,
    },
    /// An object with any keys.
    Map(Box<Type>),
    /// An object with these fields and no others.
    Record(Record),
    /// The value or `null`.
    Nullable(Box<Type>),
}

/// What a string looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Any,
    /// A SHA-256 digest.
    Digest,
    /// A digest, or empty at the start of a chain.
    Link,
    /// Lower-case hexadecimal digits.
    Hex,
    /// `[A-Za-z0-9_-]{1,64}`.
    Name,
    /// A run id.
    Run,
}

impl Form {
    /// The word in the canonical form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Form::Any => "any",
            Form::Digest => "digest",
            Form::Link => "link",
            Form::Hex => "hex",
            Form::Name => "name",
            Form::Run => "run",
        }
    }

    /// Whether a text has this form.
    pub fn accepts(self, text: &str) -> bool {
        match self {
            Form::Any => true,
            Form::Digest => Digest::from_hex(text).is_some(),
            Form::Link => text.is_empty() || Digest::from_hex(text).is_some(),
            Form::Hex => text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            Form::Name => Name::new(text).is_ok(),
            Form::Run => RunId::parse(text).is_some(),
        }
    }

    /// Whether every text of the other form has this form.
    pub(super) fn covers(self, other: Form) -> bool {
        self == other
            || matches!(
                (self, other),
                (Form::Any, _)
                    | (Form::Link, Form::Digest)
                    | (Form::Hex, Form::Digest | Form::Link)
                    | (Form::Name, Form::Digest | Form::Run)
            )
    }
}

impl Type {
    /// An integer from 0 that fits 64 bits.
    pub fn u64() -> Self {
        Self::integer(0, i128::from(u64::MAX))
    }

    /// An integer from 0 that fits 32 bits.
    pub fn u32() -> Self {
        Self::integer(0, i128::from(u32::MAX))
    }

    /// An integer in a range.
    pub fn integer(min: i128, max: i128) -> Self {
        Type::Integer { min, max }
    }

    /// A string.
    pub fn text() -> Self {
        Self::form(Form::Any)
    }

    /// A string of at most `max` bytes.
    pub fn short(max: u64) -> Self {
        Type::Text { form: Form::Any, max }
    }

    /// A string of a form.
    pub fn form(form: Form) -> Self {
        Type::Text { form, max: u64::MAX }
    }

    /// A SHA-256 digest.
    pub fn digest() -> Self {
        Self::form(Form::Digest)
    }

    /// One of these words.
    pub fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        Type::Enum(words.into_iter().map(str::to_owned).collect())
    }

    /// A list.
    pub fn list(item: Type) -> Self {
        Type::List { item: Box::new(item), max: u64::MAX }
    }

    /// The value or `null`.
    pub fn nullable(ty: Type) -> Self {
        Type::Nullable(Box::new(ty))
    }
}

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its type.
    pub ty: Type,
    /// Every object has it.
    pub required: bool,
    /// What a reader takes when the field is absent.
    pub default: Option<Value>,
    /// What it is for. Not under the fingerprint.
    pub doc: String,
}

impl Field {
    /// A field that every object has.
    pub fn required(ty: Type) -> Self {
        Self { ty, required: true, default: None, doc: String::new() }
    }

    /// A field that an object may lack.
    pub fn optional(ty: Type) -> Self {
        Self { required: false, ..Self::required(ty) }
    }

    /// With a value for readers that miss it.
    #[must_use]
    pub fn default_value(self, value: Value) -> Self {
        Self { default: Some(value), ..self }
    }

    /// With this description.
    #[must_use]
    pub fn doc(self, doc: &str) -> Self {
        Self { doc: doc.to_owned(), ..self }
    }
}

/// The fields of an object, ordered by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record(pub BTreeMap<String, Field>);

impl Record {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a field that every object has.
    #[must_use]
    pub fn required(self, name: &str, ty: Type) -> Self {
        self.with(name, Field::required(ty))
    }

    /// With a field that an object may lack.
    #[must_use]
    pub fn optional(self, name: &str, ty: Type) -> Self {
        self.with(name, Field::optional(ty))
    }

    /// With a field of all its properties.
    #[must_use]
    pub fn with(mut self, name: &str, field: Field) -> Self {
        self.0.insert(name.to_owned(), field);
        self
    }
}

impl From<Record> for Type {
    fn from(record: Record) -> Self {
        Type::Record(record)
    }
}

impl ToCanonical for Record {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array(self.0.iter().map(Named));
    }
}

/// A field with its name.
struct Named<'a>((&'a String, &'a Field));

impl ToCanonical for Named<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Named((name, Field { ty, required, default, doc: _ })) = self;
        encoder.object(|o| {
            if let Some(default) = default {
                o.field("default", default);
            }
            o.field("name", *name).field("required", required).field("type", ty);
        });
    }
}

/// An integer outside 64 bits, as its digits.
struct Wide(i128);

impl ToCanonical for Wide {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.canonical_bytes(self.0.to_string().as_bytes());
    }
}

impl ToCanonical for Type {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| match self {
            Type::Any => {
                o.field("any", &true);
            }
            Type::Bool => {
                o.field("bool", &true);
            }
            Type::Integer { min, max } => {
                o.field("integer", &[Wide(*min), Wide(*max)][..]);
            }
            Type::Text { form, max } => {
                o.field("max", max).field("text", form.as_str());
            }
            Type::Enum(words) => {
                o.field_with("enum", |e| e.array(words));
            }
            Type::List { item, max } => {
                o.field("list", item.as_ref()).field("max", max);
            }
            Type::Map(item) => {
                o.field("map", item.as_ref());
            }
            Type::Record(record) => {
                o.field("record", record);
            }
            Type::Nullable(inner) => {
                o.field("nullable", inner.as_ref());
            }
        });
    }
}
