//! Whether the server lives, whether it can work, and what it offers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use pi_core::Name;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::{App, blocking};
use crate::problem::{Problem, ProblemDocument, Refused};

/// How it is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `live` or `ready`.
    status: &'static str,
    /// The version of the server.
    version: &'static str,
    /// What keeps the logs.
    store: &'static str,
}

/// The server answers.
#[utoipa::path(get, path = "/v1/health", tag = "health", operation_id = "live",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "It does.", body = Health)))]
pub async fn live(State(app): State<Arc<App>>) -> Json<Health> {
    Json(health(&app, "live"))
}

/// The log can be read and written: a store was really asked.
#[utoipa::path(get, path = "/v1/health/ready", tag = "health", operation_id = "ready",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses(
        (status = 200, description = "It can.", body = Health),
        (status = 503, description = "It cannot.", body = ProblemDocument,
            content_type = "application/problem+json")))]
pub async fn ready(State(app): State<Arc<App>>) -> Result<Json<Health>, Problem> {
    let asked = Arc::clone(&app);
    let ask = move || {
        let system = Name::new("_system").map_err(|error| Problem::invalid(error.to_string()))?;
        asked.stores.of(&system)?.checkpoint()?;
        Ok(())
    };
    blocking(ask).await.map_err(|problem| problem.with_status(StatusCode::SERVICE_UNAVAILABLE))?;
    Ok(Json(health(&app, "ready")))
}

fn health(app: &App, status: &'static str) -> Health {
    Health { status, version: env!("CARGO_PKG_VERSION"), store: app.stores.kind() }
}

/// This description.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "health", operation_id = "openapi",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value)))]
pub async fn description() -> Response {
    ([(CONTENT_TYPE, "application/json")], crate::openapi::document()).into_response()
}

/// What the page may load: its own script and style, and this API.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                           connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page to read this description and try the routes.
#[utoipa::path(get, path = "/docs", tag = "health", operation_id = "docs",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "The page.", body = String,
        content_type = "text/html")))]
pub async fn page() -> Response {
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (headers, include_str!("docs.html")).into_response()
}

/// The script of the page.
#[utoipa::path(get, path = "/docs/page.js", tag = "health", operation_id = "docs_script",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "The script.", body = String,
        content_type = "text/javascript")))]
pub async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript")], include_str!("docs.js")).into_response()
}

/// The style of the page.
#[utoipa::path(get, path = "/docs/page.css", tag = "health", operation_id = "docs_style",
    security(()), extensions(("x-pi-permission" = json!("open"))),
    responses((status = 200, description = "The style.", body = String,
        content_type = "text/css")))]
pub async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css")], include_str!("docs.css")).into_response()
}

/// What is measured, in the exposition format of Prometheus
/// (`docs/reference/telemetry.md`).
#[utoipa::path(get, path = "/v1/metrics", tag = "health", operation_id = "metrics",
    extensions(("x-pi-permission" = json!("metrics:read"))),
    responses((status = 200, description = "The metrics.", body = String,
        content_type = "text/plain"), Refused))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let text = app.metrics.as_ref().map(|metrics| metrics.render()).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
