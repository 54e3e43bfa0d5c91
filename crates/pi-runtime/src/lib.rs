//! The shell around the kernel: it freezes files, drives runs with threads, and
//! writes what the kernel says into the log.

pub mod clock;
pub mod drive;
pub mod examiner;
pub mod files;
pub mod freeze;
pub mod journal;
pub mod pool;
pub mod replay;
pub mod scan;

pub use clock::SystemClock;
pub use journal::{Journal, JournalError};
pub use scan::{Progress, ScanError, ScanOptions, Scanned, scan};
