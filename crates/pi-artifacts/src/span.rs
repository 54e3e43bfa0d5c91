//! Places in a text.

use pi_core::canonical::{Encoder, ToCanonical};

/// A half-open range of bytes in an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// From byte offsets; artifacts are far below 4 GiB, larger offsets saturate.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end.max(start)) }
    }

    /// The range as `usize` offsets.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text under the span; empty when it does not fit `text`.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// The smallest span over both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The part of the span that lies in a text of `length` bytes.
    pub fn within(self, length: usize) -> Span {
        let range = self.range();
        Span::new(range.start.min(length), range.end.min(length))
    }

    /// The span widened to whole characters of `text`.
    pub fn around_characters(self, text: &str) -> Span {
        let range = self.range();
        Span::new(text.floor_char_boundary(range.start), text.ceil_char_boundary(range.end))
    }

    /// Whether `other` lies inside.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

impl ToCanonical for Span {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array([self.start, self.end]);
    }
}

/// A line and a column, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Bytes between two counts of characters in a [`LineIndex`].
const BLOCK_BYTES: usize = 4096;

/// Finds lines and columns of byte offsets. `\n`, `\r\n` and a lone `\r` end a
/// line. A column costs the same in a line of any length.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
    /// Characters that begin before each block.
    characters: Vec<u32>,
}

impl LineIndex {
    /// Indexes the lines of `text`.
    pub fn new(text: &[u8]) -> Self {
        let mut starts = vec![0u32];
        let mut bytes = text.iter().copied().enumerate().peekable();
        while let Some((at, byte)) = bytes.next() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => !matches!(bytes.peek(), Some((_, b'\n'))),
                _ => false,
            };
            if ends {
                starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
        let mut characters = Vec::with_capacity(text.len() / BLOCK_BYTES + 1);
        let mut before = 0;
        for block in text.chunks(BLOCK_BYTES) {
            characters.push(before);
            before += begun(block);
        }
        characters.push(before);
        Self { starts, characters }
    }

    /// The number of lines; a text that ends in a line break has an empty last
    /// line.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The line of a byte offset, from 1.
    pub fn line(&self, offset: u32) -> u32 {
        u32::try_from(self.starts.partition_point(|start| *start <= offset)).unwrap_or(u32::MAX)
    }

    /// The offset at which line `line` (from 1) starts.
    pub fn line_start(&self, line: u32) -> Option<u32> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    /// The span of line `line` (from 1) in `text`, without its line break.
    pub fn line_span(&self, text: &str, line: u32) -> Option<Span> {
        let start = self.line_start(line)? as usize;
        let end = self.line_start(line + 1).map_or(text.len(), |next| next as usize);
        let trimmed = text.get(start..end)?.trim_end_matches(['\r', '\n']);
        Some(Span::new(start, start + trimmed.len()))
    }

    /// Line and column of a byte offset in `text`.
    pub fn position(&self, text: &str, offset: u32) -> Position {
        let line = self.line(offset);
        let start = self.line_start(line).unwrap_or(0) as usize;
        let end = (offset as usize).min(text.len());
        let column = self.before(text, end).saturating_sub(self.before(text, start)) + 1;
        Position { line, column }
    }

    /// Characters that begin before `offset` in `text`.
    fn before(&self, text: &str, offset: usize) -> u32 {
        let block = offset / BLOCK_BYTES;
        let known = self.characters.get(block).copied().unwrap_or(0);
        let rest = text.as_bytes().get(block * BLOCK_BYTES..offset).unwrap_or_default();
        known + begun(rest)
    }
}

/// The number of bytes that begin a character of UTF-8.
fn begun(bytes: &[u8]) -> u32 {
    let count = bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    u32::try_from(count).unwrap_or(u32::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_brought_into_its_text() {
        assert_eq!(Span::new(3, 9).within(5), Span::new(3, 5));
        assert_eq!(Span::new(7, 9).within(5), Span::new(5, 5));
        assert_eq!(Span::new(2, 4).around_characters("aéb😀"), Span::new(1, 4));
        assert_eq!(Span::new(0, 6).around_characters("aéb😀"), Span::new(0, 8));
    }

    #[test]
    fn columns_of_a_long_line_are_counted_in_characters() {
        let text = format!("x\n{}c", "é".repeat(3 * BLOCK_BYTES));
        let index = LineIndex::new(text.as_bytes());
        for characters in [0, 1, BLOCK_BYTES / 2, BLOCK_BYTES, 3 * BLOCK_BYTES] {
            let offset = u32::try_from(2 + 2 * characters).unwrap();
            let column = u32::try_from(characters + 1).unwrap();
            assert_eq!(index.position(&text, offset), Position { line: 2, column });
        }
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let text = "a\r\nbé😀c\n\nd";
        let index = LineIndex::new(text.as_bytes());
        assert_eq!(index.count(), 4);
        let c = u32::try_from(text.find('c').unwrap()).unwrap();
        assert_eq!(index.position(text, c), Position { line: 2, column: 4 });
        assert_eq!(index.position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(index.line_span(text, 2).unwrap().of(text), "bé😀c");
        let end = u32::try_from(text.len()).unwrap();
        assert_eq!(index.position(text, end), Position { line: 4, column: 2 });
    }
}
