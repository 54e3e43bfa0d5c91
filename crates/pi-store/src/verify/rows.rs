//! Reading the stored rows in batches, so that one thread reads and hashes
//! payloads while another checks what was read.

use std::sync::mpsc::{Receiver, SyncSender};

use pi_core::Digest;
use pi_event_fabric::IntegrityError;
use pi_event_fabric::event::payload_hash;

use super::tables::{ContentRow, EventRow, Tables};
use crate::error::StoreError;

/// Rows in a batch: what stays in a core's cache on its way to the other thread.
const BATCH: usize = 256;

/// Some rows in order of their leaves; their bytes lie one after the other.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Lengths>,
}

struct Lengths {
    leaf: u64,
    partition: i64,
    offset: u64,
    header: usize,
    salt: Option<usize>,
    payload: Option<usize>,
    payload_hash: Option<Digest>,
    /// There is a row for the content.
    content: bool,
}

/// One row of the log as it is stored.
pub(super) struct Stored<'a> {
    pub leaf: u64,
    /// The partition's number in the database.
    pub partition: i64,
    pub offset: u64,
    pub header: &'a [u8],
    pub content: Content<'a>,
}

/// What is stored beside a header.
pub(super) enum Content<'a> {
    /// No row.
    Missing,
    /// A row without salt and payload.
    Erased,
    /// A row without one of them.
    Half,
    Whole {
        salt_length: usize,
        payload: &'a [u8],
        hash: Digest,
    },
}

impl Batch {
    fn clear(&mut self) {
        self.bytes.clear();
        self.rows.clear();
    }

    fn push(&mut self, row: &EventRow<'_>) {
        let EventRow { leaf, partition, offset, header, content } = *row;
        let ContentRow { salt, payload } = content.unwrap_or_default();
        self.bytes.extend_from_slice(header);
        self.bytes.extend_from_slice(payload.unwrap_or_default());
        self.rows.push(Lengths {
            leaf,
            partition,
            offset,
            header: header.len(),
            salt: salt.map(<[u8]>::len),
            payload: payload.map(<[u8]>::len),
            payload_hash: salt.zip(payload).map(|(salt, payload)| payload_hash(salt, payload)),
            content: content.is_some(),
        });
    }

    /// The rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Stored<'_>> {
        let mut rest = self.bytes.as_slice();
        let mut take = move |length: usize| {
            let (head, tail) = rest.split_at_checked(length).unwrap_or_default();
            rest = tail;
            head
        };
        self.rows.iter().map(move |row| {
            let header = take(row.header);
            let payload = take(row.payload.unwrap_or_default());
            let content = match (row.content, row.salt, row.payload_hash) {
                (true, Some(salt_length), Some(hash)) => {
                    Content::Whole { salt_length, payload, hash }
                }
                (true, None, None) if row.payload.is_none() => Content::Erased,
                (true, ..) => Content::Half,
                (false, ..) => Content::Missing,
            };
            Stored { leaf: row.leaf, partition: row.partition, offset: row.offset, header, content }
        })
    }
}

/// Reads all rows and sends them on in batches, in the memory of those that come
/// back; what cannot be read ends the stream. Ends early when nobody listens.
pub(super) fn read(
    tables: &mut dyn Tables,
    batches: &SyncSender<Result<Batch, StoreError>>,
    spare: &Receiver<Batch>,
    progress: &mut dyn FnMut(u64, u64),
) {
    let mut batch = Batch::default();
    let result = read_all(tables, &mut batch, batches, spare, progress);
    // What was read before an error comes before it.
    let _ = batches.send(Ok(batch));
    if let Err(error) = result {
        let _ = batches.send(Err(error));
    }
}

fn read_all(
    tables: &mut dyn Tables,
    batch: &mut Batch,
    batches: &SyncSender<Result<Batch, StoreError>>,
    spare: &Receiver<Batch>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    let total = tables.size()?;
    let mut done = 0;
    let mut take = |row: &EventRow<'_>| {
        batch.push(row);
        if batch.rows.len() < BATCH {
            return true;
        }
        done += BATCH as u64;
        let mut next = spare.try_recv().unwrap_or_default();
        next.clear();
        let is_heard = batches.send(Ok(std::mem::replace(batch, next))).is_ok();
        progress(done, total);
        is_heard
    };
    if let Some(leaf) = tables.events(&mut take)? {
        let problem = "a payload without an event";
        return Err(IntegrityError::corrupt(format!("leaf {leaf}"), problem).into());
    }
    progress(total, total);
    Ok(())
}
