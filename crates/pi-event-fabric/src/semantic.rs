//! Semantic events: a payload with the member `_semantic`, which says what it is meant
//! to do, what it comes from and how far it is trusted. Only checked drafts carry it.

use std::collections::BTreeMap;

use pi_core::Digest;
use pi_core::canonical::{Encoder, Object, ToCanonical, Value, parse};

/// The reserved member.
pub const KEY: &str = "_semantic";

/// Trust, from 0 to 1000.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trust(u16);

impl Trust {
    /// The greatest trust.
    pub const FULL: Trust = Trust(1000);

    /// A trust of at most 1000.
    pub fn new(value: u64) -> Option<Self> {
        u16::try_from(value).ok().filter(|value| *value <= Self::FULL.0).map(Self)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0 as u64
    }
}

/// An event that caused another, by its place and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Parent {
    /// Position in the tenant's tree.
    pub leaf_index: u64,
    /// Hash of the event.
    pub event_hash: Digest,
}

/// What a semantic event says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semantics {
    /// What it is meant to do.
    pub intent: String,
    /// What it was made by, from the outside in: run, composition, node, agent.
    pub lineage: Vec<String>,
    /// How far it is trusted.
    pub trust: Trust,
    /// The events that caused it, in ascending order of their places.
    pub parents: Vec<Parent>,
}

/// What a tenant trusts. An actor may claim no more trust than it was given, and one
/// that is not named was given none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustPolicy {
    /// The least trust of an event.
    pub threshold: Trust,
    /// The most trust that each actor may claim.
    pub ceilings: BTreeMap<String, Trust>,
}

/// Why a semantic event is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SemanticError {
    /// The trust lies below the threshold.
    #[error("the trust {trust} lies below the threshold {threshold}")]
    TrustTooLow {
        /// The event's trust.
        trust: u64,
        /// The tenant's threshold.
        threshold: u64,
    },
    /// The actor claims more trust than it was given.
    #[error("`{actor}` claims trust {trust}, but may claim at most {ceiling}")]
    TrustClaimed {
        /// The actor.
        actor: String,
        /// The event's trust.
        trust: u64,
        /// The actor's ceiling.
        ceiling: u64,
    },
    /// A parent is not where it is said to be.
    #[error("there is no event {event_hash} at leaf {leaf_index}")]
    UnknownParent {
        /// The place.
        leaf_index: u64,
        /// The hash.
        event_hash: Digest,
    },
    /// The parents are not in order, or one is named twice.
    #[error("the parents must be in ascending order, each once")]
    ParentOrder,
    /// The payload is no object, or has the reserved member already.
    #[error("the payload must be an object without `{KEY}`")]
    Payload,
    /// A stored event does not hold what it says.
    #[error("the reproducibility hash does not fit")]
    NotReproducible,
}

impl TrustPolicy {
    /// Whether an actor's event is trusted enough, and no further than the actor is.
    pub fn admit(&self, actor: &str, trust: Trust) -> Result<(), SemanticError> {
        let ceiling = self.ceilings.get(actor).copied().unwrap_or_default();
        let (value, threshold) = (trust.get(), self.threshold.get());
        if trust > ceiling {
            let (actor, ceiling) = (actor.to_owned(), ceiling.get());
            return Err(SemanticError::TrustClaimed { actor, trust: value, ceiling });
        }
        if trust < self.threshold {
            return Err(SemanticError::TrustTooLow { trust: value, threshold });
        }
        Ok(())
    }
}

impl Semantics {
    /// The payload with its `_semantic` member, in canonical form.
    pub fn attach(&self, schema: &str, payload: &[u8]) -> Result<Vec<u8>, SemanticError> {
        if !self.parents.windows(2).all(|pair| matches!(pair, [a, b] if a < b)) {
            return Err(SemanticError::ParentOrder);
        }
        let Ok(Value::Object(mut object)) = parse(payload) else {
            return Err(SemanticError::Payload);
        };
        if object.contains_key(KEY) {
            return Err(SemanticError::Payload);
        }
        let hash = self.reproducibility_hash(schema, &object);
        object.insert(KEY.to_owned(), self.value(hash));
        Ok(Encoder::encode(&Value::Object(object)))
    }

    /// Hash of everything that the event can be made again from: its payload, schema,
    /// intent, lineage and parents.
    fn reproducibility_hash(&self, schema: &str, object: &Object) -> Digest {
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            o.field("intent", &self.intent)
                .field("lineage", &self.lineage)
                .field("parents", &self.parents)
                .field("payload", &Value::Object(object.clone()))
                .field("schema", schema);
        });
        Digest::of(&encoder.into_bytes())
    }

    fn value(&self, reproducibility_hash: Digest) -> Value {
        let Semantics { intent, lineage, trust, parents } = self;
        let text = |text: &String| Value::String(text.clone());
        let parents = parents.iter().map(|parent| {
            Value::Object(Object::from([
                ("event_hash".to_owned(), Value::String(parent.event_hash.to_hex())),
                ("leaf_index".to_owned(), Value::from(parent.leaf_index)),
            ]))
        });
        Value::Object(Object::from([
            ("intent".to_owned(), text(intent)),
            ("lineage".to_owned(), Value::Array(lineage.iter().map(text).collect())),
            ("parents".to_owned(), Value::Array(parents.collect())),
            ("reproducibility_hash".to_owned(), Value::String(reproducibility_hash.to_hex())),
            ("trust".to_owned(), Value::from(trust.get())),
        ]))
    }

    /// Reads the semantics of a stored payload; `None` when it has none.
    pub fn read(schema: &str, payload: &Value) -> Result<Option<Self>, SemanticError> {
        let Some(found) = payload.get(KEY) else { return Ok(None) };
        let semantics = semantics(found).ok_or(SemanticError::NotReproducible)?;
        let mut object = payload.as_object().cloned().unwrap_or_default();
        object.remove(KEY);
        let hash = semantics.reproducibility_hash(schema, &object);
        if semantics.value(hash) == *found {
            Ok(Some(semantics))
        } else {
            Err(SemanticError::NotReproducible)
        }
    }
}

fn semantics(value: &Value) -> Option<Semantics> {
    let lineage = value.get("lineage")?.as_array()?.iter();
    let parents = value.get("parents")?.as_array()?.iter().map(|parent| {
        Some(Parent {
            leaf_index: parent.get("leaf_index")?.as_u64()?,
            event_hash: Digest::from_hex(parent.get("event_hash")?.as_str()?)?,
        })
    });
    Some(Semantics {
        intent: value.get("intent")?.as_str()?.to_owned(),
        lineage: lineage.map(|step| step.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        trust: Trust::new(value.get("trust")?.as_u64()?)?,
        parents: parents.collect::<Option<_>>()?,
    })
}

impl ToCanonical for Parent {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Parent { leaf_index, event_hash } = self;
        encoder.object(|o| {
            o.field("event_hash", event_hash).field("leaf_index", leaf_index);
        });
    }
}

/// Whether a canonical payload has the reserved member. Quotes inside strings are
/// escaped, so the text below stands only where a key is.
pub fn has_reserved_key(payload: &[u8]) -> bool {
    std::str::from_utf8(payload).is_ok_and(|text| text.contains("\"_semantic\":"))
        && parse(payload).is_ok_and(|value| value.get(KEY).is_some())
}
