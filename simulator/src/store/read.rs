//! The store as the platform sees it.

use std::sync::mpsc::sync_channel;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::bundle::BundledEvent;
use pi_event_fabric::epoch::{Shards, is_control};
use pi_event_fabric::merkle::{Nodes, leaf_hash};
use pi_event_fabric::order::{OrderKey, Priorities};
use pi_event_fabric::semantic::{Parent, SemanticError, Semantics, TrustPolicy, has_reserved_key};
use pi_event_fabric::{Bundle, EventDraft, Head, HeaderView, PublicKey, SaltedDraft};
use pi_store::{
    Appended, EventStore, Fence, REDACTED, RunEntry, StoreError, StoredEvent, Ticket, Verification,
    VerifyOptions,
};

use super::write::{Aside, Request};
use super::{Claim, Disk, SimStore};
use crate::audit::Audit;

impl SimStore {
    /// Queues drafts; the answer comes when they are synced.
    fn queue(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
        erases: Option<u64>,
    ) -> Result<Ticket, StoreError> {
        if drafts.iter().any(|draft| is_control(draft.event_type)) {
            return Err(StoreError::Database("the simulated store has no epochs".to_owned()));
        }
        let mut disk = self.disk();
        disk.call()?;
        let salted = drafts.into_iter().map(|draft| SaltedDraft::new(draft, disk.salt()));
        let drafts = salted.collect();
        let (answer, answered) = sync_channel(1);
        disk.queue.push_back(Request { by: self.by.clone(), drafts, fence, erases, answer });
        Ok(Ticket::new(answered))
    }

    /// Queues drafts and waits: everything before them is synced first.
    fn wait(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
        erases: Option<u64>,
    ) -> Result<Appended, StoreError> {
        let ticket = self.queue(drafts, fence, erases)?;
        let mut disk = self.disk();
        disk.write_queue_of(&self.by);
        disk.sync_all();
        drop(disk);
        ticket.poll().unwrap_or(Err(StoreError::Closed))
    }

    fn aside(&self, aside: Aside) -> Result<(), StoreError> {
        let mut disk = self.disk();
        disk.refuses()?;
        disk.aside(&self.by, aside);
        disk.sync_all();
        disk.answers()
    }

    fn read<T>(&self, read: impl FnOnce(&Disk) -> T) -> Result<T, StoreError> {
        let mut disk = self.disk();
        disk.call()?;
        Ok(read(&disk))
    }

    /// Events in the pages that a condition selects, in order.
    fn select(
        &self,
        limit: usize,
        mut selects: impl FnMut(&HeaderView<'_>) -> bool,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(|disk| {
            let live = disk.durable.live.iter();
            let selected = live.filter(|event| {
                HeaderView::parse(&event.header).is_some_and(|view| selects(&view))
            });
            selected.take(limit).cloned().collect()
        })
    }

    fn bundle(&self, run: Option<&RunId>, events: Vec<StoredEvent>) -> Result<Bundle, StoreError> {
        let damaged = |problem: &str| StoreError::Damaged(problem.to_owned());
        let (history, note) =
            self.read(|disk| (disk.history(0), disk.durable.checkpoints.last().cloned()))?;
        let (_, checkpoint) = note.ok_or_else(|| damaged("there is no checkpoint"))?;
        let nodes = Nodes::new(history.iter().map(|event| leaf_hash(&event.hash())).collect());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| damaged("not text"));
        let bundled = events.into_iter().map(|StoredEvent { leaf_index, header, content }| {
            let index = usize::try_from(leaf_index).unwrap_or(usize::MAX);
            let proof = nodes.inclusion(index).ok_or_else(|| damaged("outside the checkpoint"))?;
            let content = match content {
                Some((salt, payload)) => Some((salt, text(payload)?)),
                None => None,
            };
            Ok(BundledEvent { header: text(header)?, content, proof })
        });
        Ok(Bundle {
            tenant: self.tenant.to_string(),
            run: run.map(ToString::to_string),
            public_key: self.key.to_string(),
            checkpoint,
            events: bundled.collect::<Result<_, StoreError>>()?,
        })
    }
}

impl EventStore for SimStore {
    fn tenant(&self) -> &Name {
        &self.tenant
    }

    fn public_key(&self) -> PublicKey {
        self.key
    }

    fn submit_fenced(
        &self,
        drafts: Vec<EventDraft>,
        fence: Option<Fence>,
    ) -> Result<Ticket, StoreError> {
        if drafts.iter().any(|draft| has_reserved_key(&draft.payload)) {
            return Err(StoreError::ReservedKey);
        }
        self.queue(drafts, fence, None)
    }

    fn append(&self, drafts: Vec<EventDraft>) -> Result<Appended, StoreError> {
        if drafts.iter().any(|draft| has_reserved_key(&draft.payload)) {
            return Err(StoreError::ReservedKey);
        }
        self.wait(drafts, None, None)
    }

    fn claim(&self, run: &RunId) -> Result<Fence, StoreError> {
        let mut disk = self.disk();
        disk.refuses()?;
        disk.write_queue_of(&self.by);
        if !disk.tip.runs.contains_key(run) {
            return Err(StoreError::NoRun(run.to_string()));
        }
        let claim = Claim { run: run.clone(), by: self.by.clone(), from: 0 };
        disk.aside(&self.by, Aside::Claim(claim));
        disk.sync_all();
        let epoch = disk.tip.epochs.get(run).copied().unwrap_or(0);
        disk.answers()?;
        Ok(Fence { run: run.clone(), epoch })
    }

    fn append_semantic(
        &self,
        mut draft: EventDraft,
        semantics: &Semantics,
        policy: &TrustPolicy,
    ) -> Result<Appended, StoreError> {
        policy.admit(&draft.actor, semantics.trust)?;
        for Parent { leaf_index, event_hash } in semantics.parents.iter().copied() {
            let events = self.after(leaf_index.checked_sub(1), 1)?;
            let known =
                |event: &StoredEvent| event.leaf_index == leaf_index && event.hash() == event_hash;
            if !events.iter().any(known) {
                return Err(SemanticError::UnknownParent { leaf_index, event_hash }.into());
            }
        }
        draft.payload = semantics.attach(draft.schema, &draft.payload)?;
        self.wait(vec![draft], None, None)
    }

    fn partition(
        &self,
        partition: &Name,
        from: u64,
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.select(limit, |view| view.partition == partition.as_str() && view.offset >= from)
    }

    fn visit_run(
        &self,
        run: &RunId,
        visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.run(run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
        let events = self.select(usize::MAX, |view| view.run == Some(run.as_str()))?;
        events.into_iter().try_for_each(visit)
    }

    fn tail(&self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events = self.select(usize::MAX, |_| true)?;
        Ok(events.split_off(events.len().saturating_sub(limit)))
    }

    fn after(&self, leaf_index: Option<u64>, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let from = leaf_index.map_or(0, |leaf| leaf + 1);
        self.read(|disk| {
            let start = disk.durable.live.partition_point(|event| event.leaf_index < from);
            disk.durable.live.iter().skip(start).take(limit).cloned().collect()
        })
    }

    fn head(&self, partition: &Name) -> Result<Head, StoreError> {
        self.read(|disk| disk.durable.index.heads.get(partition).cloned().unwrap_or_default())
    }

    fn by_correlation(&self, id: &str, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let spelt = pi_core::Encoder::encode(id);
        let spelt = String::from_utf8_lossy(&spelt).into_owned();
        self.select(limit, |view| {
            view.correlation_id.is_some_and(|found| format!("\"{found}\"") == spelt)
        })
    }

    fn visit_ordered(
        &self,
        partitions: &[Name],
        priorities: &Priorities,
        visit: &mut dyn FnMut(OrderKey, StoredEvent) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut all = Vec::new();
        for partition in partitions {
            for (event, offset) in self.partition(partition, 1, usize::MAX)?.into_iter().zip(1..) {
                let offset = HeaderView::parse(&event.header).map_or(offset, |view| view.offset);
                let (priority, event_hash) = (priorities.of(partition), event.hash());
                all.push((OrderKey { epoch: 0, priority, offset, event_hash }, event));
            }
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|a, b| a.0 == b.0);
        all.into_iter().try_for_each(|(key, event)| visit(key, event))
    }

    fn shards(&self) -> Result<Shards, StoreError> {
        let history = self.read(|disk| disk.history(0))?;
        let mut shards = Shards::default();
        for event in &history {
            let view = HeaderView::parse(&event.header);
            let view = view.ok_or_else(|| StoreError::Damaged("a header".to_owned()))?;
            shards.take(&view, event.hash(), None)?;
        }
        Ok(shards)
    }

    fn runs(&self, before: Option<u64>, limit: usize) -> Result<Vec<RunEntry>, StoreError> {
        let mut runs: Vec<RunEntry> =
            self.read(|disk| disk.durable.index.runs.values().cloned().collect())?;
        runs.retain(|entry| before.is_none_or(|before| entry.first_leaf < before));
        runs.sort_by_key(|entry| std::cmp::Reverse(entry.first_leaf));
        runs.truncate(limit);
        Ok(runs)
    }

    fn run(&self, run: &RunId) -> Result<Option<RunEntry>, StoreError> {
        self.read(|disk| disk.durable.index.runs.get(run).cloned())
    }

    fn checkpoint(&self) -> Result<Option<String>, StoreError> {
        self.read(|disk| disk.durable.checkpoints.last().map(|(_, note)| note.clone()))
    }

    fn prove(&self, partition: &Name, offset: u64) -> Result<Bundle, StoreError> {
        let events =
            self.select(1, |view| view.partition == partition.as_str() && view.offset == offset)?;
        if events.is_empty() {
            return Err(StoreError::NoEvent { partition: partition.clone(), offset });
        }
        self.bundle(None, events)
    }

    fn export(&self, run: &RunId) -> Result<Bundle, StoreError> {
        let mut events = Vec::new();
        self.visit_run(run, &mut |event| {
            events.push(event);
            Ok(())
        })?;
        self.bundle(Some(run), events)
    }

    fn redact(
        &self,
        partition: &Name,
        offset: u64,
        event: EventDraft,
    ) -> Result<Appended, StoreError> {
        let found =
            self.select(1, |view| view.partition == partition.as_str() && view.offset == offset)?;
        let records_erasure = |event: &StoredEvent| {
            HeaderView::parse(&event.header).is_some_and(|view| view.event_type == REDACTED)
        };
        if found.first().is_some_and(records_erasure) {
            return Err(StoreError::Governing);
        }
        let leaf = found.first().map(|event| event.leaf_index);
        let leaf =
            leaf.ok_or_else(|| StoreError::NoEvent { partition: partition.clone(), offset })?;
        self.wait(vec![event], None, Some(leaf))
    }

    fn verify(
        &self,
        options: &VerifyOptions,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Verification, StoreError> {
        let mut disk = self.disk();
        disk.call()?;
        let mut audit = Audit::new(&self.tenant, self.key);
        audit.check(&disk)?;
        let mut verification = audit.verification();
        progress(verification.events, verification.events);
        if let Some(only) = &options.partition {
            verification.heads.retain(|partition, _| partition == only.as_str());
        }
        Ok(verification)
    }

    fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.aside(Aside::Blob(digest, bytes.to_vec()))?;
        Ok(digest)
    }

    fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|disk| disk.durable.blobs.get(digest).cloned())
    }

    fn seal_blob(&self, run: &RunId, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        self.aside(Aside::Sealed(run.clone(), *digest, bytes.to_vec()))
    }

    fn sealed_blob(&self, run: &RunId, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|disk| disk.durable.sealed.get(&(run.clone(), *digest)).cloned())
    }

    fn erase_run_key(&self, run: &RunId) -> Result<(), StoreError> {
        self.aside(Aside::EraseKey(run.clone()))
    }
}
