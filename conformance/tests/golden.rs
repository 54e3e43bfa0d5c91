//! Histories of released formats are verified and replayed by every build.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use pi_conformance::golden;
use pi_core::canonical::{Value, parse};
use pi_core::{Name, RunId};
use pi_event_fabric::catalogue::registry;
use pi_event_fabric::fence::FenceEntry;
use pi_event_fabric::replay::ReplayContext;
use pi_event_fabric::{Bundle, HeaderView, PublicKey};
use pi_kernel::KERNEL_REVISION;
use pi_runtime::Journal;
use pi_runtime::replay::{ReplayOptions, replay};
use pi_runtime::run::Progress;
use pi_store::governance::{self, Author};
use pi_store::{DataFolder, VerifyOptions};

/// Every golden history.
fn versions() -> Vec<u32> {
    let folder = golden::folder(1).parent().unwrap().to_owned();
    let mut versions: Vec<u32> = fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    assert!(!versions.is_empty());
    versions
}

fn expected(version: u32) -> Value {
    parse(&fs::read(golden::folder(version).join("expected.json")).unwrap()).unwrap()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap().to_owned()
}

/// A copy of the history that a build may open.
fn open(version: u32) -> (tempfile::TempDir, Journal) {
    let root = tempfile::tempdir().unwrap();
    let data = DataFolder::open(root.path()).unwrap();
    let tenant = golden::tenant().unwrap();
    let from = golden::folder(version);
    fs::copy(from.join("log.sqlite"), data.database(&tenant)).unwrap();
    fs::copy(from.join("checkpoints.notes"), data.notes(&tenant)).unwrap();
    fs::write(data.key(), golden::key_file()).unwrap();
    fs::set_permissions(data.key(), fs::Permissions::from_mode(0o600)).unwrap();
    let journal = golden::journal(&data).unwrap();
    (root, journal)
}

#[test]
fn every_history_verifies_as_it_did() {
    for version in versions() {
        let (_root, journal) = open(version);
        let options = VerifyOptions { partition: None, deep: true };
        let verified = journal.store().verify(&options, &mut |_, _| {}).unwrap();
        let expected = expected(version);
        let number = |key: &str| expected.get(key).and_then(Value::as_u64).unwrap();
        assert_eq!(verified.events, number("events"));
        assert_eq!(verified.receipts, number("receipts"));
        assert_eq!(verified.redacted, number("redacted"));
        assert_eq!(verified.root.unwrap().to_hex(), text(&expected, "root"));
        assert_eq!(journal.store().public_key().to_string(), text(&expected, "public_key"));
    }
}

fn context(partition: &str, targets: BTreeMap<String, u32>) -> ReplayContext {
    ReplayContext {
        tenant: golden::tenant().unwrap(),
        partition: Name::new(partition).unwrap(),
        from: 1,
        to: None,
        correlation_id: None,
        targets,
    }
}

#[test]
fn every_history_replays_as_it_did() {
    for version in versions() {
        let (_root, journal) = open(version);
        let expected = expected(version);
        for (partition, hash) in expected.get("replays").unwrap().as_object().unwrap() {
            let context = context(partition, BTreeMap::new());
            let report =
                governance::replay(journal.store(), registry(), context, &mut |_| Ok(())).unwrap();
            assert_eq!(Some(report.hash().to_hex().as_str()), hash.as_str(), "{partition}");
        }
    }
}

#[test]
fn every_history_reads_with_the_newest_schemas() {
    for version in versions() {
        let (_root, journal) = open(version);
        let store = journal.store();
        let author = Author { actor: "test".to_owned(), now: golden::clock().now() };
        let mut targets = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for event in store.after(None, 10_000).unwrap() {
            let view = HeaderView::parse(&event.header).unwrap();
            let newest = registry().latest(view.schema).unwrap();
            targets.insert(view.schema.to_owned(), newest.version);
            let written = u32::try_from(view.schema_version).unwrap();
            let (from, to) = (pi_event_fabric::schema::id(view.schema, written), newest.id());
            if from != to && seen.insert(from.clone(), to.clone()).is_none() {
                let entry = FenceEntry::new(&from, &to, "every build reads them").unwrap();
                governance::approve(store, &author, &entry).unwrap();
            }
        }
        for partition in ["admin", "governance", "runs"] {
            let context = context(partition, targets.clone());
            governance::replay(store, registry(), context, &mut |_| Ok(())).unwrap();
        }
    }
}

/// The run whose evidence is kept, and the others.
fn runs(version: u32) -> Vec<RunId> {
    let expected = expected(version);
    let also = expected.get("also").and_then(Value::as_array).unwrap_or_default();
    let also = also.iter().map(|run| run.as_str().unwrap().to_owned());
    let ids = std::iter::once(text(&expected, "run")).chain(also);
    ids.map(|id| RunId::parse(&id).unwrap()).collect()
}

struct Quiet;

impl Progress for Quiet {
    fn frozen(&mut self, _artifacts: usize) {}
    fn examined(&mut self, _done: usize, _total: usize) {}
}

#[test]
fn every_run_is_executed_again_with_the_same_receipts() {
    for version in versions() {
        for run in runs(version) {
            executed_again(version, &run);
        }
    }
}

fn executed_again(version: u32, run: &RunId) {
    let (_root, journal) = open(version);
    let (_, acceptance) = journal.acceptance(run).unwrap();
    let revision = acceptance.get("kernel_revision").and_then(Value::as_u64).unwrap();
    let options = ReplayOptions {
        base: None,
        threads: 1,
        guard: None,
        patience: std::time::Duration::from_secs(60),
    };
    let replayed = replay(&journal, &golden::catalogue().unwrap(), run, &options, &mut Quiet);
    if revision == u64::from(KERNEL_REVISION) {
        let replayed = replayed.unwrap();
        assert!(!replayed.other_catalogue);
        let comparison = replayed.comparison;
        assert!(
            comparison.is_identical() && comparison.compared() > 10,
            "the kernel says something else under the same revision: {:?}",
            comparison.differences()
        );
    } else if let Err(error) = replayed {
        // Another kernel may refuse an old run, but only by its name.
        assert!(!error.reason().code().is_empty(), "{error}");
    }
}

#[test]
fn both_verifiers_accept_the_run_and_notice_a_changed_byte() {
    let verifier = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../verifier/pi_verify.py"));
    for version in versions() {
        let bundle = golden::folder(version).join("run.json");
        let bytes = fs::read(&bundle).unwrap();
        let key = text(&expected(version), "public_key");
        let public = PublicKey::parse(&key).unwrap();
        Bundle::parse(&bytes).unwrap().verify(Some(&public)).unwrap();
        let changed = String::from_utf8(bytes).unwrap().replacen("SUCCESS", "SUCCESs", 1);
        let copy = tempfile::NamedTempFile::new().unwrap();
        fs::write(copy.path(), &changed).unwrap();
        Bundle::parse(changed.as_bytes()).unwrap().verify(Some(&public)).unwrap_err();
        for (file, code) in [(bundle.as_path(), 0), (copy.path(), 3)] {
            let output =
                Command::new("python3").arg(&verifier).arg(file).args(["--key", &key]).output();
            let output = output.unwrap();
            assert_eq!(output.status.code(), Some(code), "{output:?}");
        }
    }
}
