//! Compositions: from words to a proposal, what a request would do, and doing it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{HeaderName, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use pi_control_plane::quota::Outcome;
use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Decision, Digest, Name, Reason, RunId};
use pi_event_fabric::RunField;
use pi_kernel::admit::{AdmittedComposition, Baseline};
use pi_kernel::plan::{Planned, plan};
use pi_kernel::record::Record;
use pi_kernel::request::{CompositionRequest, Draft, EvidenceMode, RequestError, Selection};
use pi_kernel::simulate::simulate as simulate_request;
use pi_runtime::Journal;
use pi_runtime::drive::{Cancel, Drive};
use pi_runtime::run::{Composition, RunError, Silent, accept, admit, run_accepted};
use pi_runtime::scheduler::Priority;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use utoipa::ToSchema;

use crate::access::Caller;
use crate::alerts;
use crate::app::{App, blocking};
use crate::extract::Json;
use crate::inline::{Artifact, Inline};
use crate::problem::{Problem, Refused};
use crate::quota::{Reserved, amounts, reserve};
use crate::reply::canonical;
use crate::report;
use crate::routes::agents::MAX_WORDS;
use crate::routes::approvals::{self, ApprovalView};

/// `Prefer` of RFC 7240.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Artifacts and what to do with them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The artifacts, whose bytes come with the request.
    #[schema(max_items = 1000)]
    artifacts: Vec<Artifact>,
    /// An explicit composition request (`docs/schemas/request.schema.json`). Without one,
    /// the artifacts are scanned by all agents.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    composition: Option<Box<RawValue>>,
    /// Agents that a scan is limited to.
    #[serde(default)]
    only: Vec<String>,
    /// Agents that a scan leaves out.
    #[serde(default)]
    skip: Vec<String>,
}

/// Words that become a proposal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// What is asked for: names of agents, or plain words, joined by `->` or `then`.
    #[schema(min_length = 1, max_length = 4000, example = "dockerfile security then secrets")]
    words: String,
    /// The artifacts that it is asked of.
    #[schema(max_items = 1000)]
    artifacts: Vec<Artifact>,
}

/// A request with the bytes that belong to it.
struct Frozen {
    inline: Inline,
    composition: Composition,
}

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

fn freeze(
    app: &App,
    journal: &Journal,
    caller: &Caller,
    submission: Submission,
) -> Result<Frozen, Problem> {
    let Submission { artifacts, composition, only, skip } = submission;
    let (inline, manifest) = Inline::freeze(artifacts)?;
    let request = match composition {
        Some(_) if !only.is_empty() || !skip.is_empty() => {
            let problem = "`only` and `skip` are of scans; a composition names its agents itself";
            return Err(Problem::invalid(problem));
        }
        Some(raw) => document(&raw, caller, manifest.digest())?,
        None => {
            let selection = Selection {
                only,
                skip,
                honour_allow: false,
                baseline: None,
                evidence: EvidenceMode::Sealed,
                as_of: None,
            };
            Draft::scan(caller.tenant.clone(), manifest.digest(), selection).freeze()
        }
    };
    let composition = Composition {
        request,
        manifest,
        baseline: Baseline::default(),
        base: None,
        policy: app.policy(journal)?,
    };
    Ok(Frozen { inline, composition })
}

/// Reads a composition: its tenant and its manifest are the ones of this request.
fn document(
    raw: &RawValue,
    caller: &Caller,
    manifest: Digest,
) -> Result<CompositionRequest, Problem> {
    let parsed = parse(raw.get().as_bytes());
    let value = parsed.map_err(|error| Problem::invalid(format!("`composition`: {error}")))?;
    let Value::Object(mut document) = value else {
        return Err(Problem::invalid("`composition` must be an object"));
    };
    let digest = manifest.to_hex();
    match document.get("manifest").and_then(Value::as_str) {
        Some(named) if named != digest => {
            let problem = format!("it names the manifest {named}, the artifacts have {digest}");
            return Err(Problem::new(Reason::InputsChanged, problem));
        }
        _ => document.insert("manifest".to_owned(), Value::from(digest.as_str())),
    };
    let tenant = Value::from(caller.tenant.as_str());
    document.entry("tenant_id".to_owned()).or_insert(tenant);
    let request = CompositionRequest::from_value(&Value::Object(document))?;
    if request.content().tenant != caller.tenant {
        let problem = "the composition belongs to another tenant";
        return Err(Problem::new(Reason::PermissionDenied, problem));
    }
    if request.content().evidence == EvidenceMode::Hashes {
        let problem = "`evidence` must be `sealed` or `none`: there are no files to read again";
        return Err(Problem::invalid(problem));
    }
    Ok(request)
}

/// Turns words into a proposed composition, frozen and hashed, that nobody has approved.
/// To run it, submit it with `approved_by_user` set.
#[utoipa::path(post, path = "/v1/compositions/translate", tag = "compositions",
    operation_id = "translate", request_body = Words,
    extensions(("x-pi-permission" = json!("compositions:translate"))),
    responses((status = 200, description = "The proposal.", body = serde_json::Value),
        Refused))]
pub async fn translate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(words): Json<Words>,
) -> Result<Response, Problem> {
    blocking(move || Ok(canonical(propose(&app, &caller, words)?.1))).await
}

impl Words {
    /// What is asked for.
    pub fn text(&self) -> &str {
        &self.words
    }
}

/// The hash of the request that words come to, and the proposal.
///
/// # Errors
/// The words reach no agent, or the artifacts do not fit.
pub fn propose(app: &App, caller: &Caller, words: Words) -> Result<(Digest, Vec<u8>), Problem> {
    let Words { words, artifacts } = words;
    if words.chars().count() > MAX_WORDS {
        return Err(Problem::invalid(format!("at most {MAX_WORDS} characters are read")));
    }
    let (_, manifest) = Inline::freeze(artifacts)?;
    let planned = plan(&words, &app.catalogue, &app.router).map_err(|error| {
        let near = error.suggestions().join(", ");
        let near = if near.is_empty() { near } else { format!("; did you mean {near}?") };
        let problem = Problem::new(error.reason(), format!("{error}{near}"));
        problem.with_status(StatusCode::UNPROCESSABLE_ENTITY)
    })?;
    let draft = planned.plan.request(caller.tenant.clone(), manifest.digest(), &words);
    let request = draft.freeze();
    let hash = request.hash();
    Ok((hash, Encoder::encode(&Proposal { request, planned })))
}

/// A composition that is proposed.
struct Proposal {
    request: CompositionRequest,
    planned: Planned,
}

impl ToCanonical for Proposal {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Proposal { request, planned } = self;
        let hash = Value::from(request.hash().to_hex().as_str());
        // What the encoder wrote is an object.
        let Ok(Value::Object(mut document)) = parse(&Encoder::encode(request.content())) else {
            return;
        };
        document.insert("approved_by_user".to_owned(), Value::Bool(false));
        document.insert("request_hash".to_owned(), hash.clone());
        document.insert("request_id".to_owned(), Value::from(request.id().as_str()));
        encoder.object(|o| {
            o.field("composition", &Value::Object(document))
                .field("plan", &planned.plan)
                .field("request_hash", &hash)
                .field_with("resolutions", |e| e.array(&planned.resolutions))
                .field("schema", "pi.proposal/1");
        });
    }
}

/// What a submission would do, by rank and phase, without doing it.
#[utoipa::path(post, path = "/v1/compositions/simulate", tag = "compositions",
    operation_id = "simulate", request_body = Submission,
    extensions(("x-pi-permission" = json!("compositions:simulate"))),
    responses((status = 200, description = "The plan.", body = serde_json::Value),
        Refused))]
pub async fn simulate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(submission): Json<Submission>,
) -> Result<Response, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let Frozen { composition, .. } = freeze(&app, &journal, &caller, submission)?;
        let Composition { request, manifest, baseline, policy, .. } = composition;
        let policy = policy.asked_by(journal.actor());
        let plan = simulate_request(&request, &manifest, &baseline, &app.catalogue, &policy);
        let payload = Encoder::encode(&plan);
        let record = Record {
            schema: "pi.simulation",
            schema_version: 1,
            event_type: "composition.simulated",
            payload: payload.clone(),
        };
        let draft = journal.draft("admission", RunField::None, record)?;
        journal.store().append(vec![draft])?;
        Ok(canonical(payload))
    })
    .await
}

/// Runs a submission and waits for its report, for as long as `Prefer: wait=N` says;
/// behind that, or with `Prefer: respond-async`, the answer is where to look. What the
/// policy refuses is refused here, and recorded.
///
/// What the policy lets nobody run unattended waits for the approval of somebody else, if
/// `approved_by_user` asks for its effects: the answer is 202 with the approval. Once it is
/// approved, submit the same request again. Without `approved_by_user`, everything but the
/// effects runs.
#[utoipa::path(post, path = "/v1/compositions/submit", tag = "compositions",
    operation_id = "submit", request_body = Submission,
    params(("Prefer" = Option<String>, Header, description = "`wait=N` or `respond-async`."),
        ("Idempotency-Key" = Option<String>, Header,
            description = "The same key and body within a day get the same answer.")),
    extensions(("x-pi-permission" = json!("compositions:submit"))),
    responses((status = 201, description = "The report (`docs/schemas/report.schema.json`).",
            body = serde_json::Value),
        (status = 202, description = "It was accepted and goes on, or waits for a person.",
            body = serde_json::Value),
        Refused))]
pub async fn submit(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(submission): Json<Submission>,
) -> Result<Response, Problem> {
    let wait = preferred(&headers, app.settings.wait)?;
    let (tell_run, run) = oneshot::channel();
    let (tell_report, report) = oneshot::channel();
    let working = Arc::clone(&app);
    let work = move |cancel: Cancel| {
        let accepted = begin(&working, &caller, submission, cancel.clone());
        let (begun, run) = match accepted {
            Ok(Started::Run(begun)) => {
                let run = begun.run.clone();
                (Some(*begun), Ok(Told::Run(run)))
            }
            Ok(Started::Waits(approval)) => (None, Ok(Told::Waits(approval))),
            Err(problem) => (None, Err(problem)),
        };
        // Whoever no longer waits looks at the run instead.
        let _ = tell_run.send(run);
        if let Some(begun) = begun {
            let _ = tell_report.send(begun.finish(&working, &caller, cancel));
        }
    };
    app.scheduler
        .submit(Priority(100), work)
        .map_err(|error| Problem::new(error.reason(), error.to_string()))?;
    let gone = |_| Problem::new(Reason::RunPanicked, "the submission could not be worked on");
    let run = match run.await.map_err(gone)?? {
        Told::Run(run) => run,
        Told::Waits(approval) => return Ok(waits(*approval)),
    };
    match tokio::time::timeout(wait, report).await {
        Ok(report) => {
            let report = report.map_err(gone)??;
            Ok((StatusCode::CREATED, location(&run), canonical(report.to_vec())).into_response())
        }
        Err(_) => {
            let body = canonical(accepted(run.clone()));
            Ok((StatusCode::ACCEPTED, location(&run), body).into_response())
        }
    }
}

/// What became of a submission so far.
enum Told {
    Run(RunId),
    Waits(Box<ApprovalView>),
}

fn waits(approval: ApprovalView) -> Response {
    let at = HeaderValue::try_from(format!("/v1/approvals/{}", approval.id()));
    let location = at.unwrap_or(HeaderValue::from_static("/v1/approvals"));
    (StatusCode::ACCEPTED, [(LOCATION, location)], axum::Json(approval)).into_response()
}

/// The answer for a run that goes on.
pub fn accepted(run: RunId) -> Vec<u8> {
    Encoder::encode(&Accepted(run))
}

fn location(run: &RunId) -> [(HeaderName, HeaderValue); 1] {
    // A run id is made of letters and digits.
    let value = HeaderValue::try_from(format!("/v1/runs/{run}"));
    [(LOCATION, value.unwrap_or(HeaderValue::from_static("/v1/runs")))]
}

struct Accepted(RunId);

impl ToCanonical for Accepted {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("run_id", self.0.as_str()).field("sealed", &false);
        });
    }
}

/// How long the caller wants to wait.
fn preferred(headers: &HeaderMap, usual: Duration) -> Result<Duration, Problem> {
    let Some(value) = headers.get(PREFER) else { return Ok(usual) };
    let text = value.to_str().unwrap_or_default();
    for preference in text.split(',').map(str::trim) {
        if preference.eq_ignore_ascii_case("respond-async") {
            return Ok(Duration::ZERO);
        }
        if let Some(seconds) = preference.strip_prefix("wait=") {
            let seconds: u64 = seconds.parse().map_err(|_| {
                Problem::invalid("`Prefer: wait=` must be followed by a number of seconds")
            })?;
            return Ok(Duration::from_secs(seconds).min(usual));
        }
    }
    // What is not known is not preferred (RFC 7240, section 2).
    Ok(usual)
}

/// A run that was accepted.
struct Begun {
    journal: Journal,
    admitted: Arc<AdmittedComposition>,
    inline: Arc<Inline>,
    run: RunId,
    reserved: Option<Reserved>,
}

/// A submission that was begun, or waits for a person.
enum Started {
    Run(Box<Begun>),
    Waits(Box<ApprovalView>),
}

fn begin(
    app: &App,
    caller: &Caller,
    submission: Submission,
    cancel: Cancel,
) -> Result<Started, Problem> {
    let journal = app.journal(caller)?;
    let Frozen { inline, composition } = freeze(app, &journal, caller, submission)?;
    let inline = Arc::new(inline);
    let reserved = reserve(app, &journal, amounts(&composition.request, inline.bytes()))?;
    match start(app, &journal, composition, &inline) {
        Ok(Begins::Run(admitted, run)) => {
            app.began(&caller.tenant, &run, cancel);
            let begun = Begun { journal, admitted, inline, run, reserved };
            Ok(Started::Run(Box::new(begun)))
        }
        ended => {
            if let Some(reserved) = reserved {
                reserved.settle(Outcome::Refused);
            }
            match ended? {
                Begins::Waits(approval) => Ok(Started::Waits(approval)),
                Begins::Run(..) => Err(Problem::new(Reason::PhaseFailed, "it began twice")),
            }
        }
    }
}

enum Begins {
    Run(Arc<AdmittedComposition>, RunId),
    Waits(Box<ApprovalView>),
}

/// Admits and accepts, if it may run now. Nobody approves what he submits himself: the word
/// of the submission asks for its effects, and that of somebody else releases them.
fn start(
    app: &App,
    journal: &Journal,
    mut composition: Composition,
    inline: &Inline,
) -> Result<Begins, Problem> {
    let hash = composition.request.hash();
    let asks = composition.request.content().approved;
    let standing = if asks { approvals::standing(app, journal, &hash)? } else { None };
    let given = standing.filter(|(_, given)| *given).map(|(id, _)| id);
    composition.request = composition.request.approved(given.is_some());
    let admitted = admit(journal, &app.catalogue, composition)?;
    if admitted.admission != Decision::Allow && asks {
        match given {
            Some(id) => approvals::take(app, journal, id)?,
            None => {
                let reasons = admitted.because.iter().map(|because| because.reason).collect();
                let waits = approvals::ask(app, journal, &admitted.request, reasons)?;
                return Ok(Begins::Waits(Box::new(waits)));
            }
        }
    }
    let run = accept(journal, &admitted, "", inline)?;
    Ok(Begins::Run(admitted, run))
}

/// A run goes on for as long as this is there, also when it panics.
struct Going<'a> {
    app: &'a App,
    tenant: &'a Name,
    run: &'a RunId,
}

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.app.ended(self.tenant, self.run);
    }
}

impl Begun {
    fn finish(self, app: &App, caller: &Caller, cancel: Cancel) -> Result<Arc<Vec<u8>>, Problem> {
        let Begun { journal, admitted, inline, run, reserved } = self;
        let bound = admitted.request.content().bounds.max_execution_time_ms;
        let bound = Duration::from_millis(bound);
        let how = Drive {
            mesh: &app.mesh,
            priority: 0,
            inputs: inline,
            guard: app.guard.clone(),
            deadline: Some(app.settings.chain_time.map_or(bound, |limit| limit.min(bound))),
            cancel,
        };
        let going = Going { app, tenant: &caller.tenant, run: &run };
        let ran = run_accepted(&journal, admitted, run.clone(), &how, &mut Silent);
        drop(going);
        if let Some(reserved) = reserved {
            reserved.settle(if ran.is_ok() { Outcome::Sealed } else { Outcome::Failed });
        }
        let ran = ran?;
        alerts::look_at_run(app, &caller.tenant, &run, &ran.outcome);
        let report = Arc::new(report::encode(&caller.tenant, &run, &ran.outcome, &ran.sealed));
        app.reports.put(&caller.tenant, &run, Arc::clone(&report));
        Ok(report)
    }
}
