//! The total order of events of several partitions (EF-13): epoch, priority of the
//! shard, offset, event hash. The order of commits is the leaf index.

use std::collections::BTreeMap;

use pi_core::{Digest, Name};

/// The priority of a shard that has none.
pub const LAST_PRIORITY: u32 = 9999;

/// Where an event stands among those of all partitions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderKey {
    /// The epoch in which it was committed.
    pub epoch: u64,
    /// The priority of its partition; lower ones come first.
    pub priority: u32,
    /// Its offset.
    pub offset: u64,
    /// Its hash.
    pub event_hash: Digest,
}

/// How partitions are ordered among each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Priorities(pub BTreeMap<Name, u32>);

impl Priorities {
    /// The priority of a partition.
    pub fn of(&self, partition: &Name) -> u32 {
        self.0.get(partition).copied().unwrap_or(LAST_PRIORITY)
    }
}

/// Where each epoch begins, as the leaf indices of its markers in ascending order. The
/// epoch of an event follows from its place in the log; no payload can claim another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochStarts(pub Vec<u64>);

impl EpochStarts {
    /// The epoch in which a leaf was committed; 0 before the first marker. A marker
    /// belongs to the epoch that it begins.
    pub fn epoch_of(&self, leaf_index: u64) -> u64 {
        self.0.partition_point(|start| *start <= leaf_index) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_begins_its_epoch() {
        let starts = EpochStarts(vec![3, 7]);
        let epochs: Vec<u64> = [0, 2, 3, 6, 7, 99].map(|leaf| starts.epoch_of(leaf)).to_vec();
        assert_eq!(epochs, [0, 0, 1, 1, 2, 2]);
    }
}
