//! Sealed evidence: compressed, then encrypted under a key of the run.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use pi_core::Digest;

use crate::error::StoreError;

/// Compresses and encrypts. Each blob of a run has a nonce of its own, from its
/// digest; one digest is sealed once per run, under a key that no other run has.
pub(crate) fn seal(key: &[u8; 32], digest: &Digest, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let compressed = miniz_oxide::deflate::compress_to_vec(bytes, 6);
    let payload = Payload { msg: &compressed, aad: digest.as_bytes() };
    ChaCha20Poly1305::new(&Key::from(*key))
        .encrypt(&nonce(digest), payload)
        .map_err(|_| StoreError::Damaged("the evidence cannot be sealed".to_owned()))
}

/// Decrypts, decompresses and checks the digest.
pub(crate) fn open(key: &[u8; 32], digest: &Digest, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let damaged = |what: &str| StoreError::Damaged(format!("sealed evidence {digest} {what}"));
    let payload = Payload { msg: sealed, aad: digest.as_bytes() };
    let compressed = ChaCha20Poly1305::new(&Key::from(*key))
        .decrypt(&nonce(digest), payload)
        .map_err(|_| damaged("does not decrypt"))?;
    let bytes = miniz_oxide::inflate::decompress_to_vec(&compressed)
        .map_err(|_| damaged("does not decompress"))?;
    if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(damaged("has other bytes")) }
}

fn nonce(digest: &Digest) -> Nonce {
    let mut nonce = [0u8; 12];
    for (slot, byte) in nonce.iter_mut().zip(digest.as_bytes()) {
        *slot = *byte;
    }
    Nonce::from(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_with_their_key_alone() {
        let bytes = b"evidence ".repeat(100);
        let digest = Digest::of(&bytes);
        let sealed = seal(&[1; 32], &digest, &bytes).unwrap();
        assert!(sealed.len() < bytes.len());
        assert_eq!(open(&[1; 32], &digest, &sealed).unwrap(), bytes);
        assert!(open(&[2; 32], &digest, &sealed).is_err());
        assert!(open(&[1; 32], &Digest::ZERO, &sealed).is_err());
    }
}
