//! Points in time as plain values. Only shells read a clock.

use crate::canonical::{Encoder, ToCanonical};

/// Microseconds since 1970-01-01T00:00:00Z (rule CLOCK-1). Finer parts are
/// dropped before they are compared (CLOCK-2, CLOCK-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From nanoseconds since the epoch, truncated to microseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos / 1_000)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }
}

impl ToCanonical for Timestamp {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.u64(self.0);
    }
}

/// A source of time. Implemented by shells and by the simulator; pure crates
/// only ever receive the [`Timestamp`] that it returned.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_truncated_not_rounded() {
        assert_eq!(Timestamp::from_nanos(1_999), Timestamp::from_micros(1));
        assert_eq!(Timestamp::from_nanos(1_000), Timestamp::from_nanos(1_999));
    }
}
