//! Consumer groups: members share the partitions of a log and feed one projection,
//! each event exactly once.
//!
//! A member holds partitions by a lease. Every change of membership gives the group
//! the next generation, and a batch is kept only under the generation that it was
//! begun in: a member that lost its lease cannot commit, however long it slept. Writes
//! of the projection and the checkpoint are one transaction.

mod lease;
mod progress;

use std::collections::BTreeMap;

use pi_core::{Digest, Name, Timestamp};
use pi_event_fabric::chain::PartitionChain;
use rusqlite::Connection;

pub use lease::Lease;
pub use progress::ConsumerCheckpoint;

use crate::error::StoreError;
use crate::projection::{Projection, confined, prefix};
use crate::sqlite::{SqliteStore, open_reader, open_writer, partition as read_partition};
use crate::{EventStore as _, StoredEvent};

/// A member of a consumer group. It has a connection of its own.
pub struct Consumer {
    connection: Connection,
    tenant: Name,
    group: Name,
    member: Name,
    key: Digest,
}

/// A group as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupState {
    /// Its name.
    pub group: Name,
    /// Changes of its membership so far.
    pub generation: u64,
    /// Its members and until when they hold their leases; these may be over.
    pub members: Vec<(Name, Timestamp)>,
    /// How far it has come, verified.
    pub checkpoints: BTreeMap<Name, ConsumerCheckpoint>,
}

/// The groups of a log by name. Changes nothing.
pub fn groups(store: &SqliteStore) -> Result<Vec<GroupState>, StoreError> {
    let mut connection = open_reader(&store.folder().database(store.tenant()))?;
    // All of it as of one moment.
    let connection = connection.transaction()?;
    let key = store.key().derive("consumers");
    let mut statement = connection.prepare("SELECT name FROM consumers ORDER BY name")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut groups = Vec::new();
    for name in names {
        let group = Name::new(name?).map_err(|error| StoreError::Damaged(error.to_string()))?;
        groups.push(GroupState {
            generation: lease::generation(&connection, &group)?,
            members: lease::leases(&connection, &group)?,
            checkpoints: progress::all(&connection, &key, &group)?,
            group,
        });
    }
    Ok(groups)
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// Events that were applied.
    pub events: u64,
    /// The checkpoint behind them.
    pub checkpoint: u64,
}

impl Consumer {
    /// A member of a group. Groups are named in lower case, without `-`, since the
    /// names of their tables begin with it.
    pub fn open(store: &SqliteStore, group: &Name, member: &Name) -> Result<Self, StoreError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !group.as_str().bytes().all(fits) {
            return Err(StoreError::Projection {
                group: group.to_string(),
                problem: "a group is named in lower-case letters, digits and `_`".to_owned(),
            });
        }
        let connection = open_writer(&store.folder().database(store.tenant()))?;
        Ok(Self {
            connection,
            tenant: store.tenant().clone(),
            group: group.clone(),
            member: member.clone(),
            key: store.key().derive("consumers"),
        })
    }

    /// Joins the group until `now + lease_us`, and creates the projection's tables if
    /// this is the first member ever.
    pub fn join(
        &mut self,
        projection: &dyn Projection,
        now: Timestamp,
        lease_us: u64,
    ) -> Result<Lease, StoreError> {
        self.transaction(|consumer| {
            if progress::begin(&consumer.connection, &consumer.key, &consumer.group)? {
                let Self { connection, group, .. } = consumer;
                confined(connection, group, |tables| projection.create(tables))?;
            }
            lease::join(&consumer.connection, &consumer.group, &consumer.member, now, lease_us)
        })
    }

    /// Holds the lease longer, and learns of a changed assignment. Fails when the
    /// lease has ended.
    pub fn renew(&mut self, now: Timestamp, lease_us: u64) -> Result<Lease, StoreError> {
        self.transaction(|consumer| {
            lease::renew(&consumer.connection, &consumer.group, &consumer.member, now, lease_us)
        })
    }

    /// Leaves the group.
    pub fn leave(&mut self) -> Result<(), StoreError> {
        self.transaction(|consumer| {
            lease::leave(&consumer.connection, &consumer.group, &consumer.member)
        })
    }

    /// The group's checkpoint in a partition, verified; `None` before the first.
    pub fn checkpoint(&self, partition: &Name) -> Result<Option<ConsumerCheckpoint>, StoreError> {
        progress::read(&self.connection, &self.key, &self.group, partition)
    }

    /// Applies the next events of a partition, at most `limit`, and moves the
    /// checkpoint behind them. The lease is looked at before anything is written.
    pub fn process(
        &mut self,
        lease: &Lease,
        partition: &Name,
        limit: usize,
        now: Timestamp,
        projection: &mut dyn Projection,
    ) -> Result<Processed, StoreError> {
        self.transaction(|consumer| {
            lease::check(&consumer.connection, &consumer.group, lease, partition, now)?;
            let (events, chain) = consumer.next(partition, limit)?;
            let head = chain.head();
            let processed = Processed { events: events.len() as u64, checkpoint: head.offset };
            let (false, Some(event_hash)) = (events.is_empty(), head.event_hash) else {
                return Ok(processed);
            };
            let Self { connection, group, key, .. } = consumer;
            confined(connection, group, |tables| {
                events.iter().try_for_each(|event| projection.apply(tables, event))
            })?;
            let checkpoint = ConsumerCheckpoint { offset: head.offset, event_hash };
            progress::advance(connection, key, group, partition, &checkpoint)?;
            Ok(processed)
        })
    }

    /// The events behind the checkpoint, each checked against its chain.
    fn next(
        &self,
        partition: &Name,
        limit: usize,
    ) -> Result<(Vec<StoredEvent>, PartitionChain), StoreError> {
        let head = self.checkpoint(partition)?.map(ConsumerCheckpoint::head).unwrap_or_default();
        let events = read_partition(&self.connection, partition, head.offset + 1, limit)?;
        let mut chain = PartitionChain::after(&self.tenant, partition, head);
        for event in &events {
            chain.take(&event.header, event.parts())?;
        }
        Ok((events, chain))
    }

    /// Drops the projection's tables, creates them again, and begins at the first
    /// event of every partition. Whoever is at work on the old tables is fenced off.
    pub fn rebuild(&mut self, projection: &dyn Projection) -> Result<(), StoreError> {
        self.transaction(|consumer| {
            let prefix = prefix(&consumer.group);
            let tables: Vec<String> = consumer
                .connection
                .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            for table in tables.iter().filter(|table| table.starts_with(&prefix)) {
                consumer.connection.execute_batch(&format!("DROP TABLE \"{table}\""))?;
            }
            progress::restart(&consumer.connection, &consumer.key, &consumer.group)?;
            let Self { connection, group, .. } = consumer;
            confined(connection, group, |tables| projection.create(tables))
        })
    }

    /// Reads the projection's tables.
    pub fn query<T>(
        &mut self,
        work: impl FnOnce(&crate::projection::Tables<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Self { connection, group, .. } = self;
        connection.pragma_update(None, "query_only", "ON")?;
        let result = confined(connection, group, work);
        connection.pragma_update(None, "query_only", "OFF")?;
        result
    }

    fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = work(self).and_then(|value| {
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if result.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK")?;
        }
        result
    }
}
