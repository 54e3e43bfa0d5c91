//! From a plan to an explicit request: one examining node for each step.

use std::collections::BTreeSet;

use pi_core::{Digest, Name};

use super::Plan;
use crate::request::{Bounds, Capability, Draft, EvidenceMode, Examine, Node};

impl Plan {
    /// The composition that runs this plan over a manifest, for a goal in plain words,
    /// of which only the digest goes in. The same plan gives the same draft, and nobody
    /// has approved it. Inline comments do not accept findings: they count in scans
    /// alone.
    pub fn request(&self, tenant: Name, manifest: Digest, goal: &str) -> Draft {
        let mut nodes = vec![Node::new("admit", Capability::AdmitManifest)];
        for step in &self.steps {
            let examine = Examine { only: vec![step.agent.clone()], ..Examine::default() };
            let node = Node::new(step.id.as_str(), Capability::Examine(examine));
            nodes.push(match step.depends_on.as_slice() {
                [] => node.after(["admit"]),
                steps => node.after(steps.iter().map(String::as_str)),
            });
        }
        // Whatever hands over to a later step is waited for with that one.
        let before: BTreeSet<&str> =
            self.steps.iter().flat_map(|step| &step.depends_on).map(String::as_str).collect();
        let ids = self.steps.iter().map(|step| step.id.as_str());
        let last: Vec<&str> = ids.filter(|id| !before.contains(id)).collect();
        nodes.push(Node::new("weigh", Capability::Weigh).after(last));
        nodes.push(Node::new("decide", Capability::Decide).after(["weigh"]));
        nodes.push(Node::new("release", Capability::Release).after(["decide"]));
        Draft {
            tenant,
            session: None,
            goal: Some(Digest::of(goal.trim().as_bytes())),
            nodes,
            edges: Vec::new(),
            manifest,
            bounds: Bounds::DEFAULT,
            evidence: EvidenceMode::Sealed,
            as_of: None,
            simulation_only: false,
            strict: true,
            approved: false,
        }
    }
}
