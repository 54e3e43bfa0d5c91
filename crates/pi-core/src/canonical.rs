//! Canonical JSON: the bytes that CPython's
//! `json.dumps(value, sort_keys=True, separators=(",", ":"))` writes.
//!
//! Keys are ordered by code point, non-ASCII characters are `\uXXXX` escapes
//! (surrogate pairs above U+FFFF), floats are the shortest round trip in
//! Python's notation, integers are exact up to 4,300 digits. What CPython would
//! read but two readers could understand differently is refused by name: lone
//! surrogates, duplicate keys, NaN, infinities and longer integers.
//!
//! [`Encoder`] writes typed values directly; [`Value`] and [`parse`] serve
//! foreign JSON.

mod encode;
mod float;
mod parse;
mod value;

pub use encode::{Encoder, ObjectEncoder, ToCanonical};
pub use float::python_float;
pub use parse::{ErrorKind, MAX_DEPTH, MAX_INTEGER_DIGITS, ParseError, parse};
pub use value::{Finite, Integer, Object, Value};
