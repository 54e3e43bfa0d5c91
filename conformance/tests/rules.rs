//! One test for each specification rule that is implemented, named by its id.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::sync::Arc;

use pi_agent_api::{Agent, Catalogue, Phase};
use pi_artifacts::{Artifact, Kind};
use pi_core::canonical::{Value, parse};
use pi_core::{Decision, Digest, Name};
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::examine::{Consensus, Options, examine};
use pi_kernel::manifest::{Content, Entry, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::request::{CompositionRequest, Draft, EvidenceMode, Selection};
use pi_kernel::run::{Command, Run};

mod straw {
    //! Agents that exist to be caught: one that searches text, one that panics.
    use pi_agent_api::{Report, Rule, Stop, declare_agent};
    use pi_artifacts::{Artifact, Kind};
    use pi_core::{Confidence, Severity};

    const FOUND: Rule = Rule {
        id: "found",
        summary: "found",
        severity: Severity::Low,
        confidence: Confidence::Low,
        references: &[],
        fix: "none",
    };

    declare_agent! {
        /// Counts lines with a regular word search, comments included.
        pub struct Grep {
            slug: "straw_grep",
            domain: CodeQuality,
            phase: Validate,
            revision: 1,
            since: "0.1.0",
            status: Preview,
            kinds: [Kind::Dockerfile, Kind::Compose],
            triggers: Always,
            invariant_to: ALL,
            rules: [FOUND],
            fixture: "",
            check: grep,
        }
    }

    fn grep(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
        for (number, line) in artifact.text().unwrap_or_default().lines().enumerate() {
            if line.contains("USER ") || line == "    privileged: true" {
                report.finding(&FOUND, Default::default()).subject(format!("line {number}"));
            }
        }
        Ok(())
    }

    declare_agent! {
        /// Panics on everything.
        pub struct Panics {
            slug: "straw_panics",
            domain: CodeQuality,
            phase: Validate,
            revision: 1,
            since: "0.1.0",
            status: Preview,
            kinds: [],
            triggers: Always,
            invariant_to: ALL,
            rules: [FOUND],
            fixture: "",
            check: |_, _| panic!("on purpose"),
        }
    }
}

const DOCKERFILE: &[u8] = b"FROM debian:12\nRUN true\nUSER app\nRUN id\n";

fn catalogue(agents: Vec<&'static dyn Agent>) -> Catalogue {
    Catalogue::new(agents).unwrap()
}

fn manifest(files: &[(&str, &[u8])]) -> Manifest {
    let entry = |(path, bytes): &(&str, &[u8])| Entry {
        path: (*path).to_owned(),
        content: Content::Frozen {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            kind: pi_artifacts::kind::detect(path, bytes),
        },
    };
    Manifest::new(files.iter().map(entry).collect())
}

fn selection() -> Selection {
    Selection {
        only: Vec::new(),
        skip: Vec::new(),
        honour_allow: true,
        baseline: None,
        evidence: EvidenceMode::Hashes,
        as_of: None,
    }
}

fn request(manifest: &Manifest) -> CompositionRequest {
    Draft::scan(Name::new("local").unwrap(), manifest.digest(), selection()).freeze()
}

fn admit(files: &[(&str, &[u8])], agents: Vec<&'static dyn Agent>) -> AdmittedComposition {
    let manifest = manifest(files);
    let catalogue = catalogue(agents);
    AdmittedComposition::admit(
        request(&manifest),
        manifest,
        Baseline::default(),
        &catalogue,
        Policy::baseline(),
    )
    .unwrap()
}

/// Runs to the end; outcomes are handed over in `order`.
fn run(
    files: &[(&str, &[u8])],
    agents: Vec<&'static dyn Agent>,
    backwards: bool,
) -> (Vec<Record>, Outcome) {
    let admitted = Arc::new(admit(files, agents));
    let baseline = Baseline::default();
    let (mut run, mut commands) = Run::start(Arc::clone(&admitted));
    let mut records = Vec::new();
    let mut asked: Vec<usize> = Vec::new();
    loop {
        for command in commands {
            match command {
                Command::Examine(index) => asked.push(index),
                Command::Append(more) => records.extend(more),
                Command::Finish(outcome) => return (records, *outcome),
            }
        }
        let index = if backwards { asked.pop().unwrap() } else { asked.remove(0) };
        let path = &admitted.manifest.entries()[index].path;
        let bytes = files.iter().find(|(name, _)| name == path).unwrap().1;
        let options = Options { as_of: None, honour_allow: true, baseline: &baseline };
        let examination =
            examine(&admitted.catalogue, &Artifact::new(path.as_str(), bytes.to_vec()), options);
        commands = run.examined(index, examination);
    }
}

fn payloads(records: &[Record], event_type: &str) -> Vec<Value> {
    records
        .iter()
        .filter(|record| record.event_type == event_type)
        .map(|record| parse(&record.payload).unwrap())
        .collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap()
}

#[test]
fn INVARIANT_2_an_altered_request_is_refused() {
    let manifest = manifest(&[("Dockerfile", DOCKERFILE)]);
    let other = self::manifest(&[("Dockerfile", b"FROM other\n")]);
    let error = AdmittedComposition::admit(
        request(&manifest),
        other,
        Baseline::default(),
        &catalogue(Vec::new()),
        Policy::baseline(),
    );
    assert_eq!(error.err(), Some(AdmissionError::ManifestMismatch));
}

#[test]
fn INVARIANT_3_equal_inputs_give_equal_records() {
    let files: Vec<(String, Vec<u8>)> = (0..20)
        .map(|n| (format!("d{n}/Dockerfile"), [DOCKERFILE, n.to_string().as_bytes()].concat()))
        .collect();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(a, b)| (a.as_str(), b.as_slice())).collect();
    let first = run(&files, pi_agents(), false);
    let second = run(&files, pi_agents(), true);
    assert_eq!(first.0, second.0, "the order in which outcomes arrive shows");
    assert_eq!(first.1, second.1);
}

fn pi_agents() -> Vec<&'static dyn Agent> {
    vec![&straw::Grep]
}

#[test]
fn INVARIANT_4_nothing_examined_is_not_allowed() {
    let manifest = Manifest::default();
    let result = AdmittedComposition::admit(
        request(&manifest),
        manifest,
        Baseline::default(),
        &catalogue(Vec::new()),
        Policy::baseline(),
    );
    assert_eq!(result.err(), Some(AdmissionError::NothingToExamine));
    assert_eq!(Decision::strictest([]), Decision::Deny);
}

#[test]
fn PHASE_4_and_PHASE_5_seven_chained_boundaries_always() {
    let (records, outcome) = run(&[("Dockerfile", DOCKERFILE)], Vec::new(), false);
    let boundaries = payloads(&records, "phase.sealed");
    let phases: Vec<&str> = boundaries.iter().map(|boundary| text(boundary, "phase")).collect();
    let expected: Vec<&str> = Phase::ALL.iter().map(|phase| phase.as_str()).collect();
    assert_eq!(phases, expected);
    let mut previous = "";
    for boundary in &boundaries {
        assert_eq!(text(boundary, "previous_boundary_hash"), previous);
        previous = text(boundary, "boundary_hash");
    }
    assert_eq!(outcome.boundaries_head.unwrap().to_hex(), previous);
}

#[test]
fn PHASE_3_a_failed_phase_ends_the_run() {
    let (records, outcome) = run(&[("Dockerfile", DOCKERFILE)], vec![&straw::Panics], false);
    assert_eq!(outcome.decision, Decision::Deny);
    let boundaries = payloads(&records, "phase.sealed");
    assert_eq!(text(boundaries.last().unwrap(), "phase"), "VALIDATE");
    assert_eq!(text(boundaries.last().unwrap(), "phase_status"), "FAIL");
    let receipts = payloads(&records, "receipt.issued");
    assert_eq!(text(receipts.last().unwrap(), "status"), "PANIC");
}

#[test]
fn PHASE_6_worker_ids_count_from_zero_and_repeat() {
    let (records, _) = run(&[("Dockerfile", DOCKERFILE)], vec![&straw::Grep], false);
    let ids: Vec<String> = payloads(&records, "receipt.issued")
        .iter()
        .map(|receipt| text(receipt, "worker_id").to_owned())
        .collect();
    assert!(ids.contains(&"VALIDATE_straw_grep_0".to_owned()), "{ids:?}");
    assert_eq!(ids.first().map(String::as_str), Some("INGEST_manifest/admit_0"));
}

#[test]
fn RECEIPT_1_receipts_and_coverages_form_one_chain() {
    let (records, outcome) =
        run(&[("Dockerfile", DOCKERFILE), ("b/Dockerfile", DOCKERFILE)], vec![&straw::Grep], false);
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
        assert_eq!(pi_kernel::receipt::shard("w1", 4), digits % 4);
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
    let options = Options { as_of: None, honour_allow: false, baseline: &baseline };
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
    let (_, outcome) =
        run(&[("Dockerfile", DOCKERFILE)], vec![&straw::Grep, &straw::Panics], false);
    assert_eq!(outcome.decision, Decision::Deny);
    let agents: Vec<&str> = outcome
        .findings
        .iter()
        .flat_map(|artifact| artifact.findings.iter().map(|f| f.agent))
        .collect();
    assert!(agents.contains(&"straw_grep") && agents.contains(&"kernel"), "{agents:?}");
}
