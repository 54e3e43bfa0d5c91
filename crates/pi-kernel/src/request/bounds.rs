//! Bounds of compositions and nodes. The stricter one wins (BOUNDS-1).

use pi_core::canonical::{Encoder, ToCanonical};

/// Bounds of a composition. The stricter of these and [`Bounds::HARD`] wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most nodes.
    pub max_total_nodes: u64,
    /// Most nodes on a path.
    pub max_depth: u64,
    /// Most nodes that one node leads to.
    pub max_fanout: u64,
    /// Longest run in milliseconds, from acceptance to seal.
    pub max_execution_time_ms: u64,
    /// Most artifacts in the manifest.
    pub max_artifacts: u64,
    /// Number of shards that workers are assigned to.
    pub shard_count: u32,
}

impl Bounds {
    /// What a request has that names none: five minutes.
    pub const DEFAULT: Bounds = Bounds { max_execution_time_ms: 300_000, ..Bounds::HARD };

    /// The platform's hard limits.
    pub const HARD: Bounds = Bounds {
        max_total_nodes: 64,
        max_depth: 8,
        max_fanout: 16,
        max_execution_time_ms: 86_400_000,
        max_artifacts: 2_000_000,
        shard_count: 16,
    };

    /// The stricter of both, bound by bound.
    pub fn stricter(self, other: Bounds) -> Bounds {
        Bounds {
            max_total_nodes: self.max_total_nodes.min(other.max_total_nodes),
            max_depth: self.max_depth.min(other.max_depth),
            max_fanout: self.max_fanout.min(other.max_fanout),
            max_execution_time_ms: self.max_execution_time_ms.min(other.max_execution_time_ms),
            max_artifacts: self.max_artifacts.min(other.max_artifacts),
            shard_count: self.shard_count.min(other.shard_count).max(1),
        }
    }
}

impl ToCanonical for Bounds {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Bounds {
            max_total_nodes,
            max_depth,
            max_fanout,
            max_execution_time_ms,
            max_artifacts,
            shard_count,
        } = self;
        encoder.object(|o| {
            o.field("max_artifacts", max_artifacts)
                .field("max_depth", max_depth)
                .field("max_execution_time_ms", max_execution_time_ms)
                .field("max_fanout", max_fanout)
                .field("max_total_nodes", max_total_nodes)
                .field("shard_count", shard_count);
        });
    }
}

/// Bounds of one node, checked before it starts (NODE-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeBounds {
    /// Most inputs.
    pub max_inputs: u64,
    /// Most artifacts that it looks at.
    pub max_artifacts: u64,
    /// Most bytes that it looks at.
    pub max_input_bytes: u64,
    /// Most bytes of its output.
    pub max_output_bytes: u64,
}

impl NodeBounds {
    /// The platform's hard limits, and what a node has that names none.
    pub const HARD: NodeBounds = NodeBounds {
        max_inputs: 16,
        max_artifacts: Bounds::HARD.max_artifacts,
        max_input_bytes: 1 << 40,
        max_output_bytes: 16 << 20,
    };

    /// The stricter of both, bound by bound.
    pub fn stricter(self, other: NodeBounds) -> NodeBounds {
        NodeBounds {
            max_inputs: self.max_inputs.min(other.max_inputs),
            max_artifacts: self.max_artifacts.min(other.max_artifacts),
            max_input_bytes: self.max_input_bytes.min(other.max_input_bytes),
            max_output_bytes: self.max_output_bytes.min(other.max_output_bytes),
        }
    }
}

impl ToCanonical for NodeBounds {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let NodeBounds { max_inputs, max_artifacts, max_input_bytes, max_output_bytes } = self;
        encoder.object(|o| {
            o.field("max_artifacts", max_artifacts)
                .field("max_input_bytes", max_input_bytes)
                .field("max_inputs", max_inputs)
                .field("max_output_bytes", max_output_bytes);
        });
    }
}

/// How often an effect is tried, and how long the pauses are. Without chance:
/// the pause before attempt n + 1 is `base_ms * 2^(n - 1)`, at most
/// [`Retry::MAX_PAUSE_MS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in total.
    pub attempts: u32,
    /// The first pause in milliseconds.
    pub base_ms: u64,
}

impl Retry {
    /// One attempt.
    pub const NEVER: Retry = Retry { attempts: 1, base_ms: 100 };
    /// Most attempts.
    pub const MAX_ATTEMPTS: u32 = 5;
    /// Longest pause.
    pub const MAX_PAUSE_MS: u64 = 5_000;

    /// The pause before the attempt that follows attempt `attempt` (from 1), or
    /// `None` when there is no further one.
    pub fn pause_after(self, attempt: u32) -> Option<u64> {
        if attempt >= self.attempts.min(Self::MAX_ATTEMPTS) {
            return None;
        }
        let factor = 1u64.checked_shl(attempt.saturating_sub(1)).unwrap_or(u64::MAX);
        Some(self.base_ms.saturating_mul(factor).min(Self::MAX_PAUSE_MS))
    }
}

impl ToCanonical for Retry {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Retry { attempts, base_ms } = self;
        encoder.object(|o| {
            o.field("attempts", attempts).field("base_ms", base_ms);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = Retry { attempts: 9, base_ms: 1_000 };
        let pauses: Vec<_> = (1..=5).map(|attempt| retry.pause_after(attempt)).collect();
        assert_eq!(pauses, [Some(1_000), Some(2_000), Some(4_000), Some(5_000), None]);
        assert_eq!(Retry::NEVER.pause_after(1), None);
    }
}
