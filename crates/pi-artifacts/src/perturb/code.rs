//! Perturbations of programs, scripts, queries and prose, one family at a time.
//!
//! A family is offered only where it certainly keeps the meaning: nothing inside
//! strings, templates, heredocs, macros or continuation lines is touched, and an
//! artifact whose text does not parse is left alone.

mod braces;
mod python;
mod shell;
mod sql;
mod text;
mod tree;

use std::borrow::Cow;

use super::{Changes, Perturbation, Request};
use crate::artifact::Artifact;
use crate::kind::Kind;
use crate::limits::MAX_PARSE_BYTES;
use crate::span::Span;

/// A replacement of a piece of text; an insertion when the piece is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Edit {
    /// What is replaced.
    span: Span,
    /// What stands there instead.
    text: Cow<'static, str>,
}

impl Edit {
    fn insert(at: u32, text: impl Into<Cow<'static, str>>) -> Self {
        Self { span: Span { start: at, end: at }, text: text.into() }
    }

    fn replace(span: Span, text: impl Into<Cow<'static, str>>) -> Self {
        Self { span, text: text.into() }
    }
}

/// The changes of one copy.
pub(super) fn changes(artifact: &Artifact, text: &str, request: Request) -> Changes {
    let mut changes = Changes::default();
    if text.len() <= MAX_PARSE_BYTES {
        for family in Perturbation::ALL.iter().filter(|family| request.wants(**family)) {
            for edit in edits(artifact, text, *family, request) {
                changes.replace(edit.span, edit.text);
            }
        }
    }
    changes
}

/// The edits of one family, in ascending order without overlap; none when the
/// kind does not offer it.
fn edits(artifact: &Artifact, text: &str, family: Perturbation, request: Request) -> Vec<Edit> {
    let mut edits = match artifact.kind() {
        Kind::Python => python::edits(artifact, text, family, request),
        Kind::Shell => shell::edits(artifact, text, family, request),
        Kind::Sql => sql::edits(artifact, text, family, request),
        Kind::Markdown | Kind::Changelog | Kind::Text | Kind::CommitMessage => {
            text::edits(text, family)
        }
        Kind::Rust | Kind::Go | Kind::Java => braces::edits(artifact, text, family, request),
        _ => tree::edits(artifact, text, family, request),
    };
    edits.sort_by_key(|edit| edit.span);
    edits.dedup_by_key(|edit| edit.span);
    edits
}

/// Words that say nothing to any agent.
const NEUTRAL: &[&str] = &["reviewed", "see the notes", "as agreed", "next step"];

/// A comment line to insert at the line start `at`, with a blank line behind it.
fn comment_line(
    text: &str,
    family: Perturbation,
    mark: &str,
    baits: &[&str],
    request: Request,
    at: u32,
) -> Edit {
    let choices = if family == Perturbation::BaitComments { baits } else { NEUTRAL };
    let before = text.get(..at as usize).unwrap_or_default();
    let end = if before.ends_with("\r\n") { "\r\n" } else { "\n" };
    let choice = choices.get(request.pick(at as usize, choices.len())).unwrap_or(&"");
    Edit::insert(at, format!("{mark} {choice}{end}{end}"))
}

/// The start of the line of `at`, when only blanks stand between and the line
/// before is not continued.
fn own_line(text: &str, at: u32) -> Option<u32> {
    let before = text.get(..at as usize)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let blank = before.get(start..)?.chars().all(|c| c == ' ' || c == '\t');
    let previous = before.get(..start)?.trim_end_matches(['\n', '\r']);
    (blank && !previous.ends_with('\\')).then(|| Span::new(start, start).start)
}

/// `\n` becomes `\r\n` outside of `kept`, which ascends. Texts that already mix
/// are left alone.
fn line_endings(text: &str, kept: &[Span]) -> Vec<Edit> {
    if text.contains('\r') {
        return Vec::new();
    }
    let newlines = text.match_indices('\n').map(|(at, _)| Span::new(at, at + 1));
    newlines
        .filter(|newline| {
            let after = kept.partition_point(|span| span.start <= newline.start);
            let around = after.checked_sub(1).and_then(|index| kept.get(index));
            around.is_none_or(|span| newline.start >= span.end)
        })
        .map(|newline| Edit::insert(newline.start, "\r"))
        .collect()
}

/// Sorted spans with nested ones merged, for [`line_endings`].
fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort();
    let mut out: Vec<Span> = Vec::new();
    for span in spans {
        match out.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => out.push(span),
        }
    }
    out
}

/// The other quotes around a plain string: no escapes, no quotes inside.
fn swap_quotes(span: Span, text: &str) -> Option<Edit> {
    let written = span.of(text);
    let quote = written.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
    if inner.contains(['\'', '"', '\\', '\n', '{', '`']) {
        return None;
    }
    let other = if quote == '"' { '\'' } else { '"' };
    Some(Edit::replace(span, format!("{other}{inner}{other}")))
}

#[cfg(test)]
mod tests;
