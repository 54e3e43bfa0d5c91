//! Policies through the real binary: the commands that show them, and runs under them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fs;

use common::composition::document;
use common::{Lab, Ran, canonical, copy_tree, examples, field, items, number, text};
use pi_core::canonical::Value;

const PERMIT: &str = "@id(\"all\")\npermit (principal, action, resource);\n";
const TYPO: &str = "@id(\"typo\")
forbid (principal, action, resource)
when { context has findings && context.findings.hihg > 0 };
";

/// A laboratory whose working folder holds the examples.
fn lab() -> Lab {
    let lab = Lab::new();
    copy_tree(&examples(), &lab.work().join("examples"));
    lab
}

/// Scans the mended shop under a policy.
fn scan(lab: &Lab, policy: &str) -> Ran {
    lab.pi(&["scan", "examples/shop-fixed", "--format", "json", "--policy", policy])
}

/// The reason codes of a report.
fn reasons(report: &Value) -> Vec<String> {
    items(report, "reasons").iter().map(|reason| text(reason, "code")).collect()
}

/// The refusals in the log: their reasons and messages, oldest first.
fn refusals(lab: &Lab) -> Vec<(String, String)> {
    let args = ["log", "tail", "--type", "request.refused", "--payloads", "--format", "json"];
    let shown = lab.pi(&args).code(0).stdout;
    let payload = |line: &str| canonical(&format!("{line}\n")).get("payload").unwrap().clone();
    let payloads = shown.lines().map(payload);
    payloads.map(|payload| (text(&payload, "reason"), text(&payload, "message"))).collect()
}

#[test]
fn check_tells_good_from_bad_and_shows_every_mistake() {
    let lab = lab();
    let good = lab.pi(&["policy", "check", "examples/policies/strict.cedar"]).code(0);
    assert!(good.stdout.starts_with("ok   examples/policies/strict.cedar  4 policies, digest "));
    let rules = lab.pi(&["policy", "check", "examples/policies/runs.rules.json"]).code(0);
    assert!(rules.stdout.contains("  3 rules as 4 policies, digest "), "{}", rules.stdout);
    lab.file("one.cedar", PERMIT);
    let one = lab.pi(&["policy", "check", "one.cedar"]).code(0);
    assert!(one.stdout.contains("  1 policy, digest "), "{}", one.stdout);

    let unguarded = "\n@id(\"unguarded\") forbid (principal, action, resource)\n  when { context.findings.high > 0 };\n";
    lab.file("two.cedar", format!("{PERMIT}{TYPO}{unguarded}"));
    lab.file("torn.cedar", "permit (principal, action resource);\nforbid (prin");
    lab.file("bad.json", r#"{"schema":"pi.rules/1","name":"x","kind":"checks","rules":[{}]}"#);
    lab.file("bytes.cedar", b"\xff\xfe");
    let files = ["one.cedar", "two.cedar", "torn.cedar", "bad.json", "bytes.cedar", "absent"];
    let bad = lab.pi(&[&["policy", "check"], &files[..]].concat()).code(2);
    assert_eq!(
        bad.stdout.lines().filter(|line| line.starts_with("fail ")).count(),
        5,
        "{}",
        bad.stdout
    );
    for shown in [
        " --> two.cedar:5:32\n",
        "^ attribute `findings.hihg` not found\n  help: did you mean `high`?\n",
        "--> two.cedar:8:10\n",
        " --> torn.cedar:1:27\n",
        "fail the policy `bad.json` is refused: rules[0].rule_id: is missing\n",
        "fail the policy `bytes.cedar` is not UTF-8\n",
        "fail the policy `absent` cannot be read: ",
    ] {
        assert!(bad.stdout.contains(shown), "no {shown:?} in\n{}", bad.stdout);
    }

    let args = ["policy", "check", "one.cedar", "two.cedar", "bad.json", "--format", "json"];
    let json = lab.pi(&args).code(2).json();
    let [one, two, bad] = items(&json, "files") else { panic!("three files") };
    assert_eq!((field(one, "reason"), items(one, "problems").len()), (&Value::Null, 0));
    assert_eq!(text(two, "reason"), "policy_not_loaded");
    let places: Vec<_> = items(two, "problems")
        .iter()
        .map(|p| (text(p, "policy"), number(p, "line"), number(p, "column")))
        .collect();
    assert_eq!(places, [("typo".to_owned(), 5, 32), ("unguarded".to_owned(), 8, 10)]);
    assert_eq!(
        (text(bad, "reason"), field(bad, "digest")),
        ("policy_not_loaded".into(), &Value::Null)
    );
}

#[test]
fn a_compiled_list_is_a_policy_that_says_the_same() {
    let lab = lab();
    let list = "examples/policies/people.rules.json";
    let compiled = lab.pi(&["policy", "compile", list]).code(0).stdout;
    assert!(compiled.starts_with("// Compiled from the rule list `people`, digest "));
    lab.file("people.cedar", &compiled);
    for (name, fields, code) in [
        ("guest", r#""actor_id":"guest-7","tenant_id":"local""#, 1),
        ("here", r#""actor_id":"ann","tenant_id":"local""#, 0),
        ("there", r#""actor_id":"ann","tenant_id":"other","action":"execute""#, 4),
        ("nobody", r#""tenant_id":"local""#, 1),
    ] {
        let facts = format!("{name}.json");
        lab.file(&facts, format!(r#"{{"subject":{{{fields}}}}}"#));
        let explain = |policy: &str| {
            lab.pi(&["policy", "explain", policy, &facts, "--format", "json"]).code(code).json()
        };
        let (authored, cedar) = (explain(list), explain("people.cedar"));
        assert_eq!(field(&authored, "answer.decision"), field(&cedar, "answer.decision"));
        assert_eq!((items(&authored, "steps").len(), items(&cedar, "steps").len()), (4, 0));
    }
    let told = lab.pi(&["policy", "explain", list, "guest.json"]).code(1).stdout;
    assert!(told.starts_with("DENY  policy `people`, admission\n"), "{told}");
    assert!(told.contains("because policy_denied: `no-guests` applies\n"), "{told}");
    assert!(told.contains("rule tell-of-machines             not evaluated\n"), "{told}");

    lab.pi(&["policy", "compile", "people.cedar"]).refused(2, "invalid_request");
    lab.file("nine.json", r#"{"schema":"pi.rules/9"}"#);
    lab.pi(&["policy", "compile", "nine.json"]).refused(2, "policy_version_unknown");
    lab.file("facts.json", r#"{"request":{"nodez":1}}"#);
    let refused = lab.pi(&["policy", "explain", list, "facts.json"]).refused(2, "invalid_request");
    assert!(refused.stderr.contains("`request.nodez` is no fact"), "{}", refused.stderr);
}

#[test]
fn show_prints_the_policy_in_force_and_what_it_may_ask_about() {
    let lab = lab();
    let baseline = lab.pi(&["policy", "show"]).code(0);
    assert!(baseline.stdout.contains("@id(\"high-denies\")"), "{}", baseline.stdout);
    assert!(baseline.stderr.starts_with("policy `baseline`, digest "), "{}", baseline.stderr);
    let schema = lab.pi(&["policy", "show", "--schema"]).code(0).stdout;
    assert!(schema.contains("unjudged: Long,"));
    lab.file("mine.cedar", PERMIT);
    let mut command = lab.command(&["policy", "show", "--format", "json"]);
    let shown = Ran::new(command.env("PI_POLICY", "mine.cedar").output().unwrap()).code(0).json();
    assert_eq!((text(&shown, "name"), text(&shown, "text")), ("mine".into(), PERMIT.into()));
    assert_eq!(items(&shown, "policies"), [Value::from("all")]);
    lab.file("bad.cedar", TYPO);
    lab.pi(&["policy", "show", "--policy", "bad.cedar"]).refused(2, "policy_not_loaded");
}

#[test]
fn a_scan_is_judged_by_the_policy_that_is_named() {
    let lab = lab();
    lab.scan(&lab.work().join("examples/shop-fixed"), &[]).code(0);
    lab.file("attended.cedar", "permit (principal, action == PI::Action::\"execute\", resource);");
    let review = scan(&lab, "attended.cedar").code(0).json();
    assert_eq!(text(&review, "decision"), "REVIEW");
    assert_eq!(reasons(&review), ["policy_review"], "said once, though it was asked twice");
    // The variable says the same, and the flag is stronger.
    let scan_with = |policy: &str, args: &[&str]| {
        let args = [&["scan", "examples/shop-fixed", "--format", "json"], args].concat();
        Ran::new(lab.command(&args).env("PI_POLICY", policy).output().unwrap())
    };
    assert_eq!(text(&scan_with("attended.cedar", &[]).code(0).json(), "decision"), "REVIEW");
    lab.file("all.cedar", PERMIT);
    let allowed = scan_with("attended.cedar", &["--policy", "all.cedar"]).code(0);
    for allowed in [&allowed, &scan_with("", &[])] {
        assert_eq!(text(&allowed.json(), "decision"), "ALLOW");
    }
    // What findings mean is the policy's to say, and replays ask the recorded one.
    let info = "@message(\"{findings.info finding} for information\")
        forbid (principal, action, resource)
        when { context has findings && context.findings.info > 0 };";
    lab.file("picky.cedar", format!("{PERMIT}{info}"));
    let denied = scan(&lab, "picky.cedar").code(1);
    assert_eq!(reasons(&denied.json()), ["policy_denied"]);
    fs::remove_file(lab.work().join("picky.cedar")).unwrap();
    for run in [allowed.run_id(), denied.run_id()] {
        let replayed = lab.pi(&["replay", &run, "--format", "json"]).code(0).json();
        assert_eq!(text(&replayed, "result"), "identical");
    }
    lab.verified();
}

#[test]
fn every_way_to_have_no_answer_denies_under_its_own_name_and_is_recorded() {
    let lab = lab();
    lab.file("nobody.cedar", "permit (principal == PI::Actor::\"nobody\", action, resource);");
    lab.file("typo.cedar", TYPO);
    lab.file("later.json", r#"{"schema":"pi.rules/2","name":"x","kind":"checks","rules":[]}"#);
    lab.file("empty.cedar", "");
    let overflow = "permit (principal, action, resource)
        when { context.request.artifacts * 9223372036854775807 > 0 };";
    lab.file("overflow.cedar", overflow);
    let expected = [
        ("nobody.cedar", "policy_no_match", "no policy of `nobody` permits it"),
        ("empty.cedar", "policy_no_match", "no policy of `empty` permits it"),
        ("overflow.cedar", "policy_evaluation_failed", "`policy 1` cannot be evaluated"),
        ("typo.cedar", "policy_not_loaded", "line 3, column 32: policy `typo`"),
        ("absent.cedar", "policy_not_loaded", "cannot be read"),
        ("later.json", "policy_version_unknown", "`pi.rules/2` is unknown"),
    ];
    for (file, reason, _) in expected {
        let refused = scan(&lab, file).refused(2, reason);
        assert_eq!(refused.stdout, "", "nothing is released");
    }
    let typo = scan(&lab, "typo.cedar").code(2).stderr;
    assert!(typo.contains(" --> typo.cedar:3:32\n"), "the mistake is shown: {typo}");
    let recorded = refusals(&lab);
    assert_eq!(recorded.len(), expected.len() + 1);
    for ((_, reason, message), (code, said)) in expected.iter().zip(&recorded) {
        assert_eq!(code, reason);
        assert!(said.contains(message), "{said}");
    }
    lab.verified();
}

#[test]
fn a_policy_that_breaks_over_the_findings_denies_the_run() {
    let lab = lab();
    let text = "@id(\"broken\") forbid (principal, action, resource)
        when { context has findings && context.findings.info + 9223372036854775807 < 0 };";
    lab.file("late.cedar", format!("{PERMIT}{text}"));
    let denied = scan(&lab, "late.cedar").code(1);
    assert_eq!(reasons(&denied.json()), ["policy_evaluation_failed"]);
    lab.pi(&["replay", &denied.run_id()]).code(0);
    // No severity that one asks for turns it into a success.
    let args = ["scan", "examples/shop-fixed", "--policy", "late.cedar", "--fail-on", "critical"];
    lab.pi(&args).code(1);
}

#[test]
fn compositions_are_planned_and_run_under_a_policy() {
    let lab = lab();
    let report = "examples/compositions/report.json";
    let effects = "examples/policies/effects.cedar";
    let run = |args: &[&str]| {
        lab.pi(&[&["run", report, "--format", "json", "--policy", effects], args].concat())
    };
    // Only `release` may change the world, and nobody here is it.
    run(&["--approve"]).refused(2, "policy_no_match");
    let mine = fs::read_to_string(lab.work().join(effects)).unwrap();
    lab.file(effects, mine.replace("PI::Actor::\"release\"", "PI::Actor::\"cli\""));
    let waits = run(&[]).code(4).json();
    assert_eq!(reasons(&waits), ["approval_required"]);
    assert!(!lab.work().join("pi-release.json").exists());
    let written = run(&["--approve"]).code(0);
    assert_eq!(text(&written.json(), "decision"), "ALLOW");
    // An approval does not lift what GOVERN asks.
    let govern = "forbid (principal, action == PI::Action::\"execute_unattended\", resource)
        when { context.stage == \"govern\" };";
    lab.file("govern.cedar", format!("{PERMIT}{govern}"));
    let args = ["run", report, "--format", "json", "--policy", "govern.cedar", "--approve"];
    let review = lab.pi(&args).code(4).json();
    assert_eq!(reasons(&review), ["policy_review"]);

    let plan =
        |policy: &str| lab.pi(&["simulate", "plain.json", "--format", "json", "--policy", policy]);
    lab.file("plain.json", document("", ""));
    let planned = plan("examples/policies/size.cedar").code(0).json();
    lab.file("typo.cedar", TYPO);
    let rejected = plan("typo.cedar").code(1).json();
    assert_ne!(field(&planned, "plan.policy"), field(&rejected, "plan.policy"));
    assert_eq!(reasons(field(&rejected, "plan")), ["policy_not_loaded"]);
    assert_eq!(refusals(&lab).len(), 1, "a plan is no run and leaves nothing");
}

#[test]
fn the_examples_judge_the_shops() {
    let lab = lab();
    for entry in fs::read_dir(lab.work().join("examples/policies")).unwrap() {
        let path = entry.unwrap().path();
        let path = path.to_str().unwrap();
        lab.pi(&["policy", "check", path]).code(0);
        scan(&lab, path).code(0);
        let shop = ["scan", "examples/shop", "--format", "json", "--policy", path];
        // Rule lists are about who and how much, not about what was found.
        lab.pi(&shop).code(i32::from(path.ends_with(".cedar")));
    }
}

#[test]
fn what_if_lists_what_another_policy_would_have_decided() {
    let lab = lab();
    lab.file("permit.cedar", PERMIT);
    lab.file("none.cedar", "@id(\"none\") forbid (principal, action, resource);");
    let baseline = lab.pi(&["policy", "show"]).code(0).stdout;
    lab.file("baseline.cedar", baseline);
    let fixed = lab.pi(&["scan", "examples/shop-fixed", "--format", "json"]).code(0).run_id();
    let shop = lab.pi(&["scan", "examples/shop", "--format", "json"]).code(1).run_id();
    let effect = ["run", "examples/compositions/report.json", "--format", "json"];
    let waits = lab.pi(&effect).code(4).run_id();
    let written = lab.pi(&[&effect[..], &["--approve"]].concat()).code(0).run_id();
    scan(&lab, "none.cedar").refused(2, "policy_denied");
    let what_if =
        |policy: &str| lab.pi(&["policy", "what-if", policy, "--format", "json"]).code(0).json();

    // The facts are those that were asked about then: the same policy changes nothing.
    let same = what_if("baseline.cedar");
    assert_eq!((number(&same, "asked"), items(&same, "changed").len()), (4, 0), "{same:?}");
    assert_eq!(items(&same, "not_retained").len(), 1);

    let changed = |policy: &str| -> Vec<(String, String, String)> {
        let what_if = what_if(policy);
        let row = |row| (text(row, "run"), text(row, "before"), text(row, "after"));
        items(&what_if, "changed").iter().map(row).collect()
    };
    let allow = |run: &str, before: &str| (run.to_owned(), before.to_owned(), "ALLOW".to_owned());
    assert_eq!(changed("permit.cedar"), [allow(&waits, "REVIEW"), allow(&shop, "DENY")]);
    let denied = changed("none.cedar");
    assert_eq!(denied.len(), 3, "{denied:?}");
    let told = lab.pi(&["policy", "what-if", "none.cedar"]).code(0).stdout;
    assert!(
        told.contains("3 of 4 runs would be decided otherwise: 3 more strictly, 0 less"),
        "{told}"
    );
    assert!(told.contains("1 not asked: a refusal (policy_denied) records no facts"), "{told}");
    assert!(told.contains("none  policy_denied: "), "{told}");

    // One run, asked by name, at the moment that settles it.
    let explain =
        |policy: &str, run: &str| lab.pi(&["policy", "explain", policy, run, "--format", "json"]);
    assert_eq!(text(&explain("baseline.cedar", &shop).code(1).json(), "stage"), "govern");
    assert_eq!(text(&explain("baseline.cedar", &waits).code(4).json(), "stage"), "admission");
    assert_eq!(text(&explain("baseline.cedar", &written).code(0).json(), "stage"), "govern");
    assert_eq!(text(&explain("none.cedar", &fixed).code(1).json(), "stage"), "admission");
    let unknown = "run_00000000000000000000000000000000";
    explain("none.cedar", unknown).refused(2, "unknown_run");

    // What was erased is not made up.
    lab.pi(&["log", "redact", "runs:1", "--reason", "test"]).code(0);
    let erased = what_if("baseline.cedar");
    assert_eq!((number(&erased, "asked"), items(&erased, "not_retained").len()), (3, 2));
    explain("none.cedar", &fixed).refused(2, "inputs_not_retained");
}
