//! The typed encoder: no intermediate tree.

use std::io::Write as _;

/// A type with one canonical JSON form.
pub trait ToCanonical {
    /// Writes exactly one JSON value.
    fn to_canonical(&self, encoder: &mut Encoder);
}

/// How much a streaming encoder holds back.
const STREAM_BYTES: usize = 64 * 1024;

/// Takes a piece of what was written.
type Sink = Box<dyn FnMut(&[u8])>;

/// Writes canonical JSON into a buffer.
#[derive(Default)]
pub struct Encoder {
    out: Vec<u8>,
    sink: Option<Sink>,
}

impl Encoder {
    /// The canonical bytes of `value`.
    pub fn encode<T: ToCanonical + ?Sized>(value: &T) -> Vec<u8> {
        let mut encoder = Self { out: Vec::with_capacity(512), sink: None };
        value.to_canonical(&mut encoder);
        encoder.out
    }

    /// Hands the canonical bytes of `value` to `sink` in pieces, so that a long
    /// array is never held as a whole.
    pub fn stream<T: ToCanonical + ?Sized>(value: &T, sink: impl FnMut(&[u8]) + 'static) {
        let mut encoder = Self { out: Vec::new(), sink: Some(Box::new(sink)) };
        value.to_canonical(&mut encoder);
        encoder.hand_over(0);
    }

    /// Empties the buffer of a streaming encoder once it holds `from` bytes.
    fn hand_over(&mut self, from: usize) {
        if let Some(sink) = &mut self.sink
            && self.out.len() >= from
        {
            sink(&self.out);
            self.out.clear();
        }
    }

    /// An encoder that reuses the allocation of `buffer`.
    pub fn reusing(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { out: buffer, sink: None }
    }

    /// The bytes written so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// `null`.
    pub fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }

    /// `true` or `false`.
    pub fn bool(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A non-negative integer.
    pub fn u64(&mut self, mut value: u64) {
        let mut digits = [0u8; 20];
        let mut length = 0;
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + u8::try_from(value % 10).unwrap_or(0);
            length += 1;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.out.extend(digits.iter().skip(digits.len() - length));
    }

    /// A signed integer.
    pub fn i64(&mut self, value: i64) {
        if value < 0 {
            self.out.push(b'-');
        }
        self.u64(value.unsigned_abs());
    }

    /// A string, escaped as CPython escapes it with `ensure_ascii`.
    pub fn str(&mut self, text: &str) {
        self.out.push(b'"');
        let bytes = text.as_bytes();
        let mut plain_from = 0;
        for (at, character) in text.char_indices() {
            if matches!(character, ' '..='~') && character != '"' && character != '\\' {
                continue;
            }
            self.out.extend_from_slice(bytes.get(plain_from..at).unwrap_or_default());
            plain_from = at + character.len_utf8();
            self.escape(character);
        }
        self.out.extend_from_slice(bytes.get(plain_from..).unwrap_or_default());
        self.out.push(b'"');
    }

    fn escape(&mut self, character: char) {
        let short: &[u8] = match character {
            '"' => b"\\\"",
            '\\' => b"\\\\",
            '\n' => b"\\n",
            '\r' => b"\\r",
            '\t' => b"\\t",
            '\u{8}' => b"\\b",
            '\u{c}' => b"\\f",
            _ => {
                let mut units = [0u16; 2];
                for unit in character.encode_utf16(&mut units) {
                    // Writing to a Vec cannot fail.
                    let _ = write!(self.out, "\\u{unit:04x}");
                }
                return;
            }
        };
        self.out.extend_from_slice(short);
    }

    /// A string of printable ASCII without quotes or backslashes, such as
    /// hexadecimal digits; the caller guarantees that.
    pub(crate) fn ascii_string(&mut self, ascii: &[u8]) {
        debug_assert!(ascii.iter().all(|b| matches!(b, b' '..=b'~') && *b != b'"' && *b != b'\\'));
        self.out.push(b'"');
        self.out.extend_from_slice(ascii);
        self.out.push(b'"');
    }

    /// Text that already is canonical JSON.
    pub(crate) fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// Bytes that already are the canonical form of one value, such as a
    /// stored payload that is embedded unchanged.
    pub fn canonical_bytes(&mut self, json: &[u8]) {
        self.out.extend_from_slice(json);
    }

    /// An object. Fields must be written in ascending key order.
    pub fn object(&mut self, fields: impl FnOnce(&mut ObjectEncoder<'_>)) {
        self.out.push(b'{');
        let mut object = ObjectEncoder { encoder: self, previous: None };
        fields(&mut object);
        self.out.push(b'}');
    }

    /// An array.
    pub fn array<T: ToCanonical>(&mut self, items: impl IntoIterator<Item = T>) {
        self.out.push(b'[');
        let mut first = true;
        for item in items {
            if !first {
                self.out.push(b',');
            }
            first = false;
            item.to_canonical(self);
            self.hand_over(STREAM_BYTES);
        }
        self.out.push(b']');
    }
}

/// Writes the fields of one object, in ascending key order.
pub struct ObjectEncoder<'a> {
    encoder: &'a mut Encoder,
    previous: Option<&'static str>,
}

impl ObjectEncoder<'_> {
    /// Writes one field.
    ///
    /// # Panics
    /// When `key` does not sort after the key before it. Keys are literals, so
    /// any test that encodes the type once finds the mistake.
    pub fn field<T: ToCanonical + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        self.key(key);
        value.to_canonical(self.encoder);
        self
    }

    /// Writes one field whose value the closure encodes.
    pub fn field_with(&mut self, key: &'static str, value: impl FnOnce(&mut Encoder)) -> &mut Self {
        self.key(key);
        value(self.encoder);
        self
    }

    fn key(&mut self, key: &'static str) {
        if let Some(previous) = self.previous {
            assert!(previous < key, "canonical fields out of order: {previous} before {key}");
            self.encoder.out.push(b',');
        }
        self.previous = Some(key);
        self.encoder.str(key);
        self.encoder.out.push(b':');
    }
}

impl<T: ToCanonical + ?Sized> ToCanonical for &T {
    fn to_canonical(&self, encoder: &mut Encoder) {
        (**self).to_canonical(encoder);
    }
}

impl ToCanonical for str {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(self);
    }
}

impl ToCanonical for String {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(self);
    }
}

impl ToCanonical for bool {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.bool(*self);
    }
}

macro_rules! unsigned {
    ($($type:ty),+) => {$(
        impl ToCanonical for $type {
            fn to_canonical(&self, encoder: &mut Encoder) {
                encoder.u64(u64::from(*self));
            }
        }
    )+};
}
unsigned!(u8, u16, u32, u64);

impl ToCanonical for usize {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.u64(*self as u64);
    }
}

impl ToCanonical for i64 {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.i64(*self);
    }
}

impl<T: ToCanonical> ToCanonical for Option<T> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        match self {
            Some(value) => value.to_canonical(encoder),
            None => encoder.null(),
        }
    }
}

impl<T: ToCanonical> ToCanonical for [T] {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array(self);
    }
}

impl<T: ToCanonical> ToCanonical for Vec<T> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8(Encoder::encode(text)).unwrap(), expected);
    }

    #[test]
    fn strings_are_escaped_as_cpython_escapes_them() {
        check("plain ~", "\"plain ~\"");
        check("\u{7f}", "\"\\u007f\"");
        check("\u{0}\u{8}\t\n\u{c}\r\u{1f}", "\"\\u0000\\b\\t\\n\\f\\r\\u001f\"");
        check("\"\\/", "\"\\\"\\\\/\"");
        check("é€😀", "\"\\u00e9\\u20ac\\ud83d\\ude00\"");
    }

    #[test]
    fn integers_are_exact() {
        assert_eq!(Encoder::encode(&u64::MAX), b"18446744073709551615");
        assert_eq!(Encoder::encode(&i64::MIN), b"-9223372036854775808");
        assert_eq!(Encoder::encode(&0u64), b"0");
    }

    struct Disordered;
    impl ToCanonical for Disordered {
        fn to_canonical(&self, encoder: &mut Encoder) {
            encoder.object(|o| {
                o.field("b", "").field("a", "");
            });
        }
    }

    #[test]
    #[should_panic(expected = "out of order")]
    fn fields_out_of_order_do_not_pass_a_test() {
        Encoder::encode(&Disordered);
    }
}
