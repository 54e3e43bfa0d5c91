//! The memory across runs. It informs people; no verdict reads it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use pi_core::Reason;
use pi_store::memory::{Recalled, Shown};
use pi_store::{Memory, MemoryError};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::extract::Query;
use crate::page::within;
use crate::problem::{Problem, Refused};
use crate::reply::Canonical;

/// What is looked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words that an entry must all hold; nothing in them is syntax.
    #[param(max_length = 1024, example = "docker root")]
    words: String,
    /// Entries at most, 1 to 200.
    #[serde(default)]
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
}

impl From<MemoryError> for Problem {
    fn from(error: MemoryError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

/// The tenant's own entries of the memory that hold all words, best first. Sources are not
/// looked at.
#[utoipa::path(get, path = "/v1/memory/search", tag = "memory", operation_id = "search_memory",
    params(Search), extensions(("x-pi-permission" = json!("memory:read"))),
    responses((status = 200, description = "The entries (`docs/schemas/memory.schema.json`).",
            body = serde_json::Value),
        Refused))]
pub async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(Search { words, limit }): Query<Search>,
) -> Result<Response, Problem> {
    let limit = within(limit)?;
    blocking(move || {
        let Some(options) = app.memory.clone() else {
            return Err(Problem::new(Reason::MemoryUnavailable, "the memory is off"));
        };
        // Nothing is written here that would have to be masked.
        let memory = Memory::open(options, str::to_owned)?;
        let found = memory.search(&caller.tenant, &words, limit)?;
        let now = app.clock.now();
        let shown = |entry: pi_store::memory::Entry| {
            let age = entry.age(now);
            Shown { entry, age, freshness: None }
        };
        let entries: Vec<Shown> = found.into_iter().map(shown).collect();
        let recalled = Recalled { tenant: caller.tenant.as_str(), entries: &entries };
        Ok(Canonical(recalled).into_response())
    })
    .await
}
