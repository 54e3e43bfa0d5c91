//! The graph of migrations: directed, without cycles, one edge between two versions.

use std::collections::{BTreeMap, VecDeque};

use pi_core::Digest;
use pi_core::canonical::Value;

use super::{Migration, StepError};

/// Most migrations on a path.
pub const MAX_HOPS: usize = 5;

/// Which way a migration is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// As it was written.
    Forward,
    /// Undone, from the last step to the first.
    Backward,
}

/// Migrations by the versions between which they lead.
#[derive(Clone, Debug, Default)]
pub struct MigrationGraph {
    edges: BTreeMap<Digest, BTreeMap<Digest, Migration>>,
}

/// Why a migration is not taken in, or why there is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// There is another migration between the two versions.
    #[error("there is another migration from {from} to {to}")]
    Conflict {
        /// The version that it starts from.
        from: Digest,
        /// The version that it leads to.
        to: Digest,
    },
    /// The migration would close a cycle.
    #[error("a migration from {from} to {to} closes a cycle")]
    Cycle {
        /// The version that it starts from.
        from: Digest,
        /// The version that it leads to.
        to: Digest,
    },
    /// No path of at most [`MAX_HOPS`] migrations leads from one version to the other.
    #[error("no path of at most {MAX_HOPS} migrations leads from {from} to {to}")]
    NoPath {
        /// The first version.
        from: Digest,
        /// The second version.
        to: Digest,
    },
    /// The path leads only the other way, and a migration on it cannot be undone.
    #[error("the migration {migration} cannot be undone")]
    Irreversible {
        /// Its hash.
        migration: Digest,
    },
}

/// One migration on a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Hop<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Which way it is taken.
    pub direction: Direction,
}

/// A path from one version to another; empty when they are the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    /// The migrations in the order in which they are taken.
    pub hops: Vec<Hop<'a>>,
}

impl<'a> Plan<'a> {
    fn new(path: Vec<&'a Migration>, direction: Direction) -> Self {
        let hop = |migration| Hop { migration, direction };
        Self { hops: path.into_iter().map(hop).collect() }
    }

    /// Takes the path with a payload.
    pub fn apply(&self, mut payload: Value) -> Result<Value, StepError> {
        for hop in &self.hops {
            hop.migration.apply(hop.direction, &mut payload)?;
        }
        Ok(payload)
    }
}

impl MigrationGraph {
    /// Adds a migration. Adding the same again changes nothing.
    pub fn add(&mut self, migration: Migration) -> Result<(), GraphError> {
        let (from, to) = (migration.from, migration.to);
        let existing = self.edges.get(&from).and_then(|edges| edges.get(&to));
        match existing {
            Some(known) if known.hash() == migration.hash() => return Ok(()),
            Some(_) => return Err(GraphError::Conflict { from, to }),
            None => {}
        }
        if self.path(to, from, usize::MAX).is_some() {
            return Err(GraphError::Cycle { from, to });
        }
        self.edges.entry(from).or_default().insert(to, migration);
        Ok(())
    }

    /// The migration between two versions.
    pub fn edge(&self, from: Digest, to: Digest) -> Option<&Migration> {
        self.edges.get(&from)?.get(&to)
    }

    /// The shortest path; of several, the one whose fingerprints come first. Where
    /// none leads forward, one is taken backward, if all of it can be undone.
    pub fn plan(&self, from: Digest, to: Digest) -> Result<Plan<'_>, GraphError> {
        if let Some(path) = self.path(from, to, MAX_HOPS) {
            return Ok(Plan::new(path, Direction::Forward));
        }
        let mut path = self.path(to, from, MAX_HOPS).ok_or(GraphError::NoPath { from, to })?;
        if let Some(stuck) = path.iter().find(|migration| !migration.is_reversible()) {
            return Err(GraphError::Irreversible { migration: stuck.hash() });
        }
        path.reverse();
        Ok(Plan::new(path, Direction::Backward))
    }

    /// Breadth first, neighbours in the order of their fingerprints: what is reached
    /// first is reached on the first of the shortest paths.
    fn path(&self, from: Digest, to: Digest, max_hops: usize) -> Option<Vec<&Migration>> {
        let mut paths = BTreeMap::from([(from, Vec::new())]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            let path = paths.get(&at)?.clone();
            if at == to {
                return Some(path);
            }
            if path.len() == max_hops {
                continue;
            }
            for (next, migration) in self.edges.get(&at).into_iter().flatten() {
                if !paths.contains_key(next) {
                    let mut longer = path.clone();
                    longer.push(migration);
                    paths.insert(*next, longer);
                    queue.push_back(*next);
                }
            }
        }
        None
    }
}
