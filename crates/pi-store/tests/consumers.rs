//! Consumer groups: exactly once, leases, fencing, damaged checkpoints, rebuilding.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::path::Path;

use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::{EventDraft, HeaderView, RunField};
use pi_store::consumer::Lease;
use pi_store::projection::Tables;
use pi_store::{
    Consumer, DataFolder, EventStore, Projection, SqliteStore, StoreError, StoredEvent,
    VerifyOptions,
};
use rusqlite::Connection;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(&DataFolder::open(path).unwrap(), &name("local")).unwrap()
}

fn fill(store: &SqliteStore, partition: &str, count: u64) {
    let draft = |n: u64| EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name(partition),
        run: RunField::None,
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(n),
        payload: n.to_string().into_bytes(),
    };
    store.append((1..=count).map(draft).collect()).unwrap();
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Counts events and sums payloads; fails at a payload on request.
#[derive(Default)]
struct Sum {
    fail_at: Option<u64>,
    /// Runs in place of the counting.
    instead: Option<&'static str>,
}

impl Projection for Sum {
    fn create(&self, tables: &Tables<'_>) -> Result<(), StoreError> {
        let table = format!("{}sum", tables.prefix());
        tables.execute(
            &format!("CREATE TABLE {table} (partition TEXT PRIMARY KEY, n INTEGER, sum INTEGER)"),
            (),
        )?;
        tables.execute(&format!("CREATE INDEX {table}_n ON {table} (n)"), ())?;
        Ok(())
    }

    fn apply(&mut self, tables: &Tables<'_>, event: &StoredEvent) -> Result<(), StoreError> {
        let (_, payload) = event.parts().unwrap();
        let value: u64 = std::str::from_utf8(payload).unwrap().parse().unwrap();
        if let Some(sql) = self.instead {
            tables.execute(sql, ())?;
        }
        let partition = HeaderView::parse(&event.header).unwrap().partition;
        tables.execute(
            &format!(
                "INSERT INTO {}sum VALUES (?1, 1, ?2) ON CONFLICT (partition)
                 DO UPDATE SET n = n + 1, sum = sum + ?2",
                tables.prefix()
            ),
            (partition, value),
        )?;
        if self.fail_at == Some(value) {
            return Err(StoreError::Projection { group: "sums".into(), problem: "asked".into() });
        }
        Ok(())
    }
}

fn sums(consumer: &mut Consumer) -> Vec<(String, u64, u64)> {
    consumer
        .query(|tables| {
            let sql = format!("SELECT partition, n, sum FROM {}sum ORDER BY 1", tables.prefix());
            tables.query(&sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        })
        .unwrap()
}

fn member(store: &SqliteStore, member: &str) -> Consumer {
    Consumer::open(store, &name("sums"), &name(member)).unwrap()
}

const LEASE: u64 = 100;

/// A member alone in its group.
fn alone(store: &SqliteStore) -> (Consumer, Lease) {
    let mut consumer = member(store, "one");
    let lease = consumer.join(&Sum::default(), at(0), LEASE).unwrap();
    (consumer, lease)
}

#[test]
fn a_batch_of_3_of_5_and_then_2_counts_each_event_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let (mut consumer, lease) = alone(&store);
    assert_eq!(lease.partitions, [name("a")]);
    let a = name("a");
    assert_eq!(consumer.checkpoint(&a).unwrap(), None);
    let mut sum = Sum::default();
    let first = consumer.process(&lease, &a, 3, at(1), &mut sum).unwrap();
    assert_eq!((first.events, first.checkpoint), (3, 3));
    drop(consumer);
    let (mut consumer, lease) = alone(&store);
    let second = consumer.process(&lease, &a, 3, at(1), &mut sum).unwrap();
    assert_eq!((second.events, second.checkpoint), (2, 5));
    let none = consumer.process(&lease, &a, 3, at(1), &mut sum).unwrap();
    assert_eq!((none.events, none.checkpoint), (0, 5));
    assert_eq!(sums(&mut consumer), [("a".to_owned(), 5, 15)]);
}

#[test]
fn a_failed_batch_leaves_neither_writes_nor_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let (mut consumer, lease) = alone(&store);
    let mut failing = Sum { fail_at: Some(4), ..Sum::default() };
    let a = name("a");
    assert!(consumer.process(&lease, &a, 10, at(1), &mut failing).is_err());
    assert_eq!(sums(&mut consumer), []);
    assert_eq!(consumer.checkpoint(&a).unwrap(), None);
    consumer.process(&lease, &a, 10, at(1), &mut Sum::default()).unwrap();
    assert_eq!(sums(&mut consumer), [("a".to_owned(), 5, 15)]);
}

#[test]
fn a_member_that_lost_its_lease_cannot_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let a = name("a");
    let (mut slow, lease) = alone(&store);
    let late = slow.process(&lease, &a, 1, at(LEASE), &mut Sum::default()).unwrap_err();
    assert_eq!(late.reason(), Reason::ConsumerFenced, "the lease ended");
    let mut other = member(&store, "two");
    let taken = other.join(&Sum::default(), at(LEASE), LEASE).unwrap();
    assert_eq!(taken.partitions, [name("a")], "the expired member holds nothing");
    other.process(&taken, &a, 2, at(LEASE + 1), &mut Sum::default()).unwrap();
    // The slow member still believes that it is early.
    let stale = slow.process(&lease, &a, 5, at(1), &mut Sum::default()).unwrap_err();
    assert_eq!(stale.reason(), Reason::ConsumerFenced);
    assert_eq!(slow.renew(at(LEASE + 1), LEASE).unwrap_err().reason(), Reason::ConsumerFenced);
    assert_eq!(sums(&mut other), [("a".to_owned(), 2, 3)]);
}

#[test]
fn partitions_are_shared_out_and_none_is_held_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let names: Vec<String> = (0..12).map(|n| format!("p{n:02}")).collect();
    for partition in &names {
        fill(&store, partition, 1);
    }
    let mut members: Vec<Consumer> = ["x", "y", "z"].map(|n| member(&store, n)).into();
    for consumer in &mut members {
        consumer.join(&Sum::default(), at(0), LEASE).unwrap();
    }
    let leases: Vec<Lease> =
        members.iter_mut().map(|consumer| consumer.renew(at(1), LEASE).unwrap()).collect();
    let mut held: Vec<&str> =
        leases.iter().flat_map(|lease| lease.partitions.iter().map(Name::as_str)).collect();
    held.sort_unstable();
    assert_eq!(held, names, "each partition has one holder");
    assert!(leases.iter().all(|lease| !lease.partitions.is_empty()), "{leases:?}");
    let foreign = &leases[1].partitions[0];
    let refused = members[0].process(&leases[0], foreign, 1, at(2), &mut Sum::default());
    assert_eq!(refused.unwrap_err().reason(), Reason::ConsumerFenced);
    // What x and y held stays theirs when z goes; its partitions are shared out.
    members[2].leave().unwrap();
    for (consumer, before) in members.iter_mut().zip(&leases).take(2) {
        let after = consumer.renew(at(2), LEASE).unwrap();
        assert!(before.partitions.iter().all(|name| after.partitions.contains(name)));
        assert_ne!(after.generation, before.generation);
    }
}

/// Changes the database behind the platform's back.
fn tamper(path: &Path, sql: &str) {
    let database = DataFolder::open(path).unwrap().database(&name("local"));
    let connection = Connection::open(database).unwrap();
    connection
        .execute_batch(
            "DROP TRIGGER consumer_checkpoints_forward; DROP TRIGGER consumer_checkpoints_no_delete",
        )
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

#[test]
fn a_changed_missing_or_older_checkpoint_is_refused_by_name() {
    for sql in [
        "UPDATE consumer_checkpoints SET offset = 2",
        "UPDATE consumer_checkpoints SET offset = 2; UPDATE consumers SET total = 2",
        "UPDATE consumer_checkpoints SET offset = 9",
        "UPDATE consumer_checkpoints SET event_hash = zeroblob(32)",
        "UPDATE consumer_checkpoints SET partition = 'b'",
        "UPDATE consumer_checkpoints SET seal = zeroblob(32)",
        "UPDATE consumer_checkpoints SET incarnation = 2",
        "DELETE FROM consumer_checkpoints",
        "UPDATE consumers SET total = 0; DELETE FROM consumer_checkpoints",
        "UPDATE consumers SET incarnation = 2",
        "UPDATE consumers SET seal = x''",
        "DELETE FROM consumers",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        fill(&store, "a", 5);
        let a = name("a");
        let (mut consumer, lease) = alone(&store);
        consumer.process(&lease, &a, 3, at(1), &mut Sum::default()).unwrap();
        tamper(folder.path(), sql);
        let error = consumer.checkpoint(&a).unwrap_err();
        assert_eq!(error.reason(), Reason::ConsumerCheckpointInvalid, "{sql}: {error}");
        assert!(consumer.process(&lease, &a, 3, at(1), &mut Sum::default()).is_err(), "{sql}");
        // The remedy.
        consumer.rebuild(&Sum::default()).unwrap();
        let lease = consumer.join(&Sum::default(), at(2), LEASE).unwrap();
        consumer.process(&lease, &a, 9, at(3), &mut Sum::default()).unwrap();
        assert_eq!(sums(&mut consumer), [("a".to_owned(), 5, 15)], "{sql}");
    }
}

#[test]
fn an_older_checkpoint_cannot_be_put_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let a = name("a");
    let (mut consumer, lease) = alone(&store);
    consumer.process(&lease, &a, 2, at(1), &mut Sum::default()).unwrap();
    let database = DataFolder::open(folder.path()).unwrap().database(&name("local"));
    let connection = Connection::open(database).unwrap();
    connection.execute_batch("CREATE TABLE kept AS SELECT * FROM consumer_checkpoints").unwrap();
    consumer.process(&lease, &a, 2, at(1), &mut Sum::default()).unwrap();
    let back = "UPDATE consumer_checkpoints SET (offset, event_hash, seal) =
                (SELECT offset, event_hash, seal FROM kept)";
    let refused = connection.execute_batch(back).unwrap_err().to_string();
    assert!(refused.contains("MUTATION_FORBIDDEN"), "{refused}");
    let gone = connection.execute_batch("DELETE FROM consumer_checkpoints").unwrap_err();
    assert!(gone.to_string().contains("MUTATION_FORBIDDEN"), "{gone}");
    tamper(folder.path(), back);
    let error = consumer.checkpoint(&a).unwrap_err();
    assert_eq!(error.reason(), Reason::ConsumerCheckpointInvalid, "{error}");
}

#[test]
fn a_changed_event_does_not_reach_a_projection() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let (mut consumer, lease) = alone(&store);
    let database = DataFolder::open(folder.path()).unwrap().database(&name("local"));
    Connection::open(database)
        .unwrap()
        .execute_batch(
            "DROP TRIGGER payloads_erase_only;
             UPDATE payloads SET payload = CAST('9' AS BLOB) WHERE leaf = 2",
        )
        .unwrap();
    let error = consumer.process(&lease, &name("a"), 9, at(1), &mut Sum::default()).unwrap_err();
    assert_eq!(error.reason(), Reason::LogCorrupt);
    assert!(error.to_string().starts_with("a:3:"), "{error}");
    assert_eq!(sums(&mut consumer), []);
}

#[test]
fn a_projection_reaches_its_own_tables_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 5);
    let mut other = Consumer::open(&store, &name("sums2"), &name("one")).unwrap();
    other.join(&Sum::default(), at(0), LEASE).unwrap();
    let (mut consumer, lease) = alone(&store);
    for sql in [
        "INSERT INTO events VALUES (99, 1, 99, x'00')",
        "UPDATE payloads SET salt = NULL, payload = NULL",
        "UPDATE head SET size = 0",
        "UPDATE consumer_checkpoints SET offset = 99",
        "DELETE FROM run_keys",
        "SELECT * FROM run_keys",
        "DELETE FROM p_sums2$sum",
        "COMMIT",
        "SAVEPOINT x",
        "PRAGMA writable_schema = ON",
        "ATTACH ':memory:' AS other",
        "DROP TRIGGER events_no_update",
        "CREATE TABLE elsewhere (x)",
        "CREATE TRIGGER p_sums$t AFTER INSERT ON p_sums$sum BEGIN DELETE FROM runs; END",
        "ALTER TABLE p_sums$sum RENAME TO events2",
    ] {
        let mut bad = Sum { instead: Some(sql), ..Sum::default() };
        let error = consumer.process(&lease, &name("a"), 9, at(1), &mut bad).unwrap_err();
        assert!(matches!(error, StoreError::Projection { .. }), "{sql}: {error}");
    }
    consumer.process(&lease, &name("a"), 9, at(1), &mut Sum::default()).unwrap();
    assert_eq!(sums(&mut consumer), [("a".to_owned(), 5, 15)]);
    store.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap();
    let bad = Consumer::open(&store, &name("a-b"), &name("one"));
    assert!(matches!(bad, Err(StoreError::Projection { .. })));
}

#[test]
fn a_rebuilt_projection_is_the_same_and_fences_the_old_one_off() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    fill(&store, "a", 4);
    fill(&store, "b", 3);
    let (mut consumer, lease) = alone(&store);
    for partition in &lease.partitions {
        consumer.process(&lease, partition, 9, at(1), &mut Sum::default()).unwrap();
    }
    let before = sums(&mut consumer);
    consumer.rebuild(&Sum::default()).unwrap();
    assert_eq!(sums(&mut consumer), []);
    let stale = consumer.process(&lease, &name("a"), 9, at(1), &mut Sum::default());
    assert_eq!(stale.unwrap_err().reason(), Reason::ConsumerFenced);
    let lease = consumer.renew(at(1), LEASE).unwrap();
    for partition in &lease.partitions {
        consumer.process(&lease, partition, 1, at(1), &mut Sum::default()).unwrap();
        consumer.process(&lease, partition, 9, at(1), &mut Sum::default()).unwrap();
    }
    assert_eq!(sums(&mut consumer), before);
}
