//! The router: which agents a request in plain words would reach, and why.
//!
//! A search over the catalogue's own metadata, nothing more. Its result is a
//! frozen [`Proposal`] that a person or a layer above turns into an explicit
//! request; no run ever starts from words. Execution neither calls this module
//! nor knows it: plain language stays outside (INVARIANT-1), and a conformance
//! test holds the line.
//!
//! Scores are BM25 over weighted fields in fixed point. The same words over the
//! same catalogue give the same proposal, byte for byte; equal scores are
//! ordered by slug.

mod fixed;
mod index;
mod near;
mod proposal;
mod words;

use std::collections::BTreeSet;

use pi_agent_api::{Catalogue, Meta};
use pi_core::{Decision, Digest, Reason};

pub use index::Field;
use index::Index;
pub use near::{MAX_SUGGESTIONS, nearest};
pub use proposal::{Candidate, Matched, Proposal};

/// The longest request in bytes.
pub const MAX_REQUEST_BYTES: usize = 4096;

/// Candidates that a proposal shows.
pub const MAX_CANDIDATES: usize = 5;

/// From this share of the best score on (in percent), the second makes the
/// choice ambiguous.
pub const AMBIGUOUS_FROM_PERCENT: i64 = 80;

/// Why words are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// They are too many.
    #[error("the request has {bytes} bytes, at most {MAX_REQUEST_BYTES} are routed")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
}

impl RouteError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            RouteError::TooLong { .. } => Reason::BoundsExceeded,
        }
    }
}

/// The index of one catalogue. Built once, read by any number of requests.
#[derive(Debug)]
pub struct Router {
    index: Index,
    digest: Digest,
}

impl Router {
    /// Indexes a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let metas: Vec<&Meta> = catalogue.agents().iter().map(|agent| agent.meta()).collect();
        Self::over(&metas)
    }

    /// Indexes metadata in any order.
    pub fn over(metas: &[&Meta]) -> Self {
        let index = Index::new(metas);
        let digest = Digest::of_canonical(&index);
        Self { index, digest }
    }

    /// The digest of the index: of every term, place and score in it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Proposes agents for a request in plain words.
    ///
    /// # Errors
    /// [`RouteError`] when the request is beyond the limits. Words that reach
    /// nothing are no error but a proposal that denies.
    pub fn route(&self, request: &str) -> Result<Proposal, RouteError> {
        if request.len() > MAX_REQUEST_BYTES {
            return Err(RouteError::TooLong { bytes: request.len() });
        }
        let asked = words::asked(request);
        let exact = self.index.find_slug(&words::slug(request)).or_else(|| self.alone(&asked));
        let mut scores = vec![0i64; self.index.agents()];
        let mut unknown = Vec::new();
        for word in &asked {
            let postings = self.index.postings(&word.term);
            if postings.is_empty() {
                unknown.push(word.text.clone());
            }
            for posting in postings {
                if let Some(score) = scores.get_mut(posting.agent) {
                    *score += posting.score;
                }
            }
        }
        let ranked = rank(&scores, exact);
        let candidates: Vec<Candidate> =
            ranked.iter().map(|(agent, score)| self.candidate(*agent, *score, &asked)).collect();
        let (decision, reason) = judge(&candidates, asked.len(), exact.is_some());
        let suggestions = if decision == Decision::Deny {
            near::suggest(&asked, &self.index)
        } else {
            Vec::new()
        };
        Ok(Proposal {
            decision,
            reason,
            words: asked.into_iter().map(|word| word.text).collect(),
            unknown,
            candidates,
            suggestions,
            index: self.digest,
        })
    }

    /// The agent that alone has all words in its name, when they are two or more. However
    /// many agents mention the words, they mean this one.
    fn alone(&self, asked: &[words::Word]) -> Option<usize> {
        if asked.len() < 2 {
            return None;
        }
        let mut named: Option<BTreeSet<usize>> = None;
        for word in asked {
            let postings = self.index.postings(&word.term).iter();
            let here: BTreeSet<usize> = postings
                .filter(|posting| posting.is_named())
                .map(|posting| posting.agent)
                .collect();
            named = Some(match named {
                Some(before) => before.intersection(&here).copied().collect(),
                None => here,
            });
        }
        let named = named.unwrap_or_default();
        if named.len() == 1 { named.first().copied() } else { None }
    }

    fn candidate(&self, agent: usize, score: i64, asked: &[words::Word]) -> Candidate {
        let matched = asked.iter().filter_map(|word| {
            let posting = self.index.postings(&word.term).iter().find(|p| p.agent == agent)?;
            Some(Matched {
                word: word.text.clone(),
                score: posting.score,
                fields: posting.shares(),
            })
        });
        Candidate { agent: self.index.slug(agent), score, matched: matched.collect() }
    }
}

/// The best agents: the one that is named first, then by score, then by slug.
/// Agents are numbered in the order of their slugs.
fn rank(scores: &[i64], exact: Option<usize>) -> Vec<(usize, i64)> {
    let reached = scores.iter().copied().enumerate();
    let mut ranked: Vec<(usize, i64)> =
        reached.filter(|(agent, score)| *score > 0 || Some(*agent) == exact).collect();
    ranked.sort_by_key(|(agent, score)| (Some(*agent) != exact, -score, *agent));
    ranked.truncate(MAX_CANDIDATES);
    ranked
}

/// Nothing reached is DENY. One that is named, or that is clearly ahead and
/// fits at least half of the words, is ALLOW. Everything between is REVIEW.
fn judge(candidates: &[Candidate], asked: usize, exact: bool) -> (Decision, Option<Reason>) {
    let Some(best) = candidates.first() else {
        return (Decision::Deny, Some(Reason::NoAgentMatches));
    };
    if exact {
        return (Decision::Allow, None);
    }
    let second = candidates.get(1).map_or(0, |candidate| candidate.score);
    let rivalled = second * 100 >= best.score * AMBIGUOUS_FROM_PERCENT;
    let fits = best.matched.len() * 2 >= asked;
    if rivalled || !fits {
        (Decision::Review, Some(Reason::RouteAmbiguous))
    } else {
        (Decision::Allow, None)
    }
}

#[cfg(test)]
mod tests;
