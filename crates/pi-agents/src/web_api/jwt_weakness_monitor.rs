//! See [`JwtWeaknessMonitor`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::canonical::Value;
use pi_core::{Confidence, Severity};

use super::jwt_expiry_checker::{NO_EXPIRY, fill};
use super::token::{TRIGGERS, Token, tokens};
use super::weak_secrets::{COUNT, weak_secret};

const UNSIGNED: Rule = Rule {
    id: "unsigned-token",
    summary: "a token is not signed: anybody can write another one",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-347", "OWASP-API2:2023"],
    fix: "sign tokens and accept only the one algorithm that is expected",
};

const WEAK_SECRET: Rule = Rule {
    id: "weak-hmac-secret",
    summary: "the secret that signs a token is in every list of guesses",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["CWE-521", "CWE-1391", "OWASP-API2:2023"],
    fix: "use a random secret of at least 32 bytes, or an asymmetric algorithm, and revoke all tokens",
};

const WEAK_ALGORITHM: Rule = Rule {
    id: "weak-token-algorithm",
    summary: "a token uses an algorithm that is broken or unknown",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-327"],
    fix: "use EdDSA, ES256, PS256, RS256 or HS256",
};

const KEY_ID: Rule = Rule {
    id: "key-id-injection",
    summary: "the key id of a token is a path, a query or a command",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-74", "CWE-22"],
    fix: "look key ids up in a fixed table and refuse all others",
};

const HEADER_KEY: Rule = Rule {
    id: "key-from-header",
    summary: "a token brings the key, or the address of the key, that is to verify it",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-347", "CWE-918"],
    fix: "ignore `jku`, `x5u`, `jwk` and `x5c`, or compare them with a list of known issuers",
};

const CRITICAL: Rule = Rule {
    id: "critical-header-malformed",
    summary: "the `crit` header of a token is empty or names what is not there",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-347"],
    fix: "refuse such tokens, as RFC 7515 demands",
};

const NO_AUDIENCE: Rule = Rule {
    id: "token-without-audience",
    summary: "a token names no audience, so every service that trusts its issuer accepts it",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "set `aud` and check it where the token is used",
};

const PRIVILEGE: Rule = Rule {
    id: "privilege-in-token",
    summary: "a token carries administrator's rights",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-269"],
    fix: "look rights up by subject, or keep such tokens short-lived and out of files",
};

const SECRET_CLAIM: Rule = Rule {
    id: "secret-in-claims",
    summary: "a token carries a password or key that everybody can read",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-522", "CWE-312"],
    fix: "remove the claim: signed is not encrypted",
};

declare_agent! {
    /// Finds JSON Web Tokens that can be forged or misused.
    ///
    /// # What it checks
    /// Tokens anywhere in a text: unsigned (`alg` none in any spelling, or an empty
    /// signature); HMAC secrets from a list of guesses, tried for real; unknown
    /// algorithms; key ids that are paths, queries or commands; keys and addresses
    /// of keys in the header; a malformed `crit`; no audience, no expiry;
    /// administrator's rights and passwords among the claims.
    ///
    /// # Why it matters
    /// Whoever can forge a token is whoever he wants to be.
    ///
    /// # Example denied
    /// ```json
    /// {"alg": "none", "typ": "JWT"}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"alg": "ES256", "typ": "JWT", "kid": "2026-01"}
    /// ```
    ///
    /// # Limits
    /// HMAC and RSA are no weakness by themselves and are not reported. The list of
    /// secrets is short; that none of them fits proves nothing. Tokens in comments
    /// count. Encrypted tokens cannot be read.
    ///
    /// # References
    /// CWE-347; RFC 7515, 4.1; RFC 8725, 3; OWASP-API2:2023.
    pub struct JwtWeaknessMonitor {
        slug: "jwt_weakness_monitor",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(TRIGGERS),
        invariant_to: ALL,
        rules: [
            UNSIGNED,
            WEAK_SECRET,
            WEAK_ALGORITHM,
            KEY_ID,
            HEADER_KEY,
            CRITICAL,
            NO_AUDIENCE,
            NO_EXPIRY,
            PRIVILEGE,
            SECRET_CLAIM,
        ],
        fixture: include_str!("fixtures/jwt_weakness_monitor.md"),
        check: check,
    }
}

/// The registered algorithms that are still in order.
const ALGORITHMS: &[&str] = &[
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "ML-DSA-44",
    "ML-DSA-65",
    "ML-DSA-87",
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for token in &tokens(artifact, report)?.0 {
        report.tick(COUNT)?;
        let mut example = false;
        let mut found: Vec<(&'static Rule, String, &str)> = Vec::new();
        let unsigned = token.algorithm().eq_ignore_ascii_case("none") || token.signature.is_empty();
        if unsigned {
            found.push((&UNSIGNED, UNSIGNED.summary.to_owned(), "alg"));
        } else if let Some(weak) = weak_secret(token) {
            example = weak.example;
            found.push((&WEAK_SECRET, WEAK_SECRET.summary.to_owned(), "signature"));
        } else if !ALGORITHMS.contains(&token.algorithm()) {
            found.push((&WEAK_ALGORITHM, WEAK_ALGORITHM.summary.to_owned(), "alg"));
        }
        header(token, &mut found);
        claims(token, &mut found);
        for (rule, message, detail) in found {
            let finding = report.finding(rule, token.span);
            fill(finding, artifact, token, message, detail);
            if example {
                // The token of every tutorial protects nothing.
                finding.severity(Severity::Info).confidence(Confidence::Low);
            }
        }
    }
    Ok(())
}

fn header(token: &Token, found: &mut Vec<(&'static Rule, String, &'static str)>) {
    if let Some(id) = token.header.get("kid").and_then(Value::as_str)
        && is_injection(id)
    {
        found.push((&KEY_ID, KEY_ID.summary.to_owned(), "kid"));
    }
    for name in ["jku", "x5u", "jwk", "x5c"] {
        if token.header.get(name).is_some() {
            found.push((&HEADER_KEY, format!("the header of a token holds `{name}`"), name));
        }
    }
    if let Some(crit) = token.header.get("crit") {
        let valid = match crit {
            Value::Array(names) => {
                !names.is_empty()
                    && names.iter().all(|name| {
                        name.as_str().is_some_and(|name| token.header.get(name).is_some())
                    })
            }
            _ => false,
        };
        if !valid {
            found.push((&CRITICAL, CRITICAL.summary.to_owned(), "crit"));
        }
    }
}

/// Whether a key id is written to be more than a name: path traversal, a file of
/// the system, a quote of SQL, a shell operator, an address.
fn is_injection(id: &str) -> bool {
    let lower = id.to_ascii_lowercase();
    id.contains(['\'', '"', ';', '|', '`', '\0', '\n'])
        || ["../", "..\\", "/dev/", "/etc/", "/proc/", "$(", "--", "://"]
            .iter()
            .any(|sign| lower.contains(sign))
        || lower.contains("union select")
}

const ADMINISTRATORS: &[&str] =
    &["admin", "administrator", "root", "superuser", "superadmin", "sysadmin", "owner"];

fn claims(token: &Token, found: &mut Vec<(&'static Rule, String, &'static str)>) {
    let Value::Object(claims) = &token.claims else { return };
    if !claims.contains_key("aud") {
        found.push((&NO_AUDIENCE, NO_AUDIENCE.summary.to_owned(), "aud"));
    }
    if claims.get("exp").is_none_or(|exp| matches!(exp, Value::Null)) {
        found.push((&NO_EXPIRY, NO_EXPIRY.summary.to_owned(), "exp"));
    }
    for (name, value) in claims {
        let lower = name.to_ascii_lowercase();
        let name_says =
            ["admin", "is_admin", "isadmin", "root", "superuser", "is_superuser", "is_staff"]
                .contains(&lower.as_str());
        let holds = match lower.as_str() {
            "role" | "roles" | "groups" | "group" | "permissions" | "authorities" => {
                any_word(value, |word| ADMINISTRATORS.contains(&word.trim_start_matches("role_")))
            }
            "scope" | "scopes" | "scp" => any_word(value, |word| word == "*" || word == "admin"),
            _ => name_says && matches!(value, Value::Bool(true)),
        };
        if holds {
            found.push((
                &PRIVILEGE,
                format!("the claim `{name}` gives administrator's rights"),
                "claims",
            ));
        }
        let secret = [
            "password",
            "passwd",
            "pwd",
            "secret",
            "client_secret",
            "api_key",
            "apikey",
            "private_key",
        ]
        .contains(&lower.as_str());
        if secret && value.as_str().is_some_and(|text| !text.is_empty()) {
            found.push((&SECRET_CLAIM, format!("the claim `{name}` holds a secret"), "claims"));
        }
    }
}

/// Whether a word of a claim passes the test; claims are text, lists of text or
/// text of several words.
fn any_word(value: &Value, test: impl Fn(&str) -> bool + Copy) -> bool {
    match value {
        Value::String(text) => text.to_ascii_lowercase().split([' ', ',']).any(test),
        Value::Array(items) => items.iter().any(|item| any_word(item, test)),
        _ => false,
    }
}
