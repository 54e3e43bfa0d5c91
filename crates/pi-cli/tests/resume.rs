//! Runs that are killed at random moments and continued: nothing is lost, nothing is
//! recorded twice, and no effect happens twice. 20 times; 100 times with
//! `PI_TEST_SCALE=full`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::composition::{document, events, outcomes};
use common::{Lab, Ran, number, text};
use pi_core::canonical::parse;

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
    if std::env::var("PI_TEST_SCALE").is_ok_and(|scale| scale == "full") { 100 } else { 20 }
}

/// A request that examines `files` files and writes its report.
fn lab(files: usize) -> Lab {
    let lab = Lab::new();
    for number in 0..files {
        lab.file(
            &format!("tree/{}/Dockerfile.{number}", number % 7),
            format!("FROM debian:12\nRUN echo {number}\nUSER app\n"),
        );
    }
    let request = document(r#","goal":"survive""#, "").replace("examples/shop-fixed", "tree");
    let write = r#"{"id":"write","capability":"report/write","parameters":{"path":"out.json"},"dependencies":["decide"]},{"id":"release""#;
    lab.file("request.json", request.replacen(r#"{"id":"release""#, write, 1));
    lab
}

const RUN: [&str; 5] = ["run", "request.json", "--approve", "--format", "json"];

/// The run that did not finish, if there is one.
fn open(lab: &Lab) -> Option<String> {
    let list = lab.pi(&["runs", "list", "--format", "json"]).code(0).stdout;
    let runs = list.lines().map(|line| parse(line.as_bytes()).unwrap());
    let mut open = runs.filter(|run| text(run, "decision") == "unfinished");
    open.next().map(|run| text(&run, "run_id"))
}

/// Starts the run and kills it after a while; the run that is left open.
fn killed(lab: &Lab, after: Duration) -> Option<String> {
    let mut child = lab.command(&RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
    open(lab)
}

fn resume(lab: &Lab, run: &str, args: &[&str]) -> Ran {
    lab.pi(&[&["runs", "resume", run, "--format", "json"], args].concat())
}

#[test]
fn killed_runs_continue_to_the_same_end() {
    let lab = lab(12);
    let begin = Instant::now();
    let whole = lab.pi(&RUN).code(0);
    let usual = u64::try_from(begin.elapsed().as_micros()).unwrap();
    let proof = |ran: &Ran| text(&ran.json(), "determinism_proof");
    let mut random = Random(20_240_229);
    let mut resumed = 0;
    for round in 0..rounds() {
        let after = Duration::from_micros(random.below(usual));
        let Some(run) = killed(&lab, after) else { continue };
        resumed += 1;
        let before = events(&lab, &run, "effect.announced").len();
        let ran = resume(&lab, &run, &["--take-over"]);
        assert_eq!(ran.run_id(), run);
        let concluded = outcomes(&lab, &run);
        assert_eq!(events(&lab, &run, "effect.announced").len(), 1, "round {round}");
        match concluded.as_slice() {
            // Announced when it was killed: nobody knows, and it is not done again.
            [unknown] if unknown == "unknown" => {
                assert_eq!((before, ran.code), (1, 1), "round {round}");
            }
            [done] => {
                assert_eq!((done.as_str(), ran.code), ("done", 0), "round {round}: {ran:?}");
                assert_eq!(proof(&ran), proof(&whole), "round {round}");
            }
            other => panic!("round {round}: {other:?}"),
        }
        assert_eq!(open(&lab), None);
        let replayed = lab.pi(&["replay", &run, "--format", "json"]).code(0).json();
        assert_eq!(text(&replayed, "result"), "identical", "round {round}");
        resume(&lab, &run, &["--take-over"]).refused(2, "run_finished");
    }
    assert!(resumed >= 3, "only {resumed} runs were caught");
    assert_eq!(number(&lab.verified(), "open_runs"), 0);
}

#[test]
fn a_run_continues_under_its_own_goal_and_alone() {
    let lab = lab(150);
    let request = std::fs::read_to_string(lab.work().join("request.json")).unwrap();
    lab.file("other.json", request.replace("survive", "prosper"));
    let begin = Instant::now();
    let finished = lab.pi(&RUN).code(0).run_id();
    let usual = begin.elapsed();
    resume(&lab, &finished, &[]).refused(2, "run_finished");
    let run = (2..50).find_map(|part| killed(&lab, usual * part / 50)).expect("none was caught");
    // It may still be under way, as far as anybody knows.
    resume(&lab, &run, &[]).refused(2, "lease_lost");
    let goal = ["--take-over", "--request", "other.json"];
    resume(&lab, &run, &goal).refused(2, "checkpoint_goal_mismatch");
    // Refusals leave nothing behind.
    assert_eq!(events(&lab, &run, "run.resumed").len(), 0);
    let goal = ["--take-over", "--request", "request.json"];
    assert_eq!(resume(&lab, &run, &goal).run_id(), run);
    assert_eq!(number(&events(&lab, &run, "run.resumed")[0], "epoch"), 1);
    lab.pi(&["replay", &run]).code(0);
    lab.verified();
}
