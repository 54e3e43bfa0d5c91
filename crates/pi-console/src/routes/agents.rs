//! The catalogue of agents, and which of them plain words ask for.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use pi_agent_api::{Meta, Rule};
use pi_core::Reason;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::extract::{Path, Query};
use crate::page::{Page, cursor};
use crate::problem::{Problem, Refused};
use crate::reply::Canonical;

/// An agent in the list.
#[derive(Serialize, ToSchema)]
pub struct AgentSummary {
    /// Its name.
    slug: &'static str,
    /// Its domain.
    domain: &'static str,
    /// The phase it runs in.
    phase: &'static str,
    /// Grows whenever its verdict on any input changes.
    revision: u32,
    /// One sentence.
    summary: &'static str,
}

/// A page of agents.
#[derive(Serialize, ToSchema)]
pub struct AgentPage {
    /// The agents, by slug.
    items: Vec<AgentSummary>,
    /// Where the next page begins.
    next: Option<String>,
}

/// A rule of an agent.
#[derive(Serialize, ToSchema)]
pub struct RuleView {
    /// Its id.
    id: &'static str,
    /// Its severity.
    severity: &'static str,
    /// One sentence.
    summary: &'static str,
    /// The standards that it follows.
    references: &'static [&'static str],
}

/// An agent with everything that is known of it.
#[derive(Serialize, ToSchema)]
pub struct AgentView {
    #[serde(flatten)]
    summary: AgentSummary,
    /// The documentation, in Markdown.
    documentation: &'static str,
    /// Kinds of artifacts that it reads; empty means every text.
    kinds: Vec<&'static str>,
    /// Its rules.
    rules: Vec<RuleView>,
}

impl From<&Meta> for AgentSummary {
    fn from(meta: &Meta) -> Self {
        Self {
            slug: meta.slug,
            domain: meta.domain.as_str(),
            phase: meta.phase.as_str(),
            revision: meta.revision,
            summary: meta.summary(),
        }
    }
}

impl From<&Rule> for RuleView {
    fn from(rule: &Rule) -> Self {
        Self {
            id: rule.id,
            severity: rule.severity.as_str(),
            summary: rule.summary,
            references: rule.references,
        }
    }
}

/// The agents.
#[utoipa::path(get, path = "/v1/agents", tag = "agents", operation_id = "list_agents",
    params(Page), extensions(("x-pi-permission" = json!("agents:read"))),
    responses((status = 200, description = "A page of them.", body = AgentPage),
        Refused))]
pub async fn list(
    State(app): State<Arc<App>>,
    Query(page): Query<Page>,
) -> Result<Json<AgentPage>, Problem> {
    let limit = page.limit()?;
    let from = usize::try_from(page.position()?.unwrap_or(0)).unwrap_or(usize::MAX);
    let agents = app.catalogue.agents();
    let items = agents.iter().skip(from).take(limit).map(|agent| agent.meta().into()).collect();
    let end = from.saturating_add(limit);
    let next = (end < agents.len()).then(|| cursor(end as u64));
    Ok(Json(AgentPage { items, next }))
}

/// One agent.
#[utoipa::path(get, path = "/v1/agents/{slug}", tag = "agents", operation_id = "show_agent",
    params(("slug" = String, Path, description = "Its name.")),
    extensions(("x-pi-permission" = json!("agents:read"))),
    responses((status = 200, description = "The agent.", body = AgentView),
        Refused))]
pub async fn show(
    State(app): State<Arc<App>>,
    Path(slug): Path<String>,
) -> Result<Json<AgentView>, Problem> {
    let agent = app.catalogue.find(&slug).ok_or_else(|| {
        Problem::new(Reason::UnknownAgent, "there is no agent of this name; list them all first")
    })?;
    let meta = agent.meta();
    Ok(Json(AgentView {
        summary: meta.into(),
        documentation: meta.doc,
        kinds: meta.kinds.iter().map(|kind| kind.as_str()).collect(),
        rules: meta.rules.iter().map(|rule| (*rule).into()).collect(),
    }))
}

/// What is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Words {
    /// Plain words.
    #[param(min_length = 1, max_length = 4000)]
    words: String,
}

/// Characters of a request in plain words at most.
pub const MAX_WORDS: usize = 4_000;

/// The agents that plain words ask for, with their scores.
#[utoipa::path(get, path = "/v1/capabilities/route", tag = "agents", operation_id = "route",
    params(Words), extensions(("x-pi-permission" = json!("agents:read"))),
    responses((status = 200, description = "The candidates.", body = serde_json::Value),
        Refused))]
pub async fn route(
    State(app): State<Arc<App>>,
    Query(Words { words }): Query<Words>,
) -> Result<Canonical<pi_kernel::route::Proposal>, Problem> {
    if words.chars().count() > MAX_WORDS {
        return Err(Problem::invalid(format!("at most {MAX_WORDS} characters are read")));
    }
    let proposal = app.router.route(&words);
    proposal.map(Canonical).map_err(|error| Problem::new(error.reason(), error.to_string()))
}
