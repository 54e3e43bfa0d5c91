//! `npm_dependency_vuln_scanner`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::vulnerable;

const KNOWN: Rule = Rule {
    id: "known-vulnerability",
    summary: "an npm package version with a published vulnerability",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1395", "OWASP-A06:2021", "Scorecard-Vulnerabilities"],
    fix: "update the package to a fixed version",
};

declare_agent! {
    /// # What it checks
    /// The versions that `package-lock.json`, `yarn.lock`, `pnpm-lock.yaml` and the
    /// exact pins of `package.json` fix, against a bundled table of advisories,
    /// malicious releases included. In a lockfile the finding names a shortest way
    /// from a package that nothing else requires to the affected one.
    ///
    /// # Why it matters
    /// Most vulnerable npm packages are not named in `package.json`: they come with
    /// another, and the way there says what has to be updated.
    ///
    /// # Example denied
    /// ```json
    /// { "dependencies": { "lodash": "4.17.20" } }
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// { "dependencies": { "lodash": "4.17.21" } }
    /// ```
    ///
    /// # Limits
    /// The bundled table is a selection by hand of about fifty well-known npm
    /// advisories up to April 2025, not a full database. Ranges in `package.json`
    /// are not judged. Ways are found by package name, so that several versions of
    /// one package count as one step. A package for development only counts one
    /// severity lower.
    ///
    /// # References
    /// CWE-1395 (dependency on vulnerable third-party component), OWASP A06:2021,
    /// OpenSSF Scorecard `Vulnerabilities`, GitHub Advisory Database.
    pub struct NpmDependencyVulnScanner {
        slug: "npm_dependency_vuln_scanner",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::NpmManifest, Kind::NpmLock, Kind::YarnLock, Kind::PnpmLock],
        triggers: Always,
        invariant_to: ALL,
        rules: [KNOWN],
        fixture: include_str!("fixtures/npm_dependency_vuln_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    vulnerable::check(artifact, report, &KNOWN)
}
