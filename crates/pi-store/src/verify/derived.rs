//! What the database keeps beside the log to find things: epochs, frozen partitions,
//! correlations, kept subtrees. It says what the events say, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use pi_core::Digest;
use pi_core::canonical::parse;
use pi_event_fabric::epoch::{Shards, is_control};
use pi_event_fabric::governance::PARTITION;
use pi_event_fabric::merkle::KEPT_EVERY;
use pi_event_fabric::{Head, HeaderView, IntegrityError};

use super::tables::Tables;
use crate::error::StoreError;

/// What the events say so far.
#[derive(Default)]
pub(super) struct Derived {
    shards: Shards,
    frozen: BTreeSet<String>,
    correlations: Vec<(String, u64)>,
    /// Roots of complete subtrees by height and number.
    subtrees: BTreeMap<(u32, u64), Digest>,
}

impl Derived {
    /// Before an event: its partition takes events.
    pub(super) fn before(&self, view: &HeaderView<'_>) -> Result<(), String> {
        if !self.frozen.is_empty() && self.frozen.contains(view.partition) {
            return Err("the partition was frozen when it came".to_owned());
        }
        Ok(())
    }

    /// Takes an event; `heads` are those behind it.
    pub(super) fn take(
        &mut self,
        view: &HeaderView<'_>,
        payload: Option<&[u8]>,
        heads: &BTreeMap<String, Head>,
    ) -> Result<(), String> {
        if let Some(id) = view.correlation_id {
            self.correlations.push((id.to_owned(), view.leaf_index));
        }
        if view.partition != PARTITION || !is_control(view.event_type) {
            return Ok(());
        }
        for (name, head) in heads {
            let sequence = self.shards.sequences.entry(name.clone()).or_default();
            (sequence.sequence, sequence.last_event_hash) = (head.offset, head.event_hash);
        }
        let payload = payload.and_then(|payload| parse(payload).ok());
        self.shards
            .control(view.event_type, view.leaf_index, payload.as_ref())
            .map_err(|error| error.to_string())?;
        let frozen = self.shards.sequences.iter().filter(|(_, sequence)| sequence.frozen);
        self.frozen = frozen.map(|(name, _)| name.clone()).collect();
        Ok(())
    }

    /// Takes the roots of the subtrees that a leaf completes.
    pub(super) fn subtrees(&mut self, leaf: u64, roots: Vec<Digest>) {
        for (index, root) in (1..).zip(roots) {
            let height = index * KEPT_EVERY;
            self.subtrees.insert((height, leaf >> height), root);
        }
    }

    /// The tables say the same.
    pub(super) fn check(mut self, tables: &mut dyn Tables) -> Result<(), StoreError> {
        let unfit = |record: &str| {
            StoreError::from(IntegrityError::corrupt(record, "it does not fit the events"))
        };
        let frozen = tables.heads()?.into_iter().filter(|head| head.frozen);
        if frozen.map(|head| head.partition).collect::<BTreeSet<_>>() != self.frozen {
            return Err(unfit("list of frozen partitions"));
        }
        if tables.epochs()? != (1..).zip(self.shards.starts).collect::<Vec<_>>() {
            return Err(unfit("list of epochs"));
        }
        self.correlations.sort_unstable();
        let mut expected = self.correlations.into_iter();
        let mut fits = true;
        tables.correlations(&mut |id, leaf| fits &= expected.next() == Some((id, leaf)))?;
        if !fits || expected.next().is_some() {
            return Err(unfit("list of correlations"));
        }
        let mut expected = self.subtrees.into_iter();
        let mut fits = true;
        tables.subtrees(&mut |height, number, root| {
            let next = expected.next();
            fits &= next.is_some_and(|(at, digest)| {
                at == (height, number) && digest.as_bytes()[..] == *root
            });
        })?;
        if fits && expected.next().is_none() { Ok(()) } else { Err(unfit("list of subtrees")) }
    }
}
