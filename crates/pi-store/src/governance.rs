//! What governs a log, read from it and written to it: fences, the evolution of
//! schemas, epochs, and replay across versions.

use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Name, Timestamp};
use pi_event_fabric::epoch::ShardList;
use pi_event_fabric::evolution::{Evolution, EvolutionLog};
use pi_event_fabric::fence::{FenceEntry, Fences};
use pi_event_fabric::replay::{Replay, ReplayContext, ReplayReport, Replayed};
use pi_event_fabric::{EventDraft, HeaderView, Registry, RunField, governance};

use crate::error::StoreError;
use crate::{Appended, EventStore, StoredEvent, verified};

/// Who writes, and when.
#[derive(Clone, Debug)]
pub struct Author {
    /// The actor.
    pub actor: String,
    /// The time.
    pub now: Timestamp,
}

impl Author {
    fn draft(
        &self,
        schema: &'static str,
        event_type: &'static str,
        payload: &impl ToCanonical,
    ) -> Result<EventDraft, StoreError> {
        Ok(EventDraft {
            schema,
            schema_version: 1,
            event_type,
            partition: partition()?,
            run: RunField::None,
            actor: self.actor.clone(),
            correlation_id: None,
            recorded_at: self.now,
            payload: Encoder::encode(payload),
        })
    }
}

fn partition() -> Result<Name, StoreError> {
    // A constant that is a name.
    Name::new(governance::PARTITION).map_err(|error| StoreError::Database(error.to_string()))
}

fn payload(event: &StoredEvent) -> Option<Value> {
    event.parts().and_then(|(_, payload)| parse(payload).ok())
}

/// The approvals that hold, read from a verified chain.
pub fn fences(store: &dyn EventStore) -> Result<Fences, StoreError> {
    let mut fences = Fences::default();
    verified::visit(store, &partition()?, &mut |event| {
        if let Some(view) = HeaderView::parse(&event.header) {
            fences.take(&view, payload(event).as_ref());
        }
        Ok(())
    })?;
    Ok(fences)
}

/// Approves reading one version as another.
pub fn approve(
    store: &dyn EventStore,
    author: &Author,
    entry: &FenceEntry,
) -> Result<Appended, StoreError> {
    store.append(vec![author.draft("pi.fence.approved", governance::FENCE_APPROVED, entry)?])
}

/// Ends an approval.
pub fn revoke(
    store: &dyn EventStore,
    author: &Author,
    entry: &FenceEntry,
) -> Result<Appended, StoreError> {
    store.append(vec![author.draft("pi.fence.revoked", governance::FENCE_REVOKED, entry)?])
}

/// What the log says about the evolution of schemas.
pub fn evolution(store: &dyn EventStore, registry: &Registry) -> Result<EvolutionLog, StoreError> {
    let mut log = EvolutionLog::default();
    verified::visit(store, &partition()?, &mut |event| {
        let evolves = HeaderView::parse(&event.header)
            .is_some_and(|view| view.event_type == governance::SCHEMA_EVOLVED);
        if let (true, Some(payload)) = (evolves, payload(event)) {
            log.take_payload(registry, &payload)?;
        }
        Ok(())
    })?;
    Ok(log)
}

/// Logs a step of a schema's evolution, when it follows from what the log says.
pub fn evolve(
    store: &dyn EventStore,
    registry: &Registry,
    author: &Author,
    entry: &Evolution,
) -> Result<Appended, StoreError> {
    evolution(store, registry)?.take(registry, entry)?;
    store.append(vec![author.draft("pi.schema.evolved", governance::SCHEMA_EVOLVED, entry)?])
}

/// Freezes partitions: they take no events until they are released.
pub fn freeze(
    store: &dyn EventStore,
    author: &Author,
    list: &ShardList,
) -> Result<Appended, StoreError> {
    store.append(vec![author.draft("pi.shards.frozen", governance::SHARDS_FROZEN, list)?])
}

/// Releases frozen partitions.
pub fn release(
    store: &dyn EventStore,
    author: &Author,
    list: &ShardList,
) -> Result<Appended, StoreError> {
    store.append(vec![author.draft("pi.shards.released", governance::SHARDS_RELEASED, list)?])
}

/// Begins the next epoch with partitions that are frozen, and releases them in the
/// same append. Returns its number.
pub fn establish_epoch(
    store: &dyn EventStore,
    author: &Author,
    list: &ShardList,
) -> Result<u64, StoreError> {
    let marker = store.shards()?.next_marker(&list.shards);
    store.append(vec![
        author.draft("pi.epoch.established", governance::EPOCH_ESTABLISHED, &marker)?,
        author.draft("pi.shards.released", governance::SHARDS_RELEASED, list)?,
    ])?;
    Ok(marker.epoch)
}

/// Replays a partition behind the tenant's fence. Nothing is written; the replay stops
/// at the first event that does not hold.
pub fn replay(
    store: &dyn EventStore,
    registry: &Registry,
    context: ReplayContext,
    visit: &mut dyn FnMut(Replayed) -> Result<(), StoreError>,
) -> Result<ReplayReport, StoreError> {
    let fences = fences(store)?;
    let partition = context.partition.clone();
    let mut replay = Replay::new(registry, &fences, context);
    verified::visit(store, &partition, &mut |event| {
        replay.take(&event.header, event.parts())?.map_or(Ok(()), &mut *visit)
    })?;
    Ok(replay.finish())
}
