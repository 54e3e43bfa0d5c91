//! JSON as a tree, for values that have no type of ours.

use std::collections::BTreeMap;

use super::encode::{Encoder, ToCanonical};
use super::float::python_float;

/// An object. `String` orders by UTF-8 bytes, which is code point order.
pub type Object = BTreeMap<String, Value>;

/// A JSON value that has a canonical form: floats are finite and strings hold
/// no lone surrogates.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer of up to 4,300 digits.
    Integer(Integer),
    /// A finite float.
    Float(Finite),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Value>),
    /// An object without duplicate keys.
    Object(Object),
}

/// A finite float.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finite(f64);

impl Finite {
    /// Wraps a finite float; NaN and infinities are `None`.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The float.
    pub fn get(self) -> f64 {
        self.0
    }
}

/// A decimal integer of any size, kept as its canonical digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integer(String);

impl Integer {
    /// From the digits of a JSON integer token; `-0` is `0`.
    pub(super) fn from_token(token: &str) -> Self {
        Self(if token == "-0" { "0".to_owned() } else { token.to_owned() })
    }

    /// The decimal digits, with a leading `-` when negative.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value as `u64` when it fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The value as `i64` when it fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Value::Integer(Integer(value.to_string()))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::String(value.to_owned())
    }
}

impl Value {
    /// The member `key` of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// An integer that fits `u64`.
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::Integer(integer) => integer.as_u64(),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }
}

impl ToCanonical for Value {
    fn to_canonical(&self, encoder: &mut Encoder) {
        match self {
            Value::Null => encoder.null(),
            Value::Bool(value) => encoder.bool(*value),
            Value::Integer(integer) => encoder.raw(integer.as_str()),
            Value::Float(Finite(value)) => {
                // `Finite` holds no value without a text.
                encoder.raw(&python_float(*value).unwrap_or_default());
            }
            Value::String(text) => encoder.str(text),
            Value::Array(items) => encoder.array(items),
            Value::Object(object) => encoder.members(object),
        }
    }
}

impl Encoder {
    /// An object from a sorted map.
    fn members(&mut self, object: &Object) {
        self.raw("{");
        for (index, (key, value)) in object.iter().enumerate() {
            if index > 0 {
                self.raw(",");
            }
            self.str(key);
            self.raw(":");
            value.to_canonical(self);
        }
        self.raw("}");
    }
}
