//! Signed checkpoints: C2SP `tlog-checkpoint` inside C2SP `signed-note`, with
//! Ed25519 (RFC 8032).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use pi_core::{Digest, Hasher, Name};

use crate::IntegrityError;

/// The key name in notes.
pub const KEY_NAME: &str = "pi-log";

/// The algorithm byte of Ed25519 in signed notes.
const ED25519: u8 = 1;

/// How much of the log a signature covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The tenant.
    pub tenant: Name,
    /// Number of events.
    pub size: u64,
    /// Root of their tree.
    pub root: Digest,
}

impl Checkpoint {
    fn body(&self) -> String {
        let root = STANDARD.encode(self.root.as_bytes());
        format!("pi.log/{}\n{}\n{root}\n", self.tenant, self.size)
    }

    /// Signs the checkpoint.
    pub fn sign(&self, key: &SigningKey) -> String {
        let body = self.body();
        let mut signature = key.public().key_hash().to_vec();
        signature.extend_from_slice(&key.0.sign(body.as_bytes()).to_bytes());
        format!("{body}\n\u{2014} {KEY_NAME} {}\n", STANDARD.encode(signature))
    }

    /// Reads a note and verifies its signature.
    pub fn verify(note: &str, key: &PublicKey) -> Result<Self, IntegrityError> {
        let bad = |problem: &str| IntegrityError::checkpoint(problem);
        let (body, signature) = note.split_once("\n\n").ok_or_else(|| bad("not a signed note"))?;
        let body = format!("{body}\n");
        let encoded = signature
            .strip_prefix(&format!("\u{2014} {KEY_NAME} "))
            .and_then(|rest| rest.strip_suffix('\n'))
            .ok_or_else(|| bad("the signature line is malformed"))?;
        let bytes = STANDARD.decode(encoded).map_err(|_| bad("the signature is not Base64"))?;
        let (hash, signature) =
            bytes.split_at_checked(4).ok_or_else(|| bad("the signature is too short"))?;
        if hash != key.key_hash() {
            return Err(bad("signed with another key"));
        }
        let signature =
            Signature::from_slice(signature).map_err(|_| bad("the signature is malformed"))?;
        key.0
            .verify_strict(body.as_bytes(), &signature)
            .map_err(|_| bad("the signature does not verify"))?;
        let checkpoint = Self::parse(&body).ok_or_else(|| bad("the text is malformed"))?;
        // One text for one checkpoint: other spellings of the same are refused.
        if checkpoint.body() == body { Ok(checkpoint) } else { Err(bad("the text is malformed")) }
    }

    fn parse(body: &str) -> Option<Self> {
        let mut lines = body.lines();
        let tenant = Name::new(lines.next()?.strip_prefix("pi.log/")?).ok()?;
        let size = lines.next()?.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?;
        let root = Digest::from_bytes(root.try_into().ok()?);
        Some(Self { tenant, size, root })
    }
}

/// An Ed25519 signing key.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// From 32 secret bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// A secret of its own for a purpose, such as sealing what is kept beside the log.
    pub fn derive(&self, purpose: &str) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(b"pi.derive/1\0").update(purpose.as_bytes()).update(b"\0");
        hasher.update(self.0.as_bytes());
        hasher.finish()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The first four bytes of `H(name || 0x0A || 0x01 || key)`.
    pub fn key_hash(&self) -> [u8; 4] {
        let mut hasher = Hasher::new();
        hasher.update(KEY_NAME.as_bytes()).update(&[b'\n', ED25519]).update(self.0.as_bytes());
        let [a, b, c, d, ..] = *hasher.finish().as_bytes();
        [a, b, c, d]
    }

    /// Reads `pi-log+KEYHASH+BASE64`.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(KEY_NAME)?.strip_prefix('+')?;
        let (_, encoded) = rest.split_once('+')?;
        let bytes = STANDARD.decode(encoded).ok()?;
        let (&ED25519, key) = bytes.split_first()? else { return None };
        let key = Self(VerifyingKey::from_bytes(key.try_into().ok()?).ok()?);
        (key.to_string() == text).then_some(key)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [a, b, c, d] = self.key_hash();
        let mut bytes = vec![ED25519];
        bytes.extend_from_slice(self.0.as_bytes());
        write!(f, "{KEY_NAME}+{a:02x}{b:02x}{c:02x}{d:02x}+{}", STANDARD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint() -> Checkpoint {
        Checkpoint { tenant: Name::new("local").unwrap(), size: 3, root: Digest::of(b"root") }
    }

    #[test]
    fn a_signed_checkpoint_verifies_with_its_key_alone() {
        let key = SigningKey::from_seed(&[7; 32]);
        let note = checkpoint().sign(&key);
        assert_eq!(Checkpoint::verify(&note, &key.public()), Ok(checkpoint()));
        let other = SigningKey::from_seed(&[8; 32]).public();
        assert!(Checkpoint::verify(&note, &other).is_err());
        assert_eq!(PublicKey::parse(&key.public().to_string()), Some(key.public()));
    }

    #[test]
    fn every_changed_byte_of_a_note_is_noticed() {
        let key = SigningKey::from_seed(&[7; 32]);
        let note = checkpoint().sign(&key).into_bytes();
        for at in 0..note.len() {
            for bit in [1, 0x20, 0x80] {
                let mut changed = note.clone();
                changed[at] ^= bit;
                if let Ok(text) = String::from_utf8(changed) {
                    assert!(Checkpoint::verify(&text, &key.public()).is_err(), "byte {at}");
                }
            }
        }
    }
}
