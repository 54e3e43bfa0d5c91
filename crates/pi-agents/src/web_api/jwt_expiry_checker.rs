//! See [`JwtExpiryChecker`].

use pi_agent_api::{Finding, Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::canonical::Value;
use pi_core::{Confidence, Severity};

use super::token::{TRIGGERS, Token, seconds, tokens};

/// A token that is valid forever.
pub(crate) const NO_EXPIRY: Rule = Rule {
    id: "token-without-expiry",
    summary: "a token has no `exp` claim and so is valid forever",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-613"],
    fix: "issue tokens with `exp`, minutes to hours after `iat`",
};

const LONG_LIFE: Rule = Rule {
    id: "token-lives-too-long",
    summary: "a token is valid for more than 24 hours",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-613"],
    fix: "shorten the lifetime and renew by a refresh token that can be revoked",
};

const EXPIRED: Rule = Rule {
    id: "token-expired",
    summary: "a token has expired",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-613"],
    fix: "remove the token",
};

const NOT_YET: Rule = Rule {
    id: "token-not-yet-valid",
    summary: "a token was issued in the future or is not valid yet",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "check the clock of the issuer",
};

const BAD_TIME: Rule = Rule {
    id: "token-time-malformed",
    summary: "a time claim is not a number of seconds, so that libraries ignore or misread it",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-20", "CWE-613"],
    fix: "write times as seconds since 1970-01-01T00:00:00Z",
};

const NO_IDENTITY: Rule = Rule {
    id: "token-without-identity",
    summary: "a token does not say who issued it or whom it is about",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "set `iss` and `sub` and check them where the token is used",
};

declare_agent! {
    /// Checks the times in JSON Web Tokens.
    ///
    /// # What it checks
    /// Tokens anywhere in a text, decoded without verification: `exp` missing, past,
    /// or more than 24 hours after `iat`; `nbf` or `iat` in the future; times that
    /// are text or milliseconds; `iss` or `sub` missing.
    ///
    /// # Why it matters
    /// A token that leaks is a key until it expires. One without an end, or with an
    /// end in milliseconds (the year 50000), is a key forever.
    ///
    /// # Example denied
    /// ```json
    /// {"sub": "42", "iss": "https://id.example", "iat": 1760000000}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"sub": "42", "iss": "https://id.example", "iat": 1760000000, "exp": 1760003600}
    /// ```
    ///
    /// # Limits
    /// Expired and not yet valid are judged against the time that the request
    /// names, and not at all without one. Tokens in comments count: who reads the
    /// file can use them. Encrypted tokens cannot be read. A token that is split
    /// over several strings is not found.
    ///
    /// # References
    /// CWE-613; RFC 7519, 4.1; RFC 8725.
    pub struct JwtExpiryChecker {
        slug: "jwt_expiry_checker",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(TRIGGERS),
        invariant_to: ALL,
        rules: [NO_EXPIRY, LONG_LIFE, EXPIRED, NOT_YET, BAD_TIME, NO_IDENTITY],
        fixture: include_str!("fixtures/jwt_expiry_checker.md"),
        check: check,
    }
}

/// Longest lifetime that is not reported: a day.
const MAX_LIFE_SECONDS: u64 = 24 * 60 * 60;

/// Seconds that clocks of issuer and user may differ.
const LEEWAY_SECONDS: u64 = 300;

/// The year 5138: a number above it is a time in milliseconds.
const MAX_SECONDS: u64 = 100_000_000_000;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let now = report.as_of().map(|time| time.as_micros() / 1_000_000);
    for token in &tokens(artifact, report)?.0 {
        let mut say = |rule: &'static Rule, message: String, detail: &str| {
            fill(report.finding(rule, token.span), artifact, token, message, detail);
        };
        let mut times = [None; 3];
        for (slot, name) in times.iter_mut().zip(["exp", "nbf", "iat"]) {
            match token.claims.get(name) {
                None | Some(Value::Null) => {}
                Some(value) => match seconds(value).filter(|time| *time < MAX_SECONDS) {
                    Some(time) => *slot = Some(time),
                    None => say(
                        &BAD_TIME,
                        format!("the claim `{name}` is not a number of seconds"),
                        name,
                    ),
                },
            }
        }
        let [exp, nbf, iat] = times;
        let start = iat.or(nbf);
        match exp {
            None if token.claims.get("exp").is_none_or(|exp| matches!(exp, Value::Null)) => {
                say(&NO_EXPIRY, NO_EXPIRY.summary.to_owned(), "exp");
            }
            None => {}
            Some(exp) => {
                let life = start.map(|start| exp.saturating_sub(start));
                if let Some(life) = life.filter(|life| *life > MAX_LIFE_SECONDS) {
                    let hours = life / 3_600;
                    say(&LONG_LIFE, format!("a token is valid for {hours} hours"), "exp");
                }
                if now.is_some_and(|now| exp + LEEWAY_SECONDS < now) {
                    say(&EXPIRED, EXPIRED.summary.to_owned(), "exp");
                }
            }
        }
        if let (Some(now), Some(first)) = (now, nbf.max(iat))
            && first > now + LEEWAY_SECONDS
        {
            say(&NOT_YET, NOT_YET.summary.to_owned(), "nbf");
        }
        let missing: Vec<&str> =
            ["iss", "sub"].into_iter().filter(|name| token.claims.get(name).is_none()).collect();
        if !missing.is_empty() {
            say(&NO_IDENTITY, format!("a token has no {}", missing.join(" and no ")), "iss");
        }
    }
    Ok(())
}

/// Completes a finding about a token without showing it.
pub(crate) fn fill(
    finding: &mut Finding,
    artifact: &Artifact,
    token: &Token,
    message: String,
    detail: &str,
) {
    finding
        .message(message)
        .subject(format!("{}/{detail}", token.subject))
        .secret(token.text(artifact), token.span);
}
