//! `pi log tail`: filters, and following a run that another process executes. `pi log
//! epochs` and `pi log consumers`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use common::composition::document;
use common::{Lab, canonical, copy_tree, examples, field, items, number, text};
use pi_core::canonical::Value;
use pi_core::{Name, Timestamp};
use pi_event_fabric::epoch::ShardList;
use pi_store::governance::{self, Author};
use pi_store::projection::{Projection, Tables};
use pi_store::{Consumer, DataFolder, SqliteStore, StoreError, StoredEvent};
use rustix::process::{Pid, Signal, kill_process};

fn lab() -> Lab {
    let lab = Lab::new();
    copy_tree(&examples(), &lab.work().join("examples"));
    lab.file("request.json", document("", ""));
    lab
}

const RUN: [&str; 4] = ["run", "request.json", "--format", "json"];

/// A follower that has shown the log's newest event, and so has begun.
fn follower(lab: &Lab, args: &[&str]) -> (Child, BufReader<ChildStdout>) {
    let tail = ["log", "tail", "--follow", "-n", "1", "--format", "json"];
    let mut child = lab
        .command(&[&tail, args].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    assert!(line(&mut lines).is_some());
    (child, lines)
}

/// The next event, which is one canonical line.
fn line(lines: &mut BufReader<ChildStdout>) -> Option<Value> {
    let mut line = String::new();
    (lines.read_line(&mut line).unwrap() > 0).then(|| canonical(&line))
}

/// Interrupts a follower as a terminal does; nothing else is written.
fn interrupted(mut child: Child, mut lines: BufReader<ChildStdout>) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(line(&mut lines), None);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::io::read_to_string(child.stderr.take().unwrap()).unwrap(), "");
}

#[test]
fn a_follower_sees_every_transition_of_a_run_of_another_process() {
    let lab = lab();
    lab.pi(&RUN).code(0);
    let (child, mut lines) = follower(&lab, &["--partition", "runs"]);
    let run = lab.command(&RUN).stdout(Stdio::piped()).spawn().unwrap();
    let mut seen = Vec::new();
    loop {
        let event = line(&mut lines).unwrap();
        let event_type = text(&event, "event_type");
        seen.push((text(&event, "run"), number(&event, "offset"), event_type.clone()));
        if event_type == "run.sealed" {
            break;
        }
    }
    let output = run.wait_with_output().unwrap();
    let run = text(&canonical(&String::from_utf8(output.stdout).unwrap()), "run_id");
    interrupted(child, lines);
    let shown = lab.pi(&["runs", "show", &run, "--format", "json"]).code(0).stdout;
    let recorded: Vec<(String, u64, String)> = shown
        .lines()
        .map(|line| canonical(&format!("{line}\n")))
        .map(|event| (run.clone(), number(&event, "offset"), text(&event, "event_type")))
        .collect();
    assert_eq!(seen, recorded);
    assert!(seen.windows(2).all(|pair| pair[0].1 + 1 == pair[1].1), "each once, in order");
    let phases = seen.iter().filter(|(_, _, event_type)| event_type == "phase.sealed");
    assert_eq!(phases.count(), 7);
}

#[test]
fn filters_select_and_combine() {
    let lab = lab();
    let run = lab.pi(&RUN).code(0).run_id();
    let other = lab.pi(&RUN).code(0).run_id();
    lab.pi(&["simulate", "request.json"]).code(0);
    let tail = |args: &[&str]| -> Vec<Value> {
        let all = ["log", "tail", "--format", "json"];
        let limit: &[&str] = if args.contains(&"-n") { &[] } else { &["-n", "1000"] };
        let shown = lab.pi(&[&all, limit, args].concat()).code(0).stdout;
        shown.lines().map(|line| canonical(&format!("{line}\n"))).collect()
    };
    let all = tail(&[]);
    let of = |events: &[Value], key: &str| -> Vec<String> {
        events
            .iter()
            .map(|event| field(event, key).as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let sealed = tail(&["--type", "run.sealed"]);
    assert_eq!(of(&sealed, "run"), [run.as_str(), other.as_str()]);
    let begin = tail(&["--type", "run."]);
    assert_eq!(begin.len(), 4, "accepted and sealed, twice");
    let mine = tail(&["--run", &run]);
    assert!(mine.len() > 10 && of(&mine, "run").iter().all(|id| *id == run));
    assert_eq!(of(&tail(&["--partition", "admission"]), "event_type"), ["composition.simulated"]);
    let both = tail(&["--run", &other, "--type", "phase."]);
    assert_eq!(both.len(), 7);
    assert_eq!(mine.len() + tail(&["--run", &other]).len() + 1, all.len());
    assert!(tail(&["--run", &run, "--partition", "admission"]).is_empty());
    assert!(tail(&["--type", "phase.sealed.more"]).is_empty());
    // The newest of those that fit, not those that fit of the newest.
    let last = tail(&["--type", "phase.", "-n", "2"]);
    assert_eq!(last, both[5..], "the last two phases");
    assert!(tail(&["-n", "0"]).is_empty());
    let whole = tail(&["--run", &run, "--type", "run.sealed", "--payloads"]);
    assert_eq!(text(&whole[0], "payload.decision"), "ALLOW");
    assert_eq!(text(&whole[0], "header.run"), run);
    lab.pi(&["log", "tail", "--run", "nobody"]).refused(2, "unknown_run");
    // People see where the run stands.
    let shown = lab.pi(&["log", "tail", "-n", "1000", "--run", &run]).code(0).stdout;
    for words in ["VALIDATE SUCCESS", "INGEST_manifest/admit_0 SUCCESS", "run.sealed"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
}

#[test]
fn a_follower_with_filters_shows_what_comes_and_fits() {
    let lab = lab();
    lab.pi(&RUN).code(0);
    let (child, mut lines) = follower(&lab, &["--type", "run.sealed"]);
    let run = lab.pi(&RUN).code(0).run_id();
    let event = line(&mut lines).unwrap();
    assert_eq!((text(&event, "event_type"), text(&event, "run")), ("run.sealed".to_owned(), run));
    interrupted(child, lines);
}

#[test]
fn a_follower_of_an_empty_log_begins_with_its_first_event() {
    let lab = lab();
    let mut child = lab
        .command(&["log", "tail", "--follow", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let run = lab.pi(&RUN).code(0).run_id();
    let first = line(&mut lines).unwrap();
    assert_eq!((text(&first, "run"), number(&first, "leaf_index")), (run, 0));
    // Nobody reads any more: it ends by itself, and says nothing.
    drop(lines);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(std::io::read_to_string(child.stderr.take().unwrap()).unwrap(), "");
}

#[test]
fn a_follower_writes_on_into_its_file() {
    let lab = lab();
    lab.pi(&RUN).code(0);
    let file = lab.beside("events.jsonl");
    let args = ["log", "tail", "-n", "3", "--format", "json", "-o", file.to_str().unwrap()];
    lab.pi(&args).code(0);
    let shown = lab.pi(&args[..6]).code(0).stdout;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), shown);
}

fn store(lab: &Lab) -> SqliteStore {
    let folder = DataFolder::open(lab.data()).unwrap();
    SqliteStore::open(&folder, &Name::new("local").unwrap()).unwrap()
}

#[test]
fn epochs_and_frozen_partitions_are_shown() {
    let lab = lab();
    let epochs = || lab.pi(&["log", "epochs", "--format", "json"]).code(0).json();
    assert!(items(&epochs(), "partitions").is_empty());
    lab.pi(&RUN).code(0);
    let author = Author { actor: "test".to_owned(), now: Timestamp::from_micros(1) };
    let runs = vec![Name::new("runs").unwrap()];
    let list = ShardList { shards: runs, reason: "test".to_owned() };
    governance::freeze(&store(&lab), &author, &list).unwrap();
    let frozen = |json: &Value| {
        let runs = items(json, "partitions").iter().find(|p| text(p, "partition") == "runs");
        field(runs.unwrap(), "frozen").clone()
    };
    assert_eq!(frozen(&epochs()), Value::Bool(true));
    assert!(lab.pi(&["log", "epochs"]).code(0).stdout.contains(" frozen"));
    governance::establish_epoch(&store(&lab), &author, &list).unwrap();
    let after = epochs();
    assert_eq!(frozen(&after), Value::Bool(false));
    assert_eq!(number(&items(&after, "epochs")[0], "epoch"), 1);
    assert_eq!(text(&after, "marker").len(), 64);
    lab.verified();
}

struct Nothing;

impl Projection for Nothing {
    fn create(&self, _: &Tables<'_>) -> Result<(), StoreError> {
        Ok(())
    }

    fn apply(&mut self, _: &Tables<'_>, _: &StoredEvent) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn consumer_groups_are_shown_and_not_touched() {
    let lab = lab();
    lab.pi(&RUN).code(0);
    let consumers = || lab.pi(&["log", "consumers", "--format", "json"]).code(0);
    assert!(items(&consumers().json(), "groups").is_empty());
    let (group, member) = (Name::new("search").unwrap(), Name::new("one").unwrap());
    let mut consumer = Consumer::open(&store(&lab), &group, &member).unwrap();
    let now = Timestamp::from_micros(1_000);
    let lease = consumer.join(&Nothing, now, 500).unwrap();
    let runs = Name::new("runs").unwrap();
    consumer.process(&lease, &runs, 3, now, &mut Nothing).unwrap();
    let shown = consumers();
    assert_eq!(shown.stdout, consumers().stdout);
    let json = shown.json();
    let group = &items(&json, "groups")[0];
    assert_eq!(text(group, "group"), "search");
    assert_eq!(number(&items(group, "members")[0], "lease_until"), 1_500);
    let checkpoint = &items(group, "checkpoints")[0];
    assert_eq!((text(checkpoint, "partition"), number(checkpoint, "offset")), ("runs".into(), 3));
    assert!(number(checkpoint, "head") > 10);
    assert!(lab.pi(&["log", "consumers"]).code(0).stdout.contains("runs:3 of "));
}
