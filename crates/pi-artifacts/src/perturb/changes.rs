//! Edits and moves, and how they become a copy with a way back.

use std::ops::Range;

use super::{Perturbation, Request, Segment};
use crate::span::Span;

/// What is different in a copy. Edits must not overlap; an edit lies wholly
/// inside or wholly outside each moved range.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    edits: Vec<(Range<usize>, String)>,
    /// Runs of ranges whose order is reversed; the text between them stays.
    reversals: Vec<Vec<Range<usize>>>,
}

impl Changes {
    /// Puts text in front of the byte at `at`.
    pub(crate) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.edits.push((at..at, text.into()));
    }

    /// Writes text in the place of a span.
    pub(crate) fn replace(&mut self, span: Span, text: impl Into<String>) {
        self.edits.push((span.range(), text.into()));
    }

    /// Reverses the order of ranges that follow each other in the text.
    pub(crate) fn reverse(&mut self, ranges: Vec<Range<usize>>) {
        self.reversals.push(ranges);
    }

    /// Changes of the line endings alone.
    pub(crate) fn line_endings(text: &str, request: Request) -> Self {
        let mut changes = Self::default();
        changes.swap_line_endings(text, request);
        changes
    }

    /// `\n` becomes `\r\n`; a text that has `\r\n` gets `\n` instead.
    pub(crate) fn swap_line_endings(&mut self, text: &str, request: Request) {
        if !request.wants(Perturbation::LineEndings) {
            return;
        }
        let has_returns = text.contains('\r');
        for (at, _) in text.match_indices('\n') {
            if !has_returns {
                self.insert(at, "\r");
            } else if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\r') {
                self.replace(Span::new(at - 1, at), "");
            }
        }
    }

    /// The copy, and which of its bytes stand where in the original.
    pub(crate) fn apply(mut self, original: &[u8]) -> (Vec<u8>, Vec<Segment>) {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        self.reversals.sort_by_key(|ranges| ranges.first().map_or(0, |range| range.start));
        let mut out =
            Output { original, edits: &self.edits, bytes: Vec::new(), segments: Vec::new() };
        let mut at = 0;
        for ranges in &self.reversals {
            let mut slots = ranges.iter();
            for range in ranges.iter().rev() {
                let Some(slot) = slots.next() else { break };
                out.copy(at..slot.start);
                out.copy(range.clone());
                at = slot.end;
            }
        }
        out.copy(at..original.len());
        // Insertions at the very end belong to no range.
        for (range, text) in &self.edits {
            if range.start == original.len() && range.is_empty() {
                out.bytes.extend_from_slice(text.as_bytes());
            }
        }
        (out.bytes, out.segments)
    }
}

struct Output<'a> {
    original: &'a [u8],
    edits: &'a [(Range<usize>, String)],
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

impl Output<'_> {
    /// Copies a range of the original with the edits that begin in it.
    fn copy(&mut self, range: Range<usize>) {
        let first = self.edits.partition_point(|(edit, _)| edit.start < range.start);
        let mut at = range.start;
        for (edit, text) in self.edits.iter().skip(first) {
            if edit.start >= range.end || edit.start < at {
                break;
            }
            self.plain(at..edit.start);
            self.bytes.extend_from_slice(text.as_bytes());
            at = edit.end;
        }
        self.plain(at..range.end);
    }

    fn plain(&mut self, range: Range<usize>) {
        let Some(bytes) = self.original.get(range.clone()).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.segments.push(Segment {
            copy: offset(self.bytes.len()),
            original: offset(range.start),
            length: offset(bytes.len()),
        });
        self.bytes.extend_from_slice(bytes);
    }
}
