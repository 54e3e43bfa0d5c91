//! Seeds: one trace each, nothing that does not hold, and every defect is noticed.
#![allow(clippy::unwrap_used, reason = "test code")]

use pi_core::Digest;
use pi_simulator::{Counts, Defect, Laboratory, Trace, simulate};

fn hash(seed: u64) -> (Digest, Counts) {
    let report = simulate(seed, &mut Laboratory::new().unwrap(), None, &Trace::default()).unwrap();
    (report.hash, report.counts)
}

#[test]
fn a_seed_has_one_trace() {
    let first: Vec<_> = (0..12).map(hash).collect();
    let second: Vec<_> = (0..12).map(hash).collect();
    assert_eq!(first, second);
    let mut hashes: Vec<Digest> = first.iter().map(|(hash, _)| *hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 12, "each seed another trace");
    let mut sum = Counts::default();
    first.iter().for_each(|(_, counts)| sum += *counts);
    let met = [sum.sealed, sum.taken_over, sum.crashes, sum.power_losses, sum.effects];
    assert!(met.iter().all(|count| *count > 0), "{sum:?}");
}

#[test]
fn what_was_examined_before_does_not_show() {
    let mut laboratory = Laboratory::new().unwrap();
    for seed in 0..6 {
        let report = simulate(seed, &mut laboratory, None, &Trace::keeping()).unwrap();
        assert_eq!(report.hash, hash(seed).0);
    }
}

#[test]
fn every_defect_is_noticed() {
    let mut laboratory = Laboratory::new().unwrap();
    for defect in Defect::ALL {
        let noticed = (0..600).find(|seed| {
            simulate(*seed, &mut laboratory, Some(*defect), &Trace::default()).is_err()
        });
        assert!(noticed.is_some(), "{defect:?}");
    }
}
