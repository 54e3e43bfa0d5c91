//! Physical and logical lines of a Dockerfile.

use crate::span::Span;

/// A physical line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// The text without its line break.
    pub text: &'a str,
    /// Offset of its first byte.
    pub start: usize,
}

impl Line<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// The physical lines of `text`.
pub(super) fn physical(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.strip_suffix('\n').unwrap_or(line);
        lines.push(Line { text: body.strip_suffix('\r').unwrap_or(body), start });
        start += line.len();
    }
    lines
}

/// An instruction's text with its continuation lines joined, and for each byte
/// of it the offset in the file.
#[derive(Debug, Default)]
pub(super) struct Logical {
    /// The joined text. Continuations and comment lines inside are gone.
    pub text: String,
    offsets: Vec<u32>,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Logical {
    pub(super) fn push(&mut self, line: Line<'_>, part: &str) {
        let from = line.start + (part.as_ptr() as usize - line.text.as_ptr() as usize);
        if self.text.is_empty() {
            self.start = from;
        }
        self.text.push_str(part);
        let offset = |at: usize| u32::try_from(from + at).unwrap_or(u32::MAX);
        self.offsets.extend((0..part.len()).map(offset));
        self.end = from + part.len();
    }

    /// The place in the file of a range of the joined text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let at = |index: usize| self.offsets.get(index).map(|offset| *offset as usize);
        let first = at(start).unwrap_or(self.end);
        let last = end.checked_sub(1).and_then(at).map_or(first, |offset| offset + 1);
        Span::new(first, last.max(first))
    }
}
