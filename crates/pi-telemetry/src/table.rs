//! Every metric there is. `docs/reference/telemetry.md` is made from this table, and what
//! is not in it is not measured.
//!
//! Metrics are made from the spans that the shells open: no code counts anything beside
//! them. Labels are `tenant` and words of closed lists; no path, no payload, no name that
//! somebody chose but the tenant's can become one.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// The newest value.
    Gauge,
    /// Durations in buckets, with their count and sum.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// What of a span that closes goes into a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// One for each span.
    Spans,
    /// One for each span whose scope failed.
    Failures,
    /// The number in this field.
    Field(&'static str),
    /// How long it was open.
    Duration,
}

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its stable name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What it counts.
    pub unit: &'static str,
    /// Fields of the span that become labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// The span that it is made from.
    pub span: &'static str,
    /// What of the span goes into it.
    pub source: Source,
}

/// Every label, and what it can be.
pub const LABELS: &[(&str, &str)] = &[
    ("decision", "`ALLOW`, `REVIEW`, `DENY`; `none` where a run came to none"),
    ("phase", "`INGEST`, `EXTRACT`, `DIFF`, `VALIDATE`, `RISK`, `GOVERN`, `EMIT`"),
    (
        "result",
        "`identical`, `explained_by_revision`, `diverged`; `none` where a replay ended early",
    ),
    ("status", "`succeeded`, `failed`, `blocked`, `skipped`; `none` where the run ended before"),
    ("tenant", "the tenant's name; `_other` for tenants beyond the thousandth series"),
];

/// Every span, and what it stands around.
pub const SPANS: &[(&str, &str)] = &[
    ("run", "one run, from its acceptance to its seal; `resumed` when it was taken over"),
    ("phase", "one of the seven phases of a run, to its boundary"),
    ("node", "one node of a composition, by its number, to its receipt"),
    ("job_batch", "the examinations that are asked for at once"),
    ("examination", "the examination of one artifact, by its number"),
    ("commit", "one commit of the log, with its checkpoint"),
    ("verify", "one verification of a log"),
    ("replay", "one repetition of a recorded run"),
    ("alerts", "one round of sending alerts, and those that found no room"),
];

macro_rules! metrics {
    ($($name:literal $kind:ident $unit:literal [$($label:literal),*] $span:literal $source:expr, $help:literal;)+) => {
        /// Every metric.
        pub const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: Kind::$kind,
            unit: $unit,
            labels: &[$($label),*],
            help: $help,
            span: $span,
            source: $source,
        }),+];
    };
}

metrics! {
    "pi_runs_total" Counter "runs" ["tenant", "decision"] "run" Source::Spans,
        "Runs that ended.";
    "pi_run_failures_total" Counter "runs" ["tenant"] "run" Source::Failures,
        "Runs that came to no outcome.";
    "pi_run_duration_seconds" Histogram "seconds" ["tenant"] "run" Source::Duration,
        "Time of a run.";
    "pi_receipts_total" Counter "receipts" ["tenant"] "run" Source::Field("receipts"),
        "Receipts and coverages that runs issued.";
    "pi_findings_total" Counter "findings" ["tenant"] "run" Source::Field("findings"),
        "Findings of runs.";
    "pi_phase_duration_seconds" Histogram "seconds" ["tenant", "phase"] "phase" Source::Duration,
        "Time of a phase.";
    "pi_nodes_total" Counter "nodes" ["tenant", "status"] "node" Source::Spans,
        "Nodes that ended.";
    "pi_node_duration_seconds" Histogram "seconds" ["tenant"] "node" Source::Duration,
        "Time of a node.";
    "pi_jobs_total" Counter "jobs" ["tenant"] "job_batch" Source::Field("jobs"),
        "Examinations that were asked for.";
    "pi_examination_duration_seconds" Histogram "seconds" ["tenant"] "examination" Source::Duration,
        "Time of the examination of one artifact.";
    "pi_examination_failures_total" Counter "examinations" ["tenant"] "examination" Source::Failures,
        "Examinations that panicked, ran out of time, or found other bytes.";
    "pi_commits_total" Counter "commits" ["tenant"] "commit" Source::Spans,
        "Commits of the log.";
    "pi_commit_failures_total" Counter "commits" ["tenant"] "commit" Source::Failures,
        "Commits of the log that failed.";
    "pi_commit_events_total" Counter "events" ["tenant"] "commit" Source::Field("events"),
        "Events that were submitted to commits.";
    "pi_commit_duration_seconds" Histogram "seconds" ["tenant"] "commit" Source::Duration,
        "Time of a commit.";
    "pi_log_events" Gauge "events" ["tenant"] "commit" Source::Field("size"),
        "Events that the newest checkpoint covers.";
    "pi_verified_events_total" Counter "events" ["tenant"] "verify" Source::Field("events"),
        "Events that verifications re-read.";
    "pi_verify_failures_total" Counter "verifications" ["tenant"] "verify" Source::Failures,
        "Verifications that failed.";
    "pi_verify_duration_seconds" Histogram "seconds" ["tenant"] "verify" Source::Duration,
        "Time of a verification.";
    "pi_replays_total" Counter "replays" ["tenant", "result"] "replay" Source::Spans,
        "Replays that ended.";
    "pi_replay_failures_total" Counter "replays" ["tenant"] "replay" Source::Failures,
        "Replays that came to no comparison.";
    "pi_replay_records_total" Counter "records" ["tenant"] "replay" Source::Field("compared"),
        "Records that replays compared.";
    "pi_replay_duration_seconds" Histogram "seconds" ["tenant"] "replay" Source::Duration,
        "Time of a replay.";
    "pi_alerts_sent_total" Counter "alerts" [] "alerts" Source::Field("sent"),
        "Alerts that arrived.";
    "pi_alerts_retried_total" Counter "alerts" [] "alerts" Source::Field("retried"),
        "Attempts that failed and are repeated.";
    "pi_alerts_dead_total" Counter "alerts" [] "alerts" Source::Field("dead"),
        "Alerts that were given up; each is an event `alert.undelivered`.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_labels_and_spans_are_of_the_lists() {
        let mut names = BTreeSet::new();
        for metric in METRICS {
            assert!(names.insert(metric.name), "{} twice", metric.name);
            assert!(metric.name.starts_with("pi_"));
            let plain = metric.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(plain, "{}", metric.name);
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"));
            assert_eq!(metric.kind == Kind::Histogram, metric.name.ends_with("_seconds"));
            assert_eq!(metric.kind == Kind::Histogram, metric.source == Source::Duration);
            assert!(SPANS.iter().any(|(span, _)| *span == metric.span), "{}", metric.name);
            for label in metric.labels {
                assert!(LABELS.iter().any(|(known, _)| known == label), "{}", metric.name);
            }
        }
    }
}
