//! A store in memory with the durability of a real one: what is queued dies with its
//! process, what is written and not synced dies with the power, from some place on,
//! and only what is synced is seen and acknowledged.

mod read;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::event::SALT_BYTES;
use pi_event_fabric::{Head, PublicKey, SigningKey, Tree};
use pi_store::{RunEntry, StoreError, StoredEvent};

use crate::defect::Defect;
use crate::random::Random;
use crate::trace::Trace;
use write::{Commit, Request};

/// How often the store does what a store should not do, of a thousand times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFaults {
    /// A commit is refused.
    pub refuse: u32,
    /// A commit is durable, and its submitter does not hear of it.
    pub lose_answer: u32,
}

/// What the next commit goes on from.
#[derive(Clone, Debug, Default)]
struct Index {
    tree: Tree,
    heads: BTreeMap<Name, Head>,
    epochs: BTreeMap<RunId, u64>,
    runs: BTreeMap<RunId, RunEntry>,
}

/// A claim of a run, and where the log ended at that moment.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The run.
    pub run: RunId,
    /// Who claimed it.
    pub by: String,
    /// The events behind this leaf index are the claimer's.
    pub from: u64,
}

/// What survives.
#[derive(Default)]
struct Durable {
    index: Index,
    archive: Vec<StoredEvent>,
    live: Vec<StoredEvent>,
    claims: Vec<Claim>,
    checkpoints: Vec<(u64, String)>,
    blobs: BTreeMap<Digest, Vec<u8>>,
    sealed: BTreeMap<(RunId, Digest), Vec<u8>>,
}

/// The disk, and the server in front of it.
pub struct Disk {
    tenant: Name,
    key: SigningKey,
    salts: Random,
    /// Salts that come before its own.
    given_salts: VecDeque<[u8; SALT_BYTES]>,
    chance: Random,
    /// How often it fails.
    pub faults: StoreFaults,
    defect: Option<Defect>,
    trace: Trace,
    available: bool,
    /// It loses power with the call after so many.
    dies_after: Option<u32>,
    queue: VecDeque<Request>,
    written: Vec<Commit>,
    tip: Index,
    durable: Durable,
    /// The file of checkpoints outside the database.
    notes: Vec<String>,
    acknowledged: Vec<(u64, Digest)>,
    /// Fences behind which an append failed.
    interrupted: BTreeSet<(RunId, u64)>,
}

impl Disk {
    /// An empty disk.
    pub fn new(tenant: Name, random: &mut Random, defect: Option<Defect>, trace: Trace) -> Self {
        Self {
            tenant,
            key: SigningKey::from_seed(&random.bytes()),
            salts: random.fork(),
            given_salts: VecDeque::new(),
            chance: random.fork(),
            faults: StoreFaults::default(),
            defect,
            trace,
            available: true,
            dies_after: None,
            queue: VecDeque::new(),
            written: Vec::new(),
            tip: Index::default(),
            durable: Durable::default(),
            notes: Vec::new(),
            acknowledged: Vec::new(),
            interrupted: BTreeSet::new(),
        }
    }

    /// The next events get these salts, as another store drew them.
    pub fn give_salts(&mut self, salts: impl IntoIterator<Item = [u8; SALT_BYTES]>) {
        self.given_salts = salts.into_iter().collect();
    }

    fn salt(&mut self) -> [u8; SALT_BYTES] {
        self.given_salts.pop_front().unwrap_or_else(|| self.salts.bytes())
    }

    /// Whether it answers.
    pub fn is_available(&self) -> bool {
        self.available
    }

    /// Requests that wait.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Commits that are not synced.
    pub fn unsynced(&self) -> usize {
        self.written.len()
    }

    /// Number of durable events.
    pub fn size(&self) -> u64 {
        (self.durable.archive.len() + self.durable.live.len()) as u64
    }

    /// All durable events from a leaf on, also archived ones.
    pub fn history(&self, from: u64) -> Vec<StoredEvent> {
        let all = self.durable.archive.iter().chain(&self.durable.live);
        all.skip(usize::try_from(from).unwrap_or(usize::MAX)).cloned().collect()
    }

    /// Durable checkpoints from a number on.
    pub fn checkpoints(&self, from: usize) -> Vec<(u64, String)> {
        self.durable.checkpoints.get(from..).unwrap_or_default().to_vec()
    }

    /// The notes outside the database.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// All claims so far.
    pub fn claims(&self) -> &[Claim] {
        &self.durable.claims
    }

    /// Runs without a seal.
    pub fn open_runs(&self) -> Vec<RunId> {
        let open = self.durable.index.runs.values().filter(|entry| !entry.sealed);
        open.map(|entry| entry.run.clone()).collect()
    }

    /// Takes what was acknowledged since the last time.
    pub fn take_acknowledged(&mut self) -> Vec<(u64, Digest)> {
        std::mem::take(&mut self.acknowledged)
    }

    /// It loses power during the call after `calls` more.
    pub fn dies_after(&mut self, calls: u32) {
        self.dies_after = Some(calls);
    }

    /// From now on it fails no more.
    pub fn calm(&mut self) {
        self.faults = StoreFaults::default();
        self.dies_after = None;
        if !self.available {
            self.start();
        }
    }

    /// It goes on from what is durable.
    pub fn start(&mut self) {
        self.available = true;
        self.dies_after = None;
        self.tip = self.durable.index.clone();
        if self.defect == Some(Defect::CountsFromPages) {
            self.count_from_pages();
        }
        self.trace.say(format!("store starts with {} events", self.size()));
    }

    /// Every call passes here.
    fn call(&mut self) -> Result<(), StoreError> {
        match self.dies_after {
            Some(0) => self.lose_power(),
            Some(calls) => self.dies_after = Some(calls - 1),
            None => {}
        }
        if self.available { Ok(()) } else { Err(StoreError::Database("it is down".to_owned())) }
    }

    /// Moves the oldest events, of runs that have ended, out of the pages.
    pub fn archive(&mut self) {
        let index = &self.durable.index;
        let open = index.runs.values().filter(|entry| !entry.sealed).map(|entry| entry.first_leaf);
        let until = open.min().unwrap_or(index.tree.size());
        let count = until.saturating_sub(self.durable.archive.len() as u64);
        let count = usize::try_from(count).unwrap_or(0).min(self.durable.live.len());
        let moved: Vec<StoredEvent> = self.durable.live.drain(..count).collect();
        self.durable.archive.extend(moved);
        self.trace.say(format!("store archives {count} events"));
    }

    /// The defect: positions from pages instead of from the heads.
    fn count_from_pages(&mut self) {
        let mut tree = Tree::default();
        for event in &self.durable.live {
            tree.push(&event.hash());
        }
        if self.durable.live.len() < self.tip.tree.size() as usize {
            self.tip.tree = tree;
            self.tip.heads.clear();
        }
    }
}

/// One process's way to the store.
#[derive(Clone)]
pub struct SimStore {
    disk: Arc<Mutex<Disk>>,
    tenant: Name,
    key: PublicKey,
    by: String,
}

impl SimStore {
    /// Opens the store for a process.
    pub fn open(disk: &Arc<Mutex<Disk>>, by: &str) -> Self {
        let (tenant, key) = {
            let disk = lock(disk);
            (disk.tenant.clone(), disk.key.public())
        };
        Self { disk: Arc::clone(disk), tenant, key, by: by.to_owned() }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }
}

/// The disk behind its lock.
pub fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    // One thread simulates; nothing that holds the lock panics.
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}
