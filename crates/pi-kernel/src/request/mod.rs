//! The explicit composition request: the only way into the kernel.
//!
//! `Draft -> CompositionRequest` (frozen and hashed) `-> AdmittedComposition`.

mod bounds;
mod edge;
mod read;

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Name, Timestamp, id};

pub use crate::capability::{ArtifactType, Capability, Examine};
pub use bounds::{Bounds, NodeBounds, Retry};
pub use edge::{Edge, EdgeKind};
pub use read::{MAX_REQUEST_BYTES, RequestError, SCHEMA};

/// A node of a composition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id within the composition.
    pub id: String,
    /// What it does.
    pub capability: Capability,
    /// The nodes whose success it waits for; each is a sequential edge.
    pub dependencies: Vec<String>,
    /// Its bounds.
    pub bounds: NodeBounds,
    /// How often it is tried, when it is an effect.
    pub retry: Retry,
}

impl Node {
    /// A node without dependencies and with the hard bounds.
    pub fn new(id: impl Into<String>, capability: Capability) -> Self {
        Self {
            id: id.into(),
            capability,
            dependencies: Vec::new(),
            bounds: NodeBounds::HARD,
            retry: Retry::NEVER,
        }
    }

    /// The node, waiting for `dependencies`.
    #[must_use]
    pub fn after<T: Into<String>>(mut self, dependencies: impl IntoIterator<Item = T>) -> Self {
        self.dependencies = dependencies.into_iter().map(Into::into).collect();
        self
    }
}

/// How the inputs of a run are kept for replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceMode {
    /// Not at all; replay is impossible.
    None,
    /// Their digests; replay reads the files again and checks them.
    Hashes,
    /// Compressed and encrypted copies under a key of the run.
    Sealed,
}

impl EvidenceMode {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            EvidenceMode::None => "none",
            EvidenceMode::Hashes => "hashes",
            EvidenceMode::Sealed => "sealed",
        }
    }

    /// The mode with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        [EvidenceMode::None, EvidenceMode::Hashes, EvidenceMode::Sealed]
            .into_iter()
            .find(|mode| mode.as_str() == word)
    }
}

/// A request that is still being put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The tenant it belongs to.
    pub tenant: Name,
    /// The session of the outermost layer that it comes from, if any.
    pub session: Option<String>,
    /// Digest of the goal in plain words, which stay in the outermost layer.
    pub goal: Option<Digest>,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// The edges, besides those that dependencies are.
    pub edges: Vec<Edge>,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Bounds.
    pub bounds: Bounds,
    /// How inputs are kept.
    pub evidence: EvidenceMode,
    /// The time that time-dependent rules look at, if any.
    pub as_of: Option<Timestamp>,
    /// It may be planned, never run.
    pub simulation_only: bool,
    /// A failure ends the run; otherwise nodes that do not depend on it still
    /// run, and the run fails all the same.
    pub strict: bool,
    /// A person agreed to this very request. Not part of the hash: approval is
    /// given to a hash.
    pub approved: bool,
}

impl Draft {
    /// The composition behind `pi scan`: six nodes in a line over a manifest.
    /// Whoever scans looks at the outcome, so it is approved.
    pub fn scan(tenant: Name, manifest: Digest, selection: Selection) -> Self {
        let Selection { only, skip, honour_allow, baseline, evidence, as_of } = selection;
        let mut capabilities = vec![Capability::AdmitManifest];
        capabilities.extend(baseline.map(Capability::LoadBaseline));
        capabilities.extend([
            Capability::Examine(Examine { only, skip, paths: Vec::new(), honour_allow }),
            Capability::Weigh,
            Capability::Decide,
            Capability::Release,
        ]);
        let mut nodes: Vec<Node> = Vec::new();
        for capability in capabilities {
            let id = capability.name().replace('/', "-");
            let before = nodes.last().map(|node| node.id.clone());
            nodes.push(Node::new(id, capability).after(before));
        }
        Self {
            tenant,
            session: None,
            goal: None,
            nodes,
            edges: Vec::new(),
            manifest,
            bounds: Bounds::HARD,
            evidence,
            as_of,
            simulation_only: false,
            strict: true,
            approved: true,
        }
    }

    /// Freezes the draft: from here on, its hash stands for it.
    pub fn freeze(self) -> CompositionRequest {
        let hash = Digest::of_canonical(&self);
        CompositionRequest { draft: self, hash }
    }
}

/// What a scan runs and how.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Slugs or domains to run; empty means all.
    pub only: Vec<String>,
    /// Slugs or domains to leave out.
    pub skip: Vec<String>,
    /// Inline `pi:allow` comments count.
    pub honour_allow: bool,
    /// Digest of a baseline of known findings.
    pub baseline: Option<Digest>,
    /// How inputs are kept.
    pub evidence: EvidenceMode,
    /// The time that time-dependent rules look at, if any.
    pub as_of: Option<Timestamp>,
}

/// A frozen, hashed request. It can be read:
///
/// ```
/// # use pi_kernel::request::CompositionRequest;
/// fn is_strict(request: CompositionRequest) -> bool {
///     request.content().strict
/// }
/// ```
///
/// Nothing assigns to it (E-1), neither to its content nor to its hash:
///
/// ```compile_fail
/// # use pi_kernel::request::CompositionRequest;
/// fn loosen(mut request: CompositionRequest) {
///     request.content().strict = false;
/// }
/// ```
///
/// ```compile_fail
/// # use pi_kernel::request::CompositionRequest;
/// fn forge(mut request: CompositionRequest) {
///     request.hash = pi_core::Digest::ZERO;
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositionRequest {
    draft: Draft,
    hash: Digest,
}

impl CompositionRequest {
    /// The content.
    pub fn content(&self) -> &Draft {
        &self.draft
    }

    /// The hash of the canonical content.
    pub fn hash(&self) -> Digest {
        self.hash
    }

    /// The id: derived from tenant and hash.
    pub fn id(&self) -> String {
        id::derive("ecr", &[self.draft.tenant.as_str().as_bytes(), self.hash.as_bytes()])
    }

    /// The same request, approved or not. The hash stays.
    #[must_use]
    pub fn approved(mut self, approved: bool) -> Self {
        self.draft.approved = approved;
        self
    }

    /// The digest of the baseline, if the composition has one.
    pub fn baseline(&self) -> Option<Digest> {
        self.draft.nodes.iter().find_map(|node| match node.capability {
            Capability::LoadBaseline(digest) => Some(digest),
            _ => None,
        })
    }
}

impl ToCanonical for Draft {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Draft {
            tenant,
            session,
            goal,
            nodes,
            edges,
            manifest,
            bounds,
            evidence,
            as_of,
            simulation_only,
            strict,
            approved: _,
        } = self;
        encoder.object(|o| {
            o.field("as_of", as_of)
                .field("console_session_id", session)
                .field("edges", edges)
                .field("evidence", evidence.as_str())
                .field("global_bounds", bounds)
                .field("goal_hash", goal)
                .field("manifest", manifest)
                .field("nodes", nodes)
                .field("schema", SCHEMA)
                .field("simulation_only", simulation_only)
                .field("strict", strict)
                .field("tenant_id", tenant);
        });
    }
}

impl ToCanonical for Node {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Node { id, capability, dependencies, bounds, retry } = self;
        encoder.object(|o| {
            o.field("bounds", bounds)
                .field("capability", capability.name())
                .field("dependencies", dependencies)
                .field("id", id)
                .field("parameters", &Parameters(capability))
                .field("retry", retry);
        });
    }
}

struct Parameters<'a>(&'a Capability);

impl ToCanonical for Parameters<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| match self.0 {
            Capability::LoadBaseline(digest) => {
                o.field("baseline", digest);
            }
            Capability::Examine(Examine { only, skip, paths, honour_allow }) => {
                o.field("honour_allow", honour_allow)
                    .field("only", only)
                    .field("paths", paths)
                    .field("skip", skip);
            }
            Capability::WriteReport { path } => {
                o.field("path", path);
            }
            Capability::AdmitManifest
            | Capability::TakeInventory
            | Capability::Weigh
            | Capability::Decide
            | Capability::Release => {}
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pi_core::canonical::parse;

    fn request(baseline: Option<Digest>) -> CompositionRequest {
        Draft::scan(
            Name::new("local").unwrap(),
            Digest::of(b"manifest"),
            Selection {
                only: vec!["secrets".to_owned()],
                skip: Vec::new(),
                honour_allow: true,
                baseline,
                evidence: EvidenceMode::Hashes,
                as_of: None,
            },
        )
        .freeze()
    }

    #[test]
    fn a_stored_request_reads_back_with_its_hash() {
        for baseline in [None, Some(Digest::of(b"b"))] {
            let request = request(baseline);
            let bytes = Encoder::encode(request.content());
            let again = CompositionRequest::from_value(&parse(&bytes).unwrap()).unwrap();
            assert_eq!(again.hash(), request.hash());
            assert_eq!(again.baseline(), baseline);
        }
    }

    #[test]
    fn every_change_changes_the_hash_but_approval_does_not() {
        let mut draft = request(None).content().clone();
        let before = draft.clone().freeze().hash();
        draft.approved = false;
        assert_eq!(draft.clone().freeze().hash(), before);
        draft.manifest = Digest::of(b"other");
        assert_ne!(draft.freeze().hash(), before);
    }
}
