//! From a step as written to exactly one agent.

use pi_agent_api::{Agent, Catalogue};
use pi_core::Decision;
use pi_core::canonical::{Encoder, ToCanonical};

use super::PlanError;
use super::syntax::Mention;
use crate::route::{Proposal, Router, nearest};

/// How a step was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The step as written.
    pub text: String,
    /// Where it begins.
    pub column: usize,
    /// The agent that it means.
    pub agent: String,
    /// How that is known.
    pub found: Found,
}

/// How an agent was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The step is its slug.
    BySlug,
    /// The router has a clear winner.
    ByWords,
}

impl Found {
    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Found::BySlug => "slug",
            Found::ByWords => "words",
        }
    }
}

/// Verbs that may stand before a step.
const LEADING: &[&str] = &["run", "execute", "start", "activate"];

/// Resolves one step.
pub(super) fn resolve(
    mention: &Mention,
    catalogue: &Catalogue,
    router: &Router,
) -> Result<(&'static dyn Agent, Resolution), PlanError> {
    let text = without_verb(&mention.text);
    let found = |agent: &'static dyn Agent, found| {
        let Mention { text, column } = mention.clone();
        (agent, Resolution { text, column, agent: agent.meta().slug.to_owned(), found })
    };
    if let Some(agent) = catalogue.find(text) {
        return Ok(found(agent, Found::BySlug));
    }
    let column = mention.column;
    // A slug that is misspelt is not taken for plain words.
    if is_slug(text) {
        let slugs = catalogue.agents().iter().map(|agent| agent.meta().slug);
        let suggestions = nearest(text, slugs).into_iter().map(str::to_owned).collect();
        return Err(PlanError::UnknownAgent { slug: text.to_owned(), column, suggestions });
    }
    let words = || mention.text.clone();
    // The bound of a chain is the bound of a request.
    let Ok(Proposal { decision, candidates, suggestions, .. }) = router.route(text) else {
        return Err(PlanError::NoAgent { words: words(), column, suggestions: Vec::new() });
    };
    match (decision, candidates.first().and_then(|best| catalogue.find(best.agent))) {
        (Decision::Allow, Some(agent)) => Ok(found(agent, Found::ByWords)),
        (Decision::Review, Some(_)) => {
            let candidates = candidates.iter().map(|best| best.agent.to_owned()).collect();
            Err(PlanError::Ambiguous { words: words(), column, candidates })
        }
        _ => Err(PlanError::NoAgent { words: words(), column, suggestions }),
    }
}

fn without_verb(text: &str) -> &str {
    match text.split_once(' ') {
        Some((verb, rest)) if LEADING.iter().any(|word| verb.eq_ignore_ascii_case(word)) => rest,
        _ => text,
    }
}

/// Written as slugs are: words of lower-case letters and digits, joined by `_`.
fn is_slug(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

impl ToCanonical for Resolution {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Resolution { text, column, agent, found } = self;
        encoder.object(|o| {
            o.field("agent", agent)
                .field("column", column)
                .field("found_by", found.as_str())
                .field("text", text);
        });
    }
}
