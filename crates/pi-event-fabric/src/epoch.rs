//! Epochs and shard sequences. A shard is a partition. To establish an epoch, shards
//! are frozen, their sequences are written into a marker, and they are released.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Digest, Name};

use crate::HeaderView;
use crate::governance::{EPOCH_ESTABLISHED, PARTITION, SHARDS_FROZEN, SHARDS_RELEASED};

/// The sequence of one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardSequence {
    /// Offset of its last event.
    pub sequence: u64,
    /// Hash of that event.
    pub last_event_hash: Option<Digest>,
    /// The last epoch that it took part in.
    pub epoch: u64,
    /// It stands still.
    pub frozen: bool,
}

/// Why a sequence or an epoch does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// The shard is frozen.
    #[error("the partition `{0}` is frozen")]
    Frozen(String),
    /// The shard has no events.
    #[error("the partition `{0}` has no events")]
    Empty(String),
    /// The shard is not frozen.
    #[error("the partition `{0}` is not frozen")]
    NotFrozen(String),
    /// Governance cannot be frozen: nothing could release it.
    #[error("the partition `{PARTITION}` cannot be frozen")]
    Governance,
    /// No shards are named, or one is named twice.
    #[error("the shards must be named in ascending order, each once")]
    Shards,
    /// The offset is not the next one.
    #[error("`{shard}` goes on with {next}, not with {found}")]
    OutOfSequence {
        /// The shard.
        shard: String,
        /// The next offset.
        next: u64,
        /// The offset that came.
        found: u64,
    },
    /// The epoch is not the next one.
    #[error("epoch {found} does not follow epoch {last}")]
    OutOfOrder {
        /// The newest epoch.
        last: u64,
        /// The epoch that came.
        found: u64,
    },
    /// The marker is malformed or says something else than the log.
    #[error("the marker of epoch {epoch} does not fit: {problem}")]
    Marker {
        /// The epoch.
        epoch: u64,
        /// Why.
        problem: &'static str,
    },
    /// The payload cannot be read.
    #[error("the payload of `{0}` cannot be read")]
    Unreadable(String),
}

impl ShardSequence {
    /// Moves on by one event.
    pub fn advance(&mut self, shard: &str, offset: u64, hash: Digest) -> Result<(), SequenceError> {
        if self.frozen {
            return Err(SequenceError::Frozen(shard.to_owned()));
        }
        let next = self.sequence + 1;
        if offset != next {
            let shard = shard.to_owned();
            return Err(SequenceError::OutOfSequence { shard, next, found: offset });
        }
        self.sequence = offset;
        self.last_event_hash = Some(hash);
        Ok(())
    }

    /// Stands still. A frozen sequence cannot be frozen again: whoever froze it is at
    /// work.
    pub fn freeze(&mut self, shard: &str) -> Result<(), SequenceError> {
        if shard == PARTITION {
            return Err(SequenceError::Governance);
        }
        if self.sequence == 0 {
            return Err(SequenceError::Empty(shard.to_owned()));
        }
        if std::mem::replace(&mut self.frozen, true) {
            return Err(SequenceError::Frozen(shard.to_owned()));
        }
        Ok(())
    }

    /// Goes on.
    pub fn release(&mut self, shard: &str) -> Result<(), SequenceError> {
        if std::mem::replace(&mut self.frozen, false) {
            return Ok(());
        }
        Err(SequenceError::NotFrozen(shard.to_owned()))
    }
}

/// The payload of a freeze or a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardList {
    /// The shards, in ascending order.
    pub shards: Vec<Name>,
    /// Why.
    pub reason: String,
}

impl ToCanonical for ShardList {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ShardList { shards, reason } = self;
        encoder.object(|o| {
            o.field("reason", reason).field("shards", shards);
        });
    }
}

/// A shard in a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardMark {
    /// The shard.
    pub shard: Name,
    /// Offset of its last event.
    pub sequence: u64,
    /// Hash of that event.
    pub event_hash: Option<Digest>,
}

/// The payload of an epoch marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochMarker {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Coordination hash of the marker before; `None` for the first.
    pub previous: Option<Digest>,
    /// Where the shards stand, in ascending order.
    pub shards: Vec<ShardMark>,
}

impl EpochMarker {
    /// SHA-256 of the marker without its own hash.
    pub fn coordination_hash(&self) -> Digest {
        Digest::of_canonical(&Marked { marker: self, hash: None })
    }

    /// Reads a stored marker; `None` when it has another layout.
    pub fn read(payload: &Value) -> Option<Self> {
        let link = |value: &Value| match value.as_str()? {
            "" => Some(None),
            hex => Digest::from_hex(hex).map(Some),
        };
        let shards = payload.get("shards")?.as_array()?.iter().map(|shard| {
            Some(ShardMark {
                shard: Name::new(shard.get("shard")?.as_str()?).ok()?,
                sequence: shard.get("sequence")?.as_u64()?,
                event_hash: link(shard.get("event_hash")?)?,
            })
        });
        Some(Self {
            epoch: payload.get("epoch")?.as_u64()?,
            previous: link(payload.get("previous")?)?,
            shards: shards.collect::<Option<_>>()?,
        })
    }
}

struct Marked<'a> {
    marker: &'a EpochMarker,
    hash: Option<Digest>,
}

impl ToCanonical for Marked<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let EpochMarker { epoch, previous, shards } = self.marker;
        encoder.object(|o| {
            if let Some(hash) = &self.hash {
                o.field("coordination_hash", hash);
            }
            o.field("epoch", epoch).field("previous", &link(*previous)).field("shards", shards);
        });
    }
}

fn link(digest: Option<Digest>) -> String {
    digest.map(Digest::to_hex).unwrap_or_default()
}

impl ToCanonical for EpochMarker {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let hash = Some(self.coordination_hash());
        Marked { marker: self, hash }.to_canonical(encoder);
    }
}

impl ToCanonical for ShardMark {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ShardMark { shard, sequence, event_hash } = self;
        encoder.object(|o| {
            o.field("event_hash", &link(*event_hash))
                .field("sequence", sequence)
                .field("shard", shard);
        });
    }
}

/// All sequences and epochs, as the events of a log say in the order of their leaves.
/// Feeding it a whole log is how sequences are recovered after a loss.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shards {
    /// By shard.
    pub sequences: BTreeMap<String, ShardSequence>,
    /// Leaf indices of the epoch markers.
    pub starts: Vec<u64>,
    /// Coordination hash of the newest marker.
    pub last_marker: Option<Digest>,
}

impl Shards {
    /// The newest epoch; 0 before the first.
    pub fn epoch(&self) -> u64 {
        self.starts.len() as u64
    }

    /// The marker that would begin the next epoch with these shards.
    pub fn next_marker(&self, shards: &[Name]) -> EpochMarker {
        let marks = shards.iter().map(|shard| {
            let state = self.sequences.get(shard.as_str());
            ShardMark {
                shard: shard.clone(),
                sequence: state.map_or(0, |state| state.sequence),
                event_hash: state.and_then(|state| state.last_event_hash),
            }
        });
        EpochMarker { epoch: self.epoch() + 1, previous: self.last_marker, shards: marks.collect() }
    }

    /// Takes the next event of the log.
    pub fn take(
        &mut self,
        view: &HeaderView<'_>,
        event_hash: Digest,
        payload: Option<&Value>,
    ) -> Result<(), SequenceError> {
        if !self.sequences.contains_key(view.partition) {
            self.sequences.insert(view.partition.to_owned(), ShardSequence::default());
        }
        if let Some(sequence) = self.sequences.get_mut(view.partition) {
            sequence.advance(view.partition, view.offset, event_hash)?;
        }
        if view.partition == PARTITION {
            self.control(view.event_type, view.leaf_index, payload)?;
        }
        Ok(())
    }

    /// What an event of governance does. A redacted one did nothing that counts.
    pub fn control(
        &mut self,
        event_type: &str,
        leaf_index: u64,
        payload: Option<&Value>,
    ) -> Result<(), SequenceError> {
        if !is_control(event_type) {
            return Ok(());
        }
        let unreadable = || SequenceError::Unreadable(event_type.to_owned());
        let payload = payload.ok_or_else(unreadable)?;
        if event_type == EPOCH_ESTABLISHED {
            return self.establish(leaf_index, payload, EpochMarker::read(payload));
        }
        let shards = payload.get("shards").and_then(Value::as_array).ok_or_else(unreadable)?;
        let names: Option<Vec<Name>> =
            shards.iter().map(|shard| Name::new(shard.as_str()?).ok()).collect();
        let names = names.ok_or_else(unreadable)?;
        ascending(&names)?;
        for name in &names {
            let sequence = self.sequences.entry(name.to_string()).or_default();
            match event_type {
                SHARDS_FROZEN => sequence.freeze(name.as_str())?,
                _ => sequence.release(name.as_str())?,
            }
        }
        Ok(())
    }

    fn establish(
        &mut self,
        leaf_index: u64,
        payload: &Value,
        marker: Option<EpochMarker>,
    ) -> Result<(), SequenceError> {
        let unreadable = || SequenceError::Unreadable(EPOCH_ESTABLISHED.to_owned());
        let marker = marker.ok_or_else(unreadable)?;
        let last = self.epoch();
        if marker.epoch != last + 1 {
            return Err(SequenceError::OutOfOrder { last, found: marker.epoch });
        }
        let unfit = |problem| SequenceError::Marker { epoch: marker.epoch, problem };
        if Encoder::encode(&marker) != Encoder::encode(payload) {
            return Err(unfit("it does not have its hash"));
        }
        let names: Vec<Name> = marker.shards.iter().map(|mark| mark.shard.clone()).collect();
        ascending(&names)?;
        if marker != self.next_marker(&names) {
            return Err(unfit("it names other events than the log has"));
        }
        for name in &names {
            match self.sequences.get_mut(name.as_str()) {
                Some(sequence) if sequence.frozen => sequence.epoch = marker.epoch,
                _ => return Err(SequenceError::NotFrozen(name.to_string())),
            }
        }
        self.starts.push(leaf_index);
        self.last_marker = Some(marker.coordination_hash());
        Ok(())
    }
}

/// Whether events of this type move sequences.
pub fn is_control(event_type: &str) -> bool {
    matches!(event_type, SHARDS_FROZEN | SHARDS_RELEASED | EPOCH_ESTABLISHED)
}

fn ascending(names: &[Name]) -> Result<(), SequenceError> {
    let sorted = names.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
    if sorted && !names.is_empty() { Ok(()) } else { Err(SequenceError::Shards) }
}
