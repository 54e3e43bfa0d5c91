//! A clock that moves when the simulation says so, and sometimes backwards.

use std::sync::atomic::{AtomicU64, Ordering};

use pi_core::{Clock, Timestamp};

/// Where the wall clock starts, in microseconds since 1970.
const START: u64 = 1_767_225_600_000_000;

/// Two clocks of a machine: one that counts, and one on the wall, which people set.
#[derive(Debug)]
pub struct VirtualClock {
    elapsed_ms: AtomicU64,
    wall_micros: AtomicU64,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self { elapsed_ms: AtomicU64::new(0), wall_micros: AtomicU64::new(START) }
    }
}

impl VirtualClock {
    /// Milliseconds since the start; never fewer than before.
    pub fn elapsed_ms(&self) -> u64 {
        self.elapsed_ms.load(Ordering::Relaxed)
    }

    /// Time passes on both.
    pub fn advance(&self, ms: u64) {
        self.elapsed_ms.fetch_add(ms, Ordering::Relaxed);
        self.wall_micros.fetch_add(ms * 1_000, Ordering::Relaxed);
    }

    /// Somebody sets the clock on the wall back.
    pub fn set_back(&self, ms: u64) {
        self.wall_micros.fetch_sub(ms * 1_000, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.wall_micros.load(Ordering::Relaxed))
    }
}
