//! What the kernel asks a shell to append to the log.

use pi_core::Digest;
use pi_core::canonical::{Encoder, ToCanonical};

use crate::admit::AdmittedComposition;
use crate::effect::{Concluded, Intent};
use crate::receipt::{Boundary, Coverage, Receipt, WithHash};
use crate::report::Seal;

/// A payload and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name of the payload's schema.
    pub schema: &'static str,
    /// The version of the schema.
    pub schema_version: u32,
    /// The type of the event.
    pub event_type: &'static str,
    /// The canonical payload.
    pub payload: Vec<u8>,
}

impl Record {
    /// The acceptance: digests of everything that the run may depend on, and
    /// `source`, which says where the inputs lay and which nothing depends on.
    pub fn accepted(admitted: &AdmittedComposition, source: &str) -> Self {
        Self::new("pi.run.accepted", "run.accepted", &Acceptance { admitted, source })
    }

    pub(crate) fn receipt(receipt: &Receipt, hash: Digest) -> Self {
        let stored = WithHash { record: receipt, hash: Some(hash) };
        Self::new("pi.receipt", "receipt.issued", &stored)
    }

    pub(crate) fn coverage(coverage: &Coverage, hash: Digest) -> Self {
        let stored = WithHash { record: coverage, hash: Some(hash) };
        Self::new("pi.coverage", "coverage.issued", &stored)
    }

    pub(crate) fn boundary(boundary: &Boundary, hash: Digest) -> Self {
        let stored = WithHash { record: boundary, hash: Some(hash) };
        Self::new("pi.boundary", "phase.sealed", &stored)
    }

    pub(crate) fn sealed(seal: &Seal) -> Self {
        Self::new("pi.run.sealed", "run.sealed", seal)
    }

    pub(crate) fn intent(intent: &Intent<'_>) -> Self {
        Self::new("pi.effect.intent", "effect.announced", intent)
    }

    pub(crate) fn concluded(concluded: &Concluded<'_>) -> Self {
        Self::new("pi.effect.outcome", "effect.concluded", concluded)
    }

    fn new(schema: &'static str, event_type: &'static str, payload: &impl ToCanonical) -> Self {
        Self { schema, schema_version: 1, event_type, payload: Encoder::encode(payload) }
    }
}

struct Acceptance<'a> {
    admitted: &'a AdmittedComposition,
    source: &'a str,
}

impl ToCanonical for Acceptance<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let AdmittedComposition {
            request,
            manifest,
            baseline,
            catalogue,
            examiners: _,
            graph: _,
            bounds: _,
            policy,
            facts: _,
            admission,
            because: _,
        } = self.admitted;
        let slugs: Vec<String> = catalogue
            .agents()
            .iter()
            .map(|agent| format!("{}@{}", agent.meta().slug, agent.meta().revision))
            .collect();
        encoder.object(|o| {
            o.field("admission", admission)
                .field("agents", &slugs)
                .field("approved", &request.content().approved)
                .field("artifacts", &manifest.entries().len())
                .field("baseline", &baseline.digest())
                .field("catalogue", &catalogue.digest())
                .field("kernel_revision", &crate::KERNEL_REVISION)
                .field("manifest", &manifest.digest())
                .field("policy", policy)
                .field("policy_digest", &policy.digest())
                .field("request", request.content())
                .field("request_hash", &request.hash())
                .field("request_id", &request.id())
                .field("source", self.source);
        });
    }
}
