//! What the caller's tenant may use, and uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pi_control_plane::quota::{Limits, Quota, Resource};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::problem::{Problem, Refused};
use crate::quota::{quota_of, used};

/// What a tenant may use within any window of this length.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaView {
    /// Seconds of the window.
    #[schema(minimum = 1, maximum = 2_678_400)]
    window_s: u64,
    /// Bytes of inputs; null means without limit, as for the others.
    #[serde(default)]
    bytes: Option<u64>,
    /// Compositions that are submitted.
    #[serde(default)]
    compositions: Option<u64>,
    /// Compositions that are executed.
    #[serde(default)]
    executions: Option<u64>,
    /// Nodes of executed compositions.
    #[serde(default)]
    nodes: Option<u64>,
    /// Workers that execute them.
    #[serde(default)]
    workers: Option<u64>,
}

impl From<Quota> for QuotaView {
    fn from(quota: Quota) -> Self {
        let of = |resource| quota.limits.get(resource);
        Self {
            window_s: quota.window_s,
            bytes: of(Resource::Bytes),
            compositions: of(Resource::Compositions),
            executions: of(Resource::Executions),
            nodes: of(Resource::Nodes),
            workers: of(Resource::Workers),
        }
    }
}

impl From<QuotaView> for Quota {
    fn from(view: QuotaView) -> Self {
        let QuotaView { window_s, bytes, compositions, executions, nodes, workers } = view;
        let limits = Limits::of(|resource| match resource {
            Resource::Bytes => bytes,
            Resource::Compositions => compositions,
            Resource::Executions => executions,
            Resource::Nodes => nodes,
            Resource::Workers => workers,
        });
        Self { limits, window_s }
    }
}

/// A quota and what is used of it.
#[derive(Serialize, ToSchema)]
pub struct QuotaUse {
    /// What may be used.
    quota: QuotaView,
    /// What is reserved and used within the window, by resource.
    used: BTreeMap<&'static str, u64>,
    /// Reservations that are not settled yet.
    in_flight: u64,
}

/// What the caller's tenant may use, and uses now.
#[utoipa::path(get, path = "/v1/quota", tag = "tenants", operation_id = "show_quota",
    extensions(("x-pi-permission" = json!("quotas:read"))),
    responses((status = 200, description = "Both.", body = QuotaUse), Refused))]
pub async fn show(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<QuotaUse>, Problem> {
    blocking(move || {
        let (quota, journal) = (quota_of(&app, &caller.tenant)?, app.journal(&caller)?);
        let (amounts, in_flight) = used(&app, &journal, &quota, journal.now())?;
        let used = Resource::ALL.map(|resource| (resource.as_str(), amounts.get(resource))).into();
        Ok(Json(QuotaUse { quota: quota.into(), used, in_flight: in_flight as u64 }))
    })
    .await
}
