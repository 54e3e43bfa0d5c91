//! Credentials in mock data.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::report;

/// A credential in mock data.
const RULE: Rule = Rule {
    id: "real-looking-mock-secret",
    summary: "credential in mock data that looks real",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CWE-531"],
    fix: "replace it by a value that says that it is made up, and change the credential if it was real",
};

declare_agent! {
    /// Finds credentials that look real in mocks, fixtures and seeds.
    ///
    /// # What it checks
    ///
    /// Passwords, tokens and random strings in files whose path says mock, fixture, seed or
    /// test data. Documentation examples and values that say that they are made up are left
    /// out.
    ///
    /// # Why it matters
    ///
    /// Mock data is often cut from production and its secrets come along.
    ///
    /// # Example denied
    ///
    /// ```text
    /// password: s3cr3t-Pa55
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// password: example-password
    /// ```
    ///
    /// # Limits
    ///
    /// Tokens of known providers are reported by `git_secret_leak_sentry` wherever they
    /// stand. Addresses of servers are not looked at yet.
    ///
    /// # References
    ///
    /// CWE-798, CWE-531.
    pub struct MockDataTaintingSentry {
        slug: "mock_data_tainting_sentry",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/mock_data_tainting_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::generic(artifact, report, report::Owner::Mock, &RULE)
}
