//! Names of actors, keys, roles and tokens, each within its own letters.

use std::fmt;

use crate::secrets::SecretError;

/// A name outside its letters or its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(&'static str);

fn fits(text: &str, longest: usize, others: &[u8]) -> bool {
    (1..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $longest:literal, $others:literal, $rule:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps a text.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
                let text = text.into();
                if fits(&text, $longest, $others) { Ok(Self(text)) } else { Err(InvalidId($rule)) }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

id!(
    /// Who acts: the subject of a token, or an API key.
    Actor,
    128,
    b"._:@|/+-",
    "an actor is 1 to 128 letters, digits or `.`, `_`, `:`, `@`, `|`, `/`, `+`, `-`"
);
id!(
    /// The name of a key (`kid`). It is looked up in a table and nowhere else.
    KeyId,
    64,
    b"._-",
    "a key id is 1 to 64 letters, digits or `.`, `_`, `-`"
);
id!(
    /// What ties the records of one request together (`X-Correlation-ID`).
    CorrelationId,
    128,
    b"._:-",
    "a correlation id is 1 to 128 letters, digits or `.`, `_`, `:`, `-`"
);
id!(
    /// The id of a token (`jti`).
    TokenId,
    64,
    b"._-",
    "a token id is 1 to 64 letters, digits or `.`, `_`, `-`"
);

impl TokenId {
    /// An id that the system draws.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn random() -> Result<Self, SecretError> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(|_| SecretError::NoRandomness)?;
        Ok(Self::from_random(bits))
    }

    /// The id that 128 random bits make.
    pub fn from_random(bits: [u8; 16]) -> Self {
        Self(hex(&bits))
    }
}

/// The id of an API key: 16 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(String);

impl ApiKeyId {
    /// Checks and wraps a text.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let fits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text)) } else { Err(InvalidId("a key id is 16 hexadecimal digits")) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The actor that a caller with this key is.
    pub fn actor(&self) -> Actor {
        Actor(format!("{}{}", Actor::API_KEY, self.0))
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Actor {
    /// How the actors that are API keys start; no token may take such a name.
    pub const API_KEY: &str = "api_key:";
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
