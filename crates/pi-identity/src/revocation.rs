//! Revoked tokens: each only for as long as it would be good, and never too many.

use std::collections::{BTreeMap, BTreeSet};

use pi_core::Timestamp;

use crate::id::{Actor, TokenId};
use crate::token::Claims;

/// So many tokens, and so many subjects, are remembered apart. Beyond that every token that
/// was issued until then is refused: forgetting one would let it in again.
pub const MAX_REVOKED: usize = 10_000;

/// The tokens of one tenant that are no longer good.
#[derive(Clone, Debug)]
pub struct Revocations {
    max_lifetime_s: u64,
    tokens: BTreeMap<TokenId, Timestamp>,
    by_expiry: BTreeSet<(Timestamp, TokenId)>,
    subjects: BTreeMap<Actor, Timestamp>,
    all_until: Option<Timestamp>,
}

impl Revocations {
    /// No revocations. `max_lifetime_s` is that of the tokens.
    pub fn new(max_lifetime_s: u64) -> Self {
        Self {
            max_lifetime_s,
            tokens: BTreeMap::new(),
            by_expiry: BTreeSet::new(),
            subjects: BTreeMap::new(),
            all_until: None,
        }
    }

    /// A token is no longer good. It is forgotten when it expires.
    pub(crate) fn revoke(&mut self, id: TokenId, expires_at: Timestamp, now: Timestamp) {
        self.forget_expired(now);
        let known = self.tokens.get(&id).copied();
        let expires_at = known.map_or(expires_at, |known| known.max(expires_at));
        if let Some(known) = known {
            self.by_expiry.remove(&(known, id.clone()));
        } else if self.tokens.len() >= MAX_REVOKED {
            self.revoke_all(now);
            return;
        }
        self.by_expiry.insert((expires_at, id.clone()));
        self.tokens.insert(id, expires_at);
    }

    /// The tokens of a subject that were issued before a time are no longer good.
    pub(crate) fn revoke_subject(&mut self, subject: Actor, before: Timestamp, now: Timestamp) {
        self.forget_expired(now);
        if !self.subjects.contains_key(&subject) && self.subjects.len() >= MAX_REVOKED {
            self.revoke_all(now.max(before));
            return;
        }
        let entry = self.subjects.entry(subject).or_insert(before);
        *entry = before.max(*entry);
    }

    /// Every token that was issued up to and with `until` is no longer good.
    pub(crate) fn revoke_all(&mut self, until: Timestamp) {
        self.all_until = self.all_until.max(Some(until));
        self.tokens.clear();
        self.by_expiry.clear();
        self.subjects.retain(|_, before| *before > until);
    }

    /// Whether a verified token is no longer good.
    pub fn is_revoked(&self, claims: &Claims) -> bool {
        self.tokens.contains_key(&claims.id)
            || self.subjects.get(&claims.subject).is_some_and(|before| claims.issued_at < *before)
            || self.all_until.is_some_and(|until| claims.issued_at <= until)
    }

    /// How many tokens and subjects are remembered.
    pub fn len(&self) -> usize {
        self.tokens.len() + self.subjects.len()
    }

    /// Whether none is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn forget_expired(&mut self, now: Timestamp) {
        while let Some((expires_at, _)) = self.by_expiry.first()
            && *expires_at <= now
        {
            if let Some((_, id)) = self.by_expiry.pop_first() {
                self.tokens.remove(&id);
            }
        }
        // A token of a subject that is revoked here was issued before, and so has expired.
        let lifetime = self.max_lifetime_s.saturating_mul(1_000_000);
        let good_from = now.as_micros().saturating_sub(lifetime);
        self.subjects.retain(|_, before| before.as_micros() > good_from);
    }
}
