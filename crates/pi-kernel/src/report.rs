//! The outcome of a run.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest};

use crate::examine::Located;
use crate::policy::Because;
use crate::risk::Risk;

/// Findings of one artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactFindings {
    /// The artifact's path.
    pub path: String,
    /// Its findings in the order of the text.
    pub findings: Vec<Located>,
}

/// What a run came to. Holds no run id and no time: equal runs have equal
/// outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Hash of the request.
    pub request_hash: Digest,
    /// The decision.
    pub decision: Decision,
    /// Why, unless it is a plain ALLOW.
    pub reasons: Vec<Because>,
    /// Agents in the catalogue of the run.
    pub agents_catalogue: u64,
    /// Agents that ran on at least one artifact.
    pub agents_applied: u64,
    /// Artifacts in the manifest.
    pub artifacts: u64,
    /// Findings by artifact, in the order of the manifest.
    pub findings: Vec<ArtifactFindings>,
    /// The weighed findings.
    pub risk: Risk,
    /// Receipts and coverages.
    pub receipts: u64,
    /// Hash of the last receipt.
    pub receipts_head: Option<Digest>,
    /// Hash of the last boundary.
    pub boundaries_head: Option<Digest>,
    /// The proof that covers every receipt and boundary of the run.
    pub determinism_proof: Digest,
    /// Whether every part of the run can be replayed (no time-out occurred).
    pub replayable: bool,
}

impl ToCanonical for ArtifactFindings {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ArtifactFindings { path, findings } = self;
        encoder.object(|o| {
            o.field("findings", findings).field("path", path);
        });
    }
}

/// The payload of the sealing event.
pub struct Seal {
    pub(crate) request_hash: Digest,
    pub(crate) decision: Decision,
    pub(crate) reasons: Vec<Because>,
    pub(crate) risk: Risk,
    pub(crate) findings: Digest,
    pub(crate) receipts: u64,
    pub(crate) receipts_head: Option<Digest>,
    pub(crate) boundaries_head: Option<Digest>,
    pub(crate) determinism_proof: Digest,
    pub(crate) replayable: bool,
}

impl ToCanonical for Seal {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Seal {
            request_hash,
            decision,
            reasons,
            risk,
            findings,
            receipts,
            receipts_head,
            boundaries_head,
            determinism_proof,
            replayable,
        } = self;
        encoder.object(|o| {
            o.field("boundaries_head", boundaries_head)
                .field("decision", decision)
                .field("determinism_proof", determinism_proof)
                .field("findings", findings)
                .field("reasons", reasons)
                .field("receipts", receipts)
                .field("receipts_head", receipts_head)
                .field("replayable", replayable)
                .field("request_hash", request_hash)
                .field("risk", risk);
        });
    }
}
