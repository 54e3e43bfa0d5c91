//! See [`RuntimeAnomalySentry`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::log_text::{Record, records};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $confidence:ident, $references:expr, $summary:literal, $fix:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::$confidence,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    OUTLIER,
    "outlier-in-series",
    Low,
    Medium,
    ["CWE-400"],
    "a value lies far from all others of its series",
    "look at what happened at that time"
);
rule!(
    ERRORS,
    "high-error-share",
    Medium,
    High,
    ["CWE-755"],
    "one in twenty requests, or more, ends in an error of the server",
    "look at the errors of the service, and alert on this share"
);
rule!(
    KILLED,
    "killed-for-memory",
    Medium,
    High,
    ["CWE-400"],
    "a process was killed because memory ran out",
    "find what grows, and set the limit to what the process needs"
);
rule!(
    SHELL,
    "shell-from-server-process",
    High,
    Medium,
    ["CWE-78"],
    "a server process started a shell",
    "find out which request caused it; treat the machine as taken over until then"
);

declare_agent! {
    /// Finds anomalies in metrics and events of running systems.
    ///
    /// # What it checks
    /// Numbers in CSV with a column of times: values far from the median of their
    /// column, by the median absolute deviation, which single spikes do not move.
    /// Metrics in the text form of Prometheus: the share of requests with a status of
    /// 500 and more. Records of kernels, Kubernetes and Falco, one a line: processes
    /// that were killed for memory, shells whose parent is a server.
    ///
    /// # Why it matters
    /// What differs from itself is where to look first.
    ///
    /// # Example denied
    /// ```text
    /// http_requests_total{code="200"} 900
    /// http_requests_total{code="500"} 100
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// http_requests_total{code="200"} 999
    /// http_requests_total{code="500"} 1
    /// ```
    ///
    /// # Limits
    /// A series needs 12 values; seasons are not known, so a nightly job looks like an
    /// outlier. Columns that only count up are left out. All numbers are read as
    /// whole millionths, without floating point.
    ///
    /// # References
    /// Iglewicz and Hoaglin 1993: modified z-scores; Prometheus: exposition formats;
    /// Falco: default rules.
    pub struct RuntimeAnomalySentry {
        slug: "runtime_anomaly_sentry",
        domain: Observability,
        phase: Extract,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text],
        triggers: Always,
        invariant_to: ALL,
        rules: [OUTLIER, ERRORS, KILLED, SHELL],
        fixture: include_str!("fixtures/runtime_anomaly_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    let name = artifact.file_name().to_ascii_lowercase();
    if name.ends_with(".csv") {
        return table(text, report);
    }
    if text.lines().any(|line| line.starts_with("# TYPE ") || line.contains("_total{")) {
        metrics(text, report)?;
    }
    events(text, report)
}

/// A number in millionths.
fn millionths(text: &str) -> Option<i128> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || !plain(whole) || !plain(fraction) || whole.len() > 18 {
        return None;
    }
    let fraction: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some(sign * (whole * 1_000_000 + fraction.parse::<i128>().ok()?))
}

fn table(text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut at = 0;
    let mut lines = text.split_inclusive('\n').map(|raw| {
        let start = at;
        at += raw.len();
        (start, raw.trim_end())
    });
    let Some((_, header)) = lines.next() else { return Ok(()) };
    let names: Vec<&str> = header.split(',').map(|name| name.trim().trim_matches('"')).collect();
    let is_time = |name: &str| {
        matches!(name.to_ascii_lowercase().as_str(), "time" | "timestamp" | "ts" | "date")
    };
    if !names.first().is_some_and(|name| is_time(name)) {
        return Ok(());
    }
    let mut columns: Vec<Vec<(i128, Span)>> = vec![Vec::new(); names.len()];
    for (start, line) in lines {
        report.tick(names.len() as u64)?;
        let mut offset = start;
        for (cell, column) in line.split(',').zip(&mut columns) {
            if let Some(value) = millionths(cell.trim_matches('"')) {
                column.push((value, Span::new(offset, offset + cell.len())));
            }
            offset += cell.len() + 1;
        }
    }
    for (name, column) in names.iter().zip(&columns).skip(1) {
        report.tick(column.len() as u64 * 4)?;
        series(name, column, report);
    }
    Ok(())
}

fn median(values: &mut [i128]) -> i128 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

fn series(name: &str, column: &[(i128, Span)], report: &mut Report) {
    let counts_up = column.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a <= b));
    if column.len() < 12 || counts_up {
        return;
    }
    let mut values: Vec<i128> = column.iter().map(|(value, _)| *value).collect();
    let middle = median(&mut values);
    let mut distances: Vec<i128> = values.iter().map(|value| (value - middle).abs()).collect();
    // A flat series has no spread; one part in a hundred of its height stands for it.
    let spread = median(&mut distances).max(middle.abs() / 100).max(1);
    for (value, span) in column {
        // The modified z-score above 8: 0.6745 * distance / spread.
        if (value - middle).abs() * 6_745 > spread * 80_000 {
            report
                .finding(&OUTLIER, *span)
                .message(format!("a value of `{name}` lies far from the others"))
                .subject(format!("{name}/{value}"));
        }
    }
}

/// Counters of requests with a label for the status.
fn metrics(text: &str, report: &mut Report) -> Result<(), Stop> {
    /// All requests, those that failed, and the place of the last one that did.
    type Sums = (i128, i128, Option<Span>);
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        report.tick(1)?;
        let span = Span::new(at, at + raw.trim_end().len());
        at += raw.len();
        let Some((name, rest)) = raw.split_once('{').filter(|_| !raw.starts_with('#')) else {
            continue;
        };
        let Some((labels, value)) = rest.rsplit_once('}') else { continue };
        let Some(value) = value.split_whitespace().next().and_then(millionths) else { continue };
        let status = labels.split(',').find_map(|label| {
            let (key, value) = label.split_once('=')?;
            matches!(key.trim(), "code" | "status" | "status_code" | "response_code")
                .then(|| value.trim_matches('"'))
        });
        let requests =
            name.contains("request") && name.ends_with("_total") || name.ends_with("_requests");
        let Some(status) = status.filter(|status| requests && status.len() == 3) else { continue };
        let entry = sums.entry(name.to_owned()).or_insert((0, 0, None));
        entry.0 += value;
        if status.starts_with('5') && value > 0 {
            entry.1 += value;
            entry.2 = Some(span);
        }
    }
    for (name, (all, failed, place)) in &sums {
        if let Some(span) = place
            && failed * 20 >= *all
            // Of a handful, one is no share.
            && *all >= 100_000_000
        {
            let percent = failed * 100 / all;
            report
                .finding(&ERRORS, *span)
                .message(format!("{percent} percent of `{name}` ended in an error of the server"))
                .subject(name.clone());
        }
    }
    Ok(())
}

/// Programs that answer requests.
const SERVERS: &[&str] = &[
    "nginx",
    "httpd",
    "apache2",
    "java",
    "node",
    "php-fpm",
    "gunicorn",
    "uwsgi",
    "tomcat",
    "mysqld",
    "postgres",
    "redis-server",
    "mongod",
    "caddy",
    "haproxy",
    "envoy",
];

const SHELLS: &[&str] = &["sh", "bash", "dash", "zsh", "ash", "ksh"];

fn events(text: &str, report: &mut Report) -> Result<(), Stop> {
    for (line, record) in records(text).iter().enumerate() {
        report.tick(1 + record.fields.len() as u64)?;
        let raw = record.span.of(text);
        let kernel = raw.contains("Out of memory: Killed process ")
            || raw.contains("Memory cgroup out of memory: Killed process ");
        if kernel || record.get(&["reason"]) == Some("OOMKilled") {
            report.finding(&KILLED, record.span).subject(format!("record {}", line + 1));
        }
        if let Some((parent, shell)) = shell(record, raw) {
            report
                .finding(&SHELL, record.span)
                .message(format!("`{parent}` started `{shell}`"))
                .subject(format!("{parent}/{shell}[{}]", line + 1));
        }
    }
    Ok(())
}

/// Parent and child of an event about a process, when a server started a shell.
fn shell<'a>(record: &'a Record, raw: &'a str) -> Option<(&'a str, &'a str)> {
    // Falco nests its fields in one object; their names are unique.
    let nested = |name: &str| {
        let (_, rest) = raw.split_once(&format!("\"{name}\""))?;
        rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()
    };
    let child = record.get(&["proc.name", "process", "comm"]).or_else(|| nested("proc.name"))?;
    let parent = record.get(&["proc.pname", "parent", "pcomm"]).or_else(|| nested("proc.pname"))?;
    (SHELLS.contains(&child) && SERVERS.contains(&parent)).then_some((parent, child))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misc_numbers_without_floating_point() {
        assert_eq!(millionths("1.5"), Some(1_500_000));
        assert_eq!(millionths("-0.0000019"), Some(-1));
        assert_eq!(millionths("7"), Some(7_000_000));
        for text in ["", "NaN", "1e5", "1.2.3", "-", "99999999999999999999"] {
            assert_eq!(millionths(text), None, "{text}");
        }
    }
}
