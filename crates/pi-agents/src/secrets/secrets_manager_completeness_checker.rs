//! Secrets managers that are set up halfway.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Span};
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
    references: &["CWE-404"],
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
        kinds: [],
        triggers: Any(&["secretsmanager", "kms_key", "capabilities", "tls_disable", "rotation"]),
        invariant_to: ALL.without(BaitComments),
        rules: [NO_KEY, NO_ROTATION, ROTATION_OFF, WILDCARD, NO_TLS, NO_RECOVERY],
        fixture: include_str!("fixtures/secrets_manager_completeness_checker.md"),
        check: check,
    }
}

/// A block of HCL: its header's words, its body's lines, its place.
struct Block<'t> {
    words: Vec<&'t str>,
    span: Span,
    body: Vec<(&'t str, Span)>,
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.text().unwrap_or_default();
    let lines = lines(text);
    report.tick(lines.len() as u64)?;
    let blocks = blocks(&lines);
    let rotates = text.contains("aws_secretsmanager_secret_rotation");
    for block in &blocks {
        let set = |name: &str| block.body.iter().find(|(line, _)| key_of(line) == Some(name));
        let value = |name: &str| set(name).map(|(line, span)| (value_of(line), *span));
        match block.words.as_slice() {
            ["resource", "aws_secretsmanager_secret", name] => {
                if set("kms_key_id").is_none() {
                    report.finding(&NO_KEY, block.span).subject(*name);
                }
                if !rotates {
                    report.finding(&NO_ROTATION, block.span).subject(*name);
                }
                if let Some(("0", span)) = value("recovery_window_in_days") {
                    report.finding(&NO_RECOVERY, span).subject(*name);
                }
            }
            ["resource", "aws_kms_key", name] => {
                if let Some(("false", span)) = value("enable_key_rotation") {
                    report.finding(&ROTATION_OFF, span).subject(*name);
                }
            }
            ["path", path] => {
                let open = matches!(*path, "*" | "/*" | "+/*" | "secret/*" | "kv/*" | "sys/*");
                let grants = set("capabilities").is_some_and(|(line, _)| !line.contains("deny"));
                if open && grants {
                    report.finding(&WILDCARD, block.span).subject(*path);
                }
            }
            ["listener", kind] => {
                if let Some(("true" | "1", span)) = value("tls_disable") {
                    report.finding(&NO_TLS, span).subject(*kind);
                }
            }
            _ => {}
        }
        for (line, span) in &block.body {
            if matches!(key_of(line), Some("rotation_enabled" | "enable_rotation"))
                && value_of(line) == "false"
            {
                report.finding(&ROTATION_OFF, *span).subject(block.words.join("/"));
            }
        }
    }
    cloudformation(text, &lines, report);
    Ok(())
}

/// Lines without those that are comments.
fn lines(text: &str) -> Vec<(&str, Span)> {
    let mut at = 0;
    let mut out = Vec::new();
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end_matches(['\n', '\r']);
        let trimmed = line.trim_start();
        if !(trimmed.starts_with('#') || trimmed.starts_with("//") || trimmed.is_empty()) {
            let start = at + line.len() - trimmed.len();
            out.push((line, Span::new(start, at + line.len())));
        }
        at += raw.len();
    }
    out
}

fn blocks<'t>(lines: &[(&'t str, Span)]) -> Vec<Block<'t>> {
    let mut out: Vec<Block<'t>> = Vec::new();
    let mut depth = 0usize;
    for (line, span) in lines {
        let opens = line.matches('{').count();
        let closes = line.matches('}').count();
        if depth == 0
            && let Some((head, rest)) = line.split_once('{')
        {
            let words = head.split_whitespace().map(|word| word.trim_matches('"')).collect();
            let mut body = Vec::new();
            if !rest.trim().is_empty() {
                body.push((rest.trim().trim_end_matches('}').trim(), *span));
            }
            out.push(Block { words, span: *span, body });
        } else if let Some(block) = out.last_mut()
            && depth > 0
        {
            block.body.push((line.trim(), *span));
        }
        depth = (depth + opens).saturating_sub(closes);
    }
    out
}

fn key_of(line: &str) -> Option<&str> {
    Some(line.split_once('=')?.0.trim().trim_matches('"'))
}

fn value_of(line: &str) -> &str {
    let value = line.split_once('=').map_or("", |(_, value)| value);
    value.split('#').next().unwrap_or_default().trim().trim_matches('"')
}

/// A line without quotes, white space and a comment after it.
fn bare(line: &str) -> String {
    let line = line.split(" #").next().unwrap_or_default();
    line.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect()
}

/// `AWS::SecretsManager::Secret` in YAML, by indentation.
fn cloudformation(text: &str, lines: &[(&str, Span)], report: &mut Report) {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let rotates = text.contains("AWS::SecretsManager::RotationSchedule");
    for (at, (line, span)) in lines.iter().enumerate() {
        if bare(line) != "Type:AWS::SecretsManager::Secret" {
            continue;
        }
        let depth = indent(line);
        let before = lines.get(..at).unwrap_or_default().iter().rev();
        let owner = before.map(|(line, _)| *line).find(|line| indent(line) < depth);
        let name = bare(owner.unwrap_or_default());
        let name = name.trim_end_matches(':');
        let first = lines
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rposition(|(line, _)| indent(line) < depth)
            .map_or(0, |n| n + 1);
        let block = lines.get(first..).unwrap_or_default();
        let keyed = block
            .iter()
            .take_while(|(line, _)| indent(line) >= depth)
            .any(|(line, _)| bare(line).starts_with("KmsKeyId:"));
        if !keyed {
            report.finding(&NO_KEY, *span).subject(name);
        }
        if !rotates {
            report.finding(&NO_ROTATION, *span).subject(name);
        }
    }
}
