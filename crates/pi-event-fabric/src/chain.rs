//! Walking the chain of one partition: every header, link and payload is hashed again
//! before anything is made of it.

use pi_core::{Digest, Name};

use crate::event::{Head, payload_hash};
use crate::{HeaderView, IntegrityError};

/// The chain of a partition as far as it was read.
#[derive(Clone, Debug)]
pub struct PartitionChain {
    tenant: Name,
    partition: Name,
    head: Head,
}

impl PartitionChain {
    /// The chain before its first event.
    pub fn new(tenant: &Name, partition: &Name) -> Self {
        Self::after(tenant, partition, Head::default())
    }

    /// The chain after an event that is trusted.
    pub fn after(tenant: &Name, partition: &Name, head: Head) -> Self {
        Self { tenant: tenant.clone(), partition: partition.clone(), head }
    }

    /// The last event.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the next event: its header, and its salt and payload unless they are
    /// redacted.
    pub fn take<'a>(
        &mut self,
        header: &'a [u8],
        content: Option<(&[u8], &[u8])>,
    ) -> Result<HeaderView<'a>, IntegrityError> {
        let record = format!("{}:{}", self.partition, self.head.offset + 1);
        let corrupt = |problem: &str| IntegrityError::corrupt(record.clone(), problem);
        let view =
            HeaderView::parse(header).ok_or_else(|| corrupt("the header has another layout"))?;
        if view.tenant != self.tenant.as_str() {
            return Err(corrupt("the event is of another tenant"));
        }
        if view.partition != self.partition.as_str() {
            return Err(corrupt("the event is of another partition"));
        }
        if view.offset != self.head.offset + 1 {
            return Err(corrupt(&format!("offset {} lies in its place", view.offset)));
        }
        if view.previous != self.head.event_hash {
            return Err(corrupt("the link to the event before does not fit"));
        }
        if let Some((salt, payload)) = content
            && payload_hash(salt, payload) != view.payload_hash
        {
            return Err(corrupt("the payload does not have its hash"));
        }
        self.head = Head { offset: view.offset, event_hash: Some(Digest::of(header)) };
        Ok(view)
    }
}
