//! The seam where the policy engine stands. Until a tenant brings policies of
//! its own, it has the explicit baseline policy below, which `pi doctor` and
//! every acceptance event show.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason, Severity};

use crate::request::Draft;
use crate::risk::Risk;

/// A policy: which severities deny and which need a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The name that receipts and explanations use.
    pub name: String,
    /// From this severity on, the decision is DENY.
    pub deny_from: Severity,
    /// From this severity on, the decision is at least REVIEW.
    pub review_from: Severity,
}

/// Why a decision is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// The reason code.
    pub reason: Reason,
    /// One sentence with the facts.
    pub message: String,
}

impl Because {
    /// Nothing asked the policy, or it gave no answer.
    pub fn policy_missing() -> Self {
        Self { reason: Reason::PolicyMissing, message: "no node asked the policy".to_owned() }
    }
}

impl ToCanonical for Because {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Because { reason, message } = self;
        encoder.object(|o| {
            o.field("code", reason).field("message", message);
        });
    }
}

impl Policy {
    /// The baseline policy of tenant `local`: critical and high deny, medium is
    /// reviewed, low and info pass.
    pub fn baseline() -> Self {
        Self {
            name: "baseline".to_owned(),
            deny_from: Severity::High,
            review_from: Severity::Medium,
        }
    }

    /// The digest of the policy.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }

    /// Decides on a request before it runs: ALLOW runs unattended, REVIEW needs
    /// the approval of a person. Effects need approval.
    pub fn admit(&self, draft: &Draft) -> (Decision, Vec<Because>) {
        let effects: Vec<&str> = draft
            .nodes
            .iter()
            .filter(|node| node.capability.is_effect())
            .map(|node| node.id.as_str())
            .collect();
        if effects.is_empty() {
            return (Decision::Allow, Vec::new());
        }
        let message = format!("`{}` changes the world", effects.join("`, `"));
        (Decision::Review, vec![Because { reason: Reason::ApprovalRequired, message }])
    }

    /// Decides on the weighed findings.
    pub fn decide(&self, risk: &Risk) -> (Decision, Vec<Because>) {
        let mut decisions = vec![Decision::Allow];
        let mut because = Vec::new();
        let denied = risk.count_from(self.deny_from);
        if denied > 0 {
            decisions.push(Decision::Deny);
            because.push(Because {
                reason: Reason::SeverityDenied,
                message: format!("{} of severity {} or above", findings(denied), self.deny_from),
            });
        }
        let reviewed = risk.count_from(self.review_from).saturating_sub(denied);
        if reviewed > 0 {
            decisions.push(Decision::Review);
            because.push(Because {
                reason: Reason::SeverityReview,
                message: format!("{} of severity {}", findings(reviewed), self.review_from),
            });
        }
        for (reason, count) in risk.incidents() {
            let decision = match reason {
                Reason::ConsensusStricterCopy => Decision::Review,
                _ => Decision::Deny,
            };
            decisions.push(decision);
            let message = format!("{count} examination(s)");
            because.push(Because { reason, message });
        }
        (Decision::strictest(decisions), because)
    }
}

fn findings(count: u64) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

impl ToCanonical for Policy {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Policy { name, deny_from, review_from } = self;
        encoder.object(|o| {
            o.field("deny_from", deny_from)
                .field("name", name)
                .field("review_from", review_from)
                .field("schema", "pi.policy.severity/1");
        });
    }
}
