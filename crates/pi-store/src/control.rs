//! Events that move sequences: freezing, releasing, epoch markers. What they may do is
//! decided by `pi_event_fabric::epoch`; stores read it from tables and write it back.

use pi_core::canonical::{Value, parse};
use pi_event_fabric::SaltedDraft;
use pi_event_fabric::epoch::{EpochMarker, Shards, is_control};
use pi_event_fabric::governance::PARTITION;

use crate::error::StoreError;

/// Whether a draft moves sequences.
pub(crate) fn moves_sequences(salted: &SaltedDraft) -> bool {
    let draft = salted.draft();
    draft.partition.as_str() == PARTITION && is_control(draft.event_type)
}

/// What an append does to the sequences.
pub(crate) struct Control {
    before: Shards,
    after: Shards,
}

impl Control {
    /// Plays an append's events on what the tables say. An error refuses it.
    pub(crate) fn check(
        before: Shards,
        drafts: &[SaltedDraft],
        first_leaf: u64,
    ) -> Result<Self, StoreError> {
        if !drafts.iter().all(|draft| draft.draft().partition.as_str() == PARTITION) {
            return Err(StoreError::MixedControl);
        }
        let mut after = before.clone();
        for (salted, leaf) in drafts.iter().zip(first_leaf..) {
            let draft = salted.draft();
            let payload = parse(&draft.payload).ok();
            after.control(draft.event_type, leaf, payload.as_ref())?;
        }
        Ok(Self { before, after })
    }

    /// Partitions that stand still from now on, or no more.
    pub(crate) fn frozen(&self) -> impl Iterator<Item = (&str, bool)> {
        self.after.sequences.iter().filter_map(|(shard, sequence)| {
            let was = self.before.sequences.get(shard).is_some_and(|before| before.frozen);
            (was != sequence.frozen).then_some((shard.as_str(), sequence.frozen))
        })
    }

    /// Epochs that begin, with their leaves.
    pub(crate) fn epochs(&self) -> impl Iterator<Item = (u64, u64)> {
        (1u64..).zip(self.after.starts.iter().copied()).skip(self.before.starts.len())
    }
}

/// The epoch marker in the payload at a leaf.
pub(crate) fn marker(leaf: u64, payload: Option<&[u8]>) -> Result<EpochMarker, StoreError> {
    let value: Option<Value> = payload.and_then(|payload| parse(payload).ok());
    value
        .as_ref()
        .and_then(EpochMarker::read)
        .ok_or_else(|| StoreError::Damaged(format!("leaf {leaf} is no epoch marker")))
}
