//! One scan, however many threads, wherever the tree and the data folder lie:
//! the same findings, receipts and proof.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::{Lab, copy_tree, examples, text};
use pi_core::canonical::{Encoder, Value};

/// A report without what names the one recording: run and place in the log.
fn outcome(report: &Value) -> String {
    let mut out = String::new();
    for (key, value) in report.as_object().unwrap().iter() {
        if !["run_id", "log"].contains(&key.as_str()) {
            let value = String::from_utf8(Encoder::encode(value)).unwrap();
            writeln!(out, "{}: {value}", key.as_str()).unwrap();
        }
    }
    out
}

/// The examples several times over, so that threads have something to race for.
fn tree(at: &Path) {
    for copy in ["a", "b", "c"] {
        copy_tree(&examples(), &at.join(copy));
    }
}

#[test]
fn threads_and_repetition_change_nothing() {
    let lab = Lab::new();
    let folder = lab.work().join("tree");
    tree(&folder);
    let mut first = None;
    for threads in ["1", "1", "2", "2", "8", "8"] {
        let report = lab.scan(&folder, &["--threads", threads]).code(1).json();
        let outcome = outcome(&report);
        let first = first.get_or_insert_with(|| outcome.clone());
        assert_eq!(*first, outcome, "with {threads} threads");
        lab.pi(&["replay", &text(&report, "run_id"), "--threads", "3"]).code(0);
    }
    lab.verified();
}

#[test]
fn data_folder_and_place_of_the_tree_change_nothing() {
    let (one, other) = (Lab::new(), Lab::new());
    let here = one.work().join("tree");
    let there = other.work().join("another/and/deeper place/named otherwise");
    tree(&here);
    tree(&there);
    let reference = one.scan(&here, &[]).code(1).json();
    for report in [other.scan(&here, &[]).code(1).json(), one.scan(&there, &[]).code(1).json()] {
        assert_eq!(outcome(&reference), outcome(&report));
    }
}

#[test]
fn a_changed_byte_changes_the_proof() {
    let lab = Lab::new();
    let proof = |content: &str| {
        let file = lab.file("notes.md", content);
        text(&lab.scan(&file, &[]).code(0).json(), "determinism_proof")
    };
    assert_ne!(proof("# Notes\n"), proof("# notes\n"));
    assert_eq!(proof("# Notes\n"), proof("# Notes\n"));
}

#[test]
fn the_environment_changes_nothing() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let args = ["scan", shop.to_str().unwrap(), "--format", "json"];
    let reference = outcome(&lab.pi(&args).json());
    for (name, value) in
        [("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Kathmandu"), ("CLICOLOR_FORCE", "1")]
    {
        let output = lab.command(&args).env(name, value).output().unwrap();
        let report = common::canonical(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(reference, outcome(&report), "{name}");
    }
}
