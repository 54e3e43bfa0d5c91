//! Words with variables in them.

/// A part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Text as it stands.
    Text(&'a str),
    /// The name of a variable, `$name` or `${name}`; a capture is its number.
    Variable(&'a str),
}

/// The parts of a word in order. A `$` that names nothing is text.
pub fn parts(word: &str) -> Vec<Part<'_>> {
    let mut out = Vec::new();
    let mut rest = word;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|tail| tail.find('$')).map(|at| from + at) {
        let behind = rest.get(at + 1..).unwrap_or_default();
        let Some((name, length)) = variable(behind) else {
            from = at + 1;
            continue;
        };
        if let Some(text) = rest.get(..at).filter(|text| !text.is_empty()) {
            out.push(Part::Text(text));
        }
        out.push(Part::Variable(name));
        rest = behind.get(length..).unwrap_or_default();
        from = 0;
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest));
    }
    out
}

/// The name behind a `$`, and how many bytes it takes.
fn variable(behind: &str) -> Option<(&str, usize)> {
    if let Some(inner) = behind.strip_prefix('{') {
        let name = inner.get(..inner.find('}')?)?;
        return is_name(name).then_some((name, name.len() + 2));
    }
    if behind.starts_with(|c: char| matches!(c, '1'..='9')) {
        return Some((behind.get(..1)?, 1));
    }
    let length = behind.find(|c: char| !is_name_character(c)).unwrap_or(behind.len());
    let name = behind.get(..length)?;
    is_name(name).then_some((name, length))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(is_name_character)
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
