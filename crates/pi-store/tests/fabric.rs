//! Reads across partitions, freezing and epochs, fences and replay, semantic events,
//! following a log.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::fence::FenceEntry;
use pi_event_fabric::migration::Step;
use pi_event_fabric::replay::ReplayContext;
use pi_event_fabric::schema::{Field, Level, Schema, Type};
use pi_event_fabric::{EventDraft, HeaderView, Registry, RunField};
use pi_store::governance::{self, Author};
use pi_store::{
    DataFolder, EventStore, Follower, Overflow, SqliteStore, StoreError, StoredEvent, Subscription,
    VerifyOptions,
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
fn tables_that_do_not_fit_the_events_are_noticed() {
    for (sql, named) in [
        ("INSERT INTO correlations VALUES ('y', 0)", "list of correlations"),
        ("UPDATE heads SET frozen = 1 WHERE id = 1", "list of frozen partitions"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).append(vec![draft("a", "{}")]).unwrap();
        connection(folder.path()).execute_batch(sql).unwrap();
        let error = verify(&open(folder.path())).unwrap_err().to_string();
        assert_eq!(error, format!("{named}: it does not fit the events"));
    }
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
