//! What the log holds on identity, and the state that its events add up to.

use pi_core::canonical::{self, Encoder, ToCanonical, Value};
use pi_core::{Digest, Timestamp};
use pi_event_fabric::event::{EventDraft, RunField};
use pi_event_fabric::{catalogue, identity};

use crate::api_key::{ApiKeys, KeyRecord};
use crate::id::{Actor, ApiKeyId, TokenId};
use crate::revocation::Revocations;
use crate::token::Claims;

/// An event of the partition of identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityEvent {
    /// A token was issued.
    TokenIssued(Claims),
    /// A token is no longer good.
    TokenRevoked {
        /// Its id.
        id: TokenId,
        /// When it expires; a later time where that is not known.
        expires_at: Timestamp,
        /// Why.
        reason: String,
    },
    /// No token of a subject that was issued before a time is good any longer.
    TokensRevoked {
        /// The subject.
        subject: Actor,
        /// The time.
        before: Timestamp,
        /// Why.
        reason: String,
    },
    /// An API key was issued.
    ApiKeyIssued(KeyRecord),
    /// An API key is no longer good.
    ApiKeyRevoked {
        /// Its id.
        id: ApiKeyId,
        /// Why.
        reason: String,
    },
}

impl IdentityEvent {
    /// Its type and the name of its schema, in the catalogue of `pi-event-fabric`.
    const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::TokenIssued(_) => (identity::TOKEN_ISSUED, "pi.token.issued"),
            Self::TokenRevoked { .. } => (identity::TOKEN_REVOKED, "pi.token.revoked"),
            Self::TokensRevoked { .. } => (identity::TOKENS_REVOKED, "pi.tokens.revoked"),
            Self::ApiKeyIssued(_) => (identity::API_KEY_ISSUED, "pi.api_key.issued"),
            Self::ApiKeyRevoked { .. } => (identity::API_KEY_REVOKED, "pi.api_key.revoked"),
        }
    }

    /// The event, ready to be appended to the tenant's log; refused when it does not fit its
    /// schema.
    pub fn draft(
        &self,
        actor: &Actor,
        correlation_id: Option<String>,
        recorded_at: Timestamp,
    ) -> Result<EventDraft, InvalidEvent> {
        let (event_type, schema) = self.names();
        let payload = Encoder::encode(self);
        catalogue::check(schema, 1, &payload).map_err(|_| InvalidEvent)?;
        Ok(EventDraft {
            schema,
            schema_version: 1,
            event_type,
            partition: pi_core::Name::new(identity::PARTITION).map_err(|_| InvalidEvent)?,
            run: RunField::None,
            actor: actor.to_string(),
            correlation_id,
            recorded_at,
            payload,
        })
    }

    /// Reads the payload of an event; `None` for one that changes nothing of who may ask.
    pub fn read(event_type: &str, payload: &[u8]) -> Result<Option<Self>, InvalidEvent> {
        if !TYPES.contains(&event_type) {
            return Ok(None);
        }
        let value = canonical::parse(payload).map_err(|_| InvalidEvent)?;
        Self::from_value(event_type, &value).ok_or(InvalidEvent)
    }

    fn from_value(event_type: &str, value: &Value) -> Option<Option<Self>> {
        let text = |key| value.get(key).and_then(Value::as_str);
        let time = |key| value.get(key).and_then(Value::as_u64).map(Timestamp::from_micros);
        let reason = || text("reason").map(str::to_owned);
        Some(Some(match event_type {
            // What was issued changes nothing of what is good.
            identity::TOKEN_ISSUED => return Some(None),
            identity::TOKEN_REVOKED => Self::TokenRevoked {
                id: TokenId::new(text("jti")?).ok()?,
                expires_at: time("expires_at")?,
                reason: reason()?,
            },
            identity::TOKENS_REVOKED => Self::TokensRevoked {
                subject: Actor::new(text("subject")?).ok()?,
                before: time("before")?,
                reason: reason()?,
            },
            identity::API_KEY_ISSUED => Self::ApiKeyIssued(KeyRecord {
                id: ApiKeyId::new(text("id")?).ok()?,
                label: text("label")?.to_owned(),
                last_four: text("last_four")?.to_owned(),
                salt: text("salt")?.to_owned(),
                hash: Digest::from_hex(text("hash")?)?,
                issued_at: time("issued_at")?,
                expires_at: match value.get("expires_at")? {
                    Value::Null => None,
                    _ => Some(time("expires_at")?),
                },
            }),
            identity::API_KEY_REVOKED => {
                Self::ApiKeyRevoked { id: ApiKeyId::new(text("id")?).ok()?, reason: reason()? }
            }
            _ => return None,
        }))
    }
}

const TYPES: [&str; 5] = [
    identity::TOKEN_ISSUED,
    identity::TOKEN_REVOKED,
    identity::TOKENS_REVOKED,
    identity::API_KEY_ISSUED,
    identity::API_KEY_REVOKED,
];

impl ToCanonical for IdentityEvent {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|object| match self {
            Self::TokenIssued(claims) => {
                // The tenant is that of the log.
                let Claims { subject, tenant: _, role, issued_at, expires_at, id } = claims;
                object
                    .field("expires_at", expires_at)
                    .field("issued_at", issued_at)
                    .field("jti", id.as_str())
                    .field("role", role.as_str())
                    .field("subject", subject.as_str());
            }
            Self::TokenRevoked { id, expires_at, reason } => {
                object
                    .field("expires_at", expires_at)
                    .field("jti", id.as_str())
                    .field("reason", reason.as_str());
            }
            Self::TokensRevoked { subject, before, reason } => {
                object
                    .field("before", before)
                    .field("reason", reason.as_str())
                    .field("subject", subject.as_str());
            }
            Self::ApiKeyIssued(record) => {
                let KeyRecord { id, label, last_four, salt, hash, issued_at, expires_at } = record;
                object
                    .field("expires_at", expires_at)
                    .field("hash", hash)
                    .field("id", id.as_str())
                    .field("issued_at", issued_at)
                    .field("label", label.as_str())
                    .field("last_four", last_four.as_str())
                    .field("salt", salt.as_str());
            }
            Self::ApiKeyRevoked { id, reason } => {
                object.field("id", id.as_str()).field("reason", reason.as_str());
            }
        });
    }
}

/// An event that is not what its schema says. The state is then not known, and nobody is
/// let in by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of identity is not what its schema says")]
pub struct InvalidEvent;

/// What the events of one tenant add up to: a fold, built again from the log.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Tokens that are no longer good.
    pub revocations: Revocations,
    /// API keys.
    pub api_keys: ApiKeys,
}

impl Identity {
    /// The state before the first event. `max_lifetime_s` is that of the tokens.
    pub fn new(max_lifetime_s: u64) -> Self {
        Self { revocations: Revocations::new(max_lifetime_s), api_keys: ApiKeys::default() }
    }

    /// The state after one more event of the partition `identity`. Events of other types
    /// change nothing.
    pub fn apply(
        &mut self,
        event_type: &str,
        payload: &[u8],
        recorded_at: Timestamp,
    ) -> Result<(), InvalidEvent> {
        match IdentityEvent::read(event_type, payload)? {
            None | Some(IdentityEvent::TokenIssued(_)) => {}
            Some(IdentityEvent::TokenRevoked { id, expires_at, .. }) => {
                self.revocations.revoke(id, expires_at, recorded_at);
            }
            Some(IdentityEvent::TokensRevoked { subject, before, .. }) => {
                self.revocations.revoke_subject(subject, before, recorded_at);
            }
            Some(IdentityEvent::ApiKeyIssued(record)) => self.api_keys.issue(record),
            Some(IdentityEvent::ApiKeyRevoked { id, .. }) => self.api_keys.revoke(&id),
        }
        Ok(())
    }

    /// The state after an event whose payload was erased. Whom it revoked is not known any
    /// longer, so all whom it may have revoked are.
    pub fn apply_erased(&mut self, event_type: &str, recorded_at: Timestamp) {
        match event_type {
            identity::TOKEN_REVOKED | identity::TOKENS_REVOKED => {
                self.revocations.revoke_all(recorded_at);
            }
            identity::API_KEY_REVOKED => self.api_keys.revoke_all(),
            _ => {}
        }
    }
}
