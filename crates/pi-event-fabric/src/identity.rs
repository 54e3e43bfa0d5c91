//! Who may ask is in the log: tokens and API keys that were issued and revoked. It lies in
//! one partition of each tenant.

/// The partition of identity.
pub const PARTITION: &str = "identity";

/// A token was issued.
pub const TOKEN_ISSUED: &str = "token.issued";
/// A token is no longer good.
pub const TOKEN_REVOKED: &str = "token.revoked";
/// All earlier tokens of a subject are no longer good.
pub const TOKENS_REVOKED: &str = "tokens.revoked";
/// An API key was issued.
pub const API_KEY_ISSUED: &str = "api_key.issued";
/// An API key is no longer good.
pub const API_KEY_REVOKED: &str = "api_key.revoked";
