//! Memory across runs: short entries that people and the outermost layer look
//! up. It informs; no verdict ever reads it.
//!
//! One SQLite file, beside the log and no part of it. Every query names the
//! tenant, and each tenant has a full-text index of its own, so that not even
//! the ranking shows what others wrote. What is written passes the redactor
//! that the memory was opened with: there is no other way in.

mod entry;
mod error;
mod query;
mod schema;
mod shown;

use std::path::PathBuf;

use pi_core::{Digest, Name, RunId, Timestamp};
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

pub use entry::{Age, Drift, Entry, EntryDraft, Freshness, Source};
pub use error::MemoryError;
pub use query::MAX_QUERY_BYTES;
pub use shown::{Recalled, Shown};

/// `PI_MEMORY_MAX_ROWS` when it is not set.
pub const DEFAULT_MAX_ROWS: u64 = 10_000;

/// `PI_MEMORY_VACUUM_EVERY` when it is not set: often enough that the file stays
/// near the size of its content, seldom enough that no one waits for it.
pub const DEFAULT_VACUUM_EVERY: u64 = 500;

/// The longest key in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// The longest body in bytes. An entry is a note, not a document.
pub const MAX_BODY_BYTES: usize = 16 * 1024;

/// Masks what must not be kept.
pub type Redactor = fn(&str) -> String;

/// Where the memory lies and how much it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryOptions {
    /// The file.
    pub path: PathBuf,
    /// Entries that are kept for each tenant; the oldest make room.
    pub max_rows: u64,
    /// Writes after which the file is compacted.
    pub vacuum_every: u64,
}

/// What a write came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// An entry with this key was there and is gone.
    pub replaced: bool,
    /// Oldest entries that made room.
    pub evicted: usize,
    /// The file was compacted.
    pub compacted: bool,
}

/// What a purge came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purged {
    /// Entries that are gone.
    pub entries: usize,
    /// The file was compacted; when it was busy, a later write does it.
    pub compacted: bool,
}

/// The memory, open. Several may be open on one file, in several processes.
pub struct Memory {
    connection: Connection,
    options: MemoryOptions,
    redact: Redactor,
}

const COLUMNS: &str =
    "entries.seq, entries.key, entries.body, drift, run, source, source_digest, written_at, hash";

impl Memory {
    /// Opens the memory and creates it if there is none. Everything that is
    /// written passes `redact` first.
    ///
    /// # Errors
    /// [`MemoryError`] when the path cannot be used, or the file is damaged,
    /// something else, or of a newer build.
    pub fn open(options: MemoryOptions, redact: Redactor) -> Result<Self, MemoryError> {
        let connection = schema::open(&options.path)?;
        Ok(Self { connection, options, redact })
    }

    /// Writes an entry. One with the same key is replaced, and the oldest beyond
    /// the cap make room.
    ///
    /// # Errors
    /// [`MemoryError`]; nothing was written then.
    pub fn remember(&mut self, tenant: &Name, draft: EntryDraft) -> Result<Written, MemoryError> {
        let draft = draft.redacted(self.redact);
        bounded("key", draft.key.len(), MAX_KEY_BYTES)?;
        bounded("body", draft.body.len(), MAX_BODY_BYTES)?;
        let index = schema::index_of(tenant);
        let max_rows = self.options.max_rows;
        let transaction = self.begin()?;
        schema::create_index(&transaction, &index)?;
        let replaced = remove(
            &transaction,
            &index,
            "SELECT seq, key, body FROM entries WHERE tenant = ?1 AND key = ?2",
            (tenant.as_str(), &draft.key),
        )?;
        insert(&transaction, &index, tenant, &draft)?;
        let evicted = remove(
            &transaction,
            &index,
            "SELECT seq, key, body FROM entries WHERE tenant = ?1
             ORDER BY seq DESC LIMIT -1 OFFSET ?2",
            (tenant.as_str(), max_rows),
        )?;
        let writes = schema::count_write(&transaction)?;
        transaction.commit()?;
        let due = writes >= self.options.vacuum_every;
        let compacted = due && schema::compact(&self.connection)?;
        Ok(Written { replaced: replaced > 0, evicted, compacted })
    }

    /// The entries that hold all words of `text`, best first, then newest first.
    /// Nothing in `text` is syntax.
    ///
    /// # Errors
    /// [`MemoryError`] when there is no word in `text`, it is too long, or the
    /// file cannot be read.
    pub fn search(
        &self,
        tenant: &Name,
        text: &str,
        limit: usize,
    ) -> Result<Vec<Entry>, MemoryError> {
        let query = query::build(text)?;
        let index = schema::index_of(tenant);
        if !schema::has_index(&self.connection, &index)? {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM {index} JOIN entries ON entries.seq = {index}.rowid
             WHERE {index} MATCH ?2 AND tenant = ?1 ORDER BY rank, seq DESC LIMIT ?3"
        );
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map((tenant.as_str(), query, limit), raw)?;
        rows.map(|row| row?.checked(tenant)).collect()
    }

    /// The newest entries, newest first.
    ///
    /// # Errors
    /// [`MemoryError`] when the file cannot be read.
    pub fn newest(&self, tenant: &Name, limit: usize) -> Result<Vec<Entry>, MemoryError> {
        let sql =
            format!("SELECT {COLUMNS} FROM entries WHERE tenant = ?1 ORDER BY seq DESC LIMIT ?2");
        let mut statement = self.connection.prepare(&sql)?;
        let rows = statement.query_map((tenant.as_str(), limit), raw)?;
        rows.map(|row| row?.checked(tenant)).collect()
    }

    /// Number of entries.
    ///
    /// # Errors
    /// [`MemoryError`] when the file cannot be read.
    pub fn count(&self, tenant: &Name) -> Result<u64, MemoryError> {
        let sql = "SELECT count(*) FROM entries WHERE tenant = ?1";
        Ok(self.connection.query_row(sql, [tenant.as_str()], |row| row.get(0))?)
    }

    /// Erases the entries of a run and compacts the file.
    ///
    /// # Errors
    /// [`MemoryError`]; nothing was erased then.
    pub fn purge_run(&mut self, tenant: &Name, run: &RunId) -> Result<Purged, MemoryError> {
        self.purge(
            tenant,
            "SELECT seq, key, body FROM entries WHERE tenant = ?1 AND run = ?2",
            (tenant.as_str(), run.as_str()),
        )
    }

    /// Erases everything of a tenant and compacts the file.
    ///
    /// # Errors
    /// [`MemoryError`]; nothing was erased then.
    pub fn purge_all(&mut self, tenant: &Name) -> Result<Purged, MemoryError> {
        let sql = "SELECT seq, key, body FROM entries WHERE tenant = ?1";
        self.purge(tenant, sql, (tenant.as_str(),))
    }

    fn purge(
        &mut self,
        tenant: &Name,
        selection: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Purged, MemoryError> {
        let index = schema::index_of(tenant);
        let transaction = self.begin()?;
        schema::create_index(&transaction, &index)?;
        let entries = remove(&transaction, &index, selection, parameters)?;
        schema::count_write(&transaction)?;
        transaction.commit()?;
        Ok(Purged { entries, compacted: schema::compact(&self.connection)? })
    }

    fn begin(&mut self) -> Result<Transaction<'_>, MemoryError> {
        Ok(self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

fn bounded(what: &'static str, bytes: usize, limit: usize) -> Result<(), MemoryError> {
    if bytes > limit { Err(MemoryError::TooLong { what, bytes, limit }) } else { Ok(()) }
}

fn insert(
    transaction: &Transaction<'_>,
    index: &str,
    tenant: &Name,
    draft: &EntryDraft,
) -> Result<(), MemoryError> {
    let source = draft.source.as_ref();
    transaction
        .prepare_cached(
            "INSERT INTO entries
             (tenant, key, body, drift, run, source, source_digest, written_at, hash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            tenant.as_str(),
            &draft.key,
            &draft.body,
            draft.drift.as_str(),
            draft.run.as_ref().map(RunId::as_str),
            source.map(|source| &source.name),
            source.map(|source| source.digest.as_bytes().as_slice()),
            draft.written_at.as_micros(),
            draft.hash(tenant).as_bytes().as_slice(),
        ))?;
    transaction
        .prepare_cached(&format!("INSERT INTO {index} (rowid, key, body) VALUES (?1, ?2, ?3)"))?
        .execute((transaction.last_insert_rowid(), &draft.key, &draft.body))?;
    Ok(())
}

/// Removes the entries that `selection` gives from table and index.
fn remove(
    transaction: &Transaction<'_>,
    index: &str,
    selection: &str,
    parameters: impl rusqlite::Params,
) -> Result<usize, MemoryError> {
    let found: Vec<(i64, String, String)> = transaction
        .prepare_cached(selection)?
        .query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (seq, key, body) in &found {
        // The index keeps no text of its own: it must be told what it indexed.
        transaction
            .prepare_cached(&format!(
                "INSERT INTO {index} ({index}, rowid, key, body) VALUES ('delete', ?1, ?2, ?3)"
            ))?
            .execute((seq, key, body))?;
        transaction.prepare_cached("DELETE FROM entries WHERE seq = ?1")?.execute([seq])?;
    }
    Ok(found.len())
}

/// An entry as stored, not yet checked.
struct Raw {
    sequence: u64,
    key: String,
    body: String,
    drift: String,
    run: Option<String>,
    source: Option<String>,
    source_digest: Option<Vec<u8>>,
    written_at: u64,
    hash: Vec<u8>,
}

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        sequence: row.get(0)?,
        key: row.get(1)?,
        body: row.get(2)?,
        drift: row.get(3)?,
        run: row.get(4)?,
        source: row.get(5)?,
        source_digest: row.get(6)?,
        written_at: row.get(7)?,
        hash: row.get(8)?,
    })
}

impl Raw {
    /// The entry, when it holds what its hash promises.
    fn checked(self, tenant: &Name) -> Result<Entry, MemoryError> {
        let damaged = MemoryError::EntryDamaged { sequence: self.sequence };
        let hash = self.hash.as_slice().try_into().ok().map(Digest::from_bytes);
        let draft = self.draft();
        match (draft, hash) {
            (Some((sequence, draft)), Some(hash)) if draft.hash(tenant) == hash => {
                Ok(Entry { sequence, hash, draft })
            }
            _ => Err(damaged),
        }
    }

    fn draft(self) -> Option<(u64, EntryDraft)> {
        let source = match (self.source, self.source_digest) {
            (Some(name), Some(digest)) => {
                let digest = Digest::from_bytes(digest.as_slice().try_into().ok()?);
                Some(Source { name, digest })
            }
            (None, None) => None,
            _ => return None,
        };
        let run = match self.run {
            Some(text) => Some(RunId::parse(&text)?),
            None => None,
        };
        let draft = EntryDraft {
            key: self.key,
            body: self.body,
            drift: self.drift.parse().ok()?,
            run,
            source,
            written_at: Timestamp::from_micros(self.written_at),
        };
        Some((self.sequence, draft))
    }
}
