//! Membership: leases, generations, and who holds which partition.

use pi_core::{Digest, Hasher, Name, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;

/// A member's hold on its partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The member.
    pub member: Name,
    /// The group's generation: the token that fences late commits off.
    pub generation: u64,
    /// The lease has ended at this time.
    pub until: Timestamp,
    /// The partitions that exist now and that the member holds.
    pub partitions: Vec<Name>,
}

fn fenced(group: &Name, member: &Name, problem: &'static str) -> StoreError {
    StoreError::Fenced { group: group.to_string(), member: member.to_string(), problem }
}

pub(super) fn join(
    connection: &Connection,
    group: &Name,
    member: &Name,
    now: Timestamp,
    lease_us: u64,
) -> Result<Lease, StoreError> {
    expire(connection, group, now)?;
    let until = Timestamp::from_micros(now.as_micros().saturating_add(lease_us));
    // Whoever joins under a name takes it over: the former holder is fenced off.
    connection.execute(
        "INSERT INTO consumer_members (consumer, member, lease_until) VALUES (?1, ?2, ?3)
         ON CONFLICT (consumer, member) DO UPDATE SET lease_until = ?3",
        (group.as_str(), member.as_str(), until.as_micros()),
    )?;
    next_generation(connection, group)?;
    current(connection, group, member, until)
}

pub(super) fn renew(
    connection: &Connection,
    group: &Name,
    member: &Name,
    now: Timestamp,
    lease_us: u64,
) -> Result<Lease, StoreError> {
    if expire(connection, group, now)? {
        next_generation(connection, group)?;
    }
    let until = Timestamp::from_micros(now.as_micros().saturating_add(lease_us));
    let renewed = connection.execute(
        "UPDATE consumer_members SET lease_until = MAX(lease_until, ?3)
         WHERE consumer = ?1 AND member = ?2",
        (group.as_str(), member.as_str(), until.as_micros()),
    )?;
    if renewed == 0 {
        return Err(fenced(group, member, "it has ended"));
    }
    current(connection, group, member, until)
}

pub(super) fn leave(
    connection: &Connection,
    group: &Name,
    member: &Name,
) -> Result<(), StoreError> {
    let left = connection.execute(
        "DELETE FROM consumer_members WHERE consumer = ?1 AND member = ?2",
        (group.as_str(), member.as_str()),
    )?;
    if left > 0 { next_generation(connection, group) } else { Ok(()) }
}

/// Fails unless the lease is of this generation, runs, and holds the partition.
pub(super) fn check(
    connection: &Connection,
    group: &Name,
    lease: &Lease,
    partition: &Name,
    now: Timestamp,
) -> Result<(), StoreError> {
    let fenced = |problem| Err(fenced(group, &lease.member, problem));
    if generation(connection, group)? != lease.generation {
        return fenced("the partitions were assigned anew");
    }
    let until: Option<u64> = connection
        .prepare_cached(
            "SELECT lease_until FROM consumer_members WHERE consumer = ?1 AND member = ?2",
        )?
        .query_row((group.as_str(), lease.member.as_str()), |row| row.get(0))
        .optional()?;
    if until.is_none_or(|until| until <= now.as_micros()) {
        return fenced("it has ended");
    }
    if holder(group, partition, &members(connection, group)?) != Some(&lease.member) {
        return fenced("another member holds the partition");
    }
    Ok(())
}

fn current(
    connection: &Connection,
    group: &Name,
    member: &Name,
    until: Timestamp,
) -> Result<Lease, StoreError> {
    let members = members(connection, group)?;
    let mut statement =
        connection.prepare_cached("SELECT partition FROM heads ORDER BY partition")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut partitions = Vec::new();
    for name in names {
        let name = Name::new(name?).map_err(|error| StoreError::Damaged(error.to_string()))?;
        if holder(group, &name, &members) == Some(member) {
            partitions.push(name);
        }
    }
    let generation = generation(connection, group)?;
    Ok(Lease { member: member.clone(), generation, until, partitions })
}

/// Removes members whose lease has ended.
fn expire(connection: &Connection, group: &Name, now: Timestamp) -> Result<bool, StoreError> {
    let expired = connection.execute(
        "DELETE FROM consumer_members WHERE consumer = ?1 AND lease_until <= ?2",
        (group.as_str(), now.as_micros()),
    )?;
    Ok(expired > 0)
}

fn members(connection: &Connection, group: &Name) -> Result<Vec<Name>, StoreError> {
    Ok(leases(connection, group)?.into_iter().map(|(member, _)| member).collect())
}

/// The members of a group by name, with the ends of their leases.
pub(super) fn leases(
    connection: &Connection,
    group: &Name,
) -> Result<Vec<(Name, Timestamp)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT member, lease_until FROM consumer_members WHERE consumer = ?1 ORDER BY member",
    )?;
    let rows = statement.query_map([group.as_str()], |row| {
        Ok((row.get::<_, String>(0)?, Timestamp::from_micros(row.get(1)?)))
    })?;
    rows.map(|row| {
        let (member, until) = row?;
        let member = Name::new(member).map_err(|error| StoreError::Damaged(error.to_string()))?;
        Ok((member, until))
    })
    .collect()
}

pub(super) fn generation(connection: &Connection, group: &Name) -> Result<u64, StoreError> {
    let found = connection
        .prepare_cached("SELECT generation FROM consumers WHERE name = ?1")?
        .query_row([group.as_str()], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(0))
}

pub(super) fn next_generation(connection: &Connection, group: &Name) -> Result<(), StoreError> {
    connection.execute(
        "UPDATE consumers SET generation = generation + 1 WHERE name = ?1",
        [group.as_str()],
    )?;
    Ok(())
}

/// The member with the highest hash of group, partition and member. A partition's
/// holder depends on no other partition, so that new ones move none.
fn holder<'a>(group: &Name, partition: &Name, members: &'a [Name]) -> Option<&'a Name> {
    members.iter().max_by_key(|member| weight(group, partition, member))
}

fn weight(group: &Name, partition: &Name, member: &Name) -> Digest {
    let mut hasher = Hasher::new();
    for part in [group, partition, member] {
        hasher.update(part.as_str().as_bytes()).update(b"\0");
    }
    hasher.finish()
}
