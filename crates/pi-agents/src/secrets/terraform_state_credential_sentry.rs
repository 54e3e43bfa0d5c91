//! Credentials in Terraform code, variables and state.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

use super::report;

/// A credential in Terraform text.
const RULE: Rule = Rule {
    id: "terraform-credential",
    summary: "credential in Terraform code or state",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CWE-312", "CKV_AWS_41"],
    fix: "change the credential, read it from a data source or an ephemeral variable and encrypt the state",
};

declare_agent! {
    /// Finds credentials in Terraform code, variable files and state.
    ///
    /// # What it checks
    ///
    /// Values under names that say password, secret, token or key in `.tf`, `.tfvars`,
    /// `.tfstate` and their JSON forms.
    ///
    /// # Why it matters
    ///
    /// State and variable files are shared and kept for long; everyone with access to them
    /// has the credentials.
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
    /// password = var.db_password
    /// ```
    ///
    /// # Limits
    ///
    /// `sensitive_attributes` and unencrypted backends are not looked at yet.
    ///
    /// # References
    ///
    /// CWE-798, CWE-312, CKV_AWS_41.
    pub struct TerraformStateCredentialSentry {
        slug: "terraform_state_credential_sentry",
        domain: Secrets,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [RULE],
        fixture: include_str!("fixtures/terraform_state_credential_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report::generic(artifact, report, report::Owner::Terraform, &RULE)
}
