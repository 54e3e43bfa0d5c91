//! Tables, settings and upkeep of the file.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use pi_core::{Digest, Name};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction};

use super::MemoryError;
use crate::sqlite::use_write_ahead_log;

/// The format of the file, kept in `user_version`.
const VERSION: i64 = 1;

/// Marks the file as a memory: `PImm`.
const APPLICATION: i64 = 0x5049_6d6d;

/// How long a write waits for another process.
const BUSY: Duration = Duration::from_secs(10);

/// `AUTOINCREMENT`: a place in the order of writes is never given twice, so
/// that the oldest is the one with the lowest.
const SCHEMA: &str = "
CREATE TABLE entries (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant        TEXT NOT NULL,
  key           TEXT NOT NULL,
  body          TEXT NOT NULL,
  drift         TEXT NOT NULL CHECK (drift IN ('user', 'feedback', 'project')),
  run           TEXT,
  source        TEXT,
  source_digest BLOB,
  written_at    INTEGER NOT NULL,
  hash          BLOB NOT NULL,
  UNIQUE (tenant, key),
  CHECK ((source IS NULL) = (source_digest IS NULL))
) STRICT;
CREATE INDEX entries_in_order ON entries (tenant, seq);
CREATE INDEX entries_by_run ON entries (tenant, run);
CREATE TABLE upkeep (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  writes INTEGER NOT NULL
) STRICT;
INSERT INTO upkeep VALUES (1, 0);
";

/// Opens or creates the file, readable by this user alone.
pub(super) fn open(path: &Path) -> Result<Connection, MemoryError> {
    let unusable =
        |problem: String| MemoryError::Path { path: path.display().to_string(), problem };
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| unusable(error.to_string()))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection =
        Connection::open_with_flags(path, flags).map_err(|error| unusable(error.to_string()))?;
    connection.busy_timeout(BUSY)?;
    prepare(&mut connection, path)?;
    use_write_ahead_log(&connection)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Erased entries leave no bytes behind.
    connection.pragma_update(None, "secure_delete", "ON")?;
    Ok(connection)
}

/// Creates the tables in an empty file; anything else must be a memory of a
/// known format.
fn prepare(connection: &mut Connection, path: &Path) -> Result<(), MemoryError> {
    // In one transaction: another process may be creating them right now.
    let snapshot = connection.transaction()?;
    let known = is_known(&snapshot, path)?;
    snapshot.finish()?;
    if known {
        return Ok(());
    }
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have created them meanwhile.
    if !is_known(&transaction, path)? {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    Ok(transaction.commit()?)
}

/// Whether the tables are there; false when the file is empty.
fn is_known(connection: &Connection, path: &Path) -> Result<bool, MemoryError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(false),
        (APPLICATION, VERSION) => Ok(true),
        (APPLICATION, found) => Err(MemoryError::Version { found, known: VERSION }),
        _ => Err(MemoryError::Foreign { path: path.display().to_string() }),
    }
}

/// The full-text index of a tenant. Each has its own: statistics of a shared one
/// would let one tenant's words move another's ranking.
pub(super) fn index_of(tenant: &Name) -> String {
    let hash: String = Digest::of(tenant.as_str().as_bytes()).to_hex().chars().take(32).collect();
    format!("words_{hash}")
}

pub(super) fn has_index(connection: &Connection, index: &str) -> Result<bool, MemoryError> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(sql, [index], |row| row.get::<_, i64>(0))? > 0)
}

pub(super) fn create_index(transaction: &Transaction<'_>, index: &str) -> Result<(), MemoryError> {
    if has_index(transaction, index)? {
        return Ok(());
    }
    // Without content of its own, and erasing at once what is removed.
    transaction.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {index} USING fts5
         (key, body, content = '', tokenize = 'unicode61 remove_diacritics 2');
         INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1);"
    ))?;
    Ok(())
}

/// Counts a write; returns how many there were since the file was compacted.
pub(super) fn count_write(transaction: &Transaction<'_>) -> Result<u64, MemoryError> {
    let sql = "UPDATE upkeep SET writes = writes + 1 RETURNING writes";
    Ok(transaction.query_row(sql, [], |row| row.get(0))?)
}

/// Compacts the file. False when others use it: the next write tries again.
pub(super) fn compact(connection: &Connection) -> Result<bool, MemoryError> {
    match connection.execute_batch("VACUUM; UPDATE upkeep SET writes = 0;") {
        Ok(()) => {}
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into()),
    }
    // The file shrinks, and older copies go, with the write-ahead log.
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(busy == 0)
}
