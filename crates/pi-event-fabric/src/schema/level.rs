//! Compatibility levels, with the meaning that Avro and Confluent's registry give
//! them: *backward* means that the new reader reads old data, *forward* that the old
//! reader reads new data, *full* both.

use std::fmt;

use pi_core::canonical::{Encoder, ToCanonical};

use super::{Change, Schema, diff};

/// What the next version of a schema must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Nothing.
    None,
    /// The new reader reads old data.
    Backward,
    /// The old reader reads new data.
    Forward,
    /// Both.
    Full,
}

impl Level {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Backward => "backward",
            Level::Forward => "forward",
            Level::Full => "full",
        }
    }

    const fn needs_backward(self) -> bool {
        matches!(self, Level::Backward | Level::Full)
    }

    const fn needs_forward(self) -> bool {
        matches!(self, Level::Forward | Level::Full)
    }

    /// What both levels ask for together. A version that lowers the level cannot
    /// escape the one that its predecessor promised.
    pub const fn join(self, other: Level) -> Level {
        let backward = self.needs_backward() || other.needs_backward();
        let forward = self.needs_forward() || other.needs_forward();
        match (backward, forward) {
            (true, true) => Level::Full,
            (true, false) => Level::Backward,
            (false, true) => Level::Forward,
            (false, false) => Level::None,
        }
    }

    /// Whether the level allows a change.
    pub const fn allows(self, kind: super::ChangeKind) -> bool {
        !(self.needs_backward() && kind.breaks_backward()
            || self.needs_forward() && kind.breaks_forward())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A change that the level forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The change.
    pub change: Change,
    /// The level that forbids it.
    pub level: Level,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Change { path, kind } = &self.change;
        write!(f, "`{path}`: {} is not {}-compatible", kind.as_str(), self.level)
    }
}

/// What a comparison of two versions came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compatibility {
    /// The level that was applied.
    pub level: Level,
    /// All changes.
    pub changes: Vec<Change>,
}

impl Compatibility {
    /// The changes that the level forbids.
    pub fn violations(&self) -> Vec<Violation> {
        let forbidden = self.changes.iter().filter(|change| !self.level.allows(change.kind));
        forbidden.map(|change| Violation { change: change.clone(), level: self.level }).collect()
    }

    /// No change is forbidden.
    pub fn is_compatible(&self) -> bool {
        self.changes.iter().all(|change| self.level.allows(change.kind))
    }
}

impl ToCanonical for Compatibility {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Compatibility { level, changes } = self;
        encoder.object(|o| {
            o.field("changes", changes).field("level", level.as_str());
        });
    }
}

/// Compares two versions under what both of them promise.
pub fn compatibility(old: &Schema, new: &Schema) -> Compatibility {
    Compatibility { level: old.level.join(new.level), changes: diff(old, new) }
}
