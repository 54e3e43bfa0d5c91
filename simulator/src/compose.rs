//! Random compositions over a few small artifacts.

use std::collections::BTreeMap;

use pi_agent_api::{Agent, Catalogue, CatalogueError, Watch};
use pi_artifacts::Artifact;
use pi_conformance::{draft, edge, manifest, when};
use pi_core::{Digest, Reason};
use pi_kernel::admit::{AdmittedComposition, Baseline};
use pi_kernel::examine::{Examination, Options, Status, examine};
use pi_kernel::manifest::Manifest;
use pi_kernel::request::{
    Capability, CompositionRequest, Draft, Edge, EdgeKind, EvidenceMode, Examine, Node, Retry,
};
use pi_kernel::resume::TimedOut;

use crate::random::Random;
use crate::straw::{Notes, Panics, Refuses};

/// Every file there is. Most of them offend nobody.
const FILES: &[(&str, &[u8])] = &[
    ("Dockerfile", b"FROM debian:12\nRUN true\nUSER app\nRUN id\n"),
    ("a/compose.yaml", b"services:\n  web:\n    image: nginx\n"),
    ("a/notes.txt", b"plain words\n"),
    ("a/readme.md", b"# Words\n\nplain words\n"),
    ("b/danger.txt", b"a danger to everybody\n"),
    ("b/poison.txt", b"poison\n"),
];

/// Examines, and remembers: an examination is a pure function.
pub struct Laboratory {
    catalogue: Catalogue,
    known: BTreeMap<(Digest, String), Examination>,
}

impl Laboratory {
    /// With the catalogue of straw agents.
    ///
    /// # Errors
    /// When two agents share a name.
    pub fn new() -> Result<Self, CatalogueError> {
        let agents: Vec<&'static dyn Agent> = vec![&Notes, &Refuses, &Panics];
        Ok(Self { catalogue: Catalogue::new(agents)?, known: BTreeMap::new() })
    }

    /// All agents.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Examines an artifact for a node, perhaps not to its end.
    pub fn examine(
        &mut self,
        admitted: &AdmittedComposition,
        node: usize,
        artifact: usize,
        timed_out: Option<TimedOut>,
    ) -> Examination {
        let entry = admitted.manifest.entries().get(artifact);
        let path = entry.map(|entry| entry.path.clone()).unwrap_or_default();
        let Some(Some(examiner)) = admitted.examiners.get(node) else {
            let (status, reason) = (Status::Fail, Reason::InvalidRequest);
            return Examination::failed(&self.catalogue, &path, Digest::ZERO, status, reason, "");
        };
        let catalogue = &examiner.catalogue;
        let watch = match timed_out {
            Some(TimedOut::Wholly) => return Examination::timed_out(catalogue, &path),
            Some(TimedOut::After(votes)) => Some(Watch::after(votes)),
            None => None,
        };
        let key = (catalogue.digest(), path);
        if let (Some(known), None) = (self.known.get(&key), &watch) {
            return known.clone();
        }
        let artifact = Artifact::new(key.1.as_str(), bytes(&key.1).to_vec());
        let baseline = Baseline::default();
        let options = Options {
            as_of: None,
            honour_allow: false,
            baseline: &baseline,
            watch: watch.as_ref(),
        };
        let examination = examine(catalogue, &artifact, options);
        if watch.is_none() {
            self.known.insert(key, examination.clone());
        }
        examination
    }
}

/// The bytes of a file.
pub fn bytes(path: &str) -> &'static [u8] {
    FILES.iter().find(|(name, _)| *name == path).map_or(b"", |(_, bytes)| bytes)
}

/// What somebody wants to have run.
#[derive(Clone)]
pub struct Plan {
    /// The request.
    pub request: CompositionRequest,
    /// Its manifest.
    pub manifest: Manifest,
}

/// How a composition may turn out.
#[derive(Clone, Copy, Debug)]
pub struct Taste {
    /// Of a thousand artifacts, so many offend an agent.
    pub offending: u32,
    /// Most nodes that write.
    pub writers: usize,
}

impl Plan {
    /// A composition that examines one file and writes one report.
    pub fn simple(name: &str) -> Self {
        let mut random = Random::new(0);
        let mut composer = Composer { random: &mut random, nodes: Vec::new(), edges: Vec::new() };
        composer.node("admit", Capability::AdmitManifest, &[]);
        let examine = Capability::Examine(Examine::default());
        composer.node("examine", examine, &["admit"]);
        composer.verdict(&["examine".to_owned()]);
        composer.write(name, 0, "decide");
        let manifest = manifest(FILES.get(2..3).unwrap_or_default());
        let Composer { nodes, edges, .. } = composer;
        let request = draft(&manifest, nodes, edges).freeze();
        Self { request, manifest }
    }

    /// A random composition.
    pub fn random(name: &str, random: &mut Random, taste: Taste) -> Self {
        let harmless = FILES.get(..4).unwrap_or_default();
        let mut files: Vec<(&str, &[u8])> =
            harmless.iter().filter(|_| random.chance(600)).copied().collect();
        files.extend(FILES.iter().skip(4).filter(|_| random.chance(taste.offending)));
        if files.is_empty() {
            files.extend(harmless.first());
        }
        let manifest = manifest(&files);
        let mut composer = Composer { random, nodes: Vec::new(), edges: Vec::new() };
        composer.examining();
        let writers = composer.random.below(taste.writers + 1);
        for number in 0..writers {
            let after = if composer.random.chance(500) { "decide" } else { "release" };
            composer.write(name, number, after);
        }
        let Composer { nodes, edges, random } = composer;
        let mut draft: Draft = draft(&manifest, nodes, edges);
        draft.strict = random.chance(500);
        draft.approved = random.chance(900);
        draft.evidence =
            if random.chance(500) { EvidenceMode::Sealed } else { EvidenceMode::Hashes };
        draft.bounds.shard_count = 1 + random.below(16) as u32;
        draft.bounds.max_execution_time_ms =
            if random.chance(150) { 500 + random.below(5_000) as u64 } else { 600_000 };
        Self { request: draft.freeze(), manifest }
    }
}

struct Composer<'a> {
    random: &'a mut Random,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Composer<'_> {
    fn node(&mut self, id: &str, capability: Capability, after: &[&str]) {
        self.nodes.push(Node::new(id, capability).after(after.iter().copied()));
    }

    /// Admission, perhaps an inventory, examining nodes in one of several shapes, and
    /// the verdict behind the last of them.
    fn examining(&mut self) {
        self.node("admit", Capability::AdmitManifest, &[]);
        self.node("inventory", Capability::TakeInventory, &["admit"]);
        let count = 1 + self.random.below(3);
        let ids: Vec<String> = (0..count).map(|number| format!("examine-{number}")).collect();
        for id in &ids {
            let capability = self.examine();
            let narrow = self.random.chance(30);
            self.node(id, capability, &[]);
            if let Some(node) = self.nodes.last_mut().filter(|_| narrow) {
                node.bounds.max_artifacts = 0;
            }
        }
        let ends = match self.random.below(4) {
            _ if count < 2 => self.line(&ids),
            0 => self.line(&ids),
            1 => self.fan(&ids),
            2 => self.branches(&ids),
            _ => self.pair(&ids),
        };
        self.verdict(&ends);
    }

    fn examine(&mut self) -> Capability {
        let slugs = ["sim_notes", "sim_panics", "sim_refuses"];
        let only = slugs.iter().filter(|_| self.random.chance(400)).map(|slug| (*slug).to_owned());
        let only = only.collect();
        let paths = if self.random.chance(200) { vec!["a".to_owned()] } else { Vec::new() };
        Capability::Examine(Examine { only, skip: Vec::new(), paths, honour_allow: false })
    }

    fn depend(&mut self, id: &str, on: &str) {
        if let Some(node) = self.nodes.iter_mut().find(|node| node.id == id) {
            node.dependencies.push(on.to_owned());
        }
    }

    /// One behind the other.
    fn line(&mut self, ids: &[String]) -> Vec<String> {
        let mut before = "admit".to_owned();
        for id in ids {
            self.depend(id, &before);
            before.clone_from(id);
        }
        vec![before]
    }

    /// From one node to all, and together again.
    fn fan(&mut self, ids: &[String]) -> Vec<String> {
        for id in ids {
            self.edges.push(edge("inventory", id, EdgeKind::FanOut));
            self.edges.push(edge(id, "weigh", EdgeKind::FanIn));
        }
        Vec::new()
    }

    /// Each under a condition: one that holds, one that does not, one that has no answer.
    fn branches(&mut self, ids: &[String]) -> Vec<String> {
        for id in ids {
            let condition = match self.random.below(12) {
                0 => "kinds.solidity > 0",
                1..=4 => "artifacts > 99",
                _ => "artifacts > 0",
            };
            self.edges.push(when("inventory", id, condition));
            self.edges.push(edge(id, "weigh", EdgeKind::FanIn));
        }
        Vec::new()
    }

    /// The first two start together, the others one behind the other.
    fn pair(&mut self, ids: &[String]) -> Vec<String> {
        let [first, second, rest @ ..] = ids else { return self.line(ids) };
        self.depend(first, "admit");
        self.depend(second, "inventory");
        self.edges.push(edge(first, second, EdgeKind::Parallel));
        let mut ends = vec![first.clone()];
        let mut before = second.clone();
        for id in rest {
            self.depend(id, &before);
            before.clone_from(id);
        }
        ends.push(before);
        ends
    }

    fn verdict(&mut self, after: &[String]) {
        let after: Vec<&str> = after.iter().map(String::as_str).collect();
        self.node("weigh", Capability::Weigh, &after);
        self.node("decide", Capability::Decide, &["weigh"]);
        self.node("release", Capability::Release, &["decide"]);
    }

    fn write(&mut self, name: &str, number: usize, after: &str) {
        let retry = Retry { attempts: 1 + self.random.below(4) as u32, base_ms: 100 };
        let path = format!("{name}/{number}");
        self.node(&format!("write-{number}"), Capability::WriteReport { path }, &[after]);
        if let Some(node) = self.nodes.last_mut() {
            node.retry = retry;
        }
    }
}
