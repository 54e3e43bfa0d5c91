//! API keys and tokens under names that say so.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::report;

/// A literal under the name of a token or key.
const RULE: Rule = Rule {
    id: "hardcoded-api-token",
    summary: "API key or token written into the text",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "OWASP-API2:2023"],
    fix: "revoke it and read it from the environment or a secrets manager",
};

declare_agent! {
    /// Finds keys and tokens that are written into code or configuration under a telling name.
    ///
    /// # What it checks
    ///
    /// A literal whose name says token, secret, API key, access key, credential or auth, in
    /// the assignment syntax of any language, with the entropy of a real token. References,
    /// placeholders, words and code are no secrets. Tokens of known providers are reported
    /// by `git_secret_leak_sentry` instead.
    ///
    /// # Why it matters
    ///
    /// Whoever reads the text can act as the owner of the token until it is revoked.
    ///
    /// # Example denied
    ///
    /// ```text
    /// api_token = "pT7Yw2Lq9ZkX4mVb"
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// api_token = os.environ["API_TOKEN"]
    /// ```
    ///
    /// # Limits
    ///
    /// A token with less than three bits of entropy a character, or without a digit, is
    /// taken for a word. Names in other languages than English are not understood.
    ///
    /// # References
    ///
    /// CWE-798, OWASP API2:2023.
    pub struct ApiAuthHardcodedTokenSentry {
        slug: "api_auth_hardcoded_token_sentry",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/api_auth_hardcoded_token_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::generic(artifact, report, report::Owner::Token, &RULE)
}
