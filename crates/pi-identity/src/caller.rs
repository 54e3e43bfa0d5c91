//! Who calls: all checks on a request, in one order.

use http::HeaderMap;
use pi_control_plane::roles::Role;
use pi_core::{Digest, Name, Reason, Timestamp};

use crate::api_key::{NO_SUCH_KEY, is_api_key};
use crate::event::Identity;
use crate::id::{Actor, ApiKeyId, CorrelationId, TokenId};
use crate::nonce::Nonces;
use crate::refusal::Refusal;
use crate::signing::{NONCE, RequestSigning, SIGNATURE, Signable, TIMESTAMP};
use crate::token::Tokens;

/// The header of the tenant.
pub const TENANT: &str = "x-tenant-id";
/// The header of the correlation id.
pub const CORRELATION: &str = "x-correlation-id";
const AUTHORIZATION: &str = "authorization";

/// What the server knows of tenants, from their logs.
pub trait Tenants {
    /// Whether a tenant is registered and active.
    fn is_active(&self, tenant: &Name) -> Result<bool, Unavailable>;

    /// Looks at the state of identity of a tenant that is active.
    fn identity<T>(
        &self,
        tenant: &Name,
        look: impl FnOnce(&Identity) -> T,
    ) -> Result<T, Unavailable>;
}

/// It cannot be told now, for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state of identity cannot be read: {0}")]
pub struct Unavailable(pub Reason);

impl From<Unavailable> for Refusal {
    fn from(Unavailable(reason): Unavailable) -> Self {
        Refusal::new(reason, "the state of identity cannot be read")
    }
}

/// A request, as far as identity goes.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path with the query, as it was sent.
    pub target: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body.
    pub body: &'a [u8],
}

/// How a caller was authenticated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Means {
    /// By a token.
    Token(TokenId),
    /// By an API key.
    ApiKey(ApiKeyId),
}

/// Who calls. Only [`Authenticator::authenticate`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    tenant: Name,
    actor: Actor,
    role: Role,
    correlation_id: CorrelationId,
    means: Means,
    signed: bool,
}

impl Caller {
    /// The tenant, in which alone it acts.
    pub fn tenant(&self) -> &Name {
        &self.tenant
    }

    /// Who it is.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// As what it acts.
    pub fn role(&self) -> Role {
        self.role
    }

    /// What ties the records of its request together.
    pub fn correlation_id(&self) -> &CorrelationId {
        &self.correlation_id
    }

    /// How it was authenticated.
    pub fn means(&self) -> &Means {
        &self.means
    }

    /// Whether the request was signed.
    pub fn is_signed(&self) -> bool {
        self.signed
    }
}

/// Signatures of requests: with which secret, and whether there must be one.
pub struct SigningRule {
    /// Verifies them.
    pub signing: RequestSigning,
    /// What was seen before.
    pub nonces: Box<dyn Nonces>,
    /// Refuses requests that are not signed.
    pub required: bool,
}

/// Tells who calls.
#[derive(Clone, Copy)]
pub struct Authenticator<'a, T> {
    /// Tokens.
    pub tokens: &'a Tokens,
    /// Tenants.
    pub tenants: &'a T,
    /// Signatures; `None` where no secret for them is known.
    pub signing: Option<&'a SigningRule>,
}

impl<T: Tenants> Authenticator<'_, T> {
    /// The caller of a request. In this order: the tenant is named; the bearer is there, is
    /// good, and is of that tenant; the tenant is active; the correlation id is one; the
    /// signature is good. `made` is the correlation id of a request that brings none.
    ///
    /// Whoever has no good bearer learns nothing of tenants: the answer is the same whether
    /// there is such a tenant or not.
    pub fn authenticate(
        &self,
        request: &Request<'_>,
        made: CorrelationId,
        now: Timestamp,
    ) -> Result<Caller, Refusal> {
        let headers = request.headers;
        let tenant = single(headers, TENANT)?
            .ok_or(Refusal::new(Reason::TenantIdRequired, "`X-Tenant-ID` is missing"))?;
        let tenant = Name::new(tenant)
            .map_err(|_| Refusal::new(Reason::TenantIdInvalid, "`X-Tenant-ID` is not a name"))?;
        let bearer = bearer(headers)?;
        let (actor, role, means) = if is_api_key(bearer) {
            self.by_api_key(bearer, &tenant, now)?
        } else {
            self.by_token(bearer, &tenant, now)?
        };
        let correlation_id = correlation_id(headers)?.unwrap_or(made);
        let signed = self.is_signed(request, &tenant, now)?;
        Ok(Caller { tenant, actor, role, correlation_id, means, signed })
    }

    fn by_api_key(
        &self,
        key: &str,
        tenant: &Name,
        now: Timestamp,
    ) -> Result<(Actor, Role, Means), Refusal> {
        // The keys of no tenant are no keys.
        if !self.tenants.is_active(tenant)? {
            return Err(NO_SUCH_KEY);
        }
        let verify = |identity: &Identity| {
            identity.api_keys.verify(key, now).map(|record| record.id.clone())
        };
        let id = self.tenants.identity(tenant, verify)??;
        Ok((id.actor(), Role::ApiKey, Means::ApiKey(id)))
    }

    fn by_token(
        &self,
        token: &str,
        tenant: &Name,
        now: Timestamp,
    ) -> Result<(Actor, Role, Means), Refusal> {
        let claims = self.tokens.verify(token, now)?;
        if claims.tenant != *tenant {
            let detail = "the token is for another tenant than `X-Tenant-ID` names";
            return Err(Refusal::new(Reason::TokenTenantMismatch, detail));
        }
        if !self.tenants.is_active(tenant)? {
            return Err(Refusal::new(Reason::TenantInactive, "no such tenant is active"));
        }
        let is_revoked = |identity: &Identity| identity.revocations.is_revoked(&claims);
        if self.tenants.identity(tenant, is_revoked)? {
            return Err(Refusal::new(Reason::TokenRevoked, "the token is revoked"));
        }
        Ok((claims.subject, claims.role, Means::Token(claims.id)))
    }

    /// Whether the request is signed; refused when it should be, or is not rightly so.
    fn is_signed(
        &self,
        request: &Request<'_>,
        tenant: &Name,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let signature = single(request.headers, SIGNATURE)?;
        let timestamp = single(request.headers, TIMESTAMP)?;
        let nonce = single(request.headers, NONCE)?;
        let (rule, signature, timestamp, nonce) = match (self.signing, signature, timestamp, nonce)
        {
            (None, None, None, None) => return Ok(false),
            (Some(rule), None, None, None) if !rule.required => return Ok(false),
            (Some(rule), Some(signature), Some(timestamp), Some(nonce)) => {
                (rule, signature, timestamp, nonce)
            }
            (None, ..) => {
                let detail = "this server has no secret to verify a signature with";
                return Err(Refusal::new(Reason::SignatureInvalid, detail));
            }
            (Some(_), ..) => {
                let detail = "signature, time and nonce must all three be there";
                return Err(Refusal::new(Reason::SignatureRequired, detail));
            }
        };
        let body = Digest::of(request.body);
        let Request { method, target, .. } = *request;
        let signable = Signable { method, target, timestamp, nonce, tenant, body };
        rule.signing.verify(&signable, signature, rule.nonces.as_ref(), now)?;
        Ok(true)
    }
}

/// The correlation id that a request brings.
pub fn correlation_id(headers: &HeaderMap) -> Result<Option<CorrelationId>, Refusal> {
    let Some(text) = single(headers, CORRELATION)? else { return Ok(None) };
    let id = CorrelationId::new(text).map_err(|_| {
        Refusal::new(Reason::CorrelationIdInvalid, "`X-Correlation-ID` is not a correlation id")
    })?;
    Ok(Some(id))
}

fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let required = Refusal::new(Reason::TokenRequired, "there is no `Authorization: Bearer`");
    let (scheme, rest) =
        single(headers, AUTHORIZATION)?.and_then(|text| text.split_once(' ')).ok_or(required)?;
    let bearer = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !bearer.is_empty() {
        Ok(bearer)
    } else {
        Err(required)
    }
}

/// The value of a header that may stand once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::new(Reason::HeaderAmbiguous, "a header of identity stands twice"));
    }
    let text = value.to_str().ok().filter(|text| !text.contains('\t'));
    let ambiguous = Refusal::new(Reason::HeaderAmbiguous, "a header of identity is not ASCII");
    text.map(Some).ok_or(ambiguous)
}
