//! Reading what must be trusted. The last event of a partition, or of a run, is proved to
//! lie under the newest signed checkpoint, and every event before it is chained to it.

use pi_core::{Digest, Name};
use pi_event_fabric::chain::PartitionChain;
use pi_event_fabric::{Head, HeaderView, IntegrityError};

use crate::error::StoreError;
use crate::{EventStore, RunEntry, StoredEvent};

/// Events that are read at once.
const PAGE: usize = 512;

/// How many events to read next on the way from `head` to the offset `until`.
fn page(head: &Head, until: u64) -> usize {
    usize::try_from(until.saturating_sub(head.offset)).unwrap_or(PAGE).min(PAGE)
}

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
        let page =
            store.partition(partition, chain.head().offset + 1, page(chain.head(), head.offset))?;
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

/// Checks the events of a run as they are stored: headers, links and payloads, up to the
/// last one, which lies under the newest signed checkpoint.
pub fn run(store: &dyn EventStore, entry: &RunEntry) -> Result<(), StoreError> {
    let at = |leaf: u64| {
        let found = store.after(leaf.checked_sub(1), 1)?.into_iter().next();
        found.filter(|event| event.leaf_index == leaf).ok_or_else(|| {
            StoreError::from(IntegrityError::corrupt(format!("leaf {leaf}"), "it is missing"))
        })
    };
    let (first, last) = (at(entry.first_leaf)?, at(entry.last_leaf)?);
    let record = format!("the record of {}", entry.run);
    let corrupt = |problem: &str| StoreError::from(IntegrityError::corrupt(&record, problem));
    let read = |event: &StoredEvent| {
        let view = HeaderView::parse(&event.header)?;
        let before = Head { offset: view.offset.checked_sub(1)?, event_hash: view.previous };
        Some((Name::new(view.partition).ok()?, before, view.offset))
    };
    let (Some((partition, before, _)), Some((ends_in, _, until))) = (read(&first), read(&last))
    else {
        return Err(corrupt("a header has another layout"));
    };
    if partition != ends_in {
        return Err(corrupt("it lies in two partitions"));
    }
    let bundle = store.prove(&partition, until)?;
    bundle.verify(Some(&store.public_key()))?;
    let proved = bundle.events.first().map(|event| Digest::of(event.header.as_bytes()));
    // Each event names the one before it, so that the proved last one vouches for all.
    let mut chain = PartitionChain::after(store.tenant(), &partition, before);
    while chain.head().offset < until {
        let page =
            store.partition(&partition, chain.head().offset + 1, page(chain.head(), until))?;
        if page.is_empty() {
            return Err(corrupt("an event of it is missing"));
        }
        for event in &page {
            if chain.head().offset == until {
                break;
            }
            chain.take(&event.header, event.parts())?;
        }
    }
    if chain.head().event_hash == proved {
        Ok(())
    } else {
        Err(corrupt("its last event is another one"))
    }
}
