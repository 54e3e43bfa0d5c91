//! `kill -9` at random moments of `pi scan`: the log verifies, what was
//! acknowledged is there, the next scan works, and runs that did not finish say
//! so. 40 times; 200 times with `PI_TEST_SCALE=full`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Lab, canonical, number, text};

/// A tree with findings, big enough that a kill often hits the middle.
fn tree(lab: &Lab, files: usize) -> PathBuf {
    for number in 0..files {
        let mut script = String::from("#!/bin/sh\n");
        for line in 0..20 {
            writeln!(script, "echo {number} {line}").unwrap();
        }
        lab.file(&format!("tree/{}/run{number}.sh", number % 7), script);
        lab.file(
            &format!("tree/{}/Dockerfile.{number}", number % 5),
            "FROM debian:latest\nUSER root\n",
        );
    }
    lab.work().join("tree")
}

/// The constants of Knuth's MMIX generator; the seed is fixed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}

fn rounds() -> u32 {
    if std::env::var("PI_TEST_SCALE").is_ok_and(|scale| scale == "full") { 200 } else { 40 }
}

fn start(lab: &Lab, tree: &std::path::Path) -> Child {
    lab.command(&["scan", tree.to_str().unwrap(), "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Run id and decision of every run.
fn runs(lab: &Lab) -> Vec<(String, String)> {
    let list = lab.pi(&["runs", "list", "--limit", "1000", "--format", "json"]).code(0).stdout;
    list.lines()
        .map(|line| canonical(&format!("{line}\n")))
        .map(|run| (text(&run, "run_id"), text(&run, "decision")))
        .collect()
}

#[test]
fn scans_killed_at_random_moments_lose_nothing() {
    let lab = Lab::new();
    let tree = tree(&lab, 30);
    let begin = Instant::now();
    let whole = start(&lab, &tree).wait_with_output().unwrap();
    let usual = u64::try_from(begin.elapsed().as_micros()).unwrap();
    assert_eq!(whole.status.code(), Some(0));
    let mut acknowledged =
        vec![text(&canonical(&String::from_utf8(whole.stdout).unwrap()), "run_id")];
    let mut random = Random(20_240_229);
    for round in 0..rounds() {
        let mut child = start(&lab, &tree);
        sleep(Duration::from_micros(random.below(usual + usual / 10)));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if output.stdout.ends_with(b"\n") {
            let report = canonical(&String::from_utf8(output.stdout).unwrap());
            acknowledged.push(text(&report, "run_id"));
        }
        let verified = lab.pi(&["log", "verify", "--format", "json"]).code(0).json();
        let runs = runs(&lab);
        assert_eq!(number(&verified, "runs"), runs.len() as u64, "round {round}");
        let open = runs.iter().filter(|(_, decision)| decision == "unfinished").count();
        assert_eq!(number(&verified, "open_runs"), open as u64, "round {round}");
        for run in &acknowledged {
            let decision =
                runs.iter().find(|(id, _)| id == run).map(|(_, decision)| decision.as_str());
            assert_eq!(decision, Some("REVIEW"), "round {round}: {run}");
        }
    }
    let after = lab.scan(&tree, &[]).code(0);
    lab.pi(&["replay", &after.run_id()]).code(0);
    lab.pi(&["replay", &acknowledged[0]]).code(0);
    lab.verified();
}

#[test]
fn a_killed_run_is_shown_as_unfinished() {
    let lab = Lab::new();
    let tree = tree(&lab, 400);
    let is_open = |lab: &Lab| runs(lab).into_iter().find(|(_, decision)| decision == "unfinished");
    for _ in 0..20 {
        let mut child = start(&lab, &tree);
        // Until it is seen in the list, or was too fast.
        while child.try_wait().unwrap().is_none() && is_open(&lab).is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some((run, _)) = is_open(&lab) {
            assert_eq!(number(&lab.verified(), "open_runs"), 1);
            lab.pi(&["replay", &run]).refused(2, "run_incomplete");
            lab.pi(&["runs", "show", &run]).code(0);
            let verify = lab.pi(&["log", "verify"]).code(0).stdout;
            assert!(verify.contains("1 runs did not finish"), "{verify}");
            lab.scan(&tree, &[]).code(0);
            return;
        }
    }
    panic!("no scan was caught in the middle");
}
