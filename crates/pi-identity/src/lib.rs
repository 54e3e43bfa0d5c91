//! Who asks: secrets, tokens, API keys, signed requests and rate limits.
//!
//! Plain functions over strings and bytes, for whatever server calls them. Time is a
//! [`pi_core::Timestamp`] that is passed in; randomness is passed in, or drawn in a
//! constructor that says so. Every refusal has a [`pi_core::Reason`] of its own and never
//! repeats what the caller sent.

pub mod address;
pub mod api_key;
pub mod caller;
pub mod event;
mod id;
pub mod jwks;
pub mod keys;
pub mod limit;
pub mod nonce;
mod provider;
pub mod refusal;
pub mod revocation;
pub mod secrets;
pub mod signing;
pub mod token;
pub mod webhook;

pub use api_key::{ApiKeys, KeyRecord, NewApiKey};
pub use caller::{Authenticator, Caller, Means, Request, SigningRule, Tenants, Unavailable};
pub use event::{Identity, IdentityEvent, InvalidEvent};
pub use id::{Actor, ApiKeyId, CorrelationId, InvalidId, KeyId, TokenId};
pub use keys::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
pub use limit::{LimitOptions, RateLimiter, Standing};
pub use nonce::{NonceWindow, Nonces};
pub use refusal::Refusal;
pub use revocation::Revocations;
pub use secrets::{Origin, Secret, SecretError, Secrets};
pub use signing::{RequestSigning, Signable};
pub use token::{Claims, Grant, Minted, TokenOptions, Tokens};
