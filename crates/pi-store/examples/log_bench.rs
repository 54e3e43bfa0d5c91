//! Measures the log beside its floors, in one run:
//! `cargo run --release -p pi-store --example log_bench`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a measuring program"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use pi_core::{Digest, Name, Timestamp};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::{DataFolder, EventStore, SqliteStore, VerifyOptions};

const SECONDS: u64 = 4;

fn draft() -> EventDraft {
    EventDraft {
        schema: "pi.bench",
        schema_version: 1,
        event_type: "receipt.issued",
        partition: Name::new("runs").unwrap(),
        run: RunField::None,
        actor: "bench".to_owned(),
        correlation_id: None,
        recorded_at: Timestamp::from_micros(1),
        payload: format!("{{\"x\":\"{}\"}}", "r".repeat(500)).into_bytes(),
    }
}

fn store(path: &std::path::Path) -> Arc<SqliteStore> {
    Arc::new(
        SqliteStore::open(&DataFolder::open(path).unwrap(), &Name::new("bench").unwrap()).unwrap(),
    )
}

/// Events a second with `submitters` threads that wait for durability each time.
fn submit(submitters: usize) -> (f64, Duration, Duration) {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = store(folder.path());
    let deadline = Instant::now() + Duration::from_secs(SECONDS);
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..submitters)
            .map(|_| {
                let store = Arc::clone(&store);
                scope.spawn(move || {
                    let mut times = Vec::new();
                    while Instant::now() < deadline {
                        let started = Instant::now();
                        store.append(vec![draft()]).unwrap();
                        times.push(started.elapsed());
                    }
                    times
                })
            })
            .collect();
        handles.into_iter().flat_map(|handle| handle.join().unwrap()).collect()
    });
    times.sort_unstable();
    let rate = times.len() as f64 / SECONDS as f64;
    (rate, times[times.len() / 2], times[times.len() * 99 / 100])
}

/// Events a second of one submitter that appends batches.
fn batches(size: usize, rounds: usize) -> f64 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = store(folder.path());
    let started = Instant::now();
    for _ in 0..rounds {
        store.append(vec![draft(); size]).unwrap();
    }
    (size * rounds) as f64 / started.elapsed().as_secs_f64()
}

/// Rows a second of a bare insert of the same bytes, same settings, same batches.
fn bare(size: usize, rounds: usize) -> f64 {
    let folder = tempfile::tempdir_in(".").unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("bare.db")).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")
        .unwrap();
    // Header, salt and payload of one event.
    let bytes = vec![b'x'; 410 + 16 + draft().payload.len()];
    let started = Instant::now();
    for _ in 0..rounds {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        for _ in 0..size {
            connection
                .prepare_cached("INSERT INTO t (bytes) VALUES (?1)")
                .unwrap()
                .execute([&bytes])
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    (size * rounds) as f64 / started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn verification() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let store = store(folder.path());
    for _ in 0..200 {
        store.append(vec![draft(); 1000]).unwrap();
    }
    let buffer = vec![7u8; 64 << 20];
    let started = Instant::now();
    let _ = Digest::of(&buffer);
    let raw = buffer.len() as f64 / started.elapsed().as_secs_f64();
    for deep in [false, true] {
        let options = VerifyOptions { partition: None, deep };
        let mut bytes = Vec::new();
        let mut events = Vec::new();
        for _ in 0..5 {
            let started = Instant::now();
            let verified = store.verify(&options, &mut |_, _| {}).unwrap();
            let seconds = started.elapsed().as_secs_f64();
            bytes.push(verified.bytes as f64 / seconds);
            events.push(verified.events as f64 / seconds);
        }
        let (bytes, events) = (median(bytes), median(events));
        println!(
            "verify{}  {events:>9.0} events/s  {:>6.0} MB/s  {:.2} of raw SHA-256 ({:.0} MB/s)",
            if deep { " --deep" } else { "       " },
            bytes / 1e6,
            bytes / raw,
            raw / 1e6
        );
    }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("verify") => return verification(),
        Some("batch") => return println!("{}", batches(256, 2000)),
        Some(n) => return println!("{:?}", submit(n.parse().unwrap())),
        _ => {}
    }
    for submitters in [1, 32, 256] {
        let (rate, half, most) = submit(submitters);
        let floor = median((0..3).map(|_| bare(submitters, 2000)).collect());
        println!(
            "{submitters:>3} submitters  {rate:>9.0} events/s  p50 {half:?}  p99 {most:?}  \
             {:.2} of bare commits of {submitters} rows ({floor:.0} rows/s)",
            rate / floor
        );
    }
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        ours.push(batches(256, 200));
        floor.push(bare(256, 200));
    }
    let (ours, floor) = (median(ours), median(floor));
    println!(
        "batches of 256  {ours:>9.0} events/s  bare insert {floor:>9.0} rows/s  ratio {:.2}",
        ours / floor
    );
    verification();
}
