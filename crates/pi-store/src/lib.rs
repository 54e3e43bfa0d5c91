//! Storage of the log. [`EventStore`] is what the rest of the platform sees;
//! [`sqlite::SqliteStore`] keeps one file a tenant.
//!
//! A shell crate: files, threads and randomness (salts, keys) live here.

mod append;
pub mod consumer;
mod control;
pub mod error;
pub mod evidence;
pub mod folder;
pub mod follow;
pub mod governance;
pub mod keys;
mod logs;
pub mod memory;
mod ordered;
pub mod postgres;
pub mod projection;
mod proof;
pub mod sqlite;
pub mod verified;
pub mod verify;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::epoch::Shards;
use pi_event_fabric::order::{OrderKey, Priorities};
use pi_event_fabric::semantic::{Semantics, TrustPolicy};
use pi_event_fabric::{Bundle, Checkpoint, EventDraft, Head, PublicKey};

pub use consumer::Consumer;
pub use error::StoreError;
pub use folder::DataFolder;
pub use follow::{Follower, Overflow, Subscription};
pub use logs::Logs;
pub use memory::{Memory, MemoryError, MemoryOptions};
pub use postgres::{Database, PostgresStore};
pub use projection::Projection;
pub use sqlite::SqliteStore;
pub use verify::{Verification, VerifyOptions};

/// The type of the event that records the erasure of another one's payload.
pub const REDACTED: &str = "event.redacted";

/// What an acknowledged append came to. Everything in it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// For each draft in order, its place.
    pub places: Vec<Place>,
    /// Number of events that the commit's checkpoint covers.
    pub checkpoint: u64,
}

/// The place of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Position in the tenant's tree, from 0.
    pub leaf_index: u64,
    /// Position in the partition, from 1.
    pub offset: u64,
    /// The run, known or derived.
    pub run: Option<RunId>,
    /// Hash of the event.
    pub event_hash: Digest,
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Position in the tenant's tree.
    pub leaf_index: u64,
    /// The canonical header.
    pub header: Vec<u8>,
    /// Salt and payload; `None` when redacted.
    pub content: Option<(Vec<u8>, Vec<u8>)>,
}

impl StoredEvent {
    /// Hash of the event.
    pub fn hash(&self) -> Digest {
        Digest::of(&self.header)
    }

    /// Salt and payload as slices.
    pub fn parts(&self) -> Option<(&[u8], &[u8])> {
        self.content.as_ref().map(|(salt, payload)| (salt.as_slice(), payload.as_slice()))
    }
}

/// One run in the list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEntry {
    /// The run.
    pub run: RunId,
    /// Leaf index of its first event.
    pub first_leaf: u64,
    /// Leaf index of its last event so far.
    pub last_leaf: u64,
    /// Its last event is its seal.
    pub sealed: bool,
}

/// The right to append to a run. Ends when the run is claimed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The run.
    pub run: RunId,
    /// How often it had been claimed; 0 for whoever started it.
    pub epoch: u64,
}

/// An append that is under way.
pub struct Ticket(std::sync::mpsc::Receiver<Result<Appended, StoreError>>);

impl Ticket {
    /// A ticket whose answer comes through a channel. When its other end is gone, the
    /// answer is that the store is closed.
    pub fn new(answer: std::sync::mpsc::Receiver<Result<Appended, StoreError>>) -> Self {
        Self(answer)
    }

    /// The answer, if it is there already.
    pub fn poll(&self) -> Option<Result<Appended, StoreError>> {
        use std::sync::mpsc::TryRecvError;
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Err(StoreError::Closed)),
        }
    }

    /// Waits until the append is durable.
    pub fn wait(self) -> Result<Appended, StoreError> {
        self.0.recv().unwrap_or(Err(StoreError::Closed))
    }
}

/// The log of one tenant.
pub trait EventStore: Send + Sync {
    /// The tenant.
    fn tenant(&self) -> &Name;

    /// The key that signs the checkpoints.
    fn public_key(&self) -> PublicKey;

    /// Queues events that are appended together or not at all. Waits when the
    /// queue is full.
    fn submit(&self, drafts: Vec<EventDraft>) -> Result<Ticket, StoreError> {
        self.submit_fenced(drafts, None)
    }

    /// The same behind a fence: they are not appended when somebody else has
    /// claimed the run since, or when an append behind the same fence failed before.
    /// So what is submitted without waiting leaves no gap in its run.
    fn submit_fenced(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
    ) -> Result<Ticket, StoreError>;

    /// Claims an unfinished run: everybody who claimed it before can append
    /// nothing more.
    fn claim(&self, run: &RunId) -> Result<Fence, StoreError>;

    /// Appends and waits until the events are durable.
    fn append(&self, drafts: Vec<EventDraft>) -> Result<Appended, StoreError> {
        self.submit(drafts)?.wait()
    }

    /// Appends a semantic event, when its actor is trusted enough and its parents lie
    /// in this log. Plain appends cannot have its reserved member.
    fn append_semantic(
        &self,
        draft: EventDraft,
        semantics: &Semantics,
        policy: &TrustPolicy,
    ) -> Result<Appended, StoreError>;

    /// Events of a partition in order, from an offset.
    fn partition(
        &self,
        partition: &Name,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Visits the events of a run in order.
    fn visit_run(
        &self,
        run: &RunId,
        visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// The newest events of all partitions, oldest first.
    fn tail(&self, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Events after a leaf index, in order.
    fn after(&self, leaf_index: Option<u64>, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Where a partition ends.
    fn head(&self, partition: &Name) -> Result<Head, StoreError>;

    /// Events with a correlation id, in the order of their commits.
    fn by_correlation(&self, id: &str, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Visits the events of several partitions in their total order: epoch, priority
    /// of the partition, offset, event hash.
    fn visit_ordered(
        &self,
        partitions: &[Name],
        priorities: &Priorities,
        visit: &mut dyn FnMut(OrderKey, StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Sequences of the partitions, which of them stand still, and the epochs.
    fn shards(&self) -> Result<Shards, StoreError>;

    /// Runs, newest first; of those that began before the leaf index `before`, when one
    /// is given.
    fn runs(&self, before: Option<u64>, limit: usize) -> Result<Vec<RunEntry>, StoreError>;

    /// One run.
    fn run(&self, run: &RunId) -> Result<Option<RunEntry>, StoreError>;

    /// The newest checkpoint, as a signed note; `None` for an empty log.
    fn checkpoint(&self) -> Result<Option<String>, StoreError>;

    /// The event at a place, with its inclusion proof for the newest checkpoint.
    fn prove(&self, partition: &Name, offset: u64) -> Result<Bundle, StoreError>;

    /// The evidence of a run.
    fn export(&self, run: &RunId) -> Result<Bundle, StoreError>;

    /// Erases salt and payload of an event; the erasure is an event itself.
    fn redact(
        &self,
        partition: &Name,
        offset: u64,
        event: EventDraft,
    ) -> Result<Appended, StoreError>;

    /// Reads and re-hashes every stored byte.
    fn verify(
        &self,
        options: &VerifyOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verification, StoreError>;

    /// Keeps bytes under their digest.
    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// The bytes with this digest, checked; `None` when they are not kept.
    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps bytes of a run compressed and encrypted under the run's key.
    fn seal_blob(&self, run: &RunId, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError>;

    /// The sealed bytes of a run with this digest; `None` when they were not
    /// kept or the run's key was erased.
    fn sealed_blob(&self, run: &RunId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Erases the key of a run: its sealed bytes can never be read again.
    fn erase_run_key(&self, run: &RunId) -> Result<(), StoreError>;
}

/// The checkpoint in a note of this store.
pub fn read_checkpoint(note: &str, key: &PublicKey) -> Result<Checkpoint, StoreError> {
    Checkpoint::verify(note, key).map_err(StoreError::Integrity)
}
