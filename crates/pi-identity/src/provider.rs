//! The cryptography behind `jsonwebtoken`: three algorithms and no other, so that nothing
//! else can be asked for.
//!
//! Keys are raw: the shared secret, the seed or point of Ed25519, the scalar or point of
//! P-256. [`crate::keys`] is the only place that makes them.

use std::sync::OnceLock;

use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use p256::ecdsa::signature::Verifier as _;
use sha2::Sha256;
use zeroize::Zeroizing;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` use this module; `false` when another part of the process chose
/// something else before.
pub(crate) fn install() -> bool {
    static OURS: OnceLock<bool> = OnceLock::new();
    *OURS.get_or_init(|| PROVIDER.install_default().is_ok())
}

enum SigningWith {
    Hs256(Hmac<Sha256>),
    EdDsa(Box<ed25519_dalek::SigningKey>),
    Es256(Box<p256::ecdsa::SigningKey>),
}

enum VerifyingWith {
    Hs256(Hmac<Sha256>),
    EdDsa(ed25519_dalek::VerifyingKey),
    Es256(Box<p256::ecdsa::VerifyingKey>),
}

fn no_key<E>(_: E) -> Error {
    ErrorKind::InvalidKeyFormat.into()
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    let bytes = key.as_bytes();
    let with = match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => {
            SigningWith::Hs256(Hmac::new_from_slice(bytes).map_err(no_key)?)
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            let seed = Zeroizing::new(<[u8; 32]>::try_from(bytes).map_err(no_key)?);
            SigningWith::EdDsa(Box::new(ed25519_dalek::SigningKey::from_bytes(&seed)))
        }
        (Algorithm::ES256, AlgorithmFamily::Ec) => {
            let key = p256::ecdsa::SigningKey::from_slice(bytes).map_err(no_key)?;
            SigningWith::Es256(Box::new(key))
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(with))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let bytes = key.try_get_as_bytes()?;
    let with = match (algorithm, key.family()) {
        (Algorithm::HS256, AlgorithmFamily::Hmac) => {
            VerifyingWith::Hs256(Hmac::new_from_slice(bytes).map_err(no_key)?)
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => {
            let point = <[u8; 32]>::try_from(bytes).map_err(no_key)?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(&point).map_err(no_key)?;
            VerifyingWith::EdDsa(key)
        }
        (Algorithm::ES256, AlgorithmFamily::Ec) => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(bytes).map_err(no_key)?;
            VerifyingWith::Es256(Box::new(key))
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    };
    Ok(Box::new(with))
}

impl Signer<Vec<u8>> for SigningWith {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(match self {
            SigningWith::Hs256(mac) => {
                mac.clone().chain_update(message).finalize().into_bytes().to_vec()
            }
            SigningWith::EdDsa(key) => key.sign(message).to_vec(),
            SigningWith::Es256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_bytes().to_vec()
            }
        })
    }
}

impl JwtSigner for SigningWith {
    fn algorithm(&self) -> Algorithm {
        match self {
            SigningWith::Hs256(_) => Algorithm::HS256,
            SigningWith::EdDsa(_) => Algorithm::EdDSA,
            SigningWith::Es256(_) => Algorithm::ES256,
        }
    }
}

impl Verifier<Vec<u8>> for VerifyingWith {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        let verified = match self {
            // In constant time.
            VerifyingWith::Hs256(mac) => {
                mac.clone().chain_update(message).verify_slice(signature).is_ok()
            }
            VerifyingWith::EdDsa(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            VerifyingWith::Es256(key) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        };
        if verified { Ok(()) } else { Err(SignatureError::new()) }
    }
}

impl JwtVerifier for VerifyingWith {
    fn algorithm(&self) -> Algorithm {
        match self {
            VerifyingWith::Hs256(_) => Algorithm::HS256,
            VerifyingWith::EdDsa(_) => Algorithm::EdDSA,
            VerifyingWith::Es256(_) => Algorithm::ES256,
        }
    }
}
