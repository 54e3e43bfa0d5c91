//! The inverted index over the metadata of agents.

use std::collections::BTreeMap;

use pi_agent_api::Meta;
use pi_core::canonical::{Encoder, ToCanonical};

use super::fixed;
use super::words::{Word, words};

/// The version of tokenizer, weights and formula. Grows when any score of any
/// request would change.
const INDEX_REVISION: u32 = 1;

macro_rules! fields {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $weight:literal);+ $(;)?) => {
        /// A part of an agent's metadata.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Field { $($(#[$doc])* $variant),+ }

        impl Field {
            /// Every field in order.
            pub const ALL: &'static [Field] = &[$(Field::$variant),+];

            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Field::$variant => $word),+ }
            }

            /// How much a word in it counts. That it is there counts, not
            /// how often: an agent with many rules says no more than one with few.
            pub const fn weight(self) -> i64 {
                match self { $(Field::$variant => $weight),+ }
            }
        }
    };
}

fields! {
    /// The words of the slug.
    Slug = "slug", 10;
    /// The first paragraph of the documentation.
    Summary = "summary", 2;
    /// The domain.
    Domain = "domain", 2;
    /// The kinds of artifacts it reads.
    Kind = "kind", 2;
    /// The ids of its rules.
    Rule = "rule", 2;
    /// What its rules say.
    RuleSummary = "rule summary", 1;
    /// Ids of standards.
    Reference = "reference", 2;
}

const FIELDS: usize = Field::ALL.len();

/// One term in one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Posting {
    /// The agent, by the order of slugs.
    pub(super) agent: usize,
    /// What the term contributes to the agent's score.
    pub(super) score: i64,
    /// The fields that have it.
    fields: [bool; FIELDS],
}

impl Posting {
    fn present(&self) -> impl Iterator<Item = Field> {
        Field::ALL.iter().zip(&self.fields).filter(|(_, has)| **has).map(|(field, _)| *field)
    }

    /// The term is a word of the agent's name.
    pub(super) fn is_named(&self) -> bool {
        self.present().any(|field| field == Field::Slug)
    }

    fn weight(&self) -> i64 {
        self.present().map(Field::weight).sum()
    }

    /// The score divided among the fields by weight; what division leaves over
    /// goes to the first, so that the shares add up.
    pub(super) fn shares(&self) -> Vec<(Field, i64)> {
        let all = self.weight().max(1);
        let part = |field: Field| self.score * field.weight() / all;
        let mut shares: Vec<(Field, i64)> =
            self.present().map(|field| (field, part(field))).collect();
        let given: i64 = shares.iter().map(|(_, share)| share).sum();
        if let Some((_, first)) = shares.first_mut() {
            *first += self.score - given;
        }
        shares
    }
}

#[derive(Debug, Default)]
struct Term {
    /// The word as it was first written: what a suggestion shows.
    text: String,
    postings: Vec<Posting>,
}

/// Terms, each with the agents that it leads to.
#[derive(Debug)]
pub(super) struct Index {
    slugs: Vec<&'static str>,
    terms: BTreeMap<String, Term>,
}

impl Index {
    pub(super) fn new(metas: &[&Meta]) -> Self {
        let mut metas = metas.to_vec();
        metas.sort_by_key(|meta| meta.slug);
        metas.dedup_by_key(|meta| meta.slug);
        let mut terms: BTreeMap<String, Term> = BTreeMap::new();
        let mut lengths = Vec::with_capacity(metas.len());
        for (agent, meta) in metas.iter().enumerate() {
            let mut length = 0;
            for (at, field) in Field::ALL.iter().enumerate() {
                for word in texts(meta, *field).iter().flat_map(|text| words(text)) {
                    if add(&mut terms, word, agent, at) {
                        length += field.weight();
                    }
                }
            }
            lengths.push(length);
        }
        let total = lengths.iter().sum();
        let all = metas.len();
        for term in terms.values_mut() {
            let rarity = fixed::rarity(all, term.postings.len());
            for posting in &mut term.postings {
                let length = lengths.get(posting.agent).copied().unwrap_or(0);
                posting.score = fixed::bm25(rarity, posting.weight(), length, total, all);
            }
        }
        Self { slugs: metas.iter().map(|meta| meta.slug).collect(), terms }
    }

    /// Number of agents.
    pub(super) fn agents(&self) -> usize {
        self.slugs.len()
    }

    pub(super) fn slug(&self, agent: usize) -> &'static str {
        self.slugs.get(agent).copied().unwrap_or_default()
    }

    pub(super) fn find_slug(&self, slug: &str) -> Option<usize> {
        self.slugs.binary_search(&slug).ok()
    }

    /// The agents that a term leads to, by the order of slugs.
    pub(super) fn postings(&self, term: &str) -> &[Posting] {
        self.terms.get(term).map_or(&[], |term| &term.postings)
    }

    /// Every term as a word, in the order of the terms.
    pub(super) fn vocabulary(&self) -> impl Iterator<Item = &str> {
        self.terms.values().map(|term| term.text.as_str())
    }
}

/// Whether the word is new in this field. Agents come in their order, so that
/// one's posting is the last so far.
fn add(terms: &mut BTreeMap<String, Term>, word: Word, agent: usize, field: usize) -> bool {
    let term = terms.entry(word.term).or_default();
    if term.text.is_empty() {
        term.text = word.text;
    }
    if term.postings.last().is_none_or(|last| last.agent != agent) {
        term.postings.push(Posting { agent, score: 0, fields: [false; FIELDS] });
    }
    match term.postings.last_mut().and_then(|last| last.fields.get_mut(field)) {
        Some(has) => !std::mem::replace(has, true),
        None => false,
    }
}

fn texts(meta: &Meta, field: Field) -> Vec<&'static str> {
    match field {
        Field::Slug => vec![meta.slug],
        Field::Summary => first_paragraph(meta.doc),
        Field::Domain => vec![meta.domain.as_str()],
        Field::Kind => meta.kinds.iter().map(|kind| kind.as_str()).collect(),
        Field::Rule => meta.rules.iter().map(|rule| rule.id).collect(),
        Field::RuleSummary => meta.rules.iter().map(|rule| rule.summary).collect(),
        Field::Reference => {
            let mut ids: Vec<_> = meta.rules.iter().flat_map(|rule| rule.references).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.into_iter().copied().collect()
        }
    }
}

fn first_paragraph(doc: &'static str) -> Vec<&'static str> {
    doc.lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with('#'))
        .take_while(|line| !line.is_empty())
        .collect()
}

impl ToCanonical for Index {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Index { slugs, terms } = self;
        encoder.object(|o| {
            o.field("revision", &INDEX_REVISION).field("slugs", slugs).field_with("terms", |e| {
                e.array(terms.iter().map(|(term, entry)| Entry(term, entry)));
            });
        });
    }
}

struct Entry<'a>(&'a str, &'a Term);

impl ToCanonical for Entry<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Entry(term, Term { text, postings }) = self;
        encoder.object(|o| {
            o.field("postings", postings).field("term", *term).field("text", text);
        });
    }
}

impl ToCanonical for Posting {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Posting { agent, score, fields } = self;
        encoder.object(|o| {
            o.field("agent", agent).field("fields", fields.as_slice()).field("score", score);
        });
    }
}
