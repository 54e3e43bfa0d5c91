//! Tokens and API keys of the caller's tenant. An admin of `_system` also issues the first
//! token of another tenant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use pi_control_plane::roles::Role;
use pi_core::{Name, Reason, Timestamp};
use pi_identity::token::Grant;
use pi_identity::{Actor, ApiKeyId, IdentityEvent, NewApiKey, TokenId};
use pi_runtime::Journal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, SYSTEM};
use crate::app::{App, blocking};
use crate::extract::{Json as Body, Path};
use crate::problem::{Problem, Refused};

const MICROS: u64 = 1_000_000;

/// A token to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Whom it is for.
    #[schema(min_length = 1, max_length = 128, example = "ci@acme")]
    subject: String,
    /// `admin`, `operator`, `viewer` or `api_key`.
    #[schema(pattern = "^(admin|operator|viewer|api_key)$", example = "operator")]
    role: String,
    /// How long it is good, in seconds.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 86400, default = 3600)]
    lifetime_s: Option<u64>,
    /// Another tenant, which only an admin of `_system` may name.
    #[serde(default)]
    #[schema(max_length = 64)]
    tenant: Option<String>,
}

/// A token, which is shown once.
#[derive(Serialize, ToSchema)]
pub struct TokenView {
    /// The token.
    token: String,
    /// Its id, for revoking it.
    id: String,
    /// Whom it is for.
    subject: String,
    /// Its tenant.
    tenant: String,
    /// Its role.
    role: String,
    /// From when on it is no longer good, in microseconds since 1970.
    expires_at_us: u64,
}

/// What is no longer good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// The id of a token.
    #[serde(default)]
    #[schema(max_length = 64)]
    id: Option<String>,
    /// All tokens of this subject that were issued until now.
    #[serde(default)]
    #[schema(max_length = 128)]
    subject: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 200, example = "it was lost")]
    reason: String,
}

/// An API key to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What it is for.
    #[schema(min_length = 1, max_length = 128, example = "nightly build")]
    label: String,
    /// How long it is good, in seconds; without it, until it is revoked.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3_153_600_000_u64)]
    lifetime_s: Option<u64>,
}

/// An API key. The key itself is shown once, when it is issued.
#[derive(Serialize, ToSchema)]
pub struct KeyView {
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Its id.
    id: String,
    /// What it is for.
    label: String,
    /// Its end, to tell keys apart.
    last_four: String,
    /// From when on it is no longer good, in microseconds since 1970.
    expires_at_us: Option<u64>,
    /// It was revoked.
    revoked: bool,
}

/// The API keys of a tenant.
#[derive(Serialize, ToSchema)]
pub struct KeyList {
    /// By id.
    items: Vec<KeyView>,
}

/// Why a key is no longer good.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Why.
    #[schema(min_length = 1, max_length = 200, example = "it was lost")]
    reason: String,
}

fn record(journal: &Journal, caller: &Caller, event: &IdentityEvent) -> Result<(), Problem> {
    let actor = Actor::new(caller.actor.as_str());
    let actor = actor.map_err(|error| Problem::invalid(error.to_string()))?;
    let draft = event
        .draft(&actor, Some(caller.correlation.clone()), journal.now())
        .map_err(|error| Problem::invalid(error.to_string()))?;
    journal.store().append(vec![draft])?;
    Ok(())
}

fn reason(text: String) -> Result<String, Problem> {
    let length = text.chars().count();
    if (1..=200).contains(&length) && !text.contains(char::is_control) {
        return Ok(text);
    }
    Err(Problem::invalid("`reason` must be 1 to 200 characters"))
}

/// Issues a token. It is shown once.
#[utoipa::path(post, path = "/v1/tokens", tag = "identity", operation_id = "issue_token",
    request_body = NewToken, extensions(("x-pi-permission" = json!("tokens:manage"))),
    responses((status = 201, description = "The token.", body = TokenView), Refused))]
pub async fn issue(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewToken>,
) -> Result<(StatusCode, Json<TokenView>), Problem> {
    let NewToken { subject, role, lifetime_s, tenant } = new;
    let invalid = |error: &dyn std::fmt::Display| Problem::invalid(error.to_string());
    let subject = Actor::new(subject).map_err(|error| invalid(&error))?;
    let role = Role::from_word(&role)
        .ok_or_else(|| Problem::new(Reason::RoleUnknown, "there is no such role"))?;
    let tenant = match tenant {
        None => caller.tenant.clone(),
        Some(tenant) => Name::new(tenant).map_err(|error| invalid(&error))?,
    };
    if tenant != caller.tenant && caller.tenant.as_str() != SYSTEM {
        let problem = "only an admin of `_system` issues tokens of other tenants";
        return Err(Problem::new(Reason::PermissionDenied, problem));
    }
    blocking(move || {
        let system = app.system()?;
        let active = app.control.registry(system.as_ref(), |all| all.is_active(&tenant))?;
        if !active {
            let problem = "there is no such tenant, or it may not call now";
            return Err(Problem::new(Reason::TenantInactive, problem));
        }
        let lifetime_s = lifetime_s.unwrap_or(3_600);
        let grant = Grant { subject, tenant: tenant.clone(), role, lifetime_s };
        let id = TokenId::random();
        let id = id.map_err(|error| Problem::new(error.reason(), error.to_string()))?;
        let minted = app.tokens.mint(grant, app.clock.now(), id);
        let minted = minted.map_err(|error| Problem::invalid(error.to_string()))?;
        // It is recorded where it is good.
        let journal = app.journal(&Caller { tenant, ..caller.clone() })?;
        record(&journal, &caller, &IdentityEvent::TokenIssued(minted.claims.clone()))?;
        let view = TokenView {
            token: minted.token,
            id: minted.claims.id.to_string(),
            subject: minted.claims.subject.to_string(),
            tenant: minted.claims.tenant.to_string(),
            role: minted.claims.role.as_str().to_owned(),
            expires_at_us: minted.claims.expires_at.as_micros(),
        };
        Ok((StatusCode::CREATED, Json(view)))
    })
    .await
}

/// Revokes a token, or all tokens of a subject. It holds from this answer on.
#[utoipa::path(post, path = "/v1/tokens/revoke", tag = "identity", operation_id = "revoke_token",
    request_body = Revocation, extensions(("x-pi-permission" = json!("tokens:manage"))),
    responses((status = 204, description = "It is no longer good."), Refused))]
pub async fn revoke(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(Revocation { id, subject, reason: why }): Body<Revocation>,
) -> Result<StatusCode, Problem> {
    let why = reason(why)?;
    let now = app.clock.now();
    let event = match (id, subject) {
        (Some(id), None) => IdentityEvent::TokenRevoked {
            id: TokenId::new(id).map_err(|error| Problem::invalid(error.to_string()))?,
            // No token lives longer from now on.
            expires_at: later(now, app.tokens.options().max_lifetime_s),
            reason: why,
        },
        (None, Some(subject)) => IdentityEvent::TokensRevoked {
            subject: Actor::new(subject).map_err(|error| Problem::invalid(error.to_string()))?,
            before: later(now, 1),
            reason: why,
        },
        _ => return Err(Problem::invalid("either `id` or `subject` must be given")),
    };
    blocking(move || {
        record(&app.journal(&caller)?, &caller, &event)?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

fn later(now: Timestamp, seconds: u64) -> Timestamp {
    Timestamp::from_micros(now.as_micros().saturating_add(seconds.saturating_mul(MICROS)))
}

/// The API keys, without the keys themselves.
#[utoipa::path(get, path = "/v1/api-keys", tag = "identity", operation_id = "list_api_keys",
    extensions(("x-pi-permission" = json!("api_keys:manage"))),
    responses((status = 200, description = "All of them.", body = KeyList), Refused))]
pub async fn list_keys(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<KeyList>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        app.control.identity(journal.store(), |identity| {
            let keys = identity.api_keys.list();
            let items = keys.map(|(record, revoked)| key_view(record, None, revoked)).collect();
            Json(KeyList { items })
        })
    })
    .await
}

fn key_view(record: &pi_identity::KeyRecord, key: Option<String>, revoked: bool) -> KeyView {
    KeyView {
        key,
        id: record.id.to_string(),
        label: record.label.clone(),
        last_four: record.last_four.clone(),
        expires_at_us: record.expires_at.map(Timestamp::as_micros),
        revoked,
    }
}

/// Issues an API key. It is shown once, and only its salted hash is kept.
#[utoipa::path(post, path = "/v1/api-keys", tag = "identity", operation_id = "issue_api_key",
    request_body = NewKey, extensions(("x-pi-permission" = json!("api_keys:manage"))),
    responses((status = 201, description = "The key.", body = KeyView), Refused))]
pub async fn issue_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(NewKey { label, lifetime_s }): Body<NewKey>,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let now = app.clock.now();
    let until = lifetime_s.map(|seconds| later(now, seconds));
    let made = NewApiKey::generate(&label, now, until);
    let made = made.map_err(|error| Problem::invalid(error.to_string()))?;
    blocking(move || {
        let NewApiKey { key, record: kept } = made;
        let journal = app.journal(&caller)?;
        record(&journal, &caller, &IdentityEvent::ApiKeyIssued(kept.clone()))?;
        let view = key_view(&kept, Some(key.as_str().to_owned()), false);
        Ok((StatusCode::CREATED, Json(view)))
    })
    .await
}

/// Revokes an API key. It holds from this answer on.
#[utoipa::path(post, path = "/v1/api-keys/{id}/revoke", tag = "identity",
    operation_id = "revoke_api_key", request_body = Why,
    params(("id" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("api_keys:manage"))),
    responses((status = 204, description = "It is no longer good."), Refused))]
pub async fn revoke_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Body(Why { reason: why }): Body<Why>,
) -> Result<StatusCode, Problem> {
    let (id, why) = (ApiKeyId::new(id), reason(why)?);
    let id = id.map_err(|error| Problem::invalid(error.to_string()))?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        let known = app.control.identity(journal.store(), |identity| {
            identity.api_keys.list().any(|(record, _)| record.id == id)
        })?;
        if !known {
            return Err(Problem::new(Reason::ApiKeyInvalid, "there is no such key"));
        }
        record(&journal, &caller, &IdentityEvent::ApiKeyRevoked { id, reason: why })?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
