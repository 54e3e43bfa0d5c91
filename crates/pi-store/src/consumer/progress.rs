//! Checkpoints of consumer groups. Each is sealed with a key that the database does not
//! hold; the group's own row seals their sum, so that one that is missing or older than
//! it was shows too.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit as _, Mac as _};
use pi_core::canonical::Encoder;
use pi_core::{Digest, Name};
use pi_event_fabric::Head;
use rusqlite::{Connection, OptionalExtension as _};
use sha2::Sha256;

use super::lease::next_generation;
use crate::error::StoreError;

/// How far a group has come in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerCheckpoint {
    /// Offset of the last event that was applied.
    pub offset: u64,
    /// Hash of that event.
    pub event_hash: Digest,
}

impl ConsumerCheckpoint {
    pub(super) fn head(self) -> Head {
        Head { offset: self.offset, event_hash: Some(self.event_hash) }
    }
}

/// The group's row.
struct Group {
    incarnation: u64,
    /// Sum of the offsets of its checkpoints.
    total: u64,
}

/// Verified checkpoints by partition.
type Checkpoints = BTreeMap<Name, ConsumerCheckpoint>;

fn invalid(group: &Name, partition: &str, problem: &'static str) -> StoreError {
    let (group, partition) = (group.to_string(), partition.to_owned());
    StoreError::ConsumerCheckpoint { group, partition, problem }
}

fn mac(key: &Digest, message: &[u8]) -> Result<Hmac<Sha256>, StoreError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map_err(|error| StoreError::Database(error.to_string()))?;
    mac.update(message);
    Ok(mac)
}

fn seal(key: &Digest, message: &[u8]) -> Result<Vec<u8>, StoreError> {
    Ok(mac(key, message)?.finalize().into_bytes().to_vec())
}

fn is_sealed(key: &Digest, message: &[u8], seal: &[u8]) -> Result<bool, StoreError> {
    Ok(mac(key, message)?.verify_slice(seal).is_ok())
}

fn group_message(group: &Name, state: &Group) -> Vec<u8> {
    let Group { incarnation, total } = state;
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("group", group).field("incarnation", incarnation).field("total", total);
    });
    encoder.into_bytes()
}

fn message(
    group: &Name,
    partition: &Name,
    incarnation: u64,
    checkpoint: &ConsumerCheckpoint,
) -> Vec<u8> {
    let ConsumerCheckpoint { offset, event_hash } = checkpoint;
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("event_hash", event_hash)
            .field("group", group)
            .field("incarnation", &incarnation)
            .field("offset", offset)
            .field("partition", partition);
    });
    encoder.into_bytes()
}

/// Makes the group's row; `false` when it exists.
pub(super) fn begin(
    connection: &Connection,
    key: &Digest,
    group: &Name,
) -> Result<bool, StoreError> {
    let seal = seal(key, &group_message(group, &Group { incarnation: 1, total: 0 }))?;
    let made = connection.execute(
        "INSERT OR IGNORE INTO consumers (name, generation, incarnation, total, seal)
         VALUES (?1, 0, 1, 0, ?2)",
        (group.as_str(), seal),
    )?;
    Ok(made > 0)
}

/// The group and all its checkpoints, verified.
fn state(
    connection: &Connection,
    key: &Digest,
    group: &Name,
) -> Result<(Group, Checkpoints), StoreError> {
    let found: Option<(u64, u64, Vec<u8>)> = connection
        .prepare_cached("SELECT incarnation, total, seal FROM consumers WHERE name = ?1")?
        .query_row([group.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let all = |problem| invalid(group, "all partitions", problem);
    let (incarnation, total, seal) = found.ok_or_else(|| all("the group does not exist"))?;
    let state = Group { incarnation, total };
    if !is_sealed(key, &group_message(group, &state), &seal)? {
        return Err(all("the group does not have its seal"));
    }
    let checkpoints = checkpoints(connection, key, group, incarnation)?;
    let offsets = checkpoints.values().map(|checkpoint| checkpoint.offset);
    if offsets.fold(0, u64::saturating_add) != total {
        return Err(all("one is missing or has moved backwards"));
    }
    Ok((state, checkpoints))
}

fn checkpoints(
    connection: &Connection,
    key: &Digest,
    group: &Name,
    incarnation: u64,
) -> Result<Checkpoints, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT partition, offset, event_hash, seal FROM consumer_checkpoints
         WHERE consumer = ?1 AND incarnation = ?2",
    )?;
    let mut rows = statement.query((group.as_str(), incarnation))?;
    let mut checkpoints = Checkpoints::new();
    while let Some(row) = rows.next()? {
        let (partition, offset, hash, seal): (String, u64, Vec<u8>, Vec<u8>) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let invalid = |problem| invalid(group, &partition, problem);
        let name = Name::new(partition.as_str()).map_err(|_| invalid("its name is malformed"))?;
        let hash: [u8; 32] = hash.try_into().map_err(|_| invalid("its hash is malformed"))?;
        let checkpoint = ConsumerCheckpoint { offset, event_hash: Digest::from_bytes(hash) };
        if !is_sealed(key, &message(group, &name, incarnation, &checkpoint), &seal)? {
            return Err(invalid("it does not have its seal"));
        }
        checkpoints.insert(name, checkpoint);
    }
    Ok(checkpoints)
}

pub(super) fn read(
    connection: &Connection,
    key: &Digest,
    group: &Name,
    partition: &Name,
) -> Result<Option<ConsumerCheckpoint>, StoreError> {
    let (_, mut checkpoints) = state(connection, key, group)?;
    let Some(checkpoint) = checkpoints.remove(partition) else { return Ok(None) };
    lies_in_log(connection, group, partition, &checkpoint)?;
    Ok(Some(checkpoint))
}

/// All checkpoints of a group.
pub(super) fn all(
    connection: &Connection,
    key: &Digest,
    group: &Name,
) -> Result<Checkpoints, StoreError> {
    let (_, checkpoints) = state(connection, key, group)?;
    for (partition, checkpoint) in &checkpoints {
        lies_in_log(connection, group, partition, checkpoint)?;
    }
    Ok(checkpoints)
}

/// The log has the event that a checkpoint names.
fn lies_in_log(
    connection: &Connection,
    group: &Name,
    partition: &Name,
    checkpoint: &ConsumerCheckpoint,
) -> Result<(), StoreError> {
    let invalid = |problem| invalid(group, partition.as_str(), problem);
    let header: Option<Vec<u8>> = connection
        .prepare_cached(
            "SELECT header FROM events
             WHERE partition = (SELECT id FROM heads WHERE partition = ?1) AND offset = ?2",
        )?
        .query_row((partition.as_str(), checkpoint.offset), |row| row.get(0))
        .optional()?;
    match header {
        None => Err(invalid("it lies beyond the log")),
        Some(header) if Digest::of(&header) != checkpoint.event_hash => {
            Err(invalid("it names another event than the log has"))
        }
        Some(_) => Ok(()),
    }
}

/// Moves a checkpoint forward.
pub(super) fn advance(
    connection: &Connection,
    key: &Digest,
    group: &Name,
    partition: &Name,
    checkpoint: &ConsumerCheckpoint,
) -> Result<(), StoreError> {
    let (state, checkpoints) = state(connection, key, group)?;
    let before = checkpoints.get(partition).map_or(0, |before| before.offset);
    let step = checkpoint.offset.checked_sub(before).filter(|step| *step > 0);
    let step = step.ok_or_else(|| invalid(group, partition.as_str(), "it would move backwards"))?;
    let sealed = seal(key, &message(group, partition, state.incarnation, checkpoint))?;
    connection.execute(
        "INSERT INTO consumer_checkpoints
           (consumer, partition, incarnation, offset, event_hash, seal)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (consumer, partition) DO UPDATE
           SET incarnation = ?3, offset = ?4, event_hash = ?5, seal = ?6",
        (
            group.as_str(),
            partition.as_str(),
            state.incarnation,
            checkpoint.offset,
            checkpoint.event_hash.as_bytes().as_slice(),
            sealed,
        ),
    )?;
    put(connection, key, group, &Group { total: state.total.saturating_add(step), ..state })
}

/// Begins the next incarnation: all checkpoints so far count no more.
pub(super) fn restart(
    connection: &Connection,
    key: &Digest,
    group: &Name,
) -> Result<(), StoreError> {
    // What was wrong with the old checkpoints does not matter any more.
    let incarnation: u64 = connection.query_row(
        "SELECT COALESCE(MAX(incarnation), 0) FROM
           (SELECT incarnation FROM consumers WHERE name = ?1
            UNION ALL SELECT incarnation FROM consumer_checkpoints WHERE consumer = ?1)",
        [group.as_str()],
        |row| row.get(0),
    )?;
    begin(connection, key, group)?;
    put(connection, key, group, &Group { incarnation: incarnation + 1, total: 0 })?;
    next_generation(connection, group)
}

fn put(
    connection: &Connection,
    key: &Digest,
    group: &Name,
    state: &Group,
) -> Result<(), StoreError> {
    let sealed = seal(key, &group_message(group, state))?;
    connection.execute(
        "UPDATE consumers SET incarnation = ?2, total = ?3, seal = ?4 WHERE name = ?1",
        (group.as_str(), state.incarnation, state.total, sealed),
    )?;
    Ok(())
}
