//! The planner: from a chain of steps to an ordered plan.
//!
//! ```text
//! git_secret_leak_sentry, docker images -> deployment safety
//! ```
//!
//! [`syntax`] reads the chain, each step is resolved to exactly one agent (by
//! its slug, or by the router where that has a clear winner), and [`order`]
//! arranges them: by phase, then by what hands over to what. A [`Plan`] is plain
//! data. It runs nothing: a layer above turns it into an explicit request, and
//! like the router it stays outside execution (INVARIANT-1).

mod compose;
pub mod order;
mod resolve;
pub mod syntax;

use pi_agent_api::{Catalogue, Phase};
use pi_artifacts::Kind;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Decision, Digest, Reason};

pub use order::Capability;
pub use resolve::{Found, Resolution};
use syntax::{Chain, SyntaxError};

use crate::route::Router;

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanStep {
    /// `step_1`, `step_2`, ... in the order of the plan.
    pub id: String,
    /// The agent.
    pub agent: String,
    /// The phase that it runs in.
    pub phase: Phase,
    /// Steps of one wave, counted from 1, may run at the same time.
    pub wave: u32,
    /// The steps that hand over to this one, in the order of the plan.
    pub depends_on: Vec<String>,
}

/// Steps in an order in which they can run: by wave, then by agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<PlanStep>,
}

impl Plan {
    /// The digest of the canonical form.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }

    /// The waves in order, each with the steps that may run at the same time.
    pub fn waves(&self) -> impl Iterator<Item = &[PlanStep]> {
        self.steps.chunk_by(|a, b| a.wave == b.wave)
    }
}

/// A plan, and how each step of the chain was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// One for each step as written, in that order.
    pub resolutions: Vec<Resolution>,
}

/// Why a chain gives no plan. Columns count from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The chain cannot be read.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// A step looks like a slug and is none.
    #[error("there is no agent `{slug}` (column {column}){}", hint(suggestions))]
    UnknownAgent {
        /// The step as written.
        slug: String,
        /// Where it begins.
        column: usize,
        /// The nearest slugs.
        suggestions: Vec<String>,
    },
    /// A step's words reach no agent.
    #[error("no agent fits `{words}` (column {column}){}", hint(suggestions))]
    NoAgent {
        /// The step as written.
        words: String,
        /// Where it begins.
        column: usize,
        /// The nearest known words.
        suggestions: Vec<String>,
    },
    /// A step's words do not single out one agent.
    #[error("`{words}` (column {column}) may mean {}", candidates.join(", "))]
    Ambiguous {
        /// The step as written.
        words: String,
        /// Where it begins.
        column: usize,
        /// The agents that fit, best first.
        candidates: Vec<String>,
    },
    /// Steps wait for each other.
    #[error("the steps wait for each other: {}", cycle.join(" -> "))]
    Cycle {
        /// The steps in a circle; the first is repeated at the end.
        cycle: Vec<String>,
    },
    /// A step would hand over to one of an earlier phase.
    #[error("`{from}` of phase {from_phase} cannot come before `{to}` of phase {to_phase}")]
    EarlierPhase {
        /// The step that is written first.
        from: String,
        /// Its phase.
        from_phase: Phase,
        /// The step that is written after it.
        to: String,
        /// Its phase.
        to_phase: Phase,
    },
    /// What one step hands over, the next cannot read.
    #[error("`{from}` hands over {}, but `{to}` reads {}", kinds(gives), kinds(reads))]
    TypeMismatch {
        /// The step that hands over.
        from: String,
        /// The kinds of artifacts that it hands over.
        gives: Vec<Kind>,
        /// The step that should take them.
        to: String,
        /// The kinds that it reads.
        reads: Vec<Kind>,
    },
}

impl PlanError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            PlanError::Syntax(error) => error.reason(),
            PlanError::UnknownAgent { .. } => Reason::UnknownAgent,
            PlanError::NoAgent { .. } => Reason::NoAgentMatches,
            PlanError::Ambiguous { .. } => Reason::RouteAmbiguous,
            PlanError::Cycle { .. } => Reason::DagContainsCycle,
            PlanError::EarlierPhase { .. } => Reason::EdgeToEarlierPhase,
            PlanError::TypeMismatch { .. } => Reason::ArtifactTypeMismatch,
        }
    }

    /// REVIEW where a person can settle it by choosing, DENY elsewhere.
    pub fn decision(&self) -> Decision {
        match self {
            PlanError::Ambiguous { .. } => Decision::Review,
            _ => Decision::Deny,
        }
    }

    /// What was perhaps meant: slugs or words.
    pub fn suggestions(&self) -> &[String] {
        match self {
            PlanError::UnknownAgent { suggestions, .. }
            | PlanError::NoAgent { suggestions, .. } => suggestions,
            PlanError::Ambiguous { candidates, .. } => candidates,
            _ => &[],
        }
    }

    /// The column that it is about, if it is about one.
    pub fn column(&self) -> Option<usize> {
        match self {
            PlanError::Syntax(error) => error.column(),
            PlanError::UnknownAgent { column, .. }
            | PlanError::NoAgent { column, .. }
            | PlanError::Ambiguous { column, .. } => Some(*column),
            _ => None,
        }
    }
}

fn hint(suggestions: &[String]) -> String {
    if suggestions.is_empty() {
        return String::new();
    }
    format!("; did you mean {}?", suggestions.join(", "))
}

fn kinds(kinds: &[Kind]) -> String {
    /// A list that is longer says nothing to a person.
    const SHOWN: usize = 6;
    let mut words: Vec<&str> = kinds.iter().take(SHOWN).map(|kind| kind.as_str()).collect();
    if kinds.len() > SHOWN {
        words.push("...");
    }
    words.join(", ")
}

/// Plans a chain that is written as text.
///
/// # Errors
/// [`PlanError`]: nothing is guessed and nothing is left out.
pub fn plan(text: &str, catalogue: &Catalogue, router: &Router) -> Result<Planned, PlanError> {
    arrange(&syntax::parse(text)?, catalogue, router)
}

/// Plans steps that are given one by one, each handing over to the next.
///
/// # Errors
/// As [`plan`].
pub fn plan_steps(
    steps: &[&str],
    catalogue: &Catalogue,
    router: &Router,
) -> Result<Planned, PlanError> {
    arrange(&syntax::sequence(steps)?, catalogue, router)
}

fn arrange(chains: &[Chain], catalogue: &Catalogue, router: &Router) -> Result<Planned, PlanError> {
    let mut resolutions: Vec<Resolution> = Vec::new();
    let mut capabilities: Vec<Capability> = Vec::new();
    let mut arrows: Vec<(usize, usize)> = Vec::new();
    for chain in chains {
        let mut before: Vec<usize> = Vec::new();
        for group in &chain.groups {
            let mut here = Vec::new();
            for mention in group {
                let (agent, resolution) = resolve::resolve(mention, catalogue, router)?;
                let known = capabilities.iter().position(|c| c.name == resolution.agent);
                let node = known.unwrap_or(capabilities.len());
                if known.is_none() {
                    capabilities.push(Capability::of(agent.meta()));
                }
                arrows.extend(before.iter().map(|from| (*from, node)));
                here.push(node);
                resolutions.push(resolution);
            }
            before = here;
        }
    }
    Ok(Planned { plan: order::order(&capabilities, &arrows)?, resolutions })
}

impl ToCanonical for Plan {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Plan { steps } = self;
        encoder.object(|o| {
            o.field("steps", steps);
        });
    }
}

impl ToCanonical for PlanStep {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let PlanStep { id, agent, phase, wave, depends_on } = self;
        encoder.object(|o| {
            o.field("agent", agent)
                .field("depends_on", depends_on)
                .field("id", id)
                .field("phase", phase)
                .field("wave", wave);
        });
    }
}

#[cfg(test)]
mod tests;
