//! Who calls: the header names a tenant, the token or API key proves that the caller
//! belongs to it, and its log says whether the proof still holds.

use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use pi_control_plane::roles::Role;
use pi_core::{Name, Reason};
use pi_identity::Refusal;
use pi_identity::api_key::is_api_key;

use crate::access::{Caller, Gate};
use crate::app::App;
use crate::problem::Problem;
use crate::serve::CorrelationId;

/// The header that names the tenant.
const TENANT: &str = "x-tenant-id";

/// The gate of a server with tokens.
pub struct TokenGate(pub Arc<App>);

impl TokenGate {
    fn bearer(&self, tenant: &Name, bearer: &str) -> Result<(String, Role), Problem> {
        let TokenGate(app) = self;
        let (store, now) = (app.stores.of(tenant)?, app.clock.now());
        if is_api_key(bearer) {
            let found = app.control.identity(store.as_ref(), |identity| {
                identity.api_keys.verify(bearer, now).map(|record| record.id.actor().to_string())
            })?;
            return Ok((found?, Role::ApiKey));
        }
        let claims = app.tokens.verify(bearer, now)?;
        if claims.tenant != *tenant {
            let problem = "the token is of another tenant than the header names";
            return Err(Problem::new(Reason::TokenTenantMismatch, problem));
        }
        let revoked = app
            .control
            .identity(store.as_ref(), |identity| identity.revocations.is_revoked(&claims))?;
        if revoked {
            return Err(Refusal::new(Reason::TokenRevoked, "the token was revoked").into());
        }
        let role = Role::from_word(claims.role.as_str());
        let role = role.ok_or(Refusal::new(Reason::RoleUnknown, "there is no such role"))?;
        Ok((claims.subject.to_string(), role))
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = axum::http::StatusCode::from_u16(refusal.status());
        let problem = Self::new(refusal.reason, refusal.detail);
        // The numbers that a refusal gives are status codes.
        match status {
            Ok(status) => problem.with_status(status),
            Err(_) => problem,
        }
    }
}

/// The one value of a header; two of them could be read in two ways.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let ambiguous = Refusal::new(Reason::HeaderAmbiguous, "a header is given twice or not text");
    if values.next().is_some() {
        return Err(ambiguous);
    }
    value.to_str().map(Some).map_err(|_| ambiguous)
}

impl Gate for TokenGate {
    fn admit(&self, parts: &Parts, _body: &[u8]) -> Result<Caller, Problem> {
        let missing = Refusal::new(Reason::TenantIdRequired, "`X-Tenant-ID` must name a tenant");
        let tenant = single(&parts.headers, TENANT)?.ok_or(missing)?;
        let wrong = Refusal::new(Reason::TenantIdInvalid, "`X-Tenant-ID` is no tenant id");
        let tenant = Name::new(tenant).map_err(|_| wrong)?;
        let TokenGate(app) = self;
        let system = app.system()?;
        let active =
            app.control.registry(system.as_ref(), |registry| registry.is_active(&tenant))?;
        if !active {
            let inactive = "there is no such tenant, or it may not call now";
            return Err(Refusal::new(Reason::TenantInactive, inactive).into());
        }
        let required = Refusal::new(Reason::TokenRequired, "`Authorization: Bearer` is missing");
        let header = single(&parts.headers, AUTHORIZATION.as_str())?.ok_or(required)?;
        let (scheme, bearer) = header.split_once(' ').ok_or(required)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(required.into());
        }
        let (actor, role) = self.bearer(&tenant, bearer)?;
        let CorrelationId(correlation) = parts.extensions.get().cloned().ok_or_else(|| {
            Problem::new(Reason::CorrelationIdInvalid, "the request has no correlation id")
        })?;
        Ok(Caller { tenant, actor, role, correlation })
    }
}
