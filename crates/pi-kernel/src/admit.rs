//! Admission: what a frozen request must satisfy before anything runs.

use std::collections::BTreeSet;

use pi_agent_api::{Catalogue, CatalogueError};
use pi_control_plane::Facts;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason};

use crate::capability::{Capability, Examine};
use crate::graph::{Graph, GraphError};
use crate::manifest::{Content, Manifest};
use crate::policy::{Because, Policy, facts};
use crate::request::{Bounds, CompositionRequest};

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The manifest does not have the digest in the request.
    #[error("the manifest does not have the digest that the request names")]
    ManifestMismatch,
    /// The manifest has no artifact.
    #[error("there is no artifact to examine")]
    NothingToExamine,
    /// Bounds are exceeded.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Bounds(Vec<BoundsViolation>),
    /// Nodes and edges are no composition.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A selection names no agent.
    #[error(transparent)]
    Selection(#[from] CatalogueError),
    /// The baseline does not have the digest in the request.
    #[error("the baseline does not have the digest that the request names")]
    BaselineMismatch,
    /// The request may only be planned.
    #[error("the request is for simulation only")]
    SimulationOnly,
    /// The policy refuses it.
    #[error("{}", refusal(.0))]
    Policy(Because),
}

/// A policy that could not be asked refuses nothing.
fn refusal(because: &Because) -> String {
    match because.reason {
        Reason::PolicyNotLoaded | Reason::PolicyVersionUnknown => because.message.clone(),
        _ => format!("the policy refuses it: {}", because.message),
    }
}

impl AdmissionError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            AdmissionError::ManifestMismatch | AdmissionError::BaselineMismatch => {
                Reason::RequestHashMismatch
            }
            AdmissionError::NothingToExamine => Reason::NothingToExamine,
            AdmissionError::Bounds(_) => Reason::BoundsExceeded,
            AdmissionError::Graph(error) => error.reason(),
            AdmissionError::Selection(error) => error.reason(),
            AdmissionError::SimulationOnly => Reason::SimulationOnly,
            AdmissionError::Policy(because) => because.reason,
        }
    }
}

/// A bound that a request exceeds (BOUNDS-2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{bound}: {actual} is more than {limit}")]
pub struct BoundsViolation {
    /// The bound.
    pub bound: &'static str,
    /// What the request has.
    pub actual: u64,
    /// What is allowed.
    pub limit: u64,
}

impl ToCanonical for BoundsViolation {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let BoundsViolation { bound, actual, limit } = self;
        encoder.object(|o| {
            o.field("actual", actual).field("bound", *bound).field("limit", limit);
        });
    }
}

/// Fingerprints of findings that are known and accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: BTreeSet<String>,
}

impl Baseline {
    /// A baseline of these fingerprints.
    pub fn new(fingerprints: impl IntoIterator<Item = String>) -> Self {
        Self { fingerprints: fingerprints.into_iter().collect() }
    }

    /// Whether the finding is known.
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.fingerprints.contains(fingerprint)
    }

    /// The fingerprints in order.
    pub fn fingerprints(&self) -> impl Iterator<Item = &str> {
        self.fingerprints.iter().map(String::as_str)
    }

    /// The digest over the sorted fingerprints.
    pub fn digest(&self) -> Digest {
        let list: Vec<&str> = self.fingerprints().collect();
        Digest::of_canonical(&list)
    }
}

/// What an examining node looks at.
#[derive(Clone)]
pub struct Examiner {
    /// Its agents.
    pub catalogue: Catalogue,
    /// Its artifacts, by index in the manifest.
    pub artifacts: Vec<u32>,
    /// Bytes of its artifacts.
    pub bytes: u64,
    /// Inline `pi:allow` comments count.
    pub honour_allow: bool,
}

/// A request that passed admission, with everything that its run may depend on.
/// Only [`AdmittedComposition::admit`] makes one.
#[non_exhaustive]
pub struct AdmittedComposition {
    /// The request.
    pub request: CompositionRequest,
    /// Its manifest.
    pub manifest: Manifest,
    /// Its baseline; empty without one.
    pub baseline: Baseline,
    /// The agents of all examining nodes.
    pub catalogue: Catalogue,
    /// For each node, what it examines.
    pub examiners: Vec<Option<Examiner>>,
    /// The nodes with their places.
    pub graph: Graph,
    /// The bounds that apply.
    pub bounds: Bounds,
    /// The policy.
    pub policy: Policy,
    /// What it was asked about the request.
    pub facts: Facts,
    /// What the policy says of the request itself: REVIEW asks for approval.
    pub admission: Decision,
    /// Why.
    pub because: Vec<Because>,
}

impl AdmittedComposition {
    /// Checks a request against its manifest, the catalogue, the bounds and the
    /// policy.
    pub fn admit(
        request: CompositionRequest,
        manifest: Manifest,
        baseline: Baseline,
        catalogue: &Catalogue,
        policy: Policy,
    ) -> Result<Self, AdmissionError> {
        if request.content().simulation_only {
            return Err(AdmissionError::SimulationOnly);
        }
        Self::check(request, manifest, baseline, catalogue, policy)
    }

    /// The checks of admission, without the one that keeps simulations from
    /// running.
    pub(crate) fn check(
        request: CompositionRequest,
        manifest: Manifest,
        baseline: Baseline,
        catalogue: &Catalogue,
        policy: Policy,
    ) -> Result<Self, AdmissionError> {
        let content = request.content();
        if manifest.digest() != content.manifest {
            return Err(AdmissionError::ManifestMismatch);
        }
        if request.baseline().is_some_and(|digest| digest != baseline.digest()) {
            return Err(AdmissionError::BaselineMismatch);
        }
        let bounds = content.bounds.stricter(Bounds::HARD);
        let nodes = content.nodes.len() as u64;
        let mut violations = Vec::new();
        let mut within = |bound, actual, limit| {
            if actual > limit {
                violations.push(BoundsViolation { bound, actual, limit });
            }
        };
        within("max_total_nodes", nodes, bounds.max_total_nodes);
        within("max_artifacts", manifest.entries().len() as u64, bounds.max_artifacts);
        // A graph of any size is not worth placing.
        let graph = if nodes <= Bounds::HARD.max_total_nodes * 2 {
            let graph = Graph::new(content)?;
            within("max_depth", graph.depth() as u64, bounds.max_depth);
            within("max_fanout", graph.max_fanout() as u64, bounds.max_fanout);
            Some(graph)
        } else {
            None
        };
        let (Some(graph), true) = (graph, violations.is_empty()) else {
            return Err(AdmissionError::Bounds(violations));
        };
        if manifest.entries().is_empty() {
            return Err(AdmissionError::NothingToExamine);
        }
        let (catalogue, examiners) = examiners(&request, &manifest, catalogue)?;
        let artifacts = manifest.entries().len() as u64;
        let facts = facts(policy.actor(), &request, artifacts, &graph, &bounds);
        let (admission, because) = policy.admit(&facts).map_err(AdmissionError::Policy)?;
        Ok(Self {
            request,
            manifest,
            baseline,
            catalogue,
            examiners,
            graph,
            bounds,
            policy,
            facts,
            admission,
            because,
        })
    }

    /// Whether effects may be released once the decision is ALLOW.
    pub fn is_released(&self) -> bool {
        self.admission == Decision::Allow || self.request.content().approved
    }
}

/// The selection of every examining node, and all their agents together.
fn examiners(
    request: &CompositionRequest,
    manifest: &Manifest,
    catalogue: &Catalogue,
) -> Result<(Catalogue, Vec<Option<Examiner>>), CatalogueError> {
    let mut all: Option<Catalogue> = None;
    let mut examiners = Vec::new();
    for node in &request.content().nodes {
        let Capability::Examine(examine) = &node.capability else {
            examiners.push(None);
            continue;
        };
        let selected = catalogue.select(&examine.only, &examine.skip)?;
        all = Some(match all {
            None => selected.clone(),
            Some(all) => all.union(&selected)?,
        });
        examiners.push(Some(examiner(examine, manifest, selected)));
    }
    let none = || Catalogue::new(Vec::new());
    Ok((all.map_or_else(none, Ok)?, examiners))
}

fn examiner(examine: &Examine, manifest: &Manifest, catalogue: Catalogue) -> Examiner {
    let mut artifacts = Vec::new();
    let mut bytes = 0;
    // A manifest is bounded far below 2^32 entries.
    for (index, entry) in (0u32..).zip(manifest.entries()) {
        if examine.selects(&entry.path) {
            artifacts.push(index);
            if let Content::Frozen { size, .. } = &entry.content {
                bytes += size;
            }
        }
    }
    Examiner { catalogue, artifacts, bytes, honour_allow: examine.honour_allow }
}
