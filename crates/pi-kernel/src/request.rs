//! The explicit composition request: the only way into the kernel.
//!
//! `Draft -> CompositionRequest` (frozen and hashed) `-> AdmittedComposition`.

use pi_agent_api::Phase;
use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Digest, Name, Timestamp};

/// What a node does. Each capability belongs to one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Admits the manifest: every artifact frozen or refused by name.
    AdmitManifest,
    /// Reads the baseline of known findings with this digest.
    LoadBaseline(Digest),
    /// Examines every artifact with the selected agents under consensus.
    Examine {
        /// Slugs or domains to run; empty means all.
        only: Vec<String>,
        /// Slugs or domains to leave out.
        skip: Vec<String>,
        /// Inline `pi:allow` comments count.
        honour_allow: bool,
    },
    /// Weighs the findings.
    Weigh,
    /// Asks the policy.
    Decide,
    /// Releases the report.
    Release,
}

impl Capability {
    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Capability::AdmitManifest => "manifest/admit",
            Capability::LoadBaseline(_) => "baseline/load",
            Capability::Examine { .. } => "agents/examine",
            Capability::Weigh => "risk/weigh",
            Capability::Decide => "policy/decide",
            Capability::Release => "report/release",
        }
    }

    /// The phase it belongs to.
    pub const fn phase(&self) -> Phase {
        match self {
            Capability::AdmitManifest => Phase::Ingest,
            Capability::LoadBaseline(_) => Phase::Diff,
            Capability::Examine { .. } => Phase::Validate,
            Capability::Weigh => Phase::Risk,
            Capability::Decide => Phase::Govern,
            Capability::Release => Phase::Emit,
        }
    }
}

/// A node of a composition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id within the composition.
    pub id: String,
    /// What it does.
    pub capability: Capability,
    /// The nodes whose success it waits for.
    pub dependencies: Vec<String>,
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

/// Bounds of a composition. The stricter of these and [`Bounds::HARD`] wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most nodes.
    pub max_total_nodes: u64,
    /// Most artifacts in the manifest.
    pub max_artifacts: u64,
    /// Number of shards that workers are assigned to.
    pub shard_count: u32,
}

impl Bounds {
    /// The platform's hard limits.
    pub const HARD: Bounds =
        Bounds { max_total_nodes: 64, max_artifacts: 2_000_000, shard_count: 16 };
}

/// A request that is still being put together.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The tenant it belongs to.
    pub tenant: Name,
    /// The nodes.
    pub nodes: Vec<Node>,
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Bounds.
    pub bounds: Bounds,
    /// How inputs are kept.
    pub evidence: EvidenceMode,
    /// The time that time-dependent rules look at, if any.
    pub as_of: Option<Timestamp>,
}

impl Draft {
    /// The composition behind `pi scan`: six nodes in a line over a manifest.
    pub fn scan(tenant: Name, manifest: Digest, selection: Selection) -> Self {
        let Selection { only, skip, honour_allow, baseline, evidence, as_of } = selection;
        let mut capabilities = vec![Capability::AdmitManifest];
        capabilities.extend(baseline.map(Capability::LoadBaseline));
        capabilities.extend([
            Capability::Examine { only, skip, honour_allow },
            Capability::Weigh,
            Capability::Decide,
            Capability::Release,
        ]);
        let mut nodes: Vec<Node> = Vec::new();
        for capability in capabilities {
            let id = capability.name().replace('/', "-");
            let dependencies = nodes.last().map(|node| node.id.clone()).into_iter().collect();
            nodes.push(Node { id, capability, dependencies });
        }
        Self { tenant, nodes, manifest, bounds: Bounds::HARD, evidence, as_of }
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

/// A frozen, hashed request.
#[derive(Clone, Debug)]
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

    /// The parameters of the examining node, if the composition has one.
    pub fn examine(&self) -> Option<(&[String], &[String], bool)> {
        self.draft.nodes.iter().find_map(|node| match &node.capability {
            Capability::Examine { only, skip, honour_allow } => {
                Some((only.as_slice(), skip.as_slice(), *honour_allow))
            }
            _ => None,
        })
    }

    /// The digest of the baseline, if the composition has one.
    pub fn baseline(&self) -> Option<Digest> {
        self.draft.nodes.iter().find_map(|node| match node.capability {
            Capability::LoadBaseline(digest) => Some(digest),
            _ => None,
        })
    }

    /// Reads the canonical content back.
    pub fn from_value(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let bounds = value.get("global_bounds")?;
        let nodes: Option<Vec<Node>> = value.get("nodes")?.as_array()?.iter().map(node).collect();
        let as_of = match value.get("as_of")? {
            Value::Null => None,
            time => Some(Timestamp::from_micros(time.as_u64()?)),
        };
        let draft = Draft {
            tenant: Name::new(text("tenant_id")?).ok()?,
            nodes: nodes?,
            manifest: Digest::from_hex(text("manifest")?)?,
            bounds: Bounds {
                max_total_nodes: bounds.get("max_total_nodes")?.as_u64()?,
                max_artifacts: bounds.get("max_artifacts")?.as_u64()?,
                shard_count: u32::try_from(bounds.get("shard_count")?.as_u64()?).ok()?,
            },
            evidence: EvidenceMode::from_word(text("evidence")?)?,
            as_of,
        };
        Some(draft.freeze())
    }
}

fn node(value: &Value) -> Option<Node> {
    let words = |key: &str| -> Option<Vec<String>> {
        value.get(key)?.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
    };
    let capability = match value.get("capability")?.as_str()? {
        "manifest/admit" => Capability::AdmitManifest,
        "baseline/load" => {
            Capability::LoadBaseline(Digest::from_hex(value.get("baseline")?.as_str()?)?)
        }
        "agents/examine" => Capability::Examine {
            only: words("only")?,
            skip: words("skip")?,
            honour_allow: value.get("honour_allow")?.as_bool()?,
        },
        "risk/weigh" => Capability::Weigh,
        "policy/decide" => Capability::Decide,
        "report/release" => Capability::Release,
        _ => return None,
    };
    let id = value.get("id")?.as_str()?.to_owned();
    Some(Node { id, capability, dependencies: words("dependencies")? })
}

impl ToCanonical for Draft {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Draft { tenant, nodes, manifest, bounds, evidence, as_of } = self;
        encoder.object(|o| {
            o.field("as_of", as_of)
                .field("evidence", evidence.as_str())
                .field("global_bounds", bounds)
                .field("manifest", manifest)
                .field("nodes", nodes)
                .field("schema", "pi.composition/1")
                .field("tenant_id", tenant);
        });
    }
}

impl ToCanonical for Bounds {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Bounds { max_total_nodes, max_artifacts, shard_count } = self;
        encoder.object(|o| {
            o.field("max_artifacts", max_artifacts)
                .field("max_total_nodes", max_total_nodes)
                .field("shard_count", shard_count);
        });
    }
}

impl ToCanonical for Node {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Node { id, capability, dependencies } = self;
        encoder.object(|o| {
            if let Capability::LoadBaseline(digest) = capability {
                o.field("baseline", digest);
            }
            o.field("capability", capability.name()).field("dependencies", dependencies);
            if let Capability::Examine { honour_allow, .. } = capability {
                o.field("honour_allow", honour_allow);
            }
            o.field("id", id);
            if let Capability::Examine { only, skip, .. } = capability {
                o.field("only", only).field("skip", skip);
            }
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
    fn every_change_changes_the_hash() {
        let mut draft = request(None).content().clone();
        let before = draft.clone().freeze().hash();
        draft.manifest = Digest::of(b"other");
        assert_ne!(draft.freeze().hash(), before);
    }
}
