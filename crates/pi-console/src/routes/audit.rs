//! Who called, and what came of it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pi_control_plane::audit::{Entry, PARTITION};
use pi_core::Name;
use pi_core::canonical::parse;
use pi_event_fabric::HeaderView;
use pi_identity::CorrelationId;
use pi_store::StoredEvent;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::extract::Query;
use crate::page::{Page, cursor};
use crate::problem::{Problem, Refused};

/// Events of one request that are read at most.
const MOST_OF_ONE: usize = 1_000;

/// An answered call.
#[derive(Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its offset in the partition `audit`.
    offset: u64,
    /// Hash of the event.
    event_hash: String,
    /// When it was answered, in microseconds since 1970.
    at_us: u64,
    /// Who called; `anonymous` where nobody is known.
    actor: String,
    /// As what.
    role: Option<String>,
    /// What ties it to the other records of the request.
    correlation_id: Option<String>,
    /// The method.
    method: String,
    /// The pattern of the route.
    route: Option<String>,
    /// The permission that it demands.
    permission: Option<String>,
    /// `allowed`, `refused`, `failed` or `abandoned`.
    outcome: &'static str,
    /// The reason code of a refusal.
    reason: Option<String>,
    /// The status of the answer.
    status: Option<u16>,
    /// How many calls it stands for.
    calls: u64,
}

/// A page of answered calls.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    /// The calls, newest first.
    items: Vec<AuditEntry>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Which calls are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct One {
    /// The correlation id of the request.
    #[param(min_length = 1, max_length = 128)]
    correlation_id: String,
}

/// An event as an entry; none where it was redacted.
fn entry(event: &StoredEvent) -> Option<AuditEntry> {
    let header = HeaderView::parse(&event.header)?;
    let (_, payload) = event.parts()?;
    let Entry { calls, method, outcome, permission, reason, role, route, status } =
        Entry::read(&parse(payload).ok()?)?;
    Some(AuditEntry {
        offset: header.offset,
        event_hash: event.hash().to_hex(),
        at_us: header.recorded_at,
        actor: header.actor.to_owned(),
        correlation_id: header.correlation_id.map(str::to_owned),
        outcome: outcome.as_str(),
        calls,
        method,
        permission,
        reason,
        role,
        route,
        status,
    })
}

fn partition() -> Result<Name, Problem> {
    Name::new(PARTITION).map_err(|error| Problem::invalid(error.to_string()))
}

/// Who called in the name of this tenant, or tried to, and what came of it; newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", operation_id = "list_audit",
    params(Page), extensions(("x-pi-permission" = json!("audit:read"))),
    responses((status = 200, description = "A page of calls.", body = AuditPage), Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<AuditPage>, Problem> {
    let (limit, before) = (page.limit()?, page.position()?);
    blocking(move || {
        let (store, partition) = (app.stores.of(&caller.tenant)?, partition()?);
        let end = store.head(&partition)?.offset;
        let last = before.map_or(end, |before| before.saturating_sub(1).min(end));
        if last == 0 {
            return Ok(Json(AuditPage { items: Vec::new(), next: None }));
        }
        let first = last.saturating_sub(limit as u64 - 1).max(1);
        let many = usize::try_from(last - first + 1).unwrap_or(limit);
        let events = store.partition(&partition, first, many)?;
        let items = events.iter().rev().filter_map(entry).collect();
        let next = (first > 1).then(|| cursor(first));
        Ok(Json(AuditPage { items, next }))
    })
    .await
}

/// The calls with a correlation id.
#[utoipa::path(get, path = "/v1/audit/query", tag = "audit", operation_id = "query_audit",
    params(One), extensions(("x-pi-permission" = json!("audit:query"))),
    responses((status = 200, description = "The calls, oldest first.", body = AuditPage),
        Refused))]
pub async fn query(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(One { correlation_id }): Query<One>,
) -> Result<Json<AuditPage>, Problem> {
    let id = CorrelationId::new(correlation_id);
    let id = id.map_err(|error| Problem::invalid(error.to_string()))?;
    blocking(move || {
        let store = app.stores.of(&caller.tenant)?;
        let events = store.by_correlation(id.as_str(), MOST_OF_ONE)?;
        let of_audit = |event: &&StoredEvent| {
            HeaderView::parse(&event.header).is_some_and(|header| header.partition == PARTITION)
        };
        let items = events.iter().filter(of_audit).filter_map(entry).collect();
        Ok(Json(AuditPage { items, next: None }))
    })
    .await
}
