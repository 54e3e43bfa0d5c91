//! Events that move sequences: freezing, releasing, epoch markers. What they may do is
//! decided by `pi_event_fabric::epoch`; here it is read from tables and written back.

use std::collections::BTreeMap;

use pi_core::Name;
use pi_core::canonical::{Value, parse};
use pi_event_fabric::SaltedDraft;
use pi_event_fabric::epoch::{EpochMarker, ShardSequence, Shards, is_control};
use pi_event_fabric::governance::PARTITION;
use rusqlite::{Connection, OptionalExtension as _};

use super::write::{PartitionHead, digest};
use crate::error::StoreError;

/// Whether a draft moves sequences.
pub(super) fn moves_sequences(salted: &SaltedDraft) -> bool {
    let draft = salted.draft();
    draft.partition.as_str() == PARTITION && is_control(draft.event_type)
}

/// What an append does to the sequences.
pub(super) struct Control {
    before: Shards,
    after: Shards,
}

impl Control {
    /// Plays an append's events on what the tables say. The inner error refuses it.
    pub(super) fn check(
        connection: &Connection,
        drafts: &[SaltedDraft],
        first_leaf: u64,
    ) -> Result<Result<Option<Self>, StoreError>, StoreError> {
        if !drafts.iter().all(|draft| draft.draft().partition.as_str() == PARTITION) {
            return Ok(Err(StoreError::MixedControl));
        }
        let before = load(connection)?;
        let mut after = before.clone();
        for (salted, leaf) in drafts.iter().zip(first_leaf..) {
            let draft = salted.draft();
            let payload = parse(&draft.payload).ok();
            if let Err(error) = after.control(draft.event_type, leaf, payload.as_ref()) {
                return Ok(Err(error.into()));
            }
        }
        Ok(Ok(Some(Self { before, after })))
    }

    /// Writes what changed.
    pub(super) fn apply(
        self,
        connection: &Connection,
        heads: &mut BTreeMap<Name, PartitionHead>,
    ) -> Result<(), StoreError> {
        let Self { before, after } = self;
        for (shard, sequence) in &after.sequences {
            let was = before.sequences.get(shard).is_some_and(|before| before.frozen);
            if was != sequence.frozen {
                connection.execute(
                    "UPDATE heads SET frozen = ?2 WHERE partition = ?1",
                    (shard, sequence.frozen),
                )?;
                let cached = Name::new(shard.as_str()).ok();
                if let Some(head) = cached.and_then(|name| heads.get_mut(&name)) {
                    head.frozen = sequence.frozen;
                }
            }
        }
        for (epoch, leaf) in (1u64..).zip(&after.starts).skip(before.starts.len()) {
            connection
                .execute("INSERT INTO epochs (epoch, leaf) VALUES (?1, ?2)", (epoch, leaf))?;
        }
        Ok(())
    }
}

/// The sequences and epochs as the tables say. The epoch of a sequence is not kept.
pub(super) fn load(connection: &Connection) -> Result<Shards, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT partition, offset, event_hash, frozen FROM heads")?;
    let rows = statement.query_map([], |row| {
        let (name, sequence, hash, frozen): (String, u64, Vec<u8>, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((name, ShardSequence { sequence, last_event_hash: digest(&hash), epoch: 0, frozen }))
    })?;
    let sequences = rows.collect::<Result<_, _>>()?;
    let mut statement = connection.prepare_cached("SELECT leaf FROM epochs ORDER BY epoch")?;
    let starts: Vec<u64> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let last_marker = match starts.last() {
        Some(leaf) => Some(marker(connection, *leaf)?.coordination_hash()),
        None => None,
    };
    Ok(Shards { sequences, starts, last_marker })
}

fn marker(connection: &Connection, leaf: u64) -> Result<EpochMarker, StoreError> {
    let payload: Option<Vec<u8>> = connection
        .prepare_cached("SELECT payload FROM payloads WHERE leaf = ?1")?
        .query_row([leaf], |row| row.get(0))
        .optional()?
        .flatten();
    let value: Option<Value> = payload.and_then(|payload| parse(&payload).ok());
    value
        .as_ref()
        .and_then(EpochMarker::read)
        .ok_or_else(|| StoreError::Damaged(format!("leaf {leaf} is no epoch marker")))
}
