//! Edges of a composition.

use pi_core::canonical::{Encoder, ToCanonical};

/// What an edge means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// The target starts after the source succeeded, and takes its output.
    Sequential,
    /// Both start together: neither leads to the other, and each waits for what
    /// the other waits for.
    Parallel,
    /// Like sequential, and only when the condition holds over the source's
    /// output; otherwise the target is skipped.
    Conditional,
    /// One of several branches that start from one source; the branches do not
    /// lead to each other.
    FanOut,
    /// One of several branches that meet: the target starts when all have
    /// ended, at least one succeeded and none failed; skipped branches are left
    /// out.
    FanIn,
}

impl EdgeKind {
    /// Every kind.
    pub const ALL: &'static [EdgeKind] = &[
        EdgeKind::Sequential,
        EdgeKind::Parallel,
        EdgeKind::Conditional,
        EdgeKind::FanOut,
        EdgeKind::FanIn,
    ];

    /// The word of the specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            EdgeKind::Sequential => "SEQUENTIAL",
            EdgeKind::Parallel => "PARALLEL",
            EdgeKind::Conditional => "CONDITIONAL",
            EdgeKind::FanOut => "FAN_OUT",
            EdgeKind::FanIn => "FAN_IN",
        }
    }

    /// The kind with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// An edge between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The source's id.
    pub from: String,
    /// The target's id.
    pub to: String,
    /// What it means.
    pub kind: EdgeKind,
    /// The condition of a conditional edge.
    pub condition: Option<String>,
}

impl ToCanonical for Edge {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Edge { from, to, kind, condition } = self;
        encoder.object(|o| {
            if let Some(condition) = condition {
                o.field("condition", condition.as_str());
            }
            o.field("from", from.as_str()).field("to", to.as_str()).field("type", kind.as_str());
        });
    }
}
