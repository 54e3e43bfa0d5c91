//! Every call is in the log. Whoever is known has an event for each call, in the log of its
//! tenant; what changes something is answered only when that event is durable. Strangers,
//! open routes and callers above a limit are counted together.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use axum::http::{Method, Request};
use axum::response::{IntoResponse as _, Response};
use pi_control_plane::audit::{
    ANONYMOUS, Counts, EVENT_TYPE, Entry, Key, Outcome, PARTITION, SCHEMA,
};
use pi_control_plane::roles::Permission;
use pi_core::canonical::Encoder;
use pi_core::{Name, Reason};
use pi_event_fabric::RunField;
use pi_identity::caller::TENANT;
use pi_kernel::record::Record;
use pi_runtime::Journal;

use crate::access::{Caller, Demand, SYSTEM};
use crate::alerts;
use crate::app::{App, blocking};
use crate::problem::Problem;

/// How often it is looked for windows that are over.
pub const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The calls that are counted together.
#[derive(Default)]
pub struct Audit(Mutex<Counts>);

/// A call that is not yet answered, as far as it is known.
pub struct Call {
    method: Method,
    route: Option<String>,
    correlation: String,
    named: Option<Name>,
    caller: OnceLock<Caller>,
    demand: OnceLock<Demand>,
}

impl Call {
    /// What a request says before it is looked at.
    pub fn of<B>(request: &Request<B>, correlation: String) -> Self {
        let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
        let named = request.headers().get(TENANT).and_then(|value| value.to_str().ok());
        Self {
            // Methods are of whoever sends them; unknown ones are one.
            method: known(request.method()),
            route,
            correlation,
            named: named.and_then(|named| Name::new(named).ok()),
            caller: OnceLock::new(),
            demand: OnceLock::new(),
        }
    }

    /// The call behind a request.
    pub fn behind(parts: &Parts) -> Option<&Arc<Self>> {
        parts.extensions.get()
    }

    /// What the route demands.
    pub fn demands(&self, demand: Demand) {
        // It is told once.
        let _ = self.demand.set(demand);
    }

    /// Who calls.
    pub fn is_by(&self, caller: &Caller) {
        let _ = self.caller.set(caller.clone());
    }

    fn entry(&self, status: Option<u16>, reason: Option<Reason>) -> Entry {
        let permission = match self.demand.get() {
            Some(Demand::Permission(permission)) => Some(Permission::as_str(*permission)),
            Some(Demand::Open) | None => None,
        };
        Entry {
            calls: 1,
            method: self.method.to_string(),
            outcome: status.map_or(Outcome::Abandoned, Outcome::of_status),
            permission: permission.map(str::to_owned),
            reason: reason.map(|reason| reason.code().to_owned()),
            role: self.caller.get().map(|caller| caller.role.as_str().to_owned()),
            route: self.route.clone(),
            status,
        }
    }

    /// It may change something.
    fn changes(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }
}

fn known(method: &Method) -> Method {
    let known =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    if known.contains(method) { method.clone() } else { Method::OPTIONS }
}

/// Whoever is above a limit is counted, not written down each time.
const fn is_of_limits(reason: Reason) -> bool {
    matches!(reason, Reason::RateLimitExceeded | Reason::QuotaExceeded | Reason::QueueFull)
}

/// Sees to it that a call is in the log, also when nobody waits for its answer.
pub struct Watch {
    app: Arc<App>,
    call: Option<Arc<Call>>,
}

impl Watch {
    /// Begins with the call.
    pub fn over(app: &Arc<App>, call: &Arc<Call>) -> Self {
        Self { app: Arc::clone(app), call: Some(Arc::clone(call)) }
    }

    /// Writes what came of the call. What changed something, and is not in the log, is a
    /// failure.
    pub async fn answered(mut self, response: Response) -> Response {
        let Some(call) = self.call.take() else { return response };
        let reason = response.extensions().get::<Reason>().copied();
        let entry = call.entry(Some(response.status().as_u16()), reason);
        let (app, wait) = (Arc::clone(&self.app), call.changes());
        let told = move || {
            let written = write(&app, &call, entry, reason, wait);
            if let Some(caller) = call.caller.get() {
                let refused = written.as_ref().err().map(|problem| problem.reason);
                alerts::look_at_refusal(&app, &caller.tenant, reason.or(refused));
            }
            written
        };
        match blocking(told).await {
            Ok(()) => response,
            Err(problem) if wait && response.status().is_success() => {
                Problem::new(Reason::LogUnavailable, problem.detail).into_response()
            }
            // The answer is a refusal already, or tells what cannot be told any more.
            Err(problem) => {
                tracing::error!(target: "pi::http", detail = problem.detail, "a call is not in the log");
                response
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(call) = self.call.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (app, entry) = (Arc::clone(&self.app), call.entry(None, None));
        runtime.spawn_blocking(move || {
            if let Err(problem) = write(&app, &call, entry, None, false) {
                tracing::error!(target: "pi::http", detail = problem.detail, "a call is not in the log");
            }
        });
    }
}

/// Puts an entry where it belongs.
fn write(
    app: &App,
    call: &Call,
    entry: Entry,
    reason: Option<Reason>,
    wait: bool,
) -> Result<(), Problem> {
    let counted = reason.is_some_and(is_of_limits);
    if let Some(caller) = call.caller.get().filter(|_| !counted) {
        return append(app, &caller.tenant, &caller.actor, Some(&call.correlation), &entry, wait);
    }
    let (tenant, actor) = match call.caller.get() {
        Some(caller) => (caller.tenant.clone(), caller.actor.clone()),
        None => (home(app, call)?, ANONYMOUS.to_owned()),
    };
    let cause = match &entry.reason {
        Some(reason) => reason.clone(),
        None => entry.route.clone().unwrap_or_default(),
    };
    let key = Key { tenant, actor, cause };
    let now = app.clock.now();
    let first = counts(app).take(key, entry, now);
    match first {
        Some((key, entry)) => {
            append(app, &key.tenant, &key.actor, Some(&call.correlation), &entry, wait)
        }
        None => Ok(()),
    }
}

/// In whose log a stranger's call is: the tenant's that it names, if there is one.
fn home(app: &App, call: &Call) -> Result<Name, Problem> {
    let system = app.system()?;
    let open = matches!(call.demand.get(), None | Some(Demand::Open));
    if let Some(named) = call.named.as_ref().filter(|_| !open)
        && app.control.registry(system.as_ref(), |all| all.is_active(named))?
    {
        return Ok(named.clone());
    }
    Name::new(SYSTEM).map_err(|error| Problem::invalid(error.to_string()))
}

fn counts(app: &App) -> std::sync::MutexGuard<'_, Counts> {
    app.audit.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the counts whose windows are over; all of them at the end.
///
/// # Errors
/// A log refuses.
pub fn settle(app: &App, end: bool) -> Result<(), Problem> {
    let due = counts(app).due(app.clock.now(), end);
    for (key, entry) in due {
        append(app, &key.tenant, &key.actor, None, &entry, end)?;
    }
    Ok(())
}

fn append(
    app: &App,
    tenant: &Name,
    actor: &str,
    correlation: Option<&str>,
    entry: &Entry,
    wait: bool,
) -> Result<(), Problem> {
    let mut journal = Journal::over(app.stores.of(tenant)?, Arc::clone(&app.clock), actor);
    if let Some(correlation) = correlation {
        journal = journal.correlated(correlation);
    }
    let payload = Encoder::encode(entry);
    let record = Record { schema: SCHEMA, schema_version: 1, event_type: EVENT_TYPE, payload };
    let ticket =
        journal.store().submit(vec![journal.draft(PARTITION, RunField::None, record)?])?;
    if wait {
        ticket.wait()?;
    }
    Ok(())
}
