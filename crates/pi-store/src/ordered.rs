//! Several partitions in their total order.

use std::collections::VecDeque;

use pi_core::Name;
use pi_event_fabric::HeaderView;
use pi_event_fabric::order::{EpochStarts, OrderKey, Priorities};

use crate::StoredEvent;
use crate::error::StoreError;

/// Events that are read from a partition at once.
const PAGE: usize = 256;

/// A partition as far as it was read.
struct Source<'a> {
    partition: &'a Name,
    next: u64,
    page: VecDeque<(OrderKey, StoredEvent)>,
}

/// Reads events of a partition from an offset.
type ReadPage<'a> = dyn FnMut(&Name, u64, usize) -> Result<Vec<StoredEvent>, StoreError> + 'a;

/// Merges the partitions as `read` finds them in one snapshot. Within each, the order is
/// that of its offsets already.
pub(crate) fn visit(
    starts: &EpochStarts,
    read: &mut ReadPage<'_>,
    partitions: &[Name],
    priorities: &Priorities,
    visit: &mut dyn FnMut(OrderKey, StoredEvent) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut names: Vec<&Name> = partitions.iter().collect();
    names.sort_unstable();
    names.dedup();
    let mut sources: Vec<Source<'_>> = names
        .into_iter()
        .map(|partition| Source { partition, next: 1, page: VecDeque::new() })
        .collect();
    loop {
        for source in &mut sources {
            source.fill(read, starts, priorities)?;
        }
        let first = sources
            .iter_mut()
            .filter(|source| !source.page.is_empty())
            .min_by(|a, b| a.page.front().map(key).cmp(&b.page.front().map(key)));
        let Some((key, event)) = first.and_then(|source| source.page.pop_front()) else {
            return Ok(());
        };
        visit(key, event)?;
    }
}

fn key(item: &(OrderKey, StoredEvent)) -> &OrderKey {
    &item.0
}

impl Source<'_> {
    fn fill(
        &mut self,
        read: &mut ReadPage<'_>,
        starts: &EpochStarts,
        priorities: &Priorities,
    ) -> Result<(), StoreError> {
        if !self.page.is_empty() {
            return Ok(());
        }
        for event in read(self.partition, self.next, PAGE)? {
            let offset = HeaderView::parse(&event.header).map(|view| view.offset);
            let offset = offset.ok_or_else(|| {
                StoreError::Damaged(format!("leaf {} cannot be read", event.leaf_index))
            })?;
            let key = OrderKey {
                epoch: starts.epoch_of(event.leaf_index),
                priority: priorities.of(self.partition),
                offset,
                event_hash: event.hash(),
            };
            self.next = offset + 1;
            self.page.push_back((key, event));
        }
        Ok(())
    }
}
