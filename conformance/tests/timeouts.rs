//! Examinations that do not end: the run goes on, what is recorded of them stands, and
//! neither a replay nor a resume hangs or calls it a divergence.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pi_agent_api::Agent;
use pi_conformance::laboratory::Laboratory;
use pi_conformance::stuck::{self, Mood, Stuck};
use pi_conformance::{catalogue, straw};
use pi_core::canonical::{Value, parse};
use pi_core::{Decision, Reason, RunId};
use pi_event_fabric::HeaderView;
use pi_kernel::admit::{AdmittedComposition, Baseline};
use pi_kernel::manifest::Manifest;
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::request::{CompositionRequest, EvidenceMode};
use pi_runtime::Journal;
use pi_runtime::run::Ran;
use pi_store::Fence;

/// The agent's mood is one for the whole process.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn laboratory() -> Laboratory {
    let mut laboratory = Laboratory::default();
    laboratory.patience = Duration::from_millis(100);
    laboratory
}

fn agents() -> Vec<&'static dyn Agent> {
    vec![&straw::Quiet, &Stuck, &straw::Words]
}

fn scan(laboratory: &Laboratory, journal: &Journal, mood: Mood) -> Ran {
    stuck::set(mood);
    let ran = laboratory.scan(journal, agents(), EvidenceMode::Hashes);
    stuck::set(Mood::Ends);
    ran
}

/// Schema, event type and payload of what a run says.
type Said = (String, String, Vec<u8>);

fn said(journal: &Journal, run: &RunId) -> Vec<Said> {
    let mut said = Vec::new();
    let mut keep = |event: pi_store::StoredEvent| {
        let view = HeaderView::parse(&event.header).unwrap();
        if !["run.accepted", "run.resumed"].contains(&view.event_type) {
            let (_, payload) = event.content.clone().unwrap();
            said.push((view.schema.to_owned(), view.event_type.to_owned(), payload));
        }
        Ok(())
    };
    journal.store().visit_run(run, &mut keep).unwrap();
    said
}

fn is_late((_, _, payload): &Said) -> bool {
    String::from_utf8_lossy(payload).contains(r#""status":"TIMEOUT""#)
}

#[test]
fn what_does_not_end_is_denied_and_holds_nobody() {
    let _alone = alone();
    for mood in [Mood::Ticks, Mood::Hangs] {
        let laboratory = laboratory();
        let journal = laboratory.journal("local");
        let ran = scan(&laboratory, &journal, mood);
        assert_eq!(ran.outcome.decision, Decision::Deny, "{mood:?}");
        assert!(!ran.outcome.replayable);
        let said = said(&journal, &ran.run);
        let receipts = said.iter().filter(|(_, kind, _)| kind == "receipt.issued");
        let receipts: Vec<Value> =
            receipts.map(|(_, _, payload)| parse(payload).unwrap()).collect();
        let text = |value: &Value, key: &str| {
            value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let node = receipts.iter().find(|r| text(r, "capability") == "agents/examine").unwrap();
        assert_eq!(text(node, "status"), "TIMEOUT", "{mood:?}");
        assert_eq!(text(node, "reason"), "agent_timed_out", "{mood:?}");
        // What was found before its time was over is time's work, too, and not said.
        let found = |agent: &str| {
            ran.outcome.findings.iter().flat_map(|f| &f.findings).any(|f| f.agent == agent)
        };
        assert!(found("kernel") && !found("straw_stuck"), "{mood:?}");
    }
}

#[test]
fn REPLAY_4_a_recorded_time_out_stands() {
    let _alone = alone();
    for mood in [Mood::Ticks, Mood::Hangs] {
        let laboratory = laboratory();
        let journal = laboratory.journal("local");
        let run = scan(&laboratory, &journal, mood).run;
        let replayed = laboratory.replay(&journal, agents(), &run).unwrap();
        let differences = replayed.comparison.differences();
        assert!(replayed.comparison.is_identical(), "{mood:?}: {differences:?}");
        assert_eq!(replayed.timed_out, 1, "{mood:?}");
    }
}

#[test]
fn REPLAY_4_what_hangs_only_now_is_no_divergence() {
    let _alone = alone();
    let laboratory = laboratory();
    let journal = laboratory.journal("local");
    let run = scan(&laboratory, &journal, Mood::Ends).run;
    for mood in [Mood::Ticks, Mood::Hangs] {
        stuck::set(mood);
        let error = laboratory.replay(&journal, agents(), &run).err().unwrap();
        assert_eq!(error.reason(), Reason::ReplayTimedOut, "{mood:?}: {error}");
    }
    stuck::set(Mood::Ends);
    let replayed = laboratory.replay(&journal, agents(), &run).unwrap();
    assert!(replayed.comparison.is_identical());
    assert_eq!(replayed.timed_out, 0);
}

/// A run that says the same as a finished one, up to a record.
fn interrupted(journal: &Journal, whole: &RunId, records: &[Said]) -> RunId {
    let (_, acceptance) = journal.acceptance(whole).unwrap();
    let request = CompositionRequest::from_value(acceptance.get("request").unwrap()).unwrap();
    let manifest = journal.store().blob(&request.content().manifest).unwrap().unwrap();
    let manifest = Manifest::from_canonical(&manifest).unwrap();
    let (hash, baseline, policy) = (request.hash(), Baseline::default(), Policy::baseline());
    let admitted =
        AdmittedComposition::admit(request, manifest, baseline, &catalogue(agents()), policy);
    let source = acceptance.get("source").and_then(Value::as_str).unwrap();
    let run = journal.accept(Record::accepted(&admitted.unwrap(), source), hash).unwrap();
    let mut writer = journal.writer(Fence { run: run.clone(), epoch: 0 });
    let record = |(schema, event_type, payload): &Said| Record {
        schema: schema.clone().leak(),
        schema_version: 1,
        event_type: event_type.clone().leak(),
        payload: payload.clone(),
    };
    writer.append(records.iter().map(record).collect()).unwrap();
    writer.flush().unwrap();
    run
}

#[test]
fn a_run_is_resumed_behind_a_recorded_time_out() {
    let _alone = alone();
    for mood in [Mood::Ticks, Mood::Hangs] {
        let laboratory = laboratory();
        let journal = laboratory.journal("local");
        let whole = scan(&laboratory, &journal, mood).run;
        let all = said(&journal, &whole);
        let late = all.iter().position(is_late).unwrap();
        for end in late + 1..all.len() {
            let run = interrupted(&journal, &whole, &all[..end]);
            laboratory.resume(&journal, agents(), &run).unwrap();
            assert_eq!(said(&journal, &run), all, "{mood:?}: {end} of {}", all.len());
        }
        // Nothing is known of the time-out yet: the examination is made, and ends.
        let run = interrupted(&journal, &whole, &all[..1]);
        assert!(laboratory.resume(&journal, agents(), &run).unwrap().outcome.replayable);
    }
}

#[test]
fn a_resume_does_not_hang_in_what_is_recorded() {
    let _alone = alone();
    let laboratory = laboratory();
    let journal = laboratory.journal("local");
    let whole = scan(&laboratory, &journal, Mood::Ends).run;
    let all = said(&journal, &whole);
    let run = interrupted(&journal, &whole, &all[..all.len() - 1]);
    for mood in [Mood::Ticks, Mood::Hangs] {
        stuck::set(mood);
        let error = laboratory.resume(&journal, agents(), &run).err().unwrap();
        assert_eq!(error.reason(), Reason::ReplayTimedOut, "{mood:?}: {error}");
    }
    stuck::set(Mood::Ends);
    laboratory.resume(&journal, agents(), &run).unwrap();
    assert_eq!(said(&journal, &run), all);
}
