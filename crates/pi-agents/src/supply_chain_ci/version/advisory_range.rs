//! Ranges of affected versions, in the model of OSV events.

use std::cmp::Ordering;

use pi_artifacts::dependencies::Ecosystem;

use super::Version;

/// Versions from `introduced` on, up to where it was fixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedRange {
    introduced: Version,
    end: End,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// The first version that is not affected.
    Fixed(Version, String),
    /// The last version that is affected.
    LastAffected(Version),
    Open,
}

impl AffectedRange {
    /// Whether a version is in the range.
    pub fn contains(&self, version: &Version) -> bool {
        let from = version.compare(&self.introduced).is_some_and(Ordering::is_ge);
        from && match &self.end {
            End::Fixed(fixed, _) => version.compare(fixed).is_some_and(Ordering::is_lt),
            End::LastAffected(last) => version.compare(last).is_some_and(Ordering::is_le),
            End::Open => true,
        }
    }

    /// The version that ends the range, as the advisory writes it.
    pub fn fixed(&self) -> Option<&str> {
        match &self.end {
            End::Fixed(_, text) => Some(text),
            _ => None,
        }
    }
}

/// Reads `0..1.2.3,2.0.0..=2.0.1,3..`; `None` when a part is malformed.
pub fn parse_ranges(ecosystem: Ecosystem, text: &str) -> Option<Vec<AffectedRange>> {
    text.split(',')
        .map(|range| {
            let (introduced, end) = range.split_once("..")?;
            let introduced = Version::parse(ecosystem, introduced)?;
            let end = match end.strip_prefix('=') {
                Some(last) => End::LastAffected(Version::parse(ecosystem, last)?),
                None if end.is_empty() => End::Open,
                None => End::Fixed(Version::parse(ecosystem, end)?, end.to_owned()),
            };
            Some(AffectedRange { introduced, end })
        })
        .collect()
}
