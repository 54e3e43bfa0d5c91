//! The log in one SQLite file a tenant.

mod control;
mod read;
mod schema;
mod tables;
mod write;

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::epoch::Shards;
use pi_event_fabric::order::{EpochStarts, OrderKey, Priorities};
use pi_event_fabric::semantic::{Semantics, TrustPolicy, has_reserved_key};
use pi_event_fabric::{Bundle, EventDraft, Head, PublicKey, SigningKey};
use rusqlite::Connection;

use crate::append::{self, Append};
use crate::error::StoreError;
use crate::folder::{DataFolder, read_notes};
use crate::keys::signing_key;
use crate::verify::{Verification, VerifyOptions, verify};
use crate::{Appended, EventStore, Fence, RunEntry, StoredEvent, Ticket, ordered};

pub(crate) use read::{after, partition};
pub(crate) use schema::{open_reader, open_writer, use_write_ahead_log};

/// Appends that may wait for the writer; more wait for a place.
const QUEUE: usize = 1024;

/// Idle reading connections that are kept.
const READERS: usize = 4;

/// The log of one tenant in a data folder. Several stores, in this process or in
/// others, may be open on the same folder.
pub struct SqliteStore {
    folder: DataFolder,
    tenant: Name,
    key: Arc<SigningKey>,
    readers: Mutex<Vec<Connection>>,
    queue: Option<SyncSender<write::Request>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the log of a tenant and creates it if there is none.
    pub fn open(folder: &DataFolder, tenant: &Name) -> Result<Self, StoreError> {
        let key = Arc::new(signing_key(folder)?);
        let connection = open_writer(&folder.database(tenant))?;
        let (queue, requests) = sync_channel(QUEUE);
        let writer = write::Writer::new(connection, folder, tenant, Arc::clone(&key))?;
        let writer = append::spawn("pi-log-writer", move || writer.run(&requests))?;
        Ok(Self {
            folder: folder.clone(),
            tenant: tenant.clone(),
            key,
            readers: Mutex::new(Vec::new()),
            queue: Some(queue),
            writer: Some(writer),
        })
    }

    /// The folder that the log lies in.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// The key of the folder.
    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Runs a query on a reading connection.
    fn read<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.folder.database(&self.tenant))?,
        };
        let result = query(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    fn request(&self, request: write::Request) -> Result<(), StoreError> {
        match &self.queue {
            Some(queue) => queue.send(request).map_err(|_| StoreError::Closed),
            None => Err(StoreError::Closed),
        }
    }

    /// Appends drafts and erases the payload at a leaf with them.
    fn append_and_erase(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
        redacts: Option<u64>,
    ) -> Result<Ticket, StoreError> {
        let drafts = append::salted(drafts)?;
        let (done, result) = sync_channel(1);
        self.request(write::Request::Append(Append { drafts, fence, redacts, done }))?;
        Ok(Ticket::new(result))
    }

    /// Runs a statement on the writer's connection, outside the log's tables.
    fn aside(&self, work: write::Aside) -> Result<(), StoreError> {
        let (done, result) = sync_channel(1);
        self.request(write::Request::Aside(work, done))?;
        result.recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // The writer's connection is closed last: it alone can fold the
        // write-ahead log into the database.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has dropped its requests, and their
            // submitters know.
            let _ = writer.join();
        }
    }
}

impl EventStore for SqliteStore {
    fn tenant(&self) -> &Name {
        &self.tenant
    }

    fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    fn submit_fenced(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
    ) -> Result<Ticket, StoreError> {
        if drafts.iter().any(|draft| has_reserved_key(&draft.payload)) {
            return Err(StoreError::ReservedKey);
        }
        self.append_and_erase(drafts, fence, None)
    }

    fn claim(&self, run: &RunId) -> Result<Fence, StoreError> {
        let (tell, told) = sync_channel(1);
        let claimed = run.clone();
        self.aside(Box::new(move |connection| {
            // The receiver lives until the transaction has ended.
            let _ = tell.send(write::claim(connection, &claimed)?);
            Ok(())
        }))?;
        let epoch = told.recv().map_err(|_| StoreError::Closed)?;
        Ok(Fence { run: run.clone(), epoch })
    }

    fn append_semantic(
        &self,
        draft: EventDraft,
        semantics: &Semantics,
        policy: &TrustPolicy,
    ) -> Result<Appended, StoreError> {
        let draft = append::with_semantics(self, draft, semantics, policy)?;
        self.append_and_erase(vec![draft], None, None)?.wait()
    }

    fn partition(
        &self,
        partition: &Name,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|connection| read::partition(connection, partition, from, limit))
    }

    fn visit_run(
        &self,
        run: &RunId,
        visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|connection| read::visit_run(connection, run, visit))
    }

    fn tail(&self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|connection| read::tail(connection, limit))
    }

    fn after(&self, leaf_index: Option<u64>, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|connection| read::after(connection, leaf_index, limit))
    }

    fn head(&self, partition: &Name) -> Result<Head, StoreError> {
        self.read(|connection| read::head(connection, partition))
    }

    fn by_correlation(&self, id: &str, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|connection| read::by_correlation(connection, id, limit))
    }

    fn visit_ordered(
        &self,
        partitions: &[Name],
        priorities: &Priorities,
        visit: &mut dyn FnMut(OrderKey, StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.read(|connection| {
            // One snapshot for all partitions.
            let snapshot = connection.unchecked_transaction()?;
            let starts = EpochStarts(control::load(&snapshot)?.starts);
            let mut page =
                |partition: &Name, from, limit| read::partition(&snapshot, partition, from, limit);
            ordered::visit(&starts, &mut page, partitions, priorities, visit)
        })
    }

    fn shards(&self) -> Result<Shards, StoreError> {
        self.read(control::load)
    }

    fn runs(&self, before: Option<u64>, limit: usize) -> Result<Vec<RunEntry>, StoreError> {
        self.read(|connection| read::runs(connection, before, limit))
    }

    fn run(&self, run: &RunId) -> Result<Option<RunEntry>, StoreError> {
        self.read(|connection| read::run(connection, run))
    }

    fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.read(read::checkpoint)
    }

    fn prove(&self, partition: &Name, offset: u64) -> Result<Bundle, StoreError> {
        let key = self.public_key();
        self.read(|connection| read::prove(connection, &self.tenant, &key, partition, offset))
    }

    fn export(&self, run: &RunId) -> Result<Bundle, StoreError> {
        let key = self.public_key();
        self.read(|connection| read::export(connection, &self.tenant, &key, run))
    }

    fn redact(
        &self,
        partition: &Name,
        offset: u64,
        event: EventDraft,
    ) -> Result<Appended, StoreError> {
        let leaf = self.read(|connection| read::leaf_at(connection, partition, offset))?;
        let found = self.partition(partition, offset, 1)?;
        if found.first().is_some_and(append::governs) {
            return Err(StoreError::Governing);
        }
        self.append_and_erase(vec![event], None, Some(leaf))?.wait()
    }

    fn verify(
        &self,
        options: &VerifyOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verification, StoreError> {
        let notes = read_notes(&self.folder.notes(&self.tenant))?;
        let connection = open_reader(&self.folder.database(&self.tenant))?;
        connection.execute_batch("BEGIN")?;
        let mut snapshot = tables::Snapshot(&connection);
        verify(&mut snapshot, &notes, &self.tenant, &self.public_key(), options, progress)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let owned = bytes.to_vec();
        self.aside(Box::new(move |connection| {
            connection
                .prepare_cached("INSERT OR IGNORE INTO blobs (digest, bytes) VALUES (?1, ?2)")?
                .execute((digest.as_bytes(), &owned))?;
            Ok(())
        }))?;
        Ok(digest)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| read::blob(connection, digest))
    }

    fn seal_blob(&self, run: &RunId, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let (run, digest, bytes) = (run.clone(), *digest, bytes.to_vec());
        self.aside(Box::new(move |connection| write::seal_blob(connection, &run, &digest, &bytes)))
    }

    fn sealed_blob(&self, run: &RunId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| read::sealed_blob(connection, run, digest))
    }

    fn erase_run_key(&self, run: &RunId) -> Result<(), StoreError> {
        let run = run.clone();
        self.aside(Box::new(move |connection| {
            connection.execute("DELETE FROM run_keys WHERE run = ?1", [run.as_str()])?;
            // What is sealed later has another key, under which these are noise.
            connection.execute("DELETE FROM sealed_blobs WHERE run = ?1", [run.as_str()])?;
            Ok(())
        }))
    }
}
