//! See [`SemverBumpValidator`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Data, Node};
use pi_artifacts::diff::Diff;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::patch::{Intent, entries, is_changelog, message, path, versions};
use super::version::{Bump, Version, follows};

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

const BACK: Rule = Rule {
    id: "version-goes-back",
    summary: "a change lowers the version",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "choose a version above the one before",
};

const SKIPS: Rule = Rule {
    id: "version-skips",
    summary: "a change leaves out versions, or keeps numbers that should start again at zero",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "raise one number by one and set those behind it to zero",
};

const TOO_SMALL: Rule = Rule {
    id: "version-bump-too-small",
    summary: "the step of the version is smaller than the change announces",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &[],
    fix: "take the next major version for breaking changes, the next minor one for features",
};

declare_agent! {
    /// Checks the versions that projects give themselves, and their steps.
    ///
    /// # What it checks
    /// The version of npm, Cargo, Python and Helm manifests against the grammar of
    /// Semantic Versioning 2.0.0: three numbers without leading zeros, identifiers
    /// of pre-releases and builds. In a diff, each version that changes: whether it
    /// goes up, leaves none out, and is as large a step as the commit message and
    /// the changelog sections of the same diff announce (below 1.0.0 a minor step
    /// is enough for breaking changes).
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
    /// as information. Versions that are computed or inherited are left out. What a
    /// change breaks is taken from its announcement, not from the code.
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
        kinds: [
            Kind::NpmManifest, Kind::CargoManifest, Kind::PyProject, Kind::Yaml, Kind::Json,
            Kind::Diff,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [INVALID, NOT_TEXT, BACK, SKIPS, TOO_SMALL],
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
    if artifact.kind() == Kind::Diff {
        return steps(artifact, report);
    }
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

fn steps(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let diff = artifact.diff()?;
    let announced = announced(artifact, diff);
    for change in versions(diff) {
        report.tick(1)?;
        let new = match Version::parse(&change.new) {
            Ok(new) => new,
            Err(why) => {
                // PEP 440 has its own grammar and its own steps.
                if !change.path.ends_with("pyproject.toml") {
                    report
                        .finding(&INVALID, change.span)
                        .message(format!("`{}` is no semantic version: {why}", change.new))
                        .subject(change.path);
                }
                continue;
            }
        };
        let Ok(old) = Version::parse(&change.old) else { continue };
        let step = format!("from {} to {}", change.old, change.new);
        let Some(bump) = Bump::between(&old, &new) else {
            report
                .finding(&BACK, change.span)
                .message(format!("the version goes {step}"))
                .subject(change.path);
            continue;
        };
        if !follows(&old, &new) {
            report
                .finding(&SKIPS, change.span)
                .message(format!("the version goes {step}"))
                .subject(change.path.clone());
        }
        let needed = match announced {
            Some(Bump::Major) if old.major == 0 => Bump::Minor,
            Some(needed) => needed,
            None => continue,
        };
        // A pre-release promises nothing yet.
        if bump < needed && new.pre.is_empty() && old.pre.is_empty() {
            let words = format!("the version goes {step}, the change is a {} one", needed.as_str());
            report.finding(&TOO_SMALL, change.span).message(words).subject(change.path);
        }
    }
    Ok(())
}

/// The least step that the commit message and the changelog of a diff announce.
fn announced(artifact: &Artifact, diff: &Diff) -> Option<Bump> {
    let intent = message(artifact, diff).as_deref().and_then(Intent::of).map(|i| i.bump());
    let hunks = diff.files.iter().filter(|file| is_changelog(path(file))).flat_map(|f| &f.hunks);
    let sections = hunks.flat_map(entries).filter_map(|entry| match entry.section.as_deref() {
        Some("Removed") => Some(Bump::Major),
        Some("Added" | "Deprecated") => Some(Bump::Minor),
        _ => None,
    });
    intent.into_iter().chain(sections).max()
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
