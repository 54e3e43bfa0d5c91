//! Passwords under names, in URLs and on command lines.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::engine::Class;
use super::engine::formats::rule;
use super::engine::formats::urls::FORMATS;
use super::report;

/// A literal under the name of a password.
const RULE: Rule = Rule {
    id: "hardcoded-password",
    summary: "password written into the text",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-259", "CWE-798"],
    fix: "change the password and read it from the environment or a secrets manager",
};

declare_agent! {
    /// Finds passwords in code, configuration, URLs, connection strings and command lines.
    ///
    /// # What it checks
    ///
    /// Literals whose name says password or passphrase; passwords in URLs, in JDBC and ODBC
    /// connection strings, and on the command lines of curl, docker, mysql and sshpass.
    /// Weak passwords count; placeholders, references and code do not.
    ///
    /// # Why it matters
    ///
    /// A password in the text opens the system to everyone who can read the text.
    ///
    /// # Example denied
    ///
    /// ```text
    /// password = "s3cr3t-Pa55"
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// password = ${DB_PASSWORD}
    /// ```
    ///
    /// # Limits
    ///
    /// A bare value needs a digit or a sign to be told from the name of a variable.
    ///
    /// # References
    ///
    /// CWE-259, CWE-798, CWE-312.
    pub struct HardcodedSecretDetector {
        slug: "hardcoded_secret_detector",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            RULE,
            *rule(FORMATS, 0),
            *rule(FORMATS, 1),
            *rule(FORMATS, 2),
            *rule(FORMATS, 3),
            *rule(FORMATS, 4)
        ],
        fixture: include_str!("fixtures/hardcoded_secret_detector.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::formats(artifact, report, Class::Url)?;
    report::generic(artifact, report, report::Owner::Password, &RULE)
}
