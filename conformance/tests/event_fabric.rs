//! One test for each rule of the event fabric, named by its id. What a rule needs in
//! depth is tested beside the code; here each is shown once, through the public API.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::collections::BTreeMap;
use std::path::Path;

use pi_core::canonical::{Encoder, Value, parse};
use pi_core::{Digest, Name, Reason, RunId, Timestamp};
use pi_event_fabric::catalogue::registry;
use pi_event_fabric::epoch::{SequenceError, ShardList, ShardSequence};
use pi_event_fabric::evolution::{Evolution, EvolutionError, EvolutionKind, EvolutionLog};
use pi_event_fabric::fence::FenceEntry;
use pi_event_fabric::migration::{GraphError, MAX_HOPS, Step};
use pi_event_fabric::order::{OrderKey, Priorities};
use pi_event_fabric::registry::RegistryError;
use pi_event_fabric::replay::ReplayContext;
use pi_event_fabric::schema::{
    ChangeKind, Field, Level, Schema, SchemaVersion, Type, compatibility,
};
use pi_event_fabric::semantic::{Parent, Semantics, Trust, TrustPolicy};
use pi_event_fabric::{EventDraft, Head, HeaderView, Registry, RunField, SaltedDraft, Tree, seal};
use pi_store::consumer::Consumer;
use pi_store::governance::{self, Author};
use pi_store::projection::{Projection, Tables};
use pi_store::{
    DataFolder, EventStore, SqliteStore, StoreError, StoredEvent, Verification, VerifyOptions,
};
use rusqlite::Connection;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn open(path: &Path, tenant: &str) -> SqliteStore {
    SqliteStore::open(&DataFolder::open(path).unwrap(), &name(tenant)).unwrap()
}

fn draft(partition: &str, payload: &str) -> EventDraft {
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name(partition),
        run: RunField::None,
        actor: "t".to_owned(),
        correlation_id: Some("c".to_owned()),
        recorded_at: Timestamp::from_micros(1),
        payload: payload.as_bytes().to_vec(),
    }
}

/// A store with five events in partition `a`.
fn five() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), "local");
    store.append((1..=5).map(|n| draft("a", &format!(r#"{{"n":{n}}}"#))).collect()).unwrap();
    (folder, store)
}

fn verify(store: &SqliteStore) -> Result<Verification, StoreError> {
    store.verify(&VerifyOptions { partition: None, deep: true }, &mut |_, _| {})
}

fn author() -> Author {
    Author { actor: "operator".to_owned(), now: Timestamp::from_micros(2) }
}

/// Changes the database behind the platform's back.
fn tamper(folder: &tempfile::TempDir, sql: &str) {
    let data = DataFolder::open(folder.path()).unwrap();
    let connection = Connection::open(data.database(&name("local"))).unwrap();
    for trigger in ["events_no_update", "events_no_delete", "payloads_erase_only"] {
        connection.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    connection.execute_batch(sql).unwrap();
}

const SPOIL_PAYLOAD: &str = "UPDATE payloads SET payload = CAST('{\"n\":9}' AS BLOB) WHERE leaf = ";
const SPOIL_HEADER: &str = "UPDATE events SET header = CAST(replace(CAST(header AS TEXT), '\"t\"', '\"u\"') AS BLOB) WHERE leaf = ";

fn offsets(store: &SqliteStore) -> Vec<u64> {
    let events = store.partition(&name("a"), 1, 1000).unwrap();
    events.iter().map(|event| HeaderView::parse(&event.header).unwrap().offset).collect()
}

#[test]
fn EF_1_offsets_are_without_gaps_also_with_20_writers() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), "local");
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| store.append(vec![draft("a", "{}")]).unwrap());
        }
    });
    assert_eq!(offsets(&store), (1..=20).collect::<Vec<u64>>());
    verify(&store).unwrap();
}

#[test]
fn EF_2_a_changed_event_is_noticed_the_first_one_too() {
    for leaf in 0..5 {
        for spoil in [SPOIL_HEADER, SPOIL_PAYLOAD] {
            let (folder, store) = five();
            tamper(&folder, &format!("{spoil}{leaf}"));
            let reason = verify(&store).unwrap_err().reason();
            // Behind the last event only the checkpoint knows its hash.
            let last = leaf == 4 && spoil == SPOIL_HEADER;
            let expected = if last { Reason::CheckpointInvalid } else { Reason::LogCorrupt };
            assert_eq!(reason, expected, "leaf {leaf}");
        }
    }
}

#[test]
fn EF_3_the_payload_hash_is_checked() {
    let (folder, store) = five();
    tamper(&folder, &format!("{SPOIL_PAYLOAD}0"));
    let error = verify(&store).unwrap_err().to_string();
    assert_eq!(error, "a:1: the payload does not have its hash");
}

#[test]
fn EF_4_equal_inputs_and_times_give_equal_hashes() {
    let hashes = |time: u64| {
        let (mut head, mut tree) = (Head::default(), Tree::default());
        let mut seal = |payload: &str| {
            let draft =
                EventDraft { recorded_at: Timestamp::from_micros(time), ..draft("a", payload) };
            seal(SaltedDraft::new(draft, [7; 16]), &name("local"), &mut head, &mut tree).event_hash
        };
        [seal("1"), seal("2")]
    };
    assert_eq!(hashes(1), hashes(1));
    assert_ne!(hashes(1), hashes(2), "the time is under the hash, and it is passed in");
}

#[test]
fn EF_5_a_tenant_reads_nothing_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (open(folder.path(), "mine"), open(folder.path(), "other"));
    let run = EventDraft {
        run: RunField::Derive { request: Digest::of(b"r") },
        event_type: "run.accepted",
        ..draft("a", "{}")
    };
    let run: RunId = mine.append(vec![run]).unwrap().places.remove(0).run.unwrap();
    assert_eq!(other.partition(&name("a"), 1, 10).unwrap(), []);
    assert_eq!(other.by_correlation("c", 10).unwrap(), []);
    assert_eq!(other.tail(10).unwrap(), []);
    assert_eq!(other.after(None, 10).unwrap(), []);
    assert_eq!(other.run(&run).unwrap(), None);
    assert_eq!(other.head(&name("a")).unwrap(), Head::default());
    assert!(other.prove(&name("a"), 1).is_err());
    assert!(other.export(&run).is_err());
    assert_eq!(mine.by_correlation("c", 10).unwrap().len(), 1);
}

/// Counts events.
struct Count;

impl Projection for Count {
    fn create(&self, tables: &Tables<'_>) -> Result<(), StoreError> {
        let sql = format!("CREATE TABLE {}seen (leaf INTEGER PRIMARY KEY)", tables.prefix());
        tables.execute(&sql, ()).map(|_| ())
    }

    fn apply(&mut self, tables: &Tables<'_>, event: &StoredEvent) -> Result<(), StoreError> {
        let sql = format!("INSERT INTO {}seen VALUES (?1)", tables.prefix());
        tables.execute(&sql, [event.leaf_index]).map(|_| ())
    }
}

#[test]
fn EF_6_consumers_go_on_behind_their_checkpoint_and_refuse_a_damaged_one() {
    let (folder, store) = five();
    let now = Timestamp::from_micros(1);
    let mut consumer = Consumer::open(&store, &name("count"), &name("one")).unwrap();
    let lease = consumer.join(&Count, now, 100).unwrap();
    let a = name("a");
    assert_eq!(consumer.process(&lease, &a, 3, now, &mut Count).unwrap().events, 3);
    assert_eq!(consumer.process(&lease, &a, 3, now, &mut Count).unwrap().events, 2);
    tamper(
        &folder,
        "DROP TRIGGER consumer_checkpoints_forward; UPDATE consumer_checkpoints SET offset = 3",
    );
    let error = consumer.process(&lease, &a, 3, now, &mut Count).unwrap_err();
    assert_eq!(error.reason(), Reason::ConsumerCheckpointInvalid, "{error}");
}

/// `pi.test` in `count` versions, each with one more optional field.
fn versions(count: u32) -> Registry {
    let mut registry = Registry::default();
    let mut schema = Schema::new("pi.test", 1, Level::Full).required("n", Type::u64());
    registry.register(schema.clone()).unwrap();
    for version in 2..=count {
        let name = format!("f{version}");
        schema = Schema { version, ..schema.optional(&name, Type::u64()) };
        registry.register(schema.clone()).unwrap();
        let field = Field::optional(Type::u64());
        let add = Step::Add { at: String::new(), name, field, value: 0.into() };
        registry.migrate("pi.test", version - 1, version, vec![add]).unwrap();
    }
    registry
}

fn replay_sum(store: &SqliteStore, target: u32) -> Result<(u64, Digest), StoreError> {
    let context = ReplayContext {
        tenant: name("local"),
        partition: name("a"),
        from: 1,
        to: None,
        correlation_id: None,
        targets: BTreeMap::from([("pi.test".to_owned(), target)]),
    };
    let mut sum = 0;
    let report = governance::replay(store, &versions(2), context, &mut |event| {
        sum += event.hydrated.payload.get("n").and_then(Value::as_u64).unwrap();
        Ok(())
    })?;
    Ok((sum, report.hash()))
}

#[test]
fn EF_7_replay_folds_reads_only_and_stops_at_a_broken_chain() {
    let (folder, store) = five();
    let before = (store.checkpoint().unwrap(), store.tail(10).unwrap());
    assert_eq!(replay_sum(&store, 1).unwrap().0, 15);
    assert_eq!((store.checkpoint().unwrap(), store.tail(10).unwrap()), before);
    tamper(&folder, &format!("{SPOIL_HEADER}3"));
    let reason = replay_sum(&store, 1).unwrap_err().reason();
    assert!(matches!(reason, Reason::LogCorrupt | Reason::CheckpointInvalid), "{reason}");
}

fn list(shards: &[&str]) -> ShardList {
    ShardList { shards: shards.iter().copied().map(name).collect(), reason: "test".to_owned() }
}

#[test]
fn EF_8_epochs_are_unique_hashed_and_in_order() {
    let (_folder, store) = five();
    for expected in 1..=2 {
        governance::freeze(&store, &author(), &list(&["a"])).unwrap();
        let epoch = governance::establish_epoch(&store, &author(), &list(&["a"])).unwrap();
        assert_eq!(epoch, expected);
    }
    governance::freeze(&store, &author(), &list(&["a"])).unwrap();
    let next = store.shards().unwrap().next_marker(&[name("a")]);
    let append = |payload: Vec<u8>| {
        store.append(vec![EventDraft {
            schema: "pi.epoch.established",
            event_type: "epoch.established",
            payload,
            ..draft("governance", "")
        }])
    };
    for epoch in [2, 4] {
        let marker = pi_event_fabric::epoch::EpochMarker { epoch, ..next.clone() };
        let error = append(Encoder::encode(&marker)).unwrap_err();
        assert_eq!(error.reason(), Reason::EpochOutOfOrder, "{error}");
    }
    let hash = next.coordination_hash().to_hex();
    let other = Digest::ZERO.to_hex();
    let forged = String::from_utf8(Encoder::encode(&next)).unwrap().replace(&hash, &other);
    let error = append(forged.into_bytes()).unwrap_err();
    assert_eq!(error.reason(), Reason::EpochOutOfOrder, "{error}");
    append(Encoder::encode(&next)).unwrap();
    verify(&store).unwrap();
}

#[test]
fn EF_9_compatibility_levels_have_their_standard_meaning() {
    for kind in ChangeKind::ALL {
        let (backward, forward) = (!kind.breaks_backward(), !kind.breaks_forward());
        assert!(Level::None.allows(kind));
        assert_eq!(Level::Backward.allows(kind), backward, "{kind:?}");
        assert_eq!(Level::Forward.allows(kind), forward, "{kind:?}");
        assert_eq!(Level::Full.allows(kind), backward && forward, "{kind:?}");
    }
    // Backward: the new reader reads old data. Forward: the old reader reads new data.
    let old = Schema::new("t", 1, Level::None).required("a", Type::u64());
    let new = Schema::new("t", 2, Level::Backward).optional("b", Type::u64());
    let (old_data, new_data) = (parse(br#"{"a":1}"#).unwrap(), parse(br#"{"b":1}"#).unwrap());
    assert!(compatibility(&old, &new).is_compatible(), "a removed field is backward");
    assert!(new.read(&old_data).is_ok());
    let new = Schema { level: Level::Forward, ..new };
    assert!(!compatibility(&old, &new).is_compatible(), "a removed field is not forward");
    assert!(old.read(&new_data).is_err());
}

#[test]
fn EF_10_the_shortest_path_of_at_most_5_migrations_is_taken() {
    let registry = versions(7);
    let payload = parse(br#"{"n":1}"#).unwrap();
    let same = registry.hydrate("pi.test", 1, &payload, 1).unwrap();
    assert_eq!((same.path.len(), &same.payload), (0, &payload));
    let five = registry.hydrate("pi.test", 1, &payload, 6).unwrap();
    assert_eq!(five.path.len(), MAX_HOPS);
    assert_eq!(five.payload_hash, Digest::of_canonical(&five.payload));
    let back = registry.hydrate("pi.test", 6, &five.payload, 1).unwrap();
    assert_eq!(back.payload, payload, "steps are undone in reverse order");
    let six = registry.hydrate("pi.test", 1, &payload, 7).unwrap_err();
    assert!(matches!(six, RegistryError::Graph(GraphError::NoPath { .. })));
    assert_eq!(six.reason(), Reason::NoMigrationPath);
    let mut registry = registry;
    let shrink = (2..=3).map(|version| Step::Remove {
        at: String::new(),
        name: format!("f{version}"),
        restore: None,
    });
    let cycle = registry.migrate("pi.test", 3, 1, shrink.collect());
    assert!(matches!(cycle, Err(RegistryError::Graph(GraphError::Cycle { .. }))));
}

#[test]
fn EF_11_reading_across_versions_needs_an_approval() {
    let (folder, store) = five();
    assert_eq!(replay_sum(&store, 2).unwrap_err().reason(), Reason::FenceDenied);
    let entry = FenceEntry::new("pi.test@1", "pi.test@2", "tested").unwrap();
    governance::approve(&store, &author(), &entry).unwrap();
    let first = replay_sum(&store, 2).unwrap();
    drop(store);
    let store = open(folder.path(), "local");
    assert_eq!(replay_sum(&store, 2).unwrap(), first, "the approval survives a restart");
    assert_ne!(replay_sum(&store, 1).unwrap().1, first.1, "the hash covers the results");
}

#[test]
fn EF_12_a_frozen_sequence_does_not_advance() {
    let mut sequence = ShardSequence::default();
    sequence.advance("a", 1, Digest::ZERO).unwrap();
    let gap = sequence.advance("a", 3, Digest::ZERO).unwrap_err();
    assert!(matches!(gap, SequenceError::OutOfSequence { next: 2, found: 3, .. }));
    sequence.freeze("a").unwrap();
    let frozen = sequence.advance("a", 2, Digest::ZERO).unwrap_err();
    assert_eq!(frozen, SequenceError::Frozen("a".to_owned()));
    sequence.release("a").unwrap();
    sequence.advance("a", 2, Digest::ZERO).unwrap();
    let (_folder, store) = five();
    governance::freeze(&store, &author(), &list(&["a"])).unwrap();
    assert_eq!(store.append(vec![draft("a", "{}")]).unwrap_err().reason(), Reason::ShardFrozen);
    governance::release(&store, &author(), &list(&["a"])).unwrap();
    store.append(vec![draft("a", "{}")]).unwrap();
    assert_eq!(offsets(&store), (1..=6).collect::<Vec<u64>>());
}

#[test]
fn EF_13_events_of_several_partitions_have_one_total_order() {
    let (_folder, store) = five();
    store.append((1..=3).map(|_| draft("b", "{}")).collect()).unwrap();
    governance::freeze(&store, &author(), &list(&["a", "b"])).unwrap();
    governance::establish_epoch(&store, &author(), &list(&["a", "b"])).unwrap();
    store.append(vec![draft("a", "{}"), draft("b", "{}")]).unwrap();
    let order = |partitions: &[Name], priorities: &Priorities| {
        let mut keys: Vec<OrderKey> = Vec::new();
        store
            .visit_ordered(partitions, priorities, &mut |key, _| {
                keys.push(key);
                Ok(())
            })
            .unwrap();
        keys
    };
    let (a, b) = (name("a"), name("b"));
    let priorities = Priorities(BTreeMap::from([(b.clone(), 1)]));
    let keys = order(&[a.clone(), b.clone()], &priorities);
    assert_eq!(keys, order(&[b.clone(), a.clone(), b.clone()], &priorities));
    let seen: Vec<_> = keys.iter().map(|k| (k.epoch, k.priority, k.offset)).collect();
    let expected = [
        (0, 1, 1),
        (0, 1, 2),
        (0, 1, 3),
        (0, 9999, 1),
        (0, 9999, 2),
        (0, 9999, 3),
        (0, 9999, 4),
        (0, 9999, 5),
        (1, 1, 4),
        (1, 9999, 6),
    ];
    assert_eq!(seen, expected);
    // Without priorities, the hash decides between equal offsets.
    let tied = order(&[a, b], &Priorities::default());
    let mut shuffled = tied.clone();
    shuffled.reverse();
    shuffled.sort();
    assert_eq!(shuffled, tied);
}

#[test]
fn EF_15_semantic_events_need_known_parents_and_trust() {
    let (_folder, store) = five();
    let policy = TrustPolicy {
        threshold: Trust::new(400).unwrap(),
        ceilings: BTreeMap::from([("t".to_owned(), Trust::FULL)]),
    };
    let append = |trust: u64, parents: Vec<Parent>| {
        let semantics = Semantics {
            intent: "test".to_owned(),
            lineage: Vec::new(),
            trust: Trust::new(trust).unwrap(),
            parents,
        };
        store.append_semantic(draft("a", "{}"), &semantics, &policy)
    };
    let place = append(400, Vec::new()).unwrap().places.remove(0);
    let parent = Parent { leaf_index: place.leaf_index, event_hash: place.event_hash };
    append(1000, vec![parent]).unwrap();
    assert_eq!(append(399, Vec::new()).unwrap_err().reason(), Reason::TrustTooLow);
    let unknown = Parent { event_hash: Digest::ZERO, ..parent };
    assert_eq!(append(400, vec![unknown]).unwrap_err().reason(), Reason::UnknownParent);
    let stored = store.tail(1).unwrap().remove(0);
    let payload = String::from_utf8(stored.content.unwrap().1).unwrap();
    let forged = store.append(vec![draft("a", &payload)]).unwrap_err();
    assert_eq!(forged.reason(), Reason::ReservedKey);
    let changed = parse(payload.replace("\"trust\":1000", "\"trust\":999").as_bytes()).unwrap();
    assert!(Semantics::read("pi.test", &changed).is_ok(), "trust is no part of what is made again");
    let changed = parse(payload.replace("\"test\"", "\"other\"").as_bytes()).unwrap();
    assert!(Semantics::read("pi.test", &changed).is_err(), "the intent is");
}

#[test]
fn ART_3_schemas_evolve_only_through_an_append_only_log() {
    let base = |version| Schema::new("pi.test", version, Level::None);
    let steps = [
        base(1).required("a", Type::u64()),
        base(2).required("a", Type::u64()).optional("b", Type::text()),
        base(3).required("a", Type::u64()),
        base(4).required("a", Type::text()),
        base(5).optional("a", Type::text()),
    ];
    let mut registry = Registry::default();
    steps.iter().for_each(|schema| registry.register(schema.clone()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), "local");
    let evolve = |entry: &Evolution| governance::evolve(&store, &registry, &author(), entry);
    evolve(&Evolution::step(None, &steps[0], "first")).unwrap();
    for pair in steps.windows(2) {
        evolve(&Evolution::step(Some(&pair[0]), &pair[1], "next")).unwrap();
    }
    let skipped = evolve(&Evolution::step(Some(&steps[0]), &steps[1], "again")).unwrap_err();
    assert!(matches!(skipped, StoreError::Evolution(EvolutionError::OutOfOrder { .. })));
    evolve(&Evolution::deprecation(&steps[4], "done")).unwrap();
    let mut kinds = Vec::new();
    for event in store.partition(&name("governance"), 1, 100).unwrap() {
        let payload = parse(&event.content.unwrap().1).unwrap();
        for change in payload.get("changes").unwrap().as_array().unwrap() {
            kinds.push(change.get("kind").unwrap().as_str().unwrap().to_owned());
        }
    }
    let expected = ["ADD_FIELD", "REMOVE_FIELD", "TYPE_CHANGE", "RULE_CHANGE", "DEPRECATE"];
    assert_eq!(kinds, expected);
    assert_eq!(kinds, EvolutionKind::ALL.map(EvolutionKind::as_str));
    let log = governance::evolution(&store, &registry).unwrap();
    assert_eq!((log.entries(), log.reached("pi.test")), (6, Some((5, true))));
    let mut untrue = Evolution::step(None, &steps[0], "first");
    untrue.to.1 = Digest::ZERO;
    let untrue = EvolutionLog::default().take(&registry, &untrue).unwrap_err();
    assert!(matches!(untrue, EvolutionError::Untrue(_)));
    let data = DataFolder::open(folder.path()).unwrap();
    let connection = Connection::open(data.database(&name("local"))).unwrap();
    for sql in ["DELETE FROM events", "UPDATE payloads SET payload = x'00'"] {
        let error = connection.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("MUTATION_FORBIDDEN"), "{sql}: {error}");
    }
}

#[test]
fn CTEST_3_five_events_verify_and_a_tampered_payload_does_not() {
    let (folder, store) = five();
    assert_eq!(verify(&store).unwrap().events, 5);
    tamper(&folder, &format!("{SPOIL_PAYLOAD}2"));
    let error = verify(&store).unwrap_err().to_string();
    assert!(error.starts_with("a:3:"), "{error}");
}

#[test]
fn CTEST_14_a_minor_version_is_compatible_and_a_major_one_is_not() {
    let registered = SchemaVersion::new(1, 0, 0);
    assert!(SchemaVersion::new(1, 1, 0).is_compatible_with(registered));
    assert!(!SchemaVersion::new(2, 0, 0).is_compatible_with(registered));
}

#[test]
fn REPLAY_1_sequence_numbers_grow_by_exactly_one() {
    for change in
        ["UPDATE events SET offset = 9 WHERE leaf = 4", "DELETE FROM events WHERE leaf = 2"]
    {
        let (folder, store) = five();
        tamper(&folder, change);
        assert_eq!(verify(&store).unwrap_err().reason(), Reason::LogCorrupt, "{change}");
    }
}

#[test]
fn REPLAY_2_each_event_names_the_one_before() {
    let (folder, store) = five();
    let events = store.partition(&name("a"), 1, 10).unwrap();
    let mut before = None;
    for event in &events {
        assert_eq!(HeaderView::parse(&event.header).unwrap().previous, before);
        before = Some(event.hash());
    }
    assert!(String::from_utf8_lossy(&events[0].header).contains(r#""previous_event_hash":"","#));
    tamper(&folder, &format!("{SPOIL_HEADER}0"));
    let error = verify(&store).unwrap_err().to_string();
    assert_eq!(error, "a:2: the link to the event before does not fit");
}

#[test]
fn REPLAY_3_a_corrupt_log_is_not_replayed() {
    for leaf in 0..5 {
        let (folder, store) = five();
        tamper(&folder, &format!("{SPOIL_PAYLOAD}{leaf}"));
        let error = replay_sum(&store, 1).unwrap_err();
        assert_eq!(error.reason(), Reason::LogCorrupt, "{error}");
    }
}

#[test]
fn what_the_catalogue_registers_is_locked() {
    let lock = include_str!("../../crates/pi-event-fabric/schemas.lock");
    for line in lock.lines() {
        let (id, fingerprint) = line.split_once(' ').unwrap();
        let (schema, version) = id.rsplit_once('@').unwrap();
        let schema = registry().schema(schema, version.parse().unwrap()).unwrap();
        assert_eq!(schema.fingerprint().to_hex(), fingerprint, "{id} has changed");
    }
    assert_eq!(lock.lines().count(), registry().schemas().count());
}
