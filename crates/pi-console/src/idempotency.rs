//! Requests that are repeated with the same `Idempotency-Key`: worked on once, answered as
//! often as they come.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::header::{HeaderName, HeaderValue, LOCATION};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt as _;
use pi_control_plane::idempotency::{Answer, Change, PARTITION, Standing};
use pi_core::{Digest, Reason, RunId};

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::control::record_in;
use crate::problem::Problem;
use crate::reply::canonical;
use crate::routes;

/// The header of the key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The routes that take a key: they create something, and their answers hold no secret.
const ROUTES: [&str; 3] = [SUBMIT, "/v1/tenants", "/v1/sessions"];

/// Its answers are made again from the run, and never kept.
const SUBMIT: &str = "/v1/compositions/submit";

/// Characters of a key at most.
const LONGEST: usize = 255;

/// The digest of the body of a request that has a key.
#[derive(Clone, Copy)]
pub struct BodyDigest(pub Digest);

/// Works on a request, if it was not worked on before.
pub async fn once(app: &Arc<App>, request: Request, next: Next) -> Response {
    let keyed = match Keyed::of(app, &request) {
        Ok(Some(keyed)) => keyed,
        Ok(None) => return next.run(request).await,
        Err(problem) => return problem.into_response(),
    };
    let claiming = keyed.clone();
    match blocking(move || claiming.claim()).await {
        Ok(None) => {}
        Ok(Some(response)) => return response,
        Err(problem) => return problem.into_response(),
    }
    let (parts, body) = next.run(request).await.into_parts();
    // The answers of these routes are whole.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let location = parts.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let (status, location, bytes) = (parts.status, location.map(str::to_owned), body.clone());
    match blocking(move || keyed.settle(status, location, &bytes)).await {
        Ok(()) => Response::from_parts(parts, Body::from(body)),
        Err(problem) => problem.into_response(),
    }
}

#[derive(Clone)]
struct Keyed {
    app: Arc<App>,
    caller: Caller,
    is_submission: bool,
    key: Digest,
    body: Digest,
}

impl Keyed {
    fn of(app: &Arc<App>, request: &Request) -> Result<Option<Self>, Problem> {
        let found = request.extensions();
        let (Some(BodyDigest(body)), Some(caller)) = (found.get(), found.get::<Caller>()) else {
            return Ok(None);
        };
        let route = found.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
        if request.method() != Method::POST || !ROUTES.contains(&route) {
            return Err(Problem::invalid("this route takes no `Idempotency-Key`"));
        }
        let mut given = request.headers().get_all(KEY).iter();
        let text = given.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
        let fits = (1..=LONGEST).contains(&text.len()) && given.next().is_none();
        if !fits {
            let problem = "`Idempotency-Key` must be there once, with 1 to 255 visible characters";
            return Err(Problem::invalid(problem));
        }
        // Neither actors nor routes have a line feed in them.
        let key = Digest::of(format!("{}\n{route}\n{text}", caller.actor).as_bytes());
        let (app, caller) = (Arc::clone(app), caller.clone());
        Ok(Some(Self { app, caller, is_submission: route == SUBMIT, key, body: *body }))
    }

    /// Claims the key; the answer, if there is one already.
    fn claim(&self) -> Result<Option<Response>, Problem> {
        let journal = self.app.journal(&self.caller)?;
        let standing = || {
            let now = journal.now();
            self.app.control.keys(journal.store(), |all| all.standing(&self.key, &self.body, now))
        };
        match standing()? {
            Standing::Free => {}
            standing => return self.meets(standing).map(Some),
        }
        let change = Change::Claim(self.body);
        let payload = change.payload(&self.key);
        let ours = record_in(PARTITION, &journal, change.names(), payload)?;
        // Another server may have claimed it at the same moment; the log decides.
        match standing()? {
            Standing::Claimed(claim) if claim == ours => Ok(None),
            standing => self.meets(standing).map(Some),
        }
    }

    /// What a request that is not the first one is answered.
    fn meets(&self, standing: Standing) -> Result<Response, Problem> {
        match standing.reason() {
            None => match standing {
                Standing::Answered(answer) => self.replay(&answer),
                _ => {
                    Err(Problem::new(Reason::IdempotencyInProgress, "the key was free; repeat it"))
                }
            },
            Some(reason @ Reason::IdempotencyInProgress) => {
                Err(Problem::new(reason, "the first request with this key is not answered yet"))
            }
            Some(reason) => Err(Problem::new(reason, "the key came before with another body")),
        }
    }

    fn replay(&self, answer: &Answer) -> Result<Response, Problem> {
        let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
        let run = answer.location.as_deref().and_then(|at| at.strip_prefix("/v1/runs/"));
        let body = match (&answer.body, run.and_then(RunId::parse)) {
            (Some(digest), _) => {
                let journal = self.app.journal(&self.caller)?;
                let lost = || Problem::new(Reason::LogCorrupt, "the answer is not kept");
                journal.store().blob(digest)?.ok_or_else(lost)?
            }
            (None, Some(run)) if status == StatusCode::CREATED => {
                routes::report_of(&self.app, &self.caller, &run)?.to_vec()
            }
            (None, Some(run)) => routes::accepted(run),
            (None, None) => Vec::new(),
        };
        let mut response = (status, canonical(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
        if let Some(Ok(location)) = answer.location.as_deref().map(HeaderValue::from_str) {
            headers.insert(LOCATION, location);
        }
        Ok(response)
    }

    /// Keeps the answer; a request that was refused leaves its key. Whether one that failed
    /// did something is not known, so it keeps its key for a while.
    fn settle(
        &self,
        status: StatusCode,
        location: Option<String>,
        body: &[u8],
    ) -> Result<(), Problem> {
        if status.is_server_error() {
            return Ok(());
        }
        let journal = self.app.journal(&self.caller)?;
        let change = if status.is_success() {
            // A report is made again from its run: findings are not kept beside the log.
            let of_run = location.as_deref().is_some_and(|at| at.starts_with("/v1/runs/"));
            let again = self.is_submission && of_run;
            let body = if again { None } else { Some(journal.store().put_blob(body)?) };
            Change::Answer(Answer { status: status.as_u16(), location, body })
        } else {
            Change::Release
        };
        record_in(PARTITION, &journal, change.names(), change.payload(&self.key)).map(drop)
    }
}
