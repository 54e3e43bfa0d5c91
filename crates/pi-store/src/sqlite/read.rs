//! Queries.

use std::ops::Range;

use pi_core::{Digest, Encoder, Name, RunId};
use pi_event_fabric::merkle::leaf_hash;
use pi_event_fabric::{Bundle, Head, HeaderView, PublicKey};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::write::digest;
use crate::error::StoreError;
use crate::{RunEntry, StoredEvent, evidence, proof};

const EVENT: &str = "SELECT e.leaf, e.header, p.salt, p.payload FROM events e
                     LEFT JOIN payloads p ON p.leaf = e.leaf";

/// The event in a row of leaf, header, salt, payload.
pub(crate) fn row_event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    let (salt, payload): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(2)?, row.get(3)?);
    Ok(StoredEvent { leaf_index: row.get(0)?, header: row.get(1)?, content: salt.zip(payload) })
}

pub(crate) fn partition(
    connection: &Connection,
    partition: &Name,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!(
        "{EVENT} WHERE e.partition = (SELECT id FROM heads WHERE partition = ?1)
         AND e.offset >= ?2 ORDER BY e.offset LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((partition.as_str(), from, limit), row_event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn visit_run(
    connection: &Connection,
    run: &RunId,
    visit: &mut dyn FnMut(StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let entry = self::run(connection, run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
    let sql = format!("{EVENT} WHERE e.leaf BETWEEN ?1 AND ?2 ORDER BY e.leaf");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((entry.first_leaf, entry.last_leaf))?;
    while let Some(row) = rows.next()? {
        let event = row_event(row)?;
        // Events of other runs may lie in between.
        let belongs =
            HeaderView::parse(&event.header).is_some_and(|view| view.run == Some(run.as_str()));
        if belongs {
            visit(event)?;
        }
    }
    Ok(())
}

pub(super) fn tail(connection: &Connection, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!("{EVENT} ORDER BY e.leaf DESC LIMIT ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], row_event)?;
    let mut events: Vec<StoredEvent> = rows.collect::<Result<_, _>>()?;
    events.reverse();
    Ok(events)
}

pub(crate) fn after(
    connection: &Connection,
    leaf: Option<u64>,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!("{EVENT} WHERE e.leaf >= ?1 ORDER BY e.leaf LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let from = leaf.map_or(0, |leaf| leaf + 1);
    let rows = statement.query_map((from, limit), row_event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn head(connection: &Connection, partition: &Name) -> Result<Head, StoreError> {
    let found: Option<(u64, Vec<u8>)> = connection
        .prepare_cached("SELECT offset, event_hash FROM heads WHERE partition = ?1")?
        .query_row([partition.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map_or(Head::default(), |(offset, hash)| Head { offset, event_hash: digest(&hash) }))
}

pub(super) fn by_correlation(
    connection: &Connection,
    id: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = format!(
        "{EVENT} WHERE e.leaf IN (SELECT leaf FROM correlations WHERE correlation = ?1)
         ORDER BY e.leaf LIMIT ?2"
    );
    let spelt = spelt(id);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((spelt, limit), row_event)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A correlation id as headers spell it, in JSON.
fn spelt(id: &str) -> String {
    let quoted = String::from_utf8_lossy(&Encoder::encode(id)).into_owned();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or_default().to_owned()
}

fn row_run(row: &Row<'_>) -> rusqlite::Result<Option<RunEntry>> {
    let text: String = row.get(0)?;
    let Some(run) = RunId::parse(&text) else { return Ok(None) };
    Ok(Some(RunEntry { run, first_leaf: row.get(1)?, last_leaf: row.get(2)?, sealed: row.get(3)? }))
}

pub(super) fn runs(
    connection: &Connection,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<RunEntry>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT run, first_leaf, last_leaf, sealed FROM runs
         WHERE first_leaf < ?1 ORDER BY first_leaf DESC LIMIT ?2",
    )?;
    let before = before.map_or(i64::MAX, |leaf| i64::try_from(leaf).unwrap_or(i64::MAX));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = statement.query_map([before, limit], row_run)?;
    let entries: Vec<Option<RunEntry>> = rows.collect::<Result<_, _>>()?;
    Ok(entries.into_iter().flatten().collect())
}

pub(super) fn run(connection: &Connection, run: &RunId) -> Result<Option<RunEntry>, StoreError> {
    let entry = connection
        .prepare_cached("SELECT run, first_leaf, last_leaf, sealed FROM runs WHERE run = ?1")?
        .query_row([run.as_str()], row_run)
        .optional()?;
    Ok(entry.flatten())
}

pub(super) fn checkpoint(connection: &Connection) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?)
}

pub(super) fn leaf_at(
    connection: &Connection,
    partition: &Name,
    offset: u64,
) -> Result<u64, StoreError> {
    connection
        .prepare_cached(
            "SELECT leaf FROM events
             WHERE partition = (SELECT id FROM heads WHERE partition = ?1) AND offset = ?2",
        )?
        .query_row((partition.as_str(), offset), |row| row.get(0))
        .optional()?
        .ok_or_else(|| StoreError::NoEvent { partition: partition.clone(), offset })
}

/// The roots at a height that is kept, in a range of numbers.
fn level(
    connection: &Connection,
    height: u32,
    range: Range<u64>,
) -> Result<Vec<Digest>, StoreError> {
    let mut roots = Vec::new();
    if height == 0 {
        let mut statement = connection.prepare_cached(
            "SELECT header FROM events WHERE leaf >= ?1 AND leaf < ?2 ORDER BY leaf",
        )?;
        let mut rows = statement.query((range.start, range.end))?;
        while let Some(row) = rows.next()? {
            roots.push(leaf_hash(&Digest::of(row.get_ref(0)?.as_blob().unwrap_or_default())));
        }
    } else {
        let mut statement = connection.prepare_cached(
            "SELECT root FROM subtrees WHERE height = ?1 AND number >= ?2 AND number < ?3
             ORDER BY number",
        )?;
        let mut rows = statement.query((height, range.start, range.end))?;
        while let Some(row) = rows.next()? {
            roots.extend(digest(row.get_ref(0)?.as_blob().unwrap_or_default()));
        }
    }
    Ok(roots)
}

fn bundle(
    connection: &Connection,
    tenant: &Name,
    key: &PublicKey,
    run: Option<&RunId>,
    events: Vec<StoredEvent>,
) -> Result<Bundle, StoreError> {
    let note = checkpoint(connection)?;
    proof::bundle(note, tenant, key, run, events, &mut |height, range| {
        level(connection, height, range)
    })
}

pub(super) fn prove(
    connection: &Connection,
    tenant: &Name,
    key: &PublicKey,
    partition: &Name,
    offset: u64,
) -> Result<Bundle, StoreError> {
    let events = self::partition(connection, partition, offset, 1)?;
    let found =
        events.first().and_then(|event| HeaderView::parse(&event.header)).map(|view| view.offset);
    if found != Some(offset) {
        return Err(StoreError::NoEvent { partition: partition.clone(), offset });
    }
    bundle(connection, tenant, key, None, events)
}

pub(super) fn export(
    connection: &Connection,
    tenant: &Name,
    key: &PublicKey,
    run: &RunId,
) -> Result<Bundle, StoreError> {
    let mut events = Vec::new();
    visit_run(connection, run, &mut |event| {
        events.push(event);
        Ok(())
    })?;
    bundle(connection, tenant, key, Some(run), events)
}

pub(super) fn blob(
    connection: &Connection,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let bytes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT bytes FROM blobs WHERE digest = ?1")?
        .query_row([digest.as_bytes().as_slice()], |row| row.get(0))
        .optional()?;
    match bytes {
        Some(bytes) if Digest::of(&bytes) != *digest => {
            Err(StoreError::Damaged(format!("blob {digest} has other bytes")))
        }
        other => Ok(other),
    }
}

pub(super) fn sealed_blob(
    connection: &Connection,
    run: &RunId,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let found: Option<(Vec<u8>, Vec<u8>)> = connection
        .prepare_cached(
            "SELECT k.key, s.bytes FROM sealed_blobs s JOIN run_keys k ON k.run = s.run
             WHERE s.run = ?1 AND s.digest = ?2",
        )?
        .query_row((run.as_str(), digest.as_bytes().as_slice()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((key, sealed)) = found else { return Ok(None) };
    let key: [u8; 32] =
        key.try_into().map_err(|_| StoreError::Damaged("a run key is malformed".to_owned()))?;
    evidence::open(&key, digest, &sealed).map(Some)
}
