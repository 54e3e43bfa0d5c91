//! Payloads of the partition of identity. None holds a token or a key.

use super::{Entry, event};
use crate::identity;
use crate::schema::{Form, Level, Schema, Type};

pub(super) fn entries() -> Vec<Entry> {
    vec![
        event(identity::TOKEN_ISSUED, token_issued()),
        event(identity::TOKEN_REVOKED, token_revoked()),
        event(identity::TOKENS_REVOKED, tokens_revoked()),
        event(identity::API_KEY_ISSUED, api_key_issued()),
        event(identity::API_KEY_REVOKED, api_key_revoked()),
    ]
}

fn token_issued() -> Schema {
    Schema::new("pi.token.issued", 1, Level::Backward)
        .doc("A token was issued: to whom, as what, and for how long.")
        .required("expires_at", Type::u64())
        .required("issued_at", Type::u64())
        .required("jti", Type::short(64))
        .required("role", Type::form(Form::Name))
        .required("subject", Type::short(128))
}

fn token_revoked() -> Schema {
    Schema::new("pi.token.revoked", 1, Level::Backward)
        .doc("A token is no longer good, though it has not expired.")
        .required("expires_at", Type::u64())
        .required("jti", Type::short(64))
        .required("reason", Type::short(256))
}

fn tokens_revoked() -> Schema {
    Schema::new("pi.tokens.revoked", 1, Level::Backward)
        .doc("No token of a subject that was issued before a time is good any longer.")
        .required("before", Type::u64())
        .required("reason", Type::short(256))
        .required("subject", Type::short(128))
}

fn api_key_issued() -> Schema {
    Schema::new("pi.api_key.issued", 1, Level::Backward)
        .doc("An API key was issued: its salted hash, and what people know it by.")
        .required("expires_at", Type::nullable(Type::u64()))
        .required("hash", Type::digest())
        .required("id", Type::form(Form::Hex))
        .required("issued_at", Type::u64())
        .required("label", Type::short(128))
        .required("last_four", Type::short(4))
        .required("salt", Type::form(Form::Hex))
}

fn api_key_revoked() -> Schema {
    Schema::new("pi.api_key.revoked", 1, Level::Backward)
        .doc("An API key is no longer good.")
        .required("id", Type::form(Form::Hex))
        .required("reason", Type::short(256))
}
