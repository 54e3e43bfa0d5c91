//! Several processes on one data folder at once.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};

use common::{Lab, canonical, examples, number, text};

fn start(lab: &Lab, args: &[&str]) -> Child {
    lab.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts four scans of the shop at once and gives their runs.
fn four_scans(lab: &Lab, shop: &Path) -> BTreeSet<String> {
    let args = ["scan", shop.to_str().unwrap(), "--format", "json"];
    let children: Vec<Child> = (0..4).map(|_| start(lab, &args)).collect();
    let mut runs = BTreeSet::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        runs.insert(text(&canonical(&String::from_utf8(output.stdout).unwrap()), "run_id"));
    }
    assert_eq!(runs.len(), 4);
    runs
}

#[test]
fn four_scans_at_once_create_and_share_a_data_folder() {
    // The folder, the key and the database do not exist yet: the four race for
    // creating them. Several rounds, as each has its own race.
    for _ in 0..5 {
        let lab = Lab::new();
        let runs = four_scans(&lab, &examples().join("shop"));
        let verified = lab.verified();
        assert_eq!((number(&verified, "runs"), number(&verified, "open_runs")), (4, 0));
        let list = lab.pi(&["runs", "list", "--format", "json"]).code(0).stdout;
        let listed: BTreeSet<String> =
            list.lines().map(|line| text(&canonical(&format!("{line}\n")), "run_id")).collect();
        assert_eq!(listed, runs);
        for run in &runs {
            lab.pi(&["replay", run]).code(0);
        }
    }
}

#[test]
fn readers_and_a_writer_share_a_data_folder() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    lab.scan(&shop, &[]).code(1);
    for _ in 0..5 {
        let scan = start(&lab, &["scan", shop.to_str().unwrap(), "--format", "json"]);
        let readers: Vec<Child> = [
            &["log", "verify", "--deep"][..],
            &["log", "tail"],
            &["runs", "list"],
            &["log", "checkpoint"],
            &["doctor"],
        ]
        .iter()
        .map(|args| start(&lab, args))
        .collect();
        for reader in readers {
            let output = reader.wait_with_output().unwrap();
            assert_eq!(
                output.status.code(),
                Some(0),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        assert_eq!(scan.wait_with_output().unwrap().status.code(), Some(1));
    }
    assert_eq!(number(&lab.verified(), "runs"), 6);
}

#[test]
fn tenants_share_a_data_folder_and_nothing_else() {
    let lab = Lab::new();
    let shop = examples().join("shop");
    let mine = lab.scan(&shop, &["--tenant", "mine"]).code(1).run_id();
    lab.scan(&shop, &["--tenant", "yours"]).code(1);
    lab.pi(&["replay", &mine, "--tenant", "mine"]).code(0);
    lab.pi(&["replay", &mine, "--tenant", "yours"]).refused(2, "unknown_run");
    for tenant in ["mine", "yours"] {
        lab.pi(&["log", "verify", "--deep", "--tenant", tenant]).code(0);
    }
}
