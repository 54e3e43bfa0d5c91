//! What the reason codes mean.

use axum::Json;

use axum::http::StatusCode;
use pi_core::Reason;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Path;
use crate::problem::{Problem, ProblemDocument};

/// A reason code.
#[derive(Serialize, ToSchema)]
pub struct ReasonView {
    /// The stable word.
    code: &'static str,
    /// Cause, what the system did, and what to do next, in Markdown.
    page: &'static str,
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> Self {
        Self { code: reason.code(), page: reason.page() }
    }
}

/// Every reason code.
#[utoipa::path(get, path = "/v1/reasons", tag = "reasons", operation_id = "list_reasons",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "All of them.", body = [ReasonView])))]
pub async fn list() -> Json<Vec<ReasonView>> {
    Json(Reason::ALL.iter().copied().map(ReasonView::from).collect())
}

/// One reason code.
#[utoipa::path(get, path = "/v1/reasons/{code}", tag = "reasons", operation_id = "show_reason",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    params(("code" = String, Path, description = "The reason code.")),
    responses(
        (status = 200, description = "What it means.", body = ReasonView),
        (status = 404, description = "There is no such code.", body = ProblemDocument,
            content_type = "application/problem+json")))]
pub async fn show(Path(code): Path<String>) -> Result<Json<ReasonView>, Problem> {
    let reason = Reason::from_code(&code).ok_or_else(|| {
        Problem::invalid("there is no such reason code").with_status(StatusCode::NOT_FOUND)
    })?;
    Ok(Json(reason.into()))
}
