//! Verification: every stored byte is read and hashed again.

mod derived;
mod rows;
pub(crate) mod tables;

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};

use pi_core::canonical::{Encoder, ToCanonical, parse};
use pi_core::{Digest, Name, Reason};
use pi_event_fabric::receipts::RunChains;
use pi_event_fabric::{Checkpoint, Head, HeaderView, IntegrityError, PublicKey, Tree};
use tracing::field::Empty;
use tracing::info_span;

use crate::REDACTED;
use crate::error::StoreError;
use derived::Derived;
use rows::{Batch, Content, Stored};
use tables::{HeadRow, RunRow, Tables};

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Report on this partition alone. The tree needs all events all the same.
    pub partition: Option<Name>,
    /// Parse and re-encode every header and payload as well.
    pub deep: bool,
}

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Events read.
    pub events: u64,
    /// Bytes of headers, salts and payloads hashed.
    pub bytes: u64,
    /// Payloads that are erased.
    pub redacted: u64,
    /// Receipts and coverages in runs.
    pub receipts: u64,
    /// Runs seen.
    pub runs: u64,
    /// Runs without a seal.
    pub open_runs: u64,
    /// Checkpoints whose signature and root were checked.
    pub checkpoints: u64,
    /// Last offset and event hash of each partition.
    pub heads: BTreeMap<String, (u64, Digest)>,
    /// The root of the tree.
    pub root: Option<Digest>,
}

/// What `pi.verification/1` says.
impl ToCanonical for Verification {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Verification { events, bytes, redacted, receipts, runs, .. } = self;
        encoder.object(|o| {
            o.field("bytes", bytes)
                .field("checkpoints", &self.checkpoints)
                .field("events", events)
                .field("open_runs", &self.open_runs)
                .field("receipts", receipts)
                .field("redacted", redacted)
                .field("root", &self.root)
                .field("runs", runs)
                .field("schema", "pi.verification/1");
        });
    }
}

/// Verifies the log of a tenant. `outside` are the notes of its checkpoint file, read
/// before the tables: what they promise must be there.
pub(crate) fn verify(
    tables: &mut dyn Tables,
    outside: &[String],
    tenant: &Name,
    key: &PublicKey,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, StoreError> {
    let span = info_span!(
        "verify",
        tenant = tenant.as_str(),
        deep = options.deep,
        events = Empty,
        bytes = Empty,
        error = Empty,
    );
    let result = span.in_scope(|| verify_inside(tables, outside, tenant, key, options, progress));
    match &result {
        Ok(verified) => {
            span.record("events", verified.events);
            span.record("bytes", verified.bytes);
        }
        Err(error) => {
            span.record("error", error.reason().code());
        }
    }
    result
}

fn verify_inside(
    tables: &mut dyn Tables,
    outside: &[String],
    tenant: &Name,
    key: &PublicKey,
    options: &VerifyOptions,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Verification, StoreError> {
    let walk = Walk::new(tables, tenant, key, options)?;
    let (batches, read) = sync_channel(4);
    let (checked, spare) = channel();
    std::thread::scope(|scope| {
        let checker = scope.spawn(move || walk.events(&read, &checked));
        rows::read(tables, &batches, &spare, progress);
        drop(batches);
        checker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?
    .finish(tables, outside)
}

struct Walk<'a> {
    tenant: &'a Name,
    key: &'a PublicKey,
    options: &'a VerifyOptions,
    /// Partition names by their number in the database.
    names: BTreeMap<i64, String>,
    heads: BTreeMap<String, Head>,
    tree: Tree,
    chains: BTreeMap<String, RunSpan>,
    /// Notes of the database in ascending size.
    notes: Vec<(u64, String)>,
    next_note: usize,
    /// Roots at the sizes of checkpoints.
    roots: BTreeMap<u64, Digest>,
    erased: Vec<(u64, String)>,
    redactions: Vec<u64>,
    derived: Derived,
    result: Verification,
}

struct RunSpan {
    first: u64,
    last: u64,
    chains: RunChains,
    last_type_seals: bool,
}

impl<'a> Walk<'a> {
    fn new(
        tables: &mut dyn Tables,
        tenant: &'a Name,
        key: &'a PublicKey,
        options: &'a VerifyOptions,
    ) -> Result<Self, StoreError> {
        let names = tables.heads()?.into_iter().map(|head| (head.id, head.partition)).collect();
        let notes = tables.notes()?;
        Ok(Self {
            tenant,
            key,
            options,
            names,
            heads: BTreeMap::new(),
            tree: Tree::default(),
            chains: BTreeMap::new(),
            notes,
            next_note: 0,
            roots: BTreeMap::new(),
            erased: Vec::new(),
            redactions: Vec::new(),
            derived: Derived::default(),
            result: Verification::default(),
        })
    }

    fn events(
        mut self,
        batches: &Receiver<Result<Batch, StoreError>>,
        checked: &Sender<Batch>,
    ) -> Result<Self, StoreError> {
        for batch in batches {
            let batch = batch?;
            for stored in batch.rows() {
                self.event(&stored)?;
            }
            // The reader may have read everything and be gone.
            let _ = checked.send(batch);
        }
        Ok(self)
    }

    fn event(&mut self, stored: &Stored<'_>) -> Result<(), IntegrityError> {
        let &Stored { leaf, partition, offset, header, ref content } = stored;
        let at_leaf = |problem: &str| IntegrityError::corrupt(format!("leaf {leaf}"), problem);
        if leaf != self.tree.size() {
            return Err(at_leaf(&format!("leaf {} is missing", self.tree.size())));
        }
        let view =
            HeaderView::parse(header).ok_or_else(|| at_leaf("the header has another layout"))?;
        let record = || format!("{}:{}", view.partition, view.offset);
        let corrupt = |problem: &str| IntegrityError::corrupt(record(), problem);
        if self.names.get(&partition).map(String::as_str) != Some(view.partition) {
            return Err(corrupt("the row's partition is not the header's"));
        }
        if offset != view.offset || leaf != view.leaf_index {
            return Err(corrupt("the row's position is not the header's"));
        }
        if view.tenant != self.tenant.as_str() {
            return Err(corrupt("the event is of another tenant"));
        }
        let event_hash = Digest::of(header);
        self.derived.before(&view).map_err(|problem| corrupt(&problem))?;
        self.link(&view, event_hash).map_err(|problem| corrupt(&problem))?;
        let payload = match *content {
            Content::Whole { salt_length, payload, hash } => {
                if hash != view.payload_hash {
                    return Err(corrupt("the payload does not have its hash"));
                }
                self.result.bytes += (salt_length + payload.len()) as u64;
                Some(payload)
            }
            Content::Erased => {
                self.erased.push((leaf, record()));
                None
            }
            Content::Missing => return Err(corrupt("the payload is missing")),
            Content::Half => return Err(corrupt("salt or payload is missing")),
        };
        if self.options.deep {
            deep(header, payload).map_err(|problem| corrupt(&problem))?;
        }
        if view.event_type == REDACTED
            && let Some(payload) = payload
            && let Some(leaf) =
                parse(payload).ok().and_then(|value| value.get("leaf_index")?.as_u64())
        {
            self.redactions.push(leaf);
        }
        self.derived.take(&view, payload, &self.heads).map_err(|problem| corrupt(&problem))?;
        if let Some(run) = view.run {
            self.run(run, leaf, &view, payload).map_err(|problem| corrupt(&problem))?;
        }
        self.result.bytes += header.len() as u64;
        self.result.events += 1;
        self.derived.subtrees(leaf, self.tree.push(&event_hash));
        while let Some((size, _)) =
            self.notes.get(self.next_note).filter(|(size, _)| *size <= self.tree.size())
        {
            if *size == self.tree.size() {
                self.roots.insert(*size, self.tree.root());
            }
            self.next_note += 1;
        }
        Ok(())
    }

    fn link(&mut self, view: &HeaderView<'_>, event_hash: Digest) -> Result<(), String> {
        if !self.heads.contains_key(view.partition) {
            self.heads.insert(view.partition.to_owned(), Head::default());
        }
        let Some(head) = self.heads.get_mut(view.partition) else { return Ok(()) };
        if view.offset != head.offset + 1 {
            return Err(format!("offset {} is missing", head.offset + 1));
        }
        if view.previous != head.event_hash {
            return Err("the link to the event before does not fit".to_owned());
        }
        *head = Head { offset: view.offset, event_hash: Some(event_hash) };
        Ok(())
    }

    fn run(
        &mut self,
        run: &str,
        leaf: u64,
        view: &HeaderView<'_>,
        payload: Option<&[u8]>,
    ) -> Result<(), String> {
        if !self.chains.contains_key(run) {
            let span = RunSpan {
                first: leaf,
                last: leaf,
                chains: RunChains::default(),
                last_type_seals: false,
            };
            self.chains.insert(run.to_owned(), span);
        }
        let Some(span) = self.chains.get_mut(run) else { return Ok(()) };
        span.last = leaf;
        span.last_type_seals = view.event_type == "run.sealed";
        span.chains.take(view.schema, payload)
    }

    fn finish(
        mut self,
        tables: &mut dyn Tables,
        outside: &[String],
    ) -> Result<Verification, StoreError> {
        self.check_redactions()?;
        self.check_checkpoints(outside)?;
        self.check_heads(tables)?;
        self.check_runs(tables)?;
        self.derived.check(tables)?;
        self.result.redacted = self.erased.len() as u64;
        self.result.root = Some(self.tree.root());
        self.result.heads = self
            .heads
            .iter()
            .filter(|(name, _)| {
                self.options.partition.as_ref().is_none_or(|only| only.as_str() == name.as_str())
            })
            .filter_map(|(name, head)| Some((name.clone(), (head.offset, head.event_hash?))))
            .collect();
        Ok(self.result)
    }

    fn check_redactions(&self) -> Result<(), IntegrityError> {
        match self.erased.iter().find(|(leaf, _)| !self.redactions.contains(leaf)) {
            Some((_, record)) => Err(IntegrityError::corrupt(
                record.clone(),
                "the payload was erased without a record of it",
            )),
            None => Ok(()),
        }
    }

    fn check_checkpoints(&mut self, outside: &[String]) -> Result<(), IntegrityError> {
        let size = self.tree.size();
        if size > 0 && self.notes.last().map(|(last, _)| *last) != Some(size) {
            return Err(match self.notes.last() {
                Some((last, _)) if *last > size => truncated(size, *last),
                _ => IntegrityError::checkpoint("the newest events have no checkpoint"),
            });
        }
        for (stated, note) in &self.notes {
            let checkpoint = self.checked(note)?;
            if checkpoint.size != *stated {
                return Err(IntegrityError::checkpoint(format!(
                    "the checkpoint at {stated} is of another size"
                )));
            }
            self.fits(&checkpoint, size)?;
            self.result.checkpoints += 1;
        }
        for note in outside {
            let checkpoint = self.checked(note).map_err(|error| IntegrityError {
                record: format!("checkpoint file: {}", error.record),
                ..error
            })?;
            self.fits(&checkpoint, size)?;
        }
        Ok(())
    }

    fn checked(&self, note: &str) -> Result<Checkpoint, IntegrityError> {
        let checkpoint = Checkpoint::verify(note, self.key)?;
        if checkpoint.tenant != *self.tenant {
            return Err(IntegrityError::checkpoint("a checkpoint is of another tenant"));
        }
        Ok(checkpoint)
    }

    fn fits(&self, checkpoint: &Checkpoint, size: u64) -> Result<(), IntegrityError> {
        if checkpoint.size > size {
            return Err(truncated(size, checkpoint.size));
        }
        match self.roots.get(&checkpoint.size) {
            Some(root) if *root == checkpoint.root => Ok(()),
            Some(_) => Err(IntegrityError::checkpoint(format!(
                "the events do not have the root of the checkpoint at {}",
                checkpoint.size
            ))),
            None => Err(IntegrityError::checkpoint(format!(
                "the checkpoint at {} is missing in the database",
                checkpoint.size
            ))),
        }
    }

    /// The derived tables say what the events say.
    fn check_heads(&self, tables: &mut dyn Tables) -> Result<(), StoreError> {
        let mut stored = 0;
        for HeadRow { partition: name, offset, event_hash: hash, .. } in tables.heads()? {
            let head = self.heads.get(&name);
            let fits = head.is_some_and(|head| {
                head.offset == offset
                    && head.event_hash.is_some_and(|h| h.as_bytes()[..] == hash[..])
            });
            if !fits {
                return Err(IntegrityError::corrupt(
                    format!("head of {name}"),
                    "it is not the last event",
                )
                .into());
            }
            stored += 1;
        }
        if stored != self.heads.len() {
            return Err(IntegrityError::corrupt("heads", "a partition has no head").into());
        }
        let (size, peaks) = tables
            .tree()?
            .ok_or_else(|| IntegrityError::corrupt("head of the tree", "it is missing"))?;
        let expected: Vec<u8> =
            self.tree.peaks().iter().flat_map(|peak| *peak.as_bytes()).collect();
        if size != self.tree.size() || peaks != expected {
            return Err(IntegrityError::corrupt(
                "head of the tree",
                "it is not that of the events",
            )
            .into());
        }
        Ok(())
    }

    fn check_runs(&mut self, tables: &mut dyn Tables) -> Result<(), StoreError> {
        let mut stored = 0;
        for RunRow { run, first, last, sealed } in tables.runs()? {
            let fits = self.chains.get(&run).is_some_and(|span| {
                (span.first, span.last, span.last_type_seals) == (first, last, sealed)
            });
            if !fits {
                return Err(IntegrityError::corrupt(
                    run,
                    "the list of runs does not fit the events",
                )
                .into());
            }
            stored += 1;
        }
        if stored != self.chains.len() {
            return Err(
                IntegrityError::corrupt("runs", "a run is missing in the list of runs").into()
            );
        }
        for span in self.chains.values() {
            self.result.runs += 1;
            self.result.open_runs += u64::from(!span.last_type_seals);
            self.result.receipts += span.chains.receipts.count;
        }
        Ok(())
    }
}

fn truncated(have: u64, promised: u64) -> IntegrityError {
    IntegrityError {
        record: format!("leaf {have}"),
        problem: format!("a signed checkpoint promises {promised} events, the database has {have}"),
        reason: Reason::LogTruncated,
    }
}

fn deep(header: &[u8], payload: Option<&[u8]>) -> Result<(), String> {
    for bytes in [Some(header), payload].into_iter().flatten() {
        let value = parse(bytes).map_err(|error| error.to_string())?;
        if Encoder::encode(&value) != bytes {
            return Err("the stored bytes are not canonical".to_owned());
        }
    }
    Ok(())
}
