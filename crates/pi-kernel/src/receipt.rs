//! Receipts, coverage receipts and phase boundaries.
//!
//! Receipts and coverage form one hash chain, boundaries another. None holds a
//! run id, a time or content: equal runs have equal receipts. A record's own
//! hash is the SHA-256 of its canonical form without the hash field.

use pi_agent_api::{AgentSet, Phase};
use pi_artifacts::Kind;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason};

use crate::examine::Status;

/// What one worker did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Position in the run's chain, from 0.
    pub index: u64,
    /// `{phase}_{capability}_{n}` (PHASE-6).
    pub worker_id: String,
    /// The shard that the worker id maps to (SCHED-1).
    pub shard: u32,
    /// The node that it belongs to.
    pub node: String,
    /// The phase.
    pub phase: Phase,
    /// The capability: an agent's slug or a built-in's name.
    pub capability: &'static str,
    /// Its revision.
    pub revision: u32,
    /// Index of the artifact in the manifest, where the worker looked at one.
    pub artifact: Option<u64>,
    /// Digest of the input.
    pub input: Digest,
    /// Digests of the two perturbed copies, where there are any.
    pub copies: Vec<Digest>,
    /// Digest of the output, if there is one.
    pub output: Option<Digest>,
    /// How it ended.
    pub status: Status,
    /// Why a node did not end well or did not run.
    pub reason: Option<Reason>,
    /// What it amounts to.
    pub decision: Decision,
    /// Digests of the votes; `None` is a missing vote. Empty for built-ins.
    pub votes: Vec<Option<Digest>>,
    /// What the votes amount to; empty for built-ins.
    pub consensus: &'static str,
    /// Hash of the receipt or coverage before it.
    pub previous: Option<Digest>,
}

/// Which agents looked at one artifact: nothing claims a vote that was not cast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Position in the run's chain, from 0.
    pub index: u64,
    /// The node that looked.
    pub node: String,
    /// Index of the artifact in the manifest.
    pub artifact: u64,
    /// Digest of the bytes.
    pub input: Digest,
    /// The kind, where the bytes were read.
    pub kind: Option<Kind>,
    /// Digest of the catalogue that the bitmaps count in.
    pub catalogue: Digest,
    /// Agents that read this kind.
    pub applicable: AgentSet,
    /// Agents that ran.
    pub executed: AgentSet,
    /// Digests of the copies that the prefilter saw.
    pub copies: Vec<Digest>,
    /// How the examination as a whole ended.
    pub status: Status,
    /// Hash of the receipt or coverage before it.
    pub previous: Option<Digest>,
}

/// The end of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The phase.
    pub phase: Phase,
    /// Number of receipts and coverages in the phase.
    pub receipts: u64,
    /// Hash of the last receipt or coverage up to here.
    pub receipts_head: Option<Digest>,
    /// Workers of nodes that ran in the phase.
    pub workers: u64,
    /// Digest of the shards' changes of state.
    pub shards: Digest,
    /// Digest of the phase's merged output.
    pub output: Option<Digest>,
    /// Whether every worker of the phase succeeded.
    pub succeeded: bool,
    /// The goal that the run serves: a run resumes only under the same one.
    pub goal: Option<Digest>,
    /// Hash of the boundary before it.
    pub previous: Option<Digest>,
}

impl Receipt {
    /// The proof that the same input gives the same output.
    pub fn determinism_proof(&self) -> Digest {
        Digest::of_canonical(&Proof(self))
    }

    /// Hash of the receipt.
    pub fn hash(&self) -> Digest {
        Digest::of_canonical(&WithHash { record: self, hash: None })
    }
}

impl Coverage {
    /// Hash of the coverage.
    pub fn hash(&self) -> Digest {
        Digest::of_canonical(&WithHash { record: self, hash: None })
    }
}

impl Boundary {
    /// Hash of the boundary.
    pub fn hash(&self) -> Digest {
        Digest::of_canonical(&WithHash { record: self, hash: None })
    }
}

/// A record with its own hash in place, as it is stored.
pub struct WithHash<'a, T> {
    /// The record.
    pub record: &'a T,
    /// Its hash; `None` leaves the field out.
    pub hash: Option<Digest>,
}

struct Proof<'a>(&'a Receipt);

impl ToCanonical for Proof<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Receipt { capability, revision, input, copies, output, status, votes, .. } = self.0;
        encoder.object(|o| {
            o.field("capability", *capability)
                .field("copies", copies)
                .field("input", input)
                .field("output", output)
                .field("revision", revision)
                .field("status", status.as_str())
                .field("votes", votes);
        });
    }
}

/// The link to the record before: `""` at the start of a chain (REPLAY-2).
struct Link(Option<Digest>);

impl ToCanonical for Link {
    fn to_canonical(&self, encoder: &mut Encoder) {
        match &self.0 {
            Some(digest) => digest.to_canonical(encoder),
            None => encoder.str(""),
        }
    }
}

impl ToCanonical for WithHash<'_, Receipt> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Receipt {
            index,
            worker_id,
            shard,
            node,
            phase,
            capability,
            revision,
            artifact,
            input,
            copies,
            output,
            status,
            reason,
            decision,
            votes,
            consensus,
            previous,
        } = self.record;
        encoder.object(|o| {
            o.field("artifact", artifact)
                .field("capability", *capability)
                .field("consensus", *consensus)
                .field("copies", copies)
                .field("decision", decision)
                .field("determinism_proof", &self.record.determinism_proof())
                .field("index", index)
                .field("input", input)
                .field("node", node)
                .field("output", output)
                .field("phase", phase)
                .field("previous_receipt_hash", &Link(*previous))
                .field("reason", reason);
            if let Some(hash) = &self.hash {
                o.field("receipt_hash", hash);
            }
            o.field("revision", revision)
                .field("shard", shard)
                .field("status", status.as_str())
                .field("votes", votes)
                .field("worker_id", worker_id);
        });
    }
}

impl ToCanonical for WithHash<'_, Coverage> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Coverage {
            index,
            node,
            artifact,
            input,
            kind,
            catalogue,
            applicable,
            executed,
            copies,
            status,
            previous,
        } = self.record;
        encoder.object(|o| {
            o.field("applicable", applicable)
                .field("artifact", artifact)
                .field("catalogue", catalogue)
                .field("copies", copies)
                .field("executed", executed)
                .field("index", index)
                .field("input", input)
                .field("kind", kind)
                .field("node", node)
                .field("previous_receipt_hash", &Link(*previous));
            if let Some(hash) = &self.hash {
                o.field("receipt_hash", hash);
            }
            o.field("status", status.as_str());
        });
    }
}

impl ToCanonical for WithHash<'_, Boundary> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Boundary {
            phase,
            receipts,
            receipts_head,
            workers,
            shards,
            output,
            succeeded,
            goal,
            previous,
        } = self.record;
        encoder.object(|o| {
            if let Some(hash) = &self.hash {
                o.field("boundary_hash", hash);
            }
            o.field("goal_hash", goal)
                .field("merged_output", output)
                .field("phase", phase)
                .field("phase_status", if *succeeded { "SUCCESS" } else { "FAIL" })
                .field("previous_boundary_hash", &Link(*previous))
                .field("receipts", receipts)
                .field("receipts_head", &Link(*receipts_head))
                .field("shards", shards)
                .field("workers", workers);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_is_the_hashed_form_with_the_hash_added() {
        let boundary = Boundary {
            phase: Phase::Ingest,
            receipts: 0,
            receipts_head: None,
            workers: 0,
            shards: Digest::ZERO,
            output: None,
            succeeded: true,
            goal: None,
            previous: None,
        };
        let stored = Encoder::encode(&WithHash { record: &boundary, hash: Some(boundary.hash()) });
        let text = String::from_utf8(stored).unwrap();
        let without = text.replacen(&format!("\"boundary_hash\":\"{}\",", boundary.hash()), "", 1);
        assert_eq!(Digest::of(without.as_bytes()), boundary.hash());
    }
}
