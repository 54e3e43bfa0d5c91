//! One test for each specification rule that is implemented, named by its id.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use pi_agent_api::{Agent, Phase};
use pi_artifacts::{Artifact, Kind};
use pi_conformance::{
    DOCKERFILE, Driver, Ended, admit, catalogue, done, drive, manifest, scan, scan_of, straw, text,
};
use pi_core::canonical::parse;
use pi_core::{Decision, Digest};
use pi_kernel::admit::{AdmissionError, Baseline};
use pi_kernel::examine::{Consensus, Options, examine};
use pi_kernel::manifest::Manifest;

#[test]
fn INVARIANT_2_an_altered_request_is_refused() {
    let request = scan_of(&manifest(&[("Dockerfile", DOCKERFILE)])).freeze();
    let error = admit(request, &[("Dockerfile", b"FROM other\n")], Vec::new());
    assert_eq!(error.err(), Some(AdmissionError::ManifestMismatch));
}

#[test]
fn INVARIANT_3_equal_inputs_give_equal_records() {
    let files: Vec<(String, Vec<u8>)> = (0..20)
        .map(|n| (format!("d{n}/Dockerfile"), [DOCKERFILE, n.to_string().as_bytes()].concat()))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(a, b)| (a.as_str(), b.as_slice())).collect();
    let run = |backwards| {
        let admitted = admit(scan_of(&manifest(&files)).freeze(), &files, pi_agents()).unwrap();
        let perform = &mut |_, _: &_| done();
        drive(admitted, &files, Driver { backwards, stop_after: None, perform })
    };
    let (first, second) = (run(false), run(true));
    assert_eq!(first.records, second.records, "the order in which outcomes arrive shows");
    assert_eq!(first.outcome, second.outcome);
}

fn pi_agents() -> Vec<&'static dyn Agent> {
    vec![&straw::Grep]
}

#[test]
fn INVARIANT_4_nothing_examined_is_not_allowed() {
    let result = admit(scan_of(&Manifest::default()).freeze(), &[], Vec::new());
    assert_eq!(result.err(), Some(AdmissionError::NothingToExamine));
    assert_eq!(Decision::strictest([]), Decision::Deny);
}

#[test]
fn PHASE_4_and_PHASE_5_seven_chained_boundaries_always() {
    let ended = scan(&[("Dockerfile", DOCKERFILE)], Vec::new());
    let boundaries = ended.payloads("phase.sealed");
    let phases: Vec<&str> = boundaries.iter().map(|boundary| text(boundary, "phase")).collect();
    let expected: Vec<&str> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    assert_eq!(phases, expected);
    let mut previous = "";
    for boundary in &boundaries {
        assert_eq!(text(boundary, "previous_boundary_hash"), previous);
        previous = text(boundary, "boundary_hash");
    }
    assert_eq!(ended.outcome.boundaries_head.unwrap().to_hex(), previous);
}

#[test]
fn PHASE_3_a_failed_phase_ends_the_run() {
    let ended = scan(&[("Dockerfile", DOCKERFILE)], vec![&straw::Panics]);
    assert_eq!(ended.outcome.decision, Decision::Deny);
    let boundaries = ended.payloads("phase.sealed");
    assert_eq!(text(boundaries.last().unwrap(), "phase"), "VALIDATE");
    assert_eq!(text(boundaries.last().unwrap(), "phase_status"), "FAIL");
    let receipts = ended.payloads("receipt.issued");
    assert_eq!(text(receipts.last().unwrap(), "status"), "PANIC");
}

#[test]
fn PHASE_6_worker_ids_count_from_zero_and_repeat() {
    let ended = scan(&[("Dockerfile", DOCKERFILE)], vec![&straw::Grep]);
    let ids: Vec<String> = ended
        .payloads("receipt.issued")
        .iter()
        .map(|receipt| text(receipt, "worker_id").to_owned())
        .collect();
    assert!(ids.contains(&"VALIDATE_straw_grep_0".to_owned()), "{ids:?}");
    assert_eq!(ids.first().map(String::as_str), Some("INGEST_manifest/admit_0"));
}

#[test]
fn RECEIPT_1_receipts_and_coverages_form_one_chain() {
    let files: [(&str, &[u8]); 2] = [("Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)];
    let ended = scan(&files, vec![&straw::Grep]);
    let (records, outcome) = (&ended.records, &ended.outcome);
    let mut previous = String::new();
    let mut count = 0;
    for record in
        records.iter().filter(|r| matches!(r.event_type, "receipt.issued" | "coverage.issued"))
    {
        let payload = parse(&record.payload).unwrap();
        assert_eq!(text(&payload, "previous_receipt_hash"), previous);
        text(&payload, "receipt_hash").clone_into(&mut previous);
        count += 1;
    }
    assert_eq!((count, previous), (outcome.receipts, outcome.receipts_head.unwrap().to_hex()));
}

#[test]
fn SCHED_1_the_shard_of_a_worker_is_fixed() {
    for _ in 0..10 {
        // SHA-256("w1") begins with 8 digits whose value modulo 4 is fixed.
        let digits = u32::from_str_radix(&Digest::of(b"w1").to_hex()[..8], 16).unwrap();
        assert_eq!(pi_kernel::shards::shard("w1", 4), digits % 4);
    }
}

#[test]
fn CTEST_2_one_changed_field_changes_the_fingerprint() {
    let one = manifest(&[("Dockerfile", DOCKERFILE)]);
    assert_eq!(one.digest(), manifest(&[("Dockerfile", DOCKERFILE)]).digest());
    assert_ne!(one.digest(), manifest(&[("Dockerfile", b"FROM x\n")]).digest());
    assert_ne!(one.digest(), manifest(&[("x/Dockerfile", DOCKERFILE)]).digest());
}

#[test]
fn consensus_a_text_search_dissents() {
    let catalogue = catalogue(vec![&straw::Grep]);
    let baseline = Baseline::default();
    let options = Options { as_of: None, honour_allow: false, baseline: &baseline, watch: None };
    let artifact = Artifact::new("Dockerfile", DOCKERFILE.to_vec());
    assert_eq!(artifact.kind(), Kind::Dockerfile);
    let examination = examine(&catalogue, &artifact, options);
    assert_ne!(examination.verdicts[0].consensus, Consensus::Agreed);
    assert!(examination.verdicts[0].decision >= Decision::Review);
    let compose = Artifact::new(
        "compose.yml",
        b"services:\n  a:\n    image: x\n    privileged: true\n".to_vec(),
    );
    let examination = examine(&catalogue, &compose, options);
    assert_ne!(examination.verdicts[0].consensus, Consensus::Agreed);
}

#[test]
fn consensus_a_panic_denies_and_does_not_spread() {
    let Ended { outcome, .. } =
        scan(&[("Dockerfile", DOCKERFILE)], vec![&straw::Grep, &straw::Panics]);
    assert_eq!(outcome.decision, Decision::Deny);
    let agents: Vec<&str> = outcome
        .findings
        .iter()
        .flat_map(|artifact| artifact.findings.iter().map(|f| f.agent))
        .collect();
    assert!(agents.contains(&"straw_grep") && agents.contains(&"kernel"), "{agents:?}");
}
