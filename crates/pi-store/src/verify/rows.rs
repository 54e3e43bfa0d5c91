//! Reading the stored rows in batches, so that one thread reads and hashes
//! payloads while another checks what was read.

use std::sync::mpsc::{Receiver, SyncSender};

use pi_core::Digest;
use pi_event_fabric::IntegrityError;
use pi_event_fabric::event::payload_hash;
use rusqlite::{Connection, Row};

use super::column;
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

    fn push(&mut self, row: &Row<'_>, content: Option<&Row<'_>>) -> Result<(), StoreError> {
        let leaf = column(row, 0)?;
        let header = blob(row, 3).unwrap_or_default();
        // The contents of another leaf: this one's are missing.
        let content = match content {
            Some(content) if column::<u64>(content, 0)? == leaf => Some(content),
            _ => None,
        };
        let salt = content.and_then(|content| blob(content, 1));
        let payload = content.and_then(|content| blob(content, 2));
        self.bytes.extend_from_slice(header);
        self.bytes.extend_from_slice(payload.unwrap_or_default());
        self.rows.push(Lengths {
            leaf,
            partition: column(row, 1)?,
            offset: column(row, 2)?,
            header: header.len(),
            salt: salt.map(<[u8]>::len),
            payload: payload.map(<[u8]>::len),
            payload_hash: salt.zip(payload).map(|(salt, payload)| payload_hash(salt, payload)),
            content: content.is_some(),
        });
        Ok(())
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
    connection: &Connection,
    batches: &SyncSender<Result<Batch, StoreError>>,
    spare: &Receiver<Batch>,
    progress: &mut dyn FnMut(u64, u64),
) {
    let mut batch = Batch::default();
    let result = read_all(connection, &mut batch, batches, spare, progress);
    // What was read before an error comes before it.
    let _ = batches.send(Ok(batch));
    if let Err(error) = result {
        let _ = batches.send(Err(error));
    }
}

fn read_all(
    connection: &Connection,
    batch: &mut Batch,
    batches: &SyncSender<Result<Batch, StoreError>>,
    spare: &Receiver<Batch>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(), StoreError> {
    let total: u64 =
        connection
            .query_row("SELECT COALESCE(MAX(leaf) + 1, 0) FROM events", [], |row| row.get(0))?;
    // Two cursors in step cost less than a join.
    let mut events =
        connection.prepare("SELECT leaf, partition, offset, header FROM events ORDER BY leaf")?;
    let mut contents =
        connection.prepare("SELECT leaf, salt, payload FROM payloads ORDER BY leaf")?;
    let mut events = events.query([])?;
    let mut contents = contents.query([])?;
    let mut done = 0;
    while let Some(row) = events.next()? {
        batch.push(row, contents.next()?)?;
        if batch.rows.len() == BATCH {
            done += BATCH as u64;
            let mut next = spare.try_recv().unwrap_or_default();
            next.clear();
            if batches.send(Ok(std::mem::replace(batch, next))).is_err() {
                return Ok(());
            }
            progress(done, total);
        }
    }
    if let Some(row) = contents.next()? {
        let leaf: u64 = column(row, 0)?;
        let problem = "a payload without an event";
        return Err(IntegrityError::corrupt(format!("leaf {leaf}"), problem).into());
    }
    progress(total, total);
    Ok(())
}

/// The bytes of a column; `None` for NULL and for any other type, which then does
/// not have its hash.
fn blob<'a>(row: &'a Row<'_>, index: usize) -> Option<&'a [u8]> {
    row.get_ref(index).ok()?.as_blob_or_null().ok().flatten()
}
