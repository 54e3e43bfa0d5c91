//! The policies of the caller's tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use pi_control_plane::policies::{Active, Form, Part, PolicyChangeError, Scope, compose};
use pi_control_plane::what_if::WhatIf;
use pi_control_plane::{MAX_POLICY_BYTES, PolicySet};
use pi_core::{Name, Reason};
use pi_runtime::decided::decided;
use pi_store::EventStore;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::control;
use crate::extract::{Json as Body, Path};
use crate::problem::{Problem, Refused};
use crate::reply::Canonical;

/// Runs that a candidate is asked of when nothing is said.
const USUAL_RUNS: usize = 100;

/// Runs that a candidate is asked of at most.
const MOST_RUNS: usize = 1_000;

/// Runs that are read at once.
const RUNS_AT_ONCE: usize = 100;

/// A policy in force.
#[derive(Serialize, ToSchema)]
pub struct PolicyView {
    /// Its name.
    policy: String,
    /// How it was written: `cedar` or `rules`.
    form: &'static str,
    /// The SHA-256 of its text.
    digest: String,
    /// How often a policy of this name was activated.
    version: u64,
    /// Its text; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// The policies in force.
#[derive(Serialize, ToSchema)]
pub struct PolicyList {
    /// By name.
    items: Vec<PolicyView>,
}

/// A policy to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyText {
    /// Cedar text, or a list of rules in JSON.
    #[schema(
        min_length = 1,
        example = "permit(principal, action, resource) when { context.request.nodes <= 16 };"
    )]
    text: String,
}

/// What a check came to.
#[derive(Serialize, ToSchema)]
pub struct PolicyChecked {
    /// It can be activated.
    valid: bool,
    /// What is wrong, with lines and columns.
    problems: Vec<String>,
}

fn view(name: &Name, active: &Active, text: Option<String>) -> PolicyView {
    PolicyView {
        policy: name.as_str().to_owned(),
        form: active.form.as_str(),
        digest: active.digest.to_hex(),
        version: active.version,
        text,
    }
}

fn not_loaded(problem: impl std::fmt::Display) -> Problem {
    Problem::new(Reason::PolicyNotLoaded, problem.to_string())
        .with_status(StatusCode::UNPROCESSABLE_ENTITY)
}

/// The set that the tenant's policies make together with this one.
fn together(
    app: &App,
    store: &dyn EventStore,
    name: &Name,
    text: &str,
) -> Result<PolicySet, Problem> {
    if text.len() > MAX_POLICY_BYTES {
        return Err(not_loaded(format!("the text has more than {MAX_POLICY_BYTES} bytes")));
    }
    let policies = app.control.policies(store)?;
    let others = policies.active().iter().filter(|(other, _)| *other != name);
    let mut texts = BTreeMap::new();
    for (other, active) in others {
        texts.insert(other, (active, kept(store, active)?));
    }
    let version = policies.version(name) + 1;
    let new = Part { scope: Scope::Tenant, name, version, form: Form::of(text), text };
    let mut parts = vec![new];
    parts.extend(
        texts
            .iter()
            .map(|(other, (active, text))| control::part(Scope::Tenant, other, active, text)),
    );
    compose(&parts).map_err(not_loaded)
}

fn kept(store: &dyn EventStore, active: &Active) -> Result<String, Problem> {
    let lost = || Problem::new(Reason::LogCorrupt, "the text of a policy is not kept");
    let bytes = store.blob(&active.digest)?.ok_or_else(lost)?;
    String::from_utf8(bytes).map_err(|_| lost())
}

impl From<PolicyChangeError> for Problem {
    fn from(error: PolicyChangeError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

fn name(text: &str) -> Result<Name, Problem> {
    Name::new(text).map_err(|error| Problem::invalid(error.to_string()))
}

fn unknown(name: &Name) -> Problem {
    PolicyChangeError::Unknown(name.clone()).into()
}

/// The policies in force.
#[utoipa::path(get, path = "/v1/policies", tag = "policies", operation_id = "list_policies",
    extensions(("x-pi-permission" = json!("policies:read"))),
    responses((status = 200, description = "All of them.", body = PolicyList), Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<PolicyList>, Problem> {
    blocking(move || {
        let journal = app.journal(&caller)?;
        let policies = app.control.policies(journal.store())?;
        let items = policies.active().iter().map(|(name, active)| view(name, active, None));
        Ok(Json(PolicyList { items: items.collect() }))
    })
    .await
}

/// A policy in force, with its text.
#[utoipa::path(get, path = "/v1/policies/{policy}", tag = "policies",
    operation_id = "show_policy", params(("policy" = String, Path, description = "Its name.")),
    extensions(("x-pi-permission" = json!("policies:read"))),
    responses((status = 200, description = "The policy.", body = PolicyView), Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(policy): Path<String>,
) -> Result<Json<PolicyView>, Problem> {
    let policy = name(&policy)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        let policies = app.control.policies(journal.store())?;
        let active = policies.active().get(&policy).ok_or_else(|| unknown(&policy))?;
        let bytes = journal.store().blob(&active.digest)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Json(view(&policy, active, Some(text))))
    })
    .await
}

/// Puts a policy in force, if it is sound together with the others.
#[utoipa::path(put, path = "/v1/policies/{policy}", tag = "policies",
    operation_id = "activate_policy", request_body = PolicyText,
    params(("policy" = String, Path, description = "Its name.")),
    extensions(("x-pi-permission" = json!("policies:manage"))),
    responses((status = 200, description = "It is in force.", body = PolicyView), Refused))]
pub async fn activate(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(policy): Path<String>,
    Body(PolicyText { text }): Body<PolicyText>,
) -> Result<Json<PolicyView>, Problem> {
    let policy = name(&policy)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        let _turn = app.control_turn();
        together(&app, journal.store(), &policy, &text)?;
        let active = control::activate(&app.control, &journal, &policy, &text)?;
        Ok(Json(view(&policy, &active, None)))
    })
    .await
}

/// Takes a policy out of force. Without any, nothing is permitted.
#[utoipa::path(delete, path = "/v1/policies/{policy}", tag = "policies",
    operation_id = "retire_policy", params(("policy" = String, Path, description = "Its name.")),
    extensions(("x-pi-permission" = json!("policies:manage"))),
    responses((status = 200, description = "It is no longer in force.", body = PolicyView),
        Refused))]
pub async fn retire(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(policy): Path<String>,
) -> Result<Json<PolicyView>, Problem> {
    let policy = name(&policy)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        let _turn = app.control_turn();
        let policies = app.control.policies(journal.store())?;
        let active = policies.active().get(&policy).ok_or_else(|| unknown(&policy))?;
        control::make(&journal, &policy, policies.retire(&policy)?)?;
        Ok(Json(view(&policy, active, None)))
    })
    .await
}

/// A policy, and how many runs it is asked of.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Cedar text, or a list of rules in JSON.
    #[schema(min_length = 1, example = "permit(principal, action, resource);")]
    text: String,
    /// The newest runs that it is asked of.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000, default = 100)]
    last: Option<usize>,
}

/// What recorded runs would have been decided, had this policy been in force together with
/// the tenant's others. Nothing is run or changed.
#[utoipa::path(post, path = "/v1/policies/{policy}/what-if", tag = "policies",
    operation_id = "what_if", request_body = Candidate,
    params(("policy" = String, Path, description = "The name.")),
    extensions(("x-pi-permission" = json!("policies:read"))),
    responses((status = 200, description = "What would change (`pi.policy-what-if/1`).",
            body = serde_json::Value),
        Refused))]
pub async fn what_if(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(policy): Path<String>,
    Body(Candidate { text, last }): Body<Candidate>,
) -> Result<Response, Problem> {
    let policy = name(&policy)?;
    let mut left = last.unwrap_or(USUAL_RUNS);
    if !(1..=MOST_RUNS).contains(&left) {
        return Err(Problem::invalid(format!("`last` must be 1 to {MOST_RUNS}")));
    }
    blocking(move || {
        let journal = app.journal(&caller)?;
        let candidate = together(&app, journal.store(), &policy, &text)?;
        let (mut what_if, mut before) = (WhatIf::new(&candidate), None);
        while left > 0 {
            let page = journal.store().runs(before, left.min(RUNS_AT_ONCE))?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.first_leaf);
            left -= page.len();
            for entry in &page {
                what_if.take(&candidate, decided(&journal, entry)?);
            }
        }
        Ok(Canonical(what_if).into_response())
    })
    .await
}

/// Whether a policy could be put in force under a name.
#[utoipa::path(post, path = "/v1/policies/{policy}/check", tag = "policies",
    operation_id = "check_policy", request_body = PolicyText,
    params(("policy" = String, Path, description = "The name.")),
    extensions(("x-pi-permission" = json!("policies:read"))),
    responses((status = 200, description = "What was found.", body = PolicyChecked), Refused))]
pub async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(policy): Path<String>,
    Body(PolicyText { text }): Body<PolicyText>,
) -> Result<Json<PolicyChecked>, Problem> {
    let policy = name(&policy)?;
    blocking(move || {
        let journal = app.journal(&caller)?;
        match together(&app, journal.store(), &policy, &text) {
            Ok(_) => Ok(Json(PolicyChecked { valid: true, problems: Vec::new() })),
            Err(problem) if problem.reason == Reason::PolicyNotLoaded => {
                Ok(Json(PolicyChecked { valid: false, problems: vec![problem.detail] }))
            }
            Err(problem) => Err(problem),
        }
    })
    .await
}
