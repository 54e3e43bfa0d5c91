//! Why a request goes no further.

use pi_core::Reason;

/// A refusal: its stable reason, and a word on what exactly. It holds nothing that the
/// caller sent, so it can be shown and logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {detail}")]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// What exactly, in words.
    pub detail: &'static str,
}

impl Refusal {
    /// A refusal.
    pub const fn new(reason: Reason, detail: &'static str) -> Self {
        Self { reason, detail }
    }

    /// The HTTP status that says it.
    pub const fn status(self) -> u16 {
        match self.reason {
            Reason::TenantIdRequired
            | Reason::TenantIdInvalid
            | Reason::HeaderAmbiguous
            | Reason::CorrelationIdInvalid => 400,
            Reason::TenantInactive
            | Reason::TokenTenantMismatch
            | Reason::RoleUnknown
            | Reason::PermissionDenied => 403,
            Reason::RateLimitExceeded | Reason::NoncesExhausted => 429,
            Reason::LogUnavailable => 503,
            // Whatever else is wrong, the caller is not known.
            _ => 401,
        }
    }
}
