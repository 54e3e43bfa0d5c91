//! Cancellation inside a step.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Watches one examination from outside. Whoever holds a copy can end it; agents
/// notice at their next tick. The examination beats at the start of each vote,
/// so that a watcher can tell slow from stuck.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<State>);

#[derive(Debug)]
struct State {
    cancelled: AtomicBool,
    beats: AtomicU64,
    /// The vote behind these is not cast any more.
    votes: u64,
}

impl Default for State {
    fn default() -> Self {
        Self { cancelled: AtomicBool::new(false), beats: AtomicU64::new(0), votes: u64::MAX }
    }
}

impl Watch {
    /// A watch that ends what it watches when `votes` votes were cast and another
    /// begins: a cancellation that does not depend on time.
    pub fn after(votes: u64) -> Self {
        Self(Arc::new(State { votes, ..State::default() }))
    }

    /// Ends what is watched.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether it was ended.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Relaxed)
    }

    /// A vote begins.
    pub fn beat(&self) {
        if self.0.beats.fetch_add(1, Ordering::Relaxed) >= self.0.votes {
            self.cancel();
        }
    }

    /// Number of votes that have begun.
    pub fn beats(&self) -> u64 {
        self.0.beats.load(Ordering::Relaxed)
    }
}
