//! Keys of tokens: each is for one algorithm, has an id, and may have an end.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use pi_core::{Reason, Timestamp};
use zeroize::Zeroizing;

use crate::id::KeyId;
use crate::provider;
use crate::refusal::Refusal;
use crate::secrets::Secret;

/// What a key is for. It belongs to the key; a token can only name the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// HMAC with SHA-256 and the shared secret.
    Hs256,
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256];

    /// The name in a token's header (RFC 7518, RFC 8037).
    pub const fn as_str(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Es256 => "ES256",
        }
    }

    /// The algorithm of this name, letter by letter.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    pub(crate) const fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Algorithm::Hs256 => jsonwebtoken::Algorithm::HS256,
            Algorithm::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Algorithm::Es256 => jsonwebtoken::Algorithm::ES256,
        }
    }
}

/// A key that signs tokens. It is never shown.
pub struct SigningKey {
    pub(crate) private: EncodingKey,
    public: VerifyingKey,
}

impl SigningKey {
    /// The shared secret: HS256.
    pub fn shared(id: KeyId, secret: &Secret) -> Result<Self, KeyError> {
        // A public key is no secret, wherever it was put.
        if secret.expose().starts_with(b"-----BEGIN") {
            return Err(KeyError::NotASecret);
        }
        let key = DecodingKey::from_secret(secret.expose());
        let private = EncodingKey::from_secret(secret.expose());
        Ok(Self { private, public: VerifyingKey::new(id, Algorithm::Hs256, key) })
    }

    /// A private key in PKCS #8 PEM: Ed25519 (EdDSA) or P-256 (ES256).
    pub fn from_pem(id: KeyId, secret: &Secret) -> Result<Self, KeyError> {
        let pem = std::str::from_utf8(secret.expose()).map_err(|_| KeyError::NotAPrivateKey)?;
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_pem(pem) {
            let seed = Zeroizing::new(key.to_bytes());
            let private = EncodingKey::from_ed_der(&*seed);
            let public = VerifyingKey::ed25519(id, &key.verifying_key())?;
            return Ok(Self { private, public });
        }
        let key =
            p256::ecdsa::SigningKey::from_pkcs8_pem(pem).map_err(|_| KeyError::NotAPrivateKey)?;
        let scalar = Zeroizing::new(key.to_bytes());
        let private = EncodingKey::from_ec_der(&scalar);
        Ok(Self { private, public: VerifyingKey::p256(id, key.verifying_key()) })
    }

    /// What verifies its tokens.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.public
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, {}, redacted)", self.public.id, self.public.algorithm.as_str())
    }
}

/// A key that verifies tokens.
#[derive(Clone)]
pub struct VerifyingKey {
    id: KeyId,
    algorithm: Algorithm,
    pub(crate) key: DecodingKey,
    not_after: Option<Timestamp>,
}

impl VerifyingKey {
    fn new(id: KeyId, algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { id, algorithm, key, not_after: None }
    }

    /// An Ed25519 key from its 32 bytes.
    pub(crate) fn from_ed25519(id: KeyId, bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes);
        Self::ed25519(id, &key.map_err(|_| KeyError::NotAPublicKey)?)
    }

    /// A P-256 key from the coordinates of its point.
    pub(crate) fn from_p256(id: KeyId, x: &[u8; 32], y: &[u8; 32]) -> Result<Self, KeyError> {
        let mut point = vec![4];
        point.extend_from_slice(x);
        point.extend_from_slice(y);
        let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point);
        Ok(Self::p256(id, &key.map_err(|_| KeyError::NotAPublicKey)?))
    }

    fn ed25519(id: KeyId, key: &ed25519_dalek::VerifyingKey) -> Result<Self, KeyError> {
        if key.is_weak() {
            return Err(KeyError::NotAPublicKey);
        }
        Ok(Self::new(id, Algorithm::EdDsa, DecodingKey::from_ed_der(key.as_bytes())))
    }

    fn p256(id: KeyId, key: &p256::ecdsa::VerifyingKey) -> Self {
        let point = key.to_sec1_point(false);
        Self::new(id, Algorithm::Es256, DecodingKey::from_ec_der(point.as_bytes()))
    }

    /// A public key in SPKI PEM: Ed25519 (EdDSA) or P-256 (ES256).
    pub fn from_pem(id: KeyId, pem: &str) -> Result<Self, KeyError> {
        if let Ok(key) = ed25519_dalek::VerifyingKey::from_public_key_pem(pem) {
            return Self::ed25519(id, &key);
        }
        let key = p256::ecdsa::VerifyingKey::from_public_key_pem(pem);
        Ok(Self::p256(id, &key.map_err(|_| KeyError::NotAPublicKey)?))
    }

    /// The same key, good up to and with `not_after`.
    pub fn until(mut self, not_after: Timestamp) -> Self {
        self.not_after = Some(not_after);
        self
    }

    /// Its id.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// What it is for.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Until when it is good; `None` for no end.
    pub fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({}, {})", self.id, self.algorithm.as_str())
    }
}

/// One key that signs, and all that verify.
///
/// To rotate, make the new key the signing one and keep the old one verifying until its
/// last token has expired.
#[derive(Debug)]
pub struct KeySet {
    active: SigningKey,
    verifying: BTreeMap<KeyId, VerifyingKey>,
    unnamed: Option<KeyId>,
}

impl KeySet {
    /// The set of one key, which signs.
    pub fn new(active: SigningKey) -> Result<Self, KeyError> {
        if !provider::install() {
            return Err(KeyError::ForeignCryptography);
        }
        let public = active.public.clone();
        // Whoever shares a secret and nothing else knows no key id.
        let unnamed = (public.algorithm == Algorithm::Hs256).then(|| public.id.clone());
        let verifying = BTreeMap::from([(public.id.clone(), public)]);
        Ok(Self { active, verifying, unnamed })
    }

    /// The set with one more key that verifies.
    pub fn with(mut self, key: VerifyingKey) -> Result<Self, KeyError> {
        match self.verifying.entry(key.id.clone()) {
            Entry::Occupied(_) => return Err(KeyError::IdTaken),
            Entry::Vacant(entry) => entry.insert(key),
        };
        Ok(self)
    }

    /// The key that signs.
    pub fn active(&self) -> &SigningKey {
        &self.active
    }

    /// All that verify, by id.
    pub fn verifying(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.verifying.values()
    }

    /// The key that a header names. Without a name it is the shared secret, when that is
    /// what signs.
    pub(crate) fn find(&self, id: Option<&str>, now: Timestamp) -> Result<&VerifyingKey, Refusal> {
        let refused = |detail| Refusal::new(Reason::TokenKeyUnknown, detail);
        let id = match id {
            Some(id) => KeyId::new(id).map_err(|_| refused("`kid` is not the id of a key"))?,
            None => self.unnamed.clone().ok_or(refused("the token names no key"))?,
        };
        let key = self.verifying.get(&id).ok_or(refused("no such key"))?;
        if key.not_after.is_some_and(|end| now > end) {
            return Err(refused("the key is retired"));
        }
        Ok(key)
    }
}

/// Why a key is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The shared secret is a key in PEM.
    #[error("the shared secret is a PEM file; a public key must never be one")]
    NotASecret,
    /// No private key of a known kind.
    #[error("not the PKCS #8 PEM of a private key of Ed25519 or P-256")]
    NotAPrivateKey,
    /// No public key of a known kind, or a weak one.
    #[error("not the SPKI PEM of a sound public key of Ed25519 or P-256")]
    NotAPublicKey,
    /// Two keys of one id.
    #[error("two keys have the same id")]
    IdTaken,
    /// Another part of the process gave `jsonwebtoken` its own cryptography.
    #[error("another part of the process chose the cryptography of tokens")]
    ForeignCryptography,
}
