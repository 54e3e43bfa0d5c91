//! What the groups of a regular expression can match.

use std::collections::BTreeMap;

use regex_syntax::hir::{Class, Hir, HirKind};

/// What a value can be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Reach {
    /// Can contain a line feed.
    pub(in super::super) line_feed: bool,
    /// Can contain a carriage return.
    pub(in super::super) carriage_return: bool,
    /// Can contain a dot, and so be any host name.
    pub(in super::super) dot: bool,
    /// Contains a slash whatever it is, and so ends a host name.
    pub(in super::super) slash: bool,
}

impl Reach {
    /// Nothing is known: anything can be in it.
    pub(in super::super) const ANYTHING: Reach =
        Reach { line_feed: true, carriage_return: true, dot: true, slash: false };

    /// What a piece of text contains.
    pub(in super::super) fn of_text(text: &str) -> Self {
        let has = |c: char| text.contains(c);
        Self { line_feed: has('\n'), carriage_return: has('\r'), dot: has('.'), slash: has('/') }
    }

    /// One behind the other.
    #[must_use]
    pub(in super::super) fn then(self, other: Reach) -> Self {
        Self { slash: self.slash || other.slash, ..self.or(other) }
    }

    /// One or the other.
    #[must_use]
    pub(in super::super) fn or(self, other: Reach) -> Self {
        Self {
            line_feed: self.line_feed || other.line_feed,
            carriage_return: self.carriage_return || other.carriage_return,
            dot: self.dot || other.dot,
            slash: self.slash && other.slash,
        }
    }

    fn of_pattern(hir: &Hir) -> Self {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => Self::default(),
            HirKind::Literal(literal) => Self::of_text(&String::from_utf8_lossy(&literal.0)),
            HirKind::Class(class) => {
                let has = |c: char| contains(class, c);
                Self {
                    line_feed: has('\n'),
                    carriage_return: has('\r'),
                    dot: has('.'),
                    // A class of one character is a literal.
                    slash: false,
                }
            }
            HirKind::Repetition(repetition) => {
                let inner = Self::of_pattern(&repetition.sub);
                Self { slash: inner.slash && repetition.min > 0, ..inner }
            }
            HirKind::Capture(capture) => Self::of_pattern(&capture.sub),
            HirKind::Concat(parts) => {
                parts.iter().map(Self::of_pattern).fold(Self::default(), Self::then)
            }
            HirKind::Alternation(branches) => {
                branches.iter().map(Self::of_pattern).reduce(Self::or).unwrap_or_default()
            }
        }
    }
}

/// Whether a class has a character.
pub(in super::super) fn contains(class: &Class, c: char) -> bool {
    match class {
        Class::Unicode(class) => class.iter().any(|range| range.start() <= c && c <= range.end()),
        Class::Bytes(class) => {
            u8::try_from(c).is_ok_and(|c| class.iter().any(|r| r.start() <= c && c <= r.end()))
        }
    }
}

/// The tree of a PCRE expression, as far as it is regular. Groups that only look
/// around match no text, and are left out.
pub(in super::super) fn parse(expression: &str) -> Option<Hir> {
    let regular = without_lookaround(expression)?;
    regex_syntax::ParserBuilder::new().build().parse(&regular).ok()
}

/// `None` when such a group has a capture: the numbers of the others rest on it.
fn without_lookaround(expression: &str) -> Option<String> {
    let mut out = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(c) = rest.chars().next() {
        let looks = ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|open| rest.starts_with(open));
        let length = match c {
            '\\' => c.len_utf8() + rest.chars().nth(1).map_or(0, char::len_utf8),
            '(' if looks => group(rest),
            _ => c.len_utf8(),
        };
        let (taken, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if c != '(' || !looks {
            out.push_str(taken);
        } else if taken.get(1..).is_some_and(|inside| inside.contains('(')) {
            return None;
        }
        rest = behind;
    }
    Some(out)
}

/// The length of the group that a text begins with.
fn group(text: &str) -> usize {
    let mut depth = 0usize;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' if depth == 1 => return at + 1,
            ')' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// What the groups of an expression can match, by number and by name. `None`
/// when the expression is not regular.
pub(in super::super) fn groups(expression: &str) -> Option<BTreeMap<String, Reach>> {
    fn collect(hir: &Hir, out: &mut BTreeMap<String, Reach>) {
        match hir.kind() {
            HirKind::Capture(capture) => {
                let reach = Reach::of_pattern(&capture.sub);
                out.insert(capture.index.to_string(), reach);
                if let Some(name) = &capture.name {
                    out.insert(name.to_string(), reach);
                }
                collect(&capture.sub, out);
            }
            HirKind::Repetition(repetition) => collect(&repetition.sub, out),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => {
                parts.iter().for_each(|part| collect(part, out));
            }
            HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => {}
        }
    }
    let mut out = BTreeMap::new();
    collect(&parse(expression)?, &mut out);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_what_they_match() {
        let reach = |expression: &str, group: &str| groups(expression).unwrap()[group];
        let plain = Reach::default();
        assert_eq!(reach("^/(a|b)/(https?)$", "1"), plain);
        assert_eq!(reach("^/(a|b)/(https?)$", "2"), plain);
        assert_eq!(reach("(.*)", "1"), Reach { carriage_return: true, dot: true, ..plain });
        assert!(reach(r"(?<p>\W*)", "p").line_feed);
        assert!(reach("([^/]+)", "1").line_feed);
        assert!(!reach(r"([^/\s]+)", "1").line_feed);
        assert!(reach("(/.*)", "1").slash);
        assert!(!reach("(/?a)", "1").slash);
        assert_eq!(groups(r"(?!x)(c)").unwrap().len(), 1);
        assert!(groups(r"(?<=a(b))(c)").is_none());
        assert!(groups(r"(a)\1").is_none());
    }
}
