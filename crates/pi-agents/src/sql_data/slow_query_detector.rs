//! See [`SlowQueryDetector`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $references:expr, $summary:literal, $fix:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::High,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    SCAN,
    "large-sequential-scan",
    Medium,
    ["CWE-1089"],
    "a table is read from end to end and nearly all of it is thrown away",
    "add an index on the columns of the filter"
);
rule!(
    ESTIMATE,
    "row-misestimate",
    Low,
    ["CWE-1089"],
    "the planner is wrong about the number of rows by a hundred times or more",
    "run ANALYZE, raise the statistics target, or add extended statistics for columns that go together"
);
rule!(
    LOOP,
    "repeated-inner-scan",
    Medium,
    ["CWE-1089"],
    "the inner side of a nested loop reads a whole table again and again",
    "add an index on the join column"
);
rule!(
    DISK,
    "sort-on-disk",
    Low,
    ["CWE-1050"],
    "a sort or hash does not fit into memory and goes to disk",
    "raise work_mem for this query, or add an index in the order that is wanted"
);
rule!(
    SLOW,
    "slow-statement",
    Low,
    ["CWE-1050"],
    "a statement took more than five seconds",
    "look at its plan: EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)"
);

declare_agent! {
    /// Finds why queries are slow, in plans and in logs of databases.
    ///
    /// # What it checks
    /// Plans of PostgreSQL (`EXPLAIN (ANALYZE, FORMAT JSON)`): scans of large tables
    /// that throw most rows away, estimates that are wrong by a hundred times, inner
    /// sides of loops that scan again and again, sorts on disk. Slow logs of MySQL and
    /// durations in logs of PostgreSQL above five seconds.
    ///
    /// # Why it matters
    /// A scan costs more with every row; the query that is fast today is the outage
    /// of next year.
    ///
    /// # Example denied
    /// ```json
    /// [{"Plan": {"Node Type": "Seq Scan", "Relation Name": "orders",
    ///   "Actual Rows": 3, "Actual Loops": 1, "Rows Removed by Filter": 500000}}]
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// [{"Plan": {"Node Type": "Index Scan", "Relation Name": "orders", "Actual Rows": 3}}]
    /// ```
    ///
    /// # Limits
    /// A plan without ANALYZE has no real numbers: only estimates of scans with a
    /// filter are looked at. Limits are fixed: 100 thousand rows, 1 thousand loops.
    ///
    /// # References
    /// PostgreSQL: using EXPLAIN; MySQL: the slow query log; CWE-1089.
    pub struct SlowQueryDetector {
        slug: "slow_query_detector",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Json, Kind::Text],
        triggers: Any(&["Node Type", "Query_time", "duration:"]),
        invariant_to: ALL,
        rules: [SCAN, ESTIMATE, LOOP, DISK, SLOW],
        fixture: include_str!("fixtures/slow_query_detector.md"),
        check: check,
    }
}

const LARGE: u64 = 100_000;
const MANY_LOOPS: u64 = 1_000;
const SLOW_SECONDS: u64 = 5;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Text {
        return log(artifact.parsable_text()?, report);
    }
    for document in artifact.data()? {
        let root = &document.root;
        let one = std::slice::from_ref(root);
        for plan in if root.is_map() { one } else { root.items() } {
            if let Some(plan) = plan.get("Plan") {
                walk(plan, false, report)?;
            }
        }
    }
    Ok(())
}

/// The whole part of a number.
fn number(node: &Node, key: &str) -> Option<u64> {
    let text = node.get(key)?.scalar()?;
    text.split(['.', 'e', 'E']).next()?.parse().ok()
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::as_str).unwrap_or_default()
}

fn walk(plan: &Node, inner: bool, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    let kind = text(plan, "Node Type");
    let relation = text(plan, "Relation Name");
    let place = plan.entry("Node Type").map_or(plan.span, |entry| entry.key_span);
    let subject = if relation.is_empty() { kind.to_owned() } else { format!("{kind}/{relation}") };
    let loops = number(plan, "Actual Loops").unwrap_or(1);
    let actual = number(plan, "Actual Rows");
    let estimate = number(plan, "Plan Rows");
    let scan = matches!(kind, "Seq Scan" | "Parallel Seq Scan");
    let removed = number(plan, "Rows Removed by Filter").unwrap_or(0).saturating_mul(loops);
    let kept = actual.unwrap_or(0).saturating_mul(loops);
    let executed = actual.is_some();
    let wasteful = if executed {
        removed >= LARGE && removed / 10 >= kept
    } else {
        plan.get("Filter").is_some() && estimate.is_some_and(|rows| rows >= 10 * LARGE)
    };
    if scan && inner && loops >= MANY_LOOPS {
        report
            .finding(&LOOP, place)
            .message(format!("`{relation}` is read from end to end {loops} times"))
            .subject(subject.clone());
    } else if scan && wasteful {
        let message = if executed {
            format!(
                "`{relation}` is read from end to end, and {removed} of its rows are thrown away"
            )
        } else {
            format!("`{relation}` is read from end to end")
        };
        report.finding(&SCAN, place).message(message).subject(subject.clone());
    }
    if let (Some(actual), Some(estimate)) = (actual, estimate) {
        let (low, high) = (actual.min(estimate).max(1), actual.max(estimate));
        if high / low >= 100 && high >= 1_000 {
            report
                .finding(&ESTIMATE, place)
                .message(format!("{estimate} rows were expected and {actual} came"))
                .subject(subject.clone());
        }
    }
    let spilled = text(plan, "Sort Space Type") == "Disk"
        || number(plan, "Hash Batches").is_some_and(|batches| batches > 1);
    if spilled {
        report.finding(&DISK, place).subject(subject);
    }
    let below = plan.get("Plans").map(Node::items).unwrap_or_default();
    for (index, child) in below.iter().enumerate() {
        walk(child, kind == "Nested Loop" && index > 0, report)?;
    }
    Ok(())
}

/// `# Query_time: 12.3 ...` of MySQL, `duration: 6001.2 ms  statement: ...` of PostgreSQL.
fn log(text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut at = 0;
    for (line, raw) in text.split_inclusive('\n').enumerate() {
        report.tick(1)?;
        let span = Span::new(at, at + raw.trim_end().len());
        at += raw.len();
        let whole = |rest: &str| {
            rest.trim_start().split(['.', ' ']).next().and_then(|n| n.parse::<u64>().ok())
        };
        let seconds = match raw.strip_prefix("# Query_time:") {
            Some(rest) => whole(rest),
            None => raw
                .split_once("duration: ")
                .filter(|(_, rest)| {
                    rest.contains(" ms ")
                        && (rest.contains("statement:") || rest.contains("execute "))
                })
                .and_then(|(_, rest)| whole(rest))
                .map(|milliseconds| milliseconds / 1_000),
        };
        if let Some(seconds) = seconds.filter(|seconds| *seconds >= SLOW_SECONDS) {
            report
                .finding(&SLOW, span)
                .message(format!("a statement took {seconds} seconds"))
                .subject(format!("statement[{}]", line + 1));
        }
    }
    Ok(())
}
