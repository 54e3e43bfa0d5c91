//! `pi log fence` and what follows a log, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use common::{Lab, items, text};

const PAIR: [&str; 2] = ["pi.receipt@1", "pi.receipt@2"];

fn fence(lab: &Lab, word: &str) -> common::Ran {
    lab.pi(&["log", "fence", word, PAIR[0], PAIR[1], "--reason", "tested on a copy"])
}

#[test]
fn an_approval_is_listed_until_it_is_revoked() {
    let lab = Lab::new();
    let list = || lab.pi(&["log", "fence", "list", "--format", "json"]).code(0).json();
    assert!(items(&list(), "approvals").is_empty());
    fence(&lab, "revoke").refused(2, "invalid_request");
    fence(&lab, "approve").code(0);
    let listed = list();
    let approval = &items(&listed, "approvals")[0];
    assert_eq!((text(approval, "from"), text(approval, "to")), (PAIR[0].into(), PAIR[1].into()));
    assert_eq!(text(approval, "approved_by"), "cli");
    assert_eq!(text(approval, "reason"), "tested on a copy");
    let shown = lab.pi(&["log", "fence", "list"]).code(0).stdout;
    assert!(shown.contains("pi.receipt@1 as pi.receipt@2"), "{shown}");
    fence(&lab, "revoke").code(0);
    assert!(items(&list(), "approvals").is_empty());
    lab.verified();
}

#[test]
fn what_is_no_crossing_is_refused() {
    let lab = Lab::new();
    for pair in [["pi.receipt@1", "pi.receipt@1"], ["pi.receipt", "pi.receipt@2"]] {
        lab.pi(&["log", "fence", "approve", pair[0], pair[1], "--reason", "x"])
            .refused(2, "invalid_request");
    }
    lab.pi(&["log", "fence", "approve", PAIR[0], PAIR[1], "--reason", " "])
        .refused(2, "invalid_request");
}

#[test]
fn a_followed_log_shows_what_another_process_appends() {
    let lab = Lab::new();
    fence(&lab, "approve").code(0);
    let mut child = lab
        .command(&["log", "tail", "--follow", "--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("fence.approved"), "{first}");
    fence(&lab, "revoke").code(0);
    let second = lines.next().unwrap().unwrap();
    assert!(second.contains("fence.revoked"), "{second}");
    child.kill().unwrap();
    child.wait().unwrap();
}
