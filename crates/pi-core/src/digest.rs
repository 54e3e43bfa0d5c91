//! SHA-256 digests (FIPS 180-4), the only hash of the platform.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use sha2::Digest as _;

use crate::canonical::{Encoder, ToCanonical};

/// A SHA-256 digest. Written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Thirty-two zero bytes: "no predecessor" at the start of a chain.
    pub const ZERO: Digest = Digest([0; 32]);

    /// Wraps raw digest bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of the canonical form of `value`.
    pub fn of_canonical<T: ToCanonical + ?Sized>(value: &T) -> Self {
        Self::of(&Encoder::encode(value))
    }

    /// The same for a `value` whose canonical form may be too long to hold.
    pub fn of_long_canonical<T: ToCanonical + ?Sized>(value: &T) -> Self {
        let hasher = Rc::new(RefCell::new(Hasher::new()));
        let shared = Rc::clone(&hasher);
        Encoder::stream(value, move |bytes| {
            shared.borrow_mut().update(bytes);
        });
        hasher.take().finish()
    }

    /// The raw bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        String::from_utf8_lossy(&self.hex_bytes()).into_owned()
    }

    /// 64 lower-case hexadecimal digits as ASCII bytes, without allocation.
    pub fn hex_bytes(self) -> [u8; 64] {
        let mut out = [0u8; 64];
        for (pair, byte) in out.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                *high = hex_digit(byte >> 4);
                *low = hex_digit(byte & 15);
            }
        }
        out
    }

    /// Parses 64 lower-case hexadecimal digits; anything else is `None`.
    pub fn from_hex(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 64 {
            return None;
        }
        let mut out = [0u8; 32];
        for (slot, pair) in out.iter_mut().zip(bytes.chunks_exact(2)) {
            let &[high, low] = pair else { return None };
            *slot = (hex_value(high)? << 4) | hex_value(low)?;
        }
        Some(Self(out))
    }
}

fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl ToCanonical for Digest {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.ascii_string(&self.hex_bytes());
    }
}

/// Incremental SHA-256.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// An empty hasher.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(bytes);
        self
    }

    /// The digest of everything added.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_has_the_same_digest() {
        let long: Vec<String> = (0..50_000).map(|n| format!("entry {n}")).collect();
        assert_eq!(Digest::of_long_canonical(&long), Digest::of_canonical(&long));
        assert_eq!(Digest::of_long_canonical("short"), Digest::of_canonical("short"));
    }

    #[test]
    fn matches_the_published_vector() {
        // FIPS 180-4 example: SHA-256("abc").
        assert_eq!(
            Digest::of(b"abc").to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn hex_round_trips_and_refuses_other_spellings() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_hex(&digest.to_hex()), Some(digest));
        assert_eq!(Digest::from_hex(&digest.to_hex().to_uppercase()), None);
        assert_eq!(Digest::from_hex(&digest.to_hex()[..63]), None);
    }

    #[test]
    fn incremental_equals_one_shot() {
        let mut hasher = Hasher::new();
        hasher.update(b"ab").update(b"c");
        assert_eq!(hasher.finish(), Digest::of(b"abc"));
    }
}
