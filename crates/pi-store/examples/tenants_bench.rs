//! Measures that many tenants on one node keep few files open:
//! `cargo run --release -p pi-store --example tenants_bench [TENANTS]`
//!
//! It fails when more descriptors are open than the logs that are kept open account for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measuring program"
)]

use std::time::{Duration, Instant};

use pi_core::{Name, Timestamp};
use pi_event_fabric::{EventDraft, RunField};
use pi_store::{DataFolder, Logs, VerifyOptions};

/// Logs that are kept open, as `pi serve` does.
const KEPT: usize = 256;

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

/// Open descriptors, without the one that looks.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count() - 1
}

/// A number of `/proc/self/status`: `VmRSS` and `VmHWM` in KiB, `Threads`.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Appends a durable event to the log of each tenant in this order; the most descriptors
/// that were open meanwhile.
fn round(logs: &Logs, what: &str, order: impl Iterator<Item = usize>) -> usize {
    let (mut times, mut most) = (Vec::new(), 0);
    let began = Instant::now();
    for number in order {
        let started = Instant::now();
        let tenant = Name::new(format!("tenant-{number}")).unwrap();
        logs.of(&tenant).unwrap().append(vec![draft()]).unwrap();
        times.push(started.elapsed());
        if times.len() % 16 == 0 {
            most = most.max(descriptors());
        }
    }
    let all = began.elapsed();
    times.sort_unstable();
    let (median, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!(
        "{what:<24} {:>5} appends in {all:>7.2?}  p50 {median:>9.2?}  p99 {p99:>9.2?}  \
         {most:>4} descriptors  {:>4} threads  {:>3} MiB",
        times.len(),
        status("Threads"),
        status("VmRSS") / 1_024,
    );
    most
}

fn main() {
    let tenants: usize = std::env::args().nth(1).map_or(2_000, |text| text.parse().unwrap());
    let folder = tempfile::tempdir_in(".").unwrap();
    let logs = Logs::sqlite(DataFolder::open(folder.path()).unwrap(), KEPT);
    let before = descriptors();
    logs.of(&Name::new("tenant-0").unwrap()).unwrap().append(vec![draft()]).unwrap();
    let each = descriptors() - before;
    println!("{tenants} tenants, {KEPT} logs kept open, {each} descriptors each");
    let first = round(&logs, "each for the first time", 0..tenants);
    // A stride without a common divisor meets each once, and hardly one that is still open.
    let stride = |number: usize| number * 7_919 % tenants;
    let again = round(&logs, "each again, strided", (0..tenants).map(stride));
    let few = tenants.min(KEPT / 2);
    let hot = round(&logs, "few of them, often", (0..tenants).map(|number| number % few));
    println!("at most {} MiB resident", status("VmHWM") / 1_024);
    let began = Instant::now();
    for number in 0..tenants {
        let tenant = Name::new(format!("tenant-{number}")).unwrap();
        let log = logs.of(&tenant).unwrap();
        assert!(log.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap().events >= 2);
    }
    println!("every log verified in {:.2?}", began.elapsed());
    let bound = before + KEPT * each + 16;
    let most = first.max(again).max(hot);
    println!("{most} descriptors at most; {bound} are accounted for");
    assert!(most <= bound, "descriptors leak");
    drop(logs);
    // Writers end a moment after their log is dropped.
    std::thread::sleep(Duration::from_millis(500));
    assert!(descriptors() <= before + 16, "{} descriptors stay open", descriptors());
}
