//! `pi scan` through the real binary: verdicts, exit codes, reports, selection,
//! baselines, inline allowances, evidence modes and their replays.
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

use common::{Lab, copy_tree, examples, field, items, keys, number, text};
use pi_core::canonical::Value;

#[test]
fn the_shop_is_denied_and_its_twin_allowed() {
    let lab = Lab::new();
    let denied = lab.pi(&["scan", examples().join("shop").to_str().unwrap()]).code(1);
    assert!(denied.stdout.contains("\nDENY"), "{}", denied.stdout);
    let allowed = lab.pi(&["scan", examples().join("shop-fixed").to_str().unwrap()]).code(0);
    assert!(allowed.stdout.contains("ALLOW"), "{}", allowed.stdout);
    for ran in [&denied, &allowed] {
        assert!(
            !ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'),
            "colour in a pipe"
        );
        assert_eq!(ran.stderr, "", "silence in pipes");
    }
    lab.verified();
}

#[test]
fn colour_can_be_asked_for() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let ran = lab.pi(&["scan", shop.to_str().unwrap(), "--color", "always"]).code(1);
    assert!(ran.stdout.contains('\u{1b}'));
}

#[test]
fn the_json_report_is_canonical_and_its_fields_are_fixed() {
    let lab = Lab::new();
    let ran = lab.scan(&examples().join("shop"), &[]).code(1);
    assert_eq!(ran.stderr, "");
    let report = ran.json();
    let expected = [
        "agents",
        "artifacts",
        "decision",
        "determinism_proof",
        "findings",
        "log",
        "reasons",
        "receipts",
        "request_hash",
        "run_id",
        "schema",
        "summary",
        "tenant",
    ];
    assert_eq!(keys(&report), expected);
    assert_eq!(text(&report, "schema"), "pi.report/1");
    assert_eq!(text(&report, "decision"), "DENY");
    assert_eq!(text(&report, "tenant"), "local");
    let expected = [
        "agent",
        "allowed",
        "confidence",
        "consensus",
        "end",
        "evidence",
        "fingerprint",
        "fix",
        "known",
        "message",
        "path",
        "references",
        "rule",
        "severity",
        "start",
        "subject",
    ];
    let findings = items(&report, "findings");
    assert!(!findings.is_empty());
    for finding in findings {
        assert_eq!(keys(finding), expected);
    }
    let places: Vec<_> = findings.iter().map(place).collect();
    assert!(places.is_sorted(), "ordered by path and position: {places:?}");
    let counted: u64 = ["critical", "high", "medium", "low", "info"]
        .iter()
        .map(|severity| number(&report, &format!("summary.{severity}")))
        .sum();
    assert_eq!(counted, distinct(findings));
}

/// Agents that share a rule report the same thing; it counts once.
fn distinct(findings: &[Value]) -> u64 {
    let mut seen: Vec<_> = findings
        .iter()
        .map(|finding| (text(finding, "rule"), place(finding), number(finding, "end.column")))
        .collect();
    seen.sort();
    seen.dedup();
    seen.len() as u64
}

fn place(finding: &Value) -> (String, u64, u64) {
    let position = |key| number(finding, key);
    (text(finding, "path"), position("start.line"), position("start.column"))
}

#[test]
fn sarif_is_2_1_0_and_consistent() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let ran = lab.pi(&["scan", shop.to_str().unwrap(), "--format", "sarif"]).code(1);
    let log = ran.json();
    assert_eq!(text(&log, "version"), "2.1.0");
    let [run] = items(&log, "runs") else { panic!("one run") };
    let rules = items(run, "tool.driver.rules");
    let ids: Vec<String> = rules.iter().map(|rule| text(rule, "id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "rules are unique");
    let results = items(run, "results");
    let json = lab.scan(&shop, &[]).code(1).json();
    assert_eq!(results.len(), items(&json, "findings").len());
    let mut used = BTreeSet::new();
    for result in results {
        let index = usize::try_from(number(result, "ruleIndex")).unwrap();
        assert_eq!(ids[index], text(result, "ruleId"));
        used.insert(index);
        assert!(["error", "warning", "note"].contains(&text(result, "level").as_str()));
        assert!(!text(result, "message.text").is_empty());
        let location = &items(result, "locations")[0];
        let uri = text(location, "physicalLocation.artifactLocation.uri");
        assert!(shop.join(&uri).exists(), "{uri}");
        let region = field(location, "physicalLocation.region");
        let start = (number(region, "startLine"), number(region, "startColumn"));
        let end = (number(region, "endLine"), number(region, "endColumn"));
        assert!((1, 1) <= start && start <= end, "{region:?}");
    }
    assert_eq!(used.len(), rules.len(), "every rule has a result");
}

#[test]
fn fail_on_decides_by_severity() {
    let lab = Lab::new();
    // The twin has findings of severity info only.
    let twin = examples().join("shop-fixed");
    lab.scan(&twin, &["--fail-on", "info"]).code(1);
    lab.scan(&twin, &["--fail-on", "low"]).code(0);
    lab.scan(&examples().join("shop"), &["--fail-on", "critical"]).code(1);
    lab.scan(&twin, &["--fail-on", "enormous"]).code(2);
}

fn agents_of(report: &Value) -> BTreeSet<String> {
    items(report, "findings").iter().map(|finding| text(finding, "agent")).collect()
}

#[test]
fn only_and_skip_select_agents() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let all = agents_of(&lab.scan(&shop, &[]).json());
    let one = all.first().unwrap().as_str();
    let only = agents_of(&lab.scan(&shop, &["--only", one]).json());
    assert_eq!(only, BTreeSet::from([one.to_owned()]));
    let mut rest = all.clone();
    rest.remove(one);
    assert_eq!(agents_of(&lab.scan(&shop, &["--skip", one]).json()), rest);
    let domain = agents_of(&lab.scan(&shop, &["--only", "containers-k8s"]).json());
    let none = agents_of(&lab.scan(&shop, &["--skip", "containers-k8s"]).json());
    assert!(!domain.is_empty() && domain.is_disjoint(&none));
    assert_eq!(&domain | &none, all);
}

#[test]
fn unknown_agents_are_refused_and_the_refusal_is_recorded() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    for option in ["--only", "--skip"] {
        let ran = lab.scan(&shop, &[option, "no_such_agent"]).refused(2, "unknown_agent");
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("no_such_agent"), "{}", ran.stderr);
    }
    let tail = lab.pi(&["log", "tail"]).code(0).stdout;
    assert_eq!(tail.matches("request.refused").count(), 2, "{tail}");
    lab.verified();
}

#[test]
fn a_baseline_hides_what_it_knows() {
    let lab = Lab::new();
    let shop = lab.work().join("shop");
    copy_tree(&examples().join("shop"), &shop);
    let baseline = lab.beside("baseline.json");
    let baseline = baseline.to_str().unwrap();
    let found = lab.scan(&shop, &["--write-baseline", baseline]).code(1).json();
    let known = lab.scan(&shop, &["--baseline", baseline]).code(0).json();
    assert_eq!(text(&known, "decision"), "ALLOW");
    assert_eq!(number(&known, "summary.known"), distinct(items(&found, "findings")));
    // A new mistake is not hidden.
    fs::write(shop.join("Dockerfile.new"), "FROM debian:latest\nUSER root\n").unwrap();
    let fresh = lab.scan(&shop, &["--baseline", baseline]).json();
    let new: Vec<_> = items(&fresh, "findings")
        .iter()
        .filter(|finding| field(finding, "known").as_bool() == Some(false))
        .map(|finding| text(finding, "path"))
        .collect();
    assert!(!new.is_empty() && new.iter().all(|path| path.contains("new")), "{new:?}");
    // A scan with a baseline replays; files that it did not see do not matter.
    lab.pi(&["replay", &text(&known, "run_id")]).code(0);
}

#[test]
fn a_bad_baseline_is_refused() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    for content in
        ["", "[]", "{\"schema\":\"other\"}", "{\"fingerprints\":[1],\"schema\":\"pi.baseline/1\"}"]
    {
        let path = lab.file("baseline.json", content);
        lab.scan(&shop, &["--baseline", path.to_str().unwrap()]).refused(2, "invalid_request");
    }
    lab.scan(&shop, &["--baseline", "missing.json"]).refused(2, "invalid_request");
}

#[test]
fn an_inline_allowance_is_recorded_with_its_reason() {
    let lab = Lab::new();
    let image = lab.file("Dockerfile", "FROM debian:latest\nRUN true\n");
    let report = lab.scan(&image, &[]).json();
    let findings = items(&report, "findings");
    let first = findings.iter().find(|finding| number(finding, "start.line") == 1).unwrap();
    assert_eq!(*field(first, "allowed"), Value::Null);
    let agent = text(first, "agent");
    lab.file(
        "Dockerfile",
        format!("# pi:allow {agent} the mirror pins it\nFROM debian:latest\nRUN true\n"),
    );
    let report = lab.scan(&image, &[]).json();
    let allowed: Vec<_> =
        items(&report, "findings").iter().filter_map(|f| field(f, "allowed").as_str()).collect();
    assert!(
        !allowed.is_empty() && allowed.iter().all(|a| *a == "the mirror pins it"),
        "{report:?}"
    );
    assert_eq!(number(&report, "summary.allowed"), allowed.len() as u64);
    lab.pi(&["replay", &text(&report, "run_id")]).code(0);
}

#[test]
fn a_report_goes_to_a_file() {
    let lab = Lab::new();
    let out = lab.beside("report.json");
    let ran = lab.scan(&examples().join("shop"), &["-o", out.to_str().unwrap()]).code(1);
    assert_eq!(ran.stdout, "");
    common::canonical(&fs::read_to_string(&out).unwrap());
    let text = lab.beside("report.txt");
    let args = ["scan", "x.env", "--color", "always", "-o", text.to_str().unwrap()];
    lab.file("x.env", "A=1\n");
    lab.pi(&args).code(0);
    assert!(!fs::read_to_string(&text).unwrap().contains('\u{1b}'), "a file has no colours");
    lab.scan(&examples().join("shop"), &["-o", "no/such/folder/x"]).refused(2, "invalid_request");
    lab.verified();
}

/// A working copy of the examples, scanned with an evidence mode.
fn scanned_with(lab: &Lab, mode: &str) -> (String, std::path::PathBuf) {
    let shop = lab.work().join("shop");
    copy_tree(&examples().join("shop"), &shop);
    (lab.scan(&shop, &["--evidence", mode]).code(1).run_id(), shop)
}

#[test]
fn without_evidence_nothing_is_replayed() {
    let lab = Lab::new();
    let (run, _) = scanned_with(&lab, "none");
    lab.pi(&["replay", &run]).refused(2, "inputs_not_retained");
    lab.verified();
}

#[test]
fn hashes_replay_while_the_files_are_the_same() {
    let lab = Lab::new();
    let (run, shop) = scanned_with(&lab, "hashes");
    let replayed = lab.pi(&["replay", &run, "--format", "json"]).code(0).json();
    assert_eq!(text(&replayed, "result"), "identical");
    assert!(number(&replayed, "compared") > 10);
    // Moved away, and named.
    let moved = lab.work().join("moved");
    fs::rename(&shop, &moved).unwrap();
    lab.pi(&["replay", &run]).refused(2, "inputs_changed");
    lab.pi(&["replay", &run, "--base", moved.to_str().unwrap()]).code(0);
    // Edited.
    fs::write(moved.join("Dockerfile"), "FROM scratch\n").unwrap();
    let refused = lab.pi(&["replay", &run, "--base", moved.to_str().unwrap()]);
    let refused = refused.refused(2, "inputs_changed");
    assert!(refused.stderr.contains("Dockerfile"), "{}", refused.stderr);
    lab.verified();
}

#[test]
fn sealed_evidence_replays_when_the_files_are_gone() {
    let lab = Lab::new();
    let (run, shop) = scanned_with(&lab, "sealed");
    fs::remove_dir_all(&shop).unwrap();
    let replayed = lab.pi(&["replay", &run, "--format", "json"]).code(0).json();
    assert_eq!(text(&replayed, "result"), "identical");
    lab.verified();
}

#[test]
fn the_time_that_rules_look_at_is_given() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let proof =
        |as_of: &str| text(&lab.scan(&shop, &["--as-of", as_of]).code(1).json(), "request_hash");
    assert_eq!(proof("1790000000"), proof("2026-09-21T14:13:20Z"));
    assert_ne!(proof("1790000000"), proof("1790000001"));
    for bad in ["yesterday", "-1", "99999999999999999999", "2026-13-01T00:00:00Z"] {
        let argument = format!("--as-of={bad}");
        lab.scan(&shop, &[&argument]).refused(2, "invalid_request");
    }
}

#[test]
fn usage_errors_have_their_exit_code() {
    let lab = Lab::new();
    for args in [&["scan"][..], &["scan", ".", "--threads", "many"], &["no-such-command"], &[]] {
        let ran = lab.pi(args).code(2);
        assert_eq!(ran.stdout, "");
    }
}
