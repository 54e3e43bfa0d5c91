//! The rules of [`super::pipeline_dependency_auditor`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// `npm install NAME` in a step.
pub const ADHOC: Rule = Rule {
    id: "adhoc-package",
    summary: "a step installs a package that no lockfile names",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357", "CWE-494", "OWASP-CICD-SEC-03"],
    fix: "name the package in a manifest, and install from its lockfile (`npm ci`, `bundle install`)",
};

/// An action whose repository is archived.
pub const ARCHIVED: Rule = Rule {
    id: "archived-dependency",
    summary: "an action, workflow or hook whose repository is archived",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1104", "OWASP-CICD-SEC-03"],
    fix: "use its successor, or the command that it wraps",
};

/// An action that fetches the latest version of its tool.
pub const TOOL: Rule = Rule {
    id: "unpinned-tool",
    summary: "a pinned action that fetches its tool in whatever version there is today",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-829", "OWASP-CICD-SEC-03"],
    fix: "name the tool's version in the inputs of the action",
};

/// A package published with a long-lived token.
pub const TOKEN: Rule = Rule {
    id: "long-lived-publishing-token",
    summary: "a package is published by a token that does not expire",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-CICD-SEC-06"],
    fix: "use the registry's trusted publishing, with `id-token: write` on this job",
};

/// A token of a GitHub App that may do more than it must.
pub const APP: Rule = Rule {
    id: "broad-app-token",
    summary: "a token of a GitHub App that lasts longer or may do more than it must",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "OWASP-CICD-SEC-05"],
    fix: "name the repositories and permissions (`permission-...`), and let the token be revoked",
};

/// A password of a registry in the file.
pub const CREDENTIALS: Rule = Rule {
    id: "container-password",
    summary: "the password of a registry stands in the workflow",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-798", "OWASP-CICD-SEC-06"],
    fix: "use an encrypted secret: `${{ secrets.NAME }}`",
};
