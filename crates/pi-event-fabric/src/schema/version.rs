//! Versions of contracts: `major.minor.patch`.

use std::fmt;
use std::str::FromStr;

use pi_core::canonical::{Encoder, ToCanonical};

/// A version as SemVer 2.0.0 orders it, without pre-releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion {
    /// Grows with a change that breaks.
    pub major: u32,
    /// Grows with an addition.
    pub minor: u32,
    /// Grows with a correction.
    pub patch: u32,
}

/// A text that is no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version; it must be MAJOR.MINOR.PATCH")]
pub struct InvalidVersion(String);

impl SchemaVersion {
    /// The version `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }

    /// Whether a contract of this version serves where `registered` is. Below
    /// 1.0.0 every minor version may break (SemVer 2.0.0, item 4).
    pub const fn is_compatible_with(self, registered: SchemaVersion) -> bool {
        self.major == registered.major && (self.major > 0 || self.minor == registered.minor)
    }
}

impl FromStr for SchemaVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let parts: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            // One text for one version: no signs, no leading zeros.
            Some(&[major, minor, patch]) if Self::new(major, minor, patch).to_string() == text => {
                Ok(Self::new(major, minor, patch))
            }
            _ => Err(InvalidVersion(text.to_owned())),
        }
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl ToCanonical for SchemaVersion {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(&self.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_is_read() {
        assert_eq!("1.20.3".parse(), Ok(SchemaVersion::new(1, 20, 3)));
        for bad in ["1.0", "1.0.0.0", "01.0.0", "+1.0.0", "1.0.0-a", "", "1..0"] {
            assert!(bad.parse::<SchemaVersion>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_major_version_breaks_and_so_does_a_minor_one_below_1() {
        let v = SchemaVersion::new;
        assert!(v(1, 1, 0).is_compatible_with(v(1, 0, 0)));
        assert!(!v(2, 0, 0).is_compatible_with(v(1, 0, 0)));
        assert!(v(0, 1, 9).is_compatible_with(v(0, 1, 0)));
        assert!(!v(0, 2, 0).is_compatible_with(v(0, 1, 0)));
    }
}
