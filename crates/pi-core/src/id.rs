//! Identifiers. They derive from position and content, never from chance.

use std::fmt;
use std::str::FromStr;

use crate::canonical::{Encoder, ToCanonical};
use crate::digest::Hasher;

/// The name of a tenant, partition, actor or target: `[A-Za-z0-9_-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks and wraps a name.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
        let text = text.into();
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if fits { Ok(Self(text)) } else { Err(InvalidName) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name outside `[A-Za-z0-9_-]{1,64}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name must be 1 to 64 letters, digits, `_` or `-`")]
pub struct InvalidName;

impl FromStr for Name {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl ToCanonical for Name {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(&self.0);
    }
}

/// A run: `run_` and 32 hexadecimal digits, derived from the place in the log
/// that its acceptance took and from the request that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(String);

impl RunId {
    /// Derives the id of the run whose acceptance lies at `leaf_index` of the
    /// tenant's tree, after the event `previous`, for the request `request`.
    pub fn derive(
        tenant: &Name,
        leaf_index: u64,
        previous: crate::Digest,
        request: crate::Digest,
    ) -> Self {
        Self(derive(
            "run",
            &[
                tenant.as_str().as_bytes(),
                &leaf_index.to_be_bytes(),
                previous.as_bytes(),
                request.as_bytes(),
            ],
        ))
    }

    /// Parses `run_` and 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.strip_prefix("run_")?;
        let fits = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl ToCanonical for RunId {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(&self.0);
    }
}

/// `prefix_` and the first 128 bits of the SHA-256 over the length-prefixed
/// `parts`, in hexadecimal.
pub fn derive(prefix: &str, parts: &[&[u8]]) -> String {
    let mut hasher = Hasher::new();
    hasher.update(b"pi.id/1\0").update(prefix.as_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    let hex = hasher.finish().to_hex();
    let short: String = hex.chars().take(32).collect();
    format!("{prefix}_{short}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    #[test]
    fn names_refuse_paths_and_blanks() {
        for bad in ["", "a b", "../x", "a/b", "é", &"x".repeat(65)] {
            assert_eq!(Name::new(bad), Err(InvalidName), "{bad}");
        }
        assert!(Name::new("x".repeat(64)).is_ok());
    }

    #[test]
    fn parts_are_length_prefixed() {
        assert_ne!(derive("x", &[b"ab", b"c"]), derive("x", &[b"a", b"bc"]));
    }

    #[test]
    fn run_ids_differ_by_position_and_content() {
        let tenant = Name::new("local").unwrap();
        let base = RunId::derive(&tenant, 1, Digest::ZERO, Digest::ZERO);
        assert_ne!(base, RunId::derive(&tenant, 2, Digest::ZERO, Digest::ZERO));
        assert_ne!(base, RunId::derive(&tenant, 1, Digest::of(b"r"), Digest::ZERO));
        assert_ne!(base, RunId::derive(&tenant, 1, Digest::ZERO, Digest::of(b"r")));
        assert_eq!(RunId::parse(base.as_str()), Some(base));
        assert_eq!(RunId::parse("run_xyz"), None);
    }
}
