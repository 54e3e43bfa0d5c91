//! `dependabot_auditor`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

const COOLDOWN: Rule = Rule {
    id: "no-update-cooldown",
    summary: "updates are taken on the day that they are published",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357", "OWASP-CICD-SEC-03"],
    fix: "set `cooldown.default-days` to 7 or more",
};

const EXECUTION: Rule = Rule {
    id: "update-runs-foreign-code",
    summary: "an update may run code of the packages that it updates",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-829", "OWASP-CICD-SEC-03"],
    fix: "remove `insecure-external-code-execution: allow`",
};

/// Days for which an update should wait.
const MIN_DAYS: i64 = 7;

declare_agent! {
    /// Finds Dependabot settings that take over a compromised release at once.
    ///
    /// # What it checks
    /// Every updater of `dependabot.yml`: whether it waits some days for a release to
    /// be known (`cooldown`), and whether it lets packages run code while they are
    /// updated.
    ///
    /// # Why it matters
    /// Most malicious releases are found and taken down within a few days. Who updates
    /// on the first one is who they are made for.
    ///
    /// # Example denied
    /// ```yaml
    /// # .github/dependabot.yml
    /// version: 2
    /// updates:
    ///   - package-ecosystem: npm
    ///     directory: /
    ///     schedule: { interval: daily }
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// version: 2
    /// updates:
    ///   - package-ecosystem: npm
    ///     directory: /
    ///     schedule: { interval: daily }
    ///     cooldown: { default-days: 7 }
    /// ```
    ///
    /// # Limits
    /// Cooldowns by kind of version count as settings beside the default, which must be
    /// there. Groups of ecosystems are judged through their members.
    ///
    /// # References
    /// GitHub: Dependabot options reference; CWE-1357; OWASP CICD-SEC-3.
    pub struct DependabotAuditor {
        slug: "dependabot_auditor",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Yaml],
        triggers: Any(&["package-ecosystem"]),
        invariant_to: ALL,
        rules: [COOLDOWN, EXECUTION],
        fixture: include_str!("fixtures/dependabot_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if !matches!(artifact.file_name(), "dependabot.yml" | "dependabot.yaml") {
        return Ok(());
    }
    let Some(document) = artifact.data()?.first() else { return Ok(()) };
    let Some(updates) = document.root.get("updates") else { return Ok(()) };
    for update in updates.items() {
        report.tick(1)?;
        let Some(ecosystem) = update.entry("package-ecosystem") else { continue };
        let name = ecosystem.value.as_str().unwrap_or_default();
        let folder = update.get("directory").and_then(|node| node.as_str()).unwrap_or("/");
        let subject = format!("updates[{name} {folder}]");
        let days = update.at(&["cooldown", "default-days"]).and_then(|days| days.as_i64());
        if days.is_none_or(|days| days < MIN_DAYS) {
            let span = update
                .entry("cooldown")
                .map_or(ecosystem.key_span.to(ecosystem.value.span), |entry| entry.key_span);
            report.finding(&COOLDOWN, span).subject(&subject);
        }
        if let Some(allowed) = update.entry("insecure-external-code-execution")
            && allowed.value.as_str() == Some("allow")
        {
            report.finding(&EXECUTION, allowed.key_span.to(allowed.value.span)).subject(&subject);
        }
    }
    Ok(())
}
