//! Versions of package ecosystems and their order.

mod advisory_range;
mod pep440;
mod semver;

use std::cmp::Ordering;

use pi_artifacts::dependencies::Ecosystem;

pub use advisory_range::{AffectedRange, parse_ranges};
pub use pep440::Pep440;
pub use semver::SemVer;

/// A version in the order of its ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// npm, Cargo and Go (whose leading `v` is dropped).
    SemVer(SemVer),
    /// The Python Package Index.
    Pep440(Pep440),
}

impl Version {
    /// Reads a version; `None` when it is none of the ecosystem.
    pub fn parse(ecosystem: Ecosystem, text: &str) -> Option<Version> {
        match ecosystem {
            Ecosystem::PyPi => Pep440::parse(text).map(Version::Pep440),
            Ecosystem::Npm | Ecosystem::Cargo | Ecosystem::Go => {
                SemVer::parse(text).map(Version::SemVer)
            }
        }
    }

    /// The order of two versions of one ecosystem; `None` across ecosystems.
    pub fn compare(&self, other: &Version) -> Option<Ordering> {
        match (self, other) {
            (Version::SemVer(a), Version::SemVer(b)) => Some(a.cmp(b)),
            (Version::Pep440(a), Version::Pep440(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}
