//! Rate limits: a sliding window for each caller, exact to the microsecond.
//!
//! Each caller has the log of the instants of its last requests, at most as many as its
//! limit. A request counts when it is let through; a refused one does not, so that whoever
//! waits gets on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use pi_core::{Name, Reason, Timestamp};

use crate::id::Actor;
use crate::refusal::Refusal;

/// How much each caller may ask, and how many callers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOptions {
    /// So many requests, at least one.
    pub requests: usize,
    /// In so many seconds, at least one.
    pub window_s: u64,
    /// So many callers of a tenant have a window of their own at the same time. All others
    /// of that tenant share one.
    pub callers: usize,
}

impl Default for LimitOptions {
    fn default() -> Self {
        Self { requests: 1000, window_s: 60, callers: 1000 }
    }
}

/// What a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether it may go on.
    pub allowed: bool,
    /// How many requests the window takes.
    pub limit: usize,
    /// The window.
    pub window_s: u64,
    /// How many more it takes now.
    pub remaining: usize,
    /// In how many seconds it takes one more than now, rounded up.
    pub reset_s: u64,
}

impl Standing {
    /// The refusal, when there is one.
    pub fn refusal(&self) -> Option<Refusal> {
        let refusal =
            Refusal::new(Reason::RateLimitExceeded, "as many requests as the window takes");
        (!self.allowed).then_some(refusal)
    }

    /// The headers that say it (draft-ietf-httpapi-ratelimit-headers-09, RFC 9110 10.2.3).
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let Self { allowed, limit, window_s, remaining, reset_s } = self;
        let mut headers = vec![
            ("ratelimit-policy", format!(r#""caller";q={limit};w={window_s}"#)),
            ("ratelimit", format!(r#""caller";r={remaining};t={reset_s}"#)),
        ];
        if !allowed {
            headers.push(("retry-after", reset_s.to_string()));
        }
        headers
    }
}

/// The windows of all callers. Tenants are as many as are registered: only callers that
/// were authenticated are counted here.
#[derive(Debug)]
pub struct RateLimiter {
    options: LimitOptions,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tenants: BTreeMap<Name, Tenant>,
    latest: Timestamp,
}

/// A caller is never forgotten while a request of it counts, so nobody gets a fresh window
/// by pushing others, or itself, out. Where the table is full of callers that count, the
/// newcomers share one window, which remembers whose each request was: when there is room,
/// a newcomer takes its own requests along.
#[derive(Debug, Default)]
struct Tenant {
    callers: BTreeMap<Actor, VecDeque<Timestamp>>,
    shared: VecDeque<(Timestamp, Actor)>,
    /// Before this no caller of the table stops counting.
    full_until: Timestamp,
}

impl RateLimiter {
    /// Windows of this kind. A limit or window of zero counts as one.
    pub fn new(options: LimitOptions) -> Self {
        let LimitOptions { requests, window_s, callers } = options;
        let options =
            LimitOptions { requests: requests.max(1), window_s: window_s.max(1), callers };
        Self { options, state: Mutex::default() }
    }

    /// Counts a request of a caller, when its window takes it.
    pub fn check(&self, tenant: &Name, actor: &Actor, now: Timestamp) -> Standing {
        // Nothing in here panics half-way.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that goes backwards makes no window longer.
        let now = state.latest.max(now);
        state.latest = now;
        let counts_from = now.as_micros().saturating_sub(self.window());
        let counts = |instant: Timestamp| instant.as_micros() > counts_from;
        let tenant = state.tenants.entry(tenant.clone()).or_default();
        while tenant.shared.front().is_some_and(|(instant, _)| !counts(*instant)) {
            tenant.shared.pop_front();
        }
        if !tenant.callers.contains_key(actor) && !self.make_room(tenant, actor, now) {
            let full = tenant.shared.len() >= self.options.requests;
            if !full {
                tenant.shared.push_back((now, actor.clone()));
            }
            let oldest = tenant.shared.front().map(|(instant, _)| *instant);
            return self.standing(!full, tenant.shared.len(), oldest, now);
        }
        let window = tenant.callers.entry(actor.clone()).or_default();
        while window.front().is_some_and(|instant| !counts(*instant)) {
            window.pop_front();
        }
        let full = window.len() >= self.options.requests;
        if !full {
            window.push_back(now);
        }
        self.standing(!full, window.len(), window.front().copied(), now)
    }

    /// Gives a newcomer a window, with what it did in the shared one; `false` when there is
    /// no room for it.
    fn make_room(&self, tenant: &mut Tenant, actor: &Actor, now: Timestamp) -> bool {
        if tenant.callers.len() >= self.options.callers {
            if now < tenant.full_until {
                return false;
            }
            let counts_from = now.as_micros().saturating_sub(self.window());
            let last = |window: &VecDeque<Timestamp>| window.back().map_or(0, |i| i.as_micros());
            tenant.callers.retain(|_, window| last(window) > counts_from);
            let earliest = tenant.callers.values().map(last).min().unwrap_or_default();
            tenant.full_until = Timestamp::from_micros(earliest.saturating_add(self.window()));
            if tenant.callers.len() >= self.options.callers {
                return false;
            }
        }
        let mine = tenant.shared.iter().filter(|(_, whose)| whose == actor);
        tenant.callers.insert(actor.clone(), mine.map(|(instant, _)| *instant).collect());
        tenant.shared.retain(|(_, whose)| whose != actor);
        true
    }

    fn window(&self) -> u64 {
        self.options.window_s.saturating_mul(1_000_000)
    }

    fn standing(
        &self,
        allowed: bool,
        counted: usize,
        oldest: Option<Timestamp>,
        now: Timestamp,
    ) -> Standing {
        let LimitOptions { requests: limit, window_s, .. } = self.options;
        let ends = oldest.map_or(0, |instant| instant.as_micros().saturating_add(self.window()));
        let reset_s = ends.saturating_sub(now.as_micros()).div_ceil(1_000_000);
        Standing { allowed, limit, window_s, remaining: limit.saturating_sub(counted), reset_s }
    }
}
