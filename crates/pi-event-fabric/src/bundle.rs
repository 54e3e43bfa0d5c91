//! Evidence bundles (`docs/spec/log-format.md`, section 5).

use std::collections::BTreeMap;

use pi_core::Digest;
use pi_core::canonical::{Encoder, Object, ToCanonical, Value, parse};

use crate::IntegrityError;
use crate::checkpoint::{Checkpoint, PublicKey};
use crate::event::payload_hash;
use crate::header::HeaderView;
use crate::merkle::{leaf_hash, root_from_inclusion};
use crate::receipts::RunChains;

/// Evidence that can be checked without the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The tenant.
    pub tenant: String,
    /// The run that it is about.
    pub run: Option<String>,
    /// The log's public key.
    pub public_key: String,
    /// A signed checkpoint that covers all events.
    pub checkpoint: String,
    /// The events, ascending by leaf index.
    pub events: Vec<BundledEvent>,
}

/// An event with its inclusion proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundledEvent {
    /// The stored header.
    pub header: String,
    /// Salt and payload; `None` when redacted.
    pub content: Option<(Vec<u8>, String)>,
    /// The inclusion proof.
    pub proof: Vec<Digest>,
}

/// What a verified bundle shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Events that were checked.
    pub events: u64,
    /// Events whose content was erased.
    pub redacted: u64,
    /// Receipts and coverages of the run.
    pub receipts: u64,
    /// The decision in the run's seal.
    pub decision: Option<String>,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// What makes it no bundle.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value = parse(bytes).map_err(|error| error.to_string())?;
        let object = value.as_object().ok_or("a bundle is an object")?;
        exactly(object, &["checkpoint", "events", "public_key", "run", "schema", "tenant"])?;
        let text = |key: &str| {
            let found = value.get(key).and_then(Value::as_str);
            found.map(str::to_owned).ok_or(format!("`{key}` must be a string"))
        };
        if text("schema")? != "pi.bundle/1" {
            return Err("the schema is not `pi.bundle/1`".to_owned());
        }
        let run = match value.get("run") {
            Some(Value::Null) => None,
            _ => Some(text("run")?),
        };
        let items =
            value.get("events").and_then(Value::as_array).ok_or("`events` must be a list")?;
        let events = items.iter().enumerate().map(|(at, item)| {
            bundled(item).ok_or_else(|| format!("event {at} does not fit its schema"))
        });
        Ok(Self {
            tenant: text("tenant")?,
            run,
            public_key: text("public_key")?,
            checkpoint: text("checkpoint")?,
            events: events.collect::<Result<_, _>>()?,
        })
    }

    /// Verifies everything in the bundle, with `expected` as the log's key where
    /// it is known from elsewhere.
    pub fn verify(&self, expected: Option<&PublicKey>) -> Result<Verified, IntegrityError> {
        let key = PublicKey::parse(&self.public_key)
            .ok_or_else(|| IntegrityError::checkpoint("the public key is malformed"))?;
        if expected.is_some_and(|expected| *expected != key) {
            return Err(IntegrityError::checkpoint("the bundle has another public key"));
        }
        let checkpoint = Checkpoint::verify(&self.checkpoint, &key)?;
        if checkpoint.tenant.as_str() != self.tenant {
            return Err(IntegrityError::checkpoint("the checkpoint is of another tenant"));
        }
        let mut walk = Walk::default();
        let mut redacted = 0;
        for (at, event) in self.events.iter().enumerate() {
            self.check(at, event, &checkpoint, &mut walk)?;
            redacted += u64::from(event.content.is_none());
        }
        let decision = self.check_run(&walk)?;
        Ok(Verified {
            checkpoint,
            events: self.events.len() as u64,
            redacted,
            receipts: walk.chains.receipts.count,
            decision,
        })
    }

    fn check(
        &self,
        at: usize,
        event: &BundledEvent,
        checkpoint: &Checkpoint,
        walk: &mut Walk,
    ) -> Result<(), IntegrityError> {
        let unread = |problem: &str| IntegrityError::corrupt(format!("event {at}"), problem);
        let view = HeaderView::parse(event.header.as_bytes())
            .ok_or_else(|| unread("the header has another layout"))?;
        let value = parse(event.header.as_bytes()).map_err(|_| unread("the header is not JSON"))?;
        if Encoder::encode(&value) != event.header.as_bytes() {
            return Err(unread("the header is not canonical"));
        }
        let record = format!("{}:{}", view.partition, view.offset);
        let corrupt = |problem: &str| IntegrityError::corrupt(record.clone(), problem);
        if view.tenant != self.tenant {
            return Err(corrupt("the event is of another tenant"));
        }
        if let Some((salt, payload)) = &event.content {
            if payload_hash(salt, payload.as_bytes()) != view.payload_hash {
                return Err(corrupt("the payload does not have its hash"));
            }
            let parsed =
                parse(payload.as_bytes()).map_err(|_| corrupt("the payload is not JSON"))?;
            if Encoder::encode(&parsed) != payload.as_bytes() {
                return Err(corrupt("the payload is not canonical"));
            }
        }
        let event_hash = Digest::of(event.header.as_bytes());
        let leaf = leaf_hash(&event_hash);
        let root = root_from_inclusion(leaf, view.leaf_index, checkpoint.size, &event.proof);
        if root != Some(checkpoint.root) {
            return Err(corrupt("the event is not in the tree of the checkpoint"));
        }
        if walk.leaf.is_some_and(|before| before >= view.leaf_index) {
            return Err(corrupt("the events are out of order"));
        }
        walk.leaf = Some(view.leaf_index);
        let before = walk.heads.insert(view.partition.to_owned(), (view.offset, event_hash));
        if let Some((offset, hash)) = before
            && offset + 1 == view.offset
            && view.previous != Some(hash)
        {
            return Err(corrupt("the link to the event before does not fit"));
        }
        if self.run.is_some() {
            if view.run != self.run.as_deref() {
                return Err(corrupt("the event is of another run"));
            }
            let payload = event.content.as_ref().map(|(_, payload)| payload.as_bytes());
            walk.chains.take(view.schema, payload).map_err(|problem| corrupt(&problem))?;
            walk.types.0.get_or_insert_with(|| view.event_type.to_owned());
            walk.types.1 = Some((record, view.event_type.to_owned()));
        }
        Ok(())
    }

    fn check_run(&self, walk: &Walk) -> Result<Option<String>, IntegrityError> {
        if self.run.is_none() {
            return Ok(None);
        }
        let Some((record, last)) = &walk.types.1 else {
            return Err(IntegrityError::corrupt("event 0", "the bundle has no event of its run"));
        };
        if walk.types.0.as_deref() != Some("run.accepted") {
            return Err(IntegrityError::corrupt("event 0", "the run's acceptance is missing"));
        }
        if last != "run.sealed" {
            return Err(IntegrityError::corrupt(record.clone(), "the run's seal is missing"));
        }
        let seal = self.events.last().and_then(|event| event.content.as_ref());
        let decision = seal
            .and_then(|(_, payload)| parse(payload.as_bytes()).ok())
            .and_then(|value| value.get("decision").and_then(Value::as_str).map(str::to_owned));
        Ok(decision)
    }
}

/// What the check of one event leaves for the next.
#[derive(Default)]
struct Walk {
    leaf: Option<u64>,
    heads: BTreeMap<String, (u64, Digest)>,
    chains: RunChains,
    types: (Option<String>, Option<(String, String)>),
}

fn exactly(object: &Object, keys: &[&str]) -> Result<(), String> {
    let found: Vec<&str> = object.keys().map(String::as_str).collect();
    if found == keys { Ok(()) } else { Err(format!("the fields must be {}", keys.join(", "))) }
}

fn bundled(value: &Value) -> Option<BundledEvent> {
    exactly(value.as_object()?, &["header", "payload", "proof", "salt"]).ok()?;
    let content = match (value.get("salt")?, value.get("payload")?) {
        (Value::Null, Value::Null) => None,
        (salt, payload) => Some((unhex(salt.as_str()?)?, payload.as_str()?.to_owned())),
    };
    let proof = value.get("proof")?.as_array()?;
    let proof: Option<Vec<Digest>> =
        proof.iter().map(|item| Digest::from_hex(item.as_str()?)).collect();
    Some(BundledEvent { header: value.get("header")?.as_str()?.to_owned(), content, proof: proof? })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    (0..16).map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

impl ToCanonical for Bundle {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Bundle { tenant, run, public_key, checkpoint, events } = self;
        encoder.object(|o| {
            o.field("checkpoint", checkpoint)
                .field("events", events)
                .field("public_key", public_key)
                .field("run", run)
                .field("schema", "pi.bundle/1")
                .field("tenant", tenant);
        });
    }
}

impl ToCanonical for BundledEvent {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let BundledEvent { header, content, proof } = self;
        let salt = content
            .as_ref()
            .map(|(salt, _)| salt.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        encoder.object(|o| {
            o.field("header", header)
                .field("payload", &content.as_ref().map(|(_, payload)| payload))
                .field("proof", proof)
                .field("salt", &salt);
        });
    }
}
