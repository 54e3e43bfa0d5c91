//! What the control plane writes: the registry of tenants in the log of `_system`, and in
//! each tenant's own log its policies, its quota and what becomes of its evidence.

/// The reserved tenant, whose log holds the registry.
pub const SYSTEM: &str = "_system";
/// The partition of the registry, and of the policies of a tenant.
pub const PARTITION: &str = "control";
/// The partition of reservations and settlements.
pub const QUOTA_PARTITION: &str = "quota";
/// The partition of holds and erased keys.
pub const RETENTION_PARTITION: &str = "retention";

/// The partition of answered calls.
pub const AUDIT_PARTITION: &str = "audit";

/// The partition of alerts that nobody got.
pub const ALERTS_PARTITION: &str = "alerts";

/// An alert was given up.
pub const ALERT_UNDELIVERED: &str = "alert.undelivered";

/// The partition of what waits for a person.
pub const APPROVALS_PARTITION: &str = "approvals";

/// A request waits for a person.
pub const APPROVAL_REQUESTED: &str = "approval.requested";
/// A person approved it.
pub const APPROVAL_GRANTED: &str = "approval.granted";
/// A person rejected it.
pub const APPROVAL_REJECTED: &str = "approval.rejected";
/// A run wants to use what was approved: the first one does.
pub const APPROVAL_USED: &str = "approval.used";

/// The partition of idempotency keys.
pub const IDEMPOTENCY_PARTITION: &str = "idempotency";

/// A request with a key is worked on.
pub const KEY_CLAIMED: &str = "key.claimed";
/// It was answered.
pub const KEY_ANSWERED: &str = "key.answered";
/// It was refused; the key is free again.
pub const KEY_RELEASED: &str = "key.released";

/// The partition of sessions.
pub const SESSIONS_PARTITION: &str = "sessions";

/// A session began.
pub const SESSION_OPENED: &str = "session.opened";
/// Words became a proposal.
pub const SESSION_PROPOSED: &str = "session.proposed";
/// A session ended.
pub const SESSION_CLOSED: &str = "session.closed";

/// A call was answered.
pub const CALL_AUDITED: &str = "call.audited";

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

/// The evidence of a run is kept until it is released.
pub const EVIDENCE_HELD: &str = "evidence.held";
/// The evidence of a run is no longer held.
pub const EVIDENCE_RELEASED: &str = "evidence.released";
/// The key of a run's evidence was erased.
pub const EVIDENCE_ERASED: &str = "evidence.erased";
