//! A look over Cedar text before the parser gets it: where its statements lie,
//! and whether they are of a size that may be parsed.

use std::ops::Range;

/// Most bytes of one policy text.
pub const MAX_POLICY_BYTES: usize = 1 << 20;
/// Most bytes of one statement.
pub const MAX_STATEMENT_BYTES: usize = 16 << 10;
/// Most operators of one statement, counted by character: a chain of them
/// becomes a tree of that depth, and a stack has an end.
pub const MAX_OPERATORS: usize = 1_000;
/// Deepest nesting of brackets.
pub const MAX_NESTING: usize = 32;

/// The byte ranges of the statements, without what lies before them; or the
/// place and the nature of what is too much.
pub(crate) fn statements(text: &str) -> Result<Vec<Range<usize>>, (usize, String)> {
    if text.len() > MAX_POLICY_BYTES {
        return Err((0, format!("a policy text has at most {MAX_POLICY_BYTES} bytes")));
    }
    let (mut found, mut start) = (Vec::new(), None);
    let (mut depth, mut operators) = (0_usize, 0_usize);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        if byte == b'/' && bytes.next_if(|(_, next)| *next == b'/').is_some() {
            while bytes.next_if(|(_, next)| *next != b'\n').is_some() {}
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        let from = *start.get_or_insert(at);
        match byte {
            b'"' => {
                while let Some((_, byte)) = bytes.next() {
                    match byte {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' => {
                found.push(from..at + 1);
                (start, depth, operators) = (None, 0, 0);
            }
            b'+' | b'-' | b'*' | b'!' | b'.' | b'&' | b'|' | b'=' | b'<' | b'>' => operators += 1,
            _ => {}
        }
        if operators > MAX_OPERATORS {
            return Err((from, format!("a policy has at most {MAX_OPERATORS} operators")));
        }
        if depth > MAX_NESTING {
            return Err((at, format!("brackets are nested at most {MAX_NESTING} deep")));
        }
        if at - from > MAX_STATEMENT_BYTES {
            return Err((from, format!("a policy has at most {MAX_STATEMENT_BYTES} bytes")));
        }
    }
    found.extend(start.map(|start| start..text.len()));
    Ok(found)
}

/// The same policies under other ids. The text is one that loads, and there is an id for
/// each of its statements, in order.
pub(crate) fn with_ids(text: &str, ids: &[String]) -> String {
    let statements = statements(text).unwrap_or_default();
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for (statement, id) in statements.into_iter().zip(ids) {
        let (start, end) = written_id(text, statement.start).unwrap_or((statement.start, None));
        out.push_str(text.get(from..start).unwrap_or_default());
        out.push_str(&format!("@id(\"{}\")", id.escape_debug()));
        if end.is_none() {
            out.push('\n');
        }
        from = end.unwrap_or(start);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Where the annotation `@id`, with its value, lies among those of a statement.
fn written_id(text: &str, statement: usize) -> Option<(usize, Option<usize>)> {
    let bytes = text.as_bytes();
    let mut at = statement;
    while bytes.get(at) == Some(&b'@') {
        let start = at;
        at = blank(bytes, at + 1);
        let word = at;
        while bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            at += 1;
        }
        let is_id = text.get(word..at) == Some("id");
        let mut end = at;
        at = blank(bytes, at);
        if bytes.get(at) == Some(&b'(') {
            at = blank(bytes, at + 1);
            at = blank(bytes, string(bytes, at)) + 1;
            end = at;
        }
        if is_id {
            return Some((start, Some(end)));
        }
        at = blank(bytes, at);
    }
    None
}

/// The first byte behind blanks and comments.
fn blank(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [b'/', b'/', rest @ ..] => {
                at += 2 + rest.iter().take_while(|byte| **byte != b'\n').count();
            }
            [byte, ..] if byte.is_ascii_whitespace() => at += 1,
            _ => return at,
        }
    }
}

/// The first byte behind a string.
fn string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Line and column of a byte, both from 1, the column in characters.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_outside_strings_and_comments() {
        let text = "// a; b\npermit(a); @m(\"x;\\\";\") forbid(b) // ;\n; rest";
        let found = statements(text).unwrap();
        let texts: Vec<&str> = found.into_iter().map(|range| &text[range]).collect();
        assert_eq!(texts, ["permit(a);", "@m(\"x;\\\";\") forbid(b) // ;\n;", "rest"]);
    }

    #[test]
    fn what_is_too_much_is_refused_with_its_place() {
        let deep = format!("permit {}", "(".repeat(MAX_NESTING + 1));
        assert_eq!(statements(&deep).unwrap_err().0, 7 + MAX_NESTING);
        let long = "a, ".repeat(MAX_STATEMENT_BYTES / 2);
        assert_eq!(statements(&long).unwrap_err().0, 0);
        let chain = "1+".repeat(MAX_OPERATORS + 1);
        assert_eq!(statements(&chain).unwrap_err().0, 0);
        assert!(statements(&"permit;".repeat(MAX_POLICY_BYTES / 7 + 1)).is_err());
    }

    #[test]
    fn places_count_from_one() {
        assert_eq!(place("ä\nöx", 0), (1, 1));
        assert_eq!(place("ä\nöx", 5), (2, 2));
        assert_eq!(place("a", 9), (1, 2));
    }
}
