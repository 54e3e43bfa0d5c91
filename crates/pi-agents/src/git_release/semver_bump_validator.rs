//! See [`SemverBumpValidator`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Data, Node};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::version::Version;

const INVALID: Rule = Rule {
    id: "invalid-semver",
    summary: "a version is not one of Semantic Versioning 2.0.0",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "write MAJOR.MINOR.PATCH, with `-pre.release` and `+build` where needed",
};

const NOT_TEXT: Rule = Rule {
    id: "version-not-text",
    summary: "a version is written as a number, which drops its zeros",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "put the version between quotes, with all three numbers",
};

declare_agent! {
    /// Checks the versions that projects give themselves.
    ///
    /// # What it checks
    /// The version of npm, Cargo, Python and Helm manifests against the grammar of
    /// Semantic Versioning 2.0.0: three numbers without leading zeros, identifiers
    /// of pre-releases and builds.
    ///
    /// # Why it matters
    /// Registries refuse some malformed versions and sort others wrongly; ranges
    /// like `^1.2` then pick the wrong release.
    ///
    /// # Example denied
    /// ```json
    /// {"name": "app", "version": "v1.2"}
    /// ```
    ///
    /// # Example allowed
    /// ```json
    /// {"name": "app", "version": "1.2.0-rc.1+build.5"}
    /// ```
    ///
    /// # Limits
    /// Python projects follow PEP 440; what is valid there and not here is reported
    /// as information. Versions that are computed or inherited are left out.
    ///
    /// # References
    /// Semantic Versioning 2.0.0; PEP 440.
    pub struct SemverBumpValidator {
        slug: "semver_bump_validator",
        domain: GitRelease,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::NpmManifest, Kind::CargoManifest, Kind::PyProject, Kind::Yaml, Kind::Json],
        triggers: Always,
        invariant_to: ALL,
        rules: [INVALID, NOT_TEXT],
        fixture: include_str!("fixtures/semver_bump_validator.md"),
        check: check,
    }
}

/// Where manifests keep the version of what they describe.
fn paths(artifact: &Artifact) -> &'static [&'static [&'static str]] {
    match artifact.kind() {
        Kind::NpmManifest => &[&["version"]],
        Kind::CargoManifest => &[&["package", "version"], &["workspace", "package", "version"]],
        Kind::PyProject => &[&["project", "version"], &["tool", "poetry", "version"]],
        Kind::Yaml if artifact.file_name() == "Chart.yaml" => &[&["version"]],
        Kind::Yaml if artifact.file_name() == "pubspec.yaml" => &[&["version"]],
        Kind::Json if artifact.file_name() == "composer.json" => &[&["version"]],
        _ => &[],
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let paths = paths(artifact);
    if paths.is_empty() {
        return Ok(());
    }
    for document in artifact.data()? {
        for path in paths {
            report.tick(1)?;
            if let Some(node) = document.root.at(path) {
                version(artifact.kind(), &path.join("."), node, report);
            }
        }
    }
    Ok(())
}

fn version(kind: Kind, subject: &str, node: &Node, report: &mut Report) {
    if matches!(node.value, Data::Number(_)) {
        report.finding(&NOT_TEXT, node.span).subject(subject);
        return;
    }
    // Inherited from a workspace, or filled in by a template.
    let Some(text) = node.as_str() else { return };
    if text.contains("{{") || text.contains("${") {
        return;
    }
    let Err(why) = Version::parse(text) else { return };
    let finding = report.finding(&INVALID, node.span);
    finding.message(format!("`{text}` is no semantic version: {why}")).subject(subject);
    if kind == Kind::PyProject && is_pep440(text) {
        finding.severity(Severity::Info).confidence(Confidence::Low);
    }
}

/// Whether a text has the shape of a PEP 440 version: an epoch, numbers, and
/// `a`, `b`, `rc`, `post` or `dev` with numbers.
fn is_pep440(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let public = lower.split('+').next().unwrap_or_default();
    let rest = public.split_once('!').map_or(public, |(_, rest)| rest);
    let rest = rest.strip_prefix('v').unwrap_or(rest);
    let mut words = vec![String::new()];
    for c in rest.chars() {
        if c.is_ascii_digit() {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    rest.starts_with(|c: char| c.is_ascii_digit())
        && words.iter().all(|word| {
            let word = word.trim_matches(['.', '-', '_']);
            ["", "a", "b", "c", "rc", "alpha", "beta", "pre", "preview", "post", "rev", "r", "dev"]
                .contains(&word)
        })
}

#[cfg(test)]
mod tests {
    use super::is_pep440;

    #[test]
    fn python_versions_are_known() {
        for text in ["1.0", "1.0rc1", "2024.1.post2", "1!2.0.dev3", "1.0a1+local.2"] {
            assert!(is_pep440(text), "{text}");
        }
        for text in ["one", "1.0-custom", "1.x"] {
            assert!(!is_pep440(text), "{text}");
        }
    }
}
