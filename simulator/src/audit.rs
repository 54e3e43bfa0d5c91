//! What must hold of the log after every step. Each event is read once, when it has
//! become durable; chains, tree, checkpoints and receipts are checked by the same
//! code that verifies a real log.

mod run;

use std::collections::BTreeMap;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::chain::PartitionChain;
use pi_event_fabric::{Checkpoint, IntegrityError, PublicKey, Tree};
use pi_store::{StoredEvent, Verification};

use crate::store::{Claim, Disk};
pub use run::RunAudit;

/// The log as far as it was read.
pub struct Audit {
    tenant: Name,
    key: PublicKey,
    chains: BTreeMap<String, PartitionChain>,
    tree: Tree,
    hashes: Vec<Digest>,
    /// At the sizes of checkpoints.
    roots: BTreeMap<u64, Digest>,
    checkpoints: usize,
    notes: usize,
    runs: BTreeMap<RunId, RunAudit>,
    bytes: u64,
    redacted: u64,
}

impl Audit {
    /// An audit that has read nothing.
    pub fn new(tenant: &Name, key: PublicKey) -> Self {
        Self {
            tenant: tenant.clone(),
            key,
            chains: BTreeMap::new(),
            tree: Tree::default(),
            hashes: Vec::new(),
            roots: BTreeMap::new(),
            checkpoints: 0,
            notes: 0,
            runs: BTreeMap::new(),
            bytes: 0,
            redacted: 0,
        }
    }

    /// Reads what has become durable since the last time.
    pub fn check(&mut self, disk: &Disk) -> Result<(), IntegrityError> {
        let known = self.hashes.len() as u64;
        if disk.size() < known {
            return Err(IntegrityError::corrupt(
                format!("leaf {known}"),
                "it was durable and is gone",
            ));
        }
        let checkpoints = disk.checkpoints(self.checkpoints);
        if disk.size() == known && checkpoints.is_empty() {
            return Ok(());
        }
        let mut sizes = checkpoints.iter().map(|(size, _)| *size).peekable();
        for event in disk.history(known) {
            self.event(&event, disk.claims())?;
            while let Some(size) = sizes.next_if(|size| *size == self.tree.size()) {
                self.roots.insert(size, self.tree.root());
            }
        }
        for (stated, note) in &checkpoints {
            if self.checkpoint(note)? != *stated {
                return Err(IntegrityError::checkpoint(
                    "it is of another size than it is kept for",
                ));
            }
        }
        self.checkpoints += checkpoints.len();
        if checkpoints.last().map(|(size, _)| *size) != Some(self.tree.size()) {
            return Err(IntegrityError::checkpoint("the newest events have no checkpoint"));
        }
        for note in disk.notes().get(self.notes..).unwrap_or_default() {
            self.checkpoint(note)?;
        }
        self.notes = disk.notes().len();
        Ok(())
    }

    fn event(&mut self, event: &StoredEvent, claims: &[Claim]) -> Result<(), IntegrityError> {
        let corrupt =
            |problem: &str| IntegrityError::corrupt(format!("leaf {}", event.leaf_index), problem);
        let view = pi_event_fabric::HeaderView::parse(&event.header)
            .ok_or_else(|| corrupt("the header has another layout"))?;
        if event.leaf_index != self.tree.size() || view.leaf_index != self.tree.size() {
            return Err(corrupt(&format!("it lies in the place of leaf {}", self.tree.size())));
        }
        let partition =
            Name::new(view.partition).map_err(|_| corrupt("its partition has no name"))?;
        let tenant = &self.tenant;
        let chain = self.chains.entry(view.partition.to_owned());
        let chain = chain.or_insert_with(|| PartitionChain::new(tenant, &partition));
        chain.take(&event.header, event.parts())?;
        let hash = event.hash();
        self.tree.push(&hash);
        self.hashes.push(hash);
        let payload =
            event.content.as_ref().map_or(0, |(salt, payload)| salt.len() + payload.len());
        self.bytes += (event.header.len() + payload) as u64;
        self.redacted += u64::from(event.content.is_none());
        if let Some(run) = view.run.and_then(RunId::parse) {
            let claims =
                claims.iter().filter(|claim| claim.run == run && claim.from <= event.leaf_index);
            let holder = claims.clone().next_back().map(|claim| claim.by.as_str());
            let epoch = claims.count() as u64;
            let payload = event.content.as_ref().map(|(_, payload)| payload.as_slice());
            let audit = self.runs.entry(run).or_default();
            audit.take(&view, payload, holder, epoch).map_err(|problem| corrupt(&problem))?;
        }
        Ok(())
    }

    fn checkpoint(&self, note: &str) -> Result<u64, IntegrityError> {
        let checkpoint = Checkpoint::verify(note, &self.key)?;
        let fits = checkpoint.tenant == self.tenant
            && self.roots.get(&checkpoint.size) == Some(&checkpoint.root);
        if fits {
            Ok(checkpoint.size)
        } else {
            Err(IntegrityError::checkpoint(format!(
                "the events do not fit the one at {}",
                checkpoint.size
            )))
        }
    }

    /// Everything that was acknowledged is there.
    pub fn acknowledged(&self, places: &[(u64, Digest)]) -> Result<(), IntegrityError> {
        let is_there = |(leaf, hash): &(u64, Digest)| {
            let leaf = usize::try_from(*leaf).unwrap_or(usize::MAX);
            self.hashes.get(leaf) == Some(hash)
        };
        match places.iter().find(|place| !is_there(place)) {
            None => Ok(()),
            Some((leaf, _)) => Err(IntegrityError::corrupt(
                format!("leaf {leaf}"),
                "it was acknowledged and is not durable",
            )),
        }
    }

    /// What the log says about a run.
    pub fn run(&self, run: &RunId) -> Option<&RunAudit> {
        self.runs.get(run)
    }

    /// Every run.
    pub fn runs(&self) -> impl Iterator<Item = (&RunId, &RunAudit)> {
        self.runs.iter()
    }

    /// What was verified so far.
    pub fn verification(&self) -> Verification {
        let heads = self.chains.iter().filter_map(|(name, chain)| {
            let head = chain.head();
            Some((name.clone(), (head.offset, head.event_hash?)))
        });
        Verification {
            events: self.hashes.len() as u64,
            bytes: self.bytes,
            redacted: self.redacted,
            receipts: self.runs.values().map(RunAudit::receipts).sum(),
            runs: self.runs.len() as u64,
            open_runs: self.runs.values().filter(|run| !run.is_sealed()).count() as u64,
            checkpoints: self.checkpoints as u64,
            heads: heads.collect(),
            root: Some(self.tree.root()),
        }
    }
}
