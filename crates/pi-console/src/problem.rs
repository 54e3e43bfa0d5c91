//! Problem documents (RFC 9457) with our reason codes.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use pi_core::Reason;
use pi_runtime::JournalError;
use pi_store::StoreError;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A refusal, as it is answered.
#[derive(Debug)]
pub struct Problem {
    /// The reason code.
    pub reason: Reason,
    /// What happened, in one sentence.
    pub detail: String,
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Where the reason is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What this reason says of every request.
    title: &'static str,
    /// The status code.
    status: u16,
    /// What it says of this request.
    detail: String,
    /// The stable reason code.
    code: &'static str,
}

/// How every route may refuse.
#[derive(IntoResponses)]
#[response(
    status = "default",
    description = "A refusal.",
    content_type = "application/problem+json"
)]
pub struct Refused(
    #[to_schema]
    #[allow(dead_code, reason = "it describes, and is never made")]
    ProblemDocument,
);

impl Problem {
    /// A refusal with the status that belongs to its reason.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), status: status(reason), headers: Vec::new() }
    }

    /// What the request says cannot be read.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Reason::InvalidRequest, detail)
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

/// The status of a reason. What the caller did wrong is 4xx, what kept the platform from
/// answering is 5xx.
fn status(reason: Reason) -> StatusCode {
    match reason {
        Reason::InvalidRequest => StatusCode::BAD_REQUEST,
        Reason::ApiKeyInvalid
        | Reason::UnknownRun
        | Reason::UnknownAgent
        | Reason::PolicyUnknown
        | Reason::ApprovalUnknown
        | Reason::SessionUnknown
        | Reason::TenantUnknown => StatusCode::NOT_FOUND,
        Reason::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        Reason::PermissionDenied
        | Reason::ApprovalSelf
        | Reason::TenantInactive
        | Reason::TenantReserved
        | Reason::TokenTenantMismatch
        | Reason::RoleUnknown
        | Reason::PolicyDenied
        | Reason::PolicyEvaluationFailed
        | Reason::PolicyMissing
        | Reason::PolicyNoMatch
        | Reason::PolicyNotLoaded
        | Reason::PolicyReview
        | Reason::PolicyVersionUnknown
        | Reason::SeverityDenied
        | Reason::TrustTooLow => StatusCode::FORBIDDEN,
        Reason::ApprovalRequired
        | Reason::ApprovalDecided
        | Reason::ApprovalExpired
        | Reason::IdempotencyInProgress
        | Reason::InputsChanged
        | Reason::EvidenceHeld
        | Reason::EvidenceNotHeld
        | Reason::InputsNotRetained
        | Reason::LeaseLost
        | Reason::RunCancelled
        | Reason::RunFinished
        | Reason::RunIncomplete
        | Reason::RunNotReplayable
        | Reason::ShardFrozen
        | Reason::SimulationOnly
        | Reason::PolicyUnchanged
        | Reason::TenantActive
        | Reason::TenantDeleted
        | Reason::TenantExists => StatusCode::CONFLICT,
        Reason::ArtifactTooDeep
        | Reason::ArtifactTypeMismatch
        | Reason::BoundsExceeded
        | Reason::ConditionInvalid
        | Reason::DagContainsCycle
        | Reason::EdgeToEarlierPhase
        | Reason::IdempotencyKeyReused
        | Reason::MissingNodeReference
        | Reason::NoAgentMatches
        | Reason::NothingToExamine
        | Reason::RequestHashMismatch
        | Reason::ReservedKey
        | Reason::RouteAmbiguous
        | Reason::SchemaMismatch
        | Reason::UnknownCapability => StatusCode::UNPROCESSABLE_ENTITY,
        Reason::ArtifactTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::QueueFull | Reason::LogUnavailable | Reason::MemoryUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Reason::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = ProblemDocument {
            kind: format!("/v1/reasons/{}", self.reason.code()),
            title: self.reason.title_text(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.reason.code(),
        };
        // The document has only text and numbers in it.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response.extensions_mut().insert(self.reason);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        Self::new(error.reason(), error.to_string())
    }
}
