//! What can go wrong with a store, each with its reason code.

use pi_core::{Name, Reason, RunId};
use pi_event_fabric::IntegrityError;
use pi_event_fabric::epoch::SequenceError;
use pi_event_fabric::evolution::EvolutionError;
use pi_event_fabric::replay::ReplayError;
use pi_event_fabric::semantic::{KEY, SemanticError};

/// An error of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The data folder or a file in it cannot be used.
    #[error("{what} `{path}`: {error}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The path.
        path: String,
        /// What the system said.
        error: String,
    },
    /// The database refused an operation.
    #[error("the database refuses: {0}")]
    Database(String),
    /// The database, or the role that it is used with, cannot keep what a log promises.
    #[error("the database is not safe to use: {0}")]
    UnsafeDatabase(String),
    /// The database file is damaged or is none.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The signing key cannot be used.
    #[error("the signing key `{path}` cannot be used: {problem}")]
    Key {
        /// The key file.
        path: String,
        /// Why.
        problem: String,
    },
    /// A stored record does not hold what its hashes promise.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// The database was written by a newer build.
    #[error("the database has format {found}, this build knows {known}")]
    Version {
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// There is no event at this place.
    #[error("there is no event {partition}:{offset}")]
    NoEvent {
        /// The partition.
        partition: Name,
        /// The offset.
        offset: u64,
    },
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoRun(String),
    /// The run was claimed by somebody else.
    #[error("`{0}` was claimed by another process")]
    LeaseLost(RunId),
    /// An append behind the same fence failed before this one.
    #[error("an append to `{0}` before this one failed")]
    Interrupted(RunId),
    /// A partition or an epoch does not go on.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// A semantic event is refused.
    #[error(transparent)]
    Semantic(#[from] SemanticError),
    /// A plain payload has the reserved member.
    #[error("a payload cannot have the member `{KEY}`")]
    ReservedKey,
    /// Events that move sequences come together with others.
    #[error("events that freeze, release or mark must be appended alone")]
    MixedControl,
    /// An event that moves sequences, or that records an erasure, would be erased.
    #[error("events that freeze, release, mark or redact cannot be redacted")]
    Governing,
    /// A consumer does not hold the partition any more.
    #[error("`{member}` of the group `{group}` has no lease on it: {problem}")]
    Fenced {
        /// The group.
        group: String,
        /// The member.
        member: String,
        /// Why.
        problem: &'static str,
    },
    /// A consumer's checkpoint does not hold.
    #[error("the checkpoint of `{group}` at {partition}: {problem}")]
    ConsumerCheckpoint {
        /// The group.
        group: String,
        /// The partition, or `all partitions`.
        partition: String,
        /// Why.
        problem: &'static str,
    },
    /// A projection may not do this.
    #[error("the projection `{group}` fails: {problem}")]
    Projection {
        /// The group.
        group: String,
        /// What it tried, or what went wrong.
        problem: String,
    },
    /// A subscriber is too slow.
    #[error("the subscriber is too slow; it can go on at leaf {next}")]
    Lagging {
        /// The first event that it did not get.
        next: u64,
    },
    /// A replay stopped.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The log of evolution does not hold.
    #[error(transparent)]
    Evolution(#[from] EvolutionError),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            StoreError::File { .. }
            | StoreError::Database(_)
            | StoreError::Interrupted(_)
            | StoreError::Closed => Reason::LogUnavailable,
            StoreError::UnsafeDatabase(_) => Reason::DatabaseUnsafe,
            StoreError::Damaged(_) => Reason::LogCorrupt,
            StoreError::Key { .. } => Reason::KeyUnavailable,
            StoreError::Integrity(error) => error.reason,
            StoreError::Version { .. } => Reason::UnknownVersion,
            StoreError::NoEvent { .. }
            | StoreError::MixedControl
            | StoreError::Governing
            | StoreError::Projection { .. } => Reason::InvalidRequest,
            StoreError::Sequence(SequenceError::Frozen(_)) => Reason::ShardFrozen,
            StoreError::Sequence(
                SequenceError::OutOfOrder { .. } | SequenceError::Marker { .. },
            ) => Reason::EpochOutOfOrder,
            StoreError::Sequence(_) => Reason::InvalidRequest,
            StoreError::Semantic(error) => match error {
                SemanticError::TrustTooLow { .. } | SemanticError::TrustClaimed { .. } => {
                    Reason::TrustTooLow
                }
                SemanticError::UnknownParent { .. } => Reason::UnknownParent,
                SemanticError::NotReproducible => Reason::LogCorrupt,
                SemanticError::ParentOrder => Reason::InvalidRequest,
                SemanticError::Payload => Reason::ReservedKey,
            },
            StoreError::ReservedKey => Reason::ReservedKey,
            StoreError::Fenced { .. } => Reason::ConsumerFenced,
            StoreError::ConsumerCheckpoint { .. } => Reason::ConsumerCheckpointInvalid,
            StoreError::Lagging { .. } => Reason::SubscriberLagging,
            StoreError::Replay(error) => error.reason(),
            StoreError::Evolution(_) => Reason::SchemaMismatch,
            StoreError::NoRun(_) => Reason::UnknownRun,
            StoreError::LeaseLost(_) => Reason::LeaseLost,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => StoreError::Damaged(error.to_string()),
            _ => StoreError::Database(error.to_string()),
        }
    }
}
