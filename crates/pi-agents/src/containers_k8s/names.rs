//! Which names of variables promise a secret.

/// Words that name a secret on their own.
const SECRET_WORDS: &[&str] = &[
    "APIKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATEKEY",
    "PWD",
    "SECRET",
    "SECRETKEY",
    "SECRETS",
    "TOKEN",
];

/// Words that make `KEY` a secret when they stand before it.
const KEY_WORDS: &[&str] = &[
    "ACCESS",
    "ACCOUNT",
    "API",
    "APP",
    "AUTH",
    "ENCRYPTION",
    "LICENSE",
    "MASTER",
    "PRIVATE",
    "SECRET",
    "SIGNING",
    "STORAGE",
];

/// Last words that say where or how the secret is, not what it is.
const ABOUT: &[&str] = &[
    "ALGORITHM",
    "ALLOWED",
    "ARN",
    "AUTH",
    "AUTHENTICATION",
    "COUNT",
    "DIR",
    "DIRECTORY",
    "DISABLED",
    "ENABLED",
    "ENDPOINT",
    "EXPIRATION",
    "EXPIRE",
    "EXPIRES",
    "EXPIRY",
    "FIELD",
    "FILE",
    "FORMAT",
    "HEADER",
    "HOST",
    "ID",
    "ISSUER",
    "KIND",
    "LENGTH",
    "LIFETIME",
    "LIMIT",
    "MAX",
    "MIN",
    "NAME",
    "NAMESPACE",
    "PATH",
    "POLICY",
    "PREFIX",
    "PROVIDER",
    "REF",
    "REGION",
    "REQUIRED",
    "SIZE",
    "STORE",
    "TIMEOUT",
    "TTL",
    "TYPE",
    "URI",
    "URL",
    "USER",
    "USERNAME",
    "VERSION",
];

/// Whether a variable of this name is expected to hold a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let words = words(name);
    if words.len() == 1 && words.first().is_some_and(|word| word == "PWD" || word == "PASS") {
        return false;
    }
    if words.last().is_some_and(|last| ABOUT.contains(&last.as_str())) || is_switch(&words) {
        return false;
    }
    words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| {
            matches!(pair, [first, second]
                if second == "KEY" && KEY_WORDS.contains(&first.as_str()))
        })
}

/// `ALLOW_EMPTY_PASSWORD`, `RANDOM_ROOT_PASSWORD`, `NO_TOKEN`: a switch.
fn is_switch(words: &[String]) -> bool {
    words.iter().any(|word| {
        ["ALLOW", "DISABLE", "ENABLE", "NO", "PUBLIC", "RANDOM", "REQUIRE", "SKIP", "USE"]
            .contains(&word.as_str())
    })
}

/// The words of a name in upper case: split at everything that is no letter or
/// digit and where a capital follows a small letter.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        let starts = lower && c.is_ascii_uppercase();
        if (starts || !c.is_ascii_alphanumeric())
            && words.last().is_some_and(|word| !word.is_empty())
        {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_uppercase());
        }
        lower = c.is_ascii_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether a value is written out: not empty, not a switch, not a reference to
/// a variable, a file or a template.
pub(crate) fn is_literal_secret(value: &str) -> bool {
    const SWITCHES: &[&str] =
        &["", "true", "false", "yes", "no", "on", "off", "none", "null", "nil", "0", "1"];
    const REFERENCES: &[&str] = &["/run/secrets/", "/var/run/secrets/", "vault:", "op://"];
    let value = value.trim().to_ascii_lowercase();
    let placeholder = value.starts_with('<') && value.ends_with('>');
    let variable = value.contains('$') || value.contains("{{");
    let refers = REFERENCES.iter().any(|start| value.starts_with(start));
    !(SWITCHES.contains(&value.as_str()) || placeholder || variable || refers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_by_word() {
        for name in ["DB_PASSWORD", "apiKey", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "db-pwd"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "PWD",
            "TOKENIZERS_PARALLELISM",
            "PASSWORD_FILE",
            "SECRET_NAME",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "GPG_KEY",
            "KEYBOARD",
            "AUTHOR",
            "COMPASS_URL",
            "TOKEN_TTL",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(is_literal_secret("hunter2"));
        assert!(!is_literal_secret("${DB_PASSWORD}"));
        assert!(!is_literal_secret("/run/secrets/db"));
    }
}
