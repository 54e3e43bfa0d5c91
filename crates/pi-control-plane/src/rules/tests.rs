use super::*;
use crate::facts::Stage;

fn facts() -> Facts {
    Facts::blank("cli", "local", "c", Stage::Admission)
}

fn list(kind: &str, rules: &str) -> Result<RuleList, RuleListError> {
    let text =
        format!(r#"{{"schema":"pi.rules/1","name":"test","kind":"{kind}","rules":[{rules}]}}"#);
    RuleList::read(text.as_bytes())
}

fn governance(operator: &str, field: &str, value: &str) -> Result<RuleList, RuleListError> {
    list(
        "governance",
        &format!(
            r#"{{"rule_id":"r","effect":"allow","priority":1,"conditions":[{{"field":"{field}","operator":"{operator}","value":{value}}}]}}"#
        ),
    )
}

#[test]
fn every_operator_holds_and_fails_and_never_holds_without_its_field() {
    let of = |field: &str, value: crate::Value| {
        let mut facts = facts();
        facts.set(Fact::field(field).unwrap(), value);
        facts
    };
    let texts = |items: &[&str]| items.iter().map(|i| (*i).to_owned()).collect::<Vec<_>>();
    for (operator, field, value, yes, no) in [
        ("eq", "role", r#""a\"*""#, "a\"*".into(), "b".into()),
        ("ne", "role", r#""a""#, "b".into(), "a".into()),
        ("gt", "epoch_number", "3", 4_u64.into(), 3_u64.into()),
        ("lt", "epoch_number", "3", 2_u64.into(), 3_u64.into()),
        ("contains", "role", r#""b*""#, "ab*c".into(), "abc".into()),
        ("contains", "imports", r#""os""#, texts(&["x", "os"]).into(), texts(&["x"]).into()),
        ("starts_with", "role", r#""ad""#, "admin".into(), "bad".into()),
        ("ends_with", "role", r#""ad""#, "bad".into(), "admin".into()),
        ("in", "role", r#"["a","b"]"#, "b".into(), "c".into()),
        ("not_in", "role", r#"["a","b"]"#, "c".into(), "b".into()),
        ("in", "schema_version", "[1,2]", 2_u64.into(), 3_u64.into()),
        ("eq", "network_access", "false", false.into(), true.into()),
    ]
        as [(&str, &str, &str, crate::Value, crate::Value); 12]
    {
        let list = governance(operator, field, value).unwrap();
        assert!(list.judge(&of(field, yes)).passed, "{operator} {field}");
        assert!(!list.judge(&of(field, no)).passed, "{operator} {field}");
        assert!(!list.judge(&facts()).passed, "{operator} without {field}");
    }
    let exists = governance("exists", "role", "true").unwrap();
    assert!(exists.judge(&of("role", "x".into())).passed && !exists.judge(&facts()).passed);
    assert!(governance("exists", "role", "false").unwrap().judge(&facts()).passed);
}

#[test]
fn what_is_not_known_is_refused_by_name() {
    let refused = |result: Result<RuleList, RuleListError>| result.unwrap_err().to_string();
    assert!(refused(governance("matches", "role", r#"".*""#)).contains("`matches` is refused"));
    assert!(refused(governance("like", "role", r#""x""#)).contains("`like` is no operator"));
    assert!(refused(governance("eq", "colour", r#""x""#)).contains("`colour` is no field"));
    assert!(refused(governance("gt", "role", "1")).contains("rules[0].conditions[0].field"));
    let error = RuleList::read(br#"{"schema":"pi.rules/9"}"#).unwrap_err();
    assert_eq!(error.reason(), Reason::PolicyVersionUnknown);
    assert_eq!(RuleList::read(b"{").unwrap_err().reason(), Reason::PolicyNotLoaded);
}

#[test]
fn governance_goes_by_priority_and_keeps_the_strictest() {
    let rule = |id: &str, effect: &str, priority: u32| {
        format!(r#"{{"rule_id":"{id}","effect":"{effect}","priority":{priority},"conditions":[]}}"#)
    };
    let judged = |rules: &[String]| list("governance", &rules.join(",")).unwrap().judge(&facts());
    assert_eq!(judged(&[]).answer.decision, Decision::Deny);
    assert_eq!(judged(&[rule("a", "audit", 1)]).answer.decision, Decision::Deny);
    assert_eq!(judged(&[rule("a", "allow", 1)]).answer.decision, Decision::Allow);
    let asks = rule("b", "require_approval", 1);
    assert_eq!(judged(std::slice::from_ref(&asks)).answer.decision, Decision::Review);
    // An approval that is required is not lifted by a later rule.
    assert_eq!(judged(&[asks, rule("a", "allow", 2)]).answer.decision, Decision::Review);
    let ended = judged(&[rule("z", "allow", 9), rule("d", "deny", 5), rule("n", "notify", 1)]);
    let steps: Vec<(&str, Outcome)> =
        ended.steps.iter().map(|step| (step.rule.as_str(), step.outcome)).collect();
    let expected = [("n", Outcome::Noted), ("d", Outcome::Applied), ("z", Outcome::NotEvaluated)];
    assert_eq!((ended.passed, steps.as_slice()), (false, &expected[..]));
}

#[test]
fn what_is_told_is_told_where_it_applies() {
    let exists = r#"{"field":"role","operator":"exists"}"#;
    let rule =
        format!(r#"{{"rule_id":"n","effect":"audit","priority":1,"conditions":[{exists}]}}"#);
    let list = list("governance", &rule).unwrap();
    let outcome = |facts: &Facts| list.judge(facts).steps[0].outcome;
    assert_eq!(outcome(&facts()), Outcome::NotApplied);
    assert_eq!(outcome(facts().set(Fact::Role, "x")), Outcome::Noted);
}

#[test]
fn what_a_denial_ended_is_told_nowhere() {
    let rule = |id: &str, effect: &str, priority: u32| {
        format!(r#"{{"rule_id":"{id}","effect":"{effect}","priority":{priority},"conditions":[]}}"#)
    };
    let rules = [rule("d", "deny", 1), rule("e", "deny", 2), rule("r", "require_approval", 3)];
    let answer = list("governance", &rules.join(",")).unwrap().judge(&facts()).answer;
    let told = answer.asked.iter().flat_map(|asked| &asked.determining);
    assert!(
        told.chain(answer.grounds.iter().filter_map(|g| g.policy.as_ref())).all(|id| id == "d")
    );
}
