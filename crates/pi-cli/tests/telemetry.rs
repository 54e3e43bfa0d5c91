//! `PI_LOG`, `PI_LOG_FORMAT` and `--metrics` through the real binary: everything in the
//! table is measured, nothing that somebody wrote shows, and nothing changes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::composition::document;
use common::{Lab, Ran, canonical, copy_tree, examples, field, number, text};
use pi_core::canonical::{Encoder, Value};
use pi_telemetry::table::{METRICS, SPANS};

fn lab() -> Lab {
    let lab = Lab::new();
    copy_tree(&examples(), &lab.work().join("examples"));
    lab.file("request.json", document("", ""));
    lab
}

fn logged(lab: &Lab, args: &[&str], settings: &[(&str, &str)]) -> Ran {
    Ran::new(lab.command(args).envs(settings.iter().copied()).output().unwrap())
}

const TRACE: &[(&str, &str)] = &[("PI_LOG", "trace"), ("PI_LOG_FORMAT", "json")];

/// Standard error as log lines; everything else there is for people.
fn lines(ran: &Ran) -> Vec<Value> {
    let lines = ran.stderr.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| canonical(&format!("{line}\n"))).collect()
}

fn spans(lines: &[Value]) -> BTreeSet<String> {
    let spans = lines.iter().flat_map(|line| common::items(line, "spans"));
    spans.map(|span| span.as_str().unwrap().to_owned()).collect()
}

/// Names of metrics, and of what they are made from, in a file of metrics.
fn metrics(lab: &Lab, file: &str) -> (String, BTreeSet<String>) {
    let content = fs::read_to_string(lab.work().join(file)).unwrap();
    let types = content.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    (content, names)
}

#[test]
fn everything_in_the_table_is_measured() {
    let lab = lab();
    let run = lab.pi(&["run", "request.json", "--format", "json", "--metrics", "run.prom"]);
    let run = run.code(0).run_id();
    lab.pi(&["replay", &run, "--metrics", "replay.prom"]).code(0);
    let ((ran, mut names), (replayed, more)) =
        (metrics(&lab, "run.prom"), metrics(&lab, "replay.prom"));
    names.extend(more);
    // Alerts are sent by the server alone.
    let elsewhere = |name: &&str| name.starts_with("pi_verif") || name.starts_with("pi_alerts");
    let expected = METRICS.iter().map(|metric| metric.name).filter(|name| !elsewhere(name));
    assert_eq!(names, expected.map(str::to_owned).collect());
    for line in [
        r#"pi_runs_total{tenant="local",decision="ALLOW"} 1"#,
        r#"pi_nodes_total{tenant="local",status="succeeded"} 5"#,
        r#"pi_jobs_total{tenant="local"} 10"#,
        r#"pi_examination_duration_seconds_count{tenant="local"} 10"#,
        r#"pi_phase_duration_seconds_count{tenant="local",phase="VALIDATE"} 1"#,
        r#"pi_phase_duration_seconds_count{tenant="local",phase="DIFF"} 1"#,
        r#"pi_run_failures_total{tenant="local"} 0"#,
    ] {
        assert!(ran.lines().any(|found| found == line), "{line}\n{ran}");
    }
    assert!(replayed.contains(r#"pi_replays_total{tenant="local",result="identical"} 1"#));
    // Verification has no such option, but the same spans.
    let verified = logged(&lab, &["log", "verify"], TRACE).code(0);
    let mut seen = spans(&lines(&verified));
    seen.extend(spans(&lines(&logged(&lab, &["replay", &run], TRACE).code(0))));
    seen.extend(spans(&lines(&logged(&lab, &["run", "request.json"], TRACE).code(0))));
    let expected = SPANS.iter().map(|(span, _)| *span).filter(|span| *span != "alerts");
    assert_eq!(seen, expected.map(str::to_owned).collect());
    assert!(!lab.work().join("run.prom.part").exists());
}

/// A text that is no word of the project, such as a secret or a name.
const PLANTED: &str = "plantedHunter2Xyzzy";

#[test]
fn nothing_that_somebody_wrote_shows() {
    let lab = lab();
    let secret = format!("PASSWORD={PLANTED}\nAWS_SECRET_ACCESS_KEY={PLANTED}{PLANTED}00\n");
    lab.file(&format!("{PLANTED}/{PLANTED}.env"), &secret);
    lab.file(&format!("{PLANTED}/broken.json"), format!("{{\"{PLANTED}\": "));
    let goal = format!(r#","goal":"{PLANTED}""#);
    let request = document(&goal, "")
        .replace("examples/shop-fixed", PLANTED)
        .replace(r#""id":"examine""#, &format!(r#""id":"{PLANTED}""#))
        .replace(r#"["examine"]"#, &format!(r#"["{PLANTED}"]"#));
    lab.file("planted.json", &request);
    let scan = ["scan", PLANTED, "--format", "json", "--metrics", "scan.prom"];
    let scanned = logged(&lab, &scan, TRACE);
    assert!(scanned.stdout.contains(PLANTED), "the report names the file");
    let run = scanned.run_id();
    let ran = logged(&lab, &["run", "planted.json", "--metrics", "run.prom"], TRACE);
    assert!(ran.stdout.contains("DENY"), "{ran:?}");
    let replayed = logged(&lab, &["replay", &run, "--metrics", "replay.prom"], TRACE).code(0);
    fs::remove_file(lab.work().join(format!("{PLANTED}/{PLANTED}.env"))).unwrap();
    let failed = logged(&lab, &["replay", &run, "--metrics", "failed.prom"], TRACE);
    for ran in [&scanned, &ran, &replayed, &failed] {
        let lines = lines(ran);
        assert!(!lines.is_empty());
        for line in &lines {
            let line = String::from_utf8(Encoder::encode(line)).unwrap();
            assert!(!line.to_lowercase().contains(&PLANTED.to_lowercase()), "{line}");
            assert!(!line.contains(".env") && !line.contains(".json"), "a name: {line}");
            assert!(
                !line.contains(lab.work().parent().unwrap().to_str().unwrap()),
                "a path: {line}"
            );
        }
    }
    assert!(lines(&failed).iter().any(|line| {
        text(line, "status") == "ERROR" && text(line, "fields.error") == "inputs_changed"
    }));
    for file in ["scan.prom", "run.prom", "replay.prom", "failed.prom"] {
        let (content, names) = metrics(&lab, file);
        assert!(!names.is_empty());
        assert!(!content.to_lowercase().contains(&PLANTED.to_lowercase()), "{file}: {content}");
    }
}

#[test]
fn nothing_changes() {
    let lab = lab();
    let scan = ["scan", "examples/shop", "--format", "json"];
    let quiet = logged(&lab, &scan, &[]).code(1);
    assert_eq!(lines(&quiet).len(), 0);
    let with_metrics = [&scan[..], &["--metrics", "scan.prom"]].concat();
    let loud = logged(&lab, &with_metrics, TRACE).code(1);
    assert!(lines(&loud).len() > 20);
    let said = |ran: &Ran| {
        let report = ran.json();
        let mut report = report.as_object().unwrap().clone();
        for key in ["run_id", "log"] {
            report.remove(key);
        }
        report
    };
    assert_eq!(said(&quiet), said(&loud));
    let (first, second) = (quiet.run_id(), loud.run_id());
    let records = |run: &str| lab.pi(&["runs", "show", run, "--format", "json"]).code(0).stdout;
    let payloads = |run: &str| -> Vec<Value> {
        let records = records(run);
        let events = records.lines().map(|line| canonical(&format!("{line}\n")));
        events.map(|event| field(&event, "payload").clone()).collect()
    };
    assert_eq!(payloads(&first), payloads(&second));
    // What was recorded loudly replays quietly, and the other way round.
    lab.pi(&["replay", &second]).code(0);
    logged(&lab, &["replay", &first], TRACE).code(0);
    lab.verified();
}

#[test]
fn lines_of_an_invocation_belong_together() {
    let lab = lab();
    let run = ["run", "request.json"];
    let ids = |settings: &[(&str, &str)]| -> BTreeSet<String> {
        let ran = logged(&lab, &run, &[TRACE, settings].concat());
        lines(&ran).iter().map(|line| text(line, "correlation_id")).collect()
    };
    let (first, second) = (ids(&[]), ids(&[]));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second);
    assert_eq!(ids(&[("PI_CORRELATION_ID", "ours-1")]), ["ours-1".to_owned()].into());
    let bad = [("PI_LOG", "info"), ("PI_CORRELATION_ID", "not ours")];
    logged(&lab, &run, &bad).refused(2, "invalid_request");
}

#[test]
fn a_filter_takes_levels_and_targets_and_nothing_else() {
    let lab = lab();
    let names = |filter: &str| {
        let ran = logged(&lab, &["run", "request.json"], &[("PI_LOG", filter), TRACE[1]]).code(0);
        let lines = lines(&ran);
        let last = |line: &Value| {
            common::items(line, "spans").last().unwrap().as_str().unwrap().to_owned()
        };
        lines.iter().map(last).collect::<BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names("info"), set(&["run"]));
    assert_eq!(names("off"), set(&[]));
    assert_eq!(names("pi_store=debug"), set(&["commit"]));
    assert_eq!(names("debug"), set(&["run", "phase", "node", "job_batch", "commit"]));
    let text = logged(&lab, &["run", "request.json"], &[("PI_LOG", "info")]).code(0);
    assert!(text.stderr.starts_with("info  run artifacts=10 decision=ALLOW "), "{text:?}");
    for (name, value) in [
        ("PI_LOG", "loud"),
        ("PI_LOG", "pi_store=loud"),
        ("PI_LOG", "=info"),
        ("PI_LOG_FORMAT", "xml"),
    ] {
        let ran =
            logged(&lab, &["run", "request.json"], &[(name, value)]).refused(2, "invalid_request");
        assert!(ran.stderr.contains(name), "{ran:?}");
    }
    let nowhere = ["run", "request.json", "--metrics", "no/such/folder/m.prom"];
    lab.pi(&nowhere).refused(2, "invalid_request");
    assert_eq!(number(&lab.verified(), "open_runs"), 0);
}

#[test]
fn spans_say_what_they_stand_around() {
    let lab = lab();
    let ran = logged(&lab, &["run", "request.json"], &[("PI_LOG", "debug"), TRACE[1]]).code(0);
    let lines = lines(&ran);
    let of = |name: &str| -> Vec<&Value> {
        let is_of = |line: &&Value| {
            common::items(line, "spans").last().and_then(Value::as_str) == Some(name)
        };
        lines.iter().filter(is_of).collect()
    };
    let phases: Vec<String> = of("phase").iter().map(|line| text(line, "fields.phase")).collect();
    assert_eq!(phases, ["INGEST", "EXTRACT", "DIFF", "VALIDATE", "RISK", "GOVERN", "EMIT"]);
    let [run] = of("run")[..] else { panic!("one run") };
    let times: Vec<u64> = of("phase").iter().map(|line| number(line, "duration_us")).collect();
    // Phases come one after the other, inside of the run.
    assert!(times.iter().sum::<u64>() <= number(run, "duration_us") + 7, "{times:?}");
    assert_eq!(times.iter().max(), times.get(3), "{times:?}");
    let nodes: Vec<(u64, String)> = of("node")
        .iter()
        .map(|line| (number(line, "fields.node"), text(line, "fields.phase")))
        .collect();
    let expected = [(0, "INGEST"), (1, "VALIDATE"), (2, "RISK"), (3, "GOVERN"), (4, "EMIT")];
    assert_eq!(nodes, expected.map(|(node, phase)| (node, phase.to_owned())));
    assert_eq!(number(run, "fields.artifacts"), 10);
    assert_eq!(text(run, "fields.decision"), "ALLOW");
}
