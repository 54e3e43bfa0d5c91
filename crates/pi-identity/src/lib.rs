//! Who asks: secrets, tokens, API keys, signed requests and rate limits.
//!
//! Plain functions over strings and bytes, for whatever server calls them. Time is a
//! [`pi_core::Timestamp`] that is passed in; randomness is passed in, or drawn in a
//! constructor that says so. Every refusal has a [`pi_core::Reason`] of its own and never
//! repeats what the caller sent.

mod id;
pub mod keys;
mod provider;
pub mod refusal;
pub mod secrets;
pub mod token;

pub use id::{Actor, InvalidId, KeyId, Role, TokenId};
pub use keys::{Algorithm, KeyError, KeySet, SigningKey, VerifyingKey};
pub use refusal::Refusal;
pub use secrets::{Origin, Secret, SecretError, Secrets};
pub use token::{Claims, Grant, Minted, TokenOptions, Tokens};
