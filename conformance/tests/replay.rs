//! Replay across builds: identical, explained by revision, diverged.
#![allow(clippy::unwrap_used, clippy::panic, non_snake_case, reason = "test code")]

use pi_agent_api::Agent;
use pi_conformance::{DOCKERFILE, catalogue, scan, straw};
use pi_kernel::replay::{Comparison, Revisions, Taken, Verdict};

const FILES: &[(&str, &[u8])] =
    &[("Dockerfile", DOCKERFILE), ("b/Dockerfile", b"FROM x\nUSER a\n"), ("c.txt", b"plain\n")];

/// What a build with the agents `now` says about a run recorded with `before`.
fn compare(before: Vec<&'static dyn Agent>, now: Vec<&'static dyn Agent>) -> Comparison {
    let names: Vec<String> = before
        .iter()
        .map(|agent| format!("{}@{}", agent.meta().slug, agent.meta().revision))
        .collect();
    let revisions = Revisions::between(&names, &catalogue(now.clone()));
    let (recorded, repeated) = (scan(FILES, before).records, scan(FILES, now).records);
    let mut comparison = Comparison::new(revisions);
    let (mut left, mut right) = (recorded.iter().peekable(), repeated.iter().peekable());
    while left.peek().is_some() || right.peek().is_some() {
        let view = left.peek().map(|record| (record.event_type, record.payload.as_slice()));
        let taken = comparison.next(view, right.peek().copied());
        if taken != Taken::Repeated {
            left.next();
        }
        if taken != Taken::Recorded {
            right.next();
        }
    }
    comparison
}

#[test]
fn REPLAY_4_the_same_build_is_identical() {
    let agents = || -> Vec<&'static dyn Agent> { vec![&straw::Words, &straw::Quiet] };
    assert_eq!(compare(agents(), agents()).verdict(), Verdict::Identical);
}

#[test]
fn REPLAY_4_another_revision_explains_its_own_receipts() {
    let comparison =
        compare(vec![&straw::Words, &straw::Quiet], vec![&straw::NewWords, &straw::Quiet]);
    assert_eq!(comparison.verdict(), Verdict::ExplainedByRevision);
    let changed: Vec<_> = comparison.revisions().iter().collect();
    assert_eq!(changed, [("straw_words", Some(1), Some(2))]);
}

#[test]
fn REPLAY_4_a_silently_changed_agent_diverges_with_a_diff() {
    let comparison =
        compare(vec![&straw::Words, &straw::Quiet], vec![&straw::ForgedWords, &straw::Quiet]);
    assert_eq!(comparison.verdict(), Verdict::Diverged);
    let first = comparison
        .differences()
        .iter()
        .find(|difference| difference.subject.contains("straw_words"))
        .unwrap();
    assert!(["decision", "determinism_proof", "output", "votes"].contains(&first.field.as_str()));
    assert_ne!(first.recorded, first.repeated);
}

#[test]
fn REPLAY_4_a_new_revision_does_not_excuse_others() {
    let comparison = compare(
        vec![&straw::Words, &straw::Silent, &straw::Quiet],
        vec![&straw::NewWords, &straw::ForgedSilent, &straw::Quiet],
    );
    assert_eq!(comparison.verdict(), Verdict::Diverged);
}
