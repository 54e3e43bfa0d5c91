//! The writer of one tenant: one thread, group commit, one signed checkpoint a commit.
//! Every commit holds the lock of the tenant's head, so that writers in several processes
//! make one chain and one tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::merkle::KEPT_EVERY;
use pi_event_fabric::{Checkpoint, Head, HeaderView, SaltedDraft, SigningKey, Tree, seal};
use tracing::debug_span;
use tracing::field::Empty;

use super::read;
use super::session::{Pool, Session, column, long, number};
use crate::append::{Answers, Append, MAX_COMMIT_EVENTS, spawn};
use crate::control::{Control, moves_sequences};
use crate::error::StoreError;
use crate::folder::{DataFolder, NotesFile};
use crate::{Appended, Fence, Place};

/// Pauses between attempts to begin, or to learn what became of a commit: the time that a
/// server takes to start again.
const PAUSES_MS: [u64; 7] = [50, 100, 200, 500, 1_000, 2_000, 4_000];

/// The head of a partition and its number in the database.
struct PartitionHead {
    id: i64,
    head: Head,
    frozen: bool,
}

pub(super) struct Writer {
    pool: Arc<Pool>,
    tenant: Name,
    key: Arc<SigningKey>,
    notes: NotesFile,
    tree: Tree,
    heads: BTreeMap<Name, PartitionHead>,
    /// Fences behind which an append failed. What was submitted after it, without
    /// waiting, would leave a gap.
    interrupted: BTreeSet<(RunId, u64)>,
    answers: Sender<Answers>,
    answerer: JoinHandle<()>,
}

/// What a commit writes.
#[derive(Default)]
struct Rows {
    leaves: Vec<i64>,
    partitions: Vec<i64>,
    offsets: Vec<i64>,
    headers: Vec<Vec<u8>>,
    salts: Vec<Vec<u8>>,
    payloads: Vec<Vec<u8>>,
    /// First and last leaf of the runs, and whether it seals them.
    runs: BTreeMap<RunId, (u64, u64, bool)>,
    correlations: (Vec<String>, Vec<i64>),
    subtrees: (Vec<i32>, Vec<i64>, Vec<Vec<u8>>),
    erased: Vec<i64>,
}

/// One append, and the places that it got.
type Answer = Result<Vec<Place>, StoreError>;

impl Writer {
    pub(super) fn new(
        pool: Arc<Pool>,
        folder: &DataFolder,
        tenant: &Name,
        key: Arc<SigningKey>,
    ) -> Result<Self, StoreError> {
        let notes = NotesFile::open(folder.notes(tenant))?;
        let (answers, committed) = channel::<Answers>();
        let answerer = spawn("pi-log-answerer", move || {
            for (done, answer) in committed.into_iter().flatten() {
                // A submitter that no longer waits does not need the answer.
                let _ = done.send(answer);
            }
        })?;
        Ok(Self {
            pool,
            tenant: tenant.clone(),
            key,
            notes,
            tree: Tree::default(),
            heads: BTreeMap::new(),
            interrupted: BTreeSet::new(),
            answers,
            answerer,
        })
    }

    /// Serves appends until all senders are gone.
    pub(super) fn run(mut self, requests: &Receiver<Append>) {
        while let Ok(first) = requests.recv() {
            let mut appends = Vec::new();
            let mut events = 0;
            let mut next = Some(first);
            while let Some(append) = next.take() {
                events += append.drafts.len();
                appends.push(append);
                if events < MAX_COMMIT_EVENTS {
                    next = requests.try_recv().ok();
                }
            }
            self.appends(appends);
        }
        drop(self.answers);
        // It ends with its last answer; it has nothing that could panic.
        let _ = self.answerer.join();
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
        let mut fences = Vec::with_capacity(appends.len());
        let mut work = Vec::with_capacity(appends.len());
        for Append { drafts, fence, redacts, done } in appends {
            replies.push(done);
            fences.push(fence.clone());
            work.push((drafts, fence, redacts));
        }
        let answers: Answers = match self.commit(work) {
            Ok(places) => {
                let checkpoint = self.tree.size();
                span.record("size", checkpoint);
                let answer = |places: Answer| places.map(|places| Appended { places, checkpoint });
                replies.into_iter().zip(places.into_iter().map(answer)).collect()
            }
            Err(error) => {
                // What was counted in memory may not have happened.
                self.forget();
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

    fn forget(&mut self) {
        self.tree = Tree::default();
        self.heads.clear();
    }

    /// One transaction for all; if the database fails, all fail.
    fn commit(
        &mut self,
        work: Vec<(Vec<SaltedDraft>, Option<Fence>, Option<u64>)>,
    ) -> Result<Vec<Answer>, StoreError> {
        let pool = Arc::clone(&self.pool);
        let tenant = self.tenant.clone();
        let mut session = begin(&pool, &tenant)?;
        let before = self.reload(session.get())?;
        let mut rows = Rows::default();
        let mut answers = Vec::with_capacity(work.len());
        for (drafts, fence, redacts) in work {
            answers.push(self.one(session.get(), drafts, fence, redacts, &mut rows)?);
        }
        if self.tree.size() == before {
            session.get().batch("ROLLBACK")?;
            session.keep();
            return Ok(answers);
        }
        let note = self.conclude(session.get(), &rows)?;
        if let Err(error) = session.get().batch("COMMIT") {
            let lost = session.get().lost;
            drop(session);
            if !lost || !happened(&pool, &tenant, &rows)? {
                return Err(error);
            }
        } else {
            session.keep();
        }
        // The note is written after the commit: a crash in between leaves a file
        // that lags behind, which is no sign of a cut tail.
        self.notes.append(&note)?;
        Ok(answers)
    }

    /// Reads tree and heads again when another process has moved them, and takes the lock.
    fn reload(&mut self, session: &mut Session) -> Result<u64, StoreError> {
        let sql = "SELECT size, peaks FROM pi.head WHERE tenant = $1 FOR UPDATE";
        let row = session.first(sql, &[&self.tenant.as_str()])?;
        let row = row.ok_or_else(|| StoreError::Damaged("the head is missing".to_owned()))?;
        let size = number(&row, 0)?;
        if size != self.tree.size() || size == 0 {
            let peaks: &[u8] = column(&row, 1)?;
            let peaks: Vec<Digest> = peaks.chunks(32).filter_map(read::digest).collect();
            self.tree = Tree::from_peaks(size, peaks).ok_or_else(|| {
                StoreError::Damaged("the head of the tree is malformed".to_owned())
            })?;
            self.heads.clear();
        }
        Ok(size)
    }

    /// Seals the drafts of one append. The inner error refuses it: it leaves nothing, and
    /// the others are not affected. The outer one ends the transaction.
    fn one(
        &mut self,
        session: &mut Session,
        drafts: Vec<SaltedDraft>,
        fence: Option<Fence>,
        redacts: Option<u64>,
        rows: &mut Rows,
    ) -> Result<Answer, StoreError> {
        if let Some(fence) = &fence {
            if self.interrupted.contains(&(fence.run.clone(), fence.epoch)) {
                return Ok(Err(StoreError::Interrupted(fence.run.clone())));
            }
            if !holds(session, &self.tenant, fence, rows)? {
                return Ok(Err(StoreError::LeaseLost(fence.run.clone())));
            }
        }
        let control = match self.admit(session, &drafts)? {
            Ok(control) => control,
            Err(refusal) => {
                // Appends of the same commit come after it, too.
                self.interrupted.extend(fence.map(|fence| (fence.run, fence.epoch)));
                return Ok(Err(refusal));
            }
        };
        let mut places = Vec::with_capacity(drafts.len());
        for salted in drafts {
            places.push(self.seal(session, salted, rows)?);
        }
        if let Some(control) = control {
            self.apply(session, &control)?;
        }
        rows.erased.extend(redacts.map(long));
        Ok(Ok(places))
    }

    /// Whether an append may go in: no partition of it stands still, and what moves
    /// sequences fits them.
    fn admit(
        &mut self,
        session: &mut Session,
        drafts: &[SaltedDraft],
    ) -> Result<Result<Option<Control>, StoreError>, StoreError> {
        use pi_event_fabric::epoch::SequenceError;
        for salted in drafts {
            let partition = &salted.draft().partition;
            // A refused append must not make a head, so this only looks for one.
            if self.find_head(session, partition)?.is_some_and(|head| head.frozen) {
                return Ok(Err(SequenceError::Frozen(partition.to_string()).into()));
            }
        }
        if !drafts.iter().any(moves_sequences) {
            return Ok(Ok(None));
        }
        self.write_heads(session)?;
        let before = read::shards(session, &self.tenant)?;
        Ok(Control::check(before, drafts, self.tree.size()).map(Some))
    }

    /// Writes what an append changes in the sequences.
    fn apply(&mut self, session: &mut Session, control: &Control) -> Result<(), StoreError> {
        for (shard, frozen) in control.frozen() {
            let sql = "UPDATE pi.heads SET frozen = $3 WHERE tenant = $1 AND \"partition\" = $2";
            session.execute(sql, &[&self.tenant.as_str(), &shard, &frozen])?;
            let cached = Name::new(shard).ok();
            if let Some(head) = cached.and_then(|name| self.heads.get_mut(&name)) {
                head.frozen = frozen;
            }
        }
        for (epoch, leaf) in control.epochs() {
            let sql = "INSERT INTO pi.epochs (tenant, epoch, leaf) VALUES ($1, $2, $3)";
            session.execute(sql, &[&self.tenant.as_str(), &long(epoch), &long(leaf)])?;
        }
        Ok(())
    }

    fn seal(
        &mut self,
        session: &mut Session,
        salted: SaltedDraft,
        rows: &mut Rows,
    ) -> Result<Place, StoreError> {
        let seals = salted.draft().event_type == "run.sealed";
        let correlates = salted.draft().correlation_id.is_some();
        let partition = salted.draft().partition.clone();
        if self.find_head(session, &partition)?.is_none() {
            self.new_head(session, &partition)?;
        }
        let Self { tenant, tree, heads, .. } = self;
        let PartitionHead { id, head, .. } = heads.get_mut(&partition).ok_or(StoreError::Closed)?;
        let event = seal(salted, tenant, head, tree);
        let leaf = event.leaf_index;
        rows.leaves.push(long(leaf));
        rows.partitions.push(*id);
        rows.offsets.push(long(event.offset));
        for (index, root) in (1..).zip(&event.subtrees) {
            let height: u32 = index * KEPT_EVERY;
            rows.subtrees.0.push(i32::try_from(height).unwrap_or(i32::MAX));
            rows.subtrees.1.push(long(leaf >> height));
            rows.subtrees.2.push(root.as_bytes().to_vec());
        }
        if correlates {
            let id = HeaderView::parse(&event.header).and_then(|view| view.correlation_id);
            rows.correlations.0.push(id.unwrap_or_default().to_owned());
            rows.correlations.1.push(long(leaf));
        }
        if let Some(run) = &event.run {
            let entry = rows.runs.entry(run.clone()).or_insert((leaf, leaf, seals));
            *entry = (entry.0, leaf, seals);
        }
        rows.headers.push(event.header);
        rows.salts.push(event.salt.to_vec());
        rows.payloads.push(event.payload);
        Ok(Place {
            leaf_index: leaf,
            offset: event.offset,
            run: event.run,
            event_hash: event.event_hash,
        })
    }

    /// The head of a partition, read when it is not yet known; `None` when it has none.
    fn find_head(
        &mut self,
        session: &mut Session,
        partition: &Name,
    ) -> Result<Option<&PartitionHead>, StoreError> {
        if !self.heads.contains_key(partition) {
            let sql = "SELECT id, \"offset\", event_hash, frozen FROM pi.heads
                       WHERE tenant = $1 AND \"partition\" = $2";
            let row = session.first(sql, &[&self.tenant.as_str(), &partition.as_str()])?;
            if let Some(row) = row {
                let event_hash = read::digest(column(&row, 2)?);
                let head = Head { offset: number(&row, 1)?, event_hash };
                let head = PartitionHead { id: column(&row, 0)?, head, frozen: column(&row, 3)? };
                self.heads.insert(partition.clone(), head);
            }
        }
        Ok(self.heads.get(partition))
    }

    fn new_head(&mut self, session: &mut Session, partition: &Name) -> Result<(), StoreError> {
        let sql = "INSERT INTO pi.heads (tenant, id, \"partition\", \"offset\", event_hash)
                   SELECT $1, COALESCE(MAX(id), 0) + 1, $2, 0, '' FROM pi.heads WHERE tenant = $1
                   RETURNING id";
        let row = session.first(sql, &[&self.tenant.as_str(), &partition.as_str()])?;
        let row = row.ok_or_else(|| StoreError::Database("no new partition".to_owned()))?;
        let head = PartitionHead { id: column(&row, 0)?, head: Head::default(), frozen: false };
        self.heads.insert(partition.clone(), head);
        Ok(())
    }

    fn write_heads(&self, session: &mut Session) -> Result<(), StoreError> {
        let mut columns: (Vec<i64>, Vec<i64>, Vec<Vec<u8>>) = Default::default();
        for PartitionHead { id, head, .. } in self.heads.values() {
            columns.0.push(*id);
            columns.1.push(long(head.offset));
            let hash = head.event_hash.map(|hash| hash.as_bytes().to_vec());
            columns.2.push(hash.unwrap_or_default());
        }
        let sql = "UPDATE pi.heads h SET \"offset\" = u.o, event_hash = u.h
                   FROM UNNEST($2::bigint[], $3::bigint[], $4::bytea[]) AS u (id, o, h)
                   WHERE h.tenant = $1 AND h.id = u.id AND h.\"offset\" <> u.o";
        session.execute(sql, &[&self.tenant.as_str(), &columns.0, &columns.1, &columns.2])?;
        Ok(())
    }

    /// Writes the events, the heads, the runs and the signed checkpoint.
    fn conclude(&mut self, session: &mut Session, rows: &Rows) -> Result<String, StoreError> {
        let tenant = self.tenant.as_str();
        session.execute(
            "WITH e AS (
               INSERT INTO pi.events (tenant, leaf, \"partition\", \"offset\", header)
               SELECT $1, * FROM UNNEST($2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]))
             INSERT INTO pi.payloads (tenant, leaf, salt, payload)
             SELECT $1, * FROM UNNEST($2::bigint[], $6::bytea[], $7::bytea[])",
            &[
                &tenant,
                &rows.leaves,
                &rows.partitions,
                &rows.offsets,
                &rows.headers,
                &rows.salts,
                &rows.payloads,
            ],
        )?;
        self.write_heads(session)?;
        if !rows.runs.is_empty() {
            let names: Vec<&str> = rows.runs.keys().map(RunId::as_str).collect();
            let first: Vec<i64> = rows.runs.values().map(|run| long(run.0)).collect();
            let last: Vec<i64> = rows.runs.values().map(|run| long(run.1)).collect();
            let sealed: Vec<bool> = rows.runs.values().map(|run| run.2).collect();
            session.execute(
                "INSERT INTO pi.runs (tenant, run, first_leaf, last_leaf, sealed)
                 SELECT $1, * FROM UNNEST($2::text[], $3::bigint[], $4::bigint[], $5::boolean[])
                 ON CONFLICT (tenant, run)
                 DO UPDATE SET last_leaf = EXCLUDED.last_leaf, sealed = EXCLUDED.sealed",
                &[&tenant, &names, &first, &last, &sealed],
            )?;
        }
        if !rows.correlations.0.is_empty() {
            session.execute(
                "INSERT INTO pi.correlations (tenant, correlation, leaf)
                 SELECT $1, * FROM UNNEST($2::text[], $3::bigint[])",
                &[&tenant, &rows.correlations.0, &rows.correlations.1],
            )?;
        }
        if !rows.subtrees.0.is_empty() {
            session.execute(
                "INSERT INTO pi.subtrees (tenant, height, number, root)
                 SELECT $1, * FROM UNNEST($2::integer[], $3::bigint[], $4::bytea[])",
                &[&tenant, &rows.subtrees.0, &rows.subtrees.1, &rows.subtrees.2],
            )?;
        }
        if !rows.erased.is_empty() {
            session.execute(
                "UPDATE pi.payloads SET salt = NULL, payload = NULL
                 WHERE tenant = $1 AND leaf = ANY ($2)",
                &[&tenant, &rows.erased],
            )?;
        }
        let peaks: Vec<u8> = self.tree.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect();
        let checkpoint = Checkpoint {
            tenant: self.tenant.clone(),
            size: self.tree.size(),
            root: self.tree.root(),
        };
        let note = checkpoint.sign(&self.key);
        session.execute(
            "WITH h AS (UPDATE pi.head SET size = $2, peaks = $3 WHERE tenant = $1)
             INSERT INTO pi.checkpoints (tenant, size, note) VALUES ($1, $2, $4)",
            &[&tenant, &long(checkpoint.size), &peaks, &note],
        )?;
        Ok(note)
    }
}

/// Begins a transaction. A server that is starting again is waited for.
fn begin<'p>(pool: &'p Pool, tenant: &Name) -> Result<super::session::Lease<'p>, StoreError> {
    let mut pauses = PAUSES_MS.into_iter();
    loop {
        let begun = pool.lease(tenant, "BEGIN");
        match (begun, pauses.next()) {
            (Err(StoreError::Database(_)), Some(pause)) => {
                std::thread::sleep(Duration::from_millis(pause));
            }
            (begun, _) => return begun,
        }
    }
}

/// What became of a commit whose answer was lost: whether its last event is there. The
/// lock of the head tells that nobody is still at it.
fn happened(pool: &Pool, tenant: &Name, rows: &Rows) -> Result<bool, StoreError> {
    let (Some(leaf), Some(header)) = (rows.leaves.last(), rows.headers.last()) else {
        return Ok(false);
    };
    let unknown = |error: StoreError| {
        StoreError::Database(format!(
            "the connection was lost in a commit, and whether it happened is not known: {error}"
        ))
    };
    let mut session = begin(pool, tenant).map_err(unknown)?;
    let lock = "SELECT 1 FROM pi.head WHERE tenant = $1 FOR UPDATE";
    session.get().query(lock, &[&tenant.as_str()]).map_err(unknown)?;
    let sql = "SELECT header FROM pi.events WHERE tenant = $1 AND leaf = $2";
    let found = session.get().first(sql, &[&tenant.as_str(), leaf]).map_err(unknown)?;
    let found: Option<Vec<u8>> = found.map(|row| column(&row, 0)).transpose()?;
    session.get().batch("ROLLBACK").map_err(unknown)?;
    session.keep();
    Ok(found.as_ref() == Some(header))
}

/// Whether the run is in this log, or begins in this commit, and nobody has claimed it since.
fn holds(
    session: &mut Session,
    tenant: &Name,
    fence: &Fence,
    rows: &Rows,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pi.runs WHERE tenant = $1 AND run = $2),
                      COALESCE((SELECT epoch FROM pi.claims WHERE tenant = $1 AND run = $2), 0)";
    let row = session.first(sql, &[&tenant.as_str(), &fence.run.as_str()])?;
    let Some(row) = row else { return Ok(false) };
    let known: bool = column(&row, 0)?;
    Ok((known || rows.runs.contains_key(&fence.run)) && number(&row, 1)? == fence.epoch)
}
