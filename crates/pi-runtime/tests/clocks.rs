//! A clock that runs backwards, stands still or jumps: the log orders by
//! position, so runs are recorded, verified and replayed all the same.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pi_core::{Clock, Name, Timestamp};
use pi_event_fabric::HeaderView;
use pi_kernel::policy::Policy;
use pi_kernel::request::EvidenceMode;
use pi_runtime::replay::{ReplayOptions, replay};
use pi_runtime::{Journal, Progress, ScanOptions, scan};
use pi_store::{DataFolder, VerifyOptions};

/// No vote takes this long.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);

struct Silent;

impl Progress for Silent {
    fn frozen(&mut self, _artifacts: usize) {}
    fn examined(&mut self, _done: usize, _total: usize) {}
}

/// Adds `step` at every look, around the end of the numbers.
struct Odd {
    now: AtomicU64,
    step: u64,
}

impl Clock for Odd {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.now.fetch_add(self.step, Ordering::Relaxed))
    }
}

fn options(work: &Path, tenant: &Name) -> ScanOptions {
    ScanOptions {
        tenant: tenant.clone(),
        paths: vec![work.to_path_buf()],
        only: Vec::new(),
        skip: Vec::new(),
        baseline: None,
        policy: Policy::baseline(),
        evidence: EvidenceMode::Hashes,
        as_of: None,
        honour_allow: true,
        threads: 2,
        guard: None,
        patience: PATIENCE,
    }
}

#[test]
fn time_does_not_order_the_log() {
    let root = tempfile::tempdir().unwrap();
    let work = root.path().join("work");
    fs::create_dir(&work).unwrap();
    fs::write(work.join("Dockerfile"), "FROM debian\nUSER root\n").unwrap();
    let folder = DataFolder::open(root.path().join("data")).unwrap();
    let tenant = Name::new("local").unwrap();
    let catalogue = pi_agents::catalogue().unwrap();
    let clocks = [
        (1_790_000_000_000_000, 0u64.wrapping_sub(60_000_000)),
        (0, 0),
        (1_790_000_000_000_000, 1),
        (u64::MAX - 5, 1),
    ];
    let mut proofs = Vec::new();
    for (now, step) in clocks {
        let clock = Arc::new(Odd { now: AtomicU64::new(now), step });
        let journal = Journal::open(&folder, &tenant, clock, "test").unwrap();
        let scanned = scan(&journal, &catalogue, &options(&work, &tenant), &mut Silent).unwrap();
        let again = ReplayOptions { base: None, threads: 1, guard: None, patience: PATIENCE };
        let replayed = replay(&journal, &catalogue, &scanned.ran.run, &again, &mut Silent).unwrap();
        assert!(replayed.comparison.is_identical());
        proofs.push(scanned.ran.outcome.determinism_proof);
        let deep = VerifyOptions { partition: None, deep: true };
        journal.store().verify(&deep, &mut |_, _| {}).unwrap();
    }
    assert!(proofs.iter().all(|proof| *proof == proofs[0]), "time is in no proof");
    let clock = Arc::new(Odd { now: AtomicU64::new(0), step: 0 });
    let journal = Journal::open(&folder, &tenant, clock, "test").unwrap();
    let events = journal.store().tail(10_000).unwrap();
    let times: Vec<u64> =
        events.iter().map(|event| HeaderView::parse(&event.header).unwrap().recorded_at).collect();
    assert!(!times.is_sorted(), "the clock did run backwards: {times:?}");
    assert_eq!(journal.store().runs(None, 10).unwrap().len(), clocks.len());
}
