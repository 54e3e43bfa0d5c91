//! What the conformance tests share: agents that exist to be caught, inputs in
//! memory, and a driver that hands outcomes over in any order.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of tests"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use pi_agent_api::{Agent, Catalogue};
use pi_artifacts::Artifact;
use pi_core::canonical::{Object, Value, parse};
use pi_core::{Digest, Name, Reason};
use pi_kernel::admit::{AdmissionError, AdmittedComposition, Baseline};
use pi_kernel::capability::ArtifactType;
use pi_kernel::effect::{Effect, EffectOutcome};
use pi_kernel::examine::{Options, examine};
use pi_kernel::manifest::{Content, Entry, Manifest};
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::report::Outcome;
use pi_kernel::request::{
    Bounds, Capability, CompositionRequest, Draft, Edge, EdgeKind, EvidenceMode, Examine, Node,
    Selection,
};
use pi_kernel::run::{Command, NodeState, Run};

pub mod golden;
pub mod laboratory;
pub mod restless;
pub mod straw;
pub mod stuck;

/// A Dockerfile that the straw agent reports on.
pub const DOCKERFILE: &[u8] = b"FROM debian:12\nRUN true\nUSER app\nRUN id\n";

/// Files in memory: path and bytes.
pub type Files<'a> = [(&'a str, &'a [u8])];

/// A catalogue of these agents.
pub fn catalogue(agents: Vec<&'static dyn Agent>) -> Catalogue {
    Catalogue::new(agents).unwrap()
}

/// The manifest of files in memory.
pub fn manifest(files: &Files<'_>) -> Manifest {
    let entry = |(path, bytes): &(&str, &[u8])| Entry {
        path: (*path).to_owned(),
        content: Content::Frozen {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            kind: pi_artifacts::kind::detect(path, bytes),
        },
    };
    Manifest::new(files.iter().map(entry).collect())
}

/// The tenant of the tests.
pub fn tenant() -> Name {
    Name::new("local").unwrap()
}

/// The draft behind a scan of `manifest`.
pub fn scan_of(manifest: &Manifest) -> Draft {
    let selection = Selection {
        only: Vec::new(),
        skip: Vec::new(),
        honour_allow: true,
        baseline: None,
        evidence: EvidenceMode::Hashes,
        as_of: None,
    };
    Draft::scan(tenant(), manifest.digest(), selection)
}

/// A draft of these nodes and edges over `manifest`.
pub fn draft(manifest: &Manifest, nodes: Vec<Node>, edges: Vec<Edge>) -> Draft {
    Draft { nodes, edges, bounds: Bounds::DEFAULT, ..scan_of(manifest) }
}

/// A node that examines with everything.
pub fn examine_node(id: &str) -> Node {
    Node::new(id, Capability::Examine(Examine::default()))
}

/// The nodes that end a composition: weigh, decide, release.
pub fn verdict(after: &[&str]) -> Vec<Node> {
    vec![
        Node::new("weigh", Capability::Weigh).after(after.iter().copied()),
        Node::new("decide", Capability::Decide).after(["weigh"]),
        Node::new("release", Capability::Release).after(["decide"]),
    ]
}

/// An edge.
pub fn edge(from: &str, to: &str, kind: EdgeKind) -> Edge {
    Edge { from: from.to_owned(), to: to.to_owned(), kind, condition: None }
}

/// A conditional edge.
pub fn when(from: &str, to: &str, condition: &str) -> Edge {
    Edge { condition: Some(condition.to_owned()), ..edge(from, to, EdgeKind::Conditional) }
}

/// Admits a request under the baseline policy.
pub fn admit(
    request: CompositionRequest,
    files: &Files<'_>,
    agents: Vec<&'static dyn Agent>,
) -> Result<AdmittedComposition, AdmissionError> {
    admit_under(request, files, agents, Policy::baseline())
}

/// Admits a request under a policy.
pub fn admit_under(
    request: CompositionRequest,
    files: &Files<'_>,
    agents: Vec<&'static dyn Agent>,
    policy: Policy,
) -> Result<AdmittedComposition, AdmissionError> {
    let baseline = Baseline::default();
    let (manifest, catalogue) = (manifest(files), catalogue(agents));
    AdmittedComposition::admit(request, manifest, baseline, &catalogue, policy)
}

/// What a run in memory came to.
pub struct Ended {
    /// Everything that was to be appended, in order.
    pub records: Vec<Record>,
    /// The outcome.
    pub outcome: Outcome,
    /// Where each node ended, by id.
    pub states: BTreeMap<String, NodeState>,
    /// The effects that were carried out.
    pub effects: Vec<Effect>,
}

impl Ended {
    /// The payloads of one type of event.
    pub fn payloads(&self, event_type: &str) -> Vec<Value> {
        let of_type = self.records.iter().filter(|record| record.event_type == event_type);
        of_type.map(|record| parse(&record.payload).unwrap()).collect()
    }

    /// Status, by node, of the receipts of nodes in their order.
    pub fn nodes(&self) -> Vec<(String, String)> {
        let receipts = self.payloads("receipt.issued");
        let of_nodes = receipts.iter().filter(|r| text(r, "capability").contains('/'));
        of_nodes.map(|r| (text(r, "node").to_owned(), text(r, "status").to_owned())).collect()
    }

    /// The status of a node's receipt, if it has one.
    pub fn status(&self, node: &str) -> Option<String> {
        self.nodes().into_iter().find(|(id, _)| id == node).map(|(_, status)| status)
    }
}

/// A member that is a string.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap()
}

/// How a run in memory is driven.
pub struct Driver<'a> {
    /// Hand the last outcome over first.
    pub backwards: bool,
    /// Stop the run after so many examinations.
    pub stop_after: Option<(usize, Reason)>,
    /// Carries out effects.
    pub perform: &'a mut dyn FnMut(u32, &Effect) -> EffectOutcome,
}

/// An effect that succeeds.
pub fn done() -> EffectOutcome {
    let report = Value::Object(Object::from([("done".to_owned(), Value::Bool(true))]));
    EffectOutcome::Done { artifact_type: ArtifactType::EffectReport, report }
}

/// Runs an admitted composition to its end.
pub fn drive(admitted: AdmittedComposition, files: &Files<'_>, driver: Driver<'_>) -> Ended {
    let admitted = Arc::new(admitted);
    let Driver { backwards, stop_after, perform } = driver;
    let (mut run, mut commands) = Run::start(Arc::clone(&admitted));
    let (mut records, mut effects) = (Vec::new(), Vec::new());
    let mut asked: Vec<(usize, usize, usize)> = Vec::new();
    let mut examined = 0;
    loop {
        let mut performed = None;
        for command in commands {
            match command {
                Command::Examine { job, node, artifact } => asked.push((job, node, artifact)),
                Command::Append(more) => records.extend(more),
                Command::Perform { job, attempt, effect, .. } => {
                    performed = Some((job, attempt, perform(attempt, &effect)));
                    effects.push(effect);
                }
                Command::Finish(outcome) => {
                    let nodes = admitted.request.content().nodes.iter();
                    let ids = nodes.map(|node| node.id.clone());
                    let states = ids.zip(run.states().iter().copied()).collect();
                    return Ended { records, outcome: *outcome, states, effects };
                }
            }
        }
        commands = if let Some((job, attempt, outcome)) = performed {
            run.performed(job, attempt, outcome)
        } else if let Some((_, reason)) = stop_after.filter(|(after, _)| *after == examined) {
            run.stop(reason)
        } else {
            let next = if backwards { asked.pop().unwrap() } else { asked.remove(0) };
            examined += 1;
            let examination = examine_one(&admitted, files, next.1, next.2);
            run.examined(next.0, examination)
        };
    }
}

/// Examines an artifact in memory for a node.
pub fn examine_one(
    admitted: &AdmittedComposition,
    files: &Files<'_>,
    node: usize,
    artifact: usize,
) -> pi_kernel::examine::Examination {
    let path = admitted.manifest.entries()[artifact].path.as_str();
    let bytes = files.iter().find(|(name, _)| *name == path).unwrap().1;
    let examiner = admitted.examiners[node].as_ref().unwrap();
    let baseline = Baseline::default();
    let honour_allow = examiner.honour_allow;
    let options = Options { as_of: None, honour_allow, baseline: &baseline, watch: None };
    examine(&examiner.catalogue, &Artifact::new(path, bytes.to_vec()), options)
}

/// Admits and runs a draft; effects succeed. Everything happens twice, the second time
/// with outcomes that arrive in the other order, and must be equal (TEST-1).
pub fn run(draft: Draft, files: &Files<'_>, agents: Vec<&'static dyn Agent>) -> Ended {
    let once = |backwards| {
        let admitted = admit(draft.clone().freeze(), files, agents.clone()).unwrap();
        let mut perform = |_, _: &Effect| done();
        drive(admitted, files, Driver { backwards, stop_after: None, perform: &mut perform })
    };
    let (first, second) = (once(false), once(true));
    assert_eq!(first.records, second.records, "TEST-1: the second run gives other records");
    assert_eq!(first.outcome, second.outcome, "TEST-1: the second run has another outcome");
    first
}

/// Scans files in memory.
pub fn scan(files: &Files<'_>, agents: Vec<&'static dyn Agent>) -> Ended {
    run(scan_of(&manifest(files)), files, agents)
}
