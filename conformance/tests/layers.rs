//! What must be absent from the layers that execute.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Plain words reach the router and the planner, and nothing else: no module
/// that admits, executes, records or replays names the router.
#[test]
fn INVARIANT_1_execution_does_not_know_the_router() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let kernel = crates.join("pi-kernel/src");
    let mut files = Vec::new();
    sources(&kernel, &mut files);
    sources(&crates.join("pi-runtime/src"), &mut files);
    let words = ["route", "plan"].map(|module| kernel.join(module));
    let is_outside = |path: &Path| {
        words.iter().any(|module| path.starts_with(module) || path == module.with_extension("rs"))
    };
    let (outside, execution): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|path| is_outside(path));
    assert!(outside.len() > 5 && execution.len() > 20, "the sources lie elsewhere");
    for path in execution {
        for line in fs::read_to_string(&path).unwrap().lines() {
            assert!(!line.contains("route::"), "{}: {line}", path.display());
        }
    }
}

/// What a pure crate may not reach: clocks, chance, threads of others, network,
/// databases, models. Names, or beginnings of names that end in `-`.
const BANNED: &[&str] = &[
    "async-std",
    "candle-",
    "fastrand",
    "getrandom",
    "hyper",
    "jiff",
    "mio",
    "oorandom",
    "ort",
    "rand",
    "rand_core",
    "reqwest",
    "rusqlite",
    "socket2",
    "tokio",
    "tokio-",
    "tonic",
    "tract-",
    "ureq",
    "uuid",
];

/// Shell crates carry a `clippy.toml` of their own; the others are pure.
fn pure_crates() -> Vec<String> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    for entry in fs::read_dir(crates).unwrap() {
        let path = entry.unwrap().path();
        if !path.join("clippy.toml").exists() {
            found.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn INVARIANT_1_pure_crates_reach_no_clock_chance_network_or_model() {
    let pure = pure_crates();
    for expected in ["pi-agents", "pi-control-plane", "pi-core", "pi-event-fabric", "pi-kernel"] {
        assert!(pure.iter().any(|name| name == expected), "{expected} is pure");
    }
    for shell in ["pi-runtime", "pi-store", "pi-cli"] {
        assert!(!pure.iter().any(|name| name == shell), "{shell} is a shell");
    }
    for name in &pure {
        let tree = Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
            .args(["--format", "{p} features={f}", "--package", name])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8(tree.stdout).unwrap();
        let reached: Vec<&str> =
            tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert!(reached.contains(&name.as_str()) && reached.contains(&"thiserror"), "{tree}");
        // Certificates hold times, and their parser brings `time`, whose clock clippy.toml
        // bans by name. Cedar computes with dates and brings a calendar. It may not bring the
        // part that reads the clock.
        let calendar = tree.lines().find_map(|line| line.strip_prefix("chrono "));
        let features = calendar.and_then(|line| line.split("features=").nth(1)).unwrap_or_default();
        for feature in features.split([',', ' ']) {
            assert!(!matches!(feature, "clock" | "now"), "{name}: chrono reads the clock");
        }
        for dependency in reached {
            let banned = BANNED.iter().any(|banned| {
                dependency == *banned || (banned.ends_with('-') && dependency.starts_with(banned))
            });
            assert!(!banned, "{name} reaches {dependency}");
            assert!(
                !dependency.starts_with("pi-") || pure.iter().any(|name| name == dependency),
                "{name} reaches the shell {dependency}"
            );
        }
    }
}
