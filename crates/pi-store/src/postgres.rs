//! The logs of many tenants in one PostgreSQL database. Several servers may use it at once.
//! See `docs/adr/0018-postgresql.md`.

mod read;
mod schema;
mod session;
mod tables;
mod write;

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::epoch::Shards;
use pi_event_fabric::order::{EpochStarts, OrderKey, Priorities};
use pi_event_fabric::semantic::{Semantics, TrustPolicy, has_reserved_key};
use pi_event_fabric::{Bundle, EventDraft, Head, HeaderView, PublicKey, SigningKey};

use crate::append::{self, Append};
use crate::error::StoreError;
use crate::folder::{DataFolder, read_notes};
use crate::keys::{random, signing_key};
use crate::verify::{Verification, VerifyOptions, verify};
use crate::{Appended, EventStore, Fence, RunEntry, StoredEvent, Ticket, evidence, ordered, proof};
use session::{Pool, Session, column, number};

pub use schema::migrate;

/// Appends that may wait for the writer; more wait for a place.
const QUEUE: usize = 1024;

/// Events that are read at once.
const PAGE: usize = 1_000;

/// A transaction that only reads, all of it as of one moment.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database that keeps logs. Its signing key, and the checkpoints beside the database,
/// lie in a data folder; servers that share a database share the key.
pub struct Database {
    folder: DataFolder,
    key: Arc<SigningKey>,
    pool: Arc<Pool>,
}

impl Database {
    /// Connects to a database with at most so many connections at once.
    ///
    /// # Errors
    /// The database cannot be reached, is not safe to use (see [`StoreError::UnsafeDatabase`]),
    /// or is signed by another key than that of the folder.
    pub fn connect(folder: &DataFolder, url: &str, connections: usize) -> Result<Self, StoreError> {
        let key = signing_key(folder)?;
        let pool = Pool::new(url, connections)?;
        let public = key.public().to_string();
        pool.outside(|session| {
            schema::check(session)?;
            let insert = "INSERT INTO pi.signer (one, public_key) VALUES (1, $1)
                          ON CONFLICT (one) DO NOTHING";
            session.execute(insert, &[&public])?;
            let row = session.first("SELECT public_key FROM pi.signer", &[])?;
            let recorded: Option<String> = row.map(|row| column(&row, 0)).transpose()?;
            if recorded.as_deref() == Some(public.as_str()) {
                return Ok(());
            }
            Err(StoreError::Key {
                path: folder.key().display().to_string(),
                problem: "the logs of this database are signed by another key".to_owned(),
            })
        })?;
        Ok(Self { folder: folder.clone(), key: Arc::new(key), pool: Arc::new(pool) })
    }

    /// The log of a tenant, which begins empty.
    ///
    /// # Errors
    /// The database cannot be reached, or the checkpoint file cannot be used.
    pub fn open(&self, tenant: &Name) -> Result<PostgresStore, StoreError> {
        self.pool.with(tenant, |session| {
            let sql = "INSERT INTO pi.head (tenant, size, peaks) VALUES ($1, 0, '')
                       ON CONFLICT (tenant) DO NOTHING";
            session.execute(sql, &[&tenant.as_str()])
        })?;
        let (queue, requests) = sync_channel(QUEUE);
        let (pool, key) = (Arc::clone(&self.pool), Arc::clone(&self.key));
        let writer = write::Writer::new(pool, &self.folder, tenant, key)?;
        let writer = append::spawn("pi-log-writer", move || writer.run(&requests))?;
        Ok(PostgresStore {
            folder: self.folder.clone(),
            tenant: tenant.clone(),
            key: Arc::clone(&self.key),
            pool: Arc::clone(&self.pool),
            queue: Some(queue),
            writer: Some(writer),
        })
    }
}

/// The log of one tenant in a database.
pub struct PostgresStore {
    folder: DataFolder,
    tenant: Name,
    key: Arc<SigningKey>,
    pool: Arc<Pool>,
    queue: Option<SyncSender<Append>>,
    writer: Option<JoinHandle<()>>,
}

impl PostgresStore {
    /// Runs a query that does not mind being run again.
    fn read<T>(
        &self,
        mut query: impl FnMut(&mut Session, &Name) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.pool.with(&self.tenant, |session| query(session, &self.tenant))
    }

    /// Runs work inside a transaction, which holds the lock of the head.
    fn locked<T>(
        &self,
        work: impl FnOnce(&mut Session, &str) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lease = self.pool.lease(&self.tenant, "BEGIN")?;
        let (session, tenant) = (lease.get(), self.tenant.as_str());
        session.query("SELECT 1 FROM pi.head WHERE tenant = $1 FOR UPDATE", &[&tenant])?;
        let done = work(session, tenant)?;
        session.batch("COMMIT")?;
        lease.keep();
        Ok(done)
    }

    /// Runs queries on one snapshot.
    fn snapshot<T>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lease = self.pool.lease(&self.tenant, SNAPSHOT)?;
        let done = work(lease.get())?;
        lease.get().batch("COMMIT")?;
        lease.keep();
        Ok(done)
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
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue.send(Append { drafts, fence, redacts, done }).map_err(|_| StoreError::Closed)?;
        Ok(Ticket::new(result))
    }

    fn bundle(
        &self,
        session: &mut Session,
        run: Option<&RunId>,
        events: Vec<StoredEvent>,
    ) -> Result<Bundle, StoreError> {
        let note = read::checkpoint(session, &self.tenant)?;
        let key = self.public_key();
        proof::bundle(note, &self.tenant, &key, run, events, &mut |height, range| {
            read::level(session, &self.tenant, height, range)
        })
    }

    /// Visits the events of a run, a page at a time.
    fn pages(
        &self,
        entry: &RunEntry,
        mut page: impl FnMut((u64, u64)) -> Result<Vec<StoredEvent>, StoreError>,
        visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut from = entry.first_leaf;
        while from <= entry.last_leaf {
            let events = page((from, entry.last_leaf))?;
            let Some(last) = events.last() else { break };
            from = last.leaf_index + 1;
            // Events of other runs may lie in between.
            for event in events.into_iter().filter(|event| read::belongs(event, &entry.run)) {
                visit(event)?;
            }
        }
        Ok(())
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has dropped its requests, and their
            // submitters know.
            let _ = writer.join();
        }
    }
}

impl EventStore for PostgresStore {
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
        let epoch = self.locked(|session, tenant| {
            if read::run(session, &self.tenant, run)?.is_none() {
                return Err(StoreError::NoRun(run.to_string()));
            }
            let sql = "INSERT INTO pi.claims AS c (tenant, run, epoch) VALUES ($1, $2, 1)
                       ON CONFLICT (tenant, run) DO UPDATE SET epoch = c.epoch + 1
                       RETURNING epoch";
            let row = session.first(sql, &[&tenant, &run.as_str()])?;
            row.map_or(Err(StoreError::Closed), |row| number(&row, 0))
        })?;
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
        self.read(|session, tenant| read::partition(session, tenant, partition, from, limit))
    }

    fn visit_run(
        &self,
        run: &RunId,
        visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let entry = self.run(run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
        let page =
            |leaves| self.read(|session, tenant| read::between(session, tenant, leaves, PAGE));
        self.pages(&entry, page, visit)
    }

    fn tail(&self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|session, tenant| read::tail(session, tenant, limit))
    }

    fn after(&self, leaf_index: Option<u64>, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let from = leaf_index.map_or(0, |leaf| leaf.saturating_add(1));
        self.read(|session, tenant| read::between(session, tenant, (from, u64::MAX), limit))
    }

    fn head(&self, partition: &Name) -> Result<Head, StoreError> {
        self.read(|session, tenant| read::head(session, tenant, partition))
    }

    fn by_correlation(&self, id: &str, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|session, tenant| read::by_correlation(session, tenant, id, limit))
    }

    fn visit_ordered(
        &self,
        partitions: &[Name],
        priorities: &Priorities,
        visit: &mut dyn FnMut(OrderKey, StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.snapshot(|session| {
            let starts = EpochStarts(read::shards(session, &self.tenant)?.starts);
            let mut page = |partition: &Name, from, limit| {
                read::partition(session, &self.tenant, partition, from, limit)
            };
            ordered::visit(&starts, &mut page, partitions, priorities, visit)
        })
    }

    fn shards(&self) -> Result<Shards, StoreError> {
        self.snapshot(|session| read::shards(session, &self.tenant))
    }

    fn runs(&self, before: Option<u64>, limit: usize) -> Result<Vec<RunEntry>, StoreError> {
        self.read(|session, tenant| read::runs(session, tenant, before, limit))
    }

    fn run(&self, run: &RunId) -> Result<Option<RunEntry>, StoreError> {
        self.read(|session, tenant| read::run(session, tenant, run))
    }

    fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.read(read::checkpoint)
    }

    fn prove(&self, partition: &Name, offset: u64) -> Result<Bundle, StoreError> {
        self.snapshot(|session| {
            let events = read::partition(session, &self.tenant, partition, offset, 1)?;
            let first = events.first().and_then(|event| HeaderView::parse(&event.header));
            if first.map(|view| view.offset) != Some(offset) {
                return Err(StoreError::NoEvent { partition: partition.clone(), offset });
            }
            self.bundle(session, None, events)
        })
    }

    fn export(&self, run: &RunId) -> Result<Bundle, StoreError> {
        self.snapshot(|session| {
            let entry = read::run(session, &self.tenant, run)?;
            let entry = entry.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
            let mut events = Vec::new();
            let page = |leaves| read::between(session, &self.tenant, leaves, PAGE);
            self.pages(&entry, page, &mut |event| {
                events.push(event);
                Ok(())
            })?;
            self.bundle(session, Some(run), events)
        })
    }

    fn redact(
        &self,
        partition: &Name,
        offset: u64,
        event: EventDraft,
    ) -> Result<Appended, StoreError> {
        let found = self.partition(partition, offset, 1)?;
        let at = |event: &&StoredEvent| {
            HeaderView::parse(&event.header).is_some_and(|view| view.offset == offset)
        };
        let found = found.first().filter(at);
        let found =
            found.ok_or_else(|| StoreError::NoEvent { partition: partition.clone(), offset })?;
        if append::governs(found) {
            return Err(StoreError::Governing);
        }
        self.append_and_erase(vec![event], None, Some(found.leaf_index))?.wait()
    }

    fn verify(
        &self,
        options: &VerifyOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verification, StoreError> {
        let notes = read_notes(&self.folder.notes(&self.tenant))?;
        let key = self.public_key();
        self.snapshot(|session| {
            let mut snapshot = tables::Snapshot { session, tenant: &self.tenant };
            verify(&mut snapshot, &notes, &self.tenant, &key, options, progress)
        })
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.read(|session, tenant| {
            let sql = "INSERT INTO pi.blobs (tenant, digest, bytes) VALUES ($1, $2, $3)
                       ON CONFLICT (tenant, digest) DO NOTHING";
            session.execute(sql, &[&tenant.as_str(), &digest.as_bytes().as_slice(), &bytes])
        })?;
        Ok(digest)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|session, tenant| read::blob(session, tenant, digest))
    }

    fn seal_blob(&self, run: &RunId, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let fresh: [u8; 32] = random()?;
        self.locked(|session, tenant| {
            let sql = "INSERT INTO pi.run_keys (tenant, run, key) VALUES ($1, $2, $3)
                       ON CONFLICT (tenant, run) DO NOTHING";
            session.execute(sql, &[&tenant, &run.as_str(), &fresh.as_slice()])?;
            let sql = "SELECT key FROM pi.run_keys WHERE tenant = $1 AND run = $2";
            let row = session.first(sql, &[&tenant, &run.as_str()])?;
            let key: Vec<u8> = row.map_or(Ok(Vec::new()), |row| column(&row, 0))?;
            let key: [u8; 32] = key
                .try_into()
                .map_err(|_| StoreError::Damaged("a run key is malformed".to_owned()))?;
            let sealed = evidence::seal(&key, digest, bytes)?;
            let sql = "INSERT INTO pi.sealed_blobs (tenant, run, digest, bytes)
                       VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, run, digest) DO NOTHING";
            let digest = digest.as_bytes().as_slice();
            session.execute(sql, &[&tenant, &run.as_str(), &digest, &sealed])?;
            Ok(())
        })
    }

    fn sealed_blob(&self, run: &RunId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|session, tenant| read::sealed_blob(session, tenant, run, digest))
    }

    fn erase_run_key(&self, run: &RunId) -> Result<(), StoreError> {
        self.locked(|session, tenant| {
            let sql = "DELETE FROM pi.run_keys WHERE tenant = $1 AND run = $2";
            session.execute(sql, &[&tenant, &run.as_str()])?;
            // What is sealed later has another key, under which these are noise.
            let sql = "DELETE FROM pi.sealed_blobs WHERE tenant = $1 AND run = $2";
            session.execute(sql, &[&tenant, &run.as_str()])?;
            Ok(())
        })
    }
}
