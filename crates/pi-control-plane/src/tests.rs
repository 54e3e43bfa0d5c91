use pi_core::{Decision, Reason};

use crate::facts::{Fact, Facts, Stage};
use crate::policy::{PolicyError, PolicySet, schema};
use crate::{Answer, BASELINE, SCHEMA};

fn load(text: &str) -> PolicySet {
    PolicySet::load("test", text).unwrap_or_else(|error| panic!("{error}"))
}

fn facts(stage: Stage) -> Facts {
    Facts::blank("cli", "local", "ecr_1", stage)
}

fn reasons(answer: &Answer) -> Vec<Reason> {
    answer.grounds.iter().map(|ground| ground.reason).collect()
}

#[test]
fn the_schema_knows_every_fact_and_nothing_else() {
    let schema = schema().unwrap();
    let set = load(BASELINE);
    for stage in [Stage::Admission, Stage::Govern] {
        let mut facts = facts(stage);
        set.engine.prepare(&facts, true).unwrap().check(&schema);
        for fact in Fact::ALL.iter().copied() {
            let value: crate::Value = match fact.kind() {
                crate::Kind::Truth => true.into(),
                crate::Kind::Number => 7_u64.into(),
                crate::Kind::Text => "x".into(),
                crate::Kind::Texts => vec!["x".to_owned()].into(),
            };
            facts.set(fact, value);
        }
        set.engine.prepare(&facts, true).unwrap().check(&schema);
    }
    let members = SCHEMA.lines().filter(|line| {
        let line = line.trim();
        line.split_once(':').is_some_and(|(name, rest)| {
            let types = ["Bool,", "Long,", "String,", "Set<String>,"];
            types.contains(&rest.trim()) && !name.contains(' ') && name != "stage"
        })
    });
    assert_eq!(members.count(), Fact::ALL.len());
}

#[test]
fn the_baseline_judges_as_it_says() {
    let set = load(BASELINE);
    let govern = |fact, count: u64| {
        let mut facts = facts(Stage::Govern);
        if matches!(fact, Fact::Critical | Fact::High) {
            facts.set(Fact::HighOrAbove, count);
        }
        set.decide(facts.set(fact, count))
    };
    assert_eq!(set.decide(&facts(Stage::Admission)).decision, Decision::Allow);
    assert_eq!(govern(Fact::Low, 9).decision, Decision::Allow);
    let high = govern(Fact::High, 1);
    assert_eq!((high.decision, reasons(&high)), (Decision::Deny, vec![Reason::SeverityDenied]));
    assert_eq!(high.grounds[0].message, "1 finding of severity high or above");
    let medium = govern(Fact::Medium, 2);
    assert_eq!(medium.decision, Decision::Review);
    assert_eq!(medium.grounds[0].message, "2 findings of severity medium");
    for incident in Fact::incidents() {
        let answer = govern(incident, 1);
        let review = incident == Fact::ConsensusStricterCopy;
        let expected = if review { Decision::Review } else { Decision::Deny };
        assert_eq!(answer.decision, expected, "{}", incident.path());
        let code = Reason::from_code(incident.name()).unwrap_or(Reason::PolicyDenied);
        assert_eq!(reasons(&answer), [code]);
    }
    let mut effect = facts(Stage::Admission);
    let answer = set.decide(effect.set(Fact::Effects, vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(answer.decision, Decision::Review);
    assert_eq!(answer.grounds[0].message, "`a`, `b` changes the world");
    assert_eq!(answer, set.decide_plainly(&effect));
}

#[test]
fn reviews_and_denials_are_told_together_in_the_order_of_the_text() {
    let mut facts = facts(Stage::Govern);
    facts.set(Fact::HighOrAbove, 1).set(Fact::Medium, 1).set(Fact::AgentPanicked, 3);
    let answer = load(BASELINE).decide(&facts);
    let expected = [Reason::SeverityDenied, Reason::SeverityReview, Reason::AgentPanicked];
    assert_eq!((answer.decision, reasons(&answer)), (Decision::Deny, expected.to_vec()));
    let denial = |answer: &Answer| answer.denial().map(|ground| ground.reason);
    assert_eq!(denial(&answer), Some(Reason::SeverityDenied));
    facts.set(Fact::HighOrAbove, 0);
    assert_eq!(denial(&load(BASELINE).decide(&facts)), Some(Reason::AgentPanicked));
    facts.set(Fact::AgentPanicked, 0);
    assert_eq!(denial(&load(BASELINE).decide(&facts)), None);
    // Nobody permits it at all: that a person was to look first is no reason.
    let review = "forbid (principal, action == PI::Action::\"execute_unattended\", resource);";
    assert_eq!(denial(&load(review).decide(&facts)), Some(Reason::PolicyNoMatch));
}

#[test]
fn every_way_to_say_nothing_denies_under_its_own_name() {
    let admission = facts(Stage::Admission);
    let decide = |text: &str| {
        let answer = load(text).decide(&admission);
        (answer.decision, reasons(&answer))
    };
    assert_eq!(decide(""), (Decision::Deny, vec![Reason::PolicyNoMatch]));
    let other = "permit (principal == PI::Actor::\"other\", action, resource);";
    assert_eq!(decide(other), (Decision::Deny, vec![Reason::PolicyNoMatch]));
    let overflow = "permit (principal, action, resource);
        forbid (principal, action, resource)
        when { context.request.nodes - 9223372036854775807 - 2 > 0 };";
    assert_eq!(decide(overflow), (Decision::Deny, vec![Reason::PolicyEvaluationFailed]));
    let forbidden = "permit (principal, action, resource);
        forbid (principal, action, resource);";
    assert_eq!(decide(forbidden), (Decision::Deny, vec![Reason::PolicyDenied]));
    let attended = "permit (principal, action == PI::Action::\"execute\", resource);";
    assert_eq!(decide(attended), (Decision::Review, vec![Reason::PolicyReview]));
    let error = PolicySet::load("test", "permit (principal, action);").unwrap_err();
    assert_eq!(error.reason(), Reason::PolicyNotLoaded);
    let missing = Facts::new("a", "t", "c", Stage::Admission);
    let reads = "permit (principal, action, resource) when { context.request.nodes < 5 };";
    let answer = load(reads).decide(&missing);
    assert_eq!(
        (answer.decision, reasons(&answer)),
        (Decision::Deny, vec![Reason::PolicyEvaluationFailed])
    );
}

#[test]
fn every_error_names_policy_and_place() {
    let refused = |text: &str| {
        let PolicyError(problems) = PolicySet::load("test", text).unwrap_err();
        let problem = problems.into_iter().next().unwrap();
        (problem.policy.unwrap_or_default(), problem.line, problem.column, problem.message)
    };
    let (policy, line, column, _) = refused(
        "permit (principal, action, resource);\n\n@id(\"x\")\npermit (principal action, resource);",
    );
    assert_eq!((policy.as_str(), line, column), ("x", 4, 19));
    let (policy, line, column, message) = refused(
        "@id(\"mine\") permit (principal, action, resource)\nwhen { context.request.nodez > 1 };",
    );
    assert_eq!((policy.as_str(), line), ("mine", 2), "{column} {message}");
    assert!(message.contains("nodez"), "{message}");
    let unguarded = "permit (principal, action, resource)\nwhen { context.findings.high > 1 };";
    let (policy, line, _, message) = refused(unguarded);
    assert_eq!((policy.as_str(), line), ("policy 1", 2), "{message}");
    // Once, although both questions read it.
    let PolicyError(problems) = PolicySet::load("test", unguarded).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    // A policy behind one with slots keeps its own name.
    let slots = "permit (principal == ?principal, action, resource);
        permit (principal, action, resource) when { context.x };";
    let PolicyError(problems) = PolicySet::load("test", slots).unwrap_err();
    let named: Vec<_> = problems.iter().map(|problem| problem.policy.as_deref()).collect();
    assert_eq!(named, [Some("policy 1"), Some("policy 2")], "{problems:?}");
    let base = "(principal, action, resource);";
    for (text, place) in [
        (format!("permit {base}\n@reason(\"no_such\") forbid {base}"), (2, 9)),
        (format!("@message(\"{{no.fact}}\") forbid {base}"), (1, 10)),
        (format!("@id(\"a\") permit {base}\n@id(\"a\") permit {base}"), (1, 5)),
        (format!("@note(\"a\") permit {base}"), (1, 7)),
        ("permit (principal == ?principal, action, resource);".to_owned(), (1, 1)),
    ] {
        let (_, line, column, message) = refused(&text);
        assert_eq!((line, column), place, "{text}: {message}");
    }
}

#[test]
fn the_longest_statements_do_not_exhaust_a_small_stack() {
    let chains = [
        ("true && ", "true"),
        ("1 + ", "1 > 0"),
        ("if true then true else ", "true"),
        ("!", "true"),
        ("true || ", "true"),
        ("context.request.strict == ", "true"),
    ];
    let texts: Vec<String> = chains
        .iter()
        .map(|(repeated, end)| {
            let operators = repeated.chars().filter(|c| "+!.&|=".contains(*c)).count();
            let most = (crate::MAX_OPERATORS - 10) / operators.max(1);
            let count = most.min((crate::MAX_STATEMENT_BYTES - 200) / repeated.len());
            format!(
                "permit (principal, action, resource) when {{ {}{end} }};",
                repeated.repeat(count)
            )
        })
        .collect();
    let work = move || {
        for text in texts {
            if let Ok(set) = PolicySet::load("deep", &text) {
                set.decide(&facts(Stage::Admission));
            }
        }
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

mod index {
    use super::*;
    use proptest::prelude::*;

    fn policy() -> impl Strategy<Value = String> {
        let principal = prop::sample::select(vec![
            "principal",
            "principal == PI::Actor::\"a\"",
            "principal == PI::Actor::\"b\"",
            "principal in PI::Tenant::\"t\"",
            "principal in PI::Tenant::\"u\"",
            "principal is PI::Actor",
            "principal is PI::Actor in PI::Tenant::\"t\"",
        ]);
        let action = prop::sample::select(vec![
            "action",
            "action == PI::Action::\"execute\"",
            "action == PI::Action::\"execute_unattended\"",
            "action in [PI::Action::\"execute\", PI::Action::\"execute_unattended\"]",
        ]);
        let resource = prop::sample::select(vec![
            "resource",
            "resource == PI::Composition::\"c\"",
            "resource in PI::Tenant::\"t\"",
            "resource in PI::Tenant::\"u\"",
            "resource is PI::Composition",
        ]);
        let condition = prop::sample::select(vec![
            "true",
            "context.stage == \"govern\"",
            "context has findings",
            "context has findings && context.findings.high > 1",
            "context has findings && context.findings.incidents.other > 0",
            "context.request.nodes > 2",
            "context.request.nodes * 9223372036854775807 > 0",
            "context.request.effects.contains(\"x\")",
            "context.subject has role && context.subject.role == \"x\"",
            "context.subject has imports",
            "principal.tenant == resource.tenant",
            "principal in PI::Tenant::\"t\"",
            "principal == PI::Actor::\"a\"",
            "(if context.request.strict then context.request else context.request).approved",
            "context.request == context.request",
        ]);
        let effect = prop::sample::select(vec!["permit", "permit", "forbid"]);
        (effect, principal, action, resource, condition).prop_map(
            |(effect, principal, action, resource, condition)| {
                format!("{effect} ({principal}, {action}, {resource}) when {{ {condition} }};\n")
            },
        )
    }

    fn question() -> impl Strategy<Value = Facts> {
        let name = |names: &[&'static str]| prop::sample::select(names.to_vec());
        let who = (name(&["a", "b"]), name(&["t", "u", "v"]), name(&["c", "d"]));
        let what = (0_u64..4, 0_u64..4, any::<bool>(), any::<bool>(), any::<bool>());
        (who, what).prop_map(|((actor, tenant, composition), (nodes, high, govern, some, flag))| {
            let stage = if govern { Stage::Govern } else { Stage::Admission };
            let mut facts = Facts::blank(actor, tenant, composition, stage);
            facts.set(Fact::Nodes, nodes).set(Fact::High, high).set(Fact::OtherIncident, high / 3);
            facts.set(Fact::Approved, flag).set(Fact::Strict, some);
            if some {
                facts.set(Fact::Role, "x").set(Fact::Effects, vec!["x".to_owned()]);
            }
            facts
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn changes_no_answer(policies in prop::collection::vec(policy(), 0..12), facts in question()) {
            let set = load(&policies.concat());
            prop_assert_eq!(set.decide(&facts), set.decide_plainly(&facts));
        }
    }
}
