//! Runs in a real log: what is recorded, what is held, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::collections::BTreeSet;
use std::fs;

use pi_conformance::laboratory::{Laboratory, name};
use pi_conformance::restless::Restless;
use pi_conformance::{DOCKERFILE, catalogue, scan_of, straw, text};
use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Digest, Reason, RunId};
use pi_kernel::admit::{AdmittedComposition, Baseline};
use pi_kernel::manifest::{Content, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::replay::Verdict;
use pi_kernel::request::{CompositionRequest, EvidenceMode};
use pi_runtime::Journal;
use pi_runtime::freeze::freeze;
use pi_store::verified;

fn payloads(journal: &Journal, run: &RunId, event_type: &str) -> Vec<Value> {
    let mut found = Vec::new();
    journal
        .visit_records(run, |kind, payload| {
            if kind == event_type {
                found.push(parse(payload.unwrap()).unwrap());
            }
        })
        .unwrap();
    found
}

/// Leaf index of the run's first event of a type.
fn leaf(laboratory: &Laboratory, event_type: &str) -> u64 {
    let sql = "SELECT min(leaf) FROM events WHERE CAST(header AS TEXT) LIKE '%\"' || ?1 || '\"%'";
    laboratory.database("local").query_row(sql, [event_type], |row| row.get(0)).unwrap()
}

#[test]
fn ART_2_a_tampered_payload_is_noticed_when_it_is_read() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Sealed);
    let runs = name("runs");
    verified::visit(journal.store(), &runs, &mut |_| Ok(())).unwrap();
    let at = leaf(&laboratory, "receipt.issued");
    laboratory.tamper("local", &format!("UPDATE payloads SET payload = x'7b7d' WHERE leaf = {at}"));
    let error = verified::visit(journal.store(), &runs, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.reason(), Reason::LogCorrupt);
    // What is kept beside the log is checked when it is read as well.
    let digest = journal.store().put_blob(b"kept").unwrap();
    laboratory.tamper("local", "UPDATE blobs SET bytes = x'00'");
    assert_eq!(journal.store().blob(&digest).unwrap_err().reason(), Reason::LogCorrupt);
}

#[test]
fn INVARIANT_3_two_recorded_runs_hold_the_same_payloads() {
    let laboratory = Laboratory::default();
    let records = |tenant: &str| {
        let journal = laboratory.journal(tenant);
        let run = laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Hashes).run;
        let mut records = Vec::new();
        let mut keep = |kind: &str, payload: Option<&[u8]>| {
            records.push((kind.to_owned(), payload.unwrap().to_vec()));
        };
        journal.visit_records(&run, &mut keep).unwrap();
        records
    };
    let first = records("local");
    assert!(first.len() > 10);
    // The same log, later; run ids and times lie in the headers alone.
    assert_eq!(records("local"), first);
}

#[test]
fn RECEIPT_3_a_run_is_recorded_under_the_hash_of_its_request() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let ran = laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Hashes);
    let (_, acceptance) = journal.acceptance(&ran.run).unwrap();
    let request = CompositionRequest::from_value(acceptance.get("request").unwrap()).unwrap();
    assert_eq!(request.content().tenant, name("local"));
    assert_eq!(text(&acceptance, "request_hash"), request.hash().to_hex());
    assert_eq!(text(&acceptance, "request_id"), request.id());
    let seals = payloads(&journal, &ran.run, "run.sealed");
    assert_eq!(seals.len(), 1);
    assert_eq!(text(&seals[0], "request_hash"), request.hash().to_hex());
}

#[test]
fn RECEIPT_4_what_receipts_point_at_is_held() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let run = laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Sealed).run;
    let store = journal.store();
    let (_, acceptance) = journal.acceptance(&run).unwrap();
    let digest = Digest::from_hex(text(&acceptance, "manifest")).unwrap();
    let manifest = Manifest::from_canonical(&store.blob(&digest).unwrap().unwrap()).unwrap();
    let receipts = payloads(&journal, &run, "receipt.issued");
    let coverages = payloads(&journal, &run, "coverage.issued");
    let mut pointed = BTreeSet::new();
    for record in receipts.iter().chain(&coverages) {
        let Some(at) = record.get("artifact").and_then(Value::as_u64) else { continue };
        let entry = &manifest.entries()[usize::try_from(at).unwrap()];
        let Content::Frozen { digest, .. } = &entry.content else { panic!("{}", entry.path) };
        assert_eq!(text(record, "input"), digest.to_hex());
        assert_eq!(Digest::of(&store.sealed_blob(&run, digest).unwrap().unwrap()), *digest);
        pointed.insert(at);
    }
    assert_eq!(pointed.len(), manifest.entries().len());
    // A node's input is made of outputs that were issued before it.
    let mut issued: BTreeSet<String> = BTreeSet::new();
    issued.insert(Digest::of(b"[]").to_hex());
    for receipt in receipts.iter().filter(|receipt| receipt.get("artifact") == Some(&Value::Null)) {
        assert!(issued.contains(text(receipt, "input")), "{receipt:?}");
        let output = Digest::from_hex(text(receipt, "output")).unwrap();
        issued.insert(Digest::of_canonical(&vec![output]).to_hex());
    }
}

#[test]
fn RECEIPT_4_dangling_evidence_is_refused() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let scan = || laboratory.scan(&journal, vec![&straw::Quiet], EvidenceMode::Sealed).run;
    let replay = |run: &RunId| laboratory.replay(&journal, vec![&straw::Quiet], run);
    let (erased, kept) = (scan(), scan());
    journal.store().erase_run_key(&erased).unwrap();
    assert_eq!(replay(&erased).err().unwrap().reason(), Reason::InputsNotRetained);
    assert!(replay(&kept).unwrap().comparison.is_identical());
    laboratory.tamper("local", "DELETE FROM blobs");
    assert_eq!(replay(&kept).err().unwrap().reason(), Reason::InputsNotRetained);
}

#[test]
fn REPLAY_3_a_tampered_run_is_neither_replayed_nor_resumed() {
    let spoil = [
        "UPDATE payloads SET payload = CAST(replace(CAST(payload AS TEXT), '\"baseline\"', '\"other\"') AS BLOB) WHERE leaf = ",
        "UPDATE events SET header = CAST(replace(CAST(header AS TEXT), '\"tests\"', '\"other\"') AS BLOB) WHERE leaf = ",
        "DELETE FROM events WHERE leaf = ",
    ];
    for spoil in spoil {
        for event_type in ["run.accepted", "coverage.issued", "run.sealed"] {
            let laboratory = Laboratory::default();
            let journal = laboratory.journal("local");
            let run = laboratory.scan(&journal, vec![&straw::Quiet], EvidenceMode::Sealed).run;
            // Only the acceptance names the policy.
            if spoil.contains("baseline") && event_type != "run.accepted" {
                continue;
            }
            laboratory.tamper("local", &format!("{spoil}{}", leaf(&laboratory, event_type)));
            let error = laboratory.replay(&journal, vec![&straw::Quiet], &run).err().unwrap();
            assert_eq!(error.reason(), Reason::LogCorrupt, "{spoil} {event_type}: {error}");
        }
    }
}

#[test]
fn REPLAY_4_a_changed_input_or_agent_is_caught() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let run = laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Hashes).run;
    let replay = |run: &RunId| laboratory.replay(&journal, vec![&straw::Grep], run);
    assert_eq!(replay(&run).unwrap().comparison.verdict(), Verdict::Identical);
    let file = laboratory.inputs().join("Dockerfile");
    fs::write(&file, "FROM other\n").unwrap();
    assert_eq!(replay(&run).err().unwrap().reason(), Reason::InputsChanged);
    fs::write(&file, DOCKERFILE).unwrap();
    assert!(replay(&run).unwrap().comparison.is_identical());
    // An agent that says something else under the same revision.
    let run = laboratory.scan(&journal, vec![&Restless], EvidenceMode::Hashes).run;
    let replayed = laboratory.replay(&journal, vec![&Restless], &run).unwrap();
    assert_eq!(replayed.comparison.verdict(), Verdict::Diverged);
    let differences = replayed.comparison.differences();
    assert!(
        differences.iter().any(|difference| difference.field == "determinism_proof"
            && difference.subject.contains("straw_restless")),
        "{differences:?}"
    );
}

/// A run that was accepted, and whose process then died: its inputs are not sealed yet.
fn accepted(laboratory: &Laboratory, journal: &Journal) -> RunId {
    let frozen = freeze(&[laboratory.inputs()], 1).unwrap();
    let mut draft = scan_of(&frozen.manifest);
    draft.evidence = EvidenceMode::Sealed;
    let request = draft.freeze();
    let (hash, catalogue) = (request.hash(), catalogue(vec![&straw::Grep]));
    journal.store().put_blob(&Encoder::encode(&frozen.manifest)).unwrap();
    let (baseline, policy) = (Baseline::default(), Policy::baseline());
    let admitted =
        AdmittedComposition::admit(request, frozen.manifest, baseline, &catalogue, policy).unwrap();
    journal.store().put_blob(&admitted.policy.kept().unwrap()).unwrap();
    let base = frozen.base.to_string_lossy().into_owned();
    journal.accept(Record::accepted(&admitted, &base), hash).unwrap()
}

#[test]
fn RECEIPT_4_a_run_that_died_before_it_kept_its_inputs_keeps_them_when_it_goes_on() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    let run = accepted(&laboratory, &journal);
    let resume = || laboratory.resume(&journal, vec![&straw::Grep], &run);
    let file = laboratory.inputs().join("Dockerfile");
    fs::write(&file, "FROM other\n").unwrap();
    assert_eq!(resume().err().unwrap().reason(), Reason::InputsChanged);
    fs::write(&file, DOCKERFILE).unwrap();
    resume().unwrap();
    fs::remove_file(&file).unwrap();
    let replayed = laboratory.replay(&journal, vec![&straw::Grep], &run).unwrap();
    assert!(replayed.comparison.is_identical(), "{:?}", replayed.comparison.differences());
}

#[test]
fn S5_and_S6_stored_records_are_neither_changed_nor_removed() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    laboratory.scan(&journal, vec![&straw::Grep], EvidenceMode::Hashes);
    let database = laboratory.database("local");
    for sql in [
        "UPDATE events SET header = x'00'",
        "UPDATE events SET leaf = leaf + 100",
        "DELETE FROM events",
        "UPDATE payloads SET payload = x'00'",
        "DELETE FROM payloads",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
    ] {
        let error = database.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("MUTATION_FORBIDDEN"), "{sql}: {error}");
    }
    journal.store().verify(&Default::default(), &mut |_, _| {}).unwrap();
}

#[test]
fn PROD_4_the_database_writes_ahead() {
    let laboratory = Laboratory::default();
    let journal = laboratory.journal("local");
    journal.store().put_blob(b"x").unwrap();
    let mode: String = laboratory
        .database("local")
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}
