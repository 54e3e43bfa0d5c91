//! Who may do what. A route names the permission that it needs in its OpenAPI
//! description (`x-pi-permission`); this is where it is enforced, for every route alike.
//! A route that names none is refused to everybody.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use pi_control_plane::roles::{Permission, Role, authorize};
use pi_core::{Digest, Name, Reason};
use utoipa::openapi::OpenApi;

use crate::app::{App, blocking};
use crate::audit::Call;
use crate::idempotency::{BodyDigest, KEY, once};
use crate::problem::Problem;

/// The name of the description's member.
pub const EXTENSION: &str = "x-pi-permission";

/// The word for a route that everybody may use.
pub const OPEN: &str = "open";

pub use pi_control_plane::tenants::SYSTEM;

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant.
    pub tenant: Name,
    /// An opaque id.
    pub actor: String,
    /// The role.
    pub role: Role,
    /// What ties the records of this request together.
    pub correlation: String,
}

/// Tells who calls.
pub trait Gate: Send + Sync {
    /// The caller of a request whose body was read.
    ///
    /// # Errors
    /// Nobody, or somebody who may not call now.
    fn admit(&self, parts: &Parts, body: &[u8]) -> Result<Caller, Problem>;
}

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Open,
    /// A permission.
    Permission(Permission),
}

/// What every route demands, read from the OpenAPI description.
#[derive(Clone, Debug, Default)]
pub struct Demands(BTreeMap<(String, String), Demand>);

impl Demands {
    /// Reads a description. What it does not name is demanded of nobody, and so refused.
    pub fn of(description: &OpenApi) -> Self {
        let mut demands = BTreeMap::new();
        for (path, item) in &description.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                let Some(operation) = operation else { continue };
                let named = operation.extensions.as_ref().and_then(|all| all.get(EXTENSION));
                let demand = match named.and_then(|named| named.as_str()) {
                    Some(OPEN) => Some(Demand::Open),
                    Some(name) => Permission::from_name(name).map(Demand::Permission),
                    None => None,
                };
                if let Some(demand) = demand {
                    demands.insert((path.clone(), method.to_string()), demand);
                }
            }
        }
        Self(demands)
    }

    /// What a route demands.
    pub fn get(&self, path: &str, method: &Method) -> Option<Demand> {
        self.0.get(&(path.to_owned(), method.to_string())).copied()
    }

    /// All of them, by path and method.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, Demand)> {
        self.0.iter().map(|((path, method), demand)| (path.as_str(), method.as_str(), *demand))
    }
}

/// What the middleware works with.
pub struct Access {
    /// The server.
    pub app: Arc<App>,
    /// Who calls.
    pub gate: Arc<dyn Gate>,
    /// What is demanded.
    pub demands: Demands,
}

/// Reads the body, tells who calls, and lets through whoever may.
pub async fn control(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    match let_in(&access, request).await {
        Ok(request) => once(&access.app, request, next).await,
        Err(problem) => problem.into_response(),
    }
}

async fn let_in(access: &Access, request: Request) -> Result<Request, Problem> {
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    // Whoever may GET may ask for the head of the answer.
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    let demand = matched.as_deref().and_then(|path| access.demands.get(path, method));
    let Some(demand) = demand else {
        return Err(Problem::new(Reason::PermissionDenied, "this route demands no permission"));
    };
    let (parts, body) = request.into_parts();
    if let Some(call) = Call::behind(&parts) {
        call.demands(demand);
    }
    let body = read(body, &access.app).await?;
    let Demand::Permission(permission) = demand else {
        return Ok(Request::from_parts(parts, Body::from(body)));
    };
    let (gate, asked) = (Arc::clone(&access.gate), body.clone());
    // Who calls is in the logs of tenants.
    let admitted = blocking(move || {
        let caller = gate.admit(&parts, &asked);
        Ok((parts, caller))
    });
    let (mut parts, caller) = admitted.await?;
    let caller = caller?;
    if let Some(call) = Call::behind(&parts) {
        call.is_by(&caller);
    }
    // What is another tenant's is a matter of the route that names it.
    authorize(&caller.tenant, caller.role, permission, &caller.tenant)
        .map_err(|denied| Problem::new(denied.reason(), denied.to_string()))?;
    parts.extensions.insert(caller);
    if parts.headers.contains_key(KEY) {
        parts.extensions.insert(BodyDigest(Digest::of(&body)));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// The whole body, within its bounds of size and time.
async fn read(body: Body, app: &App) -> Result<Bytes, Problem> {
    let most = app.settings.body_bytes;
    let limited = Limited::new(body, most);
    match tokio::time::timeout(app.settings.request_time, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let problem = format!("the body has more than {most} bytes");
            Err(Problem::new(Reason::ArtifactTooLarge, problem))
        }
        Ok(Err(_)) => Err(Problem::invalid("the body ended before it was complete")),
        Err(_) => {
            let problem = format!("the body took more than {:?}", app.settings.request_time);
            Err(Problem::invalid(problem).with_status(axum::http::StatusCode::REQUEST_TIMEOUT))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(|| {
            Problem::new(Reason::PermissionDenied, "nobody was authenticated for this route")
        })
    }
}
