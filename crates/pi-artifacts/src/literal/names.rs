//! Looks back from a value for the name it is given.

/// A byte of a text, 0 beyond its ends.
pub(super) fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}

/// The byte before `index`, 0 at the start.
pub(super) fn before(bytes: &[u8], index: usize) -> u8 {
    index.checked_sub(1).map_or(0, |index| at(bytes, index))
}

/// How far back a name may reach.
const MAX_NAME: usize = 96;
/// How much white space may stand between name, operator and value.
const MAX_GAP: usize = 48;

/// How a name was tied to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// `name = value` and its spellings.
    Assigned,
    /// `name == value`.
    Compared,
    /// `name(value)` or `f("name", value)`.
    Argument,
}

/// A name before a value.
#[derive(Debug)]
pub(super) struct Named {
    /// The bytes of the whole path.
    pub start: usize,
    /// The end of the path.
    pub end: usize,
    /// How it is tied.
    pub tie: Tie,
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$' | b'@') || byte >= 0x80
}

/// Skips white space backwards, across line breaks when `lines` says so.
fn skip_back(bytes: &[u8], mut index: usize, lines: bool) -> usize {
    let floor = index.saturating_sub(MAX_GAP);
    while index > floor {
        match before(bytes, index) {
            b' ' | b'\t' => index -= 1,
            b'\n' | b'\r' if lines => index -= 1,
            _ => break,
        }
    }
    index
}

/// The name that the value starting at `value` (its opening quote, or its first
/// byte) is given, if any.
pub(super) fn before_value(bytes: &[u8], value: usize) -> Option<Named> {
    let index = skip_back(bytes, value, true);
    match before(bytes, index) {
        b'=' => {
            let mut op = index - 1;
            let mut tie = Tie::Assigned;
            match before(bytes, op) {
                b'=' => {
                    tie = Tie::Compared;
                    op -= 1;
                    if matches!(before(bytes, op), b'=' | b'!') {
                        op -= 1;
                    }
                }
                b'!' | b'<' | b'>' | b'~' => {
                    tie = Tie::Compared;
                    op -= 1;
                }
                b':' | b'+' | b'?' | b'|' | b'.' => {
                    while matches!(before(bytes, op), b':' | b'+' | b'?' | b'|' | b'.') {
                        op -= 1;
                    }
                }
                _ => {}
            }
            left_of(bytes, op, tie)
        }
        b':' => {
            let mut op = index - 1;
            while before(bytes, op) == b':' {
                op -= 1;
            }
            left_of(bytes, op, Tie::Assigned)
        }
        b'>' => {
            let op = index - 1;
            match before(bytes, op) {
                b'=' | b'-' => left_of(bytes, op - 1, Tie::Assigned),
                _ => None,
            }
        }
        b'(' => left_of(bytes, index - 1, Tie::Argument),
        b',' => {
            let name = left_of(bytes, index - 1, Tie::Argument)?;
            // Only a quoted first argument names the second.
            matches!(at(bytes, name.end), b'"' | b'\'' | b'`').then_some(name)
        }
        _ => None,
    }
}

/// The name that ends before `index`.
pub(super) fn left_of(bytes: &[u8], index: usize, tie: Tie) -> Option<Named> {
    let mut index = skip_back(bytes, index, false);
    // `map["name"]`, `map[:name]`, `$map{name}`.
    if matches!(before(bytes, index), b']' | b'}') {
        index -= 1;
        index = skip_back(bytes, index, false);
    }
    // `name?: string`, `name!`.
    if matches!(before(bytes, index), b'?' | b'!') {
        index -= 1;
    }
    let quote = before(bytes, index);
    let (start, end) = if matches!(quote, b'"' | b'\'' | b'`') {
        let mut end = index - 1;
        if before(bytes, end) == b'\\' {
            end -= 1;
        }
        let floor = end.saturating_sub(MAX_NAME);
        let mut start = end;
        while start > floor && !matches!(before(bytes, start), b'"' | b'\'' | b'`' | b'\n') {
            start -= 1;
        }
        if !matches!(before(bytes, start), b'"' | b'\'' | b'`') {
            return None;
        }
        (start, end)
    } else {
        let floor = index.saturating_sub(MAX_NAME);
        let mut start = index;
        while start > floor && is_name(before(bytes, start)) {
            start -= 1;
        }
        (start, index)
    };
    if start == end {
        return None;
    }
    let word = bytes.get(start..end)?;
    if is_type(word) {
        // `password: str = "v"`, `var password string = "v"`.
        let mut left = skip_back(bytes, start, false);
        if before(bytes, left) == b'&' {
            left = skip_back(bytes, left - 1, false);
        }
        if before(bytes, left) == b':' {
            left = skip_back(bytes, left - 1, false);
        }
        let mut first = left;
        let floor = left.saturating_sub(MAX_NAME);
        while first > floor && is_name(before(bytes, first)) {
            first -= 1;
        }
        let declares = bytes.get(first..left).is_none_or(|word| {
            word.is_empty()
                || matches!(
                    word,
                    b"const" | b"final" | b"static" | b"private" | b"public" | b"let" | b"var"
                )
        });
        if !declares {
            return Some(Named { start: first, end: left, tie });
        }
    }
    Some(Named { start, end, tie })
}

fn is_type(word: &[u8]) -> bool {
    matches!(
        word,
        b"str"
            | b"string"
            | b"String"
            | b"&str"
            | b"char"
            | b"any"
            | b"text"
            | b"bytes"
            | b"String?"
            | b"Any"
            | b"object"
            | b"static"
            | b"SecretStr"
            | b"NSString"
    )
}

/// The last component of a path of names, without sigils.
pub(super) fn last_component(path: &str) -> &str {
    let path = path.trim_matches(|c: char| {
        matches!(c, '-' | '.' | '$' | '@' | ':' | ' ' | '"' | '\'' | '\\' | '/')
    });
    path.rsplit(['.', ':', '/']).next().unwrap_or(path)
}
