//! Measures compositions, in one run:
//! `cargo run --release -p pi-runtime --example steps_bench`
//!
//! A step is a node of a run, with its receipt. Each run has ten.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a measuring program"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pi_agent_api::Catalogue;
use pi_artifacts::Kind;
use pi_core::{Digest, Name};
use pi_kernel::admit::{AdmittedComposition, Baseline};
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::examine::{Examination, Status};
use pi_kernel::manifest::{Content, Entry, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::request::{
    Bounds, Capability, CompositionRequest, Draft, EvidenceMode, Examine, Node, Selection,
};
use pi_kernel::run::{Command, Run};
use pi_runtime::drive::{Cancel, Drive, Shell, drive};
use pi_runtime::examiner::Folder;
use pi_runtime::journal::{Journal, JournalError, RunWriter};
use pi_runtime::mesh::Mesh;
use pi_runtime::run::{Composition, Silent, run};
use pi_runtime::{SystemClock, replay};
use pi_store::{DataFolder, Database, Fence, VerifyOptions};
use pi_test_postgres::Server;

/// Runs that are executed again.
const RUNS_AGAIN: usize = 200;

const STEPS: usize = 10;
const CONCURRENT: usize = 32;
const SECONDS: u64 = 5;
const ROUNDS: usize = 20_000;

fn manifest() -> Manifest {
    let bytes = b"nothing to see\n";
    let content =
        Content::Frozen { digest: Digest::of(bytes), size: bytes.len() as u64, kind: Kind::Text };
    Manifest::new(vec![Entry { path: "a.txt".to_owned(), content }])
}

/// A root, six inventories, and an examination with its verdict: ten nodes.
fn request(manifest: &Manifest) -> CompositionRequest {
    let selection = Selection {
        only: Vec::new(),
        skip: Vec::new(),
        honour_allow: false,
        baseline: None,
        evidence: EvidenceMode::Hashes,
        as_of: None,
    };
    let mut nodes = vec![Node::new("admit", Capability::AdmitManifest)];
    for n in 0..STEPS - 5 {
        nodes.push(Node::new(format!("count-{n}"), Capability::TakeInventory).after(["admit"]));
    }
    nodes.push(Node::new("look", Capability::Examine(Examine::default())).after(["count-0"]));
    nodes.push(Node::new("weigh", Capability::Weigh).after(["look"]));
    nodes.push(Node::new("decide", Capability::Decide).after(["weigh"]));
    nodes.push(Node::new("release", Capability::Release).after(["decide"]));
    assert_eq!(nodes.len(), STEPS);
    let name = Name::new("bench").unwrap();
    let scan = Draft::scan(name, manifest.digest(), selection);
    Draft { nodes, bounds: Bounds::DEFAULT, ..scan }.freeze()
}

fn catalogue() -> Catalogue {
    Catalogue::new(Vec::new()).unwrap()
}

fn admit() -> AdmittedComposition {
    let manifest = manifest();
    let (request, baseline) = (request(&manifest), Baseline::default());
    AdmittedComposition::admit(request, manifest, baseline, &catalogue(), Policy::baseline())
        .unwrap()
}

/// One run of the state machine alone; its number of records.
fn in_memory(admitted: &Arc<AdmittedComposition>) -> usize {
    let (mut run, mut commands) = Run::start(Arc::clone(admitted));
    let mut records = 0;
    loop {
        let mut asked = None;
        for command in commands {
            match command {
                Command::Examine { job, .. } => asked = Some(job),
                Command::Append(more) => records += more.len(),
                Command::Perform { .. } => {}
                Command::Finish(_) => return records,
            }
        }
        let nothing = Examination {
            input: Digest::ZERO,
            applicable: admitted.catalogue.none(),
            executed: admitted.catalogue.none(),
            copies: [Digest::ZERO; 2],
            verdicts: Vec::new(),
            findings: Vec::new(),
            failure: None::<(Status, _)>,
        };
        commands = run.examined(asked.unwrap(), nothing);
    }
}

fn kernel() {
    let admitted = Arc::new(admit());
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let started = Instant::now();
            let records: usize = (0..ROUNDS).map(|_| in_memory(&admitted)).sum();
            assert!(records > ROUNDS * STEPS);
            started.elapsed()
        })
        .collect();
    times.sort();
    let per_step = times[2].as_secs_f64() * 1e6 / (ROUNDS * STEPS) as f64;
    println!("kernel alone                    {per_step:8.2} us a step");
}

/// Appends each step's records and waits until they are durable before the next.
struct EachDurable(RunWriter);

impl Shell for EachDurable {
    type Error = JournalError;

    fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        for record in records {
            let step = record.event_type == "receipt.issued";
            self.0.append(vec![record])?;
            if step {
                self.0.flush()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        self.0.flush().map(|_| ())
    }

    fn perform(&mut self, _: &'static str, _: &Effect) -> Result<EffectOutcome, JournalError> {
        Ok(EffectOutcome::Unknown)
    }

    fn progress(&mut self, _: usize, _: usize) {}
}

fn how<'a>(mesh: &'a Mesh, base: &std::path::Path) -> Drive<'a> {
    Drive {
        mesh,
        priority: 0,
        inputs: Arc::new(Folder(base.to_owned())),
        guard: None,
        deadline: None,
        cancel: Cancel::default(),
    }
}

/// Steps a second of concurrent runs over one store.
fn durable(label: &str, each_step: bool, postgres: Option<&Server>) {
    let folder = tempfile::tempdir_in(".").unwrap();
    std::fs::write(folder.path().join("a.txt"), b"nothing to see\n").unwrap();
    let journal = journal(folder.path(), postgres);
    let mesh = Mesh::start(2, Duration::from_secs(30)).unwrap();
    let deadline = Instant::now() + Duration::from_secs(SECONDS);
    let started = Instant::now();
    let runs: usize = std::thread::scope(|scope| {
        let work = || {
            let mut runs = 0;
            while Instant::now() < deadline {
                one(&journal, &mesh, folder.path(), each_step);
                runs += 1;
            }
            runs
        };
        let handles: Vec<_> = (0..CONCURRENT).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).sum()
    });
    let rate = (runs * STEPS) as f64 / started.elapsed().as_secs_f64();
    println!("{label} {rate:8.0} steps/s");
    let started = Instant::now();
    let options = VerifyOptions { partition: None, deep: false };
    let verified = journal.store().verify(&options, &mut |_, _| {}).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "  verified                      {:8.0} steps/s, {:.0} events/s",
        (runs * STEPS) as f64 / seconds,
        verified.events as f64 / seconds
    );
    if each_step {
        // These runs keep no inputs.
        return;
    }
    again(&journal, "executed again and compared");
    for _ in 0..RUNS_AGAIN {
        one(&journal, &mesh, folder.path(), false);
    }
    again(&journal, "  the same of runs that were alone");
}

/// Steps a second of replays of the newest runs, one thread.
fn again(journal: &Journal, label: &str) {
    let newest = journal.store().runs(None, RUNS_AGAIN).unwrap();
    let started = Instant::now();
    for entry in &newest {
        let options = replay::ReplayOptions {
            base: None,
            threads: 1,
            guard: None,
            patience: Duration::from_secs(30),
        };
        let replayed =
            replay::replay(journal, &catalogue(), &entry.run, &options, &mut Silent).unwrap();
        assert!(replayed.comparison.is_identical());
    }
    let rate = (newest.len() * STEPS) as f64 / started.elapsed().as_secs_f64();
    println!("  {label:<34}{rate:8.0} steps/s, one thread");
}

fn journal(path: &std::path::Path, postgres: Option<&Server>) -> Journal {
    let data = DataFolder::open(path.join("data")).unwrap();
    let (tenant, clock) = (Name::new("bench").unwrap(), Arc::new(SystemClock));
    let Some(server) = postgres else {
        return Journal::open(&data, &tenant, clock, "bench").unwrap();
    };
    let url = server.database(|owner, pi| pi_store::postgres::migrate(owner, pi).unwrap());
    let database = Database::connect(&data, &url.application, 8).unwrap();
    Journal::over(Arc::new(database.open(&tenant).unwrap()), clock, "bench")
}

/// The peer on the same server, when it is installed.
fn peer(server: &Server) {
    let folder = server.folder().display();
    let url = format!("postgresql://admin@/postgres?host={folder}");
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/dbos_steps.py");
    let run = std::process::Command::new(python).arg(script).env("DBOS_URL", url).status();
    if !run.is_ok_and(|status| status.success()) {
        println!("DBOS on PostgreSQL               left out: pip install dbos");
    }
}

fn one(journal: &Journal, mesh: &Mesh, base: &std::path::Path, each_step: bool) {
    let manifest = manifest();
    let request = request(&manifest);
    let how = how(mesh, base);
    if !each_step {
        let baseline = Baseline::default();
        let (base, policy) = (PathBuf::from(base), Policy::baseline());
        let composition = Composition { request, manifest, baseline, base: Some(base), policy };
        run(journal, &catalogue(), composition, &how, &mut Silent).unwrap();
        return;
    }
    let hash = request.hash();
    let baseline = Baseline::default();
    let policy = Policy::baseline();
    let admitted =
        AdmittedComposition::admit(request, manifest, baseline, &catalogue(), policy).unwrap();
    let admitted = Arc::new(admitted);
    let source = base.to_string_lossy();
    let run = journal.accept(Record::accepted(&admitted, &source), hash).unwrap();
    let mut shell = EachDurable(journal.writer(Fence { run, epoch: 0 }));
    drive(&how, admitted, &mut shell).unwrap();
    shell.0.flush().unwrap();
}

fn main() {
    if std::env::args().nth(1).as_deref() == Some("postgres") {
        let server = Server::own();
        durable("32 runs on PostgreSQL, each step", true, Some(&server));
        return peer(&server);
    }
    kernel();
    durable("32 runs, durable at the end     ", false, None);
    durable("32 runs, every step durable     ", true, None);
}
