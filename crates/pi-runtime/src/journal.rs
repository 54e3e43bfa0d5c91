//! Writes what the kernel says into the log, and reads it back.

use std::collections::VecDeque;
use std::sync::Arc;

use pi_core::canonical::{Value, parse};
use pi_core::{Clock, Digest, Name, Reason, RunId, Timestamp};
use pi_event_fabric::{EventDraft, HeaderView, RunField};
use pi_kernel::record::Record;
use pi_store::{Appended, DataFolder, EventStore, Fence, SqliteStore, StoreError, Ticket};

/// The partition of runs.
pub const RUNS: &str = "runs";

/// Appends that may be under way before the journal waits for the oldest.
const MAX_TICKETS: usize = 16;

/// Records that are appended together.
const MAX_BATCH: usize = 512;

/// Why the journal cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored record cannot be read.
    #[error("{record}: {problem}")]
    Record {
        /// The record.
        record: String,
        /// Why.
        problem: String,
    },
}

impl JournalError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        match self {
            JournalError::Store(error) => error.reason(),
            JournalError::Record { .. } => Reason::LogCorrupt,
        }
    }
}

/// The log of a tenant, with a clock and an actor.
#[derive(Clone)]
pub struct Journal {
    store: Arc<dyn EventStore>,
    clock: Arc<dyn Clock>,
    actor: String,
    correlation: Option<String>,
}

/// Where a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Offset of the run's last event in its partition.
    pub offset: u64,
    /// Events that the newest checkpoint covers.
    pub checkpoint: u64,
}

impl Journal {
    /// The log of `tenant` in a data folder.
    pub fn open(
        folder: &DataFolder,
        tenant: &Name,
        clock: Arc<dyn Clock>,
        actor: &str,
    ) -> Result<Self, JournalError> {
        let store = SqliteStore::open(folder, tenant)?;
        Ok(Self::over(Arc::new(store), clock, actor))
    }

    /// A journal over any store.
    pub fn over(store: Arc<dyn EventStore>, clock: Arc<dyn Clock>, actor: &str) -> Self {
        Self { store, clock, actor: actor.to_owned(), correlation: None }
    }

    /// The same log; what is written carries this correlation id.
    #[must_use]
    pub fn correlated(mut self, id: &str) -> Self {
        self.correlation = Some(id.to_owned());
        self
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who writes.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// The store behind it.
    pub fn store(&self) -> &dyn EventStore {
        self.store.as_ref()
    }

    /// A draft of an event with the journal's actor and clock.
    pub fn draft(
        &self,
        partition: &str,
        run: RunField,
        record: Record,
    ) -> Result<EventDraft, JournalError> {
        let partition = Name::new(partition).map_err(|error| JournalError::Record {
            record: record.event_type.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(EventDraft {
            schema: record.schema,
            schema_version: record.schema_version,
            event_type: record.event_type,
            partition,
            run,
            actor: self.actor.clone(),
            correlation_id: self.correlation.clone(),
            recorded_at: self.clock.now(),
            payload: record.payload,
        })
    }

    /// Records the acceptance of a request durably; the run gets its id.
    pub fn accept(&self, record: Record, request: Digest) -> Result<RunId, JournalError> {
        let draft = self.draft(RUNS, RunField::Derive { request }, record)?;
        let appended = self.store.append(vec![draft])?;
        appended.places.into_iter().next().and_then(|place| place.run).ok_or_else(|| {
            JournalError::Record {
                record: "run.accepted".to_owned(),
                problem: "it got no run".to_owned(),
            }
        })
    }

    /// A writer for the records of a run, behind a fence.
    pub fn writer(&self, fence: Fence) -> RunWriter {
        RunWriter {
            journal: self.clone(),
            fence,
            batch: Vec::new(),
            tickets: VecDeque::new(),
            last: Sealed { offset: 0, checkpoint: 0 },
        }
    }

    /// When a run was accepted, in microseconds since 1970, and the payload.
    pub fn acceptance(&self, run: &RunId) -> Result<(u64, Value), JournalError> {
        let mut found = None;
        let entry = self.store.run(run)?.ok_or_else(|| StoreError::NoRun(run.to_string()))?;
        let leaf = entry.first_leaf.checked_sub(1);
        for event in self.store.after(leaf, 1)? {
            let view =
                HeaderView::parse(&event.header).filter(|view| view.event_type == "run.accepted");
            if let (Some(view), Some((_, payload))) = (view, &event.content) {
                found = parse(payload).ok().map(|payload| (view.recorded_at, payload));
            }
        }
        found.ok_or_else(|| JournalError::Record {
            record: format!("acceptance of {run}"),
            problem: "it is missing or erased".to_owned(),
        })
    }

    /// Visits event type and payload of a run's events behind the acceptance.
    pub fn visit_records(
        &self,
        run: &RunId,
        mut visit: impl FnMut(&str, Option<&[u8]>),
    ) -> Result<(), JournalError> {
        self.store.visit_run(run, &mut |event| {
            if let Some(view) = HeaderView::parse(&event.header)
                && view.event_type != "run.accepted"
            {
                visit(
                    view.event_type,
                    event.content.as_ref().map(|(_, payload)| payload.as_slice()),
                );
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Appends the records of a run in batches, without waiting for each.
pub struct RunWriter {
    journal: Journal,
    fence: Fence,
    batch: Vec<EventDraft>,
    tickets: VecDeque<Ticket>,
    last: Sealed,
}

impl RunWriter {
    /// Queues records. They are appended together or not at all, as long as they are
    /// not more than a batch holds.
    pub fn append(&mut self, records: Vec<Record>) -> Result<(), JournalError> {
        if self.batch.len() + records.len() > MAX_BATCH {
            self.submit()?;
        }
        for record in records {
            let run = RunField::Known(self.fence.run.clone());
            self.batch.push(self.journal.draft(RUNS, run, record)?);
            if self.batch.len() >= MAX_BATCH {
                self.submit()?;
            }
        }
        Ok(())
    }

    fn submit(&mut self) -> Result<(), JournalError> {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            let fence = Some(self.fence.clone());
            self.tickets.push_back(self.journal.store.submit_fenced(batch, fence)?);
        }
        while self.tickets.len() > MAX_TICKETS {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<(), JournalError> {
        if let Some(ticket) = self.tickets.pop_front() {
            self.durable(&ticket.wait()?);
        }
        Ok(())
    }

    fn durable(&mut self, appended: &Appended) {
        let offset = appended.places.last().map_or(self.last.offset, |place| place.offset);
        self.last = Sealed { offset, checkpoint: appended.checkpoint };
    }

    /// What [`RunWriter::flush`] gives, once everything is durable; never waits.
    pub fn poll(&mut self) -> Result<Option<Sealed>, JournalError> {
        self.submit()?;
        while let Some(ticket) = self.tickets.front() {
            let Some(answer) = ticket.poll() else { return Ok(None) };
            self.tickets.pop_front();
            self.durable(&answer?);
        }
        Ok(Some(self.last.clone()))
    }

    /// Waits until everything is durable; where the run's records end by then.
    pub fn flush(&mut self) -> Result<Sealed, JournalError> {
        self.submit()?;
        while !self.tickets.is_empty() {
            self.wait()?;
        }
        Ok(self.last.clone())
    }
}
