//! `name = value` files: dotenv, INI and properties.

use crate::artifact::{ParseFailure, Parsed};
use crate::kind::Kind;
use crate::span::Span;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The section above it, in INI files.
    pub section: Option<String>,
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The value without quotes and without a comment behind it.
    pub value: String,
    /// Where the value stands, quotes excluded.
    pub value_span: Span,
    /// It was written with `export`.
    pub exported: bool,
}

/// Reads the settings of a file. Lines that assign nothing are no error: the
/// formats have no common grammar.
pub(crate) fn parse(kind: Kind, text: &str) -> Parsed<Vec<Setting>> {
    if !matches!(kind, Kind::Env | Kind::Ini) {
        return Err(ParseFailure::syntax("not a file of settings", Span::default()));
    }
    let mut settings = Vec::new();
    let mut section = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let line = rest.get(..length).unwrap_or_default().trim_end_matches(['\r', '\n']);
        let body = line.trim_start();
        let start = at + (line.len() - body.len());
        let mut next = at + length;
        if let Some(name) = body.strip_prefix('[').and_then(|body| body.split(']').next()) {
            section = Some(name.to_owned());
        } else if !body.is_empty()
            && !body.starts_with(['#', ';', '!'])
            && let Some((setting, end)) = setting(text, start, body, section.as_ref(), kind)
        {
            settings.push(setting);
            // A quoted value may go on over several lines.
            let newline = text.get(end..).and_then(|rest| rest.find('\n'));
            next = next.max(newline.map_or(text.len(), |newline| end + newline + 1));
        }
        at = next;
    }
    Ok(settings)
}

fn setting(
    text: &str,
    start: usize,
    body: &str,
    section: Option<&String>,
    kind: Kind,
) -> Option<(Setting, usize)> {
    let (exported, skipped) = match body.strip_prefix("export ") {
        Some(rest) if kind == Kind::Env => (true, body.len() - rest.trim_start().len()),
        _ => (false, 0),
    };
    let rest = body.get(skipped..)?;
    let separator = if kind == Kind::Env { rest.find('=')? } else { rest.find(['=', ':'])? };
    let name = rest.get(..separator)?.trim_end();
    if name.is_empty() || name.contains(char::is_whitespace) && kind == Kind::Env {
        return None;
    }
    let name_start = start + skipped;
    let after = start + skipped + separator + 1;
    let blanks =
        text.get(after..)?.len() - text.get(after..)?.trim_start_matches([' ', '\t']).len();
    let value_start = after + blanks;
    let (value, value_span, end) = value(text, value_start, kind)?;
    let setting = Setting {
        section: section.cloned(),
        name: name.to_owned(),
        name_span: Span::new(name_start, name_start + name.len()),
        value,
        value_span,
        exported,
    };
    Some((setting, end))
}

fn value(text: &str, start: usize, kind: Kind) -> Option<(String, Span, usize)> {
    let rest = text.get(start..)?;
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = rest.get(1..)?;
        let mut escaped = false;
        let end = inner.char_indices().find_map(|(at, c)| {
            let closes = c == quote && !escaped;
            escaped = c == '\\' && quote == '"' && !escaped;
            closes.then_some(at)
        });
        if let Some(end) = end
            .filter(|end| kind == Kind::Env || !inner.get(..*end).is_some_and(|v| v.contains('\n')))
        {
            let span = Span::new(start + 1, start + 1 + end);
            return Some((span.of(text).to_owned(), span, start + end + 2));
        }
    }
    let line = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    let comment = if kind == Kind::Env { line.find(" #") } else { line.find(" ;") };
    let value = line.get(..comment.unwrap_or(line.len()))?.trim_end();
    let span = Span::new(start, start + value.len());
    Some((value.to_owned(), span, start + line.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotenv_values_quotes_and_comments() {
        let text = "# c\nexport A=1 # why\nB=\"x y\" \nC='l1\nl2'\nD=\nnot a setting\nE=a=b\n";
        let settings = parse(Kind::Env, text).unwrap();
        let pairs: Vec<_> = settings.iter().map(|s| (s.name.as_str(), s.value.as_str())).collect();
        assert_eq!(pairs, [("A", "1"), ("B", "x y"), ("C", "l1\nl2"), ("D", ""), ("E", "a=b")]);
        assert!(settings[0].exported);
        assert_eq!(settings[1].value_span.of(text), "x y");
        assert_eq!(settings[4].name_span.of(text), "E");
    }

    #[test]
    fn ini_sections() {
        let settings = parse(Kind::Ini, "[db]\nuser: root\npassword = x ; y\n; c\n").unwrap();
        assert_eq!(settings[0].section.as_deref(), Some("db"));
        assert_eq!((settings[1].name.as_str(), settings[1].value.as_str()), ("password", "x"));
    }
}
