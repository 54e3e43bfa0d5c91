//! Edits and moves, and how they become a copy with a way back.

use std::borrow::Cow;
use std::ops::Range;

use super::{Perturbation, Request, Segment};
use crate::span::Span;

/// What is different in a copy. Edits must not overlap; an edit lies wholly
/// inside or wholly outside each moved range.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    edits: Vec<Edit>,
    /// Runs of ranges whose order is reversed; the text between them stays.
    reversals: Vec<Vec<Range<usize>>>,
}

#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    /// An insertion that goes with what stands before it, not behind it.
    follows: bool,
    text: Cow<'static, str>,
}

impl Changes {
    /// Puts text in front of the byte at `at`.
    pub(crate) fn insert(&mut self, at: usize, text: impl Into<Cow<'static, str>>) {
        self.edits.push(Edit { range: at..at, follows: false, text: text.into() });
    }

    /// Puts text before and behind a span.
    pub(crate) fn wrap(&mut self, span: Span, text: &'static str) {
        self.insert(span.start as usize, text);
        let end = span.end as usize;
        self.edits.push(Edit { range: end..end, follows: true, text: text.into() });
    }

    /// Writes text in the place of a span.
    pub(crate) fn replace(&mut self, span: Span, text: impl Into<Cow<'static, str>>) {
        self.edits.push(Edit { range: span.range(), follows: false, text: text.into() });
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
        self.edits.sort_by_key(|edit| (edit.range.start, !edit.follows, edit.range.end));
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
        for edit in &self.edits {
            if edit.range.start == original.len() && !edit.follows {
                out.bytes.extend_from_slice(edit.text.as_bytes());
            }
        }
        (out.bytes, out.segments)
    }
}

struct Output<'a> {
    original: &'a [u8],
    edits: &'a [Edit],
    bytes: Vec<u8>,
    segments: Vec<Segment>,
}

impl Output<'_> {
    /// Copies a range of the original with the edits that begin in it.
    fn copy(&mut self, range: Range<usize>) {
        let first = self.edits.partition_point(|edit| edit.range.start < range.start);
        let mut at = range.start;
        for Edit { range: edit, follows, text } in self.edits.iter().skip(first) {
            let belongs = if *follows {
                range.start < edit.start && edit.start <= range.end
            } else {
                edit.start < range.end
            };
            if edit.start > range.end {
                break;
            }
            if !belongs || edit.start < at {
                continue;
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
