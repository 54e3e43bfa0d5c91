//! The writer: one thread, group commit, one signed checkpoint a commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::epoch::SequenceError;
use pi_event_fabric::merkle::KEPT_EVERY;
use pi_event_fabric::{Checkpoint, Head, HeaderView, SaltedDraft, SigningKey, Tree, seal};
use rusqlite::{Connection, OptionalExtension as _};
use tracing::debug_span;
use tracing::field::Empty;

use super::control as sequences;
use crate::append::{Answers, Append, Done, MAX_COMMIT_EVENTS, spawn};
use crate::control::{self, Control};
use crate::error::StoreError;
use crate::folder::{DataFolder, NotesFile};
use crate::keys::random;
use crate::{Appended, Fence, Place, evidence};

/// Work on the writer's connection outside the log's tables.
pub(super) type Aside = Box<dyn FnOnce(&Connection) -> Result<(), StoreError> + Send>;

/// What the writer is asked to do.
pub(super) enum Request {
    Append(Append),
    Aside(Aside, Done<()>),
}

/// The head of a partition and its number in the database.
pub(super) struct PartitionHead {
    pub(super) id: i64,
    pub(super) head: Head,
    pub(super) frozen: bool,
}

pub(super) struct Writer {
    connection: Connection,
    tenant: Name,
    key: Arc<SigningKey>,
    notes: NotesFile,
    tree: Tree,
    heads: BTreeMap<Name, PartitionHead>,
    /// First and last leaf of the runs in this commit, and whether it seals them.
    runs: BTreeMap<RunId, (u64, u64, bool)>,
    /// Fences behind which an append failed. What was submitted after it, without
    /// waiting, would leave a gap.
    interrupted: BTreeSet<(RunId, u64)>,
    answers: Sender<Answers>,
    answerer: JoinHandle<()>,
}

impl Writer {
    pub(super) fn new(
        connection: Connection,
        folder: &DataFolder,
        tenant: &Name,
        key: Arc<SigningKey>,
    ) -> Result<Self, StoreError> {
        let notes = NotesFile::open(folder.notes(tenant))?;
        // Waking hundreds of submitters takes as long as their commit does.
        let (answers, committed) = channel::<Answers>();
        let answerer = spawn("pi-log-answerer", move || {
            for (done, answer) in committed.into_iter().flatten() {
                // A submitter that no longer waits does not need the answer.
                let _ = done.send(answer);
            }
        })?;
        Ok(Self {
            connection,
            tenant: tenant.clone(),
            key,
            notes,
            tree: Tree::default(),
            heads: BTreeMap::new(),
            runs: BTreeMap::new(),
            interrupted: BTreeSet::new(),
            answers,
            answerer,
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
                    Request::Append(append) => {
                        events += append.drafts.len();
                        appends.push(append);
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
        drop(self.answers);
        // It ends with its last answer; it has nothing that could panic.
        let _ = self.answerer.join();
    }

    /// One transaction for all; if one fails, all fail.
    fn asides(&mut self, asides: Vec<(Aside, Done<()>)>) {
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
        let span = debug_span!(
            "commit",
            tenant = self.tenant.as_str(),
            appends = appends.len() as u64,
            events = appends.iter().map(|append| append.drafts.len() as u64).sum::<u64>(),
            size = Empty,
            error = Empty,
        )
        .entered();
        let mut replies = Vec::with_capacity(appends.len());
        let erases = appends.iter().any(|append| append.redacts.is_some());
        let fences: Vec<Option<Fence>> = appends.iter().map(|a| a.fence.clone()).collect();
        let result = self.transaction(|writer| {
            writer.reload()?;
            let mut work = Vec::with_capacity(appends.len());
            for Append { drafts, fence, redacts, done } in appends {
                replies.push(done);
                work.push((drafts, fence, redacts));
            }
            let before = writer.tree.size();
            let places = writer.insert(work)?;
            // When all are refused, there is nothing new to sign.
            let note = if writer.tree.size() > before { Some(writer.conclude()?) } else { None };
            Ok((places, note))
        });
        // The note is written after the commit: a crash in between leaves a file
        // that lags behind, which is no sign of a cut tail.
        let result = result.and_then(|(places, note)| {
            if let Some(note) = note {
                self.notes.append(&note)?;
            }
            if erases {
                // Older copies of the erased bytes go with the write-ahead log.
                self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
            }
            Ok(places)
        });
        let answers: Answers = match result {
            Ok(places) => {
                let checkpoint = self.tree.size();
                span.record("size", checkpoint);
                let answer =
                    |places: Result<_, _>| places.map(|places| Appended { places, checkpoint });
                replies.into_iter().zip(places.into_iter().map(answer)).collect()
            }
            Err(error) => {
                span.record("error", error.reason().code());
                replies.into_iter().map(|done| (done, Err(error.clone()))).collect()
            }
        };
        let failed = |at: &usize| answers.get(*at).is_none_or(|(_, answer)| answer.is_err());
        let at = fences.into_iter().enumerate().filter(|(at, _)| failed(at));
        let interrupted = at.filter_map(|(_, fence)| fence.map(|fence| (fence.run, fence.epoch)));
        self.interrupted.extend(interrupted);
        // The answerer lives as long as this writer.
        let _ = self.answers.send(answers);
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

    /// Seals and stores the drafts of each append, and erases what it redacts. A
    /// refused append leaves nothing, and the others are not affected.
    fn insert(
        &mut self,
        appends: Vec<(Vec<SaltedDraft>, Option<Fence>, Option<u64>)>,
    ) -> Result<Vec<Result<Vec<Place>, StoreError>>, StoreError> {
        let mut all = Vec::with_capacity(appends.len());
        for (drafts, fence, redacts) in appends {
            if let Some(fence) = &fence
                && let Err(refusal) = self.check_fence(fence)
            {
                all.push(Err(refusal));
                continue;
            }
            all.push(match self.admit(&drafts)? {
                Ok(control) => {
                    let places = self.store(drafts)?;
                    if let Some(control) = control {
                        sequences::apply(&control, &self.connection, &mut self.heads)?;
                    }
                    if let Some(leaf) = redacts {
                        self.erase(leaf)?;
                    }
                    Ok(places)
                }
                Err(refusal) => {
                    // Appends of the same commit come after it, too.
                    self.interrupted.extend(fence.map(|fence| (fence.run, fence.epoch)));
                    Err(refusal)
                }
            });
        }
        Ok(all)
    }

    fn check_fence(&self, fence: &Fence) -> Result<(), StoreError> {
        if self.interrupted.contains(&(fence.run.clone(), fence.epoch)) {
            return Err(StoreError::Interrupted(fence.run.clone()));
        }
        if holds(&self.connection, fence) {
            return Ok(());
        }
        Err(StoreError::LeaseLost(fence.run.clone()))
    }

    /// Whether an append may go in: no partition of it stands still, and what moves
    /// sequences fits them. The outer error ends the transaction.
    fn admit(
        &mut self,
        drafts: &[SaltedDraft],
    ) -> Result<Result<Option<Control>, StoreError>, StoreError> {
        for salted in drafts {
            let partition = &salted.draft().partition;
            // A refused append must not make a head, so this only looks for one.
            let head = find_head(&self.connection, &mut self.heads, partition)?;
            if head.is_some_and(|head| head.frozen) {
                return Ok(Err(SequenceError::Frozen(partition.to_string()).into()));
            }
        }
        if !drafts.iter().any(control::moves_sequences) {
            return Ok(Ok(None));
        }
        self.write_heads()?;
        let before = sequences::load(&self.connection)?;
        Ok(Control::check(before, drafts, self.tree.size()).map(Some))
    }

    fn store(&mut self, drafts: Vec<SaltedDraft>) -> Result<Vec<Place>, StoreError> {
        let Self { connection, tenant, tree, heads, runs, .. } = self;
        let mut insert_event = connection.prepare_cached(
            "INSERT INTO events (leaf, partition, offset, header) VALUES (?1, ?2, ?3, ?4)",
        )?;
        let mut insert_payload = connection
            .prepare_cached("INSERT INTO payloads (leaf, salt, payload) VALUES (?1, ?2, ?3)")?;
        let mut places = Vec::with_capacity(drafts.len());
        for salted in drafts {
            let seals = salted.draft().event_type == "run.sealed";
            let correlates = salted.draft().correlation_id.is_some();
            let PartitionHead { id, head, .. } =
                load_head(connection, heads, &salted.draft().partition)?;
            let event = seal(salted, tenant, head, tree);
            let leaf = event.leaf_index;
            insert_event.execute((leaf, *id, event.offset, &event.header))?;
            insert_payload.execute((leaf, event.salt.as_slice(), &event.payload))?;
            keep_subtrees(connection, leaf, &event.subtrees)?;
            if correlates {
                correlate(connection, leaf, &event.header)?;
            }
            if let Some(run) = &event.run {
                match runs.get_mut(run) {
                    Some(entry) => *entry = (entry.0, leaf, seals),
                    None => {
                        runs.insert(run.clone(), (leaf, leaf, seals));
                    }
                }
            }
            places.push(Place {
                leaf_index: leaf,
                offset: event.offset,
                run: event.run,
                event_hash: event.event_hash,
            });
        }
        Ok(places)
    }

    fn erase(&self, leaf: u64) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE payloads SET salt = NULL, payload = NULL WHERE leaf = ?1")?
            .execute([leaf])?;
        Ok(())
    }

    fn write_heads(&self) -> Result<(), StoreError> {
        let mut statement = self
            .connection
            .prepare_cached("UPDATE heads SET offset = ?2, event_hash = ?3 WHERE id = ?1")?;
        for PartitionHead { id, head, .. } in self.heads.values() {
            let hash = head.event_hash.map(|hash| hash.as_bytes().to_vec()).unwrap_or_default();
            statement.execute((id, head.offset, hash))?;
        }
        Ok(())
    }

    /// Writes heads, runs and the signed checkpoint.
    fn conclude(&mut self) -> Result<String, StoreError> {
        self.write_heads()?;
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

/// Keeps the roots of the subtrees that `leaf` completes.
pub(super) fn keep_subtrees(
    connection: &Connection,
    leaf: u64,
    roots: &[Digest],
) -> Result<(), StoreError> {
    for (index, root) in (1..).zip(roots) {
        let height = index * KEPT_EVERY;
        connection
            .prepare_cached("INSERT INTO subtrees (height, number, root) VALUES (?1, ?2, ?3)")?
            .execute((height, leaf >> height, root.as_bytes()))?;
    }
    Ok(())
}

/// Whether the run is in this log and nobody has claimed it since. When that cannot be
/// read, somebody may have.
fn holds(connection: &Connection, fence: &Fence) -> bool {
    is_known(connection, &fence.run).unwrap_or(false)
        && epoch(connection, &fence.run).is_ok_and(|epoch| epoch == fence.epoch)
}

fn is_known(connection: &Connection, run: &RunId) -> Result<bool, StoreError> {
    let found = connection
        .prepare_cached("SELECT 1 FROM runs WHERE run = ?1")?
        .query_row([run.as_str()], |_| Ok(()))
        .optional()?;
    Ok(found.is_some())
}

fn epoch(connection: &Connection, run: &RunId) -> Result<u64, StoreError> {
    let found = connection
        .prepare_cached("SELECT epoch FROM claims WHERE run = ?1")?
        .query_row([run.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

/// Claims a run for whoever asks, when it is in this log.
pub(super) fn claim(connection: &Connection, run: &RunId) -> Result<u64, StoreError> {
    if !is_known(connection, run)? {
        return Err(StoreError::NoRun(run.to_string()));
    }
    let epoch = epoch(connection, run)? + 1;
    connection
        .prepare_cached("INSERT OR REPLACE INTO claims (run, epoch) VALUES (?1, ?2)")?
        .execute((run.as_str(), epoch))?;
    Ok(epoch)
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

/// Enters an event's correlation id, as its header spells it.
fn correlate(connection: &Connection, leaf: u64, header: &[u8]) -> Result<(), StoreError> {
    let id = HeaderView::parse(header).and_then(|view| view.correlation_id);
    connection
        .prepare_cached("INSERT INTO correlations (correlation, leaf) VALUES (?1, ?2)")?
        .execute((id, leaf))?;
    Ok(())
}

/// The head of a partition, read when it is not yet known; `None` when it has none.
fn find_head<'a>(
    connection: &Connection,
    heads: &'a mut BTreeMap<Name, PartitionHead>,
    partition: &Name,
) -> Result<Option<&'a mut PartitionHead>, StoreError> {
    if !heads.contains_key(partition) {
        let found: Option<(i64, u64, Vec<u8>, bool)> = connection
            .prepare_cached(
                "SELECT id, offset, event_hash, frozen FROM heads WHERE partition = ?1",
            )?
            .query_row([partition.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()?;
        if let Some((id, offset, hash, frozen)) = found {
            let head = Head { offset, event_hash: digest(&hash) };
            heads.insert(partition.clone(), PartitionHead { id, head, frozen });
        }
    }
    Ok(heads.get_mut(partition))
}

/// The head of a partition, made when it has none.
fn load_head<'a>(
    connection: &Connection,
    heads: &'a mut BTreeMap<Name, PartitionHead>,
    partition: &Name,
) -> Result<&'a mut PartitionHead, StoreError> {
    if find_head(connection, heads, partition)?.is_none() {
        connection.execute(
            "INSERT INTO heads (partition, offset, event_hash) VALUES (?1, 0, x'')",
            [partition.as_str()],
        )?;
        let id = connection.last_insert_rowid();
        let head = PartitionHead { id, head: Head::default(), frozen: false };
        heads.insert(partition.clone(), head);
    }
    heads.get_mut(partition).ok_or(StoreError::Closed)
}

pub(super) fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest::from_bytes)
}
