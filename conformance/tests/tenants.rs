//! One tenant's name opens nothing of another's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use pi_conformance::laboratory::{Laboratory, name};
use pi_conformance::{admit, scan_of, straw};
use pi_core::{Digest, Reason, RunId};
use pi_event_fabric::{EventDraft, Head, HeaderView, RunField};
use pi_kernel::record::Record;
use pi_kernel::request::EvidenceMode;
use pi_runtime::Journal;
use pi_store::{EventStore, Fence};

/// The run of tenant `mine`, and the log of tenant `other` in the same folder.
fn two(laboratory: &Laboratory) -> (Journal, RunId, Journal) {
    let mine = laboratory.journal("mine");
    let run = laboratory.scan(&mine, vec![&straw::Grep], EvidenceMode::Sealed).run;
    (mine, run, laboratory.journal("other"))
}

/// What a run leaves: the digest of an input and of its manifest.
fn digests(mine: &Journal, run: &RunId) -> (Digest, Digest) {
    let (_, acceptance) = mine.acceptance(run).unwrap();
    let manifest = acceptance.get("manifest").unwrap().as_str().unwrap();
    (Digest::of(pi_conformance::DOCKERFILE), Digest::from_hex(manifest).unwrap())
}

#[test]
fn INVARIANT_5_every_read_path_knows_one_tenant() {
    let laboratory = Laboratory::default();
    let (mine, run, other) = two(&laboratory);
    let (input, manifest) = digests(&mine, &run);
    let runs = name("runs");
    let counts = |store: &dyn EventStore| {
        let mut visited = 0;
        // A run that is not there is an error or nothing at all.
        let _ = store.visit_run(&run, &mut |_| {
            visited += 1;
            Ok(())
        });
        let _ = store.visit_ordered(&[name("runs")], &Default::default(), &mut |_, _| {
            visited += 1;
            Ok(())
        });
        [
            visited,
            store.partition(&runs, 1, 1_000).unwrap().len(),
            store.tail(1_000).unwrap().len(),
            store.after(None, 1_000).unwrap().len(),
            usize::from(store.head(&runs).unwrap() != Head::default()),
            store.runs(None, 1_000).unwrap().len(),
            usize::from(store.run(&run).unwrap().is_some()),
            usize::from(store.checkpoint().unwrap().is_some()),
            usize::from(store.prove(&runs, 1).is_ok()),
            usize::from(store.export(&run).is_ok()),
            usize::from(store.blob(&manifest).unwrap().is_some()),
            usize::from(store.sealed_blob(&run, &input).unwrap().is_some()),
            usize::from(store.shards().unwrap().sequences.contains_key("runs")),
        ]
    };
    assert_eq!(counts(other.store()), [0; 13]);
    assert!(counts(mine.store()).iter().all(|count| *count > 0), "the paths do read");
    assert_eq!(other.acceptance(&run).unwrap_err().reason(), Reason::UnknownRun);
}

#[test]
fn INVARIANT_5_no_run_of_another_tenant_is_repeated_or_continued() {
    let laboratory = Laboratory::default();
    let (mine, run, other) = two(&laboratory);
    let replayed = laboratory.replay(&other, vec![&straw::Grep], &run);
    assert_eq!(replayed.err().unwrap().reason(), Reason::UnknownRun);
    // An unfinished one as well.
    let files: &[(&str, &[u8])] = &[("Dockerfile", b"FROM x\n")];
    let request = scan_of(&pi_conformance::manifest(files)).freeze();
    let hash = request.hash();
    let admitted = admit(request, files, vec![&straw::Grep]).unwrap();
    let open = mine.accept(Record::accepted(&admitted, "nowhere"), hash).unwrap();
    let resumed = laboratory.resume(&other, vec![&straw::Grep], &open);
    assert_eq!(resumed.err().unwrap().reason(), Reason::UnknownRun);
    assert_eq!(other.store().claim(&open).unwrap_err().reason(), Reason::UnknownRun);
    // Erasing the keys of a run that is not there touches nobody's.
    other.store().erase_run_key(&run).unwrap();
    let input = Digest::of(pi_conformance::DOCKERFILE);
    assert!(mine.store().sealed_blob(&run, &input).unwrap().is_some());
    // Nothing is appended to it under its name.
    let draft = EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name("runs"),
        run: RunField::Known(open.clone()),
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: other.now(),
        payload: b"{}".to_vec(),
    };
    let fence = Fence { run: open, epoch: 0 };
    let appended = other.store().submit_fenced(vec![draft], Some(fence)).unwrap().wait();
    assert!(appended.is_err(), "{appended:?}");
    assert_eq!(other.store().tail(10).unwrap(), []);
}

#[test]
fn CTEST_8_one_tenant_leaves_nothing_with_another() {
    let laboratory = Laboratory::default();
    let (mine, _, other) = two(&laboratory);
    assert_eq!(other.store().tail(10).unwrap(), []);
    assert_eq!(other.store().runs(None, 10).unwrap(), []);
    let before = mine.store().tail(1_000).unwrap();
    laboratory.scan(&other, vec![&straw::Quiet], EvidenceMode::Sealed);
    assert_eq!(mine.store().tail(1_000).unwrap(), before);
    for (journal, tenant) in [(&mine, "mine"), (&other, "other")] {
        let events = journal.store().tail(1_000).unwrap();
        assert!(!events.is_empty());
        for event in events {
            assert_eq!(HeaderView::parse(&event.header).unwrap().tenant, tenant);
        }
    }
}
