//! The log as data: events, chains, tree, checkpoints, proofs, bundles; schemas and
//! their migrations, replay across versions, epochs, semantic events.
//!
//! The format is `docs/spec/log-format.md`. Pure: storage is `pi-store`'s.

pub mod bundle;
pub mod catalogue;
pub mod chain;
pub mod checkpoint;
pub mod control;
pub mod epoch;
pub mod event;
pub mod evolution;
pub mod fence;
pub mod governance;
pub mod header;
pub mod identity;
pub mod merkle;
pub mod migration;
pub mod order;
pub mod receipts;
pub mod registry;
pub mod replay;
pub mod schema;
pub mod semantic;

pub use bundle::Bundle;
pub use checkpoint::{Checkpoint, PublicKey, SigningKey};
pub use event::{EventDraft, Head, RunField, SaltedDraft, SealedEvent, seal};
pub use header::HeaderView;
pub use merkle::Tree;
pub use registry::Registry;

use pi_core::Reason;

/// A record that does not hold what its hashes promise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{record}: {problem}")]
pub struct IntegrityError {
    /// The first broken record: `PARTITION:OFFSET`, `leaf N`, `checkpoint`, ...
    pub record: String,
    /// What is wrong with it.
    pub problem: String,
    /// `log_corrupt`, `log_truncated` or `checkpoint_invalid`.
    pub reason: Reason,
}

impl IntegrityError {
    /// A record whose bytes do not fit.
    pub fn corrupt(record: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { record: record.into(), problem: problem.into(), reason: Reason::LogCorrupt }
    }

    /// A checkpoint that does not verify.
    pub fn checkpoint(problem: impl Into<String>) -> Self {
        Self {
            record: "checkpoint".to_owned(),
            problem: problem.into(),
            reason: Reason::CheckpointInvalid,
        }
    }
}
