//! Secrets managers that are set up halfway.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Entry;
use pi_artifacts::hcl::Block;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

const NO_KEY: Rule = Rule {
    id: "secret-without-customer-key",
    summary: "secret encrypted with the provider's default key",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CKV_AWS_149", "CWE-522"],
    fix: "set a customer-managed key (`kms_key_id`, `KmsKeyId`)",
};

const NO_ROTATION: Rule = Rule {
    id: "secret-without-rotation",
    summary: "secret that is never rotated",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CKV2_AWS_57", "CWE-522"],
    fix: "add a rotation for the secret",
};

const ROTATION_OFF: Rule = Rule {
    id: "rotation-disabled",
    summary: "rotation switched off",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CKV_AWS_7", "CWE-522"],
    fix: "switch the rotation on",
};

const WILDCARD: Rule = Rule {
    id: "wildcard-policy",
    summary: "policy that opens every path of the vault",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-732", "CWE-522"],
    fix: "name the paths and the capabilities that are needed",
};

const NO_TLS: Rule = Rule {
    id: "listener-without-tls",
    summary: "vault that listens without TLS",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-319"],
    fix: "remove `tls_disable` and set a certificate",
};

const NO_RECOVERY: Rule = Rule {
    id: "no-recovery-window",
    summary: "secret that is gone at once when it is deleted",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "keep a recovery window of at least 7 days",
};

declare_agent! {
    /// Finds secrets managers that are set up halfway.
    ///
    /// # What it checks
    ///
    /// Secrets of AWS Secrets Manager in Terraform and CloudFormation without a
    /// customer-managed key or without rotation, rotation that is switched off,
    /// deletion without recovery window; Vault policies that open every path;
    /// Vault listeners without TLS.
    ///
    /// # Why it matters
    ///
    /// A secret in a vault that everyone can read, or that never changes, is
    /// hardly safer than one in the code.
    ///
    /// # Example denied
    ///
    /// ```text
    /// path "*" { capabilities = ["read", "list"] }
    /// ```
    ///
    /// # Example allowed
    ///
    /// ```text
    /// path "secret/data/web/*" { capabilities = ["read"] }
    /// ```
    ///
    /// # Limits
    ///
    /// A rotation counts when it stands in the same file. Values behind variables
    /// are taken as set.
    ///
    /// # References
    ///
    /// CKV_AWS_149, CKV2_AWS_57, CKV_AWS_7, CWE-522, CWE-732, CWE-319.
    pub struct SecretsManagerCompletenessChecker {
        slug: "secrets_manager_completeness_checker",
        domain: Secrets,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Terraform, Kind::Hcl, Kind::CloudFormation],
        triggers: Any(&["secretsmanager", "kms_key", "capabilities", "tls_disable", "rotation"]),
        invariant_to: ALL,
        rules: [NO_KEY, NO_ROTATION, ROTATION_OFF, WILDCARD, NO_TLS, NO_RECOVERY],
        fixture: include_str!("fixtures/secrets_manager_completeness_checker.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::CloudFormation => cloudformation(artifact, report),
        _ => {
            let body = artifact.hcl()?;
            let rotates = body
                .blocks_of("resource")
                .any(|block| block.labels.first().is_some_and(|kind| kind == ROTATION));
            for block in &body.blocks {
                report.tick(1)?;
                hcl_block(block, rotates, report);
            }
            Ok(())
        }
    }
}

const ROTATION: &str = "aws_secretsmanager_secret_rotation";

fn hcl_block(block: &Block, rotates: bool, report: &mut Report) {
    let labels: Vec<&str> = block.labels.iter().map(String::as_str).collect();
    let attribute = |name: &str| block.body.attribute(name);
    match (block.kind.as_str(), labels.as_slice()) {
        ("resource", ["aws_secretsmanager_secret", name]) => {
            if attribute("kms_key_id").is_none() {
                report.finding(&NO_KEY, block.span).subject(*name);
            }
            if !rotates {
                report.finding(&NO_ROTATION, block.span).subject(*name);
            }
            if let Some(window) = attribute("recovery_window_in_days")
                && window.value.as_i64() == Some(0)
            {
                report.finding(&NO_RECOVERY, window.value.span).subject(*name);
            }
        }
        ("resource", ["aws_kms_key", name]) => {
            switched_off(block, "enable_key_rotation", name, report)
        }
        ("path", [path]) => {
            let open = matches!(*path, "*" | "/*" | "+/*" | "secret/*" | "kv/*" | "sys/*");
            let grants = attribute("capabilities").is_some_and(|list| {
                !list.value.items().iter().any(|item| item.as_str() == Some("deny"))
            });
            if open && grants {
                report.finding(&WILDCARD, block.span).subject(*path);
            }
        }
        ("listener", [kind]) => {
            if let Some(tls) = attribute("tls_disable")
                && (tls.value.as_bool() == Some(true) || tls.value.as_i64() == Some(1))
            {
                report.finding(&NO_TLS, tls.value.span).subject(*kind);
            }
        }
        _ => {
            let name = labels.join("/");
            for switch in ["rotation_enabled", "enable_rotation"] {
                switched_off(block, switch, &name, report);
            }
        }
    }
}

fn switched_off(block: &Block, switch: &str, subject: &str, report: &mut Report) {
    if let Some(attribute) = block.body.attribute(switch)
        && attribute.value.as_bool() == Some(false)
    {
        report.finding(&ROTATION_OFF, attribute.value.span).subject(subject);
    }
}

fn cloudformation(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let Some(resources) = document.root.get("Resources") else { continue };
        let kind = |entry: &Entry| {
            entry.value.get("Type").and_then(|kind| kind.as_str().map(str::to_owned))
        };
        let rotates = resources
            .entries()
            .iter()
            .any(|entry| kind(entry).as_deref() == Some("AWS::SecretsManager::RotationSchedule"));
        for entry in resources.entries() {
            report.tick(1)?;
            let properties = entry.value.get("Properties");
            let has =
                |name: &str| properties.is_some_and(|properties| properties.get(name).is_some());
            match kind(entry).as_deref() {
                Some("AWS::SecretsManager::Secret") => {
                    if !has("KmsKeyId") {
                        report.finding(&NO_KEY, entry.key_span).subject(&entry.key);
                    }
                    if !rotates {
                        report.finding(&NO_ROTATION, entry.key_span).subject(&entry.key);
                    }
                }
                Some("AWS::KMS::Key") => {
                    let off = properties
                        .and_then(|properties| properties.get("EnableKeyRotation"))
                        .filter(|value| value.as_bool() == Some(false));
                    if let Some(value) = off {
                        report.finding(&ROTATION_OFF, value.span).subject(&entry.key);
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}
