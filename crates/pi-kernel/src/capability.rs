//! The capabilities that a node can name: phase, inputs, output, effect.

use std::fmt;

use pi_agent_api::Phase;
use pi_core::Digest;
use pi_core::canonical::{Encoder, ToCanonical};

/// The type of what a node hands over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArtifactType {
    /// The frozen inputs in numbers.
    Manifest,
    /// What kinds of artifacts there are.
    Inventory,
    /// Known findings.
    Baseline,
    /// What agents found.
    ValidationReport,
    /// The weighed findings.
    RiskReport,
    /// What the policy says.
    PolicyDecision,
    /// The released report.
    Release,
    /// What an effect did.
    EffectReport,
}

impl ArtifactType {
    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            ArtifactType::Manifest => "Manifest",
            ArtifactType::Inventory => "Inventory",
            ArtifactType::Baseline => "Baseline",
            ArtifactType::ValidationReport => "ValidationReport",
            ArtifactType::RiskReport => "RiskReport",
            ArtifactType::PolicyDecision => "PolicyDecision",
            ArtifactType::Release => "Release",
            ArtifactType::EffectReport => "EffectReport",
        }
    }
}

impl fmt::Display for ArtifactType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl ToCanonical for ArtifactType {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(self.as_str());
    }
}

/// What an examining node looks at, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Examine {
    /// Slugs or domains to run; empty means all.
    pub only: Vec<String>,
    /// Slugs or domains to leave out.
    pub skip: Vec<String>,
    /// Artifacts at or below one of these paths; empty means all.
    pub paths: Vec<String>,
    /// Inline `pi:allow` comments count.
    pub honour_allow: bool,
}

impl Examine {
    /// Whether the node looks at the artifact with this path.
    pub fn selects(&self, path: &str) -> bool {
        let below = |prefix: &String| {
            path.strip_prefix(prefix.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.paths.is_empty() || self.paths.iter().any(below)
    }
}

/// What a node does. Each capability belongs to one phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capability {
    /// Admits the manifest: every artifact frozen or refused by name.
    AdmitManifest,
    /// Counts the artifacts by kind.
    TakeInventory,
    /// Reads the baseline of known findings with this digest.
    LoadBaseline(Digest),
    /// Examines artifacts with the selected agents under consensus.
    Examine(Examine),
    /// Weighs the findings of every examining node.
    Weigh,
    /// Asks the policy.
    Decide,
    /// Releases the report.
    Release,
    /// Writes the report to a file: an effect, released only when allowed.
    WriteReport {
        /// The file.
        path: String,
    },
}

impl Capability {
    /// The names of all capabilities, in the order of their phases.
    pub const NAMES: &'static [&'static str] = &[
        "manifest/admit",
        "artifacts/inventory",
        "baseline/load",
        "agents/examine",
        "risk/weigh",
        "policy/decide",
        "report/release",
        "report/write",
    ];

    /// The stable name.
    pub const fn name(&self) -> &'static str {
        match self {
            Capability::AdmitManifest => "manifest/admit",
            Capability::TakeInventory => "artifacts/inventory",
            Capability::LoadBaseline(_) => "baseline/load",
            Capability::Examine(_) => "agents/examine",
            Capability::Weigh => "risk/weigh",
            Capability::Decide => "policy/decide",
            Capability::Release => "report/release",
            Capability::WriteReport { .. } => "report/write",
        }
    }

    /// The phase it belongs to.
    pub const fn phase(&self) -> Phase {
        match self {
            Capability::AdmitManifest => Phase::Ingest,
            Capability::TakeInventory => Phase::Extract,
            Capability::LoadBaseline(_) => Phase::Diff,
            Capability::Examine(_) => Phase::Validate,
            Capability::Weigh => Phase::Risk,
            Capability::Decide => Phase::Govern,
            Capability::Release | Capability::WriteReport { .. } => Phase::Emit,
        }
    }

    /// The types it can take. A node needs at least one input of these; one
    /// that takes none is a root.
    pub const fn inputs(&self) -> &'static [ArtifactType] {
        use ArtifactType::{
            Baseline, Inventory, Manifest, PolicyDecision, Release, RiskReport, ValidationReport,
        };
        match self {
            Capability::AdmitManifest => &[],
            Capability::TakeInventory => &[Manifest],
            Capability::LoadBaseline(_) => &[Manifest, Inventory],
            Capability::Examine(_) => &[Manifest, Inventory, Baseline, ValidationReport],
            Capability::Weigh => &[ValidationReport],
            Capability::Decide => &[RiskReport],
            Capability::Release => &[PolicyDecision],
            Capability::WriteReport { .. } => &[PolicyDecision, Release],
        }
    }

    /// The type of its output.
    pub const fn output(&self) -> ArtifactType {
        match self {
            Capability::AdmitManifest => ArtifactType::Manifest,
            Capability::TakeInventory => ArtifactType::Inventory,
            Capability::LoadBaseline(_) => ArtifactType::Baseline,
            Capability::Examine(_) => ArtifactType::ValidationReport,
            Capability::Weigh => ArtifactType::RiskReport,
            Capability::Decide => ArtifactType::PolicyDecision,
            Capability::Release => ArtifactType::Release,
            Capability::WriteReport { .. } => ArtifactType::EffectReport,
        }
    }

    /// Whether it changes the world. Effects are announced before and recorded
    /// after, guarded by a breaker, and never executed by a replay.
    pub const fn is_effect(&self) -> bool {
        matches!(self, Capability::WriteReport { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_selects_itself_and_what_lies_below() {
        let examine = |path: &str| Examine { paths: vec![path.to_owned()], ..Examine::default() };
        assert!(examine("a/b").selects("a/b"));
        assert!(examine("a/b/").selects("a/b/c"));
        assert!(!examine("a/b").selects("a/bc"));
        assert!(Examine::default().selects("anything"));
    }
}
