//! The values of the metrics, and their text (Prometheus exposition format 0.0.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::table::{Kind, METRICS, Metric, Source};

/// Upper bounds of the buckets of durations, in microseconds: a hundredth of a
/// millisecond to a minute.
const BUCKETS_MICROS: [u64; 8] =
    [10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 60_000_000];

/// Series of one metric. Values of the label `tenant` beyond share one series.
const MAX_SERIES: usize = 1_000;

/// The tenant of what has no series of its own.
const OTHER: &str = "_other";

/// A span that closed.
pub(crate) struct Closed<'a> {
    pub(crate) name: &'a str,
    pub(crate) number: &'a dyn Fn(&str) -> Option<u64>,
    pub(crate) text: &'a dyn Fn(&str) -> Option<String>,
    pub(crate) failed: bool,
    pub(crate) micros: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Value {
    /// A counter's or a gauge's value, or a histogram's sum in microseconds.
    number: u64,
    count: u64,
    buckets: [u64; BUCKETS_MICROS.len()],
}

/// Values of labels, in the order of the metric's labels.
type Labels = Vec<String>;

/// All metrics. Whoever counts and whoever reads share it.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By place in the table.
    series: Mutex<BTreeMap<usize, BTreeMap<Labels, Value>>>,
}

impl Metrics {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, BTreeMap<Labels, Value>>> {
        // Nothing that holds the lock can panic half-way.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a span says when it closes.
    pub(crate) fn take(&self, span: &Closed<'_>) {
        for (at, metric) in METRICS.iter().enumerate().filter(|(_, m)| m.span == span.name) {
            let number = match metric.source {
                Source::Spans => Some(1),
                Source::Failures => Some(u64::from(span.failed)),
                Source::Field(field) => (span.number)(field),
                Source::Duration => Some(span.micros),
            };
            if let Some(number) = number {
                let label = |label: &&str| (span.text)(label).unwrap_or_else(|| "none".to_owned());
                self.add(at, metric, metric.labels.iter().map(label).collect(), number);
            }
        }
    }

    fn add(&self, at: usize, metric: &Metric, mut labels: Labels, number: u64) {
        let mut all = self.lock();
        let series = all.entry(at).or_default();
        if series.len() >= MAX_SERIES && !series.contains_key(&labels) {
            let tenant = metric.labels.iter().position(|label| *label == "tenant");
            if let Some(tenant) = tenant.and_then(|at| labels.get_mut(at)) {
                OTHER.clone_into(tenant);
            }
        }
        let value = series.entry(labels).or_default();
        match metric.kind {
            Kind::Counter => value.number = value.number.saturating_add(number),
            Kind::Gauge => value.number = number,
            Kind::Histogram => {
                value.number = value.number.saturating_add(number);
                value.count += 1;
                for (bucket, bound) in value.buckets.iter_mut().zip(BUCKETS_MICROS) {
                    *bucket += u64::from(number <= bound);
                }
            }
        }
    }

    /// The metrics as text, in the order of the table and then of their labels.
    pub fn render(&self) -> String {
        let all = self.lock();
        let mut out = String::new();
        for (at, metric) in METRICS.iter().enumerate() {
            let Some(series) = all.get(&at) else { continue };
            // Writing into a string cannot fail.
            let _ = writeln!(out, "# HELP {} {}", metric.name, metric.help);
            let _ = writeln!(out, "# TYPE {} {}", metric.name, metric.kind.as_str());
            for (labels, value) in series {
                match metric.kind {
                    Kind::Counter | Kind::Gauge => {
                        sample(&mut out, metric, "", labels, None, &value.number.to_string());
                    }
                    Kind::Histogram => histogram(&mut out, metric, labels, value),
                }
            }
        }
        out
    }
}

fn histogram(out: &mut String, metric: &Metric, labels: &[String], value: &Value) {
    for (bucket, bound) in value.buckets.iter().zip(BUCKETS_MICROS) {
        sample(out, metric, "_bucket", labels, Some(&seconds(bound)), &bucket.to_string());
    }
    sample(out, metric, "_bucket", labels, Some("+Inf"), &value.count.to_string());
    sample(out, metric, "_sum", labels, None, &seconds(value.number));
    sample(out, metric, "_count", labels, None, &value.count.to_string());
}

fn sample(
    out: &mut String,
    metric: &Metric,
    suffix: &str,
    labels: &[String],
    bound: Option<&str>,
    number: &str,
) {
    let named = metric.labels.iter().copied().zip(labels.iter().map(String::as_str));
    let pairs: Vec<String> = named
        .chain(bound.map(|bound| ("le", bound)))
        .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
        .collect();
    let pairs = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
    let _ = writeln!(out, "{}{suffix}{pairs} {number}", metric.name);
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Microseconds as a decimal number of seconds, without floating point.
fn seconds(micros: u64) -> String {
    let (whole, part) = (micros / 1_000_000, micros % 1_000_000);
    if part == 0 {
        return whole.to_string();
    }
    format!("{whole}.{part:06}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(metrics: &Metrics, tenant: &str, micros: u64) {
        metrics.take(&Closed {
            name: "run",
            number: &|field| (field == "receipts").then_some(3),
            text: &|label| (label == "tenant").then(|| tenant.to_owned()),
            failed: false,
            micros,
        });
    }

    #[test]
    fn durations_fall_into_buckets_that_add_up() {
        let metrics = Metrics::default();
        for micros in [5, 10, 11, 1_500_000, 90_000_000] {
            closed(&metrics, "local", micros);
        }
        let text = metrics.render();
        for line in [
            "# TYPE pi_run_duration_seconds histogram",
            r#"pi_run_duration_seconds_bucket{tenant="local",le="0.00001"} 2"#,
            r#"pi_run_duration_seconds_bucket{tenant="local",le="0.0001"} 3"#,
            r#"pi_run_duration_seconds_bucket{tenant="local",le="60"} 4"#,
            r#"pi_run_duration_seconds_bucket{tenant="local",le="+Inf"} 5"#,
            r#"pi_run_duration_seconds_sum{tenant="local"} 91.500026"#,
            r#"pi_run_duration_seconds_count{tenant="local"} 5"#,
            r#"pi_receipts_total{tenant="local"} 15"#,
            r#"pi_runs_total{tenant="local",decision="none"} 5"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("pi_findings_total"), "a field that was not said is not counted");
    }

    #[test]
    fn series_are_bounded() {
        let metrics = Metrics::default();
        for number in 0..MAX_SERIES + 50 {
            closed(&metrics, &format!("t{number}"), 1);
        }
        let text = metrics.render();
        let series = text.lines().filter(|line| line.starts_with("pi_receipts_total{")).count();
        assert_eq!(series, MAX_SERIES + 1);
        assert!(text.contains(r#"pi_receipts_total{tenant="_other"} 150"#), "{text:.300}");
    }

    #[test]
    fn labels_cannot_break_out_of_their_quotes() {
        assert_eq!(escaped("a\"b\\c\nd"), r#"a\"b\\c\nd"#);
        assert_eq!(
            (seconds(0), seconds(1_000_000), seconds(1)),
            ("0".into(), "1".into(), "0.000001".into())
        );
    }
}
