//! The writer: one thread, group commit, one signed checkpoint a commit.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::event::SALT_BYTES;
use pi_event_fabric::{Checkpoint, EventDraft, Head, SealedEvent, SigningKey, Tree, seal};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::folder::{DataFolder, NotesFile};
use crate::keys::random;
use crate::{Appended, Place, evidence};

/// Events that one commit takes at most.
const MAX_COMMIT_EVENTS: usize = 4096;

/// Work on the writer's connection outside the log's tables.
pub(super) type Aside = Box<dyn FnOnce(&Connection) -> Result<(), StoreError> + Send>;

/// What the writer is asked to do.
pub(super) enum Request {
    Append {
        drafts: Vec<EventDraft>,
        /// Leaf index of the payload that is erased with it.
        redacts: Option<u64>,
        done: Sender<Result<Appended, StoreError>>,
    },
    Aside(Aside, Sender<Result<(), StoreError>>),
}

struct Append {
    drafts: Vec<EventDraft>,
    redacts: Option<u64>,
    done: Sender<Result<Appended, StoreError>>,
}

pub(super) struct Writer {
    connection: Connection,
    tenant: Name,
    key: Arc<SigningKey>,
    notes: NotesFile,
    tree: Tree,
    heads: BTreeMap<Name, (i64, Head)>,
    /// First and last leaf of the runs in this commit, and whether it seals them.
    runs: BTreeMap<RunId, (u64, u64, bool)>,
    salts: Salts,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        folder: &DataFolder,
        tenant: &Name,
        key: Arc<SigningKey>,
    ) -> Result<Self, StoreError> {
        let notes = NotesFile::open(folder.notes(tenant))?;
        Ok(Self {
            connection,
            tenant: tenant.clone(),
            key,
            notes,
            tree: Tree::default(),
            heads: BTreeMap::new(),
            runs: BTreeMap::new(),
            salts: Salts::default(),
        })
    }

    /// Serves requests until all senders are gone.
    pub(super) fn run(mut self, requests: &Receiver<Request>) {
        while let Ok(first) = requests.recv() {
            let mut appends = Vec::new();
            let mut asides = Vec::new();
            let mut events = 0;
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    Request::Append { drafts, redacts, done } => {
                        events += drafts.len();
                        appends.push(Append { drafts, redacts, done });
                    }
                    Request::Aside(work, done) => asides.push((work, done)),
                }
                if events < MAX_COMMIT_EVENTS && asides.len() < 256 {
                    next = requests.try_recv().ok();
                }
            }
            if !asides.is_empty() {
                self.asides(asides);
            }
            if !appends.is_empty() {
                self.appends(appends);
            }
        }
    }

    /// One transaction for all; if one fails, all fail.
    fn asides(&mut self, asides: Vec<(Aside, Sender<Result<(), StoreError>>)>) {
        let mut replies = Vec::with_capacity(asides.len());
        let result = self.transaction(|writer| {
            for (work, done) in asides {
                replies.push(done);
                work(&writer.connection)?;
            }
            Ok(())
        });
        for done in replies {
            // A submitter that no longer waits does not need the answer.
            let _ = done.send(result.clone());
        }
    }

    fn appends(&mut self, appends: Vec<Append>) {
        let mut replies = Vec::with_capacity(appends.len());
        let erases = appends.iter().any(|append| append.redacts.is_some());
        let result = self.transaction(|writer| {
            writer.reload()?;
            let mut places = Vec::with_capacity(appends.len());
            for append in appends {
                replies.push(append.done);
                places.push(writer.insert(append.drafts)?);
                if let Some(leaf) = append.redacts {
                    writer
                        .connection
                        .prepare_cached(
                            "UPDATE payloads SET salt = NULL, payload = NULL WHERE leaf = ?1",
                        )?
                        .execute([leaf])?;
                }
            }
            Ok((places, writer.conclude()?))
        });
        // The note is written after the commit: a crash in between leaves a file
        // that lags behind, which is no sign of a cut tail.
        let result = result.and_then(|(places, note)| {
            self.notes.append(&note)?;
            if erases {
                // Older copies of the erased bytes go with the write-ahead log.
                self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            }
            Ok(places)
        });
        match result {
            Ok(places) => {
                let checkpoint = self.tree.size();
                for (done, places) in replies.into_iter().zip(places) {
                    let _ = done.send(Ok(Appended { places, checkpoint }));
                }
            }
            Err(error) => {
                for done in replies {
                    let _ = done.send(Err(error.clone()));
                }
            }
        }
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let result = work(self).and_then(|value| {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(value)
        });
        if result.is_err() {
            // What was counted in memory did not happen.
            self.forget();
            if !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK")?;
            }
        }
        result
    }

    fn forget(&mut self) {
        self.tree = Tree::default();
        self.heads.clear();
        self.runs.clear();
    }

    /// Reads tree and heads again when another process has moved them.
    fn reload(&mut self) -> Result<(), StoreError> {
        let (size, peaks): (u64, Vec<u8>) = self
            .connection
            .prepare_cached("SELECT size, peaks FROM head")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if size == self.tree.size() && size > 0 {
            return Ok(());
        }
        let peaks: Vec<Digest> = peaks.chunks(32).filter_map(digest).collect();
        self.tree = Tree::from_peaks(size, peaks)
            .ok_or_else(|| StoreError::Damaged("the head of the tree is malformed".to_owned()))?;
        self.heads.clear();
        Ok(())
    }

    fn head(&mut self, partition: &Name) -> Result<(i64, Head), StoreError> {
        if let Some(head) = self.heads.get(partition) {
            return Ok(head.clone());
        }
        let found: Option<(i64, u64, Vec<u8>)> = self
            .connection
            .prepare_cached("SELECT id, offset, event_hash FROM heads WHERE partition = ?1")?
            .query_row([partition.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let head = match found {
            Some((id, offset, hash)) => (id, Head { offset, event_hash: digest(&hash) }),
            None => {
                self.connection.execute(
                    "INSERT INTO heads (partition, offset, event_hash) VALUES (?1, 0, x'')",
                    [partition.as_str()],
                )?;
                (self.connection.last_insert_rowid(), Head::default())
            }
        };
        self.heads.insert(partition.clone(), head.clone());
        Ok(head)
    }

    fn insert(&mut self, drafts: Vec<EventDraft>) -> Result<Vec<Place>, StoreError> {
        let mut places = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let partition = draft.partition.clone();
            let seals = draft.event_type == "run.sealed";
            let (id, mut head) = self.head(&partition)?;
            let salt = self.salts.next()?;
            let event = seal(draft, &self.tenant, salt, &mut head, &mut self.tree);
            self.store(id, &event)?;
            if let Some(run) = &event.run {
                let leaf = event.leaf_index;
                let entry = self.runs.entry(run.clone()).or_insert((leaf, leaf, seals));
                *entry = (entry.0, leaf, seals);
            }
            self.heads.insert(partition, (id, head));
            places.push(Place {
                leaf_index: event.leaf_index,
                offset: event.offset,
                run: event.run,
                event_hash: event.event_hash,
            });
        }
        Ok(places)
    }

    fn store(&self, partition: i64, event: &SealedEvent) -> Result<(), StoreError> {
        let SealedEvent { leaf_index, offset, run: _, header, salt, payload, event_hash: _ } =
            event;
        self.connection
            .prepare_cached(
                "INSERT INTO events (leaf, partition, offset, header) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((leaf_index, partition, offset, header))?;
        self.connection
            .prepare_cached("INSERT INTO payloads (leaf, salt, payload) VALUES (?1, ?2, ?3)")?
            .execute((leaf_index, salt.as_slice(), payload))?;
        Ok(())
    }

    /// Writes heads, runs and the signed checkpoint.
    fn conclude(&mut self) -> Result<String, StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE heads SET offset = ?2, event_hash = ?3 WHERE id = ?1")?;
        for (id, head) in self.heads.values() {
            let hash = head.event_hash.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default();
            statement.execute((id, head.offset, hash))?;
        }
        for (run, (first, last, sealed)) in std::mem::take(&mut self.runs) {
            self.connection
                .prepare_cached(
                    "INSERT INTO runs (run, first_leaf, last_leaf, sealed) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (run) DO UPDATE SET last_leaf = ?3, sealed = ?4",
                )?
                .execute((run.as_str(), first, last, sealed))?;
        }
        let peaks: Vec<u8> = self.tree.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect();
        self.connection
            .prepare_cached("UPDATE head SET size = ?1, peaks = ?2")?
            .execute((self.tree.size(), peaks))?;
        let checkpoint = Checkpoint {
            tenant: self.tenant.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
        };
        let note = checkpoint.sign(&self.key);
        self.connection
            .prepare_cached("INSERT INTO checkpoints (size, note) VALUES (?1, ?2)")?
            .execute((checkpoint.size, &note))?;
        Ok(note)
    }
}

/// Keeps sealed bytes of a run, under a key that is made with the first.
pub(super) fn seal_blob(
    connection: &Connection,
    run: &RunId,
    digest: &Digest,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let fresh: [u8; 32] = random()?;
    connection
        .prepare_cached("INSERT OR IGNORE INTO run_keys (run, key) VALUES (?1, ?2)")?
        .execute((run.as_str(), fresh.as_slice()))?;
    let key: Vec<u8> = connection
        .prepare_cached("SELECT key FROM run_keys WHERE run = ?1")?
        .query_row([run.as_str()], |row| row.get(0))?;
    let key: [u8; 32] =
        key.try_into().map_err(|_| StoreError::Damaged("a run key is malformed".to_owned()))?;
    let sealed = evidence::seal(&key, digest, bytes)?;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO sealed_blobs (run, digest, bytes) VALUES (?1, ?2, ?3)",
        )?
        .execute((run.as_str(), digest.as_bytes().as_slice(), sealed))?;
    Ok(())
}

fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest::from_bytes)
}

/// Salts from the system's random source, a pageful at a time.
#[derive(Default)]
struct Salts {
    ready: Vec<[u8; SALT_BYTES]>,
}

impl Salts {
    fn next(&mut self) -> Result<[u8; SALT_BYTES], StoreError> {
        if let Some(salt) = self.ready.pop() {
            return Ok(salt);
        }
        let bytes: [u8; 4096] = random()?;
        self.ready =
            bytes.chunks_exact(SALT_BYTES).filter_map(|salt| salt.try_into().ok()).collect();
        self.ready.pop().ok_or(StoreError::Closed)
    }
}
