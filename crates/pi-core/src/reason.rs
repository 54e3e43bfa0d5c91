//! Reason codes: every refusal has one. Each is a Markdown file beside this
//! crate with its cause, what the system did and what to do next, embedded so
//! that `pi explain CODE` works offline.

use std::fmt;

use crate::canonical::{Encoder, ToCanonical};

macro_rules! reasons {
    ($($variant:ident = $code:literal),+ $(,)?) => {
        /// A stable reason code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each variant is documented by its Markdown file")]
        pub enum Reason { $($variant),+ }

        impl Reason {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// The stable lower-case word.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code),+ }
            }

            /// The Markdown page of this reason.
            pub const fn page(self) -> &'static str {
                match self { $(Reason::$variant => include_str!(concat!("../reasons/", $code, ".md"))),+ }
            }

            /// The reason with this code.
            pub fn from_code(code: &str) -> Option<Reason> {
                match code { $($code => Some(Reason::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    // Verdicts of the policy.
    SeverityDenied = "severity_denied",
    SeverityReview = "severity_review",
    PolicyMissing = "policy_missing",
    PolicyDenied = "policy_denied",
    PolicyReview = "policy_review",
    PolicyNoMatch = "policy_no_match",
    PolicyEvaluationFailed = "policy_evaluation_failed",
    PolicyNotLoaded = "policy_not_loaded",
    PolicyVersionUnknown = "policy_version_unknown",
    PolicyUnknown = "policy_unknown",
    PolicyUnchanged = "policy_unchanged",
    // Consensus.
    ConsensusDiverged = "consensus_diverged",
    ConsensusStricterCopy = "consensus_stricter_copy",
    ConsensusVoteMissing = "consensus_vote_missing",
    AgentPanicked = "agent_panicked",
    AgentTimedOut = "agent_timed_out",
    // Limits on what is examined.
    ArtifactTooLarge = "artifact_too_large",
    ArtifactTooDeep = "artifact_too_deep",
    ArtifactUnparsable = "artifact_unparsable",
    ArtifactUnreadable = "artifact_unreadable",
    ArtifactChanged = "artifact_changed",
    ArtifactNotRegular = "artifact_not_regular",
    BudgetExceeded = "budget_exceeded",
    // Requests.
    NothingToExamine = "nothing_to_examine",
    UnknownAgent = "unknown_agent",
    UnknownCapability = "unknown_capability",
    InvalidRequest = "invalid_request",
    RequestHashMismatch = "request_hash_mismatch",
    BoundsExceeded = "bounds_exceeded",
    PhaseFailed = "phase_failed",
    MissingNodeReference = "missing_node_reference",
    DagContainsCycle = "dag_contains_cycle",
    EdgeToEarlierPhase = "edge_to_earlier_phase",
    ArtifactTypeMismatch = "artifact_type_mismatch",
    SimulationOnly = "simulation_only",
    ApprovalRequired = "approval_required",
    ApprovalUnknown = "approval_unknown",
    ApprovalSelf = "approval_self",
    ApprovalExpired = "approval_expired",
    ApprovalDecided = "approval_decided",
    // Requests that are repeated, and sessions.
    IdempotencyKeyReused = "idempotency_key_reused",
    IdempotencyInProgress = "idempotency_in_progress",
    SessionUnknown = "session_unknown",
    // Compositions.
    ConditionInvalid = "condition_invalid",
    ConditionFailed = "condition_failed",
    ConditionFalse = "condition_false",
    DependencyFailed = "dependency_failed",
    EffectWithheld = "effect_withheld",
    EffectFailed = "effect_failed",
    OutcomeUnknown = "outcome_unknown",
    CircuitOpen = "circuit_open",
    QueueFull = "queue_full",
    DeadlineExceeded = "deadline_exceeded",
    RunCancelled = "run_cancelled",
    LeaseLost = "lease_lost",
    CheckpointGoalMismatch = "checkpoint_goal_mismatch",
    // Plain words and plans.
    NoAgentMatches = "no_agent_matches",
    RouteAmbiguous = "route_ambiguous",
    // The log.
    LogUnavailable = "log_unavailable",
    DatabaseUnsafe = "database_unsafe",
    LogCorrupt = "log_corrupt",
    LogTruncated = "log_truncated",
    CheckpointInvalid = "checkpoint_invalid",
    KeyUnavailable = "key_unavailable",
    // Memory.
    MemoryUnavailable = "memory_unavailable",
    MemoryCorrupt = "memory_corrupt",
    ReservedKey = "reserved_key",
    UnknownParent = "unknown_parent",
    TrustTooLow = "trust_too_low",
    ShardFrozen = "shard_frozen",
    EpochOutOfOrder = "epoch_out_of_order",
    ConsumerFenced = "consumer_fenced",
    ConsumerCheckpointInvalid = "consumer_checkpoint_invalid",
    SubscriberLagging = "subscriber_lagging",
    // Schemas.
    UnknownSchema = "unknown_schema",
    SchemaMismatch = "schema_mismatch",
    NoMigrationPath = "no_migration_path",
    FenceDenied = "fence_denied",
    // Replay.
    InputsNotRetained = "inputs_not_retained",
    InputsChanged = "inputs_changed",
    EvidenceHeld = "evidence_held",
    EvidenceNotHeld = "evidence_not_held",
    ReplayDiverged = "replay_diverged",
    ReplayTimedOut = "replay_timed_out",
    RunNotReplayable = "run_not_replayable",
    RunPanicked = "run_panicked",
    UnknownRun = "unknown_run",
    RunIncomplete = "run_incomplete",
    RunFinished = "run_finished",
    UnknownVersion = "unknown_version",
    // Identity.
    TenantIdRequired = "tenant_id_required",
    TenantIdInvalid = "tenant_id_invalid",
    TenantInactive = "tenant_inactive",
    TenantUnknown = "tenant_unknown",
    TenantExists = "tenant_exists",
    TenantActive = "tenant_active",
    TenantDeleted = "tenant_deleted",
    TenantReserved = "tenant_reserved",
    QuotaExceeded = "quota_exceeded",
    HeaderAmbiguous = "header_ambiguous",
    CorrelationIdInvalid = "correlation_id_invalid",
    TokenRequired = "token_required",
    TokenInvalid = "token_invalid",
    TokenAlgorithmRefused = "token_algorithm_refused",
    TokenKeyUnknown = "token_key_unknown",
    TokenSignatureMismatch = "token_signature_mismatch",
    TokenClaimMissing = "token_claim_missing",
    TokenExpired = "token_expired",
    TokenNotYetValid = "token_not_yet_valid",
    TokenLifetimeExceeded = "token_lifetime_exceeded",
    TokenIssuerMismatch = "token_issuer_mismatch",
    TokenAudienceMismatch = "token_audience_mismatch",
    TokenTenantMismatch = "token_tenant_mismatch",
    TokenRevoked = "token_revoked",
    RoleUnknown = "role_unknown",
    PermissionDenied = "permission_denied",
    ApiKeyInvalid = "api_key_invalid",
    ApiKeyExpired = "api_key_expired",
    ApiKeyRevoked = "api_key_revoked",
    SignatureRequired = "signature_required",
    SignatureInvalid = "signature_invalid",
    SignatureMismatch = "signature_mismatch",
    TimestampOutsideTolerance = "timestamp_outside_tolerance",
    NonceReplayed = "nonce_replayed",
    NoncesExhausted = "nonces_exhausted",
    RateLimitExceeded = "rate_limit_exceeded",
    // Secrets and alerts.
    SecretNotFound = "secret_not_found",
    SecretUnreadable = "secret_unreadable",
    SecretExposed = "secret_exposed",
    SecretWeak = "secret_weak",
    SecretPlaceholder = "secret_placeholder",
    WebhookUrlRefused = "webhook_url_refused",
    WebhookAddressRefused = "webhook_address_refused",
    WebhookUndelivered = "webhook_undelivered",
}

impl Reason {
    /// Whether no policy gave an answer: what follows was denied unjudged.
    pub const fn is_unanswered(self) -> bool {
        matches!(
            self,
            Reason::PolicyMissing
                | Reason::PolicyNoMatch
                | Reason::PolicyEvaluationFailed
                | Reason::PolicyNotLoaded
                | Reason::PolicyVersionUnknown
        )
    }

    /// The one-line title of the page.
    pub fn title(self) -> &'static str {
        self.page().lines().next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// The title without the code.
    pub fn title_text(self) -> &'static str {
        self.title().split_once(": ").map_or(self.code(), |(_, text)| text)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl ToCanonical for Reason {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(self.code());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_says_cause_consequence_and_remedy() {
        for reason in Reason::ALL {
            let page = reason.page();
            assert!(page.starts_with("# "), "{reason} lacks a title");
            for heading in ["## Cause", "## What the system did", "## What to do"] {
                let body = page.split_once(heading).map(|(_, rest)| rest.trim());
                assert!(
                    body.is_some_and(|b| b.len() > 20 && !b.starts_with('#')),
                    "{reason}: {heading}"
                );
            }
        }
    }

    #[test]
    fn codes_are_stable_words_and_unique() {
        let mut codes: Vec<_> = Reason::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert!(reason.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
    }
}
