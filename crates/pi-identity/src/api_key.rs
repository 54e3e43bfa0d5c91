//! API keys: `pik_<id>_<secret><checksum>`, all in hexadecimal.
//!
//! The secret has 256 random bits, so a salted SHA-256 is right for it at rest: a slow hash
//! makes up for secrets that can be guessed, and nobody guesses this one; slowness would only
//! let callers with wrong keys keep the server busy.

use std::collections::BTreeMap;
use std::fmt;

use pi_core::{Digest, Hasher, Reason, Timestamp};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::id::{ApiKeyId, hex};
use crate::refusal::Refusal;

/// What every key starts with.
pub const PREFIX: &str = "pik_";
/// Random bytes that a key is made of: 8 of its id, 32 of its secret, 16 of its salt.
pub const RANDOM_BYTES: usize = 56;
const ID_DIGITS: usize = 16;
const SECRET_DIGITS: usize = 64;
const CHECKSUM_DIGITS: usize = 8;
const LONGEST_LABEL: usize = 128;

/// What is kept of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its id, which says nothing of the tenant.
    pub id: ApiKeyId,
    /// What it is for, in the words of whoever asked for it.
    pub label: String,
    /// The end of the key, for people to tell keys apart.
    pub last_four: String,
    /// The salt, in hexadecimal.
    pub salt: String,
    /// SHA-256 of salt and secret.
    pub hash: Digest,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it is no longer good.
    pub expires_at: Option<Timestamp>,
}

/// A key that was just made. The key itself is shown once and kept nowhere.
pub struct NewApiKey {
    /// The key.
    pub key: Zeroizing<String>,
    /// What is kept of it.
    pub record: KeyRecord,
}

impl NewApiKey {
    /// Draws a key.
    pub fn generate(
        label: &str,
        issued_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, NoApiKey> {
        let mut random = Zeroizing::new([0; RANDOM_BYTES]);
        getrandom::fill(&mut *random).map_err(|_| NoApiKey::NoRandomness)?;
        Self::from_random(&random, label, issued_at, expires_at)
    }

    /// The key that these random bytes make.
    pub fn from_random(
        random: &[u8; RANDOM_BYTES],
        label: &str,
        issued_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Result<Self, NoApiKey> {
        if label.len() > LONGEST_LABEL || label.chars().any(char::is_control) {
            return Err(NoApiKey::InvalidLabel);
        }
        let digits = Zeroizing::new(hex(random));
        let (id, rest) = digits.split_at(ID_DIGITS);
        let (secret, salt) = rest.split_at(SECRET_DIGITS);
        let body = Zeroizing::new(format!("{PREFIX}{id}_{secret}"));
        let key = Zeroizing::new(format!("{}{}", *body, *checksum(&body)));
        let record = KeyRecord {
            id: ApiKeyId::new(id).map_err(|_| NoApiKey::NoRandomness)?,
            label: label.to_owned(),
            last_four: key.get(key.len().saturating_sub(4)..).unwrap_or_default().to_owned(),
            salt: salt.to_owned(),
            hash: hash(salt, secret),
            issued_at,
            expires_at,
        };
        Ok(Self { key, record })
    }
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewApiKey({}, redacted)", self.record.id)
    }
}

/// Why no key was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoApiKey {
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
    /// The label is too long or holds control characters.
    #[error("a label has at most {LONGEST_LABEL} bytes and no control characters")]
    InvalidLabel,
}

/// Tells a mistyped key from a wrong one, here and in scanners; it protects nothing.
fn checksum(body: &str) -> Zeroizing<String> {
    let digits = Digest::of(body.as_bytes()).to_hex();
    Zeroizing::new(digits.chars().take(CHECKSUM_DIGITS).collect())
}

fn hash(salt: &str, secret: &str) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(b"pi.api-key/1\0").update(salt.as_bytes()).update(secret.as_bytes());
    hasher.finish()
}

/// The refusal of a key that is none of the tenant's.
pub(crate) const NO_SUCH_KEY: Refusal =
    Refusal::new(Reason::ApiKeyInvalid, "no such key of this tenant");

/// Whether a bearer is meant to be an API key.
pub fn is_api_key(bearer: &str) -> bool {
    bearer.starts_with(PREFIX)
}

#[derive(Clone, Debug)]
struct Kept {
    record: KeyRecord,
    revoked: bool,
}

/// The keys of one tenant.
#[derive(Clone, Debug, Default)]
pub struct ApiKeys(BTreeMap<ApiKeyId, Kept>);

impl ApiKeys {
    /// A key was issued. An id that was issued before stays what it was.
    pub(crate) fn issue(&mut self, record: KeyRecord) {
        self.0.entry(record.id.clone()).or_insert(Kept { record, revoked: false });
    }

    /// A key is no longer good.
    pub(crate) fn revoke(&mut self, id: &ApiKeyId) {
        if let Some(kept) = self.0.get_mut(id) {
            kept.revoked = true;
        }
    }

    /// No key is good any longer.
    pub(crate) fn revoke_all(&mut self) {
        self.0.values_mut().for_each(|kept| kept.revoked = true);
    }

    /// The records, and whether each is revoked.
    pub fn list(&self) -> impl Iterator<Item = (&KeyRecord, bool)> {
        self.0.values().map(|kept| (&kept.record, kept.revoked))
    }

    /// The record of a key that is good.
    pub fn verify(&self, key: &str, now: Timestamp) -> Result<&KeyRecord, Refusal> {
        let invalid = NO_SUCH_KEY;
        let (id, secret) = read(key).ok_or(invalid)?;
        let kept = ApiKeyId::new(id).ok().and_then(|id| self.0.get(&id)).ok_or(invalid)?;
        let record = &kept.record;
        let presented = hash(&record.salt, secret);
        if !bool::from(presented.as_bytes().ct_eq(record.hash.as_bytes())) {
            return Err(invalid);
        }
        if kept.revoked {
            return Err(Refusal::new(Reason::ApiKeyRevoked, "the key is revoked"));
        }
        if record.expires_at.is_some_and(|end| now >= end) {
            return Err(Refusal::new(Reason::ApiKeyExpired, "the key has expired"));
        }
        Ok(record)
    }
}

/// Id and secret of a well-formed key.
fn read(key: &str) -> Option<(&str, &str)> {
    let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let (id, rest) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let fits = id.len() == ID_DIGITS && rest.len() == SECRET_DIGITS + CHECKSUM_DIGITS;
    if !fits || !is_hex(id) || !is_hex(rest) {
        return None;
    }
    let (secret, sum) = rest.split_at(SECRET_DIGITS);
    let body = key.get(..key.len() - CHECKSUM_DIGITS)?;
    (*checksum(body) == sum).then_some((id, secret))
}
