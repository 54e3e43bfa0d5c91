//! Exhaustive: every byte of every stored event, payload and checkpoint flipped,
//! every row deleted or exchanged. Each must be noticed, by its record's name.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::path::Path;

use pi_core::{Digest, Name, Timestamp};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::{DataFolder, EventStore, SqliteStore, StoreError, VerifyOptions};
use rusqlite::Connection;

const EVENTS: u64 = 5;

fn tenant() -> Name {
    Name::new("local").unwrap()
}

fn store(path: &Path) -> SqliteStore {
    SqliteStore::open(&DataFolder::open(path).unwrap(), &tenant()).unwrap()
}

fn fill(path: &Path) {
    let store = store(path);
    let draft = |run, event_type, payload: String| EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type,
        partition: Name::new("runs").unwrap(),
        run,
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(1),
        payload: payload.into_bytes(),
    };
    let accept =
        draft(RunField::Derive { request: Digest::of(b"r") }, "run.accepted", "{}".to_owned());
    let run = store.append(vec![accept]).unwrap().places[0].run.clone().unwrap();
    for n in 1..EVENTS {
        let payload = format!("{{\"n\":{n}}}");
        store.append(vec![draft(RunField::Known(run.clone()), "note", payload)]).unwrap();
    }
}

/// In memory where the system offers it: thousands of copies are made.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// Applies `change` to a copy of the log and verifies the copy.
fn verify_after(path: &Path, change: impl FnOnce(&Connection)) -> Result<(), StoreError> {
    let copy = scratch();
    for folder in ["", "tenants", "checkpoints"] {
        std::fs::create_dir_all(copy.path().join(folder)).unwrap();
        for entry in std::fs::read_dir(path.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(folder).join(entry.file_name()))
                    .unwrap();
            }
        }
    }
    let database = DataFolder::open(copy.path()).unwrap().database(&tenant());
    let connection = Connection::open(database).unwrap();
    let triggers: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for name in triggers {
        connection.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    change(&connection);
    drop(connection);
    store(copy.path()).verify(&VerifyOptions::default(), &mut |_, _| {}).map(|_| ())
}

fn cells(path: &Path, sql: &str) -> Vec<(i64, Vec<u8>)> {
    let database = DataFolder::open(path).unwrap().database(&tenant());
    let connection = Connection::open(database).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn every_flipped_byte_is_noticed() {
    let folder = scratch();
    fill(folder.path());
    verify_after(folder.path(), |_| {}).unwrap();
    let mut flipped = 0;
    for (table, key, column) in [
        ("events", "leaf", "header"),
        ("payloads", "leaf", "salt"),
        ("payloads", "leaf", "payload"),
        ("checkpoints", "size", "note"),
        ("heads", "id", "event_hash"),
        ("head", "one", "peaks"),
    ] {
        let cast = if column == "note" { "CAST(note AS BLOB)" } else { column };
        for (row, bytes) in cells(folder.path(), &format!("SELECT {key}, {cast} FROM {table}")) {
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let error = verify_after(folder.path(), |connection| {
                    let value = if column == "note" { "CAST(?1 AS TEXT)" } else { "?1" };
                    connection
                        .execute(
                            &format!("UPDATE {table} SET {column} = {value} WHERE {key} = ?2"),
                            (&changed, row),
                        )
                        .unwrap();
                });
                let error = match error {
                    Err(error) => error.to_string(),
                    Ok(()) => {
                        panic!("{table}.{column} of row {row}: byte {at} was flipped unnoticed")
                    }
                };
                if table == "payloads" {
                    assert!(error.starts_with(&format!("runs:{}:", row + 1)), "{error}");
                }
                flipped += 1;
            }
        }
    }
    assert!(flipped > 2_000, "{flipped}");
}

#[test]
fn every_missing_or_exchanged_row_is_noticed() {
    let folder = scratch();
    fill(folder.path());
    let last = EVENTS - 1;
    let mut changes: Vec<String> = Vec::new();
    for leaf in 0..EVENTS {
        changes.push(format!("DELETE FROM events WHERE leaf = {leaf}"));
        changes.push(format!("DELETE FROM payloads WHERE leaf = {leaf}"));
        changes
            .push(format!("UPDATE payloads SET salt = NULL, payload = NULL WHERE leaf = {leaf}"));
        changes.push(format!(
            "DELETE FROM events WHERE leaf >= {leaf}; DELETE FROM payloads WHERE leaf >= {leaf}"
        ));
        changes.push(format!("UPDATE events SET offset = offset + 100 WHERE leaf = {leaf}"));
        changes.push(format!("UPDATE events SET partition = 9 WHERE leaf = {leaf}"));
        changes.push(format!("DELETE FROM checkpoints WHERE size = {}", leaf + 1));
    }
    changes.push(
        "UPDATE events SET leaf = leaf + 100; UPDATE payloads SET leaf = leaf + 100".to_owned(),
    );
    changes.push(format!(
        "UPDATE events SET leaf = 100 WHERE leaf = 1; UPDATE events SET leaf = 1 WHERE leaf = {last};
         UPDATE events SET leaf = {last} WHERE leaf = 100"
    ));
    changes.push("DELETE FROM heads".to_owned());
    changes.push("DELETE FROM head".to_owned());
    changes.push("DELETE FROM runs".to_owned());
    changes.push("UPDATE runs SET last_leaf = 1".to_owned());
    changes.push("UPDATE runs SET sealed = 1".to_owned());
    changes.push("INSERT INTO payloads VALUES (77, x'00', x'00')".to_owned());
    for change in changes {
        let result =
            verify_after(folder.path(), |connection| connection.execute_batch(&change).unwrap());
        assert!(result.is_err(), "unnoticed: {change}");
    }
}

#[test]
fn every_change_to_the_kept_subtrees_is_noticed() {
    let folder = scratch();
    for _ in 0..20 {
        fill(folder.path());
    }
    let rows = cells(folder.path(), "SELECT number, root FROM subtrees ORDER BY height, number");
    assert!(rows.len() >= 2, "{rows:?}");
    let mut changes = vec![
        "INSERT INTO subtrees VALUES (4, 1000, x'00')".to_owned(),
        "UPDATE subtrees SET number = number + 1000".to_owned(),
        "DELETE FROM subtrees".to_owned(),
    ];
    for (number, root) in &rows {
        changes.push(format!("DELETE FROM subtrees WHERE number = {number}"));
        for at in 0..root.len() {
            let mut changed = root.clone();
            changed[at] ^= 1;
            let hex: String = changed.iter().map(|byte| format!("{byte:02x}")).collect();
            changes.push(format!("UPDATE subtrees SET root = x'{hex}' WHERE number = {number}"));
        }
    }
    for change in changes {
        let result =
            verify_after(folder.path(), |connection| connection.execute_batch(&change).unwrap());
        let error = result.expect_err(&change).to_string();
        assert!(error.contains("list of subtrees"), "{change}: {error}");
    }
}
