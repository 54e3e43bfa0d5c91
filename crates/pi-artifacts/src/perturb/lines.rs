//! Comments between lines, for every language that has full-line comments; and
//! the kinds that are nothing but lines (`.env`, INI, requirements).

use super::{Changes, Perturbation, Request};
use crate::kind::Kind;
use crate::span::Span;

/// Comments in one copy at most; the cost of a copy stays linear.
const MAX_COMMENTS: usize = 64;

/// Inserts comments in front of the lines that begin at `starts`, indented like
/// them. Bait comments repeat lines of the text itself.
pub(crate) fn comments(
    changes: &mut Changes,
    text: &str,
    starts: &[usize],
    leader: &str,
    bait: &[&str],
    request: Request,
) {
    if !request.wants(Perturbation::Comments) {
        return;
    }
    let own: Vec<&str> =
        if request.wants(Perturbation::BaitComments) { repeatable(text) } else { Vec::new() };
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let step = starts.len().div_ceil(MAX_COMMENTS).max(1);
    for (number, at) in starts.iter().enumerate().filter(|(number, _)| number % step == 0) {
        let rest = text.get(*at..).unwrap_or_default();
        let indent =
            rest.get(..rest.len() - rest.trim_start_matches([' ', '\t']).len()).unwrap_or_default();
        let mut lines = format!("{indent}{leader} reviewed{newline}");
        if request.wants(Perturbation::BaitComments) {
            let fixed = bait.get(request.pick(number, bait.len()));
            let repeated = own.get(request.pick(number + 1, own.len()));
            for line in fixed.into_iter().chain(repeated) {
                lines.push_str(&format!("{indent}{leader} {line}{newline}"));
            }
        }
        changes.insert(*at, lines);
    }
}

/// Lines of the text that can stand in a comment.
fn repeatable(text: &str) -> Vec<&str> {
    text.lines()
        .map(str::trim)
        .filter(|line| {
            (4..=120).contains(&line.len())
                && !line.contains("pi:")
                && !line.contains("*/")
                && !line.ends_with('\\')
                && line.chars().all(|c| !c.is_control())
        })
        .take(256)
        .collect()
}

pub(super) fn changes(kind: Kind, text: &str, request: Request) -> Changes {
    let mut changes = Changes::default();
    let starts =
        if kind == Kind::PipRequirements { requirement_starts(text) } else { plain_starts(text) };
    comments(&mut changes, text, &starts, "#", &["MODE=plain", "debug = false"], request);
    if kind == Kind::Env {
        quote_values(&mut changes, text, request);
    }
    changes.swap_line_endings(text, request);
    changes
}

/// Starts of lines that assign or open a section, outside values that span
/// several lines.
fn plain_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut open: Option<char> = None;
    let mut continues = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim();
        if open.is_none() && !continues && !body.is_empty() && !line.starts_with([' ', '\t']) {
            starts.push(at);
        }
        if open.is_some() || !body.starts_with(['#', ';']) {
            for character in body.chars() {
                match open {
                    Some(quote) if character == quote => open = None,
                    None if matches!(character, '"' | '\'') => open = Some(character),
                    _ => {}
                }
            }
        }
        continues = body.ends_with('\\');
        at += line.len();
    }
    // A quote that never closes was no quote: nothing behind it is safe.
    if open.is_some() { Vec::new() } else { starts }
}

fn requirement_starts(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut continues = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !continues && !line.trim().is_empty() {
            starts.push(at);
        }
        continues = line.trim_end().ends_with('\\');
        at += line.len();
    }
    starts
}

/// `NAME=value` becomes `NAME="value"` where no reader can tell the difference.
fn quote_values(changes: &mut Changes, text: &str, request: Request) {
    if !request.wants(Perturbation::Quoting) || text.contains(['"', '\'', '\\']) {
        return;
    }
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\r', '\n']);
        if let Some((name, value)) = body.split_once('=')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !value.is_empty()
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-./:@%+,".contains(&b))
        {
            let start = at + name.len() + 1;
            changes.wrap(Span::new(start, start + value.len()), "\"");
        }
        at += line.len();
    }
}
