//! Sessions, in which plain words become proposals. A session approves and runs nothing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION};
use axum::response::{IntoResponse, Response};
use pi_control_plane::sessions::{Change, MAX_LABEL, PARTITION, Session, SessionError};
use pi_core::Digest;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::control::record_in;
use crate::extract::{Json as Body, Path, Query};
use crate::page::{Page, cursor};
use crate::problem::{Problem, Refused};
use crate::reply::canonical;
use crate::routes::compositions::{Words, propose as proposal_of};

/// A session to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSession {
    /// What people call it.
    #[serde(default)]
    #[schema(max_length = 200, example = "release 7")]
    label: String,
}

/// A request that was proposed in a session.
#[derive(Serialize, ToSchema)]
pub struct ProposalEntry {
    /// Its hash.
    request_hash: String,
    /// When, in microseconds since 1970.
    at_us: u64,
}

/// An open session.
#[derive(Serialize, ToSchema)]
pub struct SessionView {
    /// Its id.
    id: u64,
    /// What people call it.
    label: String,
    /// Who opened it.
    opened_by: String,
    /// When, in microseconds since 1970.
    opened_at_us: u64,
    /// When it was used last; a day behind that it ends.
    used_at_us: u64,
    /// What was proposed in it, oldest first; the last 100.
    proposals: Vec<ProposalEntry>,
}

/// A page of sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionPage {
    /// Newest first.
    items: Vec<SessionView>,
    /// Where the next page begins.
    next: Option<String>,
}

impl From<SessionError> for Problem {
    fn from(error: SessionError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

fn view(id: u64, session: &Session) -> SessionView {
    let proposals = session.proposals.iter().map(|proposal| ProposalEntry {
        request_hash: proposal.request.to_hex(),
        at_us: proposal.at.as_micros(),
    });
    SessionView {
        id,
        label: session.label.clone(),
        opened_by: session.by.clone(),
        opened_at_us: session.at.as_micros(),
        used_at_us: session.used_at.as_micros(),
        proposals: proposals.collect(),
    }
}

/// Opens a session.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", operation_id = "open_session",
    params(("Idempotency-Key" = Option<String>, Header,
        description = "The same key and body within a day get the same answer.")),
    request_body = NewSession, extensions(("x-pi-permission" = json!("sessions:manage"))),
    responses((status = 201, description = "It is open.", body = SessionView), Refused))]
pub async fn open(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(NewSession { label }): Body<NewSession>,
) -> Result<Response, Problem> {
    if label.chars().count() > MAX_LABEL || label.contains(char::is_control) {
        let problem = format!("`label` has at most {MAX_LABEL} characters on one line");
        return Err(Problem::invalid(problem));
    }
    blocking(move || {
        let journal = app.journal(&caller)?;
        let change = Change::Open(label);
        let id = record_in(PARTITION, &journal, change.names(), change.payload())?;
        let now = journal.now();
        let shown = app
            .control
            .sessions(journal.store(), |all| all.get(id, now).map(|session| view(id, session)))??;
        let at = HeaderValue::try_from(format!("/v1/sessions/{id}"));
        let location = [(LOCATION, at.unwrap_or(HeaderValue::from_static("/v1/sessions")))];
        Ok((StatusCode::CREATED, location, Json(shown)).into_response())
    })
    .await
}

/// The open sessions, newest first.
#[utoipa::path(get, path = "/v1/sessions", tag = "sessions", operation_id = "list_sessions",
    params(Page), extensions(("x-pi-permission" = json!("sessions:manage"))),
    responses((status = 200, description = "A page of them.", body = SessionPage), Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(page): Query<Page>,
) -> Result<Json<SessionPage>, Problem> {
    let (limit, before) = (page.limit()?, page.position()?);
    blocking(move || {
        let journal = app.journal(&caller)?;
        let now = journal.now();
        let items: Vec<SessionView> = app.control.sessions(journal.store(), |all| {
            let found = all.before(before, now).take(limit);
            found.map(|(id, session)| view(id, session)).collect()
        })?;
        let last = items.last().filter(|_| items.len() == limit);
        let next = last.map(|item| cursor(item.id));
        Ok(Json(SessionPage { items, next }))
    })
    .await
}

/// One open session.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "sessions", operation_id = "show_session",
    params(("id" = u64, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("sessions:manage"))),
    responses((status = 200, description = "The session.", body = SessionView), Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<SessionView>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let now = journal.now();
        let shown = app
            .control
            .sessions(journal.store(), |all| all.get(id, now).map(|session| view(id, session)))??;
        Ok(Json(shown))
    })
    .await
}

/// Ends a session.
#[utoipa::path(delete, path = "/v1/sessions/{id}", tag = "sessions",
    operation_id = "close_session", params(("id" = u64, Path, description = "Its id.")),
    extensions(("x-pi-permission" = json!("sessions:manage"))),
    responses((status = 204, description = "It ended."), Refused))]
pub async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<StatusCode, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let now = journal.now();
        app.control.sessions(journal.store(), |all| all.get(id, now).map(drop))??;
        let change = Change::Close(id);
        record_in(PARTITION, &journal, change.names(), change.payload())?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// Turns words into a proposed composition, frozen and hashed, that nobody has approved.
/// The same words give the same request. To run it, submit it with `approved_by_user` set.
#[utoipa::path(post, path = "/v1/sessions/{id}/propose", tag = "sessions",
    operation_id = "propose", request_body = Words,
    params(("id" = u64, Path, description = "The session.")),
    extensions(("x-pi-permission" = json!("sessions:manage"))),
    responses((status = 200, description = "The proposal.", body = serde_json::Value),
        Refused))]
pub async fn propose(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<u64>,
    Body(words): Body<Words>,
) -> Result<Response, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let now = journal.now();
        app.control.sessions(journal.store(), |all| all.get(id, now).map(drop))??;
        let digest = Digest::of(words.text().as_bytes());
        let (request, bytes) = proposal_of(&app, &caller, words)?;
        let change = Change::Propose { session: id, words: digest, request };
        record_in(PARTITION, &journal, change.names(), change.payload())?;
        Ok(canonical(bytes))
    })
    .await
}
