//! Who calls, told by `pi-identity` from what the logs of the tenants say, and how often
//! they may.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use pi_core::{Name, Reason};
use pi_identity::caller::{Authenticator, Request, SigningRule, Tenants, Unavailable};
use pi_identity::limit::RateLimiter;
use pi_identity::{CorrelationId, Identity, Refusal};

use crate::access::{Caller, Gate};
use crate::app::App;
use crate::audit::Call;
use crate::problem::Problem;

/// The gate of a server.
pub struct IdentityGate {
    app: Arc<App>,
    signing: Option<SigningRule>,
    limiter: RateLimiter,
}

impl IdentityGate {
    /// A gate for the tenants of a server.
    pub fn new(app: Arc<App>, signing: Option<SigningRule>, limiter: RateLimiter) -> Self {
        Self { app, signing, limiter }
    }
}

/// What the logs say of tenants.
struct Logs<'a>(&'a App);

fn unavailable(problem: impl Into<Problem>) -> Unavailable {
    let problem = problem.into();
    tracing::error!(target: "pi::http", detail = problem.detail, "a log cannot be read");
    Unavailable(problem.reason)
}

impl Tenants for Logs<'_> {
    fn is_active(&self, tenant: &Name) -> Result<bool, Unavailable> {
        let Logs(app) = self;
        let system = app.system().map_err(unavailable)?;
        app.control
            .registry(system.as_ref(), |registry| registry.is_active(tenant))
            .map_err(unavailable)
    }

    fn identity<T>(
        &self,
        tenant: &Name,
        look: impl FnOnce(&Identity) -> T,
    ) -> Result<T, Unavailable> {
        let Logs(app) = self;
        let store = app.stores.of(tenant).map_err(unavailable)?;
        app.control.identity(store.as_ref(), look).map_err(unavailable)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::new(refusal.reason, refusal.detail);
        // What keeps us from knowing the caller has a status of its own.
        if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
            return problem;
        }
        // The numbers that a refusal gives are status codes.
        let status = StatusCode::from_u16(refusal.status());
        problem.with_status(status.unwrap_or(StatusCode::UNAUTHORIZED))
    }
}

impl Gate for IdentityGate {
    fn admit(&self, parts: &Parts, body: &[u8]) -> Result<Caller, Problem> {
        let now = self.app.clock.now();
        let unnamed = Refusal::new(Reason::CorrelationIdInvalid, "the request has no id");
        let made: CorrelationId = parts.extensions.get().cloned().ok_or(unnamed)?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let request =
            Request { method: parts.method.as_str(), target, headers: &parts.headers, body };
        let authenticator = Authenticator {
            tokens: &self.app.tokens,
            tenants: &Logs(&self.app),
            signing: self.signing.as_ref(),
        };
        let caller = authenticator.authenticate(&request, made, now)?;
        let admitted = Caller {
            tenant: caller.tenant().clone(),
            actor: caller.actor().to_string(),
            role: caller.role(),
            correlation: caller.correlation_id().to_string(),
        };
        // Who calls too often is known, too.
        if let Some(call) = Call::behind(parts) {
            call.is_by(&admitted);
        }
        let standing = self.limiter.check(caller.tenant(), caller.actor(), now);
        if let Some(refusal) = standing.refusal() {
            let headers = standing.headers().into_iter();
            return Err(headers.fold(refusal.into(), |problem: Problem, (name, value)| {
                match HeaderValue::try_from(value) {
                    Ok(value) => problem.with_header(HeaderName::from_static(name), value),
                    Err(_) => problem,
                }
            }));
        }
        Ok(admitted)
    }
}
