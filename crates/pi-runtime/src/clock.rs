//! The system's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use pi_core::{Clock, Timestamp};

/// Reads the system's wall clock. A clock before 1970 reads as the epoch; the
/// log orders events by position, never by time, so a clock that runs backwards
/// does no harm.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}
