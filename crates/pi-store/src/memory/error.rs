//! What can go wrong with the memory, each with its reason code.

use pi_core::Reason;

/// An error of the memory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The file cannot be used.
    #[error("the memory `{path}` cannot be used: {problem}")]
    Path {
        /// The path.
        path: String,
        /// What the system said.
        problem: String,
    },
    /// The database refused an operation.
    #[error("the memory refuses: {0}")]
    Refused(String),
    /// The file is damaged or no database.
    #[error("the memory is damaged: {0}")]
    Damaged(String),
    /// An entry does not hold what its hash promises.
    #[error("entry {sequence} of the memory was changed after it was written")]
    EntryDamaged {
        /// Its place in the order of writes.
        sequence: u64,
    },
    /// The file is a database of something else.
    #[error("`{path}` is a database, but no memory")]
    Foreign {
        /// The path.
        path: String,
    },
    /// The file was written by a newer build.
    #[error("the memory has format {found}, this build knows {known}")]
    Version {
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// A text is too long.
    #[error("the {what} has {bytes} bytes, at most {limit} are kept")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// There is no word to search for.
    #[error("there is no word to search for")]
    NoWords,
}

impl MemoryError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            MemoryError::Path { .. } | MemoryError::Refused(_) => Reason::MemoryUnavailable,
            MemoryError::Damaged(_)
            | MemoryError::EntryDamaged { .. }
            | MemoryError::Foreign { .. } => Reason::MemoryCorrupt,
            MemoryError::Version { .. } => Reason::UnknownVersion,
            MemoryError::TooLong { .. } => Reason::BoundsExceeded,
            MemoryError::NoWords => Reason::InvalidRequest,
        }
    }
}

impl From<rusqlite::Error> for MemoryError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => MemoryError::Damaged(error.to_string()),
            _ => MemoryError::Refused(error.to_string()),
        }
    }
}
