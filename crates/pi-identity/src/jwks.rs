//! A JSON Web Key Set (RFC 7517) of public keys that verify tokens: Ed25519 (RFC 8037) and
//! P-256. It is read from configuration, never from an address that a token names.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pi_core::Timestamp;
use pi_core::canonical::{Value, parse};

use crate::id::KeyId;
use crate::keys::VerifyingKey;

/// Keys of one set at most.
pub const MOST_KEYS: usize = 32;

/// Why a set is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwksError {
    /// It is not a set of keys.
    #[error("the key set is not JSON of the form {{\"keys\": [...]}} with 1 to {MOST_KEYS} keys")]
    NotASet,
    /// A key of it is not taken.
    #[error("key {0} of the set {1}")]
    Key(usize, &'static str),
}

/// Reads a set. Each key has a `kid`; `exp`, in seconds since 1970, says until when it is
/// good, so that a key is retired without a restart.
///
/// # Errors
/// It is not a set, or one of its keys is not a public key that signs tokens.
pub fn read(text: &str) -> Result<Vec<VerifyingKey>, JwksError> {
    let set = parse(text.as_bytes()).map_err(|_| JwksError::NotASet)?;
    let keys = set.get("keys").and_then(Value::as_array).ok_or(JwksError::NotASet)?;
    if !(1..=MOST_KEYS).contains(&keys.len()) {
        return Err(JwksError::NotASet);
    }
    let read = |(number, jwk)| key(jwk).map_err(|problem| JwksError::Key(number + 1, problem));
    keys.iter().enumerate().map(read).collect()
}

fn key(jwk: &Value) -> Result<VerifyingKey, &'static str> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let id = text("kid").and_then(|id| KeyId::new(id).ok());
    let id = id.ok_or("has no `kid` of 1 to 64 letters, digits or `.`, `_`, `-`")?;
    // A private key has no place where public ones are read.
    if jwk.get("d").is_some() || jwk.get("k").is_some() {
        return Err("is not a public key");
    }
    if text("use").is_some_and(|usage| usage != "sig") {
        return Err("is not for signatures");
    }
    let bytes = |name: &str| -> Result<[u8; 32], &'static str> {
        let decoded = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let decoded = decoded.and_then(|bytes| bytes.try_into().ok());
        decoded.ok_or("has no coordinates of 32 bytes")
    };
    let named = |algorithm: &str| text("alg").is_none_or(|named| named == algorithm);
    let unsound = "is not on its curve, or is weak";
    let key = match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) if named("EdDSA") => {
            VerifyingKey::from_ed25519(id, &bytes("x")?).map_err(|_| unsound)?
        }
        (Some("EC"), Some("P-256")) if named("ES256") => {
            VerifyingKey::from_p256(id, &bytes("x")?, &bytes("y")?).map_err(|_| unsound)?
        }
        _ => return Err("is neither of Ed25519 (EdDSA) nor of P-256 (ES256)"),
    };
    match jwk.get("exp") {
        None => Ok(key),
        Some(end) => {
            let end = end.as_u64().and_then(|seconds| seconds.checked_mul(1_000_000));
            let end = end.ok_or("has an `exp` that is not a number of seconds")?;
            Ok(key.until(Timestamp::from_micros(end)))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]
mod tests {
    use super::*;
    use crate::keys::Algorithm;

    /// The public keys of RFC 8037, appendix A.2, and of RFC 7517, appendix A.1.
    const ED: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ed",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"MORE}"#;
    const EC: &str = r#"{"kty":"EC","crv":"P-256","kid":"ec","use":"sig",
        "x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"MORE}"#;

    fn set(keys: &[String]) -> String {
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }

    fn with(key: &str, more: &str) -> String {
        key.replace("MORE", more)
    }

    #[test]
    fn public_keys_are_read() {
        let text = set(&[with(ED, r#","exp":2000000000"#), with(EC, r#","alg":"ES256""#)]);
        let keys = read(&text).unwrap();
        let algorithms: Vec<_> = keys.iter().map(VerifyingKey::algorithm).collect();
        assert_eq!(algorithms, [Algorithm::EdDsa, Algorithm::Es256]);
        let end = Timestamp::from_micros(2_000_000_000_000_000);
        assert_eq!((keys[0].not_after(), keys[1].not_after()), (Some(end), None));
    }

    #[test]
    fn whatever_else_is_refused() {
        for (more, key) in [
            (r#","d":"AA""#, ED),
            (r#","use":"enc""#, ED),
            (r#","alg":"HS256""#, ED),
            (r#","alg":"ES256""#, ED),
            (r#","exp":"soon""#, EC),
        ] {
            assert!(matches!(read(&set(&[with(key, more)])), Err(JwksError::Key(1, _))), "{more}");
        }
        let secret = r#"{"kty":"oct","kid":"s","k":"AAAA"}"#.to_owned();
        assert!(read(&set(&[with(ED, ""), secret])).is_err());
        let off_curve = with(EC, "").replace("4Etl", "5Etl");
        assert!(read(&set(&[off_curve])).is_err());
        let unnamed = with(ED, "").replace("\"kid\":\"ed\",", "");
        assert!(read(&set(&[unnamed])).is_err());
        for text in ["", "{}", "[]", r#"{"keys":[]}"#, "-----BEGIN PUBLIC KEY-----"] {
            assert_eq!(read(text).unwrap_err(), JwksError::NotASet, "{text}");
        }
    }
}
