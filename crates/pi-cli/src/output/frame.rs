//! Code frames: the lines around a finding, with secrets masked.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use pi_artifacts::{LineIndex, Span, redact};

use super::printable::printable_char;

/// Widest line that is shown whole.
const MAX_LINE_CHARS: usize = 160;

/// The frame of one finding in `text`. `masked` are the places whose characters
/// must not be shown, of all findings in the artifact.
pub fn frame(
    text: &str,
    span: Span,
    masked: &[Span],
    path: &str,
    label: &str,
    colour: bool,
) -> String {
    let index = LineIndex::new(text.as_bytes());
    let first = index.line(span.start);
    let Some(line) = index.line_span(text, first) else { return String::new() };
    let shown = masked_line(text, line, masked);
    let from = char_range(text, line, span);
    let (source, annotation) = cut(&shown, from);
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let group = Level::NOTE.no_name().secondary_title("").element(
        Snippet::source(source.as_str())
            .line_start(first as usize)
            .path(path)
            .annotation(AnnotationKind::Primary.span(annotation).label(label)),
    );
    let rendered = renderer.render(&[group]);
    // The empty title is no line of the frame.
    rendered.lines().skip_while(|line| !line.contains("-->")).collect::<Vec<_>>().join("\n")
}

/// The characters of a line, each masked one as `*`.
fn masked_line(text: &str, line: Span, masked: &[Span]) -> Vec<char> {
    let start = line.start as usize;
    let inside = |offset: usize| masked.iter().any(|span| span.range().contains(&offset));
    let any = masked.iter().any(|span| span.start < line.end && line.start < span.end);
    let content = line.of(text);
    if any {
        return content
            .char_indices()
            .map(|(at, character)| if inside(start + at) { '*' } else { printable_char(character) })
            .collect();
    }
    // No agent named a secret here; the safety net looks again.
    let redacted = redact::redact_text(content);
    redacted.chars().map(printable_char).collect()
}

/// The part of `span` that lies on `line`, in characters.
fn char_range(text: &str, line: Span, span: Span) -> Range<usize> {
    let count =
        |from: u32, to: u32| Span { start: from, end: to.max(from) }.of(text).chars().count();
    let start = count(line.start, span.start);
    let end = count(line.start, span.end.min(line.end));
    start..end.max(start + 1)
}

/// At most [`MAX_LINE_CHARS`] characters around `range`, and the byte range of
/// the annotation in them.
fn cut(line: &[char], range: Range<usize>) -> (String, Range<usize>) {
    let mut line = line.to_vec();
    if line.is_empty() {
        line.push(' ');
    }
    let from = if line.len() > MAX_LINE_CHARS { range.start.saturating_sub(40) } else { 0 };
    let to = line.len().min(from + MAX_LINE_CHARS);
    let bytes = |until: usize| -> usize {
        line.iter().take(until.min(to)).skip(from).map(|c| c.len_utf8()).sum()
    };
    let start = bytes(range.start.min(to.saturating_sub(1)));
    let end = bytes(range.end.min(to)).max(start + 1);
    let source: String = line.iter().take(to).skip(from).collect();
    let end = end.min(source.len());
    (source, start..end.max(start))
}
