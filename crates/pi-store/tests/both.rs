//! What holds of every store: the same cases on SQLite and on PostgreSQL.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;

use pi_core::canonical::parse;
use pi_core::{Digest, Name, Reason, Timestamp};
use pi_event_fabric::epoch::ShardList;
use pi_event_fabric::order::Priorities;
use pi_event_fabric::semantic::{Parent, Semantics, Trust, TrustPolicy};
use pi_event_fabric::{Bundle, EventDraft, HeaderView, RunField};
use pi_store::governance::{self, Author};
use pi_store::{
    DataFolder, Database, EventStore, Fence, SqliteStore, StoreError, StoredEvent, VerifyOptions,
};
use tempfile::TempDir;

/// The logs of some tenants.
trait Log: Sync {
    /// The log of a tenant; another store each time, as another process would have.
    fn open(&self, tenant: &str) -> Box<dyn EventStore>;
}

struct Sqlite(TempDir);

impl Sqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Log for Sqlite {
    fn open(&self, tenant: &str) -> Box<dyn EventStore> {
        let folder = DataFolder::open(self.0.path()).unwrap();
        Box::new(SqliteStore::open(&folder, &name(tenant)).unwrap())
    }
}

struct Postgres {
    folder: TempDir,
    url: String,
    _server: pi_test_postgres::Server,
}

impl Postgres {
    fn new() -> Self {
        let server = pi_test_postgres::Server::any();
        let url = server.database(|owner, pi| pi_store::postgres::migrate(owner, pi).unwrap());
        Self { folder: tempfile::tempdir().unwrap(), url: url.application, _server: server }
    }
}

impl Log for Postgres {
    fn open(&self, tenant: &str) -> Box<dyn EventStore> {
        let folder = DataFolder::open(self.folder.path()).unwrap();
        let database = Database::connect(&folder, &self.url, 4).unwrap();
        Box::new(database.open(&name(tenant)).unwrap())
    }
}

/// Each case, on each store.
macro_rules! on_both {
    ($($case:ident,)*) => {
        mod sqlite {
            $(#[test] fn $case() { super::$case(&super::Sqlite::new()); })*
        }
        mod postgres {
            $(#[test] fn $case() { super::$case(&super::Postgres::new()); })*
        }
    };
}

on_both! {
    events_get_places_and_verify,
    a_run_id_derives_from_its_place,
    proofs_verify_without_the_log,
    sealed_evidence_is_gone_with_its_key,
    headers_of_one_partition_are_linked,
    a_refused_append_does_not_fail_the_others_of_its_commit,
    what_is_submitted_behind_a_refused_append_leaves_no_gap,
    epochs_follow_each_other_and_order_what_lies_between,
    of_two_markers_for_one_epoch_the_second_is_refused,
    semantic_events_name_known_parents_and_enough_trust,
    a_parent_in_another_tenants_log_is_unknown,
    events_are_found_by_their_correlation,
    a_frozen_partition_takes_nothing_and_others_go_on,
    redaction_erases_content_and_leaves_every_proof,
    several_stores_make_one_log,
    runs_are_listed_a_page_at_a_time,
    a_claimed_run_takes_nothing_from_who_had_it,
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
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

fn verify(store: &dyn EventStore) -> Result<pi_store::Verification, StoreError> {
    store.verify(&VerifyOptions { partition: None, deep: true }, &mut |_, _| {})
}

fn places(events: &[StoredEvent]) -> Vec<String> {
    let place = |event: &StoredEvent| {
        let view = HeaderView::parse(&event.header).unwrap();
        format!("{}:{}", view.partition, view.offset)
    };
    events.iter().map(place).collect()
}

fn semantics(trust: u64, parents: Vec<Parent>) -> Semantics {
    Semantics {
        intent: "summarise".to_owned(),
        lineage: vec!["run".to_owned(), "node".to_owned()],
        trust: Trust::new(trust).unwrap(),
        parents,
    }
}

fn events_get_places_and_verify(log: &dyn Log) {
    let store = log.open("local");
    let first = store.append(vec![draft("a", "1"), draft("b", "2"), draft("a", "3")]).unwrap();
    let offsets: Vec<_> = first.places.iter().map(|p| (p.leaf_index, p.offset)).collect();
    assert_eq!(offsets, [(0, 1), (1, 1), (2, 2)]);
    assert_eq!(first.checkpoint, 3);
    let verified = verify(&*store).unwrap();
    assert_eq!((verified.events, verified.checkpoints), (3, 1));
    assert_eq!(verified.heads["a"].0, 2);
    let events = store.partition(&name("a"), 2, 10).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].content.as_ref().unwrap().1, b"3");
}

fn a_run_id_derives_from_its_place(log: &dyn Log) {
    let store = log.open("local");
    let accept = || {
        let run = RunField::Derive { request: Digest::of(b"request") };
        let draft = EventDraft { run, ..draft("runs", "{}") };
        store.append(vec![draft]).unwrap().places[0].run.clone().unwrap()
    };
    let (one, two) = (accept(), accept());
    assert_ne!(one, two);
    let runs = store.runs(None, 10).unwrap();
    assert_eq!(runs.iter().map(|entry| &entry.run).collect::<Vec<_>>(), [&two, &one]);
    let mut seen = 0;
    store
        .visit_run(&one, &mut |_| {
            seen += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, 1);
    verify(&*store).unwrap();
}

fn proofs_verify_without_the_log(log: &dyn Log) {
    let store = log.open("local");
    for n in 0..20 {
        store.append(vec![draft("a", &n.to_string())]).unwrap();
    }
    let bundle = store.prove(&name("a"), 7).unwrap();
    let bytes = pi_core::Encoder::encode(&bundle);
    let bundle = Bundle::parse(&bytes).unwrap();
    let verified = bundle.verify(Some(&store.public_key())).unwrap();
    assert_eq!((verified.events, verified.checkpoint.size), (1, 20));
    let missing = store.prove(&name("a"), 21);
    assert!(matches!(missing, Err(StoreError::NoEvent { .. })));
}

fn sealed_evidence_is_gone_with_its_key(log: &dyn Log) {
    let store = log.open("local");
    let run = pi_core::RunId::parse("run_00000000000000000000000000000001").unwrap();
    let digest = Digest::of(b"input");
    store.seal_blob(&run, &digest, b"input").unwrap();
    assert_eq!(store.sealed_blob(&run, &digest).unwrap().as_deref(), Some(&b"input"[..]));
    store.erase_run_key(&run).unwrap();
    assert_eq!(store.sealed_blob(&run, &digest).unwrap(), None);
    let kept = store.put_blob(b"manifest").unwrap();
    assert_eq!(store.blob(&kept).unwrap().as_deref(), Some(&b"manifest"[..]));
}

fn headers_of_one_partition_are_linked(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "1"), draft("a", "2")]).unwrap();
    let events = store.tail(10).unwrap();
    let second = HeaderView::parse(&events[1].header).unwrap();
    assert_eq!(second.previous, Some(Digest::of(&events[0].header)));
}

fn a_refused_append_does_not_fail_the_others_of_its_commit(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "1")]).unwrap();
    governance::freeze(&*store, &author(), &list(&["a"])).unwrap();
    let tickets: Vec<_> = (0..200)
        .map(|n| store.submit(vec![draft(if n % 2 == 0 { "a" } else { "b" }, "1")]).unwrap())
        .collect();
    let answers = tickets.into_iter().map(pi_store::Ticket::wait);
    assert_eq!(answers.filter(Result::is_err).count(), 100);
    assert_eq!(store.head(&name("b")).unwrap().offset, 100);
    verify(&*store).unwrap();
}

fn what_is_submitted_behind_a_refused_append_leaves_no_gap(log: &dyn Log) {
    let store = log.open("local");
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
    governance::freeze(&*store, &author(), &list(&["b"])).unwrap();
    let refused = submit("b").unwrap_err();
    assert_eq!(refused.reason(), Reason::ShardFrozen);
    let behind = submit("a").unwrap_err();
    assert!(matches!(&behind, StoreError::Interrupted(other) if *other == run), "{behind}");
    assert_eq!(behind.reason(), Reason::LogUnavailable);
    // Whoever claims the run begins anew.
    let fence = store.claim(&run).unwrap();
    let draft = EventDraft { run: RunField::Known(run.clone()), ..draft("a", "3") };
    store.submit_fenced(vec![draft], Some(fence)).unwrap().wait().unwrap();
    verify(&*store).unwrap();
}

fn epochs_follow_each_other_and_order_what_lies_between(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "1"), draft("b", "1"), draft("b", "2")]).unwrap();
    let shards = list(&["a", "b"]);
    governance::freeze(&*store, &author(), &shards).unwrap();
    assert_eq!(governance::establish_epoch(&*store, &author(), &shards).unwrap(), 1);
    let early = governance::establish_epoch(&*store, &author(), &shards).unwrap_err();
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
    verify(&*store).unwrap();
}

fn of_two_markers_for_one_epoch_the_second_is_refused(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "1"), draft("b", "1")]).unwrap();
    for shard in ["a", "b"] {
        governance::freeze(&*store, &author(), &list(&[shard])).unwrap();
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
    verify(&*store).unwrap();
}

fn semantic_events_name_known_parents_and_enough_trust(log: &dyn Log) {
    let store = log.open("local");
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
    verify(&*store).unwrap();
}

fn a_parent_in_another_tenants_log_is_unknown(log: &dyn Log) {
    let other = log.open("other");
    let place = other.append(vec![draft("a", "{}")]).unwrap().places.remove(0);
    let parent = Parent { leaf_index: place.leaf_index, event_hash: place.event_hash };
    let store = log.open("local");
    store.append(vec![draft("a", "{}")]).unwrap();
    let policy = TrustPolicy {
        threshold: Trust::default(),
        ceilings: BTreeMap::from([("t".to_owned(), Trust::FULL)]),
    };
    let refused = store.append_semantic(draft("a", "{}"), &semantics(1, vec![parent]), &policy);
    assert_eq!(refused.unwrap_err().reason(), Reason::UnknownParent);
}

fn events_are_found_by_their_correlation(log: &dyn Log) {
    let store = log.open("local");
    let with = |partition, id: &str| EventDraft {
        correlation_id: Some(id.to_owned()),
        ..draft(partition, "{}")
    };
    store.append(vec![with("a", "é\"x"), draft("a", "{}"), with("b", "y")]).unwrap();
    store.append(vec![with("b", "é\"x")]).unwrap();
    assert_eq!(places(&store.by_correlation("é\"x", 10).unwrap()), ["a:1", "b:2"]);
    assert_eq!(places(&store.by_correlation("é\"x", 1).unwrap()), ["a:1"]);
    assert_eq!(store.by_correlation("z", 10).unwrap(), []);
    verify(&*store).unwrap();
}

fn a_frozen_partition_takes_nothing_and_others_go_on(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "1"), draft("b", "1")]).unwrap();
    governance::freeze(&*store, &author(), &list(&["a"])).unwrap();
    let error = store.append(vec![draft("b", "2"), draft("a", "2")]).unwrap_err();
    assert_eq!(error.reason(), Reason::ShardFrozen);
    assert_eq!(error.to_string(), "the partition `a` is frozen");
    store.append(vec![draft("b", "2")]).unwrap();
    // Another process sees it too.
    let other = log.open("local");
    assert_eq!(other.append(vec![draft("a", "2")]).unwrap_err().reason(), Reason::ShardFrozen);
    let twice = governance::freeze(&*other, &author(), &list(&["a"])).unwrap_err();
    assert_eq!(twice.reason(), Reason::ShardFrozen, "somebody is at work");
    governance::release(&*other, &author(), &list(&["a"])).unwrap();
    store.append(vec![draft("a", "2")]).unwrap();
    for bad in [list(&["governance"]), list(&["nothing"]), list(&["b", "a"]), list(&[])] {
        assert!(governance::freeze(&*store, &author(), &bad).is_err(), "{bad:?}");
    }
    verify(&*store).unwrap();
}

fn redaction_erases_content_and_leaves_every_proof(log: &dyn Log) {
    let store = log.open("local");
    store.append(vec![draft("a", "\"private\""), draft("a", "2")]).unwrap();
    let before = verify(&*store).unwrap();
    let redacted = |leaf: u64| EventDraft {
        event_type: "event.redacted",
        ..draft("_system", &format!(r#"{{"leaf_index":{leaf},"reason":"asked for"}}"#))
    };
    store.redact(&name("a"), 1, redacted(0)).unwrap();
    let verified = verify(&*store).unwrap();
    assert_eq!((verified.redacted, &verified.heads["a"]), (1, &before.heads["a"]));
    assert_eq!(store.partition(&name("a"), 1, 1).unwrap()[0].content, None);
    let record = store.redact(&name("_system"), 1, redacted(2)).unwrap_err();
    assert!(matches!(record, StoreError::Governing), "{record}");
    let missing = store.redact(&name("a"), 9, redacted(9)).unwrap_err();
    assert!(matches!(missing, StoreError::NoEvent { .. }), "{missing}");
}

fn several_stores_make_one_log(log: &dyn Log) {
    std::thread::scope(|scope| {
        for writer in 0..4 {
            scope.spawn(move || {
                let store = log.open("local");
                for n in 0..50 {
                    let own = format!("own-{writer}");
                    let payload = format!("\"{writer}-{n}\"");
                    store.append(vec![draft("shared", &payload), draft(&own, "{}")]).unwrap();
                }
            });
        }
    });
    let store = log.open("local");
    let verified = verify(&*store).unwrap();
    assert_eq!(verified.events, 400);
    assert_eq!(verified.heads["shared"].0, 200);
    assert_eq!(store.head(&name("own-2")).unwrap().offset, 50);
    // Across the subtrees that are kept.
    let bundle = store.prove(&name("shared"), 117).unwrap();
    bundle.verify(Some(&store.public_key())).unwrap();
}

fn accept(store: &dyn EventStore, request: &str) -> pi_core::RunId {
    let run = RunField::Derive { request: Digest::of(request.as_bytes()) };
    let draft = EventDraft { run, ..draft("runs", "{}") };
    store.append(vec![draft]).unwrap().places[0].run.clone().unwrap()
}

fn runs_are_listed_a_page_at_a_time(log: &dyn Log) {
    let store = log.open("local");
    let mut all: Vec<_> = (0..7).map(|n| accept(&*store, &n.to_string())).collect();
    all.reverse();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.runs(before, 3).unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.first_leaf);
        seen.extend(page.into_iter().map(|entry| entry.run));
    }
    assert_eq!(seen, all);
    assert_eq!(store.run(&all[0]).unwrap().unwrap().first_leaf, 6);
    let bundle = store.export(&all[3]).unwrap();
    assert_eq!((bundle.events.len(), bundle.run), (1, Some(all[3].to_string())));
    let unknown = pi_core::RunId::parse("run_00000000000000000000000000000001").unwrap();
    assert!(store.run(&unknown).unwrap().is_none());
    assert!(matches!(store.export(&unknown), Err(StoreError::NoRun(_))));
    assert!(matches!(store.claim(&unknown), Err(StoreError::NoRun(_))));
}

fn a_claimed_run_takes_nothing_from_who_had_it(log: &dyn Log) {
    let (one, two) = (log.open("local"), log.open("local"));
    let run = accept(&*one, "request");
    let first = Fence { run: run.clone(), epoch: 0 };
    let append = |store: &dyn EventStore, fence: &Fence| {
        let draft = EventDraft { run: RunField::Known(run.clone()), ..draft("a", "{}") };
        store.submit_fenced(vec![draft], Some(fence.clone())).unwrap().wait()
    };
    append(&*one, &first).unwrap();
    let second = two.claim(&run).unwrap();
    assert_eq!(second.epoch, 1);
    let late = append(&*one, &first).unwrap_err();
    assert_eq!(late.reason(), Reason::LeaseLost, "{late}");
    append(&*two, &second).unwrap();
    assert_eq!(one.head(&name("a")).unwrap().offset, 2);
    verify(&*one).unwrap();
}
