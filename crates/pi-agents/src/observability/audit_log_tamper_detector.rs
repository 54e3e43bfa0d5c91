//! See [`AuditLogTamperDetector`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::log_text::{Record, is_log, records};

const GAP: Rule = Rule {
    id: "sequence-gap",
    summary: "numbers are missing between two records of a log",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-778"],
    fix: "compare with a second copy of the log, and find out who could write to it",
};

const REPEAT: Rule = Rule {
    id: "sequence-repeated",
    summary: "a number of a log stands twice, or goes back",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-778"],
    fix: "find out whether the writer was restarted, or records were put in",
};

const BACKWARDS: Rule = Rule {
    id: "time-goes-back",
    summary: "a record is older than the one before it",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-117"],
    fix: "find out whether the clock was set, logs were merged, or records were put in",
};

const CHAIN: Rule = Rule {
    id: "broken-hash-chain",
    summary: "a record does not name the hash of the one before it",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "take everything from here on as untrusted, and compare with a copy",
};

const STOPPED: Rule = Rule {
    id: "logging-stopped",
    summary: "logging was switched off, or a log was cleared",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-778", "OWASP-A09:2021"],
    fix: "ask who did it, and forbid it to all but one account",
};

declare_agent! {
    /// Finds traces of records that were removed from a log, changed or put in.
    ///
    /// # What it checks
    /// Logs, one record a line, in JSON, `key=value`, syslog or the audit daemon's
    /// format: sequence numbers (gaps, repeats), times that go back, chains of hashes,
    /// and records that say that logging was switched off: audit daemon, Windows
    /// event log, CloudTrail, Google Cloud, Kubernetes audit policy.
    ///
    /// # Why it matters
    /// Who breaks in removes the traces first. What removal leaves behind is a hole.
    ///
    /// # Example denied
    /// ```text
    /// {"seq": 7, "event": "login"}
    /// {"seq": 9, "event": "logout"}
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// {"seq": 7, "event": "login"}
    /// {"seq": 8, "event": "logout"}
    /// ```
    ///
    /// # Limits
    /// Hashes are compared with each other and not computed anew: what was hashed is
    /// not known. Records cut from the end of a log leave no trace in it. Numbers are
    /// followed per host, source and stream where the records name one.
    ///
    /// # References
    /// CWE-778; CWE-117; NIST SP 800-53 AU-9 and AU-10; RFC 5848.
    pub struct AuditLogTamperDetector {
        slug: "audit_log_tamper_detector",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text],
        triggers: Always,
        invariant_to: ALL,
        rules: [GAP, REPEAT, BACKWARDS, CHAIN, STOPPED],
        fixture: include_str!("fixtures/audit_log_tamper_detector.md"),
        check: check,
    }
}

const NUMBERS: &[&str] = &[
    "seq",
    "sequence",
    "sequence_number",
    "sequenceNumber",
    "sequenceId",
    "sequence_id",
    "EventRecordID",
];
const SOURCES: &[&str] =
    &["host", "hostname", "source", "stream", "node", "logger", "pid", "component"];
const BEFORE: &[&str] = &["prev_hash", "previous_hash", "prevHash", "previousHash", "prev_digest"];
const OWN: &[&str] = &["hash", "entry_hash", "record_hash", "digest"];

/// A step back in time of so much is disorder of threads.
const SLACK: i64 = 2_000_000;

/// Fields whose value says that logging was switched off.
const SWITCHES: &[(&[&str], &[&str])] = &[
    (&["audit_enabled"], &["0"]),
    (&["type"], &["DAEMON_ABORT"]),
    (&["EventID", "event_id"], &["1102", "104"]),
    (
        &["eventName"],
        &[
            "StopLogging",
            "DeleteTrail",
            "DeleteFlowLogs",
            "DeleteLogGroup",
            "DisableSecurityHub",
            "StopConfigurationRecorder",
        ],
    ),
    (
        &["methodName"],
        &[
            "google.logging.v2.ConfigServiceV2.DeleteSink",
            "google.logging.v2.LoggingServiceV2.DeleteLog",
        ],
    ),
];

#[derive(Default)]
struct Last {
    number: Option<u64>,
    time: Option<i64>,
    hash: Option<String>,
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    if !is_log(artifact.path(), text) {
        return Ok(());
    }
    let mut streams: BTreeMap<String, Last> = BTreeMap::new();
    for (line, record) in records(text).iter().enumerate() {
        report.tick(1 + record.fields.len() as u64)?;
        let source: Vec<&str> = SOURCES.iter().filter_map(|name| record.get(&[name])).collect();
        let last = streams.entry(source.join("/")).or_default();
        compare(record, last, line + 1, report);
        for (names, values) in SWITCHES {
            if let Some(value) = record.get(names).filter(|value| values.contains(value)) {
                report
                    .finding(&STOPPED, record.span)
                    .message(format!("`{value}`: {}", STOPPED.summary))
                    .subject(format!("{value}[{}]", line + 1));
            }
        }
    }
    Ok(())
}

fn compare(record: &Record, last: &mut Last, line: usize, report: &mut Report) {
    let number = record.get(NUMBERS).and_then(|text| text.parse::<u64>().ok());
    if let (Some(before), Some(now)) = (last.number, number) {
        let missing = now.saturating_sub(before).saturating_sub(1);
        if now <= before {
            report
                .finding(&REPEAT, record.span)
                .message(format!("number {now} follows number {before}"))
                .subject(format!("number {now}"));
        } else if missing > 0 {
            report
                .finding(&GAP, record.span)
                .message(format!("{missing} records are missing between {before} and {now}"))
                .subject(format!("number {now}"));
        }
    }
    if let (Some(before), Some(now)) = (last.time, record.time)
        && before.saturating_sub(now) > SLACK
    {
        report
            .finding(&BACKWARDS, record.span)
            .message(format!(
                "{} seconds older than the record before it",
                (before - now) / 1_000_000
            ))
            .subject(format!("record {line}"));
    }
    if let (Some(before), Some(told)) = (&last.hash, record.get(BEFORE))
        && !before.eq_ignore_ascii_case(told)
    {
        report.finding(&CHAIN, record.span).subject(format!("record {line}"));
    }
    last.number = number.or(last.number);
    last.time = record.time.or(last.time);
    last.hash = record.get(OWN).map(str::to_owned);
}
