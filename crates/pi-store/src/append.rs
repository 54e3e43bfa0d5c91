//! Appends on their way to the thread that writes a log: what every store does with them.

use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

use pi_event_fabric::epoch::is_control;
use pi_event_fabric::event::SALT_BYTES;
use pi_event_fabric::semantic::{Parent, SemanticError, Semantics, TrustPolicy};
use pi_event_fabric::{EventDraft, HeaderView, SaltedDraft, catalogue, governance};

use crate::error::StoreError;
use crate::keys::fill_random;
use crate::{Appended, EventStore, Fence, REDACTED, StoredEvent};

/// Events that one commit takes at most.
pub(crate) const MAX_COMMIT_EVENTS: usize = 4096;

/// Events that are appended together or not at all.
pub(crate) struct Append {
    pub(crate) drafts: Vec<SaltedDraft>,
    /// Who may append them.
    pub(crate) fence: Option<Fence>,
    /// Leaf index of the payload that is erased with it.
    pub(crate) redacts: Option<u64>,
    pub(crate) done: Done<Appended>,
}

/// Takes the answer for one submitter. Has room for it, so that answering never
/// waits.
pub(crate) type Done<T> = SyncSender<Result<T, StoreError>>;

/// What a commit answers to its submitters.
pub(crate) type Answers = Vec<(Done<Appended>, Result<Appended, StoreError>)>;

/// Salts and hashes the payloads, in the submitter's thread: the writer is the narrow
/// place.
pub(crate) fn salted(drafts: Vec<EventDraft>) -> Result<Vec<SaltedDraft>, StoreError> {
    debug_assert_eq!(
        drafts.iter().find_map(unfit),
        None,
        "see crates/pi-event-fabric/src/catalogue.rs"
    );
    let mut salts = vec![[0; SALT_BYTES]; drafts.len()];
    fill_random(salts.as_flattened_mut())?;
    Ok(drafts.into_iter().zip(salts).map(|(draft, salt)| SaltedDraft::new(draft, salt)).collect())
}

/// A payload that does not fit its schema. Debug builds check every append; release
/// builds trust encoders that were tested.
fn unfit(draft: &EventDraft) -> Option<String> {
    let fits = catalogue::check(draft.schema, draft.schema_version, &draft.payload);
    fits.err().map(|error| error.to_string())
}

/// The draft of a semantic event, when its actor is trusted enough and its parents lie in
/// the log.
pub(crate) fn with_semantics(
    store: &dyn EventStore,
    mut draft: EventDraft,
    semantics: &Semantics,
    policy: &TrustPolicy,
) -> Result<EventDraft, StoreError> {
    policy.admit(&draft.actor, semantics.trust)?;
    for parent in &semantics.parents {
        let Parent { leaf_index, event_hash } = *parent;
        let known = store
            .after(leaf_index.checked_sub(1), 1)?
            .into_iter()
            .any(|event| event.leaf_index == leaf_index && event.hash() == event_hash);
        if !known {
            return Err(SemanticError::UnknownParent { leaf_index, event_hash }.into());
        }
    }
    draft.payload = semantics.attach(draft.schema, &draft.payload)?;
    Ok(draft)
}

/// Whether an event cannot be redacted: it moves sequences, or without it an erased
/// payload is a damaged log.
pub(crate) fn governs(event: &StoredEvent) -> bool {
    HeaderView::parse(&event.header).is_some_and(|view| {
        let moves = view.partition == governance::PARTITION && is_control(view.event_type);
        moves || view.event_type == REDACTED
    })
}

/// Starts a thread of the log.
pub(crate) fn spawn(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Database(format!("no thread {name}: {error}")))
}
