//! Tokens: JSON Web Tokens (RFC 7519) of one issuer for one audience, after RFC 8725.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Header, Validation};
use pi_control_plane::roles::Role;
use pi_core::{Name, Reason, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{Actor, TokenId};
use crate::keys::{Algorithm, KeySet, VerifyingKey};
use crate::refusal::Refusal;

/// A token has at most this many bytes; ours have some 400.
pub const MAX_BYTES: usize = 4096;
/// `aud` lists at most this many names.
pub const MAX_AUDIENCES: usize = 8;
const MICROS: u64 = 1_000_000;

/// What tokens must be.
#[derive(Clone, Debug)]
pub struct TokenOptions {
    /// The claim `iss`.
    pub issuer: String,
    /// What the claim `aud` must name.
    pub audience: String,
    /// The longest time between `iat` and `exp`.
    pub max_lifetime_s: u64,
    /// How far `iat` and `nbf` may lie ahead. `exp` has no leeway.
    pub leeway_s: u64,
}

impl Default for TokenOptions {
    fn default() -> Self {
        let platform = || "pi-platform".to_owned();
        Self { issuer: platform(), audience: platform(), max_lifetime_s: 86_400, leeway_s: 30 }
    }
}

/// What a token is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// For whom.
    pub subject: Actor,
    /// In which tenant.
    pub tenant: Name,
    /// As what.
    pub role: Role,
    /// For how long.
    pub lifetime_s: u64,
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who acts.
    pub subject: Actor,
    /// The tenant.
    pub tenant: Name,
    /// The role.
    pub role: Role,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From when on it is no longer good.
    pub expires_at: Timestamp,
    /// Its id.
    pub id: TokenId,
}

/// A new token. It is shown once, to whoever asked for it.
pub struct Minted {
    /// The token.
    pub token: String,
    /// What it says.
    pub claims: Claims,
}

/// Why no token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// It would not be verified.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The library signs nothing.
    #[error("the token cannot be signed")]
    Signing,
}

/// Makes and verifies tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: KeySet,
    options: TokenOptions,
}

/// The header: these members and no others. A `jku`, `jwk`, `x5u` or `crit` is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireHeader {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// The claims as they stand in a token. A claim that stands twice does not parse.
#[derive(Default, Deserialize, Serialize)]
struct WireClaims {
    aud: Option<Audience>,
    exp: Option<u64>,
    iat: Option<u64>,
    iss: Option<String>,
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    role: Option<String>,
    sub: Option<String>,
    tenant_id: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    fn names(&self, audience: &str) -> bool {
        match self {
            Audience::One(one) => one == audience,
            Audience::Many(many) => {
                many.len() <= MAX_AUDIENCES && many.iter().any(|one| one == audience)
            }
        }
    }
}

fn invalid(detail: &'static str) -> Refusal {
    Refusal::new(Reason::TokenInvalid, detail)
}

impl Tokens {
    /// Tokens of these keys.
    pub fn new(keys: KeySet, options: TokenOptions) -> Self {
        Self { keys, options }
    }

    /// The keys.
    pub fn keys(&self) -> &KeySet {
        &self.keys
    }

    /// What tokens must be.
    pub fn options(&self) -> &TokenOptions {
        &self.options
    }

    /// Makes a token that says what `grant` says, under an id that is used once. What
    /// [`Tokens::verify`] would refuse is not made.
    pub fn mint(&self, grant: Grant, now: Timestamp, id: TokenId) -> Result<Minted, MintError> {
        let issued_s = now.as_micros() / MICROS;
        let wire = WireClaims {
            aud: Some(Audience::One(self.options.audience.clone())),
            exp: Some(issued_s.saturating_add(grant.lifetime_s)),
            iat: Some(issued_s),
            iss: Some(self.options.issuer.clone()),
            jti: Some(id.as_str().to_owned()),
            nbf: None,
            role: Some(grant.role.as_str().to_owned()),
            sub: Some(grant.subject.as_str().to_owned()),
            tenant_id: Some(grant.tenant.as_str().to_owned()),
        };
        let active = self.keys.active();
        let mut header = Header::new(active.verifying().algorithm().of_library());
        header.kid = Some(active.verifying().id().as_str().to_owned());
        let token = jsonwebtoken::encode(&header, &wire, &active.private)
            .map_err(|_| MintError::Signing)?;
        let claims = self.judge(wire, now)?;
        Ok(Minted { token, claims })
    }

    /// What a token says, when all of it holds: its form, its key, its signature and its
    /// claims, in this order.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, Refusal> {
        if token.len() > MAX_BYTES {
            return Err(invalid("the token is too long"));
        }
        let key = self.key_of(token, now)?;
        let wire = verified_claims(token, key)?;
        self.judge(wire, now)
    }

    fn key_of(&self, token: &str, now: Timestamp) -> Result<&VerifyingKey, Refusal> {
        let segments: Vec<&str> = token.split('.').collect();
        let &[header, _, _] = segments.as_slice() else {
            return Err(invalid("the token has not three parts"));
        };
        let header = URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_| invalid("the header is not canonical base64url"))?;
        let header: WireHeader = serde_json::from_slice(&header)
            .map_err(|_| invalid("the header is not JSON with `alg`, `kid` and `typ` alone"))?;
        if header.typ.is_some_and(|typ| typ != "JWT") {
            return Err(invalid("`typ` is not `JWT`"));
        }
        let refused = |detail| Refusal::new(Reason::TokenAlgorithmRefused, detail);
        let algorithm =
            Algorithm::from_name(&header.alg).ok_or(refused("the algorithm is not accepted"))?;
        let key = self.keys.find(header.kid.as_deref(), now)?;
        if key.algorithm() != algorithm {
            return Err(refused("the key is for another algorithm"));
        }
        Ok(key)
    }

    fn judge(&self, wire: WireClaims, now: Timestamp) -> Result<Claims, Refusal> {
        let WireClaims { aud, exp, iat, iss, jti, nbf, role, sub, tenant_id } = wire;
        let missing = |detail| Refusal::new(Reason::TokenClaimMissing, detail);
        let aud = aud.ok_or(missing("`aud` is missing"))?;
        let exp = exp.ok_or(missing("`exp` is missing"))?;
        let iat = iat.ok_or(missing("`iat` is missing"))?;
        let iss = iss.ok_or(missing("`iss` is missing"))?;
        let jti = jti.ok_or(missing("`jti` is missing"))?;
        let role = role.ok_or(missing("`role` is missing"))?;
        let sub = sub.ok_or(missing("`sub` is missing"))?;
        let tenant = tenant_id.ok_or(missing("`tenant_id` is missing"))?;

        if iss != self.options.issuer {
            return Err(Refusal::new(Reason::TokenIssuerMismatch, "`iss` is another issuer"));
        }
        if !aud.names(&self.options.audience) {
            return Err(Refusal::new(Reason::TokenAudienceMismatch, "`aud` names somebody else"));
        }
        let (issued_at, expires_at) = self.times(iat, nbf, exp, now)?;

        let subject = Actor::new(sub).map_err(|_| invalid("`sub` is not an actor"))?;
        if subject.as_str().starts_with(Actor::API_KEY) {
            return Err(invalid("`sub` is that of an API key"));
        }
        let tenant = Name::new(tenant).map_err(|_| invalid("`tenant_id` is not a name"))?;
        let id = TokenId::new(jti).map_err(|_| invalid("`jti` is not the id of a token"))?;
        let role =
            Role::from_word(&role).ok_or(Refusal::new(Reason::RoleUnknown, "`role` is no role"))?;
        Ok(Claims { subject, tenant, role, issued_at, expires_at, id })
    }

    fn times(
        &self,
        iat: u64,
        nbf: Option<u64>,
        exp: u64,
        now: Timestamp,
    ) -> Result<(Timestamp, Timestamp), Refusal> {
        let out_of_range = || invalid("a time is out of range");
        let at = |seconds: u64| {
            seconds.checked_mul(MICROS).map(Timestamp::from_micros).ok_or_else(out_of_range)
        };
        let (issued_at, expires_at) = (at(iat)?, at(exp)?);
        if now >= expires_at {
            return Err(Refusal::new(Reason::TokenExpired, "`exp` has come"));
        }
        let horizon = Timestamp::from_micros(
            now.as_micros().saturating_add(self.options.leeway_s.saturating_mul(MICROS)),
        );
        if issued_at > horizon {
            return Err(Refusal::new(Reason::TokenNotYetValid, "`iat` is in the future"));
        }
        if let Some(nbf) = nbf
            && at(nbf)? > horizon
        {
            return Err(Refusal::new(Reason::TokenNotYetValid, "`nbf` is in the future"));
        }
        let lifetime_s = exp.checked_sub(iat).filter(|lifetime| *lifetime > 0);
        if lifetime_s.is_none_or(|lifetime| lifetime > self.options.max_lifetime_s) {
            let detail = "between `iat` and `exp` lies more than the longest lifetime, or nothing";
            return Err(Refusal::new(Reason::TokenLifetimeExceeded, detail));
        }
        Ok((issued_at, expires_at))
    }
}

/// The claims under a good signature. All that they say is judged by us: the library would
/// read the clock.
fn verified_claims(token: &str, key: &VerifyingKey) -> Result<WireClaims, Refusal> {
    let mut validation = Validation::new(key.algorithm().of_library());
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    validation.validate_exp = false;
    let decoded = jsonwebtoken::decode::<WireClaims>(token, &key.key, &validation);
    decoded.map(|data| data.claims).map_err(|error| match error.kind() {
        jsonwebtoken::errors::ErrorKind::InvalidSignature => {
            Refusal::new(Reason::TokenSignatureMismatch, "the signature does not verify")
        }
        _ => invalid("the claims or the signature do not parse"),
    })
}
