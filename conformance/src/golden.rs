//! Golden histories: logs that a released format wrote, kept for ever. Each has a fixed
//! key and a straw agent of its own, so that no change of the real agents touches it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pi_agent_api::{Catalogue, CatalogueError, Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::id::InvalidName;
use pi_core::{Clock, Confidence, Digest, Name, Severity, Timestamp};
use pi_runtime::{Journal, JournalError};
use pi_store::{DataFolder, StoreError};

/// The tenant of every golden history.
pub const TENANT: &str = "golden";

/// The files of the run: one that the straw agent denies, one that it does not.
pub const INPUTS: [(&str, &str); 2] = [
    ("Dockerfile", "FROM debian:12\nUSER root\n"),
    ("web/Dockerfile", "FROM debian:12\nUSER app\n"),
];

/// Where the golden histories lie.
pub fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{version}"))
}

/// The signing key's file. Everybody knows this key; it signs nothing else.
pub fn key_file() -> String {
    format!("pi-log-key-1 {}\n", Digest::of(b"golden history"))
}

/// The tenant's name.
pub fn tenant() -> Result<Name, InvalidName> {
    Name::new(TENANT)
}

/// A clock that moves by a millisecond with every look.
pub struct Steps(AtomicU64);

impl Clock for Steps {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.fetch_add(1_000, Ordering::Relaxed))
    }
}

/// A clock that begins at the same time always.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(Steps(AtomicU64::new(1_700_000_000_000_000)))
}

/// The journal of a data folder.
pub fn journal(data: &DataFolder) -> Result<Journal, JournalError> {
    let tenant = tenant().map_err(|error| StoreError::Database(error.to_string()))?;
    Journal::open(data, &tenant, clock(), "golden")
}

const ROOT: Rule = Rule {
    id: "runs-as-root",
    summary: "the container runs as root",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "name another user",
};

declare_agent! {
    /// Denies `USER root`.
    pub struct GoldenRoot {
        slug: "golden_root",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Dockerfile],
        triggers: Always,
        invariant_to: ALL,
        rules: [ROOT],
        fixture: "",
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.text().unwrap_or_default().lines().any(|line| line.trim() == "USER root") {
        report.finding(&ROOT, Default::default()).subject("root");
    }
    Ok(())
}

/// The catalogue with the straw agent alone.
pub fn catalogue() -> Result<Catalogue, CatalogueError> {
    Catalogue::new(vec![&GoldenRoot])
}
