//! Who asks: secrets, tokens, API keys, signed requests and rate limits.
//!
//! Plain functions over strings and bytes, for whatever server calls them. Time is a
//! [`pi_core::Timestamp`] that is passed in; randomness is passed in, or drawn in a
//! constructor that says so. Every refusal has a [`pi_core::Reason`] of its own and never
//! repeats what the caller sent.

pub mod api_key;
pub mod event;
mod id;
pub mod keys;
mod provider;
pub mod refusal;
pub mod revocation;
pub mod secrets;
pub mod token;

pub use api_key::{ApiKeys, KeyRecord, NewApiKey};
pub use event::{Identity, IdentityEvent, InvalidEvent};
pub use id::{Actor, ApiKeyId, InvalidId, KeyId, Role, TokenId};
pub use keys::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
pub use refusal::Refusal;
pub use revocation::Revocations;
pub use secrets::{Origin, Secret, SecretError, Secrets};
pub use token::{Claims, Grant, Minted, TokenOptions, Tokens};
