//! What waits for a person, and deciding it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pi_control_plane::approvals::{
    Approval, ApprovalError, Change, LIFETIME_S, MAX_REASON_BYTES, PARTITION, State as At,
};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Reason, Timestamp};
use pi_identity::webhook::AlertKind;
use pi_kernel::request::CompositionRequest;
use pi_runtime::Journal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::alerts;
use crate::app::{App, blocking};
use crate::control::record_in;
use crate::extract::{Json as Body, Path, Query};
use crate::page::{Page, cursor};
use crate::problem::{Problem, Refused};

/// A request that waits or waited for a person.
#[derive(Serialize, ToSchema)]
pub struct ApprovalView {
    /// Its id.
    id: u64,
    /// `pending`, `approved`, `rejected`, `used` or `expired`.
    state: &'static str,
    /// The hash of the request: what is approved.
    request_hash: String,
    /// Who submitted it.
    requested_by: String,
    /// When, in microseconds since 1970.
    requested_at_us: u64,
    /// Until when it may be decided and run.
    expires_at_us: u64,
    /// Why it does not run unattended.
    reasons: Vec<&'static str>,
    /// Who decided.
    decided_by: Option<String>,
    /// When.
    decided_at_us: Option<u64>,
    /// What was said.
    reason: Option<String>,
    /// The request itself, where one approval is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    composition: Option<serde_json::Value>,
}

/// A page of approvals.
#[derive(Serialize, ToSchema)]
pub struct ApprovalPage {
    /// Newest first.
    items: Vec<ApprovalView>,
    /// Where the next page begins.
    next: Option<String>,
}

/// Why it is decided so.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionReason {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 256, example = "I looked at the plan")]
    reason: String,
}

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

impl ApprovalView {
    /// Its id.
    pub fn id(&self) -> u64 {
        self.id
    }

    fn of(id: u64, approval: &Approval, now: Timestamp) -> Self {
        let decided = match &approval.state {
            At::Pending => None,
            At::Approved(decided) | At::Rejected(decided) | At::Used(decided, _) => Some(decided),
        };
        Self {
            id,
            state: approval.word(now),
            request_hash: approval.request.to_hex(),
            requested_by: approval.by.clone(),
            requested_at_us: approval.at.as_micros(),
            expires_at_us: approval.expires_at.as_micros(),
            reasons: approval.reasons.iter().map(|reason| reason.code()).collect(),
            decided_by: decided.map(|decided| decided.by.clone()),
            decided_at_us: decided.map(|decided| decided.at.as_micros()),
            reason: decided.map(|decided| decided.reason.clone()),
            composition: None,
        }
    }
}

fn view(app: &App, journal: &Journal, id: u64) -> Result<(ApprovalView, Digest), Problem> {
    app.control.approvals(journal.store(), |all| {
        let found = all.get(id).ok_or(ApprovalError::Unknown(id))?;
        Ok((ApprovalView::of(id, found, journal.now()), found.document))
    })?
}

/// The approval that a request of the journal's actor has, if it is still good: its id, and
/// whether somebody gave it already.
pub fn standing(
    app: &App,
    journal: &Journal,
    request: &Digest,
) -> Result<Option<(u64, bool)>, Problem> {
    let now = journal.now();
    app.control.approvals(journal.store(), |all| {
        let found = all.of_request(request, journal.actor(), now);
        found.map(|(id, approval)| (id, matches!(approval.state, At::Approved(_))))
    })
}

/// Lets a request wait for a person; one that waits already goes on waiting.
pub fn ask(
    app: &App,
    journal: &Journal,
    request: &CompositionRequest,
    reasons: Vec<Reason>,
) -> Result<ApprovalView, Problem> {
    let _turn = app.control_turn();
    let id = match standing(app, journal, &request.hash())? {
        Some((id, _)) => id,
        None => {
            let document = Document(request);
            let document = journal.store().put_blob(&Encoder::encode(&document))?;
            let now = journal.now().as_micros();
            let expires_at = Timestamp::from_micros(now.saturating_add(LIFETIME_S * 1_000_000));
            let request = request.hash();
            let because: Vec<&str> = reasons.iter().map(|reason| reason.code()).collect();
            let because = because.join(", ");
            let change = Change::Request { request, document, reasons, expires_at };
            let id = record_in(PARTITION, journal, change.names(), change.payload())?;
            let text = format!("approval {id} of request {request}: {because}");
            alerts::raise(app, AlertKind::ApprovalPending, journal.store().tenant(), text);
            id
        }
    };
    Ok(view(app, journal, id)?.0)
}

/// Uses an approval for a run. From here on nobody else can.
pub fn take(app: &App, journal: &Journal, id: u64) -> Result<(), Problem> {
    let change = Change::Use(id);
    let (by, now) = (journal.actor(), journal.now());
    app.control.approvals(journal.store(), |all| all.check(&change, by, now))??;
    let ours = record_in(PARTITION, journal, change.names(), change.payload())?;
    let won = app.control.approvals(journal.store(), |all| {
        matches!(all.get(id).map(|approval| &approval.state), Some(At::Used(_, by)) if *by == ours)
    })?;
    if won { Ok(()) } else { Err(ApprovalError::Decided("used").into()) }
}

/// A request as it is kept for whoever decides.
struct Document<'a>(&'a CompositionRequest);

impl ToCanonical for Document<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        self.0.content().to_canonical(encoder);
    }
}

/// What waits for a person, or waited, newest first.
#[utoipa::path(get, path = "/v1/approvals", tag = "approvals", operation_id = "list_approvals",
    params(Page), extensions(("x-pi-permission" = json!("approvals:read"))),
    responses((status = 200, description = "A page of them.", body = ApprovalPage), Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<ApprovalPage>, Problem> {
    let (limit, before) = (page.limit()?, page.position()?);
    blocking(move || {
        let journal = app.journal(&caller)?;
        let now = journal.now();
        let items: Vec<ApprovalView> = app.control.approvals(journal.store(), |all| {
            let found = all.before(before).take(limit);
            found.map(|(id, approval)| ApprovalView::of(id, approval, now)).collect()
        })?;
        let last = items.last().filter(|_| items.len() == limit);
        let next = last.map(|item| cursor(item.id));
        Ok(Json(ApprovalPage { items, next }))
    })
    .await
}

/// One of them, with the request that is decided on.
#[utoipa::path(get, path = "/v1/approvals/{id}", tag = "approvals",
    operation_id = "show_approval", params(("id" = u64, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("approvals:read"))),
    responses((status = 200, description = "The approval.", body = ApprovalView), Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<ApprovalView>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let (mut shown, document) = view(&app, &journal, id)?;
        let document = journal.store().blob(&document)?;
        shown.composition = document.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(Json(shown))
    })
    .await
}

/// Approves a request, which whoever submitted it cannot. It is good for one run of this
/// very request: submit it again.
#[utoipa::path(post, path = "/v1/approvals/{id}/approve", tag = "approvals",
    operation_id = "approve", request_body = DecisionReason,
    params(("id" = u64, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("approvals:decide"))),
    responses((status = 200, description = "It is approved.", body = ApprovalView), Refused))]
pub async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
    Body(DecisionReason { reason }): Body<DecisionReason>,
) -> Result<Json<ApprovalView>, Problem> {
    decide(app, caller, reason, move |reason| (id, Change::Grant(id, reason))).await
}

/// Rejects a request. Submitted again, it waits anew.
#[utoipa::path(post, path = "/v1/approvals/{id}/reject", tag = "approvals",
    operation_id = "reject", request_body = DecisionReason,
    params(("id" = u64, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("approvals:decide"))),
    responses((status = 200, description = "It is rejected.", body = ApprovalView), Refused))]
pub async fn reject(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
    Body(DecisionReason { reason }): Body<DecisionReason>,
) -> Result<Json<ApprovalView>, Problem> {
    decide(app, caller, reason, move |reason| (id, Change::Reject(id, reason))).await
}

async fn decide(
    app: Arc<App>,
    caller: Caller,
    reason: String,
    change: impl FnOnce(String) -> (u64, Change) + Send + 'static,
) -> Result<Json<ApprovalView>, Problem> {
    if reason.len() > MAX_REASON_BYTES || reason.contains(char::is_control) {
        let problem = format!("`reason` has at most {MAX_REASON_BYTES} bytes on one line");
        return Err(Problem::invalid(problem));
    }
    blocking(move || {
        let journal = app.journal(&caller)?;
        let (id, change) = change(reason);
        let _turn = app.control_turn();
        let (by, now) = (journal.actor(), journal.now());
        app.control.approvals(journal.store(), |all| all.check(&change, by, now))??;
        let granted = matches!(change, Change::Grant(..));
        record_in(PARTITION, &journal, change.names(), change.payload())?;
        // Another server may have decided at the same moment; the log says who was first.
        let (shown, _) = view(&app, &journal, id)?;
        let is_ours =
            shown.decided_by.as_deref() == Some(by) && (shown.state == "approved") == granted;
        if is_ours { Ok(Json(shown)) } else { Err(ApprovalError::Decided(shown.state).into()) }
    })
    .await
}
