//! Configuration of the kind `name value value`: Apache, HAProxy, OpenSSH, Postfix,
//! openssl.cnf. One reader for all, since each line stands for itself.

use crate::span::Span;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its first word.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// What follows, without the separator, outer quotes and a comment behind it;
    /// continued lines are joined by a blank.
    pub value: String,
    /// Where the value stands.
    pub value_span: Span,
    /// The `[section]` above it.
    pub section: Option<String>,
}

impl Line {
    /// Whether the line has this name in any letter case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The words of the value.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.value.split_whitespace()
    }

    /// Name and value.
    pub fn span(&self) -> Span {
        self.name_span.to(self.value_span)
    }
}

/// The lines of a text. Never fails: what has no name is left out.
pub fn lines(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let mut section = None;
    let mut at = 0;
    let mut continued = false;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let raw = rest.get(..length).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let (body, goes_on) = match raw.strip_suffix('\\') {
            Some(body) => (body, true),
            None => (raw, false),
        };
        let trimmed = body.trim_start();
        let start = at + (body.len() - trimmed.len());
        at += length;
        if continued {
            if let Some(last) = out.last_mut() {
                let more = uncommented(trimmed).trim();
                last.value.push(' ');
                last.value.push_str(more);
                last.value_span = last.value_span.to(Span::new(start, start + more.len()));
            }
        } else if let Some(name) = trimmed.strip_prefix('[').and_then(|body| body.split(']').next())
        {
            section = Some(name.trim().to_owned());
        } else if !trimmed.starts_with(['#', ';', '!']) {
            out.extend(line(trimmed, start, section.as_ref()));
        }
        continued = goes_on && !trimmed.starts_with(['#', ';']);
    }
    out
}

fn line(body: &str, start: usize, section: Option<&String>) -> Option<Line> {
    let body = uncommented(body);
    let name_end = body.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(body.len());
    let name = body.get(..name_end)?.trim_end_matches(':');
    if name.is_empty() {
        return None;
    }
    let rest = body.get(name_end..)?;
    let value = rest.trim_start();
    let value = value.strip_prefix(['=', ':']).unwrap_or(value).trim_start();
    let value_start = start + (body.len() - value.len());
    let value = value.trim_end();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, value_start) = match quote.and_then(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    }) {
        Some(inner) => (inner, value_start + 1),
        None => (value, value_start),
    };
    Some(Line {
        name: name.to_owned(),
        name_span: Span::new(start, start + name.len()),
        value: value.to_owned(),
        value_span: Span::new(value_start, value_start + value.len()),
        section: section.cloned(),
    })
}

/// The line without a comment that a blank and `#` begin outside of quotes.
fn uncommented(body: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in body.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '#') if before.is_whitespace() => {
                return body.get(..at).unwrap_or(body).trim_end();
            }
            _ => {}
        }
        before = c;
    }
    body.trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_gives_name_and_value() {
        let text = "# c\nSSLProtocol all -SSLv3 # why\n  Ciphers=a,b\n[sec]\nMinProtocol = TLSv1\nx: \"y z\"\nlist a \\\n  b\n=\nalone\n";
        let found = lines(text);
        let pairs: Vec<(&str, &str)> =
            found.iter().map(|line| (line.name.as_str(), line.value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("SSLProtocol", "all -SSLv3"),
                ("Ciphers", "a,b"),
                ("MinProtocol", "TLSv1"),
                ("x", "y z"),
                ("list", "a b"),
                ("alone", "")
            ]
        );
        assert_eq!(found[2].section.as_deref(), Some("sec"));
        assert_eq!(found[3].value_span.of(text), "y z");
        assert_eq!(found[0].value_span.of(text), "all -SSLv3");
    }
}
