//! Events: what is appended, and what it becomes at its place in the log.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{Digest, Hasher, Name, RunId, Timestamp};

use crate::header::FORMAT;
use crate::merkle::Tree;

/// Number of bytes in a salt.
pub const SALT_BYTES: usize = 16;

/// An event without a place yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDraft {
    /// Name of the payload's schema.
    pub schema: &'static str,
    /// Version of the schema.
    pub schema_version: u32,
    /// Type of the event.
    pub event_type: &'static str,
    /// The partition that it is appended to.
    pub partition: Name,
    /// The run that it belongs to.
    pub run: RunField,
    /// Who caused it.
    pub actor: String,
    /// Correlation id.
    pub correlation_id: Option<String>,
    /// When.
    pub recorded_at: Timestamp,
    /// The canonical payload.
    pub payload: Vec<u8>,
}

/// The run of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunField {
    /// None.
    None,
    /// A run that was accepted before.
    Known(RunId),
    /// This event accepts a run: its id derives from the place that the event
    /// gets and from the request.
    Derive {
        /// Hash of the request.
        request: Digest,
    },
}

/// Where the next event of a partition goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Offset of the last event; 0 when there is none.
    pub offset: u64,
    /// Its hash.
    pub event_hash: Option<Digest>,
}

/// An event at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    /// Position in the tenant's tree.
    pub leaf_index: u64,
    /// Position in the partition.
    pub offset: u64,
    /// The run.
    pub run: Option<RunId>,
    /// The canonical header.
    pub header: Vec<u8>,
    /// The salt.
    pub salt: [u8; SALT_BYTES],
    /// The canonical payload.
    pub payload: Vec<u8>,
    /// `H(header)`.
    pub event_hash: Digest,
    /// The roots to keep of the subtrees that it completes ([`Tree::push`]).
    pub subtrees: Vec<Digest>,
}

/// `H(salt || payload)`.
pub fn payload_hash(salt: &[u8], payload: &[u8]) -> Digest {
    let mut hasher = Hasher::new();
    hasher.update(salt).update(payload);
    hasher.finish()
}

/// A draft whose payload is salted and hashed: all that needs no place.
#[derive(Clone, Debug)]
pub struct SaltedDraft {
    draft: EventDraft,
    salt: [u8; SALT_BYTES],
    payload_hash: Digest,
}

impl SaltedDraft {
    /// Hashes the payload under `salt`.
    pub fn new(draft: EventDraft, salt: [u8; SALT_BYTES]) -> Self {
        let payload_hash = payload_hash(&salt, &draft.payload);
        Self { draft, salt, payload_hash }
    }

    /// The draft.
    pub fn draft(&self) -> &EventDraft {
        &self.draft
    }
}

/// Gives a draft its place after `head` and in `tree`, and moves both on.
pub fn seal(salted: SaltedDraft, tenant: &Name, head: &mut Head, tree: &mut Tree) -> SealedEvent {
    let SaltedDraft { draft, salt, payload_hash } = salted;
    let leaf_index = tree.size();
    let run = match &draft.run {
        RunField::None => None,
        RunField::Known(run) => Some(run.clone()),
        RunField::Derive { request } => {
            let previous = head.event_hash.unwrap_or(Digest::ZERO);
            Some(RunId::derive(tenant, leaf_index, previous, *request))
        }
    };
    let offset = head.offset + 1;
    let header = Encoder::encode(&Header {
        draft: &draft,
        tenant,
        leaf_index,
        offset,
        payload_hash,
        previous: head.event_hash,
        run: run.as_ref(),
    });
    let event_hash = Digest::of(&header);
    *head = Head { offset, event_hash: Some(event_hash) };
    let subtrees = tree.push(&event_hash);
    let payload = draft.payload;
    SealedEvent { leaf_index, offset, run, header, salt, payload, event_hash, subtrees }
}

struct Header<'a> {
    draft: &'a EventDraft,
    tenant: &'a Name,
    leaf_index: u64,
    offset: u64,
    payload_hash: Digest,
    previous: Option<Digest>,
    run: Option<&'a RunId>,
}

impl ToCanonical for Header<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Header { draft, tenant, leaf_index, offset, payload_hash, previous, run } = self;
        // Every field of a draft has its place here or under the payload's hash.
        let EventDraft {
            schema,
            schema_version,
            event_type,
            partition,
            run: _,
            actor,
            correlation_id,
            recorded_at,
            payload: _,
        } = draft;
        encoder.object(|o| {
            o.field("actor", actor)
                .field("correlation_id", correlation_id)
                .field("event_type", *event_type)
                .field("format", FORMAT)
                .field("leaf_index", leaf_index)
                .field("offset", offset)
                .field("partition", partition)
                .field("payload_hash", payload_hash)
                .field_with("previous_event_hash", |e| match previous {
                    Some(hash) => hash.to_canonical(e),
                    None => e.str(""),
                })
                .field("recorded_at", recorded_at)
                .field("run", run)
                .field("schema", *schema)
                .field("schema_version", schema_version)
                .field("tenant", *tenant);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::HeaderView;

    fn draft(actor: &str, run: RunField) -> EventDraft {
        EventDraft {
            schema: "pi.test",
            schema_version: 1,
            event_type: "test",
            partition: Name::new("runs").unwrap(),
            run,
            actor: actor.to_owned(),
            correlation_id: None,
            recorded_at: Timestamp::from_micros(7),
            payload: b"{}".to_vec(),
        }
    }

    #[test]
    fn a_sealed_header_reads_back() {
        let tenant = Name::new("local").unwrap();
        let (mut head, mut tree) = (Head::default(), Tree::default());
        let request = Digest::of(b"request");
        let first = seal(
            SaltedDraft::new(draft("a\"é", RunField::Derive { request }), [1; 16]),
            &tenant,
            &mut head,
            &mut tree,
        );
        let run = first.run.clone().unwrap();
        let second = seal(
            SaltedDraft::new(draft("b", RunField::Known(run.clone())), [2; 16]),
            &tenant,
            &mut head,
            &mut tree,
        );
        let view = HeaderView::parse(&second.header).unwrap();
        assert_eq!(view.previous, Some(first.event_hash));
        assert_eq!((view.leaf_index, view.offset, view.recorded_at), (1, 2, 7));
        assert_eq!(view.run, Some(run.as_str()));
        let view = HeaderView::parse(&first.header).unwrap();
        assert_eq!((view.actor, view.previous), ("a\\\"\\u00e9", None));
        assert_eq!(view.payload_hash, payload_hash(&[1; 16], b"{}"));
    }

    #[test]
    fn any_other_layout_is_refused() {
        let tenant = Name::new("local").unwrap();
        let sealed = seal(
            SaltedDraft::new(draft("a", RunField::None), [0; 16]),
            &tenant,
            &mut Head::default(),
            &mut Tree::default(),
        );
        let text = String::from_utf8(sealed.header).unwrap();
        for broken in [
            text.replace("\"offset\":1", "\"offset\":01"),
            text.replace("\"offset\":1", "\"offset\": 1"),
            text.replace("pi.event/1", "pi.event/2"),
            format!("{text} "),
            text.replace("\"actor\"", "\"Actor\""),
        ] {
            assert_eq!(HeaderView::parse(broken.as_bytes()), None, "{broken}");
        }
    }
}
