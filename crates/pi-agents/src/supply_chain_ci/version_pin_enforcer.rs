//! `version_pin_enforcer`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::dependencies::{Dependencies, Dependency, Ecosystem, Source};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::pins::{Looseness, looseness};

const ANY: Rule = Rule {
    id: "any-version",
    summary: "a dependency of which any version will do",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "name the versions that the project is tested with",
};

const UNBOUNDED: Rule = Rule {
    id: "unbounded-version",
    summary: "a dependency that takes every future version",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "add an upper bound, or commit a lockfile",
};

const FLOATING: Rule = Rule {
    id: "floating-version",
    summary: "a range in a file that installers read without a lockfile",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "pin with `==`, best with hashes (`pip-compile --generate-hashes`)",
};

const GIT: Rule = Rule {
    id: "floating-git-reference",
    summary: "a git dependency that is not fixed to a commit",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1357", "CWE-829", "Scorecard-Pinned-Dependencies"],
    fix: "name the full commit",
};

declare_agent! {
    /// # What it checks
    /// The requirements of manifests, by the grammar of their ecosystem (npm, PEP 440
    /// and Poetry, Cargo): dependencies without any version, with `*` or a tag such as
    /// `latest`, without an upper end, and git sources without a full commit. In
    /// requirements files, which pip installs as they are, ranges are reported too;
    /// a requirement with a hash is pinned.
    ///
    /// # Why it matters
    /// What is not fixed is decided by whoever publishes next: a taken-over package
    /// reaches the next build by itself.
    ///
    /// # Example denied
    /// ```text
    /// requests
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// requests==2.32.4
    /// ```
    ///
    /// # Limits
    /// Ranges such as `^1.2` in `package.json`, `Cargo.toml` and `pyproject.toml` are
    /// silent, because a lockfile fixes them; whether there is one is not known from
    /// one file. `go.mod` always names versions. Docker images and actions are the
    /// matter of other agents. Dependencies for development count one severity
    /// lower, as do requirements of the build system. Peer dependencies are meant to
    /// be wide and are silent.
    ///
    /// # References
    /// CWE-1357 (reliance on insufficiently trustworthy component), OpenSSF Scorecard
    /// `Pinned-Dependencies`, OWASP CICD-SEC-3.
    pub struct VersionPinEnforcer {
        slug: "version_pin_enforcer",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::NpmManifest, Kind::PipRequirements, Kind::PyProject, Kind::CargoManifest],
        triggers: Always,
        invariant_to: ALL,
        rules: [ANY, UNBOUNDED, FLOATING, GIT],
        fixture: include_str!("fixtures/version_pin_enforcer.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let dependencies = artifact.dependencies()?;
    for dependency in &dependencies.items {
        report.tick(1)?;
        let Some(looseness) = looseness(artifact.kind(), dependencies, dependency) else {
            continue;
        };
        let rule = match looseness {
            Looseness::Any => &ANY,
            Looseness::Unbounded => &UNBOUNDED,
            Looseness::Floating => &FLOATING,
            Looseness::Git => &GIT,
        };
        let severity = if dependency.development { rule.severity.lowered() } else { rule.severity };
        report
            .finding(rule, dependency.span)
            .message(message(dependencies, dependency, looseness))
            .subject(&dependency.name)
            .severity(severity);
    }
    Ok(())
}

fn message(dependencies: &Dependencies, dependency: &Dependency, looseness: Looseness) -> String {
    let name = &dependency.name;
    let what = match dependencies.ecosystem {
        Ecosystem::Npm => "package",
        Ecosystem::Cargo => "crate",
        Ecosystem::PyPi => "package",
        Ecosystem::Go => "module",
    };
    let written = dependency.version.as_deref().filter(|v| !v.is_empty());
    match (looseness, &dependency.source, written) {
        (Looseness::Git, Source::Git { reference: Some(reference), .. }, _) => {
            format!("the {what} `{name}` follows the git reference `{reference}`")
        }
        (Looseness::Git, ..) => format!("the {what} `{name}` follows a git branch"),
        (_, _, Some(version)) => format!("the {what} `{name}` is required as `{version}`"),
        _ => format!("the {what} `{name}` is required without a version"),
    }
}
