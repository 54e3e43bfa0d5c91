//! The registry of tenants, for admins of `_system`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use pi_control_plane::tenants::{Change, Settings, Tenant, TenantError};
use pi_core::Name;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Caller, SYSTEM};
use crate::app::{App, blocking};
use crate::control;
use crate::extract::{Json as Body, Path, Query};
use crate::page::{NamePage, name_cursor};
use crate::problem::{Problem, Refused};
use crate::routes::quota::QuotaView;

/// A tenant.
#[derive(Serialize, ToSchema)]
pub struct TenantView {
    /// Its id.
    tenant: String,
    /// What people call it.
    display_name: String,
    /// `active`, `suspended` or `deleted`.
    state: &'static str,
    /// Days that the evidence of its runs is kept; null means for ever.
    retention_days: Option<u64>,
    /// What it may use.
    quota: QuotaView,
}

/// A page of tenants.
#[derive(Serialize, ToSchema)]
pub struct TenantPage {
    /// The tenants, by id.
    items: Vec<TenantView>,
    /// Where the next page begins.
    next: Option<String>,
}

/// A tenant to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// Its id: 1 to 64 letters, digits, `_` or `-`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "acme")]
    tenant: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 200, example = "Acme")]
    display_name: String,
    /// Days that the evidence of its runs is kept.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u64>,
    /// What it may use; without it, 100 compositions of 64 nodes and 8 GiB in an hour.
    #[serde(default)]
    quota: Option<QuotaView>,
}

/// What may change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// What people call it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    display_name: Option<String>,
    /// Days that the evidence of its runs is kept.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 36500)]
    retention_days: Option<u64>,
    /// What it may use.
    #[serde(default)]
    quota: Option<QuotaView>,
    /// `active` or `suspended`.
    #[serde(default)]
    #[schema(pattern = "^(active|suspended)$", example = "suspended")]
    state: Option<String>,
}

fn view(name: &Name, tenant: &Tenant) -> TenantView {
    TenantView {
        tenant: name.as_str().to_owned(),
        display_name: tenant.settings.display_name.clone(),
        state: tenant.state.as_str(),
        retention_days: tenant.settings.retention_days,
        quota: tenant.settings.quota.into(),
    }
}

impl From<TenantError> for Problem {
    fn from(error: TenantError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::invalid(error.to_string()))
}

/// Makes changes to one tenant, if they may be made now.
fn change(
    app: &App,
    caller: &Caller,
    tenant: &Name,
    changes: impl FnOnce(Option<&Tenant>) -> Vec<Change>,
) -> Result<TenantView, Problem> {
    let journal = app.journal(caller)?;
    // One change at a time on this server; the order of the log decides between servers.
    let _turn = app.control_turn();
    let changes =
        app.control.registry(journal.store(), |registry| changes(registry.get(tenant)))?;
    for change in changes {
        app.control.registry(journal.store(), |registry| registry.check(tenant, &change))??;
        let (schema, event_type) = (change.schema(), change.event_type());
        control::record(&journal, schema, event_type, change.payload(tenant))?;
    }
    shown(app, journal.store(), tenant)
}

fn shown(
    app: &App,
    system: &dyn pi_store::EventStore,
    tenant: &Name,
) -> Result<TenantView, Problem> {
    app.control.registry(system, |registry| {
        let known = registry.get(tenant).map(|known| view(tenant, known));
        known.ok_or_else(|| TenantError::Unknown(tenant.clone()).into())
    })?
}

/// The tenants.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", operation_id = "list_tenants",
    params(NamePage), extensions(("x-pi-permission" = json!("tenants:read"))),
    responses((status = 200, description = "A page of them.", body = TenantPage), Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<NamePage>,
) -> Result<Json<TenantPage>, Problem> {
    let (limit, behind) = (page.limit()?, page.position()?);
    blocking(move || {
        // Everybody else sees itself.
        if caller.tenant.as_str() != SYSTEM {
            let system = app.system()?;
            let own = shown(&app, system.as_ref(), &caller.tenant)?;
            let items = if behind.is_none() { vec![own] } else { Vec::new() };
            return Ok(Json(TenantPage { items, next: None }));
        }
        let journal = app.journal(&caller)?;
        app.control.registry(journal.store(), |registry| {
            let tenants = registry.behind(behind.as_ref()).take(limit + 1);
            let mut items: Vec<TenantView> =
                tenants.map(|(name, tenant)| view(name, tenant)).collect();
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).map(|last| name_cursor(&last.tenant));
            Json(TenantPage { items, next })
        })
    })
    .await
}

/// Creates a tenant. It has no policy yet, so nothing is permitted to it.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", operation_id = "create_tenant",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "The same key and body within a day get the same answer.")),
    request_body = NewTenant, extensions(("x-pi-permission" = json!("tenants:manage"))),
    responses((status = 201, description = "It is there.", body = TenantView), Refused))]
pub async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(new): Body<NewTenant>,
) -> Result<Response, Problem> {
    let NewTenant { tenant, display_name, retention_days, quota } = new;
    let tenant = name(&tenant)?;
    if pi_control_plane::tenants::is_reserved(&tenant) {
        return Err(TenantError::Reserved(tenant).into());
    }
    blocking(move || {
        let mut settings = Settings { retention_days, ..Settings::new(&display_name) };
        if let Some(quota) = quota {
            settings.quota = quota.into();
        }
        let create = Change::Create(settings);
        let view = change(&app, &caller, &tenant, |_| vec![create])?;
        let location = format!("/v1/tenants/{tenant}");
        Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
    })
    .await
}

/// One tenant.
#[utoipa::path(get, path = "/v1/tenants/{tenant}", tag = "tenants", operation_id = "show_tenant",
    params(("tenant" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("tenants:read"))),
    responses((status = 200, description = "The tenant.", body = TenantView), Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tenant): Path<String>,
) -> Result<Json<TenantView>, Problem> {
    let tenant = name(&tenant)?;
    if caller.tenant.as_str() != SYSTEM && caller.tenant != tenant {
        return Err(TenantError::Unknown(tenant).into());
    }
    blocking(move || {
        let system = app.system()?;
        shown(&app, system.as_ref(), &tenant).map(Json)
    })
    .await
}

/// Describes, suspends or resumes a tenant.
#[utoipa::path(patch, path = "/v1/tenants/{tenant}", tag = "tenants",
    operation_id = "change_tenant", request_body = TenantChange,
    params(("tenant" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("tenants:manage"))),
    responses((status = 200, description = "As it is now.", body = TenantView), Refused))]
pub async fn alter(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tenant): Path<String>,
    Body(asked): Body<TenantChange>,
) -> Result<Json<TenantView>, Problem> {
    let tenant = name(&tenant)?;
    let TenantChange { display_name, retention_days, quota, state } = asked;
    let state = match state.as_deref() {
        None => None,
        Some("active") => Some(Change::Resume),
        Some("suspended") => Some(Change::Suspend),
        Some(_) => return Err(Problem::invalid("`state` must be `active` or `suspended`")),
    };
    blocking(move || {
        let changes = |known: Option<&Tenant>| {
            let described = display_name.is_some() || retention_days.is_some() || quota.is_some();
            let before = known.map(|known| known.settings.clone());
            let mut settings = before.unwrap_or_else(|| Settings::new(""));
            settings.display_name = display_name.unwrap_or(settings.display_name);
            settings.retention_days = retention_days.or(settings.retention_days);
            settings.quota = quota.map_or(settings.quota, Into::into);
            let describe = described.then_some(Change::Describe(settings));
            describe.into_iter().chain(state).collect()
        };
        change(&app, &caller, &tenant, changes).map(Json)
    })
    .await
}

/// Ends a tenant. Its log stays and can be verified; nobody else ever gets its id.
#[utoipa::path(delete, path = "/v1/tenants/{tenant}", tag = "tenants",
    operation_id = "delete_tenant",
    params(("tenant" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("tenants:manage"))),
    responses((status = 200, description = "As it ended.", body = TenantView), Refused))]
pub async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(tenant): Path<String>,
) -> Result<Json<TenantView>, Problem> {
    let tenant = name(&tenant)?;
    blocking(move || change(&app, &caller, &tenant, |_| vec![Change::Delete]).map(Json)).await
}
