//! Runs over a real log, in a folder of their own.
#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pi_agent_api::Agent;
use pi_core::{Name, RunId};
use pi_kernel::policy::Policy;
use pi_kernel::request::EvidenceMode;
use pi_runtime::Journal;
use pi_runtime::drive::{Cancel, Drive};
use pi_runtime::examiner::Folder;
use pi_runtime::mesh::Mesh;
use pi_runtime::recorded::RecordedError;
use pi_runtime::replay::{ReplayOptions, Replayed, replay};
use pi_runtime::resume::{ResumeOptions, resume};
use pi_runtime::run::{Ran, Silent};
use pi_runtime::scan::{ScanOptions, scan};
use pi_store::DataFolder;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{DOCKERFILE, catalogue, golden};

/// How long one vote may take, unless a test says otherwise.
const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder for any number of tenants, and a folder with two inputs.
pub struct Laboratory {
    root: TempDir,
    /// How long one vote may take.
    pub patience: Duration,
}

impl Default for Laboratory {
    fn default() -> Self {
        let laboratory = Self { root: tempfile::tempdir().unwrap(), patience: PATIENCE };
        fs::create_dir(laboratory.inputs()).unwrap();
        fs::write(laboratory.inputs().join("Dockerfile"), DOCKERFILE).unwrap();
        fs::write(laboratory.inputs().join("compose.yml"), "services: {}\n").unwrap();
        laboratory
    }
}

impl Laboratory {
    /// The folder that is scanned.
    pub fn inputs(&self) -> PathBuf {
        self.root.path().join("inputs")
    }

    /// The data folder.
    pub fn data(&self) -> DataFolder {
        DataFolder::open(self.root.path().join("data")).unwrap()
    }

    /// The log of a tenant, under a clock that steps.
    pub fn journal(&self, tenant: &str) -> Journal {
        Journal::open(&self.data(), &name(tenant), golden::clock(), "tests").unwrap()
    }

    /// Scans the inputs into a log.
    pub fn scan(
        &self,
        journal: &Journal,
        agents: Vec<&'static dyn Agent>,
        evidence: EvidenceMode,
    ) -> Ran {
        let options = ScanOptions {
            tenant: journal.store().tenant().clone(),
            paths: vec![self.inputs()],
            only: Vec::new(),
            skip: Vec::new(),
            baseline: None,
            policy: Policy::baseline(),
            evidence,
            as_of: None,
            honour_allow: true,
            threads: 2,
            guard: None,
            patience: self.patience,
        };
        scan(journal, &catalogue(agents), &options, &mut Silent).unwrap().ran
    }

    /// Executes a recorded run again.
    pub fn replay(
        &self,
        journal: &Journal,
        agents: Vec<&'static dyn Agent>,
        run: &RunId,
    ) -> Result<Replayed, RecordedError> {
        let options =
            ReplayOptions { base: None, threads: 2, guard: None, patience: self.patience };
        replay(journal, &catalogue(agents), run, &options, &mut Silent)
    }

    /// Continues a run that did not finish, whoever may be at work on it.
    pub fn resume(
        &self,
        journal: &Journal,
        agents: Vec<&'static dyn Agent>,
        run: &RunId,
    ) -> Result<Ran, RecordedError> {
        let mesh = Mesh::start(2, self.patience).unwrap();
        let how = Drive {
            mesh: &mesh,
            priority: 0,
            inputs: Arc::new(Folder(self.inputs())),
            guard: None,
            deadline: None,
            cancel: Cancel::default(),
        };
        let options = ResumeOptions { goal: None, take_over: true };
        resume(journal, &catalogue(agents), run, &options, &how, &mut Silent)
    }

    /// The database of a tenant, past the platform.
    pub fn database(&self, tenant: &str) -> Connection {
        Connection::open(self.data().database(&name(tenant))).unwrap()
    }

    /// Changes a tenant's database after the guards are taken away.
    pub fn tamper(&self, tenant: &str, sql: &str) {
        let database = self.database(tenant);
        for trigger in ["events_no_update", "events_no_delete", "payloads_erase_only"] {
            database.execute_batch(&format!("DROP TRIGGER IF EXISTS {trigger}")).unwrap();
        }
        database.execute_batch(sql).unwrap();
    }
}

/// A name.
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}
