//! The log as its users meet it: appending, reading, verifying, proving,
//! redacting, several writers, damaged and forbidden folders.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::{DataFolder, EventStore, SqliteStore, StoreError, VerifyOptions};

fn tenant() -> Name {
    Name::new("local").unwrap()
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&DataFolder::open(path)?, &tenant())
}

fn draft(partition: &str, payload: &str) -> EventDraft {
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: Name::new(partition).unwrap(),
        run: RunField::None,
        actor: "tester".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(5),
        payload: payload.as_bytes().to_vec(),
    }
}

fn verify(store: &SqliteStore) -> Result<pi_store::Verification, StoreError> {
    store.verify(&VerifyOptions { partition: None, deep: true }, &mut |_, _| {})
}

#[test]
fn redaction_erases_content_and_leaves_every_proof() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.append(vec![draft("a", "\"private\""), draft("a", "2")]).unwrap();
    let root = verify(&store).unwrap();
    let event = EventDraft {
        event_type: "event.redacted",
        ..draft("_system", r#"{"leaf_index":0,"reason":"asked for"}"#)
    };
    store.redact(&Name::new("a").unwrap(), 1, event).unwrap();
    let verified = verify(&store).unwrap();
    assert_eq!(verified.redacted, 1);
    assert_eq!(verified.heads["a"], root.heads["a"]);
    let events = store.partition(&Name::new("a").unwrap(), 1, 1).unwrap();
    assert_eq!(events[0].content, None);
    drop(store);
    for entry in std::fs::read_dir(folder.path().join("tenants")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !bytes.windows(7).any(|window| window == b"private"),
            "the erased bytes are still there"
        );
    }
}

#[test]
fn several_stores_share_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = folder.path();
            scope.spawn(move || {
                let store = open(path).unwrap();
                for n in 0..50 {
                    store.append(vec![draft("shared", &format!("\"{writer}-{n}\""))]).unwrap();
                }
            });
        }
    });
    let store = open(folder.path()).unwrap();
    let verified = verify(&store).unwrap();
    assert_eq!(verified.events, 200);
    assert_eq!(verified.heads["shared"].0, 200);
}

#[test]
fn the_key_is_private_and_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unwrap().append(vec![draft("a", "1")]).unwrap();
    let key = folder.path().join("key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(open(folder.path()).err().unwrap().reason(), Reason::KeyUnavailable);
    std::fs::remove_file(&key).unwrap();
    assert_eq!(open(folder.path()).err().unwrap().reason(), Reason::KeyUnavailable);
    std::fs::write(&key, "nonsense").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(open(folder.path()).err().unwrap().reason(), Reason::KeyUnavailable);
}

#[test]
fn a_foreign_or_damaged_database_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    open(folder.path()).unwrap().append(vec![draft("a", "1")]).unwrap();
    let database = data.database(&tenant());
    std::fs::write(&database, b"this is no database, but some other file of more than 100 bytes ........................................").unwrap();
    let error = open(folder.path()).err().unwrap();
    assert_eq!(error.reason(), Reason::LogCorrupt, "{error}");
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    assert_eq!(open(&file).err().unwrap().reason(), Reason::LogUnavailable);
}

#[test]
fn events_cannot_be_changed_through_sql() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store.append(vec![draft("a", "1")]).unwrap();
    let path = DataFolder::open(folder.path()).unwrap().database(&tenant());
    let connection = rusqlite::Connection::open(path).unwrap();
    for sql in [
        "UPDATE events SET header = x'00'",
        "DELETE FROM events",
        "UPDATE payloads SET payload = x'00'",
        "DELETE FROM payloads",
        "UPDATE checkpoints SET note = ''",
        "DELETE FROM checkpoints",
    ] {
        let error = connection.execute(sql, []).unwrap_err().to_string();
        assert!(error.contains("MUTATION_FORBIDDEN"), "{sql}: {error}");
    }
}

#[test]
fn a_torn_last_note_is_no_alarm_but_a_cut_tail_is() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataFolder::open(folder.path()).unwrap();
    {
        let store = open(folder.path()).unwrap();
        store.append(vec![draft("a", "1")]).unwrap();
    }
    let saved = std::fs::read(data.database(&tenant())).unwrap();
    {
        let store = open(folder.path()).unwrap();
        store.append(vec![draft("a", "2")]).unwrap();
    }
    let notes = std::fs::read(data.notes(&tenant())).unwrap();
    std::fs::write(data.notes(&tenant()), &notes[..notes.len() - 9]).unwrap();
    verify(&open(folder.path()).unwrap()).unwrap();
    std::fs::write(data.notes(&tenant()), &notes).unwrap();
    std::fs::write(data.database(&tenant()), saved).unwrap();
    let error = verify(&open(folder.path()).unwrap()).unwrap_err();
    assert_eq!(error.reason(), Reason::LogTruncated, "{error}");
}
