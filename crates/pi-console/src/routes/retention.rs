//! How long the evidence of runs is kept: holds, what is due, and erasing it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pi_control_plane::retention::{Cause, Change, Due, EvidenceError, PARTITION, Run};
use pi_core::{RunId, Timestamp};
use pi_event_fabric::HeaderView;
use pi_runtime::Journal;
use pi_store::RunEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::control::record_in;
use crate::extract::{Json as Body, Path};
use crate::problem::{Problem, Refused};
use crate::routes::runs::{entry_of, run_id};

/// Runs that are read at once.
const PAGE: usize = 200;

/// Keys that one request erases at most.
const MOST: usize = 200;

/// A run under hold.
#[derive(Serialize, ToSchema)]
pub struct Held {
    /// The run.
    run_id: String,
    /// Why.
    reason: String,
}

/// How long evidence is kept.
#[derive(Serialize, ToSchema)]
pub struct RetentionView {
    /// For so many days behind the end of a run; null means for ever.
    retention_days: Option<u64>,
    /// The runs whose keys are due, newest first; 200 at most.
    due: Vec<String>,
    /// How many are due.
    due_count: usize,
    /// How many are past the retention, and kept by a hold.
    held_count: usize,
    /// The runs under hold.
    held: Vec<Held>,
}

/// What was erased.
#[derive(Serialize, ToSchema)]
pub struct Erased {
    /// The runs whose evidence can never be read again.
    erased: Vec<String>,
    /// How many are still due.
    left: usize,
}

/// Why a run is held.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldReason {
    /// Why.
    #[schema(min_length = 1, max_length = 256, example = "case 17")]
    reason: String,
}

/// The evidence of a run.
#[derive(Serialize, ToSchema)]
pub struct EvidenceView {
    /// The run.
    run_id: String,
    /// `held`, `released` or `erased`.
    state: &'static str,
}

impl From<EvidenceError> for Problem {
    fn from(error: EvidenceError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

/// When a run ended.
fn ended(journal: &Journal, entry: &RunEntry) -> Result<Option<Timestamp>, Problem> {
    if !entry.sealed {
        return Ok(None);
    }
    let events = journal.store().after(entry.last_leaf.checked_sub(1), 1)?;
    let header = events.first().and_then(|event| HeaderView::parse(&event.header));
    Ok(header.map(|header| Timestamp::from_micros(header.recorded_at)))
}

fn days(app: &App, journal: &Journal) -> Result<Option<u64>, Problem> {
    let system = app.system()?;
    app.control.registry(system.as_ref(), |all| {
        all.get(journal.store().tenant()).and_then(|tenant| tenant.settings.retention_days)
    })
}

/// Whose keys are due now.
fn due(app: &App, journal: &Journal) -> Result<Due, Problem> {
    let days = days(app, journal)?;
    if days.is_none() {
        return Ok(Due::default());
    }
    let (mut runs, mut before) = (Vec::new(), None);
    loop {
        let page = journal.store().runs(before, PAGE)?;
        for entry in &page {
            before = Some(entry.first_leaf);
            runs.push(Run { id: entry.run.clone(), ended_at: ended(journal, entry)? });
        }
        if page.len() < PAGE {
            break;
        }
    }
    let now = journal.now();
    app.control.retention(journal.store(), |known| known.due(runs, now, days))
}

/// Erases the key of a run, and then says so: a key that is gone without an event is due
/// again, and one that is said to be gone never is there.
fn erase_key(app: &App, journal: &Journal, run: &RunId, cause: Cause) -> Result<(), Problem> {
    let change = Change::Erase(cause);
    app.control.retention(journal.store(), |known| known.check(run, &change))??;
    journal.store().erase_run_key(run)?;
    let names = (change.event_type(), change.schema());
    record_in(PARTITION, journal, names, change.payload(run)).map(drop)
}

fn change(app: &App, caller: &Caller, run: &RunId, change: &Change) -> Result<(), Problem> {
    let journal = app.journal(caller)?;
    entry_of(&journal, run)?;
    let _turn = app.control_turn();
    if let Change::Erase(cause) = change {
        return erase_key(app, &journal, run, *cause);
    }
    app.control.retention(journal.store(), |known| known.check(run, change))??;
    let names = (change.event_type(), change.schema());
    record_in(PARTITION, &journal, names, change.payload(run)).map(drop)
}

/// How long evidence is kept, what is held, and what is due. An admin of `_system` sets the
/// days (`PATCH /v1/tenants/{tenant}`).
#[utoipa::path(get, path = "/v1/retention", tag = "retention", operation_id = "show_retention",
    extensions(("x-pi-permission" = json!("compliance:read"))),
    responses((status = 200, description = "The retention.", body = RetentionView), Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<RetentionView>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let due = due(&app, &journal)?;
        let held = app.control.retention(journal.store(), |known| {
            let held = known.held().iter();
            held.map(|(run, reason)| Held { run_id: run.to_string(), reason: reason.clone() })
                .collect()
        })?;
        Ok(Json(RetentionView {
            retention_days: days(&app, &journal)?,
            due: due.erase.iter().take(MOST).map(ToString::to_string).collect(),
            due_count: due.erase.len(),
            held_count: due.held.len(),
            held,
        }))
    })
    .await
}

/// Erases the keys that are due, 200 at most. Receipts and proofs stay.
#[utoipa::path(post, path = "/v1/retention/erase", tag = "retention", operation_id = "erase_due",
    extensions(("x-pi-permission" = json!("retention:manage"))),
    responses((status = 200, description = "What was erased.", body = Erased), Refused))]
pub async fn erase_due(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Erased>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let _turn = app.control_turn();
        let due = due(&app, &journal)?.erase;
        let mut erased = Vec::new();
        for run in due.iter().take(MOST) {
            erase_key(&app, &journal, run, Cause::Retention)?;
            erased.push(run.to_string());
        }
        let left = due.len() - erased.len();
        Ok(Json(Erased { erased, left }))
    })
    .await
}

/// Keeps the evidence of a run until it is released.
#[utoipa::path(post, path = "/v1/runs/{run}/hold", tag = "retention", operation_id = "hold_run",
    request_body = HoldReason, params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("retention:manage"))),
    responses((status = 200, description = "It is held.", body = EvidenceView), Refused))]
pub async fn hold(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
    Body(HoldReason { reason }): Body<HoldReason>,
) -> Result<Json<EvidenceView>, Problem> {
    if reason.trim().is_empty() || reason.contains(char::is_control) || reason.len() > 1_024 {
        return Err(Problem::invalid("`reason` must be 1 to 1024 bytes on one line"));
    }
    treated(app, caller, run, Change::Hold { reason }, "held").await
}

/// Ends a hold.
#[utoipa::path(post, path = "/v1/runs/{run}/release", tag = "retention",
    operation_id = "release_run", params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("retention:manage"))),
    responses((status = 200, description = "It is held no longer.", body = EvidenceView),
        Refused))]
pub async fn release(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Json<EvidenceView>, Problem> {
    treated(app, caller, run, Change::Release, "released").await
}

/// Erases the key of a run's evidence, which can never be read again.
#[utoipa::path(post, path = "/v1/runs/{run}/erase", tag = "retention", operation_id = "erase_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("retention:manage"))),
    responses((status = 200, description = "It is erased.", body = EvidenceView), Refused))]
pub async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Json<EvidenceView>, Problem> {
    treated(app, caller, run, Change::Erase(Cause::Request), "erased").await
}

async fn treated(
    app: Arc<App>,
    caller: Caller,
    run: String,
    treatment: Change,
    state: &'static str,
) -> Result<Json<EvidenceView>, Problem> {
    let run = run_id(&run)?;
    blocking(move || {
        change(&app, &caller, &run, &treatment)?;
        Ok(Json(EvidenceView { run_id: run.to_string(), state }))
    })
    .await
}
