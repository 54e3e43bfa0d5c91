//! Following a log: every event once, in the order of commits, from any place, also
//! when other processes write it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use pi_core::Name;
use rusqlite::Connection;

use crate::error::StoreError;
use crate::folder::DataFolder;
use crate::sqlite::{after, open_reader};
use crate::{EventStore, StoredEvent};

/// Events that are read at once.
const PAGE: usize = 256;

/// Between two looks at the database's counter of commits.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A place in a log, which reads on at the pace of its owner.
pub struct Follower {
    source: Source,
    /// The last event that was read.
    last: Option<u64>,
}

enum Source {
    /// A file, whose counter of commits tells whether there is anything to read.
    File { connection: Connection, seen_version: Option<i64> },
    /// Any store, which is asked each time.
    Store(Arc<dyn EventStore>),
}

impl Follower {
    /// Follows the log of a tenant behind a leaf; `None` begins at the first.
    pub fn new(folder: &DataFolder, tenant: &Name, after: Option<u64>) -> Result<Self, StoreError> {
        let connection = open_reader(&folder.database(tenant))?;
        Ok(Self { source: Source::File { connection, seen_version: None }, last: after })
    }

    /// Follows the log of any store in the same way.
    pub fn over(store: Arc<dyn EventStore>, after: Option<u64>) -> Self {
        Self { source: Source::Store(store), last: after }
    }

    /// The next events that are there already, at most `limit`.
    pub fn next(&mut self, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let events = match &mut self.source {
            Source::File { connection, seen_version } => {
                // Commits change this counter, whichever process makes them.
                let version =
                    connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
                if *seen_version == Some(version) {
                    return Ok(Vec::new());
                }
                let events = after(connection, self.last, limit)?;
                if events.len() < limit {
                    *seen_version = Some(version);
                }
                events
            }
            Source::Store(store) => store.after(self.last, limit)?,
        };
        if let Some(event) = events.last() {
            self.last = Some(event.leaf_index);
        }
        Ok(events)
    }

    /// Waits until there are events, or until the time is over.
    pub fn wait(
        &mut self,
        limit: usize,
        timeout: Duration,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let started = Instant::now();
        let mut pause = SHORTEST_PAUSE;
        loop {
            let events = self.next(limit)?;
            let left = timeout.saturating_sub(started.elapsed());
            if !events.is_empty() || left.is_zero() {
                return Ok(events);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// What happens when a subscriber's buffer is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// The subscription waits for its subscriber. The log itself never waits.
    Block,
    /// The subscription ends and says where to go on.
    Refuse,
}

/// A bounded buffer that a thread fills with the events of a log. Nothing is dropped.
pub struct Subscription {
    events: Option<Receiver<Result<StoredEvent, StoreError>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Subscription {
    /// Subscribes behind a leaf, with room for `capacity` events.
    pub fn new(
        mut follower: Follower,
        capacity: usize,
        overflow: Overflow,
    ) -> Result<Self, StoreError> {
        let (sender, events) = sync_channel(capacity.max(1));
        let (lagging, stop) = (sender.clone(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let fill = move || {
            while !stopped.load(Ordering::Relaxed) {
                let page = match follower.wait(PAGE, LONGEST_PAUSE) {
                    Ok(page) => page,
                    Err(error) => {
                        // A subscriber that is gone does not need to know.
                        let _ = sender.send(Err(error));
                        return;
                    }
                };
                for event in page {
                    let next = event.leaf_index;
                    let sent = match overflow {
                        Overflow::Block => sender.send(Ok(event)).map_err(|_| None),
                        Overflow::Refuse => sender.try_send(Ok(event)).map_err(|error| {
                            matches!(error, TrySendError::Full(_)).then_some(next)
                        }),
                    };
                    match sent {
                        Ok(()) => {}
                        Err(None) => return,
                        Err(Some(next)) => {
                            // The last word comes when the buffer has been read.
                            let _ = lagging.send(Err(StoreError::Lagging { next }));
                            return;
                        }
                    }
                }
            }
        };
        let thread = std::thread::Builder::new().name("pi-subscription".to_owned()).spawn(fill);
        let thread = thread.map_err(|error| StoreError::Database(format!("no thread: {error}")))?;
        Ok(Self { events: Some(events), stop, thread: Some(thread) })
    }

    /// The next event; `None` when the time is over.
    pub fn next(&self, timeout: Duration) -> Result<Option<StoredEvent>, StoreError> {
        let events = self.events.as_ref().ok_or(StoreError::Closed)?;
        match events.recv_timeout(timeout) {
            Ok(event) => event.map(Some),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::Closed),
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Without a receiver, a thread that waits for room goes on and ends.
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
