//! Meaning-preserving copies of an artifact.
//!
//! Copy 1 adds what a reader skips: comments, some of which look like
//! statements, and blank lines. Copy 2 writes the same thing differently: order
//! of keys, quotes, spacing, letter case, line endings. Where to change what is
//! seeded from the content, so a copy is always the same.
//!
//! Each family of kinds has a file that turns an artifact into [`Changes`].

mod changes;
mod code;
mod data;
mod dockerfile;
mod hcl;
mod lines;
mod nginx;

use pi_core::Hasher;

use crate::artifact::Artifact;
use crate::kind::Kind;
use crate::span::Span;

pub(crate) use changes::Changes;

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

impl Perturbation {
    /// Every perturbation.
    pub const ALL: &'static [Perturbation] = &[
        Perturbation::Comments,
        Perturbation::BaitComments,
        Perturbation::LineEndings,
        Perturbation::KeyOrder,
        Perturbation::Quoting,
        Perturbation::Spacing,
        Perturbation::Renaming,
        Perturbation::Spelling,
    ];
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

    /// Those that an artifact of a kind can show: two sets that differ only in
    /// others give the same copies.
    #[must_use]
    pub const fn offered_by(self, kind: Kind) -> Self {
        if matches!(kind, Kind::Python) { self } else { self.without(Perturbation::Renaming) }
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
    let request = Request { copy, allowed, seed: seed(original, copy) };
    let changes = match original.text() {
        Some(text) => changes(original, text, request),
        None => Changes::default(),
    };
    let (bytes, segments) = changes.apply(original.bytes());
    let artifact = Artifact::with_kind(original.path(), bytes, original.kind());
    Perturbed { artifact, segments }
}

/// Which changes are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    copy: u8,
    allowed: Perturbations,
    seed: u64,
}

impl Request {
    /// Whether this copy makes changes of this kind. Copy 1 adds what is
    /// skipped, copy 2 respells.
    pub(crate) fn wants(self, perturbation: Perturbation) -> bool {
        let adds = matches!(perturbation, Perturbation::Comments | Perturbation::BaitComments);
        let both = matches!(perturbation, Perturbation::Spacing);
        self.allowed.has(perturbation) && (both || adds == (self.copy == 1))
    }

    /// A number below `bound` for the place `at`: the same for the same content.
    pub(crate) fn pick(self, at: usize, bound: usize) -> usize {
        // SplitMix64 (Steele, Lea, Flood 2014).
        let mut z = self.seed.wrapping_add((at as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let picked = (z ^ (z >> 31)).checked_rem(bound as u64).unwrap_or(0);
        usize::try_from(picked).unwrap_or(0)
    }
}

fn seed(original: &Artifact, copy: u8) -> u64 {
    let mut hasher = Hasher::new();
    hasher.update(&[copy]).update(original.digest().as_bytes());
    let [a, b, c, d, e, f, g, h, ..] = *hasher.finish().as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The changes of one copy, by the family of the kind.
fn changes(original: &Artifact, text: &str, request: Request) -> Changes {
    match original.kind() {
        Kind::Dockerfile => dockerfile::changes(original, text, request),
        Kind::Compose
        | Kind::Kubernetes
        | Kind::GithubWorkflow
        | Kind::GithubAction
        | Kind::CloudFormation
        | Kind::Yaml
        | Kind::Json
        | Kind::Toml
        | Kind::NpmManifest
        | Kind::NpmLock
        | Kind::PnpmLock
        | Kind::PipfileLock
        | Kind::PyProject
        | Kind::PythonLock
        | Kind::CargoManifest
        | Kind::CargoLock
        | Kind::TerraformState
        | Kind::Sbom => data::changes(original, text, request),
        Kind::Python
        | Kind::JavaScript
        | Kind::TypeScript
        | Kind::Rust
        | Kind::Solidity
        | Kind::Go
        | Kind::Java
        | Kind::Shell
        | Kind::Sql
        | Kind::Markdown
        | Kind::Changelog
        | Kind::Text
        | Kind::CommitMessage => code::changes(original, text, request),
        Kind::Terraform | Kind::TerraformVars | Kind::Hcl => hcl::changes(original, text, request),
        Kind::Nginx => nginx::changes(original, text, request),
        Kind::Env | Kind::Ini | Kind::PipRequirements => {
            lines::changes(original.kind(), text, request)
        }
        // Formats in which every byte may count.
        Kind::Binary | Kind::Jwt | Kind::GoSum | Kind::YarnLock | Kind::Diff => Changes::default(),
        _ => Changes::line_endings(text, request),
    }
}

#[cfg(test)]
mod tests;
