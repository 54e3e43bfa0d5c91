//! What a router proposes: plain data, with a canonical form.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason};

use super::index::Field;

/// The agents that a request would reach. Frozen: nothing acts on it but a
/// person, or a layer above that builds an explicit request from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// ALLOW when one agent is meant, REVIEW when several may be, DENY when none
    /// is.
    pub decision: Decision,
    /// Why, unless it is ALLOW.
    pub reason: Option<Reason>,
    /// The words of the request that say something.
    pub words: Vec<String>,
    /// Those of them that no agent's metadata has.
    pub unknown: Vec<String>,
    /// The agents, best first.
    pub candidates: Vec<Candidate>,
    /// Words that were perhaps meant, when nothing was reached.
    pub suggestions: Vec<String>,
    /// The digest of the index that was searched.
    pub index: Digest,
}

/// An agent that a request reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The agent.
    pub agent: &'static str,
    /// Its score in millionths: the sum of what its words contribute.
    pub score: i64,
    /// The words that lead to it.
    pub matched: Vec<Matched>,
}

/// A word that leads to an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The word of the request.
    pub word: String,
    /// What it contributes, in millionths.
    pub score: i64,
    /// Where the agent has it, and what each place contributes.
    pub fields: Vec<(Field, i64)>,
}

impl Proposal {
    /// The digest of the canonical form.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }
}

impl ToCanonical for Proposal {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Proposal { decision, reason, words, unknown, candidates, suggestions, index } = self;
        encoder.object(|o| {
            o.field("candidates", candidates)
                .field("decision", decision)
                .field("index", index)
                .field("reason", reason)
                .field("schema", "pi.route/1")
                .field("suggestions", suggestions)
                .field("unknown", unknown)
                .field("words", words);
        });
    }
}

impl ToCanonical for Candidate {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Candidate { agent, score, matched } = self;
        encoder.object(|o| {
            o.field("agent", *agent).field("matched", matched).field("score", score);
        });
    }
}

impl ToCanonical for Matched {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Matched { word, score, fields } = self;
        encoder.object(|o| {
            o.field_with("fields", |e| {
                e.array(fields.iter().map(|(field, score)| Share(*field, *score)));
            })
            .field("score", score)
            .field("word", word);
        });
    }
}

struct Share(Field, i64);

impl ToCanonical for Share {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Share(field, score) = self;
        encoder.object(|o| {
            o.field("field", field.as_str()).field("score", score);
        });
    }
}
