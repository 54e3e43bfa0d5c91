//! Simulation: what a request would do, without doing it.

use pi_agent_api::{Catalogue, Phase};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest};

use crate::admit::{AdmissionError, AdmittedComposition, Baseline, BoundsViolation};
use crate::capability::ArtifactType;
use crate::manifest::Manifest;
use crate::policy::{Because, Policy};
use crate::request::{Bounds, CompositionRequest};
use crate::run::workers;
use crate::shards::shard;

/// What a simulation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Hash of the request.
    pub request_hash: Digest,
    /// Its id.
    pub request_id: String,
    /// Digest of the policy that was asked.
    pub policy: Digest,
    /// The bounds that apply.
    pub bounds: Bounds,
    /// What admission says: ALLOW runs unattended, REVIEW needs approval, DENY
    /// is rejected.
    pub decision: Decision,
    /// Why, unless it is a plain ALLOW.
    pub reasons: Vec<Because>,
    /// Bounds that are exceeded.
    pub bounds_violations: Vec<BoundsViolation>,
    /// Nodes in the order of their receipts; empty when rejected.
    pub steps: Vec<Step>,
}

/// A node as it would run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The node's id.
    pub node: String,
    /// Its capability.
    pub capability: &'static str,
    /// Its phase.
    pub phase: Phase,
    /// Nodes on the longest path to it.
    pub rank: u64,
    /// The worker.
    pub worker_id: String,
    /// The worker's shard.
    pub shard: u32,
    /// What it hands over.
    pub output: ArtifactType,
    /// Artifacts that it looks at.
    pub artifacts: u64,
    /// Agents that it may run.
    pub agents: u64,
    /// It changes the world.
    pub effect: bool,
    /// The nodes that it waits for.
    pub after: Vec<String>,
}

/// Plans a request: the same checks as admission, and the order of the nodes.
pub fn simulate(
    request: &CompositionRequest,
    manifest: &Manifest,
    baseline: &Baseline,
    catalogue: &Catalogue,
    policy: &Policy,
) -> Plan {
    let checked = AdmittedComposition::check(
        request.clone(),
        manifest.clone(),
        baseline.clone(),
        catalogue,
        policy.clone(),
    );
    let mut plan = Plan {
        request_hash: request.hash(),
        request_id: request.id(),
        policy: policy.digest(),
        bounds: request.content().bounds.stricter(Bounds::HARD),
        decision: Decision::Deny,
        reasons: Vec::new(),
        bounds_violations: Vec::new(),
        steps: Vec::new(),
    };
    match checked {
        Ok(admitted) => {
            plan.decision = admitted.admission;
            plan.reasons.clone_from(&admitted.because);
            plan.steps = steps(&admitted);
        }
        Err(error) => {
            let because = Because { reason: error.reason(), message: error.to_string() };
            plan.reasons.push(because);
            if let AdmissionError::Bounds(violations) = error {
                plan.bounds_violations = violations;
            }
        }
    }
    plan
}

fn steps(admitted: &AdmittedComposition) -> Vec<Step> {
    let nodes = &admitted.request.content().nodes;
    let workers = workers(admitted);
    let step = |index: &usize| {
        let (node, place) = (nodes.get(*index)?, admitted.graph.place(*index)?);
        let examiner = admitted.examiners.get(*index).and_then(Option::as_ref);
        let worker_id = workers.get(*index).cloned().unwrap_or_default();
        let after = place.incoming.iter().filter_map(|edge| nodes.get(edge.from));
        Some(Step {
            node: node.id.clone(),
            capability: node.capability.name(),
            phase: place.phase,
            rank: place.rank as u64,
            shard: shard(&worker_id, admitted.bounds.shard_count),
            worker_id,
            output: node.capability.output(),
            artifacts: examiner.map_or(0, |examiner| examiner.artifacts.len() as u64),
            agents: examiner.map_or(0, |examiner| examiner.catalogue.agents().len() as u64),
            effect: node.capability.is_effect(),
            after: after.map(|node| node.id.clone()).collect(),
        })
    };
    admitted.graph.order().iter().filter_map(step).collect()
}

impl Plan {
    /// The word of the specification.
    pub fn status(&self) -> &'static str {
        if self.decision == Decision::Deny { "REJECTED" } else { "ACCEPTED" }
    }

    /// The hash that two simulations of the same request share.
    pub fn verification_hash(&self) -> Digest {
        Digest::of_canonical(&Body(self))
    }
}

struct Body<'a>(&'a Plan);

impl ToCanonical for Body<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Plan {
            request_hash,
            request_id,
            policy,
            bounds,
            decision,
            reasons,
            bounds_violations,
            steps,
        } = self.0;
        encoder.object(|o| {
            o.field("bounds", bounds)
                .field("bounds_violations", bounds_violations)
                .field("decision", decision)
                .field("policy", policy)
                .field("reasons", reasons)
                .field("request_hash", request_hash)
                .field("request_id", request_id)
                .field("schema", "pi.simulation/1")
                .field("status", self.0.status())
                .field("steps", steps);
        });
    }
}

impl ToCanonical for Plan {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("plan", &Body(self)).field("verification_hash", &self.verification_hash());
        });
    }
}

impl ToCanonical for Step {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Step {
            node,
            capability,
            phase,
            rank,
            worker_id,
            shard,
            output,
            artifacts,
            agents,
            effect,
            after,
        } = self;
        encoder.object(|o| {
            o.field("after", after)
                .field("agents", agents)
                .field("artifacts", artifacts)
                .field("capability", *capability)
                .field("effect", effect)
                .field("node", node)
                .field("output", output)
                .field("phase", phase)
                .field("rank", rank)
                .field("shard", shard)
                .field("worker_id", worker_id);
        });
    }
}
