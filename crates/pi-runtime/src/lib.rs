//! The shell around the kernel: it freezes files, drives runs with threads, and
//! writes what the kernel says into the log.

pub mod clock;
pub mod decided;
pub mod drive;
pub mod effects;
pub mod examiner;
pub mod files;
pub mod freeze;
pub mod journal;
pub mod mesh;
mod observe;
pub mod pool;
pub mod recorded;
pub mod replay;
pub mod report;
pub mod resume;
pub mod run;
pub mod scan;
pub mod scheduler;

pub use clock::SystemClock;
pub use journal::{Journal, JournalError};
pub use run::Progress;
pub use scan::{ScanError, ScanOptions, Scanned, scan};
