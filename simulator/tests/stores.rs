//! The simulated store against the real one: random operations give the same answers,
//! the same refusals and the same bytes, or the simulator proves things about a store
//! that nobody uses.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::fmt::Debug;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::{Arc, Mutex};

use pi_core::canonical::Encoder;
use pi_core::{Digest, Name, RunId, Timestamp};
use pi_event_fabric::order::Priorities;
use pi_event_fabric::{EventDraft, RunField};
use pi_simulator::Trace;
use pi_simulator::random::Random;
use pi_simulator::store::{Disk, SimStore, lock};
use pi_store::{
    Appended, DataFolder, EventStore, Fence, SqliteStore, StoreError, StoredEvent, VerifyOptions,
};

const PARTITIONS: [&str; 3] = ["admission", "runs", "scheduler"];
const CORRELATIONS: [&str; 2] = ["c-1", "c \"2\""];
const SEEDS: u64 = 40;
const OPERATIONS: usize = 60;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What a call came to, so that it can be compared.
fn shown<T: Debug>(result: Result<T, StoreError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("refused {}: {error}", error.reason()),
    }
}

/// Both stores under one key.
struct Pair {
    real: SqliteStore,
    simulated: SimStore,
    disk: Arc<Mutex<Disk>>,
    _folder: tempfile::TempDir,
}

impl Pair {
    fn new(random: &mut Random) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::open(folder.path()).unwrap();
        // The simulated disk draws its key first.
        let seed: [u8; 32] = random.clone().bytes();
        let mut key =
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(data.key()).unwrap();
        writeln!(key, "pi-log-key-1 {}", Digest::from_bytes(seed)).unwrap();
        let tenant = name("local");
        let disk = Disk::new(tenant.clone(), random, None, Trace::default());
        let disk = Arc::new(Mutex::new(disk));
        let real = SqliteStore::open(&data, &tenant).unwrap();
        let simulated = SimStore::open(&disk, "one");
        assert_eq!(real.public_key(), simulated.public_key());
        assert!(fs::exists(data.database(&tenant)).unwrap());
        Self { real, simulated, disk, _folder: folder }
    }

    /// The same call on both.
    #[track_caller]
    fn same<T: Debug>(&self, call: impl Fn(&dyn EventStore) -> Result<T, StoreError>) -> String {
        let (real, simulated) = (shown(call(&self.real)), shown(call(&self.simulated)));
        assert_eq!(real, simulated);
        real
    }

    /// The same change of the log; the simulated store gets the salts of the real one.
    #[track_caller]
    fn change(
        &self,
        change: impl Fn(&dyn EventStore) -> Result<Appended, StoreError>,
    ) -> Option<Appended> {
        let last = self.real.tail(1).unwrap().last().map(|event| event.leaf_index);
        let real = change(&self.real);
        let events = self.real.after(last, 1_000).unwrap();
        let salts = events.iter().map(|event| event.content.as_ref().unwrap().0.clone());
        lock(&self.disk).give_salts(salts.map(|salt| salt.try_into().unwrap()));
        let simulated = change(&self.simulated);
        assert_eq!(shown(real.clone()), shown(simulated));
        real.ok()
    }

    /// Appends behind a fence.
    fn fenced(&self, drafts: &[EventDraft], fence: &Fence) -> Option<Appended> {
        self.change(|store| {
            let ticket = store.submit_fenced(drafts.to_vec(), Some(fence.clone()))?;
            // The real store has a thread for this.
            let mut disk = lock(&self.disk);
            let waiting = disk.queued();
            disk.write(waiting);
            let written = disk.unsynced();
            disk.sync(written);
            drop(disk);
            ticket.wait()
        })
    }
}

fn draft(random: &mut Random, run: RunField) -> EventDraft {
    let partition = if run == RunField::None { PARTITIONS[random.below(3)] } else { "runs" };
    let id = random.chance(300).then(|| CORRELATIONS[random.below(2)].to_owned());
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name(partition),
        run,
        actor: "one".to_owned(),
        correlation_id: id,
        recorded_at: Timestamp::from_micros(random.below(9) as u64),
        payload: format!("{{\"n\":{}}}", random.below(1_000)).into_bytes(),
    }
}

/// What was made so far.
#[derive(Default)]
struct Known {
    runs: Vec<RunId>,
    fences: Vec<Fence>,
    blobs: Vec<Digest>,
}

impl Known {
    fn run(&self, random: &mut Random) -> RunId {
        let unknown = RunId::parse(&format!("run_{}", "0".repeat(32))).unwrap();
        if random.chance(100) {
            unknown
        } else {
            random.pick(&self.runs).cloned().unwrap_or(unknown)
        }
    }

    fn fence(&self, random: &mut Random) -> Option<Fence> {
        random.pick(&self.fences).cloned()
    }
}

/// One random change.
fn step(pair: &Pair, known: &mut Known, random: &mut Random) {
    match random.below(10) {
        0 | 1 => {
            let count = random.below(4);
            let drafts: Vec<_> = (0..count).map(|_| draft(random, RunField::None)).collect();
            pair.change(|store| store.append(drafts.clone()));
        }
        2 => {
            let request = Digest::of(&[random.below(3) as u8]);
            let accepted = draft(random, RunField::Derive { request });
            let appended = pair.change(|store| store.append(vec![accepted.clone()]));
            let run = appended.unwrap().places[0].run.clone().unwrap();
            known.fences.push(Fence { run: run.clone(), epoch: 0 });
            known.runs.push(run);
        }
        3 | 4 => {
            let Some(fence) = known.fence(random) else { return };
            let count = 1 + random.below(3);
            let run = || RunField::Known(fence.run.clone());
            let mut drafts: Vec<_> = (0..count).map(|_| draft(random, run())).collect();
            if random.chance(200) {
                drafts.last_mut().unwrap().event_type = "run.sealed";
            }
            pair.fenced(&drafts, &fence);
        }
        5 => {
            let run = known.run(random);
            if pair.same(|store| store.claim(&run)).starts_with("Fence") {
                let claims = known.fences.iter().filter(|fence| fence.run == run).count();
                known.fences.push(Fence { run, epoch: claims as u64 });
            }
        }
        6 => {
            let partition = name(PARTITIONS[random.below(3)]);
            let offset = 1 + random.below(12) as u64;
            let found = pair.real.partition(&partition, offset, 1).unwrap();
            let leaf = found.first().map_or(0, |event| event.leaf_index);
            let event = EventDraft {
                schema: "pi.event.redacted",
                event_type: "event.redacted",
                payload: format!("{{\"leaf_index\":{leaf},\"reason\":\"r\"}}").into_bytes(),
                ..draft(random, RunField::None)
            };
            pair.change(|store| store.redact(&partition, offset, event.clone()));
        }
        7 => {
            let bytes = vec![random.below(5) as u8; random.below(40)];
            pair.same(|store| store.put_blob(&bytes));
            known.blobs.push(Digest::of(&bytes));
        }
        8 => {
            let (run, bytes) = (known.run(random), vec![random.below(5) as u8; 8]);
            let digest = Digest::of(&bytes);
            pair.same(|store| store.seal_blob(&run, &digest, &bytes));
            known.blobs.push(digest);
        }
        _ => {
            let run = known.run(random);
            pair.same(|store| store.erase_run_key(&run));
        }
    }
}

/// Everything that can be read.
fn compare(pair: &Pair, known: &Known, random: &mut Random) {
    let (from, limit) = (random.below(9) as u64, random.below(9));
    for partition in PARTITIONS.map(name) {
        pair.same(|store| store.partition(&partition, from, limit));
        pair.same(|store| store.head(&partition));
        pair.same(|store| store.prove(&partition, from).map(|bundle| Encoder::encode(&bundle)));
    }
    pair.same(|store| store.tail(limit));
    pair.same(|store| store.after(from.checked_sub(1), limit));
    pair.same(|store| store.by_correlation(CORRELATIONS[random.clone().below(2)], limit));
    pair.same(|store| store.runs(None, limit));
    pair.same(|store| store.runs(Some(from), limit));
    pair.same(|store| store.checkpoint());
    let run = known.run(random);
    pair.same(|store| store.run(&run));
    pair.same(|store| store.export(&run).map(|bundle| Encoder::encode(&bundle)));
    pair.same(|store| {
        let mut events: Vec<StoredEvent> = Vec::new();
        store.visit_run(&run, &mut |event| {
            events.push(event);
            Ok(())
        })?;
        Ok(events)
    });
    pair.same(|store| {
        let (mut events, partitions) = (Vec::new(), PARTITIONS.map(name));
        store.visit_ordered(&partitions, &Priorities::default(), &mut |key, event| {
            events.push((key, event));
            Ok(())
        })?;
        Ok(events)
    });
    for digest in known.blobs.iter().rev().take(3) {
        pair.same(|store| store.blob(digest));
        pair.same(|store| store.sealed_blob(&run, digest));
    }
}

#[test]
fn both_stores_say_the_same_in_the_same_bytes() {
    for seed in 0..SEEDS {
        let mut random = Random::new(seed);
        let (pair, mut known) = (Pair::new(&mut random), Known::default());
        for _ in 0..OPERATIONS {
            step(&pair, &mut known, &mut random);
            compare(&pair, &known, &mut random);
        }
        pair.real.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap();
        // From the first event to the last.
        pair.same(|store| store.after(None, usize::MAX >> 1));
    }
}
