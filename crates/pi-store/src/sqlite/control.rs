//! The sequences in their tables.

use std::collections::BTreeMap;

use pi_core::Name;
use pi_event_fabric::epoch::{EpochMarker, ShardSequence, Shards};
use rusqlite::{Connection, OptionalExtension as _};

use super::write::{PartitionHead, digest};
use crate::control::{self, Control};
use crate::error::StoreError;

/// Writes what an append changes.
pub(super) fn apply(
    control: &Control,
    connection: &Connection,
    heads: &mut BTreeMap<Name, PartitionHead>,
) -> Result<(), StoreError> {
    for (shard, frozen) in control.frozen() {
        connection.execute("UPDATE heads SET frozen = ?2 WHERE partition = ?1", (shard, frozen))?;
        let cached = Name::new(shard).ok();
        if let Some(head) = cached.and_then(|name| heads.get_mut(&name)) {
            head.frozen = frozen;
        }
    }
    for (epoch, leaf) in control.epochs() {
        connection.execute("INSERT INTO epochs (epoch, leaf) VALUES (?1, ?2)", (epoch, leaf))?;
    }
    Ok(())
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
    control::marker(leaf, payload.as_deref())
}
