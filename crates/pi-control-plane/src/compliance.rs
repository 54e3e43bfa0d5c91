//! The compliance report of a tenant over a period: what the log says, counted.
//!
//! [`Collector`] takes the events of the tenant's log in order, from the first one on, and
//! [`Collector::report`] closes the period. Nothing is sampled or estimated: what the log
//! does not say, the report does not say either.

mod page;

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Decision, Name, Timestamp};
use pi_event_fabric::control;

use crate::policies::{Active, Policies};
use crate::quota::{Amounts, Usage};
use crate::retention::Retention;
use crate::tenants::Settings;

/// The name of the document's schema.
pub const COMPLIANCE_SCHEMA: &str = "pi.compliance/1";
/// Entries of a list at most; what is more is counted only.
pub const MAX_LISTED: usize = 1_000;

/// From a moment on, until before another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment behind it.
    pub until: Timestamp,
}

impl Period {
    fn holds(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// An event of the tenant's log.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its type.
    pub event_type: &'a str,
    /// Its partition.
    pub partition: &'a str,
    /// Its position in the partition.
    pub offset: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who caused it.
    pub actor: &'a str,
    /// The run that it belongs to.
    pub run: Option<&'a str>,
    /// Its payload; none when it was erased.
    pub payload: Option<&'a Value>,
}

/// What a verification of the whole log came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Events that were read and hashed.
    pub events: u64,
    /// Checkpoints whose signatures were checked.
    pub checkpoints: u64,
    /// What is broken; none when the log is whole.
    pub problem: Option<String>,
}

/// Something that happened once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What, in the words of the event type.
    pub event_type: String,
    /// To what: a run, a policy, an event.
    pub subject: String,
    /// Why, or in which version; may be empty.
    pub detail: String,
}

/// Incidents of one sort: all are counted, the first ones are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Incidents {
    /// How many there were.
    pub count: u64,
    /// The first [`MAX_LISTED`] of them.
    pub listed: Vec<Incident>,
}

impl Incidents {
    fn add(&mut self, event: &Event<'_>, subject: String, detail: String) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Incident {
                at: event.recorded_at,
                actor: event.actor.to_owned(),
                event_type: event.event_type.to_owned(),
                subject,
                detail,
            });
        }
    }
}

/// What happened within the period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Runs that were accepted.
    pub accepted: u64,
    /// Runs that ended, by decision.
    pub decisions: BTreeMap<Decision, u64>,
    /// Why runs were not allowed: how many named the reason.
    pub reasons: BTreeMap<String, u64>,
    /// Requests that were not admitted, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Runs whose request a person had approved.
    pub approvals: Incidents,
    /// Changes of policies.
    pub policy_changes: Incidents,
    /// Payloads that were erased.
    pub redactions: Incidents,
    /// Keys of evidence that were erased.
    pub erased_keys: Incidents,
    /// Holds, and their ends.
    pub holds: Incidents,
    /// Reservations of quota.
    pub reservations: u64,
    /// Reservations that were refused.
    pub quota_refusals: u64,
    /// What settled reservations had used.
    pub used: Amounts,
    /// Events by type.
    pub events: BTreeMap<String, u64>,
    /// Events that cannot be read any more, or not by this build.
    pub unread: u64,
}

/// A compliance report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The tenant.
    pub tenant: Name,
    /// The period.
    pub period: Period,
    /// When the report was made.
    pub made_at: Timestamp,
    /// What happened.
    pub activity: Activity,
    /// The policies in force when the period ended.
    pub policies: BTreeMap<Name, Active>,
    /// Runs under hold when the period ended.
    pub held: u64,
    /// The settings of the tenant when the report was made.
    pub settings: Option<Settings>,
    /// What a verification of the log came to.
    pub verified: Verified,
}

/// Takes the events of a log.
#[derive(Clone, Debug)]
pub struct Collector {
    period: Period,
    activity: Activity,
    policies: Policies,
    usage: Usage,
    retention: Retention,
}

fn bump(counts: &mut BTreeMap<String, u64>, key: &str) {
    match counts.get_mut(key) {
        Some(count) => *count += 1,
        None => drop(counts.insert(key.to_owned(), 1)),
    }
}

impl Collector {
    /// Nothing was taken yet.
    pub fn new(period: Period) -> Self {
        Self {
            period,
            activity: Activity::default(),
            policies: Policies::default(),
            usage: Usage::default(),
            retention: Retention::default(),
        }
    }

    /// Takes an event. Those before the period matter for what was in force in it; those
    /// behind it do not.
    pub fn take(&mut self, event: &Event<'_>) {
        if event.recorded_at >= self.period.until {
            return;
        }
        let counts = self.period.holds(event.recorded_at);
        if counts {
            bump(&mut self.activity.events, event.event_type);
        }
        let taken = event.payload.and_then(|payload| {
            let effect = self.fold(event, payload)?;
            if counts && effect { self.count(event, payload) } else { Some(()) }
        });
        if counts && taken.is_none() {
            self.activity.unread += 1;
        }
    }

    /// Folds in what outlives the event, and says whether the event had an effect.
    fn fold(&mut self, event: &Event<'_>, payload: &Value) -> Option<bool> {
        let Event { event_type, offset, recorded_at, .. } = *event;
        match event.partition {
            control::PARTITION => self.policies.apply(event_type, payload).ok(),
            control::RETENTION_PARTITION => self.retention.apply(event_type, payload).ok(),
            control::QUOTA_PARTITION => {
                self.usage.apply(offset, recorded_at, event_type, payload).ok().map(|()| true)
            }
            _ => Some(true),
        }
    }

    fn count(&mut self, event: &Event<'_>, payload: &Value) -> Option<()> {
        let activity = &mut self.activity;
        let text = |key: &str| payload.get(key)?.as_str();
        let number = |key: &str| payload.get(key)?.as_u64();
        let run = || event.run.unwrap_or_default().to_owned();
        match event.event_type {
            "run.accepted" => {
                activity.accepted += 1;
                if payload.get("approved")?.as_bool()? {
                    activity.approvals.add(event, run(), text("request_hash")?.to_owned());
                }
            }
            "run.sealed" => {
                let decision = text("decision")?.parse().ok()?;
                *activity.decisions.entry(decision).or_default() += 1;
                let reasons = payload.get("reasons")?.as_array()?.iter();
                let mut codes: Vec<&str> =
                    reasons.map(|reason| reason.get("code")?.as_str()).collect::<Option<_>>()?;
                codes.sort_unstable();
                codes.dedup();
                codes.into_iter().for_each(|code| bump(&mut activity.reasons, code));
            }
            "request.refused" => bump(&mut activity.refusals, text("reason")?),
            "event.redacted" => {
                let subject = format!("leaf {}", number("leaf_index")?);
                activity.redactions.add(event, subject, text("reason")?.to_owned());
            }
            control::POLICY_ACTIVATED | control::POLICY_RETIRED => {
                let detail = format!("version {}", number("version")?);
                activity.policy_changes.add(event, text("name")?.to_owned(), detail);
            }
            control::EVIDENCE_ERASED => {
                let (subject, cause) = (text("run")?.to_owned(), text("cause")?.to_owned());
                activity.erased_keys.add(event, subject, cause);
            }
            control::EVIDENCE_HELD | control::EVIDENCE_RELEASED => {
                let detail = text("reason").unwrap_or_default().to_owned();
                activity.holds.add(event, text("run")?.to_owned(), detail);
            }
            control::QUOTA_RESERVED => {
                activity.reservations += 1;
                let refused = self.usage.grant(event.offset).is_some_and(Result::is_err);
                activity.quota_refusals += u64::from(refused);
            }
            control::QUOTA_SETTLED => {
                let amounts = Amounts::from_value(payload.get("amounts")?)?;
                activity.used = activity.used.plus(&amounts);
            }
            _ => {}
        }
        Some(())
    }

    /// Closes the period.
    pub fn report(
        self,
        tenant: Name,
        made_at: Timestamp,
        settings: Option<Settings>,
        verified: Verified,
    ) -> Report {
        let Self { period, activity, policies, usage: _, retention } = self;
        let (policies, held) = (policies.active().clone(), retention.held().len() as u64);
        Report { tenant, period, made_at, activity, policies, held, settings, verified }
    }
}

impl ToCanonical for Report {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Report { tenant, period, made_at, activity, policies, held, settings, verified } = self;
        let Period { from, until } = period;
        encoder.object(|o| {
            o.field("activity", activity)
                .field("from", from)
                .field("held", held)
                .field("made_at", made_at)
                .field_with("policies", |e| e.array(policies.iter().map(|(n, a)| InForce(n, a))))
                .field("schema", COMPLIANCE_SCHEMA)
                .field("settings", settings)
                .field("tenant", tenant)
                .field("until", until)
                .field("verified", verified);
        });
    }
}

impl ToCanonical for Activity {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Activity {
            accepted,
            decisions,
            reasons,
            refusals,
            approvals,
            policy_changes,
            redactions,
            erased_keys,
            holds,
            reservations,
            quota_refusals,
            used,
            events,
            unread,
        } = self;
        let decided = |decision| decisions.get(&decision).copied().unwrap_or_default();
        encoder.object(|o| {
            o.field("accepted", accepted)
                .field("allow", &decided(Decision::Allow))
                .field("approvals", approvals)
                .field("deny", &decided(Decision::Deny))
                .field("erased_keys", erased_keys)
                .field_with("events", |e| e.array(events.iter().map(Counted)))
                .field("holds", holds)
                .field("policy_changes", policy_changes)
                .field("quota_refusals", quota_refusals)
                .field_with("reasons", |e| e.array(reasons.iter().map(Counted)))
                .field("redactions", redactions)
                .field_with("refusals", |e| e.array(refusals.iter().map(Counted)))
                .field("reservations", reservations)
                .field("review", &decided(Decision::Review))
                .field("unread", unread)
                .field("used", used);
        });
    }
}

struct Counted<'a>((&'a String, &'a u64));

impl ToCanonical for Counted<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Counted((name, count)) = self;
        encoder.object(|o| {
            o.field("count", *count).field("name", *name);
        });
    }
}

struct InForce<'a>(&'a Name, &'a Active);

impl ToCanonical for InForce<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let InForce(name, Active { version, form, digest }) = self;
        encoder.object(|o| {
            o.field("digest", digest)
                .field("kind", form.as_str())
                .field("name", *name)
                .field("version", version);
        });
    }
}

impl ToCanonical for Incidents {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Incidents { count, listed } = self;
        encoder.object(|o| {
            o.field("count", count).field("listed", listed);
        });
    }
}

impl ToCanonical for Incident {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Incident { at, actor, event_type, subject, detail } = self;
        encoder.object(|o| {
            o.field("actor", actor)
                .field("at", at)
                .field("detail", detail)
                .field("event_type", event_type)
                .field("subject", subject);
        });
    }
}

impl ToCanonical for Verified {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Verified { events, checkpoints, problem } = self;
        encoder.object(|o| {
            o.field("checkpoints", checkpoints).field("events", events).field("problem", problem);
        });
    }
}

#[cfg(test)]
mod tests;
