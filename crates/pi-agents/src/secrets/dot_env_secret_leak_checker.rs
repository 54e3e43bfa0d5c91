//! Secrets in dotenv files.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::report;

/// A value in a dotenv file.
const RULE: Rule = Rule {
    id: "dotenv-secret",
    summary: "secret in a dotenv file",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-312", "CWE-798"],
    fix: "take the file out of version control, change the secret and keep an example file without values",
};

declare_agent! {
    /// Finds secrets in dotenv files.
    ///
    /// # What it checks
    ///
    /// Lines of `.env` files (`.env`, `.env.production`, `prod.env`) whose name says
    /// password, secret, token or key and whose value is not a placeholder.
    ///
    /// # Why it matters
    ///
    /// dotenv files are copied into images and repositories more often than any other file
    /// with secrets.
    ///
    /// # Example denied
    ///
    /// ```text
    /// DB_PASSWORD=s3cr3t-Pa55
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// DB_PASSWORD=changeme
    /// ```
    ///
    /// # Limits
    ///
    /// Tokens of known providers are reported by `git_secret_leak_sentry`.
    ///
    /// # References
    ///
    /// CWE-312, CWE-798.
    pub struct DotEnvSecretLeakChecker {
        slug: "dot_env_secret_leak_checker",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/dot_env_secret_leak_checker.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::generic(artifact, report, report::Owner::DotEnv, &RULE)
}
