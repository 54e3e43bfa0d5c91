//! `dependency_vuln_scanner`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::vulnerable;

const KNOWN: Rule = Rule {
    id: "known-vulnerability",
    summary: "a dependency version with a published vulnerability",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1395", "OWASP-A06:2021", "Scorecard-Vulnerabilities"],
    fix: "update the dependency to a fixed version",
};

declare_agent! {
    /// # What it checks
    /// The versions that Python, Rust and Go manifests and lockfiles fix, against
    /// a bundled table of advisories. Versions are compared in the order of their
    /// ecosystem (PEP 440, SemVer, Go modules), never as text: `2.2` is not a
    /// prefix of `2.28`. npm files are the matter of `npm_dependency_vuln_scanner`.
    ///
    /// # Why it matters
    /// Published vulnerabilities are the ones attackers try first.
    ///
    /// # Example denied
    /// ```text
    /// requests==2.30.0
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// requests==2.32.4
    /// ```
    ///
    /// # Limits
    /// The bundled table is a selection: about 870 advisories of some 140 packages
    /// of PyPI (as of 2024-10), crates.io and Go (as of 2026-08), not a full
    /// database. Silence means that nothing in this selection matches.
    /// Ranges in manifests are not judged, because they do not say which version
    /// is used; `go.sum` is not read, because it also lists versions that are not
    /// built. A dependency for development only counts one severity lower.
    /// Advisories without a CVSS v3 vector count as medium.
    ///
    /// # References
    /// CWE-1395 (dependency on vulnerable third-party component), OWASP A06:2021,
    /// OpenSSF Scorecard `Vulnerabilities`, the OSV schema.
    pub struct DependencyVulnScanner {
        slug: "dependency_vuln_scanner",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::PipRequirements,
            Kind::PyProject,
            Kind::PythonLock,
            Kind::PipfileLock,
            Kind::CargoManifest,
            Kind::CargoLock,
            Kind::GoMod,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [KNOWN],
        fixture: include_str!("fixtures/dependency_vuln_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    vulnerable::check(artifact, report, &KNOWN)
}
