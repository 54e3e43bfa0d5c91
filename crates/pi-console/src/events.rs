//! Events of a log as the API shows them.

use pi_core::canonical::{Encoder, ToCanonical, parse};
use pi_event_fabric::HeaderView;
use pi_store::StoredEvent;

/// An event with its hash; its payload is null once it was redacted.
pub struct EventView<'a>(pub &'a StoredEvent);

impl ToCanonical for EventView<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let EventView(event) = self;
        // A header that cannot be read is shown as what it is: damage.
        let header = HeaderView::parse(&event.header);
        let header = header.as_ref();
        let payload = event.parts().and_then(|(_, payload)| parse(payload).ok());
        encoder.object(|o| {
            o.field("actor", &header.map(|header| header.actor))
                .field("correlation_id", &header.and_then(|header| header.correlation_id))
                .field("damaged", &header.is_none())
                .field("event_hash", &event.hash())
                .field("event_type", &header.map(|header| header.event_type))
                .field("leaf_index", &event.leaf_index)
                .field("offset", &header.map(|header| header.offset))
                .field("partition", &header.map(|header| header.partition))
                .field("payload", &payload)
                .field("previous", &header.and_then(|header| header.previous))
                .field("recorded_at_us", &header.map(|header| header.recorded_at))
                .field("redacted", &event.content.is_none())
                .field("run_id", &header.and_then(|header| header.run))
                .field("schema", &header.map(|header| header.schema))
                .field("schema_version", &header.map(|header| header.schema_version));
        });
    }
}

/// A page of items.
pub struct Items<'a, T> {
    /// The items.
    pub items: &'a [T],
    /// Where the next page begins; none behind the last.
    pub next: Option<String>,
}

impl<T: ToCanonical> ToCanonical for Items<'_, T> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field_with("items", |e| e.array(self.items.iter())).field("next", &self.next);
        });
    }
}
