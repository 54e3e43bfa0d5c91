//! What is configured, and where each value comes from. Of secrets only that is told.

use std::ffi::OsString;

use pi_core::Reason;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_identity::{Origin, Secrets};

use crate::context::SLACK;

/// Variables with their defaults, in the order of the reference of configuration.
const VARIABLES: [(&str, &str); 13] = [
    ("PI_DATA_DIR", ""),
    ("PI_CONSENSUS_TIMEOUT_SECONDS", "30"),
    ("PI_POLICY", "the baseline"),
    ("PI_LISTEN", "127.0.0.1:8080"),
    ("PI_SECRETS_PATH", "secrets in the data folder"),
    ("PI_REQUIRE_REQUEST_SIGNING", "off"),
    ("PI_REQUESTS_PER_MINUTE", "1000"),
    ("PI_CONSOLE_CORS_ORIGINS", "none"),
    ("PI_LOG", "none"),
    ("PI_LOG_FORMAT", "text"),
    ("PI_MEMORY_PATH", "memory.db in the data folder"),
    ("PI_MEMORY_MAX_ROWS", "10000"),
    ("PI_MEMORY_VACUUM_EVERY", "500"),
];

/// Secrets, by the name that follows `PI_SECRET_`.
const SECRETS: [&str; 3] = ["JWT", "JWT_KEYS", "REQUEST_SIGNING"];

/// A setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its variable.
    pub name: String,
    /// What holds; of a secret, whether it is set.
    pub value: String,
    /// `environment`, `file` or `default`.
    pub origin: &'static str,
}

/// Every setting.
pub fn settings(
    environment: &dyn Fn(&str) -> Option<OsString>,
    secrets: &Secrets<'_>,
) -> Vec<Setting> {
    let variables = VARIABLES.iter().map(|(name, default)| {
        let (value, origin) = match environment(name) {
            Some(value) => (value.to_string_lossy().into_owned(), "environment"),
            None => ((*default).to_owned(), "default"),
        };
        Setting { name: (*name).to_owned(), value, origin }
    });
    let secrets = SECRETS.iter().map(|name| {
        let (value, origin) = match secrets.find(name) {
            Ok(secret) => ("set".to_owned(), word(secret.origin())),
            Err(error) if error.reason() == Reason::SecretNotFound => {
                ("not set".to_owned(), "default")
            }
            Err(error) => (format!("refused: {error}"), "default"),
        };
        Setting { name: format!("PI_SECRET_{name}"), value, origin }
    });
    variables.chain(secrets).chain([webhook(environment)]).collect()
}

fn webhook(environment: &dyn Fn(&str) -> Option<OsString>) -> Setting {
    let is_set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
    let (value, origin) = match (is_set(SLACK), is_set(&format!("{SLACK}_FILE"))) {
        (true, _) => ("set", "environment"),
        (false, true) => ("set", "file"),
        (false, false) => ("not set", "default"),
    };
    Setting { name: SLACK.to_owned(), value: value.to_owned(), origin }
}

fn word(origin: &Origin) -> &'static str {
    match origin {
        Origin::Environment(_) => "environment",
        Origin::File(_) => "file",
        Origin::Generated => "default",
    }
}

impl ToCanonical for Setting {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("name", self.name.as_str())
                .field("origin", self.origin)
                .field("value", self.value.as_str());
        });
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "test code")]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_and_secrets_are_not() {
        let secret = "q83vEjRWeJq83vEjRWeJASNFZ4mrze8BI0VniavN";
        let environment = |name: &str| match name {
            "PI_LISTEN" => Some(OsString::from("0.0.0.0:80")),
            "PI_SLACK_WEBHOOK_URL" => Some(OsString::from("https://short")),
            "PI_SECRET_JWT" => Some(OsString::from(secret)),
            "PI_SECRET_REQUEST_SIGNING" => Some(OsString::from("short")),
            _ => None,
        };
        let secrets = Secrets { environment: &environment, folder: None, dev: false };
        let all = settings(&environment, &secrets);
        let shown = |name: &str| {
            let found = all.iter().find(|setting| setting.name == name).unwrap();
            (found.value.as_str(), found.origin)
        };
        assert_eq!(shown("PI_LISTEN"), ("0.0.0.0:80", "environment"));
        assert_eq!(shown("PI_LOG_FORMAT"), ("text", "default"));
        assert_eq!(shown("PI_SECRET_JWT"), ("set", "environment"));
        assert_eq!(shown("PI_SLACK_WEBHOOK_URL"), ("set", "environment"));
        assert_eq!(shown("PI_SECRET_JWT_KEYS"), ("not set", "default"));
        assert!(shown("PI_SECRET_REQUEST_SIGNING").0.starts_with("refused: "));
        assert!(!format!("{all:?}").contains(secret) && !format!("{all:?}").contains("short"));
    }
}
