//! What is PostgreSQL's own: who may use the database, what its role may do, and what
//! becomes of a log when the server dies.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pi_core::{Name, Reason, Timestamp};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::postgres::migrate;
use pi_store::{DataFolder, Database, EventStore, StoreError, VerifyOptions};
use pi_test_postgres::Server;
use postgres::{Client, NoTls};
use tempfile::TempDir;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn draft(payload: &str) -> EventDraft {
    EventDraft {
        schema: "pi.test",
        schema_version: 1,
        event_type: "test",
        partition: name("a"),
        run: RunField::None,
        actor: "t".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(1),
        payload: payload.as_bytes().to_vec(),
    }
}

fn new_database(server: &Server) -> pi_test_postgres::Database {
    server.database(|owner, pi| migrate(owner, pi).unwrap())
}

fn connect(folder: &TempDir, url: &str) -> Result<Database, StoreError> {
    Database::connect(&DataFolder::open(folder.path())?, url, 8)
}

/// Why a URL is refused.
fn refusal(url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    match connect(&folder, url) {
        Ok(_) => panic!("{url} is accepted"),
        Err(error) => {
            assert_eq!(error.reason(), Reason::DatabaseUnsafe, "{error}");
            error.to_string()
        }
    }
}

#[test]
fn a_role_that_could_do_more_than_append_is_refused() {
    let server = Server::own();
    let database = new_database(&server);
    let as_role = |role: &str| database.application.replace("user=pi ", &format!("user={role} "));
    assert!(refusal(&as_role("admin")).contains("`admin` is a superuser"));
    assert!(refusal(&database.owner).contains("`owner` owns the tables"));
    server.admin(
        "postgres",
        "CREATE ROLE passes LOGIN BYPASSRLS; CREATE ROLE member LOGIN IN ROLE owner;",
    );
    assert!(refusal(&as_role("passes")).contains("`passes` bypasses row-level security"));
    assert!(refusal(&as_role("member")).contains("`member` owns the tables"));
    assert!(refusal(&format!("{} sslmode=require", database.application)).contains("TLS"));
    assert!(refusal("host=/nowhere port=x").contains("cannot be read"));
    assert!(refusal(&server.url("pi", "postgres")).contains("no tables"));
    let same = migrate(&database.owner, &database.owner).unwrap_err();
    assert_eq!(same.reason(), Reason::DatabaseUnsafe, "{same}");
    // What is there already is left alone.
    migrate(&database.owner, &database.application).unwrap();
    for setting in ["fsync", "full_page_writes"] {
        server.admin("postgres", &format!("ALTER SYSTEM SET {setting} = off"));
        server.admin("postgres", "SELECT pg_reload_conf()");
        let mut tries = 0;
        while connect(&tempfile::tempdir().unwrap(), &database.application).is_ok() {
            tries += 1;
            assert!(tries < 1000, "the setting never changed");
        }
        assert!(refusal(&database.application).contains(setting));
        server.admin("postgres", &format!("ALTER SYSTEM RESET {setting}"));
        server.admin("postgres", "SELECT pg_reload_conf()");
    }
}

#[test]
fn a_newer_format_and_another_key_are_refused() {
    let server = Server::any();
    let database = new_database(&server);
    let folder = tempfile::tempdir().unwrap();
    connect(&folder, &database.application).unwrap().open(&name("local")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let error = connect(&other, &database.application).err().unwrap();
    assert_eq!(error.reason(), Reason::KeyUnavailable, "{error}");
    let mut owner = Client::connect(&database.owner, NoTls).unwrap();
    owner.batch_execute("UPDATE pi.format SET version = 99").unwrap();
    let error = connect(&folder, &database.application).err().unwrap();
    assert_eq!(error.reason(), Reason::UnknownVersion, "{error}");
    let error = migrate(&database.owner, &database.application).unwrap_err();
    assert_eq!(error.reason(), Reason::UnknownVersion, "{error}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = connect(&folder, "host=/nowhere user=pi").err().unwrap();
    assert_eq!(error.reason(), Reason::LogUnavailable, "{error}");
}

#[test]
fn the_application_sees_one_tenant_and_changes_nothing() {
    let server = Server::any();
    let database = new_database(&server);
    let folder = tempfile::tempdir().unwrap();
    let logs = connect(&folder, &database.application).unwrap();
    for tenant in ["one", "two"] {
        logs.open(&name(tenant)).unwrap().append(vec![draft("\"mine\""); 3]).unwrap();
    }
    let mut pi = Client::connect(&database.application, NoTls).unwrap();
    let tables = [
        "events",
        "payloads",
        "checkpoints",
        "head",
        "heads",
        "epochs",
        "correlations",
        "subtrees",
        "runs",
        "claims",
        "blobs",
        "run_keys",
        "sealed_blobs",
    ];
    // Without a tenant there is nothing to see.
    for table in tables {
        let sql = format!("SELECT * FROM pi.{table}");
        assert_eq!(pi.query(&sql, &[]).unwrap().len(), 0, "{table}");
    }
    pi.batch_execute("SET pi.tenant = 'one'").unwrap();
    for table in ["events", "payloads", "checkpoints", "head", "heads"] {
        let sql = format!("SELECT DISTINCT tenant FROM pi.{table}");
        let rows = pi.query(&sql, &[]).unwrap();
        let tenants: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(tenants, ["one"], "{table}");
    }
    for sql in [
        "UPDATE pi.events SET header = ''",
        "DELETE FROM pi.events",
        "TRUNCATE pi.events",
        "DELETE FROM pi.payloads",
        "UPDATE pi.payloads SET payload = 'other'",
        "UPDATE pi.payloads SET leaf = leaf + 100",
        "UPDATE pi.checkpoints SET note = ''",
        "DELETE FROM pi.checkpoints",
        "DELETE FROM pi.head",
        "DELETE FROM pi.heads",
        "UPDATE pi.head SET tenant = 'two'",
        "INSERT INTO pi.events VALUES ('two', 9, 1, 9, '')",
        "INSERT INTO pi.head VALUES ('three', 0, '')",
        "UPDATE pi.signer SET public_key = ''",
        "UPDATE pi.format SET version = 0",
        "SELECT * FROM pi.events_0",
        "DELETE FROM pi.events_0",
        "ALTER TABLE pi.events DISABLE TRIGGER ALL",
        "ALTER TABLE pi.events NO FORCE ROW LEVEL SECURITY",
        "DROP TRIGGER append_only ON pi.events",
        "DROP POLICY one_tenant ON pi.events",
        "DROP TABLE pi.events",
        "CREATE TABLE pi.mine (x integer)",
        "CREATE FUNCTION pi.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "SET ROLE owner",
        "SET session_replication_role = replica",
        "COPY pi.events TO PROGRAM 'cat'",
    ] {
        assert!(pi.batch_execute(sql).is_err(), "{sql} is allowed");
    }
    // The owner cannot either, without taking the triggers away.
    let mut owner = Client::connect(&database.owner, NoTls).unwrap();
    owner.batch_execute("SET pi.tenant = 'one'").unwrap();
    for sql in [
        "UPDATE pi.events SET header = ''",
        "DELETE FROM pi.events",
        "TRUNCATE pi.events",
        "TRUNCATE pi.events_7",
        "UPDATE pi.payloads SET payload = 'other'",
        "DELETE FROM pi.payloads",
        "TRUNCATE pi.payloads",
        "DELETE FROM pi.checkpoints",
    ] {
        let error = owner.batch_execute(sql).unwrap_err();
        let said = error.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(said.contains("MUTATION_FORBIDDEN"), "{sql}: {error}");
    }
    for tenant in ["one", "two"] {
        let store = logs.open(&name(tenant)).unwrap();
        store.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap();
    }
}

#[test]
fn what_is_changed_behind_its_back_is_noticed() {
    let server = Server::any();
    for (sql, reason) in [
        (
            "ALTER TABLE pi.events DISABLE TRIGGER USER;
             UPDATE pi.events SET header = replace(encode(header, 'escape'), 't', 'u')::bytea
             WHERE leaf = 1",
            Reason::LogCorrupt,
        ),
        (
            "ALTER TABLE pi.payloads DISABLE TRIGGER USER; DELETE FROM pi.payloads WHERE leaf = 0",
            Reason::LogCorrupt,
        ),
        (
            "ALTER TABLE pi.events DISABLE TRIGGER USER; DELETE FROM pi.events WHERE leaf = 2;
             ALTER TABLE pi.payloads DISABLE TRIGGER USER; DELETE FROM pi.payloads WHERE leaf = 2",
            Reason::LogTruncated,
        ),
        ("UPDATE pi.heads SET \"offset\" = 2", Reason::LogCorrupt),
        (
            "ALTER TABLE pi.checkpoints DISABLE TRIGGER USER;
             UPDATE pi.checkpoints SET note = replace(note, '3', '4')",
            Reason::CheckpointInvalid,
        ),
    ] {
        let database = new_database(&server);
        let folder = tempfile::tempdir().unwrap();
        let logs = connect(&folder, &database.application).unwrap();
        let store = logs.open(&name("one")).unwrap();
        store.append(vec![draft("1"), draft("2"), draft("3")]).unwrap();
        let mut owner = Client::connect(&database.owner, NoTls).unwrap();
        owner.batch_execute("SET pi.tenant = 'one'").unwrap();
        owner.batch_execute(sql).unwrap();
        let error = store.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap_err();
        assert_eq!(error.reason(), reason, "{sql}: {error}");
    }
}

#[test]
fn a_server_killed_under_load_loses_nothing_and_doubles_nothing() {
    let mut server = Server::own();
    let database = new_database(&server);
    let folder = tempfile::tempdir().unwrap();
    let done = AtomicBool::new(false);
    // Two processes would do what two databases do here.
    let (one, two) = (
        connect(&folder, &database.application).unwrap(),
        connect(&folder, &database.application).unwrap(),
    );
    let stores = [one.open(&name("local")).unwrap(), two.open(&name("local")).unwrap()];
    let acknowledged: Vec<String> = std::thread::scope(|scope| {
        let submitters: Vec<_> = (0..6)
            .map(|submitter| {
                let (store, done) = (&stores[submitter % 2], &done);
                scope.spawn(move || {
                    let (mut acknowledged, mut n) = (Vec::new(), 0);
                    while !done.load(Ordering::Relaxed) {
                        let payload = format!("\"{submitter}-{n}\"");
                        n += 1;
                        match store.append(vec![draft(&payload)]) {
                            Ok(_) => acknowledged.push(payload),
                            Err(error) => {
                                assert_eq!(error.reason(), Reason::LogUnavailable, "{error}");
                            }
                        }
                    }
                    acknowledged
                })
            })
            .collect();
        for _ in 0..4 {
            std::thread::sleep(Duration::from_millis(700));
            server.kill();
            server.start();
        }
        std::thread::sleep(Duration::from_millis(700));
        done.store(true, Ordering::Relaxed);
        submitters.into_iter().flat_map(|submitter| submitter.join().unwrap()).collect()
    });
    assert!(acknowledged.len() > 20, "{}", acknowledged.len());
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for event in stores[0].after(None, 1_000_000).unwrap() {
        let payload = String::from_utf8(event.parts().unwrap().1.to_vec()).unwrap();
        *seen.entry(payload).or_default() += 1;
    }
    for payload in &acknowledged {
        assert_eq!(seen.get(payload), Some(&1), "{payload}");
    }
    assert!(seen.values().all(|count| *count == 1), "nothing is there twice");
    let options = VerifyOptions { partition: None, deep: true };
    let verified = stores[1].verify(&options, &mut |_, _| {}).unwrap();
    assert_eq!(verified.events, seen.len() as u64);
}
