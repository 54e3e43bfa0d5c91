//! What a tenant may use: reserved in its log before a run, settled there after it.

use pi_control_plane::quota::{Amounts, Outcome, PARTITION, Reservation, Resource, Settlement};
use pi_control_plane::quota::{Quota, Refusal};
use pi_core::canonical::Encoder;
use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::RunField;
use pi_kernel::record::Record;
use pi_kernel::request::CompositionRequest;
use pi_runtime::Journal;

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;

use crate::app::App;
use crate::problem::Problem;

/// A reservation that was granted; it is settled once.
pub struct Reserved {
    journal: Journal,
    key: String,
    amounts: Amounts,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Problem::new(refusal.reason(), refusal.to_string());
        match refusal.retry_after_s() {
            Some(seconds) => problem.with_header(RETRY_AFTER, HeaderValue::from(seconds)),
            None => problem,
        }
    }
}

/// What a submission may use. Each node is worked on by one worker.
pub fn amounts(request: &CompositionRequest, bytes: u64) -> Amounts {
    let nodes = request.content().nodes.len() as u64;
    Amounts::of(|resource| match resource {
        Resource::Bytes => bytes,
        Resource::Compositions | Resource::Executions => 1,
        Resource::Nodes | Resource::Workers => nodes,
    })
}

/// The quota of a tenant.
///
/// # Errors
/// The registry cannot be read, or does not know the tenant.
pub fn quota_of(app: &App, tenant: &Name) -> Result<Quota, Problem> {
    let system = app.system()?;
    let found = app.control.registry(system.as_ref(), |registry| {
        registry.get(tenant).map(|tenant| tenant.settings.quota)
    })?;
    found.ok_or_else(|| Problem::new(Reason::TenantUnknown, format!("there is no `{tenant}`")))
}

/// Reserves what a submission may use; nothing where nothing is limited.
///
/// # Errors
/// The quota does not have so much left. What is refused before it is written leaves no
/// event: whoever is over the quota cannot fill the log.
pub fn reserve(
    app: &App,
    journal: &Journal,
    amounts: Amounts,
) -> Result<Option<Reserved>, Problem> {
    let quota = quota_of(app, journal.store().tenant())?;
    if quota.limits.is_unlimited() {
        return Ok(None);
    }
    let now = journal.now();
    app.control.usage(journal.store(), |usage| usage.check(now, &quota, &amounts))??;
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random)
        .map_err(|error| Problem::new(Reason::SecretUnreadable, error.to_string()))?;
    let key = format!("{:032x}", u128::from_be_bytes(random));
    let reservation = Reservation { key: key.clone(), amounts, quota };
    let payload = Encoder::encode(&reservation);
    let offset = append(journal, Reservation::SCHEMA, Reservation::EVENT_TYPE, payload)?;
    // Between the check and here, another server may have reserved; the log decides.
    let verdict = app.control.usage(journal.store(), |usage| usage.grant(offset).cloned())?;
    let forgotten = || Problem::new(Reason::QuotaExceeded, "the verdict was forgotten; try again");
    verdict.ok_or_else(forgotten)??;
    Ok(Some(Reserved { journal: journal.clone(), key, amounts }))
}

impl Reserved {
    /// Settles: what was not used is free again. If the log cannot be written, the
    /// reservation leaves with the window.
    pub fn settle(self, outcome: Outcome) {
        let Reserved { journal, key, amounts } = self;
        let used = match outcome {
            Outcome::Sealed | Outcome::Failed => amounts,
            Outcome::Refused => Amounts::default().with(Resource::Compositions, 1),
        };
        let payload = Encoder::encode(&Settlement { key, amounts: used, outcome });
        let settled = append(&journal, Settlement::SCHEMA, Settlement::EVENT_TYPE, payload);
        if let Err(problem) = settled {
            let detail = problem.detail;
            tracing::error!(target: "pi::http", detail, "a reservation is not settled");
        }
    }
}

/// Appends to the partition of quotas; the offset.
fn append(
    journal: &Journal,
    schema: &'static str,
    event_type: &'static str,
    payload: Vec<u8>,
) -> Result<u64, Problem> {
    let record = Record { schema, schema_version: 1, event_type, payload };
    let draft = journal.draft(PARTITION, RunField::None, record)?;
    let appended = journal.store().append(vec![draft])?;
    let place = appended.places.first().map(|place| place.offset);
    place.ok_or_else(|| Problem::new(Reason::LogCorrupt, "an event got no place"))
}

/// What a tenant uses now, within the window of its quota.
///
/// # Errors
/// The log cannot be read.
pub fn used(
    app: &App,
    journal: &Journal,
    quota: &Quota,
    now: Timestamp,
) -> Result<(Amounts, usize), Problem> {
    app.control.usage(journal.store(), |usage| (usage.used(now, quota.window_s), usage.in_flight()))
}
