//! Random rule lists beside an interpreter of their own, which knows no Cedar.
#![allow(clippy::unwrap_used, clippy::panic, reason = "test code")]

use std::collections::BTreeMap;

use pi_control_plane::rules::{Outcome, RuleList};
use pi_control_plane::{Fact, Facts, PolicySet, Stage, Value};
use pi_core::Decision;
use proptest::prelude::*;
use proptest::sample::select;

/// The fields that the lists use: two texts, a list, a number, a right.
const FIELDS: [&str; 5] = ["role", "trust_zone", "imports", "memory_mb", "network_access"];
const WORDS: [&str; 5] = ["", "a", "ab", "b*", "\u{e4}\"\\"];
const NUMBERS: [u64; 4] = [0, 1, 2, i64::MAX as u64];

type Subject = BTreeMap<&'static str, Value>;

fn word() -> impl Strategy<Value = &'static str> {
    select(&WORDS[..])
}

fn words() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(word().prop_map(str::to_owned), 0..4)
}

fn value(field: &'static str) -> BoxedStrategy<Value> {
    match field {
        "imports" => words().prop_map(Value::Texts).boxed(),
        "memory_mb" => select(&NUMBERS[..]).prop_map(Value::Number).boxed(),
        "network_access" => any::<bool>().prop_map(Value::Truth).boxed(),
        _ => word().prop_map(Value::from).boxed(),
    }
}

fn subject() -> impl Strategy<Value = Subject> {
    let field = |field| prop::option::weighted(0.7, value(field));
    FIELDS.map(field).prop_map(|values| {
        let fields = FIELDS.into_iter().zip(values);
        fields.filter_map(|(field, value)| Some((field, value?))).collect()
    })
}

fn facts(subject: &Subject) -> Facts {
    let mut facts = Facts::blank("cli", "local", "ecr_1", Stage::Admission);
    for (field, value) in subject {
        facts.set(Fact::field(field).unwrap(), value.clone());
    }
    facts
}

fn json(value: &Value) -> String {
    String::from_utf8(pi_core::canonical::Encoder::encode(value)).unwrap()
}

/// What an interpreter says of a list.
#[derive(Debug, PartialEq)]
struct Said {
    decision: Decision,
    outcomes: Vec<Outcome>,
}

/// Compares a list with what was said of it.
fn agrees(text: &str, subject: &Subject, said: &Said) {
    let list = RuleList::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let facts = facts(subject);
    let judged = list.judge(&facts);
    let outcomes = judged.steps.iter().map(|step| step.outcome).collect();
    let heard = Said { decision: judged.answer.decision, outcomes };
    assert_eq!(&heard, said, "{text} over {subject:?}");
    let cedar = PolicySet::load("again", list.policies().text()).unwrap();
    assert_eq!(cedar.decide(&facts).decision, said.decision);
    assert_eq!(cedar.decide(&facts), cedar.decide_plainly(&facts));
}

/// What is behind a denial is not evaluated.
fn ended(outcomes: Vec<(Outcome, bool)>) -> Vec<Outcome> {
    let mut over = false;
    let step = |(outcome, denies)| {
        let outcome = if over { Outcome::NotEvaluated } else { outcome };
        over |= denies;
        outcome
    };
    outcomes.into_iter().map(step).collect()
}

mod checks {
    use super::*;

    #[derive(Clone, Debug)]
    struct Check {
        kind: &'static str,
        field: &'static str,
        values: Vec<String>,
        limit: u64,
        action: &'static str,
        severity: &'static str,
    }

    fn check() -> impl Strategy<Value = Check> {
        let rule = select(vec![
            ("banned_import", "imports"),
            ("banned_capability", "imports"),
            ("banned_capability", "network_access"),
            ("required_capability", "imports"),
            ("required_capability", "network_access"),
            ("max_resource", "memory_mb"),
            ("trust_zone_restriction", "trust_zone"),
        ]);
        let action = select(vec!["DENY", "DENY", "REQUIRE_REVIEW", "ALLOW"]);
        let severity = select(vec!["CRITICAL", "HIGH", "MEDIUM"]);
        (rule, words(), select(&NUMBERS[..]), action, severity).prop_map(
            |((kind, field), values, limit, action, severity)| Check {
                kind,
                field,
                values,
                limit,
                action,
                severity,
            },
        )
    }

    fn written(rules: &[Check]) -> String {
        let rule = |(at, rule): (usize, &Check)| {
            let Check { kind, field, values, limit, action, severity } = rule;
            let value = match *kind {
                "max_resource" => limit.to_string(),
                _ => json(&Value::Texts(values.clone())),
            };
            format!(
                r#"{{"rule_id":"r{at}","rule_type":"{kind}","condition":{{"field":"{field}","value":{value}}},"action":"{action}","severity":"{severity}"}}"#
            )
        };
        let rules: Vec<String> = rules.iter().enumerate().map(rule).collect();
        let rules = rules.join(",");
        format!(r#"{{"schema":"pi.rules/1","name":"random","kind":"checks","rules":[{rules}]}}"#)
    }

    fn holds(rule: &Check, subject: &Subject) -> bool {
        let named = |texts: &[String], value: &String| texts.contains(value);
        match (rule.kind, subject.get(rule.field)) {
            ("banned_capability", None) => rule.field == "network_access",
            (_, None) => false,
            ("banned_import" | "banned_capability", Some(Value::Texts(texts))) => {
                !rule.values.iter().any(|value| named(texts, value))
            }
            ("banned_capability", Some(Value::Truth(given))) => !given,
            ("required_capability", Some(Value::Texts(texts))) => {
                rule.values.iter().all(|value| named(texts, value))
            }
            ("required_capability", Some(Value::Truth(given))) => *given,
            ("max_resource", Some(Value::Number(number))) => *number <= rule.limit,
            ("trust_zone_restriction", Some(Value::Text(zone))) => rule.values.contains(zone),
            other => panic!("{other:?}"),
        }
    }

    fn interpret(rules: &[Check], subject: &Subject) -> Said {
        let mut order: Vec<&Check> = rules.iter().collect();
        // Critical, High, Medium: the alphabet happens to know.
        order.sort_by_key(|rule| rule.severity);
        let mut outcomes = Vec::new();
        let (mut denied, mut review, mut permitted) = (false, false, false);
        for rule in &order {
            let holds = holds(rule, subject);
            let applied = if rule.action == "ALLOW" { holds } else { !holds };
            let denies = applied && rule.action == "DENY";
            denied |= denies;
            review |= applied && rule.action == "REQUIRE_REVIEW";
            permitted |= applied && rule.action == "ALLOW";
            outcomes.push((if applied { Outcome::Applied } else { Outcome::NotApplied }, denies));
        }
        let allows = rules.iter().any(|rule| rule.action == "ALLOW");
        permitted |= !allows && !rules.is_empty();
        let decision = match (denied || !permitted, review) {
            (true, _) => Decision::Deny,
            (false, true) => Decision::Review,
            (false, false) => Decision::Allow,
        };
        Said { decision, outcomes: ended(outcomes) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn decide_as_they_read(rules in prop::collection::vec(check(), 0..6), subject in subject()) {
            agrees(&written(&rules), &subject, &interpret(&rules, &subject));
        }
    }
}

mod governance {
    use super::*;

    #[derive(Clone, Debug)]
    struct Condition {
        field: &'static str,
        operator: &'static str,
        values: Vec<Value>,
    }

    #[derive(Clone, Debug)]
    struct Rule {
        effect: &'static str,
        priority: u64,
        conditions: Vec<Condition>,
    }

    fn condition() -> impl Strategy<Value = Condition> {
        select(&FIELDS[..]).prop_flat_map(|field| {
            let operators = match field {
                "imports" => vec!["contains", "exists"],
                "memory_mb" => vec!["eq", "ne", "gt", "lt", "in", "not_in", "exists"],
                "network_access" => vec!["eq", "ne", "exists"],
                _ => vec![
                    "eq",
                    "ne",
                    "contains",
                    "starts_with",
                    "ends_with",
                    "in",
                    "not_in",
                    "exists",
                ],
            };
            let one = match field {
                "imports" => word().prop_map(Value::from).boxed(),
                _ => value(field),
            };
            (select(operators), prop::collection::vec(one, 1..4), any::<bool>()).prop_map(
                move |(operator, mut values, none)| {
                    match operator {
                        "in" | "not_in" if none => values.clear(),
                        "exists" => values = vec![Value::Truth(none)],
                        _ => {}
                    }
                    Condition { field, operator, values }
                },
            )
        })
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let effect = select(vec!["allow", "allow", "deny", "require_approval", "audit", "notify"]);
        (effect, 0_u64..3, prop::collection::vec(condition(), 0..3))
            .prop_map(|(effect, priority, conditions)| Rule { effect, priority, conditions })
    }

    fn written(rules: &[Rule]) -> String {
        let condition = |condition: &Condition| {
            let Condition { field, operator, values } = condition;
            let texts: Vec<String> = values.iter().map(json).collect();
            let value = match *operator {
                "in" | "not_in" => format!("[{}]", texts.join(",")),
                _ => texts.first().unwrap().clone(),
            };
            format!(r#"{{"field":"{field}","operator":"{operator}","value":{value}}}"#)
        };
        let rule = |(at, rule): (usize, &Rule)| {
            let Rule { effect, priority, conditions } = rule;
            let conditions: Vec<String> = conditions.iter().map(condition).collect();
            let conditions = conditions.join(",");
            format!(
                r#"{{"rule_id":"r{at}","effect":"{effect}","priority":{priority},"conditions":[{conditions}]}}"#
            )
        };
        let rules: Vec<String> = rules.iter().enumerate().map(rule).collect();
        let rules = rules.join(",");
        format!(
            r#"{{"schema":"pi.rules/1","name":"random","kind":"governance","rules":[{rules}]}}"#
        )
    }

    fn holds(condition: &Condition, subject: &Subject) -> bool {
        let Condition { field, operator, values } = condition;
        let value = subject.get(field);
        if *operator == "exists" {
            return values.first() == Some(&Value::Truth(value.is_some()));
        }
        let (Some(value), first) = (value, values.first()) else { return false };
        match (*operator, value, first) {
            ("eq", value, Some(first)) => value == first,
            ("ne", value, Some(first)) => value != first,
            ("gt", Value::Number(value), Some(Value::Number(first))) => value > first,
            ("lt", Value::Number(value), Some(Value::Number(first))) => value < first,
            ("contains", Value::Texts(value), Some(Value::Text(first))) => value.contains(first),
            ("contains", Value::Text(value), Some(Value::Text(first))) => value.contains(first),
            ("starts_with", Value::Text(value), Some(Value::Text(first))) => {
                value.starts_with(first)
            }
            ("ends_with", Value::Text(value), Some(Value::Text(first))) => value.ends_with(first),
            ("in", value, _) => values.contains(value),
            ("not_in", value, _) => !values.contains(value),
            other => panic!("{other:?}"),
        }
    }

    fn interpret(rules: &[Rule], subject: &Subject) -> Said {
        let mut order: Vec<&Rule> = rules.iter().collect();
        order.sort_by_key(|rule| rule.priority);
        let mut outcomes = Vec::new();
        let mut found = std::collections::BTreeSet::new();
        for rule in &order {
            let applies = rule.conditions.iter().all(|condition| holds(condition, subject));
            let outcome = match (applies, rule.effect) {
                (false, _) => Outcome::NotApplied,
                (true, "audit" | "notify") => Outcome::Noted,
                (true, _) => Outcome::Applied,
            };
            outcomes.push((outcome, applies && rule.effect == "deny"));
            if applies {
                found.insert(rule.effect);
            }
        }
        let decision = match () {
            () if found.contains("deny") => Decision::Deny,
            () if found.contains("require_approval") => Decision::Review,
            () if found.contains("allow") => Decision::Allow,
            () => Decision::Deny,
        };
        Said { decision, outcomes: ended(outcomes) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn decide_as_they_read(rules in prop::collection::vec(rule(), 0..6), subject in subject()) {
            agrees(&written(&rules), &subject, &interpret(&rules, &subject));
        }
    }
}
