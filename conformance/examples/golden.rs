//! Writes a golden history: `cargo xtask golden VERSION`. Salts are random, so that a
//! history is written once and never again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a tool that runs once, by hand: whatever fails should be seen"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use pi_conformance::golden;
use pi_control_plane::PolicySet;
use pi_control_plane::rules::RuleList;
use pi_core::canonical::Encoder;
use pi_core::{Name, RunId};
use pi_event_fabric::RunField;
use pi_event_fabric::catalogue::registry;
use pi_event_fabric::epoch::ShardList;
use pi_event_fabric::evolution::Evolution;
use pi_event_fabric::fence::FenceEntry;
use pi_event_fabric::replay::ReplayContext;
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::request::EvidenceMode;
use pi_runtime::Journal;
use pi_runtime::run::Progress;
use pi_runtime::scan::{ScanOptions, scan};
use pi_store::governance::{self, Author};
use pi_store::{DataFolder, VerifyOptions};

struct Quiet;

impl Progress for Quiet {
    fn frozen(&mut self, _artifacts: usize) {}
    fn examined(&mut self, _done: usize, _total: usize) {}
}

fn main() {
    let version: u32 = std::env::args().nth(1).expect("a version").parse().expect("a number");
    let target = golden::folder(version);
    assert!(!target.exists(), "{} exists; golden histories never change", target.display());
    let root = std::env::temp_dir().join("pi-golden");
    let _ = fs::remove_dir_all(&root);
    let data = DataFolder::open(root.join("data")).unwrap();
    fs::write(data.key(), golden::key_file()).unwrap();
    fs::set_permissions(data.key(), fs::Permissions::from_mode(0o600)).unwrap();
    let journal = golden::journal(&data).unwrap();
    let inputs = root.join("inputs");
    let run = write_history(&journal, &inputs);
    let judged = write_judged(&journal, &inputs);
    fs::create_dir_all(&target).unwrap();
    let bundle = journal.store().export(&run).unwrap();
    fs::write(target.join("run.json"), Encoder::encode(&bundle)).unwrap();
    fs::write(target.join("expected.json"), expected(&journal, &run, &judged)).unwrap();
    drop(journal);
    let tenant = golden::tenant().unwrap();
    fs::copy(data.database(&tenant), target.join("log.sqlite")).unwrap();
    fs::copy(data.notes(&tenant), target.join("checkpoints.notes")).unwrap();
    fs::remove_dir_all(&root).unwrap();
    println!("wrote {}", target.display());
}

/// One event of each kind that the format knows.
fn write_history(journal: &Journal, inputs: &Path) -> RunId {
    for (name, text) in golden::INPUTS {
        let path = inputs.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let catalogue = golden::catalogue().unwrap();
    let run = scan(journal, &catalogue, &options(inputs), &mut Quiet).unwrap().ran.run;
    let unknown = ScanOptions { only: vec!["no_such_agent".to_owned()], ..options(inputs) };
    assert!(scan(journal, &catalogue, &unknown, &mut Quiet).is_err(), "it is refused");
    redact(journal);
    let store = journal.store();
    let author = Author { actor: "golden".to_owned(), now: golden::clock().now() };
    let receipt = registry().schema("pi.receipt", 1).unwrap();
    let first = Evolution::step(None, receipt, "the first version");
    governance::evolve(store, registry(), &author, &first).unwrap();
    let entry = FenceEntry::new("pi.receipt@1", "pi.receipt@2", "shows an approval").unwrap();
    governance::approve(store, &author, &entry).unwrap();
    governance::revoke(store, &author, &entry).unwrap();
    let list =
        ShardList { shards: vec![Name::new("runs").unwrap()], reason: "an epoch".to_owned() };
    governance::freeze(store, &author, &list).unwrap();
    governance::establish_epoch(store, &author, &list).unwrap();
    run
}

/// Scans the inputs under the baseline.
fn options(inputs: &Path) -> ScanOptions {
    ScanOptions {
        tenant: golden::tenant().unwrap(),
        paths: vec![inputs.to_owned()],
        only: Vec::new(),
        skip: Vec::new(),
        baseline: None,
        policy: Policy::baseline(),
        evidence: EvidenceMode::Sealed,
        as_of: None,
        threads: 1,
        guard: None,
        honour_allow: true,
        patience: std::time::Duration::from_secs(60),
    }
}

/// Scopes, messages, reasons, sums, both stages.
const CEDAR: &str = r#"@id("everybody")
permit (principal, action, resource in PI::Tenant::"golden");

@id("fan")
@message("{request.fanout node} in a fan of {request.evidence}")
forbid (principal == PI::Actor::"golden", action == PI::Action::"execute_unattended", resource)
when { context.stage == "admission" && context.request.capabilities.contains("agents/examine") };

@id("root")
@reason("severity_review")
@message("{findings.high finding} of {findings.all}, {findings.unjudged} unjudged")
forbid (principal, action == PI::Action::"execute_unattended", resource is PI::Composition)
when { context has findings && context.findings.high_or_above == 1 };
"#;

/// Cannot be evaluated once something was found.
const BROKEN: &str = r#"permit (principal, action, resource);
forbid (principal, action, resource)
when { context has findings && context.findings.all + 9223372036854775807 < 0 };
"#;

/// Compiles to Cedar; denies, and what denies comes first.
const RULES: &str = r#"{"schema":"pi.rules/1","name":"golden-rules","kind":"governance","rules":[
{"rule_id":"told","effect":"audit","priority":1,"conditions":[]},
{"rule_id":"all","effect":"allow","priority":9,"conditions":[]},
{"rule_id":"govern","effect":"deny","priority":5,"conditions":[
  {"field":"stage","operator":"eq","value":"govern"},
  {"field":"actor_id","operator":"in","value":["golden","other"]}]}]}"#;

/// Runs under policies of other kinds, and a refusal by one that is not there.
fn write_judged(journal: &Journal, inputs: &Path) -> Vec<RunId> {
    let catalogue = golden::catalogue().unwrap();
    let judged =
        |policy| scan(journal, &catalogue, &ScanOptions { policy, ..options(inputs) }, &mut Quiet);
    let rules = RuleList::read(RULES.as_bytes()).unwrap().into_policies();
    let sets = [
        PolicySet::load("golden-cedar", CEDAR).unwrap(),
        PolicySet::load("golden-broken", BROKEN).unwrap(),
        rules,
    ];
    let runs = sets.map(|set| judged(Policy::new(Arc::new(set))).unwrap().ran.run);
    let error = PolicySet::load("golden-typo", "permit (principal, action);").unwrap_err();
    assert!(judged(Policy::not_loaded(&error)).is_err(), "it is refused");
    runs.to_vec()
}

/// Erases the refusal.
fn redact(journal: &Journal) {
    let partition = Name::new("admission").unwrap();
    let event = journal.store().partition(&partition, 1, 1).unwrap().remove(0);
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("leaf_index", &event.leaf_index).field("reason", "shows a redaction");
    });
    let record = Record {
        schema: "pi.event.redacted",
        schema_version: 1,
        event_type: "event.redacted",
        payload: encoder.into_bytes(),
    };
    let draft = journal.draft("admin", RunField::None, record).unwrap();
    journal.store().redact(&partition, 1, draft).unwrap();
}

/// What every later build must find.
fn expected(journal: &Journal, run: &RunId, judged: &[RunId]) -> Vec<u8> {
    let store = journal.store();
    let verified = store.verify(&VerifyOptions::default(), &mut |_, _| {}).unwrap();
    let replay = |partition: &str| {
        let context = ReplayContext {
            tenant: golden::tenant().unwrap(),
            partition: Name::new(partition).unwrap(),
            from: 1,
            to: None,
            correlation_id: None,
            targets: BTreeMap::new(),
        };
        governance::replay(store, registry(), context, &mut |_| Ok(())).unwrap().hash()
    };
    let mut encoder = Encoder::default();
    encoder.object(|o| {
        o.field("also", &judged.iter().map(RunId::to_string).collect::<Vec<_>>())
            .field("events", &verified.events)
            .field("public_key", &store.public_key().to_string())
            .field("receipts", &verified.receipts)
            .field("redacted", &verified.redacted)
            .field_with("replays", |e| {
                e.object(|o| {
                    o.field("admin", &replay("admin"))
                        .field("governance", &replay("governance"))
                        .field("runs", &replay("runs"));
                });
            })
            .field("root", &verified.root)
            .field("run", run);
    });
    encoder.into_bytes()
}
