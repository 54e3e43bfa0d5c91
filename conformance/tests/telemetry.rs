//! Telemetry: what the spans of the shells become.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use pi_conformance::laboratory::Laboratory;
use pi_conformance::{straw, text};
use pi_core::Reason;
use pi_core::canonical::{Value, parse};
use pi_kernel::request::EvidenceMode;
use pi_telemetry::{Format, Log, Metrics, Options, dispatch};
use tracing::field::Empty;
use tracing::{Dispatch, info_span};

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn json(&self) -> Vec<Value> {
        self.lines().iter().map(|line| parse(line.as_bytes()).unwrap()).collect()
    }
}

/// Everything is heard: lines of `format`, and metrics.
fn heard(format: Format) -> (Dispatch, Written, Arc<Metrics>) {
    let (written, metrics) = (Written::default(), Arc::new(Metrics::default()));
    let log = Log {
        filter: "trace".parse().unwrap(),
        format,
        correlation_id: "c-1".to_owned(),
        writer: Mutex::new(Box::new(written.clone())),
    };
    let options = Options { log: Some(log), metrics: Some(Arc::clone(&metrics)) };
    (dispatch(options).unwrap(), written, metrics)
}

fn measured(work: impl FnOnce()) -> String {
    let (dispatch, _, metrics) = heard(Format::Json);
    tracing::dispatcher::with_default(&dispatch, work);
    metrics.render()
}

/// A commit as the store opens one.
fn commit(size: u64) {
    info_span!(target: "pi_store", "commit", tenant = "local", events = 2_u64, size);
}

fn has(metrics: &str, line: &str) {
    assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
}

#[test]
fn TEL1_a_counter_is_visible() {
    let metrics = measured(|| commit(2));
    has(&metrics, "# TYPE pi_commits_total counter");
    has(&metrics, r#"pi_commits_total{tenant="local"} 1"#);
    has(&metrics, r#"pi_commit_events_total{tenant="local"} 2"#);
    assert_eq!(measured(|| ()), "");
}

#[test]
fn TEL2_ten_threads_count_exactly() {
    let (dispatch, _, metrics) = heard(Format::Json);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                tracing::dispatcher::with_default(&dispatch, || (0..100).for_each(|_| commit(1)));
            });
        }
    });
    has(&metrics.render(), r#"pi_commits_total{tenant="local"} 1000"#);
    has(&metrics.render(), r#"pi_commit_events_total{tenant="local"} 2000"#);
}

#[test]
fn TEL3_a_gauge_shows_its_newest_value() {
    let metrics = measured(|| [7, 9, 8].into_iter().for_each(commit));
    has(&metrics, "# TYPE pi_log_events gauge");
    has(&metrics, r#"pi_log_events{tenant="local"} 8"#);
}

#[test]
fn TEL4_a_histogram_shows_count_and_sum() {
    let metrics = measured(|| (0..3).for_each(commit));
    has(&metrics, "# TYPE pi_commit_duration_seconds histogram");
    has(&metrics, r#"pi_commit_duration_seconds_count{tenant="local"} 3"#);
    has(&metrics, r#"pi_commit_duration_seconds_bucket{tenant="local",le="+Inf"} 3"#);
    let sum = metrics.lines().find(|line| line.starts_with("pi_commit_duration_seconds_sum"));
    let (_, sum) = sum.unwrap().rsplit_once(' ').unwrap();
    assert!(sum.starts_with("0.") && sum.bytes().any(|digit| (b'1'..=b'9').contains(&digit)));
}

#[test]
fn TEL5_a_log_line_is_json_with_its_correlation_id() {
    let (dispatch, written, _) = heard(Format::Json);
    tracing::dispatcher::with_default(&dispatch, || {
        let _run = info_span!(target: "pi_runtime", "run", tenant = "local").entered();
        tracing::warn!(node = 3_u64, "a \"quoted\"\nevent");
    });
    let lines = written.json();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert_eq!(text(line, "correlation_id"), "c-1");
        assert!(line.get("time").and_then(Value::as_u64).is_some());
    }
    assert_eq!((text(&lines[0], "level"), text(&lines[1], "level")), ("warn", "info"));
    let fields = lines[0].get("fields").unwrap();
    assert_eq!(text(fields, "message"), "a \"quoted\"\nevent");
    assert_eq!(fields.get("node").and_then(Value::as_u64), Some(3));
    assert_eq!(text(lines[1].get("fields").unwrap(), "tenant"), "local");
}

#[test]
fn TEL6_a_span_has_a_duration() {
    let (dispatch, written, _) = heard(Format::Json);
    tracing::dispatcher::with_default(&dispatch, || commit(1));
    let duration = written.json()[0].get("duration_us").and_then(Value::as_u64);
    assert!(duration.unwrap() > 0);
    let (dispatch, written, _) = heard(Format::Text);
    tracing::dispatcher::with_default(&dispatch, || commit(1));
    let lines = written.lines();
    assert!(lines[0].starts_with("info  commit events=2 size=1 tenant=local 0."), "{lines:?}");
    assert!(lines[0].ends_with(" ms"), "{lines:?}");
}

#[test]
fn TEL7_a_failing_scope_marks_its_span() {
    let (dispatch, written, metrics) = heard(Format::Json);
    tracing::dispatcher::with_default(&dispatch, || {
        commit(1);
        let failing = info_span!(target: "pi_store", "commit", tenant = "local", error = Empty);
        failing.record("error", Reason::LogUnavailable.code());
    });
    let lines = written.json();
    assert_eq!((text(&lines[0], "status"), text(&lines[1], "status")), ("OK", "ERROR"));
    assert_eq!(text(lines[1].get("fields").unwrap(), "error"), "log_unavailable");
    has(&metrics.render(), r#"pi_commit_failures_total{tenant="local"} 1"#);
}

#[test]
fn a_run_that_fails_to_replay_marks_its_span() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let run = laboratory.scan(&journal, vec![&straw::Quiet], EvidenceMode::None).run;
    let (dispatch, written, metrics) = heard(Format::Json);
    tracing::dispatcher::with_default(&dispatch, || {
        laboratory.replay(&journal, vec![&straw::Quiet], &run).err().unwrap();
    });
    let lines = written.json();
    let replay = lines.iter().find(|line| text(line, "status") == "ERROR").unwrap();
    let fields = replay.get("fields").unwrap();
    assert_eq!(
        (text(fields, "error"), text(fields, "run_id")),
        ("inputs_not_retained", run.as_str())
    );
    has(&metrics.render(), r#"pi_replay_failures_total{tenant="local"} 1"#);
    has(&metrics.render(), r#"pi_replays_total{tenant="local",result="none"} 1"#);
}
