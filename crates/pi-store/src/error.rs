//! What can go wrong with a store, each with its reason code.

use pi_core::{Name, Reason, RunId};
use pi_event_fabric::IntegrityError;

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
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            StoreError::File { .. } | StoreError::Database(_) | StoreError::Closed => {
                Reason::LogUnavailable
            }
            StoreError::Damaged(_) => Reason::LogCorrupt,
            StoreError::Key { .. } => Reason::KeyUnavailable,
            StoreError::Integrity(error) => error.reason,
            StoreError::Version { .. } => Reason::UnknownVersion,
            StoreError::NoEvent { .. } => Reason::InvalidRequest,
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
