//! Compositions through the real binary: the examples, simulation, refusals, effects,
//! deadlines.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fs;

use common::composition::{document, events, nodes, outcomes, part};
use common::{Lab, Ran, copy_tree, examples, field, items, number, text};
use pi_core::canonical::{Value, parse};

/// A laboratory whose working folder holds the examples.
fn lab() -> Lab {
    let lab = Lab::new();
    copy_tree(&examples(), &lab.work().join("examples"));
    lab
}

fn run(lab: &Lab, request: &str, args: &[&str]) -> Ran {
    lab.pi(&[&["run", request, "--format", "json"], args].concat())
}

fn example(name: &str) -> String {
    format!("examples/compositions/{name}.json")
}

#[track_caller]
fn replays(lab: &Lab, run: &str) {
    let replayed = lab.pi(&["replay", run, "--format", "json"]).code(0).json();
    assert_eq!(text(&replayed, "result"), "identical");
    assert!(number(&replayed, "compared") > 3);
}

#[test]
fn examples_decide_order_their_nodes_and_replay() {
    let lab = lab();
    let ok = |names: &[&str]| names.iter().map(|name| part(name, "SUCCESS")).collect::<Vec<_>>();
    let verdict = ["weigh", "decide", "release"];
    let conditional =
        [ok(&["admit", "inventory", "docker"]), vec![part("solidity", "SKIPPED")], ok(&verdict)];
    let fan = ["admit", "containers-k8s", "git-release", "secrets", "supply-chain-ci"];
    let failing = vec![
        part("admit", "SUCCESS"),
        part("beside", "SUCCESS"),
        part("narrow", "RESOURCE_EXCEEDED"),
        part("behind", "BLOCKED"),
    ];
    let mut report = ok(&["admit", "examine", "weigh", "decide"]);
    report.push(part("write", "BLOCKED"));
    for (name, code, decision, expected) in [
        (
            "diamond",
            0,
            "ALLOW",
            ok(&["admit", "containers", "secrets", "weigh", "decide", "release"]),
        ),
        ("conditional", 1, "DENY", conditional.concat()),
        ("fan", 1, "DENY", ok(&[&fan[..], &verdict].concat())),
        ("failing", 1, "DENY", failing),
        ("report", 4, "REVIEW", report),
    ] {
        let ran = run(&lab, &example(name), &[]).code(code);
        assert_eq!(text(&ran.json(), "decision"), decision, "{name}");
        assert_eq!(nodes(&lab, &ran.run_id()), expected, "{name}");
        replays(&lab, &ran.run_id());
        // Again: the same proof, another run.
        let again = run(&lab, &example(name), &[]).code(code);
        assert_ne!(again.run_id(), ran.run_id());
        let proof = |ran: &Ran| text(&ran.json(), "determinism_proof");
        assert_eq!(proof(&again), proof(&ran), "{name}");
    }
    lab.verified();
}

#[test]
fn several_requests_run_at_once_and_report_in_their_order() {
    let lab = lab();
    let (first, second) = (example("diamond"), example("failing"));
    let args = ["run", &first, &second, "--concurrency", "2", "--format", "json"];
    let ran = lab.pi(&args).code(1);
    let decisions: Vec<String> =
        ran.stdout.lines().map(|line| text(&parse(line.as_bytes()).unwrap(), "decision")).collect();
    assert_eq!(decisions, ["ALLOW", "DENY"]);
    lab.verified();
}

#[test]
fn simulation_plans_twice_alike_and_runs_nothing() {
    let lab = lab();
    let simulate = |request: &str| lab.pi(&["simulate", request, "--format", "json"]);
    for name in ["diamond", "conditional", "fan", "failing", "report"] {
        let (first, second) = (simulate(&example(name)).code(0), simulate(&example(name)).code(0));
        assert_eq!(first.stdout, second.stdout, "{name}");
        let plan = first.json();
        assert_eq!(text(&plan, "plan.status"), "ACCEPTED");
        assert_eq!(text(&plan, "verification_hash").len(), 64);
        assert!(items(&plan, "plan.steps").len() >= 5);
    }
    let report = simulate(&example("report")).code(0).json();
    assert_eq!(text(&report, "plan.decision"), "REVIEW");
    assert!(!lab.work().join("pi-release.json").exists());
    assert_eq!(lab.pi(&["runs", "list"]).code(0).stdout, "");
    let only = document(r#","simulation_only":true"#, "");
    lab.file("only.json", only);
    simulate("only.json").code(0);
    run(&lab, "only.json", &[]).refused(2, "simulation_only");
    // Rejected plans name the reason and are recorded as well.
    lab.file("cycle.json", document("", r#","dependencies":["examine"]"#));
    let rejected = simulate("cycle.json").code(1).json();
    assert_eq!(text(&rejected, "plan.status"), "REJECTED");
    assert_eq!(text(&items(&rejected, "plan.reasons")[0], "code"), "dag_contains_cycle");
    lab.verified();
}

/// `pi run` refuses the document with this reason; the message has these words, and
/// there is a remedy.
#[track_caller]
fn refuses(lab: &Lab, content: &str, reason: &str, words: &str) {
    lab.file("bad.json", content);
    let ran = run(lab, "bad.json", &[]).refused(2, reason);
    assert!(ran.stderr.contains(words), "{ran:?}");
    assert!(ran.stderr.contains("to do "), "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn each_bound_is_refused_one_above_its_limit() {
    let lab = lab();
    let chain = |length: usize| {
        let node = |n: usize| {
            format!(
                r#"{{"id":"n{n}","capability":"agents/examine","dependencies":["n{}"]}}"#,
                n - 1
            )
        };
        let nodes: Vec<String> = (1..length).map(node).collect();
        nodes.join(",").replace("\"n0\"", "\"admit\"")
    };
    let fan = |width: usize| {
        let node = |n| {
            format!(r#"{{"id":"f{n}","capability":"agents/examine","dependencies":["admit"]}}"#)
        };
        (0..width).map(node).collect::<Vec<_>>().join(",")
    };
    let roots = |count: usize| {
        let node = |n| format!(r#"{{"id":"r{n}","capability":"manifest/admit"}}"#);
        (1..count).map(node).collect::<Vec<_>>().join(",")
    };
    let whole = |more: &str, bounds: &str| {
        format!(
            r#"{{"schema":"pi.composition/1","inputs":["examples/shop-fixed"]{bounds},"nodes":[{{"id":"admit","capability":"manifest/admit"}},{more}]}}"#
        )
    };
    let simulated = |document: String| {
        lab.file("sim.json", document);
        let plan = lab.pi(&["simulate", "sim.json", "--format", "json"]).json();
        let violations = items(&plan, "plan.bounds_violations");
        let named: Vec<String> = violations.iter().map(|one| text(one, "bound")).collect();
        named.join(" ")
    };
    for (bound, fits, exceeds) in [
        ("max_depth", chain(8), chain(9)),
        ("max_fanout", fan(16), fan(17)),
        ("max_total_nodes", roots(64), roots(65)),
    ] {
        assert_eq!(simulated(whole(&fits, "")), "");
        assert_eq!(simulated(whole(&exceeds, "")), bound);
        refuses(&lab, &whole(&exceeds, ""), "bounds_exceeded", bound);
    }
    let bounds = |count: u32| format!(r#","global_bounds":{{"max_artifacts":{count}}}"#);
    assert_eq!(simulated(whole(&fan(1), &bounds(10))), "");
    refuses(
        &lab,
        &whole(&fan(1), &bounds(9)),
        "bounds_exceeded",
        "max_artifacts: 10 is more than 9",
    );
    refuses(&lab, &whole(&fan(10_000), ""), "bounds_exceeded", "max_total_nodes: 10001");
    // A refused request leaves a record.
    let tail = lab.pi(&["log", "tail", "--format", "json"]).code(0).stdout;
    assert!(tail.contains("request.refused"), "{tail}");
}

#[test]
fn documents_that_are_no_request_are_refused_by_name() {
    let lab = lab();
    let good = document("", "");
    lab.file("good.json", &good);
    run(&lab, "good.json", &[]).code(0);
    let replaced = |from: &str, to: &str| {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        changed
    };
    let examine = r#""id":"examine""#;
    for (content, reason, words) in [
        (
            document("", r#","dependencies":["examine"]"#),
            "dag_contains_cycle",
            "examine -> examine",
        ),
        (
            document("", r#","dependencies":["nobody"]"#),
            "missing_node_reference",
            "nodes[1].dependencies[0]",
        ),
        (
            document(r#","edges":[{"from":"x","to":"admit"}]"#, ""),
            "missing_node_reference",
            "edges[0].from",
        ),
        (
            replaced(
                r#"{"id":"weigh""#,
                r#"{"id":"late","capability":"agents/examine","dependencies":["decide"]},{"id":"weigh""#,
            ),
            "edge_to_earlier_phase",
            "`late`",
        ),
        (
            document(
                r#","edges":[{"from":"admit","to":"examine","type":"CONDITIONAL","condition":"now() > 1"}]"#,
                "",
            ),
            "condition_invalid",
            "`admit` -> `examine`",
        ),
        (
            document(r#","edges":[{"from":"admit","to":"examine","type":"MAYBE"}]"#, ""),
            "invalid_request",
            "edges[0].type",
        ),
        (document(r#","strict":true,"strict":true"#, ""), "invalid_request", "duplicate key"),
        (document(r#","strict":"yes""#, ""), "invalid_request", "`strict` must be true or false"),
        (document(r#","hurry":true"#, ""), "invalid_request", "`hurry` is no field"),
        (document(r#","evidence":"some""#, ""), "invalid_request", "`evidence` must be"),
        (document(r#","tenant_id":"other""#, ""), "invalid_request", "tenant `other`"),
        (document(r#","goal":7"#, ""), "invalid_request", "`goal` must be a string"),
        (document("", r#","retry":{"attempts":2}"#), "invalid_request", "nodes[1].retry"),
        (replaced("agents/examine", "agents/guess"), "unknown_capability", "nodes[1].capability"),
        (replaced("pi.composition/1", "pi.composition/2"), "unknown_version", "`schema` must be"),
        (replaced(examine, r#""id":"""#), "invalid_request", "nodes[1].id"),
        (replaced(examine, r#""id":"admit""#), "invalid_request", "two nodes are called `admit`"),
        (replaced(r#""examples/shop-fixed""#, ""), "invalid_request", "`inputs` must list"),
        (replaced("shop-fixed", "nowhere"), "artifact_unreadable", "examples/nowhere"),
        (
            document(&format!(r#","request_hash":"{}""#, "0".repeat(64)), ""),
            "request_hash_mismatch",
            "`request_hash` is 0000",
        ),
        (
            document(&format!(r#","manifest":"{}""#, "0".repeat(64)), ""),
            "inputs_changed",
            "names the manifest 0000",
        ),
        (document(r#","request_id":"ecr_1""#, ""), "request_hash_mismatch", "`request_id` must be"),
        ("[]".to_owned(), "invalid_request", "must be an object"),
        ("please scan".to_owned(), "invalid_request", "not readable JSON"),
        (format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)), "invalid_request", "nest"),
    ] {
        refuses(&lab, &content, reason, words);
    }
    refuses(&lab, &format!("\"{}\"", "x".repeat(4 << 20)), "bounds_exceeded", "4194304 bytes");
    run(&lab, "nowhere.json", &[]).refused(2, "invalid_request");
    assert_eq!(lab.pi(&["runs", "list"]).code(0).stdout.lines().count(), 1);
}

#[test]
fn the_frozen_hash_is_accepted_and_holds() {
    let lab = lab();
    lab.file("good.json", document("", ""));
    let plan = lab.pi(&["simulate", "good.json", "--format", "json"]).code(0).json();
    let hash = text(&plan, "plan.request_hash");
    let id = text(&plan, "plan.request_id");
    let named = format!(r#","request_hash":"{hash}","request_id":"{id}""#);
    lab.file("named.json", document(&named, ""));
    let ran = run(&lab, "named.json", &[]).code(0).json();
    assert_eq!(text(&ran, "request_hash"), hash);
    // Other inputs make another manifest, and another hash.
    fs::write(lab.work().join("examples/shop-fixed/more.sh"), "true\n").unwrap();
    run(&lab, "named.json", &[]).refused(2, "request_hash_mismatch");
}

#[test]
fn an_effect_needs_approval_and_is_never_repeated_by_replay() {
    let lab = lab();
    let target = lab.work().join("pi-release.json");
    let waiting = run(&lab, &example("report"), &[]).code(4);
    assert!(!target.exists());
    assert!(outcomes(&lab, &waiting.run_id()).is_empty());
    let written = run(&lab, &example("report"), &["--approve"]).code(0);
    let release = parse(&fs::read(&target).unwrap()).unwrap();
    assert_eq!(text(&release, "decision"), "ALLOW");
    assert_eq!(field(&release, "request_hash"), field(&written.json(), "request_hash"));
    assert_eq!(field(&written.json(), "request_hash"), field(&waiting.json(), "request_hash"));
    assert_eq!(outcomes(&lab, &written.run_id()), ["done"]);
    fs::remove_file(&target).unwrap();
    replays(&lab, &written.run_id());
    replays(&lab, &waiting.run_id());
    assert!(!target.exists(), "replay writes nothing");
    let left: Vec<_> = fs::read_dir(lab.work()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["examples"], "nothing is left beside it");
    lab.verified();
}

/// A composition that writes its report to `path`, trying three times.
fn writing(path: &str) -> String {
    let report = fs::read_to_string(examples().join("compositions/report.json")).unwrap();
    report.replace("pi-release.json", path).replace("\"base_ms\": 50", "\"base_ms\": 0")
}

#[test]
fn a_failed_effect_is_retried_and_opens_the_breaker() {
    let lab = lab();
    lab.file("write.json", writing("nowhere/out.json"));
    let first = run(&lab, "write.json", &["--approve"]).code(1);
    assert_eq!(outcomes(&lab, &first.run_id()), ["failed", "failed", "failed"]);
    assert_eq!(nodes(&lab, &first.run_id()).last(), Some(&part("write", "FAIL")));
    let reason = |ran: &Ran| {
        let receipts = events(&lab, &ran.run_id(), "receipt.issued");
        let write = receipts.into_iter().find(|receipt| text(receipt, "node") == "write");
        text(&write.unwrap(), "reason")
    };
    assert_eq!(reason(&first), "effect_failed");
    // The fifth failure in a row opens the breaker.
    let second = run(&lab, "write.json", &["--approve"]).code(1);
    assert_eq!(outcomes(&lab, &second.run_id()), ["failed", "failed", "refused"]);
    assert_eq!(reason(&second), "circuit_open");
    let third = run(&lab, "write.json", &["--approve"]).code(1);
    assert_eq!(outcomes(&lab, &third.run_id()), ["refused"]);
    assert!(!lab.work().join("nowhere").exists());
    for ran in [&first, &second, &third] {
        assert_eq!(text(&ran.json(), "decision"), "DENY");
        replays(&lab, &ran.run_id());
    }
    // Breakers are the tenant's own.
    lab.file("fine.json", writing("out.json"));
    run(&lab, "fine.json", &["--approve"]).code(1);
    run(&lab, "fine.json", &["--approve", "--tenant", "other"]).code(0);
    assert!(lab.work().join("out.json").exists());
    lab.verified();
}

#[test]
fn a_deadline_ends_the_run() {
    let lab = lab();
    lab.file("now.json", document(r#","global_bounds":{"max_execution_time_ms":0}"#, ""));
    let ran = run(&lab, "now.json", &[]).code(1);
    assert_eq!(text(&ran.json(), "decision"), "DENY");
    let late = |ran: &Ran| {
        let receipts = events(&lab, &ran.run_id(), "receipt.issued");
        receipts.iter().any(|receipt| {
            text(receipt, "status") == "TIMEOUT" && text(receipt, "reason") == "deadline_exceeded"
        })
    };
    assert!(late(&ran));
    let line = "RUN apt-get update && curl -sSL https://example.org/x | sh\n";
    let slow = format!("FROM debian:12\n{}", line.repeat(300));
    for number in 0..800 {
        lab.file(&format!("many/Dockerfile.{number}"), &slow);
    }
    let many = document("", "").replace("examples/shop-fixed", "many");
    lab.file("many.json", many.replacen("{", r#"{"evidence":"hashes","#, 1));
    let limited = lab
        .command(&["run", "many.json", "--format", "json", "--threads", "1"])
        .env("PI_CHAIN_EXECUTION_TIMEOUT_SECONDS", "1")
        .output()
        .unwrap();
    let limited = Ran::new(limited).code(1);
    assert!(late(&limited));
    let sealed = events(&lab, &limited.run_id(), "run.sealed");
    assert_eq!(field(&sealed[0], "replayable"), &Value::Bool(false));
    lab.verified();
}

#[test]
fn a_plan_becomes_a_request_that_runs_once_it_is_approved() {
    let lab = lab();
    let chain = "git_secret_leak_sentry, docker images -> docker_image_scanner";
    let plan = |words: &[&str]| {
        let inputs = ["--request", "examples/shop-fixed"];
        lab.pi(&[&["plan"], words, &inputs].concat())
    };
    let (first, second) =
        (plan(&["docker images, git_secret_leak_sentry"]).code(0), plan(&[chain]));
    assert_eq!(second.code, 2, "a step cannot wait for itself");
    assert_eq!(second.stdout, "");
    let again = plan(&["docker images, git_secret_leak_sentry"]).code(0);
    assert_eq!(first.stdout, again.stdout);
    let request = first.json();
    assert_eq!(field(&request, "approved_by_user"), &Value::Bool(false));
    lab.file("planned.json", &first.stdout);
    let simulated = lab.pi(&["simulate", "planned.json", "--format", "json"]).code(0).json();
    assert_eq!(text(&simulated, "plan.request_hash"), text(&request, "request_hash"));
    assert_eq!(text(&simulated, "plan.request_id"), text(&request, "request_id"));
    assert_eq!(text(&simulated, "plan.status"), "ACCEPTED");
    let steps: Vec<String> =
        items(&simulated, "plan.steps").iter().map(|step| text(step, "node")).collect();
    assert_eq!(steps, ["admit", "step_1", "step_2", "weigh", "decide", "release"]);
    let ran = run(&lab, "planned.json", &["--approve"]).code(0);
    assert_eq!(text(&ran.json(), "request_hash"), text(&request, "request_hash"));
    replays(&lab, &ran.run_id());
    // Several steps wait for each other, and what comes last is waited for.
    let chain = plan(&["git_secret_leak_sentry", "hardcoded_secret_detector"]).code(0).json();
    let nodes = items(&chain, "nodes");
    let after = |at: usize| -> Vec<String> {
        let dependencies = items(&nodes[at], "dependencies").iter();
        dependencies.map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(after(1), ["admit"]);
    assert_eq!(after(2), ["step_1"]);
    assert_eq!(after(3), ["step_2"]);
    // Changed files, or a changed word of the goal, are another request.
    fs::write(lab.work().join("examples/shop-fixed/more.sh"), "true\n").unwrap();
    run(&lab, "planned.json", &[]).refused(2, "inputs_changed");
    plan(&["secret"]).refused(2, "route_ambiguous");
    plan(&["no_such_agent"]).refused(2, "unknown_agent");
    lab.verified();
}
