//! Signed requests: HMAC-SHA256 over all that a request is (docs/spec/identity.md).

use hmac::{Hmac, KeyInit as _, Mac as _};
use pi_core::{Digest, Name, Reason, Timestamp};
use sha2::Sha256;

use crate::id::hex;
use crate::nonce::Nonces;
use crate::refusal::Refusal;
use crate::secrets::Secret;

/// The header of the signature: 64 lower-case hexadecimal digits.
pub const SIGNATURE: &str = "x-pi-signature";
/// The header of the time: whole seconds since 1970.
pub const TIMESTAMP: &str = "x-pi-timestamp";
/// The header of the nonce.
pub const NONCE: &str = "x-pi-nonce";

/// A signature is good this long before and after its time, both ends included.
pub const WINDOW_S: u64 = 300;

const FORMAT: &str = "pi-request/1";
const LONGEST_TARGET: usize = 8192;

/// What is signed, all of it in the form in which it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// The path with the query, as in the request line.
    pub target: &'a str,
    /// The time, as in its header.
    pub timestamp: &'a str,
    /// The nonce, as in its header.
    pub nonce: &'a str,
    /// The tenant, as in its header.
    pub tenant: &'a Name,
    /// SHA-256 of the body.
    pub body: Digest,
}

fn invalid(detail: &'static str) -> Refusal {
    Refusal::new(Reason::SignatureInvalid, detail)
}

impl Signable<'_> {
    /// The string that is signed: one line each, none of which can hold a line break.
    pub fn canonical(&self) -> Result<String, Refusal> {
        let Self { method, target, timestamp, nonce, tenant, body } = self;
        let upper = (1..=16).contains(&method.len())
            && method.bytes().all(|byte| byte.is_ascii_uppercase());
        if !upper {
            return Err(invalid("the method is not upper-case letters"));
        }
        let visible = target.starts_with('/')
            && target.len() <= LONGEST_TARGET
            && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !visible {
            return Err(invalid("the target is not a path in visible ASCII"));
        }
        let word = (16..=64).contains(&nonce.len())
            && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !word {
            return Err(invalid("the nonce is not 16 to 64 letters, digits, `_` or `-`"));
        }
        seconds(timestamp)?;
        Ok(format!("{FORMAT}\n{method}\n{target}\n{timestamp}\n{nonce}\n{tenant}\n{body}"))
    }
}

/// Whole seconds, in their one spelling.
fn seconds(text: &str) -> Result<Timestamp, Refusal> {
    let digits = (1..=12).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && !text.starts_with('0');
    let seconds: Option<u64> = if digits { text.parse().ok() } else { None };
    seconds
        .and_then(|seconds| seconds.checked_mul(1_000_000))
        .map(Timestamp::from_micros)
        .ok_or(invalid("the time is not whole seconds"))
}

/// Signs requests, and verifies them.
#[derive(Debug)]
pub struct RequestSigning {
    secret: Secret,
}

impl RequestSigning {
    /// Signatures with this secret.
    pub fn new(secret: Secret) -> Self {
        Self { secret }
    }

    fn mac(&self, signable: &Signable<'_>) -> Result<Hmac<Sha256>, Refusal> {
        let canonical = signable.canonical()?;
        // HMAC takes keys of every length.
        let mac = Hmac::<Sha256>::new_from_slice(self.secret.expose())
            .map_err(|_| invalid("the secret cannot sign"))?;
        Ok(mac.chain_update(canonical))
    }

    /// The signature, as its header holds it.
    pub fn sign(&self, signable: &Signable<'_>) -> Result<String, Refusal> {
        Ok(hex(&self.mac(signable)?.finalize().into_bytes()))
    }

    /// Checks form, time, signature and nonce, in this order: only who can sign can have a
    /// nonce remembered.
    pub fn verify(
        &self,
        signable: &Signable<'_>,
        signature: &str,
        nonces: &dyn Nonces,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mac = self.mac(signable)?;
        let signature = Digest::from_hex(signature)
            .ok_or(invalid("the signature is not 64 lower-case hexadecimal digits"))?;
        let signed_at = seconds(signable.timestamp)?;
        if now.as_micros().abs_diff(signed_at.as_micros()) > WINDOW_S * 1_000_000 {
            let detail = "the signed time is more than 300 seconds away";
            return Err(Refusal::new(Reason::TimestampOutsideTolerance, detail));
        }
        // In constant time.
        if mac.verify_slice(signature.as_bytes()).is_err() {
            let detail = "the signature is not that of this request";
            return Err(Refusal::new(Reason::SignatureMismatch, detail));
        }
        nonces.remember(signable.tenant, signable.nonce, signed_at, now)
    }
}
