//! Replay of a partition: its events, in order, as the asked versions of their schemas
//! see them. It stops at the first event that does not fit its chain, its schema, or
//! the fence. It has nothing that could write.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, ToCanonical, parse};
use pi_core::{Digest, Hasher, Name, Reason};

use crate::IntegrityError;
use crate::chain::PartitionChain;
use crate::fence::Fences;
use crate::registry::{Hydrated, Registry, RegistryError};
use crate::schema::id;

/// What to replay, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayContext {
    /// The tenant.
    pub tenant: Name,
    /// The partition.
    pub partition: Name,
    /// First offset that is replayed. The chain is checked from its start.
    pub from: u64,
    /// Last offset; `None` replays to the end.
    pub to: Option<u64>,
    /// Only events with this correlation id.
    pub correlation_id: Option<String>,
    /// The versions to read with, by schema; others are read as written.
    pub targets: BTreeMap<String, u32>,
}

impl ToCanonical for ReplayContext {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ReplayContext { tenant, partition, from, to, correlation_id, targets } = self;
        let targets: Vec<String> =
            targets.iter().map(|(name, version)| id(name, *version)).collect();
        encoder.object(|o| {
            o.field("correlation_id", correlation_id)
                .field("from", from)
                .field("partition", partition)
                .field("read_only", &true)
                .field("targets", &targets)
                .field("tenant", tenant)
                .field("to", to);
        });
    }
}

/// Why a replay stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The chain is broken.
    #[error(transparent)]
    Integrity(#[from] IntegrityError),
    /// The fence has no approval.
    #[error("{record}: reading {from} as {to} is not approved")]
    Fence {
        /// The event.
        record: String,
        /// What it was written with.
        from: String,
        /// What it should be read with.
        to: String,
    },
    /// The payload cannot be read.
    #[error("{record}: {error}")]
    Payload {
        /// The event.
        record: String,
        /// Why.
        error: RegistryError,
    },
    /// The payload is erased.
    #[error("{record}: the payload is redacted")]
    Redacted {
        /// The event.
        record: String,
    },
}

impl ReplayError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            ReplayError::Integrity(error) => error.reason,
            ReplayError::Fence { .. } => Reason::FenceDenied,
            ReplayError::Payload { error, .. } => error.reason(),
            ReplayError::Redacted { .. } => Reason::InputsNotRetained,
        }
    }
}

/// An event as the replay sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed {
    /// Its offset.
    pub offset: u64,
    /// Its type.
    pub event_type: String,
    /// Hash of the event.
    pub event_hash: Digest,
    /// Its payload.
    pub hydrated: Hydrated,
}

/// What a replay came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayReport {
    /// What was replayed.
    pub context: ReplayContext,
    /// Events that were replayed.
    pub events: u64,
    /// Events that were read with another version than their own.
    pub migrated: u64,
    /// Last event of the chain that was checked.
    pub head: Option<Digest>,
    /// Hash over every result in order.
    pub results: Digest,
}

impl ReplayReport {
    /// Hash of the report: its context and every result.
    pub fn hash(&self) -> Digest {
        Digest::of_canonical(self)
    }
}

impl ToCanonical for ReplayReport {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let ReplayReport { context, events, migrated, head, results } = self;
        encoder.object(|o| {
            o.field("context", context)
                .field("events", events)
                .field("head", head)
                .field("migrated", migrated)
                .field("results", results);
        });
    }
}

/// A replay under way. Events are given to it in order from the start of the chain.
pub struct Replay<'a> {
    registry: &'a Registry,
    fences: &'a Fences,
    context: ReplayContext,
    chain: PartitionChain,
    events: u64,
    migrated: u64,
    results: Hasher,
}

impl<'a> Replay<'a> {
    /// A replay behind a fence.
    pub fn new(registry: &'a Registry, fences: &'a Fences, context: ReplayContext) -> Self {
        let chain = PartitionChain::new(&context.tenant, &context.partition);
        let results = Hasher::new();
        Self { registry, fences, context, chain, events: 0, migrated: 0, results }
    }

    /// Takes the next event; `None` when it is checked but not asked for.
    pub fn take(
        &mut self,
        header: &[u8],
        content: Option<(&[u8], &[u8])>,
    ) -> Result<Option<Replayed>, ReplayError> {
        let view = self.chain.take(header, content)?;
        let context = &self.context;
        let asked = view.offset >= context.from
            && context.to.is_none_or(|to| view.offset <= to)
            && (context.correlation_id.is_none()
                || view.correlation_id == context.correlation_id.as_deref());
        if !asked {
            return Ok(None);
        }
        let record = format!("{}:{}", view.partition, view.offset);
        let payload_error = |error| ReplayError::Payload { record: record.clone(), error };
        let unknown =
            || RegistryError::Unknown { id: format!("{}@{}", view.schema, view.schema_version) };
        let version = u32::try_from(view.schema_version).map_err(|_| payload_error(unknown()))?;
        let target = context.targets.get(view.schema).copied().unwrap_or(version);
        let (from, to) = (id(view.schema, version), id(view.schema, target));
        if !self.fences.allows(&from, &to) {
            return Err(ReplayError::Fence { record, from, to });
        }
        let Some((_, payload)) = content else { return Err(ReplayError::Redacted { record }) };
        let value = parse(payload)
            .map_err(|error| IntegrityError::corrupt(record.clone(), error.to_string()))?;
        let hydrated =
            self.registry.hydrate(view.schema, version, &value, target).map_err(payload_error)?;
        let event_hash = Digest::of(header);
        self.results.update(event_hash.as_bytes()).update(&Encoder::encode(&hydrated));
        self.events += 1;
        self.migrated += u64::from(target != version);
        let event_type = view.event_type.to_owned();
        Ok(Some(Replayed { offset: view.offset, event_type, event_hash, hydrated }))
    }

    /// Ends the replay.
    pub fn finish(self) -> ReplayReport {
        ReplayReport {
            events: self.events,
            migrated: self.migrated,
            head: self.chain.head().event_hash,
            results: self.results.finish(),
            context: self.context,
        }
    }
}
