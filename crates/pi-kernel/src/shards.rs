//! Workers on shards, and the barrier at the end of each phase.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::Phase;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Reason};

/// Most workers of one phase on one shard (SCHED-3).
pub const MAX_WORKERS_PER_SHARD: usize = 32;

/// The shard of a worker: the first 8 hexadecimal digits of SHA-256(worker id)
/// modulo the number of shards (SCHED-1).
pub fn shard(worker_id: &str, shard_count: u32) -> u32 {
    let digest = Digest::of(worker_id.as_bytes());
    let [a, b, c, d, ..] = *digest.as_bytes();
    u32::from_be_bytes([a, b, c, d]).checked_rem(shard_count).unwrap_or(0)
}

/// The hash of an assignment: SHA-256 of `worker_id:shard_id` (SCHED-2).
pub fn assignment_hash(worker_id: &str, shard_id: u32) -> Digest {
    Digest::of(format!("{worker_id}:{shard_id}").as_bytes())
}

/// What a shard is doing in the current phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardState {
    /// It has no workers, or they have not begun.
    Idle,
    /// Workers are under way.
    Running,
    /// All its workers succeeded.
    Completed,
    /// All its workers ended, at least one without success.
    Failed,
}

impl ShardState {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            ShardState::Idle => "IDLE",
            ShardState::Running => "RUNNING",
            ShardState::Completed => "COMPLETED",
            ShardState::Failed => "FAILED",
        }
    }
}

/// Why shards refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShardError {
    /// The worker is registered already (SCHED-4).
    #[error("worker `{0}` is registered already")]
    Duplicate(String),
    /// The shard is full (SCHED-3).
    #[error("shard {0} has {MAX_WORKERS_PER_SHARD} workers already")]
    Full(u32),
    /// The worker is not registered in this phase.
    #[error("worker `{0}` is not registered in this phase")]
    Unknown(String),
    /// A shard has not completed (SHARD-1).
    #[error("shard {0} is {state}", state = .1.as_str())]
    NotCompleted(u32, ShardState),
}

impl ShardError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ShardError::Full(_) => Reason::BoundsExceeded,
            ShardError::Duplicate(_) | ShardError::Unknown(_) => Reason::InvalidRequest,
            ShardError::NotCompleted(..) => Reason::PhaseFailed,
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Shard {
    open: BTreeSet<String>,
    ended: BTreeSet<String>,
    failed: bool,
}

/// One change of a shard's state, as it is logged (SHARD-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardChange {
    /// The phase.
    pub phase: Phase,
    /// The shard.
    pub shard: u32,
    /// Its new state.
    pub state: ShardState,
}

impl ToCanonical for ShardChange {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ShardChange { phase, shard, state } = self;
        encoder.object(|o| {
            o.field("phase", phase).field("shard", shard).field("state", state.as_str());
        });
    }
}

/// The shards of a run.
#[derive(Clone, Debug)]
pub struct Shards {
    count: u32,
    phase: Phase,
    registered: BTreeSet<String>,
    shards: BTreeMap<u32, Shard>,
    changes: Vec<ShardChange>,
}

/// What all shards of a phase came to (SHARD-3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barrier {
    /// The phase that ended.
    pub phase: Phase,
    /// All workers of the phase, sorted.
    pub workers: Vec<String>,
    /// Whether all succeeded (SHARD-4).
    pub succeeded: bool,
    /// Digest of the changes of state in the phase.
    pub changes: Digest,
}

impl Shards {
    /// `count` idle shards before the first phase.
    pub fn new(count: u32) -> Self {
        Self {
            count: count.max(1),
            phase: Phase::Ingest,
            registered: BTreeSet::new(),
            shards: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    /// The current phase.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The state of a shard in the current phase.
    pub fn state(&self, shard: u32) -> ShardState {
        match self.shards.get(&shard) {
            None => ShardState::Idle,
            Some(shard) if !shard.open.is_empty() => ShardState::Running,
            Some(shard) if shard.failed => ShardState::Failed,
            Some(_) => ShardState::Completed,
        }
    }

    /// Registers a worker for the current phase.
    pub fn register(&mut self, worker_id: &str) -> Result<u32, ShardError> {
        let number = shard(worker_id, self.count);
        if self.registered.contains(worker_id) {
            return Err(ShardError::Duplicate(worker_id.to_owned()));
        }
        let before = self.state(number);
        let shard = self.shards.entry(number).or_default();
        if shard.open.len() + shard.ended.len() >= MAX_WORKERS_PER_SHARD {
            return Err(ShardError::Full(number));
        }
        shard.open.insert(worker_id.to_owned());
        self.registered.insert(worker_id.to_owned());
        self.note(number, before);
        Ok(number)
    }

    /// A worker ended; other shards are not touched (SHARD-4).
    pub fn end(&mut self, worker_id: &str, succeeded: bool) -> Result<(), ShardError> {
        let number = shard(worker_id, self.count);
        let before = self.state(number);
        let unknown = || ShardError::Unknown(worker_id.to_owned());
        let shard = self.shards.get_mut(&number).ok_or_else(unknown)?;
        if !shard.open.remove(worker_id) {
            return Err(unknown());
        }
        shard.ended.insert(worker_id.to_owned());
        shard.failed |= !succeeded;
        self.note(number, before);
        Ok(())
    }

    fn note(&mut self, shard: u32, before: ShardState) {
        let state = self.state(shard);
        if state != before {
            self.changes.push(ShardChange { phase: self.phase, shard, state });
        }
    }

    /// Whether every shard with workers has completed (SHARD-2).
    pub fn can_advance_phase(&self) -> bool {
        self.shards.keys().all(|shard| self.state(*shard) == ShardState::Completed)
    }

    /// Ends the phase when every worker of it has ended (PHASE-1), and resets
    /// the shards. Whether the phase succeeded is in the barrier: with failed
    /// shards it ends, and only an explicit `fail_open` may go on (SHARD-6).
    pub fn advance_phase(&mut self, next: Phase) -> Result<Barrier, ShardError> {
        let running = |shard: &&u32| self.state(**shard) == ShardState::Running;
        if let Some(shard) = self.shards.keys().find(running) {
            return Err(ShardError::NotCompleted(*shard, ShardState::Running));
        }
        let succeeded = self.can_advance_phase();
        let shards = std::mem::take(&mut self.shards);
        let mut workers: Vec<String> = shards.into_values().flat_map(|shard| shard.ended).collect();
        workers.sort_unstable();
        let changes = Digest::of_canonical(&std::mem::take(&mut self.changes));
        let phase = std::mem::replace(&mut self.phase, next);
        Ok(Barrier { phase, workers, succeeded, changes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_follow_the_published_rule() {
        let digits = u32::from_str_radix(&Digest::of(b"w1").to_hex()[..8], 16).unwrap();
        assert_eq!(shard("w1", 4), digits % 4);
        assert_eq!(shard("w1", 0), 0);
    }

    #[test]
    fn a_failed_shard_does_not_stop_another() {
        let mut shards = Shards::new(2);
        let workers: Vec<String> = (0..8).map(|n| format!("w{n}")).collect();
        for worker in &workers {
            shards.register(worker).unwrap();
        }
        assert!(shards.advance_phase(Phase::Extract).is_err());
        for worker in &workers {
            shards.end(worker, worker != "w3").unwrap();
        }
        assert!(!shards.can_advance_phase());
        let barrier = shards.advance_phase(Phase::Extract).unwrap();
        assert!(!barrier.succeeded);
        assert_eq!(barrier.workers, workers);
        assert_eq!(shards.state(0), ShardState::Idle);
    }
}
