//! Nonces of signed requests, remembered for as long as their signature is good.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use pi_core::{Name, Reason, Timestamp};

use crate::refusal::Refusal;
use crate::signing::WINDOW_S;

const WINDOW: u64 = WINDOW_S * 1_000_000;

/// A memory of nonces. Several servers for the same tenants need one that they share.
pub trait Nonces: Send + Sync {
    /// Remembers the nonce of a request that was signed at `signed_at`, until no signature
    /// of that time is good. Refuses one that it remembers, and whatever it cannot remember
    /// or cannot know. Only called once the signature has been verified.
    fn remember(
        &self,
        tenant: &Name,
        nonce: &str,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Refusal>;
}

/// The memory of one process: bounded for each tenant, so that none can fill another's.
#[derive(Debug)]
pub struct NonceWindow {
    per_tenant: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    seen: BTreeMap<Name, BTreeSet<String>>,
    by_end: BTreeSet<(Timestamp, Name, String)>,
    /// Of signatures that end before, the nonces are forgotten or were never known.
    known_from: Timestamp,
}

impl NonceWindow {
    /// A memory that begins at `started_at`. It cannot know what was sent to the process
    /// before it, so it refuses what was signed earlier.
    pub fn new(per_tenant: usize, started_at: Timestamp) -> Self {
        let state = State {
            seen: BTreeMap::new(),
            by_end: BTreeSet::new(),
            known_from: end_of(started_at),
        };
        Self { per_tenant, state: Mutex::new(state) }
    }
}

/// The last instant at which a signature of this time is good.
fn end_of(signed_at: Timestamp) -> Timestamp {
    Timestamp::from_micros(signed_at.as_micros().saturating_add(WINDOW))
}

impl State {
    fn forget(&mut self, now: Timestamp) {
        while let Some((end, _, _)) = self.by_end.first()
            && *end < now
        {
            let Some((_, tenant, nonce)) = self.by_end.pop_first() else { return };
            if let Some(nonces) = self.seen.get_mut(&tenant) {
                nonces.remove(&nonce);
                if nonces.is_empty() {
                    self.seen.remove(&tenant);
                }
            }
        }
        // A clock that goes backwards finds nothing forgotten good again.
        self.known_from = self.known_from.max(now);
    }
}

impl Nonces for NonceWindow {
    fn remember(
        &self,
        tenant: &Name,
        nonce: &str,
        signed_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        // Nothing in here panics half-way.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.forget(now);
        let end = end_of(signed_at);
        if end < state.known_from {
            let detail = "signed before this server can know which nonces were used";
            return Err(Refusal::new(Reason::TimestampOutsideTolerance, detail));
        }
        let nonces = state.seen.entry(tenant.clone()).or_default();
        if nonces.contains(nonce) {
            return Err(Refusal::new(Reason::NonceReplayed, "the nonce was used before"));
        }
        if nonces.len() >= self.per_tenant {
            let detail = "the tenant has as many signed requests under way as are remembered";
            return Err(Refusal::new(Reason::NoncesExhausted, detail));
        }
        nonces.insert(nonce.to_owned());
        state.by_end.insert((end, tenant.clone(), nonce.to_owned()));
        Ok(())
    }
}
