//! Strict JSON reading (RFC 8259), with CPython's limits and named refusals.

use super::value::{Finite, Integer, Object, Value};

/// Deepest nesting of arrays and objects that is read.
pub const MAX_DEPTH: usize = 512;

/// Longest integer in digits: `sys.int_info.default_max_str_digits`.
pub const MAX_INTEGER_DIGITS: usize = 4_300;

/// Why a text has no canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The text is not JSON.
    #[error("not valid JSON")]
    Syntax,
    /// The text goes on after the value.
    #[error("text after the JSON value")]
    TrailingText,
    /// An object names a key twice; readers disagree which one counts.
    #[error("duplicate key in an object")]
    DuplicateKey,
    /// A `\uD800`-`\uDFFF` escape without its partner.
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// An integer above 4,300 digits, which CPython refuses.
    #[error("integer of more than {MAX_INTEGER_DIGITS} digits")]
    IntegerTooLong,
    /// `NaN`, `Infinity`, or a number that overflows a double.
    #[error("number is not finite")]
    NotFinite,
    /// Nesting beyond [`MAX_DEPTH`].
    #[error("nesting deeper than {MAX_DEPTH} levels")]
    TooDeep,
}

impl ErrorKind {
    /// The stable name of this refusal.
    pub const fn code(self) -> &'static str {
        match self {
            ErrorKind::NotUtf8 => "not_utf8",
            ErrorKind::Syntax => "json_syntax",
            ErrorKind::TrailingText => "trailing_text",
            ErrorKind::DuplicateKey => "duplicate_key",
            ErrorKind::LoneSurrogate => "lone_surrogate",
            ErrorKind::IntegerTooLong => "integer_too_long",
            ErrorKind::NotFinite => "number_not_finite",
            ErrorKind::TooDeep => "nesting_too_deep",
        }
    }
}

/// A refusal with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Byte offset of the first byte that is wrong.
    pub offset: usize,
}

/// Reads exactly one JSON value.
pub fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ParseError { kind: ErrorKind::NotUtf8, offset: error.valid_up_to() })?;
    let mut reader = Reader { text, at: 0 };
    reader.blanks();
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() {
        return reader.refuse(ErrorKind::TrailingText);
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn refuse<T>(&self, kind: ErrorKind) -> Result<T, ParseError> {
        Err(ParseError { kind, offset: self.at })
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), ParseError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.refuse(ErrorKind::Syntax)
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, ParseError> {
        match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_DEPTH => self.refuse(ErrorKind::TooDeep),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'"') => self.string().map(Value::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, ParseError> {
        for (word, value) in
            [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
        {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        if self.rest().starts_with("NaN") || self.rest().starts_with("Infinity") {
            return self.refuse(ErrorKind::NotFinite);
        }
        self.refuse(ErrorKind::Syntax)
    }

    fn array(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.take(b'[')?;
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.blanks();
            items.push(self.value(depth)?);
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                _ => return self.refuse(ErrorKind::Syntax),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, ParseError> {
        self.take(b'{')?;
        let mut object = Object::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Object(object));
        }
        loop {
            self.blanks();
            let key_at = self.at;
            let key = self.string()?;
            self.blanks();
            self.take(b':')?;
            self.blanks();
            let value = self.value(depth)?;
            if object.insert(key, value).is_some() {
                return Err(ParseError { kind: ErrorKind::DuplicateKey, offset: key_at });
            }
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(object));
                }
                _ => return self.refuse(ErrorKind::Syntax),
            }
        }
    }

    fn string(&mut self) -> Result<String, ParseError> {
        self.take(b'"')?;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ').unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                _ => return self.refuse(ErrorKind::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ParseError> {
        let start = self.at;
        self.take(b'\\')?;
        let letter = self.peek();
        let character = match letter {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.code_point(start);
            }
            _ => return self.refuse(ErrorKind::Syntax),
        };
        self.at += 1;
        Ok(character)
    }

    fn code_point(&mut self, start: usize) -> Result<char, ParseError> {
        let lone = ParseError { kind: ErrorKind::LoneSurrogate, offset: start };
        let high = u32::from(self.code_unit()?);
        let code = match high {
            0xD800..=0xDBFF if self.rest().starts_with("\\u") => {
                self.at += 2;
                match u32::from(self.code_unit()?) {
                    low @ 0xDC00..=0xDFFF => 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00),
                    _ => return Err(lone),
                }
            }
            _ => high,
        };
        char::from_u32(code).ok_or(lone)
    }

    fn code_unit(&mut self) -> Result<u16, ParseError> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.refuse(ErrorKind::Syntax),
        }
    }

    fn digits(&mut self) -> Result<usize, ParseError> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { self.refuse(ErrorKind::Syntax) } else { Ok(self.at - start) }
    }

    fn number(&mut self) -> Result<Value, ParseError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if self.rest().starts_with("Infinity") {
                return Err(ParseError { kind: ErrorKind::NotFinite, offset: start });
            }
        }
        let leading_zero = self.peek() == Some(b'0');
        let integer_digits = if leading_zero {
            self.at += 1;
            1
        } else {
            self.digits()?
        };
        let mut is_float = false;
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
            is_float = true;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
            is_float = true;
        }
        let token = self.text.get(start..self.at).unwrap_or_default();
        if is_float {
            return match token.parse().ok().and_then(Finite::new) {
                Some(value) => Ok(Value::Float(value)),
                None => Err(ParseError { kind: ErrorKind::NotFinite, offset: start }),
            };
        }
        if integer_digits > MAX_INTEGER_DIGITS {
            return Err(ParseError { kind: ErrorKind::IntegerTooLong, offset: start });
        }
        Ok(Value::Integer(Integer::from_token(token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Encoder;

    fn check(input: &str, expected: &str) {
        let value = parse(input.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(Encoder::encode(&value)).unwrap(), expected);
    }

    fn refused(input: &str, kind: ErrorKind) {
        assert_eq!(parse(input.as_bytes()).unwrap_err().kind, kind, "{input:.60}");
    }

    #[test]
    fn canonical_form_of_foreign_json() {
        check(
            " { \"b\" : [ 1 , -0 , -0.0 , 1E5 ] , \"a\" : null } ",
            r#"{"a":null,"b":[1,0,-0.0,100000.0]}"#,
        );
        check(r#"{"\ud83d\ude00":1,"\uffff":2}"#, r#"{"\uffff":2,"\ud83d\ude00":1}"#);
        check(r#""\u00e9\/\b""#, r#""\u00e9/\b""#);
        check(&"9".repeat(4_300), &"9".repeat(4_300));
    }

    #[test]
    fn ambiguous_json_is_refused_by_name() {
        refused(r#"{"a":1,"\u0061":2}"#, ErrorKind::DuplicateKey);
        refused(r#""\ud800""#, ErrorKind::LoneSurrogate);
        refused(r#""\udc00\ud800""#, ErrorKind::LoneSurrogate);
        refused(r#""\ud800\u0041""#, ErrorKind::LoneSurrogate);
        refused("1e400", ErrorKind::NotFinite);
        refused("NaN", ErrorKind::NotFinite);
        refused("-Infinity", ErrorKind::NotFinite);
        refused(&"1".repeat(4_301), ErrorKind::IntegerTooLong);
        refused(&"[".repeat(100_000), ErrorKind::TooDeep);
        refused("01", ErrorKind::TrailingText);
        for bad in [
            "",
            "[1,]",
            "{\"a\"}",
            "\"\n\"",
            "+1",
            "1.",
            "'a'",
            "\u{feff}1",
            "nul",
            "\"\\x\"",
            "[1",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(parse(b"\"\xff\"").unwrap_err().kind, ErrorKind::NotUtf8);
    }
}
