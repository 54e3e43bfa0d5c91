//! The catalogue of agents and its prefilter.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use pi_artifacts::{Artifact, Kind};
use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Reason};

use crate::meta::{Agent, Meta, Triggers};

/// A set of agents by their index in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AgentSet(Vec<u64>);

impl AgentSet {
    fn empty(agents: usize) -> Self {
        Self(vec![0; agents.div_ceil(64)])
    }

    /// Adds an agent.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// Whether the agent is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Adds all of `other`.
    pub fn union(&mut self, other: &AgentSet) {
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// The indices in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        })
    }

    /// Number of agents in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

impl ToCanonical for AgentSet {
    /// Hexadecimal words, lowest agents first.
    fn to_canonical(&self, encoder: &mut Encoder) {
        let hex: String = self.0.iter().map(|word| format!("{word:016x}")).collect();
        encoder.str(&hex);
    }
}

/// Why a catalogue cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Two agents have one slug.
    #[error("two agents are called `{0}`")]
    DuplicateSlug(&'static str),
    /// A selection names no agent.
    #[error("`{0}` is neither the slug of an agent nor a domain")]
    UnknownAgent(String),
    /// The trigger automaton cannot be built.
    #[error("the trigger automaton cannot be built: {0}")]
    Triggers(String),
}

impl CatalogueError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            CatalogueError::UnknownAgent(_) => Reason::UnknownAgent,
            _ => Reason::InvalidRequest,
        }
    }
}

/// All agents of a build or a selection of them, ordered by slug.
pub struct Catalogue {
    agents: Vec<&'static dyn Agent>,
    digest: Digest,
    automaton: AhoCorasick,
    /// For each literal of the automaton, the agents it triggers.
    triggered_by: Vec<AgentSet>,
    always: AgentSet,
}

impl Catalogue {
    /// A catalogue of `agents`.
    pub fn new(mut agents: Vec<&'static dyn Agent>) -> Result<Self, CatalogueError> {
        agents.sort_by_key(|agent| agent.meta().slug);
        for pair in agents.windows(2) {
            if let [a, b] = pair
                && a.meta().slug == b.meta().slug
            {
                return Err(CatalogueError::DuplicateSlug(a.meta().slug));
            }
        }
        let mut literals: Vec<(String, usize)> = Vec::new();
        let mut always = AgentSet::empty(agents.len());
        for (index, agent) in agents.iter().enumerate() {
            match agent.meta().triggers {
                Triggers::Always => always.insert(index),
                Triggers::Any(words) => {
                    literals.extend(words.iter().map(|word| (word.to_ascii_lowercase(), index)));
                }
            }
        }
        literals.sort();
        let mut patterns: Vec<&str> = Vec::new();
        let mut triggered_by: Vec<AgentSet> = Vec::new();
        for (literal, index) in &literals {
            if patterns.last() != Some(&literal.as_str()) {
                patterns.push(literal);
                triggered_by.push(AgentSet::empty(agents.len()));
            }
            if let Some(set) = triggered_by.last_mut() {
                set.insert(*index);
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&patterns)
            .map_err(|error| CatalogueError::Triggers(error.to_string()))?;
        let digest = digest(&agents);
        Ok(Self { agents, digest, automaton, triggered_by, always })
    }

    /// The agents, ordered by slug.
    pub fn agents(&self) -> &[&'static dyn Agent] {
        &self.agents
    }

    /// The agent at `index`.
    pub fn agent(&self, index: usize) -> Option<&'static dyn Agent> {
        self.agents.get(index).copied()
    }

    /// The agent with this slug.
    pub fn find(&self, slug: &str) -> Option<&'static dyn Agent> {
        let index = self.agents.binary_search_by_key(&slug, |agent| agent.meta().slug).ok()?;
        self.agent(index)
    }

    /// Digest over slug, revision and rules of every agent.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The agents that `only` names (all when empty) without those that `skip`
    /// names. A name is a slug or a domain.
    pub fn select(&self, only: &[String], skip: &[String]) -> Result<Catalogue, CatalogueError> {
        for name in only.iter().chain(skip) {
            if !self.agents.iter().any(|agent| named(agent.meta(), name)) {
                return Err(CatalogueError::UnknownAgent(name.clone()));
            }
        }
        let keep = |meta: &Meta| {
            (only.is_empty() || only.iter().any(|name| named(meta, name)))
                && !skip.iter().any(|name| named(meta, name))
        };
        Catalogue::new(self.agents.iter().copied().filter(|agent| keep(agent.meta())).collect())
    }

    /// The empty set.
    pub fn none(&self) -> AgentSet {
        AgentSet::empty(self.agents.len())
    }

    /// The agents that read artifacts of `kind`.
    pub fn applicable(&self, kind: Kind) -> AgentSet {
        let mut set = AgentSet::empty(self.agents.len());
        for (index, agent) in self.agents.iter().enumerate() {
            if agent.meta().reads(kind) {
                set.insert(index);
            }
        }
        set
    }

    /// The agents among `applicable` that the artifact triggers.
    pub fn triggered(&self, artifact: &Artifact, applicable: &AgentSet) -> AgentSet {
        let mut set = self.always.clone();
        let mut seen = vec![false; self.triggered_by.len()];
        for found in self.automaton.find_overlapping_iter(artifact.bytes()) {
            let pattern = found.pattern().as_usize();
            if let (Some(seen), Some(agents)) =
                (seen.get_mut(pattern), self.triggered_by.get(pattern))
                && !*seen
            {
                *seen = true;
                set.union(agents);
            }
        }
        for (word, mask) in set.0.iter_mut().zip(&applicable.0) {
            *word &= mask;
        }
        set
    }
}

fn named(meta: &Meta, name: &str) -> bool {
    meta.slug == name || meta.domain.as_str() == name
}

fn digest(agents: &[&'static dyn Agent]) -> Digest {
    Digest::of_canonical(&Identities(agents))
}

struct Identities<'a>(&'a [&'static dyn Agent]);

impl ToCanonical for Identities<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.array(self.0.iter().map(|agent| Identity(agent.meta())));
    }
}

struct Identity(&'static Meta);

impl ToCanonical for Identity {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Identity(meta) = self;
        encoder.object(|o| {
            o.field("invariant_to", &meta.invariant_to.bits())
                .field("revision", &meta.revision)
                .field_with("rules", |e| e.array(meta.rules.iter().map(|rule| rule.id)))
                .field("slug", meta.slug);
        });
    }
}
