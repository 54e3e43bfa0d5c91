//! Rotation of credentials against their policy.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, ParseFailure, Span};
use pi_core::canonical::parse;
use pi_core::{Confidence, Severity, Value};

const OVERDUE: Rule = Rule {
    id: "rotation-overdue",
    summary: "credential older than its policy allows",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["NIST-SP-800-57", "CIS-AWS-1.14", "CWE-324"],
    fix: "issue a new version, move the consumers to it, then revoke the old one",
};

const VERSIONS: Rule = Rule {
    id: "too-many-active-versions",
    summary: "credential with more than two active versions",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-324"],
    fix: "revoke the versions that no consumer uses",
};

const OVERLAP: Rule = Rule {
    id: "overlap-too-long",
    summary: "old version still active after the overlap window",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-324"],
    fix: "move the last consumers and revoke the old version",
};

const CONSUMER: Rule = Rule {
    id: "consumer-not-updated",
    summary: "consumer of a version that is not the newest",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["NIST-SP-800-57"],
    fix: "move the consumer to the newest version before the old one is revoked",
};

const UNDATED: Rule = Rule {
    id: "credential-without-date",
    summary: "credential of unknown age",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["NIST-SP-800-57"],
    fix: "record `created_at` as a date",
};

declare_agent! {
    /// Compares an inventory of credentials with its rotation policy.
    ///
    /// # What it checks
    ///
    /// A JSON document with `"schema": "pi.input/rotation/1"`: the age of each
    /// credential against `max_age_days` (its own, else the policy's, else 90),
    /// the number of active versions, old versions that outlive `overlap_days`
    /// (7), and consumers that use an old version. Age counts up to the time that
    /// the request names.
    ///
    /// # Why it matters
    ///
    /// A credential that never changes gives whoever has copied it access for
    /// ever; a rotation that stops halfway breaks its consumers.
    ///
    /// # Example denied
    ///
    /// ```text
    /// {"name": "db", "created_at": "2024-01-01"}   a year later
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// {"name": "db", "created_at": "2024-01-01"}   a month later
    /// ```
    ///
    /// # Limits
    ///
    /// It plans and never acts. Without a time in the request, ages are not
    /// judged. Times of day and time zones are left out: ages are whole days.
    ///
    /// # References
    ///
    /// NIST SP 800-57, CIS AWS 1.14, CWE-324.
    pub struct AutomatedRotationEngine {
        slug: "automated_rotation_engine",
        domain: Secrets,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["pi.input/rotation/1"]),
        invariant_to: ALL,
        rules: [OVERDUE, VERSIONS, OVERLAP, CONSUMER, UNDATED],
        fixture: include_str!("fixtures/automated_rotation_engine.md"),
        check: check,
    }
}

const SECONDS_A_DAY: u64 = 86_400;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    if !text.contains("pi.input/rotation/1") {
        return Ok(());
    }
    let Ok(inventory) = parse(text.as_bytes()) else {
        return Err(ParseFailure::syntax("the inventory is no JSON", Span::default()).into());
    };
    if inventory.get("schema").and_then(Value::as_str) != Some("pi.input/rotation/1") {
        return Ok(());
    }
    let policy = |name: &str| inventory.get("policy")?.get(name)?.as_u64();
    let today = report.as_of().map(|time| time.as_micros() / 1_000_000 / SECONDS_A_DAY);
    let max_age = policy("max_age_days").unwrap_or(90);
    let overlap = policy("overlap_days").unwrap_or(7);
    let credentials = inventory.get("credentials").and_then(Value::as_array).unwrap_or_default();
    for credential in credentials {
        report.tick(1)?;
        let name = credential.get("name").and_then(Value::as_str).unwrap_or("?");
        let span = place(text, name);
        let versions = credential.get("versions").and_then(Value::as_array).unwrap_or_default();
        let active: Vec<&Value> = versions
            .iter()
            .filter(|v| v.get("active").and_then(Value::as_bool) != Some(false))
            .collect();
        let newest = active.iter().filter_map(|v| Some((created(v)?, id(v)?))).max();
        let born = newest.map(|(day, _)| day).or_else(|| created(credential));
        let limit = credential.get("max_age_days").and_then(Value::as_u64).unwrap_or(max_age);
        match (born, today) {
            (None, _) => {
                report.finding(&UNDATED, span).subject(name);
            }
            (Some(born), Some(today)) if today.saturating_sub(born) > limit => {
                let age = today.saturating_sub(born);
                report
                    .finding(&OVERDUE, span)
                    .subject(name)
                    .message(format!("{age} days old, {limit} are allowed"));
            }
            _ => {}
        }
        if active.len() > 2 {
            report.finding(&VERSIONS, span).subject(name);
        }
        let Some((born, newest)) = newest else { continue };
        if let Some(today) = today
            && active.len() > 1
            && today.saturating_sub(born) > overlap
        {
            report.finding(&OVERLAP, span).subject(name);
        }
        let consumers = credential.get("consumers").and_then(Value::as_array).unwrap_or_default();
        for consumer in consumers {
            report.tick(1)?;
            let used = consumer.get("version").and_then(Value::as_str);
            if used.is_some_and(|used| used != newest) {
                let who = consumer.get("name").and_then(Value::as_str).unwrap_or("?");
                report
                    .finding(&CONSUMER, place(text, who))
                    .subject(format!("{name}/consumers[{who}]"));
            }
        }
    }
    Ok(())
}

fn id(version: &Value) -> Option<&str> {
    version.get("id").and_then(Value::as_str)
}

/// The day of `created_at`, counted from 1970-01-01.
fn created(value: &Value) -> Option<u64> {
    let date = value.get("created_at").and_then(Value::as_str)?;
    let mut parts = date.get(..10)?.split('-');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (year, month, day) = (number()?, number()?, number()?);
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days of the civil calendar, years counted from March.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + of_year;
    days.checked_sub(719_468)
}

/// Where a name stands as a whole string.
fn place(text: &str, name: &str) -> Span {
    let quoted = format!("\"{name}\"");
    text.find(&quoted).map(|at| Span::new(at + 1, at + 1 + name.len())).unwrap_or_default()
}
