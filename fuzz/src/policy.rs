//! What must hold for every policy text and every list of rules, whoever wrote it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use pi_control_plane::rules::{Outcome, RuleList};
use pi_control_plane::{Answer, Fact, Facts, Kind, PolicyError, PolicySet, Stage};
use pi_core::{Decision, Reason};

/// Nothing known, everything known, and numbers that no policy counts.
fn questions() -> &'static [Facts] {
    static QUESTIONS: OnceLock<Vec<Facts>> = OnceLock::new();
    QUESTIONS.get_or_init(|| {
        let mut questions = Vec::new();
        for stage in [Stage::Admission, Stage::Govern] {
            questions.push(Facts::blank("cli", "local", "ecr_1", stage));
            for number in [1, i64::MAX as u64, u64::MAX] {
                let mut facts = Facts::new("a", "t", "c", stage);
                for fact in Fact::ALL.iter().copied() {
                    match fact.kind() {
                        Kind::Truth => facts.set(fact, true),
                        Kind::Number => facts.set(fact, number),
                        Kind::Text => facts.set(fact, "a"),
                        Kind::Texts => facts.set(fact, vec!["a".to_owned(), "b".to_owned()]),
                    };
                }
                questions.push(facts);
            }
            questions.push(Facts::new("a", "t", "c", stage));
        }
        questions
    })
}

/// An answer that is not ALLOW says why, and one that is needs no reason.
fn sound(answer: &Answer) {
    assert!((answer.decision == Decision::Allow) == answer.grounds.is_empty(), "grounds");
    assert!((answer.decision == Decision::Deny) == answer.denial().is_some(), "denial");
    let permitted = answer.asked.iter().any(|asked| asked.permitted);
    assert!(permitted || answer.decision == Decision::Deny, "permitted by nobody");
}

/// A text that loads has one answer to each question, with the index and without;
/// one that does not load says where and why.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let set = match PolicySet::load("fuzz", text) {
        Ok(set) => set,
        Err(PolicyError(problems)) => {
            assert!(!problems.is_empty(), "refused without a mistake");
            for problem in problems {
                let within = problem.span.start <= problem.span.end;
                assert!(within && problem.span.start <= text.len(), "a place outside the text");
                assert!(problem.line > 0 && problem.column > 0 && !problem.message.is_empty());
            }
            return;
        }
    };
    let ids: BTreeSet<&str> = set.ids().collect();
    assert!(ids.len() == set.ids().len(), "two policies have one id");
    for facts in questions() {
        let answer = set.decide(facts);
        sound(&answer);
        // What nobody can count may be missed by those who do not look at it.
        if facts.get(Fact::Nodes).is_some() && facts.get(Fact::Nodes) != Some(&u64::MAX.into()) {
            assert!(answer == set.decide_plainly(facts), "the index changes an answer");
        }
    }
}

/// A list that is read compiles to Cedar that decides as the list does.
pub fn rules(bytes: &[u8]) {
    let list = match RuleList::read(bytes) {
        Ok(list) => list,
        Err(error) => {
            let known = [Reason::PolicyNotLoaded, Reason::PolicyVersionUnknown];
            assert!(known.contains(&error.reason()) && !error.to_string().is_empty());
            return;
        }
    };
    let set = PolicySet::load(list.name(), list.policies().text()).expect("it compiled");
    for facts in questions() {
        let judged = list.judge(facts);
        sound(&judged.answer);
        assert!(judged.answer.decision == set.decide(facts).decision, "Cedar decides otherwise");
        assert!(judged.passed == (judged.answer.decision != Decision::Deny), "passed");
        assert!(judged.steps.len() == list.ids().len(), "a rule without an outcome");
        let mut ended = judged.steps.iter().skip_while(|s| s.outcome != Outcome::NotEvaluated);
        assert!(ended.all(|step| step.outcome == Outcome::NotEvaluated), "evaluated behind the end");
    }
}
