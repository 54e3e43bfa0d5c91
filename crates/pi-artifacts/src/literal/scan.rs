//! The walk over the bytes of a text.

use super::names::{Tie, at, before, before_value, last_component, left_of};
use super::{Form, Literal};
use crate::span::Span;

/// Strings inside strings are read this deep.
const MAX_DEPTH: u8 = 2;
/// A quoted string longer than this on one line is cut here.
const MAX_STRING: usize = 64 * 1024;

/// A bare value longer than this is cut here.
const MAX_BARE: usize = 2048;

struct Scanner<'t> {
    text: &'t str,
    bytes: &'t [u8],
    out: Vec<Literal>,
    comment_end: usize,
    /// The tag being read: its name's range.
    tag: Option<(usize, usize)>,
    /// A value under a `name`/`key` key, for the `value` that follows.
    label: Option<(String, usize)>,
}

/// Every literal of a text in its order.
pub(super) fn scan(text: &str) -> Vec<Literal> {
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        out: Vec::new(),
        comment_end: 0,
        tag: None,
        label: None,
    };
    scanner.range(0, text.len(), 0);
    let mut out = scanner.out;
    out.sort_by_key(|literal| (literal.span.start, literal.span.end));
    out
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether the scanner has to look at a byte at all.
fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        b'"' | b'\'' | b'`' | b'=' | b':' | b'<' | b'>' | b'#' | b'/' | b'-' | b';' | b'\\'
    )
}

impl Scanner<'_> {
    fn at(&self, index: usize) -> u8 {
        at(self.bytes, index)
    }

    fn line_end(&self, from: usize, limit: usize) -> usize {
        let rest = self.bytes.get(from..limit).unwrap_or_default();
        rest.iter().position(|b| matches!(b, b'\n' | b'\r')).map_or(limit, |n| from + n)
    }

    fn line_blank_before(&self, index: usize) -> bool {
        let mut index = index;
        let floor = index.saturating_sub(64);
        while index > floor {
            match before(self.bytes, index) {
                b' ' | b'\t' | b'*' => index -= 1,
                b'\n' | b'\r' => return true,
                _ => return false,
            }
        }
        index == 0
    }

    fn find(&self, from: usize, limit: usize, what: &str) -> Option<usize> {
        self.text.get(from..limit)?.find(what).map(|n| from + n)
    }

    fn range(&mut self, start: usize, end: usize, depth: u8) {
        let mut index = start;
        while index < end {
            let byte = self.at(index);
            if !is_mark(byte) {
                index += 1;
                continue;
            }
            index = match byte {
                b'"' | b'\'' | b'`' => self.quote(index, end, depth),
                b'\\' => self.backslash(index, end, depth),
                b'=' => self.operator(index, start, end),
                b':' => self.operator(index, start, end),
                b'#' | b'/' | b'-' | b';' => self.comment_or_flag(index, end, depth),
                b'<' => self.open_tag(index, end),
                _ => self.close_tag(index, end),
            }
            .max(index + 1);
        }
    }

    fn comment_or_flag(&mut self, index: usize, end: usize, depth: u8) -> usize {
        if index < self.comment_end {
            return if self.at(index) == b'-' { self.flag(index, end, depth) } else { index + 1 };
        }
        let previous = before(self.bytes, index);
        let next = self.at(index + 1);
        match self.at(index) {
            b'#' if depth == 0 && (is_space(previous) || previous == 0) => {
                self.comment_end = self.comment_end.max(self.line_end(index, end));
            }
            b'/' if depth == 0 && next == b'/' && previous != b':' => {
                let alone = is_space(previous) || matches!(previous, 0 | b';' | b'{' | b'}' | b',');
                // `//registry/:_authToken=` opens a line of .npmrc.
                let registry = self.at(index + 2).is_ascii_alphanumeric()
                    && self.line_blank_before(index)
                    && self
                        .find(index, self.line_end(index, end), "/:_")
                        .is_some_and(|found| found > index);
                if alone && !registry {
                    self.comment_end = self.comment_end.max(self.line_end(index, end));
                }
                return index + 2;
            }
            b'/' if depth == 0 && next == b'*' => {
                let close = self.find(index + 2, end, "*/").unwrap_or(end);
                self.comment_end = self.comment_end.max(close);
                return index + 2;
            }
            b';' if depth == 0 && self.line_blank_before(index) => {
                self.comment_end = self.comment_end.max(self.line_end(index, end));
            }
            b'-' if next == b'-' && self.at(index + 2) == b' ' && self.line_blank_before(index) => {
                self.comment_end = self.comment_end.max(self.line_end(index, end));
                return index + 2;
            }
            b'-' => return self.flag(index, end, depth),
            _ => {}
        }
        index + 1
    }

    /// `--name value`; with `=` the operator's branch reads it.
    fn flag(&mut self, index: usize, end: usize, depth: u8) -> usize {
        let previous = before(self.bytes, index);
        if !(is_space(previous) || matches!(previous, 0 | b'"' | b'\'' | b'[' | b'(' | b'`')) {
            return index + 1;
        }
        let dashes = if self.at(index + 1) == b'-' { 2 } else { 1 };
        let name = index + dashes;
        if !self.at(name).is_ascii_alphabetic() {
            return name;
        }
        let mut stop = name;
        while stop < end && {
            let b = self.at(stop);
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
        } {
            stop += 1;
        }
        if dashes == 1 && stop != name + 1 && stop - name < 4 {
            return name;
        }
        let mut value = stop;
        while value < end && matches!(self.at(value), b' ' | b'\t') {
            value += 1;
        }
        if value == stop || value >= end {
            return name;
        }
        let first = self.at(value);
        if matches!(first, b'"' | b'\'') {
            if let Some(close) = self.closing(value, end) {
                self.push(value + 1, close, Form::Quoted, Some((name, stop)), true);
                self.nested(value + 1, close, depth);
                return close + 1;
            }
            return stop;
        }
        if matches!(first, b'-' | b'\\' | b'\n' | b'\r' | b'|' | b'&' | b'>' | b'<' | b'=') {
            return stop;
        }
        let to = self.bare_end(value, end, false);
        if to > value {
            self.push(value, to, Form::Bare, Some((name, stop)), true);
        }
        stop
    }

    fn open_tag(&mut self, index: usize, end: usize) -> usize {
        if index >= self.comment_end
            && self.text.get(index..end).is_some_and(|rest| rest.starts_with("<!--"))
        {
            let close = self.find(index, end, "-->").unwrap_or(end);
            self.comment_end = self.comment_end.max(close);
            return index + 4;
        }
        let name = index + 1;
        if !self.at(name).is_ascii_alphabetic() {
            return name;
        }
        let mut stop = name;
        while stop < end && {
            let b = self.at(stop);
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':')
        } {
            stop += 1;
        }
        self.tag = Some((name, stop));
        stop
    }

    fn close_tag(&mut self, index: usize, end: usize) -> usize {
        let Some(tag) = self.tag.take() else { return index + 1 };
        let from = index + 1;
        if before(self.bytes, index) == b'/' || from - tag.0 > 1024 {
            return from;
        }
        let mut to = from;
        while to < end && to - from < 8192 && !matches!(self.at(to), b'<' | b'\n' | b'\r') {
            to += 1;
        }
        if self.at(to) != b'<' || self.at(to + 1) != b'/' {
            return from;
        }
        let (from, to) = self.trim(from, to);
        if to > from {
            self.push(from, to, Form::Bare, Some(tag), true);
        }
        from
    }

    /// The next `\"`.
    fn find_bytes(&self, from: usize, limit: usize) -> Option<usize> {
        let rest = self.bytes.get(from..limit)?;
        rest.windows(2).position(|pair| pair == b"\\\"").map(|n| from + n)
    }

    fn trim(&self, mut from: usize, mut to: usize) -> (usize, usize) {
        while from < to && is_space(self.at(from)) {
            from += 1;
        }
        while to > from && is_space(before(self.bytes, to)) {
            to -= 1;
        }
        (from, to)
    }

    /// `\"name\": \"value\"` inside a string.
    fn backslash(&mut self, index: usize, end: usize, depth: u8) -> usize {
        let quote = self.at(index + 1);
        if depth == 0 || quote != b'"' {
            return index + 2;
        }
        let from = index + 2;
        let limit = self.line_end(from, end.min(from + MAX_BARE));
        let Some(close) = self.find_bytes(from, limit) else { return from };
        // A name when an operator follows, else a value.
        if !matches!(self.at(close + 2), b':' | b'=') {
            let name = before_value(self.bytes, index);
            let named = name.map(|name| (name.start, name.end));
            self.push(from, close, Form::Quoted, named, true);
        }
        close + 2
    }

    /// The closing quote of the string that opens at `open`.
    fn closing(&self, open: usize, end: usize) -> Option<usize> {
        let quote = self.at(open);
        let limit = end.min(open + MAX_STRING);
        let mut index = open + 1;
        while index < limit {
            let byte = self.at(index);
            if byte == quote {
                return Some(index);
            }
            match byte {
                b'\\' => index += 1,
                b'\n' | b'\r' if quote != b'`' => return None,
                _ => {}
            }
            index += 1;
        }
        None
    }

    fn quote(&mut self, open: usize, end: usize, depth: u8) -> usize {
        let quote = self.at(open);
        let previous = before(self.bytes, open);
        // An apostrophe in prose.
        if quote == b'\'' && previous.is_ascii_alphanumeric() && !self.prefixed(open) {
            return open + 1;
        }
        let triple = self.at(open + 1) == quote && self.at(open + 2) == quote;
        if triple {
            let fence = if quote == b'"' { "\"\"\"" } else { "'''" };
            if quote == b'`' {
                return open + 3;
            }
            let Some(close) = self.find(open + 3, end, fence) else { return open + 3 };
            if close - open > 8192 {
                return open + 3;
            }
            let documentation = self.line_blank_before(open);
            if documentation {
                self.comment_end = self.comment_end.max(close);
            }
            let named = before_value(self.bytes, open);
            self.value(open + 3, close, named);
            self.nested(open + 3, close, depth);
            return close + 3;
        }
        let Some(close) = self.closing(open, end) else { return open + 1 };
        if close == open + 1 {
            return close + 1;
        }
        // A key: `"name": ...`; its value finds it by looking back.
        let mut after = close + 1;
        while after < end && matches!(self.at(after), b' ' | b'\t') {
            after += 1;
        }
        let key = matches!(self.at(after), b':') && !matches!(self.at(after + 1), b':')
            || self.at(after) == b'=' && self.at(after + 1) == b'>';
        if !key || close - open > 64 {
            let mut name_at = open;
            if self.prefixed(open) {
                while before(self.bytes, name_at).is_ascii_alphabetic() {
                    name_at -= 1;
                }
            }
            let named = before_value(self.bytes, name_at);
            self.value(open + 1, close, named);
            self.nested(open + 1, close, depth);
        }
        close + 1
    }

    /// Whether a string prefix (`r`, `b`, `f`, `u`, `L`, `@`, `$`) stands before
    /// the quote.
    fn prefixed(&self, open: usize) -> bool {
        let mut start = open;
        while start + 3 > open && before(self.bytes, start).is_ascii_alphabetic() {
            start -= 1;
        }
        start < open
            && !matches!(before(self.bytes, start), b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
            && self.bytes.get(start..open).is_some_and(|word| {
                word.iter().all(|b| {
                    matches!(b.to_ascii_lowercase(), b'r' | b'b' | b'f' | b'u' | b'l' | b'c')
                })
            })
    }

    fn value(&mut self, from: usize, to: usize, named: Option<super::names::Named>) {
        let assigned = named.as_ref().is_none_or(|named| named.tie == Tie::Assigned);
        let range = named.map(|named| (named.start, named.end));
        self.push(from, to, Form::Quoted, range, assigned);
    }

    /// Values inside a string: `"--password=v"`, `'{"token": "v"}'`, `"a=b;c=d"`.
    fn nested(&mut self, from: usize, to: usize, depth: u8) {
        if depth >= MAX_DEPTH || to.saturating_sub(from) < 6 {
            return;
        }
        let inside = self.bytes.get(from..to).unwrap_or_default();
        if inside.iter().any(|b| matches!(b, b'=' | b':' | b'"' | b'\'' | b'-' | b'<')) {
            self.range(from, to, depth + 1);
        }
    }

    /// `name = value` and `name: value` with a bare value.
    fn operator(&mut self, index: usize, start: usize, end: usize) -> usize {
        let mut value = index + 1;
        let first = self.at(value);
        let colon = self.at(index) == b':';
        if colon {
            // `::`, `:=`, `://`
            if matches!(first, b':' | b'=' | b'/' | b'\\' | b'?' | b'+') {
                return value;
            }
        } else if matches!(first, b'=' | b'~' | b'>')
            || matches!(before(self.bytes, index), b'=' | b'!' | b'<' | b'>' | b'~' | b'%' | b'^')
        {
            return value + 1;
        }
        while value < end && matches!(self.at(value), b' ' | b'\t') {
            value += 1;
        }
        if value >= end {
            return value;
        }
        if matches!(
            self.at(value),
            b'"' | b'\'' | b'`' | b'\n' | b'\r' | b'#' | b'{' | b'[' | b'(' | b'|' | b'>' | b','
        ) && !(self.at(value) == b'{' && self.at(value + 1) == b'{')
        {
            return value.max(index + 1);
        }
        let mut op = index;
        while matches!(before(self.bytes, op), b':' | b'?' | b'+' | b'|' | b'.') && op > start {
            op -= 1;
        }
        let Some(name) = left_of(self.bytes, op, Tie::Assigned) else { return value };
        if name.start < start {
            return value;
        }
        let lead = self.leads_line(name.start) && !before_is_quote(self.bytes, name.start);
        let mut to = self.bare_end(value, end, lead);
        // `Authorization: Bearer v`.
        let scheme = self.text.get(value..to).unwrap_or_default();
        if is_scheme(scheme) {
            let mut next = to;
            while next < end && matches!(self.at(next), b' ' | b'\t') {
                next += 1;
            }
            if next > to && !matches!(self.at(next), b'"' | b'\'' | b'\n' | b'\r') {
                value = next;
                to = self.bare_end(value, end, lead);
            }
        }
        if to > value {
            self.push(value, to, Form::Bare, Some((name.start, name.end)), true);
        }
        value
    }

    /// Whether a name that starts here is the first word of its line, but for
    /// `export`, `set`, `-`, `ENV` and the like.
    fn leads_line(&self, name: usize) -> bool {
        let mut index = name;
        let floor = name.saturating_sub(48);
        while index > floor && !matches!(before(self.bytes, index), b'\n' | b'\r') {
            index -= 1;
        }
        if index == floor && floor > 0 && !matches!(before(self.bytes, index), b'\n' | b'\r') {
            return false;
        }
        let lead = self.text.get(index..name).unwrap_or("?").trim();
        matches!(
            lead,
            "" | "export"
                | "set"
                | "SET"
                | "-"
                | "ENV"
                | "ARG"
                | "env"
                | "#"
                | "//"
                | "+"
                | "setx"
                | "'"
                | "\""
        )
    }

    /// The end of a bare value.
    fn bare_end(&self, from: usize, end: usize, leads: bool) -> usize {
        let mut index = from;
        let mut braces = 0u32;
        let end = end.min(from + MAX_BARE);
        while index < end {
            let byte = self.at(index);
            match byte {
                b'{' => braces += 1,
                b'}' if braces > 0 => braces -= 1,
                b' ' | b'\t' if braces > 0 => {}
                b'\n' | b'\r' => break,
                b' ' | b'\t' | b'"' | b'\'' | b'`' => break,
                b'&' | b';' | b',' | b')' | b']' | b'}' | b'|' | b'<' if !leads && braces == 0 => {
                    break;
                }
                _ => {}
            }
            index += 1;
        }
        // The cap may fall into a character.
        while index > from && !self.text.is_char_boundary(index) {
            index -= 1;
        }
        while index > from && matches!(before(self.bytes, index), b',' | b';') {
            index -= 1;
        }
        index
    }

    fn push(
        &mut self,
        from: usize,
        to: usize,
        form: Form,
        name: Option<(usize, usize)>,
        assigned: bool,
    ) {
        let Some(raw) = self.text.get(from..to) else { return };
        let path = name.and_then(|(start, end)| self.text.get(start..end)).map(str::to_owned);
        let mut short = path.as_deref().map(|path| last_component(path).to_owned());
        let lower = short.as_deref().map(str::to_ascii_lowercase).unwrap_or_default();
        match lower.as_str() {
            "name" | "key" => self.label = Some((raw.to_owned(), to)),
            "value" | "default" | "val" => {
                if let Some((label, end)) = self.label.take()
                    && from >= end
                    && from - end < 200
                    && self
                        .bytes
                        .get(end..from)
                        .is_some_and(|b| b.iter().filter(|b| **b == b'\n').count() < 3)
                {
                    short = Some(last_component(&label).to_owned());
                }
            }
            _ => {}
        }
        self.out.push(Literal {
            value: if form == Form::Quoted { unescape(raw) } else { raw.to_owned() },
            span: Span::new(from, to),
            name: short.filter(|name| !name.is_empty()),
            path: path.filter(|path| path.contains('.')),
            form,
            in_comment: from < self.comment_end,
            is_assignment: assigned,
        });
    }
}

fn before_is_quote(bytes: &[u8], index: usize) -> bool {
    matches!(before(bytes, index), b'"' | b'\'' | b'`')
}

/// The word before the credential in an `Authorization` header.
fn is_scheme(word: &str) -> bool {
    [
        "bearer",
        "basic",
        "token",
        "apikey",
        "api-key",
        "api-token",
        "apitoken",
        "bot",
        "digest",
        "jwt",
        "key",
    ]
    .iter()
    .any(|scheme| word.eq_ignore_ascii_case(scheme))
}

/// Resolves the escapes that most languages share; others stay as written.
fn unescape(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let rest = chars.as_str();
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some(digits @ ('x' | 'u')) => {
                let length = if digits == 'x' { 2 } else { 4 };
                let code = rest.get(1..=length).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                match code.and_then(char::from_u32) {
                    Some(resolved) => {
                        out.push(resolved);
                        chars = rest.get(1 + length..).unwrap_or_default().chars();
                    }
                    None => {
                        out.push('\\');
                        out.push(digits);
                    }
                }
            }
            Some(other @ ('"' | '\'' | '\\' | '/' | '`' | '$')) => out.push(other),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
            None => out.push('\\'),
        }
    }
    out
}
