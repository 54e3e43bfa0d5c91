//! What must be absent from the layers that execute.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    non_snake_case,
    reason = "test code; rules are named as the specification names them"
)]

use std::fs;
use std::path::{Path, PathBuf};

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
