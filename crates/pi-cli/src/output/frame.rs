//! Code frames: the lines around a finding, with secrets masked.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use pi_artifacts::{LineIndex, Span, redact};

use super::style::is_unsafe;

/// Widest line that is shown whole.
const MAX_LINE_CHARS: usize = 160;

/// The text of one artifact, of which frames are shown.
pub struct Frames {
    text: String,
    index: LineIndex,
    /// The places whose characters must not be shown, in order.
    masked: Vec<Span>,
    /// The line that was shown last: one line may hold all findings.
    line: Option<(Span, Vec<char>)>,
}

impl Frames {
    /// Frames of `text`. `masked` are the places of secrets, of all findings in
    /// the artifact.
    pub fn new(text: String, mut masked: Vec<Span>) -> Self {
        masked.sort_unstable();
        let index = LineIndex::new(text.as_bytes());
        Self { text, index, masked, line: None }
    }

    /// The frame of one finding; empty when there is nothing to show.
    pub fn frame(&mut self, span: Span, path: &str, label: &str, colour: bool) -> String {
        let first = self.index.line(span.start);
        let line = self.index.line_span(&self.text, first);
        let Some(line) = line.filter(|_| !self.text.is_empty()) else { return String::new() };
        let column = |at: u32| self.index.position(&self.text, at).column as usize - 1;
        let start = column(span.start);
        let range = start..column(span.end.min(line.end)).max(start + 1);
        if self.line.as_ref().is_none_or(|(shown, _)| *shown != line) {
            self.line = Some((line, masked_line(&self.text, line, &self.masked)));
        }
        let shown = self.line.as_ref().map(|(_, shown)| shown.as_slice()).unwrap_or_default();
        let (source, annotation) = cut(shown, range);
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
}

/// The characters of a line, each masked one as `*`.
fn masked_line(text: &str, line: Span, masked: &[Span]) -> Vec<char> {
    let content = line.of(text);
    let named = |span: &&Span| span.start < line.end && line.start < span.end;
    let mut named = masked.iter().filter(named).peekable();
    // The safety net looks again, also beside what agents named.
    let suspects = redact::suspects(content);
    let mut suspects = suspects.iter().peekable();
    let mut hidden_until = 0;
    let mut shown = Vec::with_capacity(content.len());
    for (at, character) in content.char_indices() {
        let offset = line.start as usize + at;
        while let Some(span) = named.next_if(|span| span.start as usize <= offset) {
            hidden_until = hidden_until.max(span.end as usize);
        }
        while let Some(suspect) = suspects.next_if(|suspect| suspect.start <= at) {
            hidden_until = hidden_until.max(line.start as usize + suspect.end);
        }
        shown.push(if offset < hidden_until { '*' } else { printable(character) });
    }
    shown
}

fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        other if is_unsafe(other) => '\u{fffd}',
        other => other,
    }
}

/// At most [`MAX_LINE_CHARS`] characters around `range`, and the byte range of
/// the annotation in them.
fn cut(line: &[char], range: Range<usize>) -> (String, Range<usize>) {
    let from = if line.len() > MAX_LINE_CHARS { range.start.saturating_sub(40) } else { 0 };
    let window = line.get(from..line.len().min(from + MAX_LINE_CHARS)).unwrap_or_default();
    let mut source: String = window.iter().collect();
    let bytes = |until: usize| -> usize {
        window.iter().take(until.saturating_sub(from)).map(|c| c.len_utf8()).sum()
    };
    if source.is_empty() {
        source.push(' ');
    }
    let last = (from + window.len()).saturating_sub(1);
    let start = bytes(range.start.min(last));
    let end = bytes(range.end).max(start + 1).min(source.len());
    (source, start..end.max(start))
}
