//! What governs a log is in the log: approvals, evolution of schemas, epochs. It lies
//! in one partition.

/// The partition of governance.
pub const PARTITION: &str = "governance";

/// An approval to read across versions.
pub const FENCE_APPROVED: &str = "fence.approved";
/// The end of an approval.
pub const FENCE_REVOKED: &str = "fence.revoked";
/// A schema got a version, or was deprecated.
pub const SCHEMA_EVOLVED: &str = "schema.evolved";
/// Partitions stand still.
pub const SHARDS_FROZEN: &str = "shards.frozen";
/// Partitions go on.
pub const SHARDS_RELEASED: &str = "shards.released";
/// An epoch begins.
pub const EPOCH_ESTABLISHED: &str = "epoch.established";
