//! What the control plane writes: the registry of tenants in the log of `_system`, and in
//! each tenant's own log its policies and its quota.

/// The reserved tenant, whose log holds the registry.
pub const SYSTEM: &str = "_system";
/// The partition of the registry, and of the policies of a tenant.
pub const PARTITION: &str = "control";
/// The partition of reservations and settlements.
pub const QUOTA_PARTITION: &str = "quota";

/// A tenant exists from now on.
pub const TENANT_CREATED: &str = "tenant.created";
/// A tenant has other settings.
pub const TENANT_CHANGED: &str = "tenant.changed";
/// A tenant may not call, for now.
pub const TENANT_SUSPENDED: &str = "tenant.suspended";
/// A suspended tenant may call again.
pub const TENANT_RESUMED: &str = "tenant.resumed";
/// A tenant never may call again, and nobody else gets its id.
pub const TENANT_DELETED: &str = "tenant.deleted";

/// A version of a policy is in force.
pub const POLICY_ACTIVATED: &str = "policy.activated";
/// A policy is no longer in force.
pub const POLICY_RETIRED: &str = "policy.retired";

/// A run asks for a part of the quota.
pub const QUOTA_RESERVED: &str = "quota.reserved";
/// A run gives back what it did not use.
pub const QUOTA_SETTLED: &str = "quota.settled";
