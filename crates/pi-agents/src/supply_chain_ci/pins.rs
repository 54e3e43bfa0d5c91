//! How far a manifest leaves the version of a dependency open.

use pi_artifacts::Kind;
use pi_artifacts::dependencies::{Dependencies, Dependency, Source};

use super::requirement::{Fixation, fixation};

/// What is left open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looseness {
    /// Any version.
    Any,
    /// Every future version.
    Unbounded,
    /// A range, where no lockfile is read.
    Floating,
    /// A git source without a commit.
    Git,
}

/// What a manifest leaves open about a dependency; `None` when it is fixed as far
/// as its format asks for.
pub fn looseness(
    kind: Kind,
    dependencies: &Dependencies,
    dependency: &Dependency,
) -> Option<Looseness> {
    // What a library expects of its host is meant to be wide.
    let peer = dependency.section.contains("peer");
    if dependencies.locked || dependency.has_integrity || peer {
        return None;
    }
    match &dependency.source {
        Source::Path(_) => None,
        // Without a hash, what stands behind a URL may change; that is the matter
        // of `supply_chain_integrity_checker`.
        Source::Url(_) => None,
        Source::Git { reference, .. } => {
            let fixed = reference.as_deref().is_some_and(is_commit);
            (!fixed).then_some(Looseness::Git)
        }
        Source::Registry(_) => {
            match fixation(dependencies.ecosystem, dependency.version.as_deref()) {
                Fixation::Any => Some(Looseness::Any),
                Fixation::Unbounded => Some(Looseness::Unbounded),
                Fixation::Bounded => (kind == Kind::PipRequirements).then_some(Looseness::Floating),
                Fixation::Exact(_) | Fixation::Foreign => None,
            }
        }
    }
}

fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}
