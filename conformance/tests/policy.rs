//! Policy: rule lists, what they compile to, and every way to deny.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::sync::Arc;

use pi_conformance::{
    DOCKERFILE, Driver, admit_under, done, drive, manifest, scan_of, straw, text,
};
use pi_control_plane::rules::{Outcome, RuleList, RuleListError};
use pi_control_plane::{Fact, Facts, PolicySet, Stage};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Decision, Digest, Reason};
use pi_kernel::policy::Policy;

const FILES: &[(&str, &[u8])] = &[("Dockerfile", DOCKERFILE)];

fn list(kind: &str, rules: &str) -> Result<RuleList, RuleListError> {
    let text =
        format!(r#"{{"schema":"pi.rules/1","name":"test","kind":"{kind}","rules":[{rules}]}}"#);
    RuleList::read(text.as_bytes())
}

fn check(id: &str, kind: &str, field: &str, value: &str, action: &str, severity: &str) -> String {
    format!(
        r#"{{"rule_id":"{id}","rule_type":"{kind}","condition":{{"field":"{field}","value":{value}}},"action":"{action}","severity":"{severity}"}}"#
    )
}

/// A list of one check that denies.
fn one(kind: &str, field: &str, value: &str) -> RuleList {
    list("checks", &check("rule", kind, field, value, "DENY", "HIGH")).unwrap()
}

/// A subject as a person writes it: `"memory_mb":512`.
fn subject(fields: &str) -> Facts {
    let json = parse(format!(r#"{{"subject":{{{fields}}}}}"#).as_bytes()).unwrap();
    Facts::from_json(&json).unwrap()
}

fn passes(list: &RuleList, fields: &str) -> bool {
    let judged = list.judge(&subject(fields));
    let alone = list.policies().decide(&subject(fields));
    assert_eq!(judged.answer.decision, alone.decision, "what it compiled to decides otherwise");
    assert_eq!(judged.passed, alone.decision != Decision::Deny);
    judged.passed
}

fn steps(list: &RuleList, fields: &str) -> Vec<(String, Outcome)> {
    let steps = list.judge(&subject(fields)).steps.into_iter();
    steps.map(|step| (step.rule, step.outcome)).collect()
}

#[test]
fn POLICY_1_severity_orders_the_rules_and_the_first_denial_ends_the_list() {
    let rules = [
        check("m", "max_resource", "nodes", "9", "DENY", "MEDIUM"),
        check("h1", "max_resource", "memory_mb", "512", "DENY", "HIGH"),
        check("c", "required_capability", "capabilities", r#""scan""#, "DENY", "CRITICAL"),
        check("h2", "banned_import", "imports", r#"["os"]"#, "DENY", "HIGH"),
    ];
    let list = list("checks", &rules.join(",")).unwrap();
    let good = r#""nodes":1,"memory_mb":512,"capabilities":["scan"],"imports":["re"]"#;
    assert!(passes(&list, good));
    let order: Vec<String> = steps(&list, good).into_iter().map(|(id, _)| id).collect();
    assert_eq!(order, ["c", "h1", "h2", "m"]);
    // `h2` and `m` would deny as well; they are not asked, and nothing is told of them.
    let bad = r#""nodes":10,"memory_mb":513,"capabilities":["scan"],"imports":["os"]"#;
    let judged = list.judge(&subject(bad));
    assert!(!judged.passed);
    let outcomes: Vec<Outcome> = judged.steps.iter().map(|step| step.outcome).collect();
    let (ended, after) = (Outcome::Applied, Outcome::NotEvaluated);
    assert_eq!(outcomes, [Outcome::NotApplied, ended, after, after]);
    let told: Vec<Option<&str>> =
        judged.answer.grounds.iter().map(|ground| ground.policy.as_deref()).collect();
    assert_eq!(told, [Some("h1")]);
}

#[test]
fn POLICY_2_a_field_that_is_missing_or_null_makes_the_rule_false() {
    for (kind, field, value, held) in [
        ("banned_import", "imports", r#""os""#, r#""imports":[]"#),
        ("banned_capability", "capabilities", r#""shell""#, r#""capabilities":[]"#),
        ("required_capability", "capabilities", "[]", r#""capabilities":[]"#),
        ("max_resource", "cpu_time_ms", "100", r#""cpu_time_ms":0"#),
        ("trust_zone_restriction", "trust_zone", r#""CORE""#, r#""trust_zone":"CORE""#),
    ] {
        let list = one(kind, field, value);
        assert!(passes(&list, held), "{kind}");
        assert!(!passes(&list, ""), "{kind} without its field");
        assert!(!passes(&list, &format!(r#""{field}":null"#)), "{kind} with null");
    }
    // The four rights are banned when they are given; absent is not given.
    for right in ["network_access", "filesystem_access", "subprocess_access", "dynamic_eval_access"]
    {
        let banned = one("banned_capability", right, "null");
        assert!(passes(&banned, ""));
        assert!(passes(&banned, &format!(r#""{right}":false"#)));
        assert!(!passes(&banned, &format!(r#""{right}":true"#)));
    }
    // A field of another type is no field.
    let json = parse(br#"{"subject":{"memory_mb":"512"}}"#).unwrap();
    Facts::from_json(&json).unwrap_err();
}

#[test]
fn POLICY_3_an_unknown_type_of_rule_is_not_loaded_and_denies() {
    let rule = check("x", "max_entropy", "nodes", "1", "DENY", "HIGH");
    let error = list("checks", &rule).unwrap_err();
    assert_eq!(error.reason(), Reason::PolicyNotLoaded);
    assert!(error.to_string().contains("rules[0].rule_type: `max_entropy`"), "{error}");
    let policy = Policy::absent(error.reason(), error.to_string());
    let refused = admit_under(scan_of(&manifest(FILES)).freeze(), FILES, Vec::new(), policy);
    assert_eq!(refused.err().map(|error| error.reason()), Some(Reason::PolicyNotLoaded));
}

#[test]
fn POLICY_4_a_list_without_rules_denies() {
    for kind in ["checks", "governance"] {
        let judged = list(kind, "").unwrap().judge(&subject(r#""nodes":1"#));
        assert!(!judged.passed);
        assert_eq!(judged.answer.grounds[0].reason, Reason::PolicyNoMatch);
    }
}

#[test]
fn POLICY_5_an_empty_list_of_zones_denies_every_zone() {
    let none = one("trust_zone_restriction", "trust_zone", "[]");
    for zone in ["UNTRUSTED", "GOVERNED", "CORE", ""] {
        assert!(!passes(&none, &format!(r#""trust_zone":"{zone}""#)), "{zone}");
    }
    let two = one("trust_zone_restriction", "trust_zone", r#"["GOVERNED","CORE"]"#);
    assert!(passes(&two, r#""trust_zone":"CORE""#));
    assert!(!passes(&two, r#""trust_zone":"UNTRUSTED""#));
    assert!(!passes(&two, r#""trust_zone":"core""#), "names are compared as they are");
}

#[test]
fn POLICY_6_a_resource_may_equal_its_limit_and_not_exceed_it() {
    for limit in [0_u64, 512, i64::MAX as u64 - 1] {
        let list = one("max_resource", "memory_mb", &limit.to_string());
        assert!(passes(&list, &format!(r#""memory_mb":{limit}"#)));
        assert!(!passes(&list, &format!(r#""memory_mb":{}"#, limit + 1)));
    }
    // What cannot be compared denies; it is not cut to size.
    let list = one("max_resource", "memory_mb", &i64::MAX.to_string());
    let mut huge = Facts::blank("cli", "local", "", Stage::Admission);
    huge.set(Fact::MemoryMb, u64::MAX);
    let answer = list.judge(&huge).answer;
    assert_eq!(answer.decision, Decision::Deny);
    assert_eq!(answer.grounds[0].reason, Reason::PolicyEvaluationFailed);
}

#[test]
fn CTEST_7_an_empty_policy_a_missing_field_and_an_exceeded_maximum_each_fail_a_run() {
    let refused = |list: RuleList| {
        let policy = Policy::new(Arc::new(list.into_policies()));
        let request = scan_of(&manifest(FILES)).freeze();
        admit_under(request, FILES, Vec::new(), policy).err().map(|error| error.reason())
    };
    assert_eq!(refused(list("checks", "").unwrap()), Some(Reason::PolicyNoMatch));
    let zone = one("trust_zone_restriction", "trust_zone", r#"["CORE"]"#);
    assert_eq!(refused(zone), Some(Reason::PolicyDenied));
    assert_eq!(refused(one("max_resource", "artifacts", "0")), Some(Reason::PolicyDenied));
    assert_eq!(refused(one("max_resource", "artifacts", "1")), None);
}

#[test]
fn EF_14_governance_compiles_from_closed_lists_and_ends_with_a_denial() {
    let rule = |id: &str, effect: &str, priority: u32, conditions: &str| {
        format!(
            r#"{{"rule_id":"{id}","effect":"{effect}","priority":{priority},"conditions":[{conditions}]}}"#
        )
    };
    let on = |field: &str, operator: &str, value: &str| {
        let condition = format!(r#"{{"field":"{field}","operator":"{operator}","value":{value}}}"#);
        list("governance", &rule("r", "allow", 1, &condition))
    };
    // The fields and the operators are closed lists, and no regular expression is one.
    for field in [
        "tenant_id",
        "actor_id",
        "role",
        "action",
        "resource_type",
        "resource_id",
        "composition_id",
        "snapshot_id",
        "worker_id",
        "stage",
        "event_type",
        "partition_key",
        "schema_name",
        "connector_id",
        "connector_trust_tier",
        "sandbox_policy",
    ] {
        let list = on(field, "eq", r#""x""#).unwrap();
        assert!(passes(&list, &format!(r#""{field}":"x""#)), "{field}");
        assert!(!passes(&list, &format!(r#""{field}":"y""#)), "{field}");
    }
    for field in ["epoch_number", "schema_version"] {
        assert!(passes(&on(field, "gt", "1").unwrap(), &format!(r#""{field}":2"#)));
    }
    let message = |result: Result<RuleList, RuleListError>| result.unwrap_err().to_string();
    assert!(message(on("colour", "eq", r#""x""#)).contains("`colour` is no field"));
    assert!(message(on("role", "matches", r#"".*""#)).contains("`matches` is refused"));
    // A field that is absent fulfils no comparison, also none that negates.
    for (operator, value) in [("ne", r#""x""#), ("not_in", r#"["x"]"#), ("not_in", "[]")] {
        assert!(!passes(&on("role", operator, value).unwrap(), ""), "{operator}");
    }
    // A denial ends the list; what allows behind it is not asked. No match denies.
    let rules = [
        rule("late", "allow", 30, ""),
        rule("told", "audit", 1, ""),
        rule("never", "deny", 20, r#"{"field":"role","operator":"eq","value":"guest"}"#),
        rule("asks", "require_approval", 10, r#"{"field":"role","operator":"exists"}"#),
    ];
    let list = list("governance", &rules.join(",")).unwrap();
    let decision = |fields: &str| list.judge(&subject(fields)).answer.decision;
    assert_eq!(decision(r#""role":"guest""#), Decision::Deny);
    assert_eq!(decision(r#""role":"owner""#), Decision::Review, "an approval stays required");
    assert_eq!(decision(""), Decision::Allow);
    let ended = steps(&list, r#""role":"guest""#);
    let ended: Vec<(&str, Outcome)> = ended.iter().map(|(id, o)| (id.as_str(), *o)).collect();
    let expected = [
        ("told", Outcome::Noted),
        ("asks", Outcome::Applied),
        ("never", Outcome::Applied),
        ("late", Outcome::NotEvaluated),
    ];
    assert_eq!(ended, expected);
}

/// The reason under which a scan of `FILES` is refused by a policy.
fn refusal(policy: Policy) -> Option<Reason> {
    let request = scan_of(&manifest(FILES)).freeze();
    admit_under(request, FILES, Vec::new(), policy).err().map(|error| error.reason())
}

#[test]
fn INVARIANT_4_missing_unknown_ambiguous_and_broken_policies_deny_under_their_own_names() {
    let cedar = |text: &str| Policy::new(Arc::new(PolicySet::load("test", text).unwrap()));
    let permit = "permit (principal, action, resource)";
    assert_eq!(refusal(cedar(&format!("{permit};"))), None);
    // Empty, and nothing that fits.
    assert_eq!(refusal(cedar("")), Some(Reason::PolicyNoMatch));
    let other = r#"permit (principal == PI::Actor::"nobody", action, resource);"#;
    assert_eq!(refusal(cedar(other)), Some(Reason::PolicyNoMatch));
    // Contradictory: of two that fit, the one that forbids holds, in whichever order.
    let forbid = "forbid (principal, action, resource);";
    for text in [format!("{permit};{forbid}"), format!("{forbid}{permit};")] {
        assert_eq!(refusal(cedar(&text)), Some(Reason::PolicyDenied));
    }
    // Broken while it is evaluated, although another permits.
    let overflow = format!(
        "{permit}; permit (principal, action, resource)
         when {{ context.request.nodes * 9223372036854775807 > 0 }};"
    );
    assert_eq!(refusal(cedar(&overflow)), Some(Reason::PolicyEvaluationFailed));
    // Not read at all.
    let error = PolicySet::load("test", "permit (principal, action);").unwrap_err();
    assert_eq!(refusal(Policy::not_loaded(&error)), Some(Reason::PolicyNotLoaded));
    // Recorded, and not kept; recorded in a form of a later build.
    let recorded = parse(&Encoder::encode(&Policy::baseline())).unwrap();
    let lost = Policy::recorded(&recorded, Policy::baseline().digest(), None);
    assert_eq!(refusal(lost), Some(Reason::PolicyNotLoaded));
    let later = parse(br#"{"schema":"pi.policy.asked/2"}"#).unwrap();
    let later = Policy::recorded(&later, Digest::of(b"later"), None);
    assert_eq!(refusal(later), Some(Reason::PolicyVersionUnknown));
    let error = RuleList::read(br#"{"schema":"pi.rules/2"}"#).unwrap_err();
    assert_eq!(error.reason(), Reason::PolicyVersionUnknown);
}

#[test]
fn INVARIANT_4_what_only_govern_learns_denies_there() {
    // At admission it permits; with the findings it cannot be evaluated.
    let text = "permit (principal, action, resource);
        @id(\"broken\") forbid (principal, action, resource)
        when { context has findings && context.findings.all + 9223372036854775807 < 0 };";
    let policy = Policy::new(Arc::new(PolicySet::load("test", text).unwrap()));
    let request = scan_of(&manifest(FILES)).freeze();
    let admitted = admit_under(request, FILES, vec![&straw::Grep], policy).unwrap();
    let mut perform = |_, _: &_| done();
    let driver = Driver { backwards: false, stop_after: None, perform: &mut perform };
    let ended = drive(admitted, FILES, driver);
    assert_eq!(ended.outcome.decision, Decision::Deny);
    let sealed = ended.payloads("run.sealed");
    let reasons = sealed[0].get("reasons").and_then(Value::as_array).unwrap();
    assert_eq!(text_of(reasons), [Reason::PolicyEvaluationFailed.code()]);
}

fn text_of(reasons: &[Value]) -> Vec<&str> {
    reasons.iter().map(|reason| text(reason, "code")).collect()
}
