//! Keys, tokens and forgeries for the tests.

#![allow(dead_code, reason = "every test file uses some of it")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::pkcs8::LineEnding;
use pi_control_plane::roles::Role;
use pi_core::{Name, Timestamp};
use pi_identity::{
    Actor, Grant, KeyId, KeySet, Origin, Secret, SigningKey, TokenId, TokenOptions, Tokens,
    VerifyingKey,
};
use sha2::Sha256;

pub const SHARED: &[u8] = b"q83vEjRWeJq83vEjRWeJASNFZ4mrze8BI0VniavN";
pub const NOW_S: u64 = 1_800_000_000;

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

pub fn now() -> Timestamp {
    at(NOW_S)
}

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec(), Origin::Generated).unwrap()
}

pub fn key_id(text: &str) -> KeyId {
    KeyId::new(text).unwrap()
}

pub fn ed25519_pem(seed: u8) -> (String, String) {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let public = key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    (key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(), public)
}

pub fn p256_pem(seed: u8) -> (String, String) {
    let key = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
    let public = key.public_key().to_public_key_pem(LineEnding::LF).unwrap();
    (key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string(), public)
}

/// The shared secret signs; an Ed25519 key `ed` and a P-256 key `ec` verify as well.
pub fn tokens() -> Tokens {
    let shared = SigningKey::shared(key_id("shared"), &secret(SHARED)).unwrap();
    let ed = VerifyingKey::from_pem(key_id("ed"), &ed25519_pem(1).1).unwrap();
    let ec = VerifyingKey::from_pem(key_id("ec"), &p256_pem(2).1).unwrap();
    let keys = KeySet::new(shared).unwrap().with(ed).unwrap().with(ec).unwrap();
    Tokens::new(keys, TokenOptions::default())
}

/// Tokens that the key in `pem` signs.
pub fn signed_by(id: &str, pem: &str) -> Tokens {
    let key = SigningKey::from_pem(key_id(id), &secret(pem.as_bytes())).unwrap();
    Tokens::new(KeySet::new(key).unwrap(), TokenOptions::default())
}

pub fn grant() -> Grant {
    Grant {
        subject: Actor::new("alice@example.org").unwrap(),
        tenant: name("acme"),
        role: Role::Operator,
        lifetime_s: 3600,
    }
}

pub fn mint(tokens: &Tokens) -> String {
    tokens.mint(grant(), now(), TokenId::from_random([7; 16])).unwrap().token
}

pub const HEADER: &str = r#"{"alg":"HS256","kid":"shared","typ":"JWT"}"#;

/// The claims of a good token, as JSON members.
pub fn members() -> Vec<(&'static str, String)> {
    vec![
        ("aud", r#""pi-platform""#.into()),
        ("exp", (NOW_S + 3600).to_string()),
        ("iat", NOW_S.to_string()),
        ("iss", r#""pi-platform""#.into()),
        ("jti", r#""j1""#.into()),
        ("role", r#""operator""#.into()),
        ("sub", r#""alice""#.into()),
        ("tenant_id", r#""acme""#.into()),
    ]
}

pub fn object(members: &[(&str, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(k, v)| format!(r#""{k}":{v}"#)).collect();
    format!("{{{}}}", members.join(","))
}

/// The claims of a good token, `claim` among them with another value.
pub fn claims_with(claim: &str, value: &str) -> String {
    let mut members = members();
    members.retain(|(key, _)| *key != claim);
    let mut all: Vec<(&str, String)> = members;
    all.push((claim, value.to_owned()));
    object(&all)
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// HMAC-SHA256.
pub fn mac(message: &[u8], key: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// A token with this header and these claims under HMAC-SHA256 with `key`.
pub fn forge(header: &str, claims: &str, key: &[u8]) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    format!("{message}.{}", base64url(mac(message.as_bytes(), key)))
}
