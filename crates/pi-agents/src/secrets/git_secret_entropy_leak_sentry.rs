//! Strings that look random.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::report;

/// A string with the entropy of a key.
const RULE: Rule = Rule {
    id: "high-entropy-string",
    summary: "string with the entropy of a key",
    severity: Severity::Medium,
    confidence: Confidence::Low,
    references: &["CWE-798"],
    fix: "if it is a secret, revoke it and read it from a secrets manager; else name it for what it is",
};

declare_agent! {
    /// Finds quoted strings that look random and have no name that says otherwise.
    ///
    /// # What it checks
    ///
    /// Quoted strings of 24 to 160 characters of the base64 alphabets with more than 4.5
    /// bits of entropy a character, of mixed case and digits. UUIDs, hashes, integrity
    /// values, paths and identifiers are left out. Words of a short prefix and 24 or more
    /// letters of both cases and digits (`abc_...`) count without quotes too. Entropy is
    /// computed in integers.
    ///
    /// # Why it matters
    ///
    /// A key without a telling name is found by no other rule.
    ///
    /// # Example denied
    ///
    /// ```text
    /// x = "q8Zt3LmV0pRw5YxK7bNc2HsD4fJg"
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// sha256 = "9f86d081884c7d659a2feaa0c55ad015"
    /// ```
    ///
    /// # Limits
    ///
    /// Hex strings are left out: most of them are digests. Random data that is no key is
    /// reported too.
    ///
    /// # References
    ///
    /// CWE-798.
    pub struct GitSecretEntropyLeakSentry {
        slug: "git_secret_entropy_leak_sentry",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/git_secret_entropy_leak_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::generic(artifact, report, report::Owner::Random, &RULE)
}
