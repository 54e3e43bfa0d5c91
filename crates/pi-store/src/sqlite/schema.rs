//! Tables, triggers and the settings of a connection.

use std::path::Path;
use std::time::Duration;

use pi_core::Digest;
use pi_event_fabric::{HeaderView, Tree};
use rusqlite::{Connection, OpenFlags};

use super::write;
use crate::error::StoreError;

/// The format of the database, kept in `user_version`.
const VERSION: i64 = 3;

/// How long a writer waits for another process's transaction.
const BUSY_MS: u64 = 30_000;

/// The log (`events`, `payloads`, `checkpoints`) is append-only; a payload can
/// be erased once. Events are addressed by position; no index on hashes.
const SCHEMA: &str = "
CREATE TABLE events (
  leaf      INTEGER PRIMARY KEY,
  partition INTEGER NOT NULL,
  offset    INTEGER NOT NULL,
  header    BLOB NOT NULL,
  UNIQUE (partition, offset)
) STRICT;
CREATE TABLE payloads (
  leaf    INTEGER PRIMARY KEY,
  salt    BLOB,
  payload BLOB
) STRICT;
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT;
CREATE TABLE heads (
  id         INTEGER PRIMARY KEY,
  partition  TEXT NOT NULL UNIQUE,
  offset     INTEGER NOT NULL,
  event_hash BLOB NOT NULL
) STRICT;
CREATE TABLE head (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  size  INTEGER NOT NULL,
  peaks BLOB NOT NULL
) STRICT;
INSERT INTO head VALUES (1, 0, x'');
CREATE TABLE runs (
  run        TEXT PRIMARY KEY,
  first_leaf INTEGER NOT NULL,
  last_leaf  INTEGER NOT NULL,
  sealed     INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_first_leaf ON runs (first_leaf);
CREATE TABLE blobs (
  digest BLOB PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;
CREATE TABLE sealed_blobs (
  run    TEXT NOT NULL,
  digest BLOB NOT NULL,
  bytes  BLOB NOT NULL,
  PRIMARY KEY (run, digest)
) STRICT;
CREATE TABLE run_keys (
  run TEXT PRIMARY KEY,
  key BLOB NOT NULL
) STRICT;
CREATE TABLE claims (
  run   TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL
) STRICT;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: events are append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: events are append-only'); END;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: checkpoints are append-only'); END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: checkpoints are append-only'); END;
CREATE TRIGGER payloads_no_delete BEFORE DELETE ON payloads
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: payloads are append-only'); END;
CREATE TRIGGER payloads_erase_only BEFORE UPDATE ON payloads
WHEN NEW.leaf IS NOT OLD.leaf OR NEW.salt IS NOT NULL OR NEW.payload IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: a payload can only be erased'); END;
";

/// What version 2 added: epochs, reads by correlation, and what consumers keep. The
/// first two derive from the log and are checked against it. A consumer's checkpoint
/// only ever moves forward within one incarnation of its projection.
const SCHEMA_2: &str = "
ALTER TABLE heads ADD COLUMN frozen INTEGER NOT NULL DEFAULT 0;
CREATE TABLE epochs (
  epoch INTEGER PRIMARY KEY,
  leaf  INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TABLE correlations (
  correlation TEXT NOT NULL,
  leaf        INTEGER NOT NULL,
  PRIMARY KEY (correlation, leaf)
) STRICT, WITHOUT ROWID;
CREATE TABLE consumers (
  name        TEXT PRIMARY KEY,
  generation  INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  total       INTEGER NOT NULL,
  seal        BLOB NOT NULL
) STRICT;
CREATE TABLE consumer_members (
  consumer    TEXT NOT NULL,
  member      TEXT NOT NULL,
  lease_until INTEGER NOT NULL,
  PRIMARY KEY (consumer, member)
) STRICT, WITHOUT ROWID;
CREATE TABLE consumer_checkpoints (
  consumer    TEXT NOT NULL,
  partition   TEXT NOT NULL,
  incarnation INTEGER NOT NULL,
  offset      INTEGER NOT NULL,
  event_hash  BLOB NOT NULL,
  seal        BLOB NOT NULL,
  PRIMARY KEY (consumer, partition)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER epochs_no_update BEFORE UPDATE ON epochs
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: epochs are append-only'); END;
CREATE TRIGGER epochs_no_delete BEFORE DELETE ON epochs
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: epochs are append-only'); END;
CREATE TRIGGER correlations_no_update BEFORE UPDATE ON correlations
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: correlations are append-only'); END;
CREATE TRIGGER correlations_no_delete BEFORE DELETE ON correlations
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: correlations are append-only'); END;
CREATE TRIGGER consumer_checkpoints_forward BEFORE UPDATE ON consumer_checkpoints
WHEN NEW.incarnation < OLD.incarnation
  OR (NEW.incarnation = OLD.incarnation AND NEW.offset <= OLD.offset)
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: checkpoints of consumers move forward'); END;
CREATE TRIGGER consumer_checkpoints_no_delete BEFORE DELETE ON consumer_checkpoints
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: checkpoints of consumers stay'); END;
";

/// What version 3 added: the roots of complete subtrees (of `16^k` leaves), so that a
/// proof need not read the whole log. They derive from it and are checked against it.
const SCHEMA_3: &str = "
CREATE TABLE subtrees (
  height INTEGER NOT NULL,
  number INTEGER NOT NULL,
  root   BLOB NOT NULL,
  PRIMARY KEY (height, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER subtrees_no_update BEFORE UPDATE ON subtrees
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: subtrees are append-only'); END;
CREATE TRIGGER subtrees_no_delete BEFORE DELETE ON subtrees
BEGIN SELECT RAISE(ABORT, 'MUTATION_FORBIDDEN: subtrees are append-only'); END;
";

/// Opens or creates a database for writing.
pub(crate) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&mut connection)?;
    // Every acknowledged event survives a power loss.
    use_write_ahead_log(&connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    // Erased payloads leave no bytes behind.
    connection.pragma_update(None, "secure_delete", "ON")?;
    migrate(&connection)?;
    Ok(connection)
}

/// Opens an existing database for reading.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let mut connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    settle(&mut connection)?;
    known(version(&connection)?)?;
    Ok(connection)
}

/// Switches to a write-ahead log. When several open a new file at once, SQLite refuses
/// all but one of them without asking the busy handler, so they try again.
pub(crate) fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<()> {
    let mut tries = 0;
    loop {
        let switched = connection.pragma_update(None, "journal_mode", "WAL");
        let busy = |error: &rusqlite::Error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
        };
        match switched {
            Err(error) if busy(&error) && wait_a_little(tries) => tries += 1,
            other => return other,
        }
    }
}

fn settle(connection: &mut Connection) -> Result<(), StoreError> {
    connection.busy_handler(Some(wait_a_little))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "mmap_size", 268_435_456)?;
    Ok(())
}

/// SQLite's own handler sleeps in growing steps up to 100 ms, which makes four
/// writers wait for nothing; commits here take a fraction of a millisecond.
fn wait_a_little(tries: i32) -> bool {
    const PAUSE: Duration = Duration::from_micros(200);
    std::thread::sleep(PAUSE);
    u64::try_from(tries).unwrap_or(u64::MAX) < BUSY_MS * 1_000 / 200
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn known(found: i64) -> Result<(), StoreError> {
    if found > VERSION { Err(StoreError::Version { found, known: VERSION }) } else { Ok(()) }
}

fn migrate(connection: &Connection) -> Result<(), StoreError> {
    if version(connection)? < VERSION {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // Another process may have done it meanwhile.
        let result = version(connection).and_then(|found| upgrade(connection, found));
        connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        result?;
    }
    known(version(connection)?)
}

/// Brings a database of any older version to this one.
fn upgrade(connection: &Connection, found: i64) -> Result<(), StoreError> {
    if found < 1 {
        connection.execute_batch(SCHEMA)?;
    }
    if found < 2 {
        connection.execute_batch(SCHEMA_2)?;
        correlate(connection)?;
    }
    if found < 3 {
        connection.execute_batch(SCHEMA_3)?;
        keep_subtrees(connection)?;
    }
    Ok(connection.pragma_update(None, "user_version", VERSION)?)
}

/// Enters the events that version 1 had already.
fn correlate(connection: &Connection) -> Result<(), StoreError> {
    let mut events = connection.prepare("SELECT leaf, header FROM events ORDER BY leaf")?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let (leaf, header): (u64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if let Some(id) = HeaderView::parse(&header).and_then(|view| view.correlation_id) {
            connection.execute("INSERT INTO correlations VALUES (?1, ?2)", (id, leaf))?;
        }
    }
    Ok(())
}

/// Enters the subtrees of the events that older versions had already.
fn keep_subtrees(connection: &Connection) -> Result<(), StoreError> {
    let mut events = connection.prepare("SELECT header FROM events ORDER BY leaf")?;
    let mut rows = events.query([])?;
    let mut tree = Tree::default();
    while let Some(row) = rows.next()? {
        let header: Vec<u8> = row.get(0)?;
        let leaf = tree.size();
        write::keep_subtrees(connection, leaf, &tree.push(&Digest::of(&header)))?;
    }
    Ok(())
}
