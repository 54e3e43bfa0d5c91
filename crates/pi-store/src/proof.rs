//! Inclusion proofs from what a database keeps of the tree.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use pi_core::{Digest, Name, RunId};
use pi_event_fabric::bundle::BundledEvent;
use pi_event_fabric::merkle::{KEPT_EVERY, inclusion_path, root_of_level};
use pi_event_fabric::{Bundle, PublicKey};

use crate::error::StoreError;
use crate::{StoredEvent, read_checkpoint};

/// Reads the roots at a height that is kept (0: of the leaves) in a range of numbers.
type ReadLevel<'a> = dyn FnMut(u32, Range<u64>) -> Result<Vec<Digest>, StoreError> + 'a;

/// The root of a complete subtree, from the kept roots below it or from the headers
/// themselves.
fn subtree(level: &mut ReadLevel<'_>, height: u32, number: u64) -> Result<Digest, StoreError> {
    let from = height - height % KEPT_EVERY;
    let count = 1u64 << (height - from);
    let level = level(from, number * count..(number + 1) * count)?;
    let complete = level.len() as u64 == count;
    root_of_level(level).filter(|_| complete).ok_or_else(|| {
        StoreError::Damaged(format!("something is missing below leaf {}", (number + 1) << height))
    })
}

/// A bundle of events. `level` reads the roots at a height that is kept.
pub(crate) fn bundle(
    note: Option<String>,
    tenant: &Name,
    key: &PublicKey,
    run: Option<&RunId>,
    events: Vec<StoredEvent>,
    level: &mut ReadLevel<'_>,
) -> Result<Bundle, StoreError> {
    let note = note.ok_or(StoreError::Damaged("there is no checkpoint".to_owned()))?;
    let size = read_checkpoint(&note, key)?.size;
    // The events of a run have most of their paths in common.
    let mut known = BTreeMap::new();
    let mut node = |height, number| -> Result<Digest, StoreError> {
        match known.entry((height, number)) {
            Entry::Occupied(root) => Ok(*root.get()),
            Entry::Vacant(place) => Ok(*place.insert(subtree(level, height, number)?)),
        }
    };
    let mut bundled = Vec::with_capacity(events.len());
    for event in events {
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .map_err(|_| StoreError::Damaged("a stored record is not text".to_owned()))
        };
        let path = inclusion_path(event.leaf_index, size).ok_or_else(|| {
            StoreError::Damaged("an event lies outside the newest checkpoint".to_owned())
        })?;
        let proof = path.into_iter().map(|part| part.root(&mut node)).collect::<Result<_, _>>()?;
        let content = match event.content {
            Some((salt, payload)) => Some((salt, text(payload)?)),
            None => None,
        };
        bundled.push(BundledEvent { header: text(event.header)?, content, proof });
    }
    Ok(Bundle {
        tenant: tenant.to_string(),
        run: run.map(ToString::to_string),
        public_key: key.to_string(),
        checkpoint: note,
        events: bundled,
    })
}
