//! Runs: their list, their records, their reports, and running them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Reason, RunId};
use pi_event_fabric::HeaderView;
use pi_runtime::Journal;
use pi_runtime::journal::Sealed;
use pi_runtime::replay::{ReplayOptions, Replayed, replay as execute_again};
use pi_runtime::report::ReplayReport;
use pi_runtime::run::Silent;
use pi_store::RunEntry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::alerts;
use crate::app::{App, blocking};
use crate::events::{EventView, Items};
use crate::extract::{Path, Query};
use crate::page::{Page, cursor};
use crate::problem::{Problem, Refused};
use crate::reply::{Canonical, canonical};
use crate::report;

/// A run in the list.
struct RunView<'a> {
    entry: &'a RunEntry,
    accepted: Option<(u64, Value)>,
    sealed: Option<Value>,
}

impl RunView<'_> {
    fn of<'a>(journal: &Journal, entry: &'a RunEntry) -> Result<RunView<'a>, Problem> {
        let mut view = RunView { entry, accepted: None, sealed: None };
        for leaf in [entry.first_leaf, entry.last_leaf] {
            for event in journal.store().after(leaf.checked_sub(1), 1)? {
                let Some(header) = HeaderView::parse(&event.header) else { continue };
                let payload = event.parts().and_then(|(_, payload)| parse(payload).ok());
                match header.event_type {
                    "run.accepted" => {
                        view.accepted = payload.map(|payload| (header.recorded_at, payload));
                    }
                    "run.sealed" => view.sealed = payload,
                    _ => {}
                }
            }
        }
        Ok(view)
    }
}

impl ToCanonical for RunView<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let RunView { entry, accepted, sealed } = self;
        let of_sealed = |key: &str| sealed.as_ref().and_then(|sealed| sealed.get(key)).cloned();
        let payload = accepted.as_ref().map(|(_, payload)| payload);
        let of_accepted = |key: &str| payload.and_then(|payload| payload.get(key)).cloned();
        encoder.object(|o| {
            o.field("accepted_at_us", &accepted.as_ref().map(|(at, _)| at))
                .field("artifacts", &of_accepted("artifacts"))
                .field("decision", &of_sealed("decision"))
                .field("determinism_proof", &of_sealed("determinism_proof"))
                .field("first_leaf", &entry.first_leaf)
                .field("last_leaf", &entry.last_leaf)
                .field("policy_digest", &of_accepted("policy_digest"))
                .field("reasons", &of_sealed("reasons"))
                .field("receipts", &of_sealed("receipts"))
                .field("run_id", entry.run.as_str())
                .field("sealed", &entry.sealed);
        });
    }
}

/// The runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", operation_id = "list_runs",
    params(Page), extensions(("x-pi-permission" = json!("runs:read"))),
    responses((status = 200, description = "A page of them.", body = serde_json::Value),
        Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let (limit, before) = (page.limit()?, page.position()?);
    blocking(move || {
        let journal = app.journal(&caller)?;
        let entries = journal.store().runs(before, limit)?;
        let views: Result<Vec<RunView<'_>>, Problem> =
            entries.iter().map(|entry| RunView::of(&journal, entry)).collect();
        let last = entries.last().filter(|_| entries.len() == limit);
        let next = last.map(|entry| cursor(entry.first_leaf));
        Ok(Canonical(Items { items: &views?, next }).into_response())
    })
    .await
}

pub(super) fn run_id(text: &str) -> Result<RunId, Problem> {
    RunId::parse(text).ok_or_else(|| {
        let problem = "a run id is `run_` and 32 hexadecimal digits";
        Problem::new(Reason::UnknownRun, problem)
    })
}

pub(super) fn entry_of(journal: &Journal, run: &RunId) -> Result<RunEntry, Problem> {
    let found = journal.store().run(run)?;
    found.ok_or_else(|| Problem::new(Reason::UnknownRun, format!("there is no run `{run}`")))
}

/// One run.
#[utoipa::path(get, path = "/v1/runs/{run}", tag = "runs", operation_id = "show_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("runs:read"))),
    responses((status = 200, description = "The run.", body = serde_json::Value),
        Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let run = run_id(&run)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        let entry = entry_of(&journal, &run)?;
        Ok(Canonical(RunView::of(&journal, &entry)?).into_response())
    })
    .await
}

/// The report of a run with its findings (`docs/schemas/report.schema.json`). If it is no
/// longer in memory, the run is executed again from its sealed evidence.
#[utoipa::path(get, path = "/v1/runs/{run}/report", tag = "runs", operation_id = "report_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("runs:read"))),
    responses((status = 200, description = "The report.", body = serde_json::Value),
        Refused))]
pub async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let run = run_id(&run)?;
    blocking(move || Ok(canonical(report_of(&app, &caller, &run)?.to_vec()))).await
}

/// The report of a run, as it was answered when the run ended.
pub fn report_of(app: &App, caller: &Caller, run: &RunId) -> Result<Arc<Vec<u8>>, Problem> {
    let journal = app.journal(caller)?;
    // What was erased is gone, also from the memory of this server.
    if app.control.retention(journal.store(), |known| known.erased().contains_key(run))? {
        let problem = "the evidence of the run was erased";
        return Err(Problem::new(Reason::InputsNotRetained, problem));
    }
    if let Some(report) = app.reports.get(&caller.tenant, run) {
        return Ok(report);
    }
    let entry = entry_of(&journal, run)?;
    let replayed = repeated(app, &journal, run)?;
    if !replayed.comparison.is_identical() {
        let problem = "this build does not repeat the run; replay it to see the differences";
        let conflict = Problem::new(Reason::ReplayDiverged, problem);
        return Err(conflict.with_status(StatusCode::CONFLICT));
    }
    let sealed = sealed_at(&journal, &entry)?;
    let report = Arc::new(report::encode(&caller.tenant, run, &replayed.outcome, &sealed));
    app.reports.put(&caller.tenant, run, Arc::clone(&report));
    Ok(report)
}

fn repeated(app: &App, journal: &Journal, run: &RunId) -> Result<Replayed, Problem> {
    let options =
        ReplayOptions { base: None, threads: 1, guard: app.guard.clone(), patience: app.patience };
    let repeated = execute_again(journal, &app.catalogue, run, &options, &mut Silent);
    let replayed = repeated.map_err(|error| {
        let problem = Problem::new(error.reason(), error.to_string());
        // A damaged log is ours to answer for; everything else is about this run.
        let ours = problem.status().is_server_error() && error.reason() != Reason::ReplayTimedOut;
        if ours { problem } else { problem.with_status(StatusCode::CONFLICT) }
    })?;
    alerts::look_at_replay(app, journal.store().tenant(), run, &replayed.comparison);
    Ok(replayed)
}

/// Where the seal of a run lies, and the first checkpoint that covers it.
fn sealed_at(journal: &Journal, entry: &RunEntry) -> Result<Sealed, Problem> {
    let events = journal.store().after(entry.last_leaf.checked_sub(1), 1)?;
    let header = events.first().and_then(|event| HeaderView::parse(&event.header));
    let offset = header.map(|header| header.offset);
    let lost = || Problem::new(Reason::LogCorrupt, "the seal of the run cannot be read");
    Ok(Sealed { offset: offset.ok_or_else(lost)?, checkpoint: entry.last_leaf + 1 })
}

/// The records of a run in order: acceptance, receipts, boundaries, seal.
#[utoipa::path(get, path = "/v1/runs/{run}/records", tag = "runs", operation_id = "list_records",
    params(("run" = String, Path, description = "Its id."), Page),
    extensions(("x-pi-permission" = json!("runs:read"))),
    responses((status = 200, description = "A page of them.", body = serde_json::Value),
        Refused))]
pub async fn records(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
    Query(page): Query<Page>,
) -> Result<Response, Problem> {
    let (run, limit, after) = (run_id(&run)?, page.limit()?, page.position()?);
    blocking(move || {
        let journal = app.journal(&caller)?;
        entry_of(&journal, &run)?;
        let (mut events, mut more) = (Vec::new(), false);
        journal.store().visit_run(&run, &mut |event| {
            if after.is_none_or(|after| event.leaf_index > after) {
                if events.len() < limit {
                    events.push(event);
                } else {
                    more = true;
                }
            }
            Ok(())
        })?;
        let items: Vec<EventView<'_>> = events.iter().map(EventView).collect();
        let last = events.last().filter(|_| more);
        let next = last.map(|event| cursor(event.leaf_index));
        Ok(Canonical(Items { items: &items, next }).into_response())
    })
    .await
}

/// Executes a run again and compares every proof.
#[utoipa::path(post, path = "/v1/runs/{run}/replay", tag = "runs", operation_id = "replay_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("runs:replay"))),
    responses((status = 200, description = "Identical, explained by revision, or diverged.",
            body = serde_json::Value),
        Refused))]
pub async fn replay(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let run = run_id(&run)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        entry_of(&journal, &run)?;
        let replayed = repeated(&app, &journal, &run)?;
        Ok(Canonical(ReplayReport { run: &run, replayed: &replayed }).into_response())
    })
    .await
}

/// What cancelling came to.
#[derive(Serialize, ToSchema)]
pub struct Cancelled {
    /// The run.
    run_id: String,
    /// It is asked to end; its records say when it did.
    cancelled: bool,
}

/// Cancels a run that goes on, also inside a step.
#[utoipa::path(post, path = "/v1/runs/{run}/cancel", tag = "runs", operation_id = "cancel_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("runs:cancel"))),
    responses((status = 202, description = "It is asked to end.", body = Cancelled),
        Refused))]
pub async fn cancel(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<(StatusCode, Json<Cancelled>), Problem> {
    let run = run_id(&run)?;
    if let Some(cancel) = app.cancel_of(&caller.tenant, &run) {
        cancel.cancel();
        let run_id = run.to_string();
        return Ok((StatusCode::ACCEPTED, Json(Cancelled { run_id, cancelled: true })));
    }
    let checked = Arc::clone(&app);
    blocking(move || {
        let journal = checked.journal(&caller)?;
        let sealed = entry_of(&journal, &run)?.sealed;
        let problem = if sealed { "the run has ended" } else { "the run goes on elsewhere" };
        Err(Problem::new(Reason::RunFinished, problem))
    })
    .await
}

/// The evidence of a run: every record with its proof, for a stranger to verify offline.
#[utoipa::path(get, path = "/v1/runs/{run}/evidence", tag = "runs", operation_id = "export_run",
    params(("run" = String, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("log:read"))),
    responses((status = 200, description = "A bundle (`docs/spec/log.md`).",
            body = serde_json::Value),
        Refused))]
pub async fn evidence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(run): Path<String>,
) -> Result<Response, Problem> {
    let run = run_id(&run)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        entry_of(&journal, &run)?;
        Ok(Canonical(journal.store().export(&run)?).into_response())
    })
    .await
}
