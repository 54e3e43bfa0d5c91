//! What a tenant did within a period, for whoever has to account for it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pi_control_plane::compliance::{Collector, Event, Incidents, Period, Report, Verified};
use pi_core::canonical::parse;
use pi_core::{Decision, Digest, Timestamp};
use pi_event_fabric::HeaderView;
use pi_store::VerifyOptions;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::access::Caller;
use crate::app::{App, blocking};
use crate::extract::Query;
use crate::page::MAX_POSITION;
use crate::problem::{Problem, Refused};
use crate::reply::Canonical;

/// Events that are read at once.
const BATCH: usize = 512;

/// The period when none is asked for, in microseconds: 30 days.
const USUAL_US: u64 = 30 * 86_400 * 1_000_000;

/// How the page looks.
const STYLE: &str = "body{font:11pt/1.4 serif;margin:2cm auto;max-width:17cm}\
    table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #999;\
    padding:.1cm .3cm;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
    @media print{body{margin:0}tr{break-inside:avoid}}";

/// The period of a report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Within {
    /// Its first moment, in microseconds since 1970; without it, 30 days before its end.
    #[serde(default)]
    from_us: Option<u64>,
    /// The first moment behind it; without it, now.
    #[serde(default)]
    until_us: Option<u64>,
}

impl Within {
    fn period(&self, now: Timestamp) -> Result<Period, Problem> {
        let until = self.until_us.unwrap_or(now.as_micros());
        let from = self.from_us.unwrap_or(until.saturating_sub(USUAL_US));
        if from >= until || until > MAX_POSITION {
            return Err(Problem::invalid("`from_us` must be before `until_us`"));
        }
        let [from, until] = [from, until].map(Timestamp::from_micros);
        Ok(Period { from, until })
    }
}

fn make(app: &App, caller: &Caller, within: &Within) -> Result<Report, Problem> {
    let journal = app.journal(caller)?;
    let (store, now) = (journal.store(), journal.now());
    let mut collector = Collector::new(within.period(now)?);
    let mut last = None;
    loop {
        let events = store.after(last, BATCH)?;
        for stored in &events {
            last = Some(stored.leaf_index);
            // What cannot be read is found by the verification.
            let Some(header) = HeaderView::parse(&stored.header) else { continue };
            let payload = stored.parts().and_then(|(_, payload)| parse(payload).ok());
            collector.take(&Event {
                event_type: header.event_type,
                partition: header.partition,
                offset: header.offset,
                recorded_at: Timestamp::from_micros(header.recorded_at),
                actor: header.actor,
                run: header.run,
                payload: payload.as_ref(),
            });
        }
        if events.len() < BATCH {
            break;
        }
    }
    let verified = match store.verify(&VerifyOptions::default(), &mut |_, _| {}) {
        Ok(found) => {
            Verified { events: found.events, checkpoints: found.checkpoints, problem: None }
        }
        Err(error) => Verified { events: 0, checkpoints: 0, problem: Some(error.to_string()) },
    };
    let system = app.system()?;
    let settings = app.control.registry(system.as_ref(), |all| {
        all.get(&caller.tenant).map(|tenant| tenant.settings.clone())
    })?;
    Ok(collector.report(caller.tenant.clone(), now, settings, verified))
}

/// The compliance report of a period: runs and decisions, approvals, changes of policies,
/// erasures, holds, use of the quota, and whether the whole log verifies.
#[utoipa::path(get, path = "/v1/reports/compliance", tag = "compliance",
    operation_id = "compliance_report", params(Within),
    extensions(("x-pi-permission" = json!("compliance:read"))),
    responses((status = 200, description = "The report (`pi.compliance/1`).",
            body = serde_json::Value),
        Refused))]
pub async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(within): Query<Within>,
) -> Result<Response, Problem> {
    blocking(move || Ok(Canonical(make(&app, &caller, &within)?).into_response())).await
}

/// The same report as a page to print.
#[utoipa::path(get, path = "/v1/reports/compliance/page", tag = "compliance",
    operation_id = "compliance_page", params(Within),
    extensions(("x-pi-permission" = json!("compliance:read"))),
    responses((status = 200, description = "The page.", body = String,
            content_type = "text/html"),
        Refused))]
pub async fn page(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(within): Query<Within>,
) -> Result<Response, Problem> {
    blocking(move || {
        let mut response = html(&make(&app, &caller, &within)?).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        // The one style is allowed by its hash, and nothing else.
        let hash = STANDARD.encode(Digest::of(STYLE.as_bytes()).as_bytes());
        let policy =
            format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'");
        if let Ok(policy) = HeaderValue::try_from(policy) {
            headers.insert(CONTENT_SECURITY_POLICY, policy);
        }
        Ok(response)
    })
    .await
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// Two columns under a heading; nothing where there are no rows.
fn table(out: &mut String, heading: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    // Writing to a string does not fail, here and below.
    let _ = write!(out, "<h2>{}</h2><table>", escaped(heading));
    for (name, value) in rows {
        let _ = write!(out, "<tr><td>{}</td><td>{}</td></tr>", escaped(name), escaped(value));
    }
    out.push_str("</table>");
}

fn counted<'a>(counts: impl IntoIterator<Item = (&'a String, &'a u64)>) -> Vec<(String, String)> {
    counts.into_iter().map(|(name, count)| (name.clone(), count.to_string())).collect()
}

fn incidents(out: &mut String, heading: &str, of: &Incidents) {
    let rows: Vec<_> = of
        .listed
        .iter()
        .map(|one| {
            let what = format!("{} {} {}", one.event_type, one.subject, one.detail);
            (format!("{} by {}", one.at.as_micros(), one.actor), what)
        })
        .collect();
    table(out, &format!("{heading} ({})", of.count), &rows);
}

fn html(report: &Report) -> String {
    let tenant = escaped(report.tenant.as_str());
    let activity = &report.activity;
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>Compliance of {tenant}</title><style>{STYLE}</style></head><body>\
         <h1>Compliance of {tenant}</h1>"
    );
    let row = |name: &str, value: String| (name.to_owned(), value);
    let whole = match &report.verified.problem {
        None => format!("whole: {} events were read and hashed", report.verified.events),
        Some(problem) => format!("BROKEN: {problem}"),
    };
    let days = report.settings.as_ref().and_then(|settings| settings.retention_days);
    table(
        &mut out,
        "Summary",
        &[
            row("From, in microseconds since 1970", report.period.from.as_micros().to_string()),
            row("Until", report.period.until.as_micros().to_string()),
            row("Made at", report.made_at.as_micros().to_string()),
            row("The log is", whole),
            row("Runs that were accepted", activity.accepted.to_string()),
            row("Runs under hold", report.held.to_string()),
            row(
                "Evidence is kept for",
                days.map_or("ever".to_owned(), |days| format!("{days} days")),
            ),
            row("Quota refusals", activity.quota_refusals.to_string()),
            row("Events that cannot be read", activity.unread.to_string()),
        ],
    );
    let decisions = [Decision::Allow, Decision::Review, Decision::Deny].map(|decision| {
        let count = activity.decisions.get(&decision).copied().unwrap_or_default();
        (decision.to_string(), count.to_string())
    });
    table(&mut out, "Decisions", &decisions);
    table(&mut out, "Reasons", &counted(&activity.reasons));
    table(&mut out, "Requests that were not admitted", &counted(&activity.refusals));
    let policies: Vec<_> = report
        .policies
        .iter()
        .map(|(name, active)| {
            (name.to_string(), format!("version {}, {}", active.version, active.digest))
        })
        .collect();
    table(&mut out, "Policies in force at the end", &policies);
    incidents(&mut out, "Approvals", &activity.approvals);
    incidents(&mut out, "Changes of policies", &activity.policy_changes);
    incidents(&mut out, "Redactions", &activity.redactions);
    incidents(&mut out, "Erased keys", &activity.erased_keys);
    incidents(&mut out, "Holds", &activity.holds);
    table(&mut out, "Events", &counted(&activity.events));
    out.push_str("</body></html>\n");
    out
}
