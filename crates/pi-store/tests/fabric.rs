//! Reads across partitions, freezing and epochs, fences and replay, semantic events,
//! following a log.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use pi_core::canonical::parse;
use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::epoch::ShardList;
use pi_event_fabric::fence::FenceEntry;
use pi_event_fabric::migration::Step;
use pi_event_fabric::order::Priorities;
use pi_event_fabric::replay::ReplayContext;
use pi_event_fabric::schema::{Field, Level, Schema, Type};
use pi_event_fabric::semantic::{Parent, Semantics, Trust, TrustPolicy};
use pi_event_fabric::{EventDraft, HeaderView, Registry, RunField};
use pi_store::governance::{self, Author};
use pi_store::{
    DataFolder, EventStore, Fence, Follower, Overflow, SqliteStore, StoreError, StoredEvent,
    Subscription, VerifyOptions,
};
use rusqlite::Connection;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(&DataFolder::open(path).unwrap(), &name("local")).unwrap()
}

fn draft(partition: &str, payload: &str) -> EventDraft {
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name(partition),
        run: RunField::None,
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(1),
        payload: payload.as_bytes().to_vec(),
    }
}

fn author() -> Author {
    Author { actor: "operator".to_owned(), now: Timestamp::from_micros(2) }
}

fn list(shards: &[&str]) -> ShardList {
    ShardList { shards: shards.iter().copied().map(name).collect(), reason: "test".to_owned() }
}

fn verify(store: &SqliteStore) -> Result<(), StoreError> {
    store.verify(&VerifyOptions { partition: None, deep: true }, &mut |_, _| {}).map(|_| ())
}

fn places(events: &[StoredEvent]) -> Vec<String> {
    let place = |event: &StoredEvent| {
        let view = HeaderView::parse(&event.header).unwrap();
        format!("{}:{}", view.partition, view.offset)
    };
    events.iter().map(place).collect()
}

fn connection(path: &Path) -> Connection {
    Connection::open(DataFolder::open(path).unwrap().database(&name("local"))).unwrap()
}

#[test]
#[cfg(debug_assertions)]
fn a_payload_without_a_fitting_schema_fails_the_test_that_appends_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let unregistered = EventDraft { schema: "pi.unheard.of", ..draft("a", "{}") };
    let unfit = EventDraft { schema: "pi.event.redacted", ..draft("a", r#"{"leaf_index":-1}"#) };
    for draft in [unregistered, unfit] {
        let append = std::panic::AssertUnwindSafe(|| store.append(vec![draft]).map(|_| ()));
        assert!(std::panic::catch_unwind(append).is_err());
    }
}

#[test]
fn events_are_found_by_their_correlation() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let with = |partition, id: &str| EventDraft {
        correlation_id: Some(id.to_owned()),
        ..draft(partition, "{}")
    };
    store.append(vec![with("a", "é\"x"), draft("a", "{}"), with("b", "y")]).unwrap();
    store.append(vec![with("b", "é\"x")]).unwrap();
    assert_eq!(places(&store.by_correlation("é\"x", 10).unwrap()), ["a:1", "b:2"]);
    assert_eq!(places(&store.by_correlation("é\"x", 1).unwrap()), ["a:1"]);
    assert_eq!(store.by_correlation("z", 10).unwrap(), []);
    verify(&store).unwrap();
    drop(store);
    connection(folder.path()).execute_batch("INSERT INTO correlations VALUES ('y', 0)").unwrap();
    let error = verify(&open(folder.path())).unwrap_err().to_string();
    assert_eq!(error, "list of correlations: it does not fit the events");
}

#[test]
fn a_database_of_version_1_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let with = EventDraft { correlation_id: Some("c".to_owned()), ..draft("a", "{}") };
    open(folder.path()).append(vec![with]).unwrap();
    // Enough to complete subtrees of two heights.
    open(folder.path()).append((0..300).map(|_| draft("a", "{}")).collect()).unwrap();
    let count = |sql| connection(folder.path()).query_row(sql, [], |row| row.get::<_, u64>(0));
    let kept = "SELECT COUNT(*) FROM subtrees";
    assert_eq!(count(kept), Ok(301 / 16 + 301 / 256));
    connection(folder.path())
        .execute_batch(
            "DROP TABLE subtrees; DROP TABLE epochs; DROP TABLE correlations; DROP TABLE consumers;
             DROP TABLE consumer_members; DROP TABLE consumer_checkpoints;
             ALTER TABLE heads DROP COLUMN frozen; PRAGMA user_version = 1",
        )
        .unwrap();
    let store = open(folder.path());
    assert_eq!(places(&store.by_correlation("c", 10).unwrap()), ["a:1"]);
    assert_eq!(count(kept), Ok(301 / 16 + 301 / 256));
    store.append(vec![draft("a", "{}")]).unwrap();
    verify(&store).unwrap();
    for offset in [1, 16, 17, 256, 300, 302] {
        let bundle = store.prove(&name("a"), offset).unwrap();
        bundle.verify(Some(&store.public_key())).unwrap();
    }
}

#[test]
fn a_frozen_partition_takes_nothing_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(vec![draft("a", "1"), draft("b", "1")]).unwrap();
    governance::freeze(&store, &author(), &list(&["a"])).unwrap();
    let error = store.append(vec![draft("b", "2"), draft("a", "2")]).unwrap_err();
    assert_eq!(error.reason(), Reason::ShardFrozen);
    assert_eq!(error.to_string(), "the partition `a` is frozen");
    store.append(vec![draft("b", "2")]).unwrap();
    // Another process sees it too.
    let other = open(folder.path());
    assert_eq!(other.append(vec![draft("a", "2")]).unwrap_err().reason(), Reason::ShardFrozen);
    let twice = governance::freeze(&other, &author(), &list(&["a"])).unwrap_err();
    assert_eq!(twice.reason(), Reason::ShardFrozen, "somebody is at work");
    governance::release(&other, &author(), &list(&["a"])).unwrap();
    store.append(vec![draft("a", "2")]).unwrap();
    for bad in [list(&["governance"]), list(&["nothing"]), list(&["b", "a"]), list(&[])] {
        assert!(governance::freeze(&store, &author(), &bad).is_err(), "{bad:?}");
    }
    verify(&store).unwrap();
    drop((store, other));
    connection(folder.path()).execute_batch("UPDATE heads SET frozen = 1 WHERE id = 1").unwrap();
    let error = verify(&open(folder.path())).unwrap_err().to_string();
    assert_eq!(error, "list of frozen partitions: it does not fit the events");
}

#[test]
fn a_refused_append_does_not_fail_the_others_of_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(vec![draft("a", "1")]).unwrap();
    governance::freeze(&store, &author(), &list(&["a"])).unwrap();
    let tickets: Vec<_> = (0..200)
        .map(|n| store.submit(vec![draft(if n % 2 == 0 { "a" } else { "b" }, "1")]).unwrap())
        .collect();
    let answers = tickets.into_iter().map(pi_store::Ticket::wait);
    assert_eq!(answers.filter(Result::is_err).count(), 100);
    assert_eq!(store.head(&name("b")).unwrap().offset, 100);
    verify(&store).unwrap();
}

#[test]
fn what_is_submitted_behind_a_refused_append_leaves_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let request = pi_core::Digest::of(b"request");
    let accepted = EventDraft { run: RunField::Derive { request }, ..draft("a", "1") };
    let accepted = store.append(vec![accepted, draft("b", "1")]).unwrap();
    let run = accepted.places[0].run.clone().unwrap();
    let fence = Fence { run: run.clone(), epoch: 0 };
    let submit = |partition: &str| {
        let draft = EventDraft { run: RunField::Known(run.clone()), ..draft(partition, "2") };
        store.submit_fenced(vec![draft], Some(fence.clone())).unwrap().wait()
    };
    submit("a").unwrap();
    governance::freeze(&store, &author(), &list(&["b"])).unwrap();
    let refused = submit("b").unwrap_err();
    assert_eq!(refused.reason(), Reason::ShardFrozen);
    let behind = submit("a").unwrap_err();
    assert!(matches!(&behind, StoreError::Interrupted(other) if *other == run), "{behind}");
    assert_eq!(behind.reason(), Reason::LogUnavailable);
    // Whoever claims the run begins anew.
    let fence = store.claim(&run).unwrap();
    let draft = EventDraft { run: RunField::Known(run.clone()), ..draft("a", "3") };
    store.submit_fenced(vec![draft], Some(fence)).unwrap().wait().unwrap();
    verify(&store).unwrap();
}

#[test]
fn epochs_follow_each_other_and_order_what_lies_between() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(vec![draft("a", "1"), draft("b", "1"), draft("b", "2")]).unwrap();
    let shards = list(&["a", "b"]);
    governance::freeze(&store, &author(), &shards).unwrap();
    assert_eq!(governance::establish_epoch(&store, &author(), &shards).unwrap(), 1);
    let early = governance::establish_epoch(&store, &author(), &shards).unwrap_err();
    assert!(matches!(early, StoreError::Sequence(_)), "not frozen: {early}");
    store.append(vec![draft("b", "3"), draft("a", "2")]).unwrap();
    let ordered = |priorities: &Priorities| {
        let (mut keys, mut events) = (Vec::new(), Vec::new());
        store
            .visit_ordered(&[name("b"), name("a")], priorities, &mut |key, event| {
                keys.push(key);
                events.push(event);
                Ok(())
            })
            .unwrap();
        assert!(keys.is_sorted(), "{keys:?}");
        places(&events)
    };
    let first_b = Priorities(BTreeMap::from([(name("b"), 1)]));
    assert_eq!(ordered(&first_b), ["b:1", "b:2", "a:1", "b:3", "a:2"]);
    let first_a = Priorities(BTreeMap::from([(name("a"), 1)]));
    assert_eq!(ordered(&first_a), ["a:1", "b:1", "b:2", "a:2", "b:3"]);
    verify(&store).unwrap();
}

#[test]
fn of_two_markers_for_one_epoch_the_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(vec![draft("a", "1"), draft("b", "1")]).unwrap();
    for shard in ["a", "b"] {
        governance::freeze(&store, &author(), &list(&[shard])).unwrap();
    }
    let marker = store.shards().unwrap().next_marker(&[name("a")]);
    let event = |payload: &pi_event_fabric::epoch::EpochMarker| EventDraft {
        schema: "pi.epoch.established",
        event_type: "epoch.established",
        payload: pi_core::Encoder::encode(payload),
        ..draft("governance", "")
    };
    store.append(vec![event(&marker)]).unwrap();
    let again = store.append(vec![event(&marker)]).unwrap_err();
    assert_eq!(again.reason(), Reason::EpochOutOfOrder, "{again}");
    let mut lies = store.shards().unwrap().next_marker(&[name("b")]);
    lies.shards[0].sequence = 7;
    let lies = store.append(vec![event(&lies)]).unwrap_err();
    assert_eq!(lies.reason(), Reason::EpochOutOfOrder, "{lies}");
    let mixed = store.append(vec![event(&marker), draft("c", "1")]).unwrap_err();
    assert!(matches!(mixed, StoreError::MixedControl));
    assert_eq!(store.shards().unwrap().epoch(), 1);
    verify(&store).unwrap();
}

/// `pi.test` in two versions.
fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.register(Schema::new("pi.test", 1, Level::Full).required("n", Type::u64())).unwrap();
    let second = Schema::new("pi.test", 2, Level::Full)
        .required("n", Type::u64())
        .optional("note", Type::text());
    registry.register(second).unwrap();
    let add = Step::Add {
        at: String::new(),
        name: "note".to_owned(),
        field: Field::optional(Type::text()),
        value: "none".into(),
    };
    registry.migrate("pi.test", 1, 2, vec![add]).unwrap();
    registry
}

fn context(target: u32) -> ReplayContext {
    ReplayContext {
        tenant: name("local"),
        partition: name("a"),
        from: 1,
        to: None,
        correlation_id: None,
        targets: BTreeMap::from([("pi.test".to_owned(), target)]),
    }
}

fn replayed(store: &SqliteStore, target: u32) -> Result<(Vec<String>, String), StoreError> {
    let mut payloads = Vec::new();
    let report = governance::replay(store, &registry(), context(target), &mut |event| {
        let bytes = pi_core::Encoder::encode(&event.hydrated.payload);
        payloads.push(String::from_utf8(bytes).unwrap());
        Ok(())
    })?;
    Ok((payloads, report.hash().to_string()))
}

#[test]
fn reading_across_versions_needs_an_approval_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append(vec![draft("a", r#"{"n":1}"#), draft("a", r#"{"n":2}"#)]).unwrap();
    let (own, own_hash) = replayed(&store, 1).unwrap();
    assert_eq!(own, [r#"{"n":1}"#, r#"{"n":2}"#]);
    let denied = replayed(&store, 2).unwrap_err();
    assert_eq!(denied.reason(), Reason::FenceDenied, "{denied}");
    let entry = FenceEntry::new("pi.test@1", "pi.test@2", "the note is only added").unwrap();
    governance::approve(&store, &author(), &entry).unwrap();
    // A restart and another process know it as well.
    let store = open(folder.path());
    let (across, hash) = replayed(&store, 2).unwrap();
    assert_eq!(across, [r#"{"n":1,"note":"none"}"#, r#"{"n":2,"note":"none"}"#]);
    assert_eq!(replayed(&store, 2).unwrap().1, hash);
    assert_ne!(hash, own_hash, "the report covers the results");
    let approvals = governance::fences(&store).unwrap();
    let approval = approvals.approvals().next().unwrap();
    assert_eq!((approval.approved_by.as_str(), approval.offset), ("operator", 1));
    governance::revoke(&store, &author(), &entry).unwrap();
    assert_eq!(replayed(&store, 2).unwrap_err().reason(), Reason::FenceDenied);
    verify(&store).unwrap();
}

#[test]
fn a_forged_approval_and_a_broken_chain_stop_the_replay() {
    let approve = |store: &SqliteStore| {
        let entry = FenceEntry::new("pi.test@1", "pi.test@2", "tested").unwrap();
        governance::approve(store, &author(), &entry).unwrap();
    };
    for sql in [
        "DROP TRIGGER payloads_erase_only;
         UPDATE payloads SET payload = CAST(replace(CAST(payload AS TEXT), '@1', '@3') AS BLOB)",
        "DROP TRIGGER events_no_update;
         UPDATE events SET header = CAST(replace(CAST(header AS TEXT), 'operator', 'somebody') AS BLOB)
         WHERE leaf = 2",
        "DROP TRIGGER events_no_update;
         UPDATE events SET header = CAST(replace(CAST(header AS TEXT), '\"t\"', '\"u\"') AS BLOB)
         WHERE leaf = 0",
        "DROP TRIGGER events_no_delete; DELETE FROM events WHERE leaf = 0",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        store.append(vec![draft("a", r#"{"n":1}"#), draft("a", r#"{"n":2}"#)]).unwrap();
        approve(&store);
        replayed(&store, 2).unwrap();
        connection(folder.path()).execute_batch(sql).unwrap();
        let error = replayed(&store, 2).unwrap_err();
        let broken = matches!(error.reason(), Reason::LogCorrupt | Reason::CheckpointInvalid);
        assert!(broken, "{sql}: {error}");
    }
}

fn semantics(trust: u64, parents: Vec<Parent>) -> Semantics {
    Semantics {
        intent: "summarise".to_owned(),
        lineage: vec!["run".to_owned(), "node".to_owned()],
        trust: Trust::new(trust).unwrap(),
        parents,
    }
}

#[test]
fn semantic_events_name_known_parents_and_enough_trust() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let policy = TrustPolicy {
        threshold: Trust::new(500).unwrap(),
        ceilings: BTreeMap::from([("t".to_owned(), Trust::new(800).unwrap())]),
    };
    let parent = store.append(vec![draft("a", "{}")]).unwrap().places.remove(0);
    let parent = Parent { leaf_index: parent.leaf_index, event_hash: parent.event_hash };
    let append =
        |semantics: &Semantics| store.append_semantic(draft("a", r#"{"n":1}"#), semantics, &policy);
    append(&semantics(700, vec![parent])).unwrap();
    let event = store.tail(1).unwrap().remove(0);
    let payload = parse(event.parts().unwrap().1).unwrap();
    let read = Semantics::read("pi.test", &payload).unwrap();
    assert_eq!(read, Some(semantics(700, vec![parent])));
    let reason = |semantics: &Semantics| append(semantics).unwrap_err().reason();
    assert_eq!(reason(&semantics(499, vec![])), Reason::TrustTooLow);
    assert_eq!(reason(&semantics(801, vec![])), Reason::TrustTooLow, "above the ceiling");
    let moved = Parent { leaf_index: 1, ..parent };
    let unknown = Parent { event_hash: pi_core::Digest::ZERO, ..parent };
    let beyond = Parent { leaf_index: 99, ..parent };
    for parent in [moved, unknown, beyond] {
        assert_eq!(reason(&semantics(700, vec![parent])), Reason::UnknownParent);
    }
    assert_eq!(reason(&semantics(700, vec![parent, parent])), Reason::InvalidRequest);
    let stranger = EventDraft { actor: "stranger".to_owned(), ..draft("a", "{}") };
    let stranger = store.append_semantic(stranger, &semantics(700, vec![]), &policy);
    assert_eq!(stranger.unwrap_err().reason(), Reason::TrustTooLow, "no ceiling is none");
    let forged = store.append(vec![draft("a", r#"{"A":1,"_semantic":{}}"#)]).unwrap_err();
    assert_eq!(forged.reason(), Reason::ReservedKey);
    // Inside a text or deeper down it claims nothing.
    store.append(vec![draft("a", r#"{"x":{"_semantic":1},"y":"\"_semantic\":"}"#)]).unwrap();
    verify(&store).unwrap();
}

#[test]
fn a_parent_in_another_tenants_log_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    let other = SqliteStore::open(&data, &name("other")).unwrap();
    let place = other.append(vec![draft("a", "{}")]).unwrap().places.remove(0);
    let parent = Parent { leaf_index: place.leaf_index, event_hash: place.event_hash };
    let store = open(folder.path());
    store.append(vec![draft("a", "{}")]).unwrap();
    let policy = TrustPolicy {
        threshold: Trust::default(),
        ceilings: BTreeMap::from([("t".to_owned(), Trust::FULL)]),
    };
    let refused = store.append_semantic(draft("a", "{}"), &semantics(1, vec![parent]), &policy);
    assert_eq!(refused.unwrap_err().reason(), Reason::UnknownParent);
}

fn follower(path: &Path, after: Option<u64>) -> Follower {
    Follower::new(&DataFolder::open(path).unwrap(), &name("local"), after).unwrap()
}

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_follower_sees_every_event_of_every_process_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    one.append(vec![draft("a", "0"), draft("a", "1")]).unwrap();
    let mut follower = follower(folder.path(), Some(0));
    let mut seen = places(&follower.next(10).unwrap());
    assert_eq!(follower.next(10).unwrap(), []);
    for round in 0..20 {
        let store = if round % 2 == 0 { &one } else { &two };
        store.append(vec![draft("a", "2"), draft("a", "3"), draft("a", "4")]).unwrap();
        while seen.len() < 1 + (round + 1) * 3 {
            let events = follower.wait(2, SOON).unwrap();
            assert!(!events.is_empty(), "nothing came");
            seen.extend(places(&events));
        }
    }
    let expected: Vec<String> = (2..=62).map(|offset| format!("a:{offset}")).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_full_buffer_blocks_or_refuses_and_never_drops() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    store.append((0..50).map(|_| draft("a", "{}")).collect()).unwrap();
    let subscribe = |overflow| Subscription::new(follower(folder.path(), None), 4, overflow);
    let blocking = subscribe(Overflow::Block).unwrap();
    for leaf in 0..50 {
        assert_eq!(blocking.next(SOON).unwrap().unwrap().leaf_index, leaf);
    }
    assert_eq!(blocking.next(Duration::ZERO).unwrap(), None);
    let refusing = subscribe(Overflow::Refuse).unwrap();
    let mut got = 0;
    let error = loop {
        match refusing.next(SOON) {
            Ok(Some(event)) => {
                assert_eq!(event.leaf_index, got);
                got += 1;
            }
            Ok(None) => panic!("it neither goes on nor ends"),
            Err(error) => break error,
        }
        if got == 50 {
            // This reader was as fast as the writer; then nothing was refused.
            return;
        }
    };
    assert!(matches!(error, StoreError::Lagging { next } if next == got), "{error}");
    assert_eq!(error.reason(), Reason::SubscriberLagging);
    drop(subscribe(Overflow::Block).unwrap());
}
