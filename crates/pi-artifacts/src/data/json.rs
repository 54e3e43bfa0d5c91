//! JSON with byte-exact spans. Comments and trailing commas, which many
//! configuration files have, are read over; duplicate keys stay visible.

use pi_core::Reason;

use super::{Data, Entry, Node};
use crate::artifact::{ParseFailure, Parsed};
use crate::limits::MAX_NESTING;
use crate::span::Span;

pub(super) fn parse(text: &str) -> Parsed<Node> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { text, at: start };
    reader.blanks()?;
    let root = reader.value(0)?;
    reader.blanks()?;
    if reader.at < text.len() {
        return Err(reader.failure("text after the JSON value"));
    }
    Ok(root)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn failure(&self, message: &str) -> ParseFailure {
        ParseFailure::syntax(message, Span::new(self.at, self.at + 1))
    }

    fn blanks(&mut self) -> Parsed<()> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
            self.at += blank;
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end =
                    rest.find("*/").ok_or_else(|| self.failure("the comment is not closed"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Parsed<Node> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{' | b'[') if depth >= MAX_NESTING => {
                return Err(ParseFailure {
                    reason: Reason::ArtifactTooDeep,
                    message: format!("nested deeper than {MAX_NESTING} levels"),
                    span: Span::new(start, start + 1),
                });
            }
            Some(b'{') => self.map(depth + 1)?,
            Some(b'[') => self.sequence(depth + 1)?,
            Some(b'"') => Data::String { text: self.string()?, plain: false },
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word()?,
        };
        Ok(Node { value, span: Span::new(start, self.at) })
    }

    fn word(&mut self) -> Parsed<Data> {
        for (word, value) in
            [("null", Data::Null), ("true", Data::Bool(true)), ("false", Data::Bool(false))]
        {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.failure("not a JSON value"))
    }

    fn number(&mut self) -> Data {
        let rest = self.rest();
        let digits = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
        let text = rest.split(|c| !digits(c)).next().unwrap_or_default().to_owned();
        self.at += text.len();
        Data::Number(text)
    }

    fn sequence(&mut self, depth: usize) -> Parsed<Data> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks()?;
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Data::Sequence(items));
            }
            items.push(self.value(depth)?);
            self.separator(b']')?;
        }
    }

    fn map(&mut self, depth: usize) -> Parsed<Data> {
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.blanks()?;
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Data::Map(entries));
            }
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.failure("a key in quotes was expected"));
            }
            let key = self.string()?;
            let key_span = Span::new(start, self.at);
            self.blanks()?;
            if self.peek() != Some(b':') {
                return Err(self.failure("`:` was expected"));
            }
            self.at += 1;
            self.blanks()?;
            let value = self.value(depth)?;
            entries.push(Entry { key, key_span, value, merged: false });
            self.separator(b'}')?;
        }
    }

    fn separator(&mut self, close: u8) -> Parsed<()> {
        self.blanks()?;
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(byte) if byte == close => Ok(()),
            _ => Err(self.failure("`,` or the end of the collection was expected")),
        }
    }

    fn string(&mut self) -> Parsed<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.find(['"', '\\', '\n']).unwrap_or(rest.len());
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape(&mut out)?;
                }
                _ => return Err(self.failure("the string is not closed")),
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Parsed<()> {
        let character = match self.peek() {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => {
                self.at += 1;
                out.push(self.code_point()?);
                return Ok(());
            }
            Some(other @ (b'"' | b'\\' | b'/')) => char::from(other),
            _ => return Err(self.failure("unknown escape")),
        };
        self.at += 1;
        out.push(character);
        Ok(())
    }

    fn code_point(&mut self) -> Parsed<char> {
        let high = self.code_unit()?;
        if (0xD800..0xDC00).contains(&high) && self.rest().starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.code_unit()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = back;
        }
        // A lone surrogate has no character; it is shown as the replacement.
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn code_unit(&mut self) -> Parsed<u32> {
        let unit = self.rest().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.failure("`\\u` needs four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }
}
