//! Admission: what a frozen request must satisfy before anything runs.

use std::collections::BTreeSet;

use pi_agent_api::{Catalogue, CatalogueError};
use pi_core::{Digest, Reason};

use crate::manifest::Manifest;
use crate::policy::Policy;
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
    /// A bound is exceeded.
    #[error("{what}: {actual} is more than {limit}")]
    Bounds {
        /// Which bound.
        what: &'static str,
        /// What the request has.
        actual: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A node depends on a node that does not exist or does not come before it.
    #[error("node `{node}` depends on `{dependency}`, which does not stand before it")]
    Dependency {
        /// The node.
        node: String,
        /// The missing or later node.
        dependency: String,
    },
    /// Two nodes share an id.
    #[error("two nodes are called `{0}`")]
    DuplicateNode(String),
    /// A node belongs to an earlier phase than the node before it.
    #[error("node `{0}` belongs to an earlier phase than the node before it")]
    PhaseOrder(String),
    /// A selection names no agent.
    #[error(transparent)]
    Selection(#[from] CatalogueError),
    /// The baseline does not have the digest in the request.
    #[error("the baseline does not have the digest that the request names")]
    BaselineMismatch,
}

impl AdmissionError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            AdmissionError::ManifestMismatch | AdmissionError::BaselineMismatch => {
                Reason::RequestHashMismatch
            }
            AdmissionError::NothingToExamine => Reason::NothingToExamine,
            AdmissionError::Bounds { .. } => Reason::BoundsExceeded,
            AdmissionError::Dependency { .. }
            | AdmissionError::DuplicateNode(_)
            | AdmissionError::PhaseOrder(_) => Reason::InvalidRequest,
            AdmissionError::Selection(error) => error.reason(),
        }
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
    /// The selected agents.
    pub catalogue: Catalogue,
    /// The policy.
    pub policy: Policy,
}

impl AdmittedComposition {
    /// Checks a request against its manifest, the catalogue and the bounds.
    pub fn admit(
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
        if manifest.entries().is_empty() {
            return Err(AdmissionError::NothingToExamine);
        }
        let artifacts = manifest.entries().len() as u64;
        let limit = content.bounds.max_artifacts.min(Bounds::HARD.max_artifacts);
        within("artifacts", artifacts, limit)?;
        let nodes = content.nodes.len() as u64;
        within("nodes", nodes, content.bounds.max_total_nodes.min(Bounds::HARD.max_total_nodes))?;
        check_graph(&request)?;
        let (only, skip, _) = request.examine().unwrap_or_default();
        let catalogue = catalogue.select(only, skip)?;
        Ok(Self { request, manifest, baseline, catalogue, policy })
    }
}

fn within(what: &'static str, actual: u64, limit: u64) -> Result<(), AdmissionError> {
    if actual > limit { Err(AdmissionError::Bounds { what, actual, limit }) } else { Ok(()) }
}

/// Nodes are listed in an order in which they can run.
fn check_graph(request: &CompositionRequest) -> Result<(), AdmissionError> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut phase = None;
    for node in &request.content().nodes {
        for dependency in &node.dependencies {
            if !seen.contains(dependency.as_str()) {
                return Err(AdmissionError::Dependency {
                    node: node.id.clone(),
                    dependency: dependency.clone(),
                });
            }
        }
        if phase.is_some_and(|phase| node.capability.phase() < phase) {
            return Err(AdmissionError::PhaseOrder(node.id.clone()));
        }
        phase = Some(node.capability.phase());
        if !seen.insert(&node.id) {
            return Err(AdmissionError::DuplicateNode(node.id.clone()));
        }
    }
    Ok(())
}
