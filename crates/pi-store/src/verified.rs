//! Reading a partition that must be trusted: its head is proved to lie under the
//! newest signed checkpoint, and every event is chained to that head before it is
//! handed on.

use pi_core::Name;
use pi_event_fabric::IntegrityError;
use pi_event_fabric::chain::PartitionChain;

use crate::error::StoreError;
use crate::{EventStore, StoredEvent};

/// Events that are read at once.
const PAGE: usize = 512;

/// Visits all events of a partition in order. An event is handed on only after the
/// one behind it, or the signed head, has confirmed its hash.
pub fn visit(
    store: &dyn EventStore,
    partition: &Name,
    visit: &mut dyn FnMut(&StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let head = store.head(partition)?;
    if head.offset == 0 {
        return Ok(());
    }
    let bundle = store.prove(partition, head.offset)?;
    bundle.verify(Some(&store.public_key()))?;
    let corrupt =
        |problem: &str| IntegrityError::corrupt(format!("{partition}:{}", head.offset), problem);
    let proved = bundle.events.first().map(|event| pi_core::Digest::of(event.header.as_bytes()));
    if proved != head.event_hash {
        return Err(corrupt("the head is another event than the proved one").into());
    }
    let mut chain = PartitionChain::new(store.tenant(), partition);
    let mut held: Option<StoredEvent> = None;
    while chain.head().offset < head.offset {
        let page = store.partition(partition, chain.head().offset + 1, PAGE)?;
        if page.is_empty() {
            return Err(corrupt("an event before it is missing").into());
        }
        for event in page {
            if chain.head().offset == head.offset {
                break;
            }
            chain.take(&event.header, event.parts())?;
            if let Some(confirmed) = held.replace(event) {
                visit(&confirmed)?;
            }
        }
    }
    if *chain.head() != head {
        return Err(corrupt("the chain does not lead to the signed head").into());
    }
    held.iter().try_for_each(visit)
}
