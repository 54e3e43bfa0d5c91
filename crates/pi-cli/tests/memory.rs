//! The memory behind the scans, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::fs;
use std::process::Stdio;

use common::{Lab, Ran, canonical, copy_tree, examples, items, number, text};
use pi_core::canonical::Value;

fn shop(lab: &Lab) -> String {
    let shop = lab.work().join("shop");
    copy_tree(&examples().join("shop"), &shop);
    shop.to_str().unwrap().to_owned()
}

/// The binary with a setting of its own.
fn with(lab: &Lab, name: &str, value: &str, args: &[&str]) -> Ran {
    Ran::new(lab.command(args).env(name, value).output().unwrap())
}

fn entries(ran: &Ran) -> Vec<Value> {
    items(&ran.json(), "entries").to_vec()
}

fn listed(lab: &Lab, args: &[&str]) -> Vec<Value> {
    entries(&lab.pi(&[&["memory", "list", "--format", "json"], args].concat()).code(0))
}

#[test]
fn a_scan_is_remembered_found_and_purged() {
    let lab = Lab::new();
    let shop = shop(&lab);
    let first = lab.pi(&["scan", &shop, "--format", "json"]).code(1).run_id();
    let second = lab.pi(&["scan", &shop, "--format", "json"]).code(1).run_id();
    let all = listed(&lab, &[]);
    let keys: Vec<String> = all.iter().map(|entry| text(entry, "key")).collect();
    assert_eq!(keys, [second.clone(), first.clone()]);
    let body = text(&all[0], "body");
    for word in ["decision DENY", "privileged-container", ".github/workflows/release.yml"] {
        assert!(body.contains(word), "{body}");
    }
    assert_eq!((text(&all[0], "drift"), text(&all[0], "age")), ("project".into(), "fresh".into()));

    let search = ["memory", "search", "privileged-container", "deny", "--format", "json"];
    assert_eq!(entries(&lab.pi(&search).code(0)).len(), 2);
    let limited = [&search[..], &["--limit", "1"]].concat();
    assert_eq!(entries(&lab.pi(&limited).code(0)).len(), 1);
    let other = [&search[..], &["--tenant", "other"]].concat();
    assert_eq!(entries(&lab.pi(&other).code(0)).len(), 0);
    let people = lab.pi(&["memory", "search", "privileged-container"]).code(0);
    assert!(people.stdout.contains(&first) && people.stdout.contains("decision DENY"));

    let erased = lab.pi(&["memory", "purge", "--run", &first]).code(0);
    assert_eq!(erased.stdout, "erased 1 entry\n");
    assert_eq!(listed(&lab, &[]).len(), 1);
    assert_eq!(lab.pi(&["memory", "purge", "--all"]).code(0).stdout, "erased 1 entry\n");
    assert!(listed(&lab, &[]).is_empty());
    lab.verified();
}

#[test]
fn memory_changes_nothing_of_a_scan() {
    let reports: Vec<String> = ["10000", "0", "none", "1"]
        .iter()
        .map(|rows| {
            let lab = Lab::new();
            let shop = examples().join("shop");
            let args = ["scan", shop.to_str().unwrap(), "--format", "json"];
            // The first of each folder has the same place in its log.
            let ran = with(&lab, "PI_MEMORY_MAX_ROWS", rows, &args).code(1);
            assert_eq!(ran.stderr.contains("warning:"), *rows == "none", "{}", ran.stderr);
            lab.verified();
            ran.stdout
        })
        .collect();
    for report in &reports {
        assert_eq!(*report, reports[0]);
    }
}

#[test]
fn a_memory_that_fails_is_a_warning() {
    let lab = Lab::new();
    let shop = shop(&lab);
    let reference = with(&lab, "PI_MEMORY_MAX_ROWS", "0", &["scan", &shop]).code(1);
    let broken = lab.beside("broken.db");
    fs::write(&broken, "no database ".repeat(1_000)).unwrap();
    for path in [broken, lab.beside("none/memory.db"), lab.work()] {
        let path = path.to_str().unwrap();
        for args in [&["scan", &shop][..], &["-q", "scan", &shop]] {
            let ran = with(&lab, "PI_MEMORY_PATH", path, args).code(1);
            let warning = "warning: this scan is not in the memory";
            assert!(ran.stderr.contains(warning), "{ran:#?}");
            assert!(ran.stdout.lines().count() == reference.stdout.lines().count());
        }
    }
    let corrupt = lab.beside("broken.db");
    with(&lab, "PI_MEMORY_PATH", corrupt.to_str().unwrap(), &["memory", "list"])
        .refused(2, "memory_corrupt");
    let missing = lab.beside("none/memory.db");
    with(&lab, "PI_MEMORY_PATH", missing.to_str().unwrap(), &["memory", "list"])
        .refused(2, "memory_unavailable");
    with(&lab, "PI_MEMORY_MAX_ROWS", "0", &["memory", "list"]).refused(2, "memory_unavailable");
    with(&lab, "PI_MEMORY_MAX_ROWS", "many", &["memory", "list"]).refused(2, "invalid_request");
    lab.pi(&["memory", "search", "***"]).refused(2, "invalid_request");
    lab.pi(&["memory", "purge"]).code(2);
}

#[test]
fn a_changed_source_is_stale_and_a_gone_one_missing() {
    let lab = Lab::new();
    let shop = shop(&lab);
    let file = lab.file("alone.md", "# Alone\n");
    lab.pi(&["scan", &shop]).code(1);
    lab.scan(&file, &[]).code(0);
    lab.pi(&["scan", &shop, file.to_str().unwrap()]).code(1);
    let freshness = |lab: &Lab| {
        let all = listed(lab, &["--check"]);
        all.iter().map(|entry| text(entry, "freshness")).collect::<Vec<_>>()
    };
    assert_eq!(freshness(&lab), ["no_source", "current", "current"]);
    fs::write(&file, "# Another\n").unwrap();
    fs::remove_dir_all(&shop).unwrap();
    assert_eq!(freshness(&lab), ["no_source", "stale", "source_missing"]);
    assert!(listed(&lab, &[]).iter().all(|entry| entry.get("freshness") == Some(&Value::Null)));
}

#[test]
fn no_secret_and_no_control_character_is_remembered() {
    let lab = Lab::new();
    let secret = "AKIA3XKQ7ZPLM2WN4RTV";
    let named = "aB3dE5fG7hJ9kL1mN3pQ";
    let content = format!("aws_access_key_id = \"{secret}\"\npassword = \"hunter2hunter2\"\n");
    lab.file("tree/config.py", &content);
    lab.file("tree/evil\u{1b}[2Jname\nline.py", &content);
    lab.file(&format!("tree/{named}.py"), &content);
    let tree = lab.work().join("tree");
    lab.scan(&tree, &[]).code(1);
    let body = text(&listed(&lab, &[])[0], "body");
    assert!(body.contains("config.py"), "{body}");
    assert!(body.contains("evil\\u{1b}[2Jname\\nline.py"), "{body}");
    let bytes = fs::read(lab.data().join("memory.db")).unwrap();
    for word in [secret, named, "hunter2"] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{body}");
    }
    let people = lab.pi(&["memory", "list"]).code(0);
    assert!(!people.stdout.contains("\u{1b}[2J"));
}

#[test]
fn several_processes_share_a_memory() {
    let lab = Lab::new();
    let shop = shop(&lab);
    let scan = || {
        let mut command = lab.command(&["scan", &shop, "--format", "json"]);
        command.env("PI_MEMORY_VACUUM_EVERY", "2").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    for _ in 0..3 {
        let children: Vec<_> = (0..4).map(|_| scan()).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            let errors = String::from_utf8_lossy(&output.stderr);
            assert!(!errors.contains("warning:"), "{errors}");
            canonical(&String::from_utf8(output.stdout).unwrap());
        }
    }
    let all = listed(&lab, &[]);
    assert_eq!(all.len(), 12);
    let mut sequences: Vec<u64> = all.iter().map(|entry| number(entry, "sequence")).collect();
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=12).collect::<Vec<u64>>());
}
