//! Queries.

use std::ops::Range;

use pi_core::{Digest, Encoder, Name, RunId};
use pi_event_fabric::epoch::{ShardSequence, Shards};
use pi_event_fabric::merkle::leaf_hash;
use pi_event_fabric::{Head, HeaderView};
use postgres::Row;

use super::session::{Session, column, long, number};
use crate::error::StoreError;
use crate::{RunEntry, StoredEvent, control, evidence};

/// A query of events: leaf, header, salt, payload.
macro_rules! events {
    ($rest:literal) => {
        concat!(
            "SELECT e.leaf, e.header, p.salt, p.payload FROM pi.events e ",
            "LEFT JOIN pi.payloads p ON p.tenant = $1 AND p.leaf = e.leaf ",
            "WHERE e.tenant = $1 AND ",
            $rest
        )
    };
}

fn row_event(row: &Row) -> Result<StoredEvent, StoreError> {
    let (salt, payload): (Option<Vec<u8>>, Option<Vec<u8>>) = (column(row, 2)?, column(row, 3)?);
    let content = salt.zip(payload);
    Ok(StoredEvent { leaf_index: number(row, 0)?, header: column(row, 1)?, content })
}

fn collect(rows: &[Row]) -> Result<Vec<StoredEvent>, StoreError> {
    rows.iter().map(row_event).collect()
}

pub(super) fn digest(bytes: &[u8]) -> Option<Digest> {
    bytes.try_into().ok().map(Digest::from_bytes)
}

pub(super) fn partition(
    session: &mut Session,
    tenant: &Name,
    partition: &Name,
    from: u64,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = events!(
        "e.\"partition\" = (SELECT id FROM pi.heads WHERE tenant = $1 AND \"partition\" = $2)
         AND e.\"offset\" >= $3 ORDER BY e.\"offset\" LIMIT $4"
    );
    let (from, limit) = (long(from), long(limit));
    collect(&session.query(sql, &[&tenant.as_str(), &partition.as_str(), &from, &limit])?)
}

/// Events between two leaves, both included.
pub(super) fn between(
    session: &mut Session,
    tenant: &Name,
    leaves: (u64, u64),
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = events!("e.leaf BETWEEN $2 AND $3 ORDER BY e.leaf LIMIT $4");
    let (first, last, limit) = (long(leaves.0), long(leaves.1), long(limit));
    collect(&session.query(sql, &[&tenant.as_str(), &first, &last, &limit])?)
}

pub(super) fn tail(
    session: &mut Session,
    tenant: &Name,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = events!("true ORDER BY e.leaf DESC LIMIT $2");
    let mut events = collect(&session.query(sql, &[&tenant.as_str(), &long(limit)])?)?;
    events.reverse();
    Ok(events)
}

pub(super) fn head(
    session: &mut Session,
    tenant: &Name,
    partition: &Name,
) -> Result<Head, StoreError> {
    let sql =
        "SELECT \"offset\", event_hash FROM pi.heads WHERE tenant = $1 AND \"partition\" = $2";
    let Some(row) = session.first(sql, &[&tenant.as_str(), &partition.as_str()])? else {
        return Ok(Head::default());
    };
    Ok(Head { offset: number(&row, 0)?, event_hash: digest(column(&row, 1)?) })
}

pub(super) fn by_correlation(
    session: &mut Session,
    tenant: &Name,
    id: &str,
    limit: usize,
) -> Result<Vec<StoredEvent>, StoreError> {
    let sql = events!(
        "e.leaf IN (SELECT leaf FROM pi.correlations WHERE tenant = $1 AND correlation = $2)
         ORDER BY e.leaf LIMIT $3"
    );
    // As headers spell it, in JSON.
    let quoted = String::from_utf8_lossy(&Encoder::encode(id)).into_owned();
    let spelt = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let spelt = spelt.unwrap_or_default();
    collect(&session.query(sql, &[&tenant.as_str(), &spelt, &long(limit)])?)
}

fn row_run(row: &Row) -> Result<Option<RunEntry>, StoreError> {
    let Some(run) = RunId::parse(column(row, 0)?) else { return Ok(None) };
    let (first_leaf, last_leaf) = (number(row, 1)?, number(row, 2)?);
    Ok(Some(RunEntry { run, first_leaf, last_leaf, sealed: column(row, 3)? }))
}

pub(super) fn runs(
    session: &mut Session,
    tenant: &Name,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<RunEntry>, StoreError> {
    let sql = "SELECT run, first_leaf, last_leaf, sealed FROM pi.runs
               WHERE tenant = $1 AND first_leaf < $2 ORDER BY first_leaf DESC LIMIT $3";
    let before = before.map_or(i64::MAX, long);
    let rows = session.query(sql, &[&tenant.as_str(), &before, &long(limit)])?;
    let entries: Vec<Option<RunEntry>> = rows.iter().map(row_run).collect::<Result<_, _>>()?;
    Ok(entries.into_iter().flatten().collect())
}

pub(super) fn run(
    session: &mut Session,
    tenant: &Name,
    run: &RunId,
) -> Result<Option<RunEntry>, StoreError> {
    let sql = "SELECT run, first_leaf, last_leaf, sealed FROM pi.runs
               WHERE tenant = $1 AND run = $2";
    let row = session.first(sql, &[&tenant.as_str(), &run.as_str()])?;
    row.map_or(Ok(None), |row| row_run(&row))
}

pub(super) fn checkpoint(
    session: &mut Session,
    tenant: &Name,
) -> Result<Option<String>, StoreError> {
    let sql = "SELECT note FROM pi.checkpoints WHERE tenant = $1 ORDER BY size DESC LIMIT 1";
    let row = session.first(sql, &[&tenant.as_str()])?;
    row.map(|row| column(&row, 0)).transpose()
}

/// The roots at a height that is kept, in a range of numbers.
pub(super) fn level(
    session: &mut Session,
    tenant: &Name,
    height: u32,
    range: Range<u64>,
) -> Result<Vec<Digest>, StoreError> {
    let (from, to) = (long(range.start), long(range.end));
    if height == 0 {
        let sql = "SELECT header FROM pi.events
                   WHERE tenant = $1 AND leaf >= $2 AND leaf < $3 ORDER BY leaf";
        let rows = session.query(sql, &[&tenant.as_str(), &from, &to])?;
        return rows.iter().map(|row| Ok(leaf_hash(&Digest::of(column(row, 0)?)))).collect();
    }
    let sql = "SELECT root FROM pi.subtrees
               WHERE tenant = $1 AND height = $2 AND number >= $3 AND number < $4 ORDER BY number";
    let height = i32::try_from(height).unwrap_or(i32::MAX);
    let rows = session.query(sql, &[&tenant.as_str(), &height, &from, &to])?;
    let roots: Vec<Option<Digest>> =
        rows.iter().map(|row| Ok(digest(column(row, 0)?))).collect::<Result<_, StoreError>>()?;
    Ok(roots.into_iter().flatten().collect())
}

pub(super) fn blob(
    session: &mut Session,
    tenant: &Name,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT bytes FROM pi.blobs WHERE tenant = $1 AND digest = $2";
    let row = session.first(sql, &[&tenant.as_str(), &digest.as_bytes().as_slice()])?;
    let bytes: Option<Vec<u8>> = row.map(|row| column(&row, 0)).transpose()?;
    match bytes {
        Some(bytes) if Digest::of(&bytes) != *digest => {
            Err(StoreError::Damaged(format!("blob {digest} has other bytes")))
        }
        other => Ok(other),
    }
}

pub(super) fn sealed_blob(
    session: &mut Session,
    tenant: &Name,
    run: &RunId,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "SELECT k.key, s.bytes FROM pi.sealed_blobs s
               JOIN pi.run_keys k ON k.tenant = s.tenant AND k.run = s.run
               WHERE s.tenant = $1 AND s.run = $2 AND s.digest = $3";
    let parameters: [&(dyn postgres::types::ToSql + Sync); 3] =
        [&tenant.as_str(), &run.as_str(), &digest.as_bytes().as_slice()];
    let Some(row) = session.first(sql, &parameters)? else { return Ok(None) };
    let key: [u8; 32] = column::<&[u8]>(&row, 0)?
        .try_into()
        .map_err(|_| StoreError::Damaged("a run key is malformed".to_owned()))?;
    evidence::open(&key, digest, column(&row, 1)?).map(Some)
}

/// The sequences and epochs as the tables say. The epoch of a sequence is not kept.
pub(super) fn shards(session: &mut Session, tenant: &Name) -> Result<Shards, StoreError> {
    let sql =
        "SELECT \"partition\", \"offset\", event_hash, frozen FROM pi.heads WHERE tenant = $1";
    let mut shards = Shards::default();
    for row in session.query(sql, &[&tenant.as_str()])? {
        let (sequence, frozen) = (number(&row, 1)?, column(&row, 3)?);
        let last_event_hash = digest(column(&row, 2)?);
        let sequence = ShardSequence { sequence, last_event_hash, epoch: 0, frozen };
        shards.sequences.insert(column(&row, 0)?, sequence);
    }
    let sql = "SELECT leaf FROM pi.epochs WHERE tenant = $1 ORDER BY epoch";
    let rows = session.query(sql, &[&tenant.as_str()])?;
    shards.starts = rows.iter().map(|row| number(row, 0)).collect::<Result<_, _>>()?;
    if let Some(leaf) = shards.starts.last() {
        let sql = "SELECT payload FROM pi.payloads WHERE tenant = $1 AND leaf = $2";
        let row = session.first(sql, &[&tenant.as_str(), &long(*leaf)])?;
        let payload: Option<Vec<u8>> = row.map_or(Ok(None), |row| column(&row, 0))?;
        let marker = control::marker(*leaf, payload.as_deref())?;
        shards.last_marker = Some(marker.coordination_hash());
    }
    Ok(shards)
}

/// Whether an event belongs to a run.
pub(super) fn belongs(event: &StoredEvent, run: &RunId) -> bool {
    HeaderView::parse(&event.header).is_some_and(|view| view.run == Some(run.as_str()))
}
