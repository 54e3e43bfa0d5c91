//! From the queue to the disk.

use std::sync::mpsc::SyncSender;

use pi_core::{Digest, RunId};
use pi_event_fabric::{Checkpoint, SaltedDraft, seal};
use pi_store::{Appended, Fence, Place, RunEntry, StoreError, StoredEvent};

use super::{Claim, Disk, Index};
use crate::defect::Defect;

/// Events that were submitted together.
pub(super) struct Request {
    pub(super) by: String,
    pub(super) drafts: Vec<SaltedDraft>,
    pub(super) fence: Option<Fence>,
    pub(super) erases: Option<u64>,
    pub(super) answer: SyncSender<Result<Appended, StoreError>>,
}

/// An answer and who gets it.
type Answer = (SyncSender<Result<Appended, StoreError>>, Result<Appended, StoreError>);

/// A change beside the events.
#[derive(Clone, Debug)]
pub(super) enum Aside {
    Claim(Claim),
    Blob(Digest, Vec<u8>),
    Sealed(RunId, Digest, Vec<u8>),
    EraseKey(RunId),
    Erase(u64),
}

/// A transaction in the write-ahead log.
pub(super) struct Commit {
    events: Vec<StoredEvent>,
    asides: Vec<Aside>,
    note: Option<(u64, String)>,
    index: Index,
    fences: Vec<Fence>,
    answers: Vec<Answer>,
}

impl Disk {
    /// What a process queued and was not written is gone with it.
    pub fn drop_queue(&mut self, by: &str) {
        self.queue.retain(|request| request.by != by);
    }

    /// Writes up to `limit` waiting requests as one commit.
    pub fn write(&mut self, limit: usize) {
        let count = self.queue.len().min(limit);
        let requests: Vec<Request> = self.queue.drain(..count).collect();
        self.commit_or_refuse(requests);
    }

    /// Writes what a process queued before, then a change beside the events.
    pub(super) fn aside(&mut self, by: &str, aside: Aside) {
        self.write_queue_of(by);
        self.commit(Vec::new(), vec![aside]);
    }

    pub(super) fn write_queue_of(&mut self, by: &str) {
        let (own, others): (Vec<Request>, Vec<Request>) =
            self.queue.drain(..).partition(|request| request.by == by);
        self.queue = others.into();
        self.commit_or_refuse(own);
    }

    fn commit_or_refuse(&mut self, requests: Vec<Request>) {
        if requests.is_empty() {
            return;
        }
        if !self.chance.chance(self.faults.refuse) {
            return self.commit(requests, Vec::new());
        }
        self.trace.say(format!("store refuses {} requests", requests.len()));
        self.interrupt(&requests);
        for request in requests {
            // A submitter that is gone does not need the answer.
            let _ = request.answer.send(Err(refused()));
        }
    }

    fn commit(&mut self, requests: Vec<Request>, mut asides: Vec<Aside>) {
        let before = self.tip.tree.size();
        let mut events = Vec::new();
        let (mut places, mut fences, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for Request { by: _, drafts, fence, erases, answer } in requests {
            let result = match fence.as_ref().map(|fence| self.check_fence(fence)) {
                Some(Err(refusal)) => Err(refusal),
                _ => Ok(self.seal(drafts, &mut events)),
            };
            if result.is_ok() {
                fences.extend(fence);
                asides.extend(erases.map(Aside::Erase));
            } else {
                failed.extend(fence.map(|fence| (fence.run, fence.epoch)));
            }
            places.push((answer, result));
        }
        self.interrupted.extend(failed);
        for aside in &mut asides {
            if let Aside::Claim(claim) = aside {
                claim.from = self.tip.tree.size();
                *self.tip.epochs.entry(claim.run.clone()).or_default() += 1;
            }
        }
        let size = self.tip.tree.size();
        let note = (size > before).then(|| {
            let (tenant, root) = (self.tenant.clone(), self.tip.tree.root());
            (size, Checkpoint { tenant, size, root }.sign(&self.key))
        });
        let answer =
            |result: Result<_, _>| result.map(|places| Appended { places, checkpoint: size });
        let answers = places.into_iter().map(|(to, result)| (to, answer(result))).collect();
        self.trace.say(format!("store writes {} events, size {size}", events.len()));
        let index = self.tip.clone();
        let mut commit = Commit { events, asides, note, index, fences, answers };
        if self.defect == Some(Defect::AcknowledgesTooEarly) {
            self.answer(std::mem::take(&mut commit.answers));
        }
        self.written.push(commit);
    }

    fn check_fence(&self, fence: &Fence) -> Result<(), StoreError> {
        let interrupted = self.interrupted.contains(&(fence.run.clone(), fence.epoch));
        if interrupted && self.defect != Some(Defect::LeavesGaps) {
            return Err(StoreError::Interrupted(fence.run.clone()));
        }
        let epoch = self.tip.epochs.get(&fence.run).copied().unwrap_or(0);
        let is_held = epoch == fence.epoch && self.tip.runs.contains_key(&fence.run);
        if is_held || self.defect == Some(Defect::IgnoresFences) {
            return Ok(());
        }
        Err(StoreError::LeaseLost(fence.run.clone()))
    }

    /// What is submitted behind these requests would leave a gap.
    fn interrupt(&mut self, requests: &[Request]) {
        let fences = requests.iter().filter_map(|request| request.fence.clone());
        self.interrupted.extend(fences.map(|fence| (fence.run, fence.epoch)));
    }

    fn seal(&mut self, drafts: Vec<SaltedDraft>, events: &mut Vec<StoredEvent>) -> Vec<Place> {
        let mut places = Vec::with_capacity(drafts.len());
        for salted in drafts {
            let seals = salted.draft().event_type == "run.sealed";
            let head = self.tip.heads.entry(salted.draft().partition.clone()).or_default();
            let event = seal(salted, &self.tenant, head, &mut self.tip.tree);
            let leaf_index = event.leaf_index;
            if let Some(run) = &event.run {
                let first = RunEntry {
                    run: run.clone(),
                    first_leaf: leaf_index,
                    last_leaf: 0,
                    sealed: false,
                };
                let entry = self.tip.runs.entry(run.clone()).or_insert(first);
                (entry.last_leaf, entry.sealed) = (leaf_index, seals);
            }
            places.push(Place {
                leaf_index,
                offset: event.offset,
                run: event.run,
                event_hash: event.event_hash,
            });
            let content = Some((event.salt.to_vec(), event.payload));
            events.push(StoredEvent { leaf_index, header: event.header, content });
        }
        places
    }

    /// Makes the oldest `count` commits durable, and answers.
    pub fn sync(&mut self, count: usize) {
        let count = count.min(self.written.len());
        let commits: Vec<Commit> = self.written.drain(..count).collect();
        for mut commit in commits {
            let answers = std::mem::take(&mut commit.answers);
            let note = commit.note.as_ref().map(|(_, note)| note.clone());
            self.keep(commit);
            self.notes.extend(note);
            self.answer(answers);
        }
        self.trace.say(format!("store syncs {count}, size {}", self.size()));
    }

    pub(super) fn sync_all(&mut self) {
        self.sync(self.written.len());
    }

    fn keep(&mut self, commit: Commit) {
        let durable = &mut self.durable;
        durable.live.extend(commit.events);
        durable.checkpoints.extend(commit.note);
        durable.index = commit.index;
        for aside in commit.asides {
            match aside {
                Aside::Claim(claim) => durable.claims.push(claim),
                Aside::Blob(digest, bytes) => {
                    durable.blobs.insert(digest, bytes);
                }
                Aside::Sealed(run, digest, bytes) => {
                    durable.sealed.insert((run, digest), bytes);
                }
                Aside::EraseKey(run) => durable.sealed.retain(|(other, _), _| *other != run),
                Aside::Erase(leaf) => {
                    let all = durable.archive.iter_mut().chain(&mut durable.live);
                    all.filter(|event| event.leaf_index == leaf)
                        .for_each(|event| event.content = None);
                }
            }
        }
    }

    fn answer(&mut self, answers: Vec<Answer>) {
        for (to, result) in answers {
            let result = match result {
                Ok(_) if self.chance.chance(self.faults.lose_answer) => {
                    self.trace.say("store loses an answer");
                    Err(StoreError::Database("the answer is lost".to_owned()))
                }
                other => other,
            };
            let heard = result.as_ref().ok().cloned();
            // Who does not listen any more has not heard it.
            if let (Ok(()), Some(appended)) = (to.send(result), heard) {
                let places =
                    appended.places.iter().map(|place| (place.leaf_index, place.event_hash));
                self.acknowledged.extend(places);
            }
        }
    }

    /// Power is lost: of what was not synced, the first commits may have reached the
    /// disk; the one behind them may be torn. Nobody hears of any of it.
    pub fn lose_power(&mut self) {
        self.available = false;
        self.dies_after = None;
        let queued: Vec<Request> = self.queue.drain(..).collect();
        self.interrupt(&queued);
        let kept = self.chance.below(self.written.len() + 1);
        let mut written = std::mem::take(&mut self.written).into_iter();
        for commit in written.by_ref().take(kept) {
            self.keep(commit);
        }
        let torn = written.next();
        let lost: Vec<Commit> = written.collect();
        let fences = torn.iter().chain(&lost).flat_map(|commit| commit.fences.clone());
        self.interrupted.extend(fences.map(|fence| (fence.run, fence.epoch)));
        let lost = lost.len();
        if let Some(torn) = torn.filter(|_| self.defect == Some(Defect::KeepsTornTail)) {
            let half = torn.events.len().div_ceil(2);
            self.durable.live.extend(torn.events.into_iter().take(half));
        }
        self.tip = self.durable.index.clone();
        self.trace
            .say(format!("store loses power: {kept} commits survive, {lost} behind a torn one"));
    }

    /// Whether a blocking call is refused before anything happens.
    pub(super) fn refuses(&mut self) -> Result<(), StoreError> {
        self.call()?;
        if self.chance.chance(self.faults.refuse) { Err(refused()) } else { Ok(()) }
    }

    /// Whether a blocking call is not answered although it happened.
    pub(super) fn answers(&mut self) -> Result<(), StoreError> {
        if self.chance.chance(self.faults.lose_answer) {
            self.trace.say("store loses an answer");
            return Err(StoreError::Database("the answer is lost".to_owned()));
        }
        Ok(())
    }
}

fn refused() -> StoreError {
    StoreError::Database("it is full".to_owned())
}
