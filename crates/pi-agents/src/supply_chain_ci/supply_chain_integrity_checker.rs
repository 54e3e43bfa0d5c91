//! `supply_chain_integrity_checker`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Entry, Node};
use pi_artifacts::dependencies::{Dependencies, Dependency, Ecosystem, Source};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::install_scripts;
use super::names::{Likeness, look_alike};

const LOOK_ALIKE: Rule = Rule {
    id: "look-alike-package",
    summary: "a package whose name is a slip away from a popular one",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-1357", "CWE-829", "OWASP-CICD-SEC-03"],
    fix: "check the spelling; if the package is meant, note that in a comment and allow it",
};

const CONFUSION: Rule = Rule {
    id: "dependency-confusion",
    summary: "an internal package name that a public registry could answer for",
    severity: Severity::Medium,
    confidence: Confidence::Low,
    references: &["CWE-1357", "CWE-427", "OWASP-CICD-SEC-03"],
    fix: "bind the scope to the internal registry, and reserve the name in the public one",
};

const INSECURE: Rule = Rule {
    id: "insecure-source",
    summary: "a dependency fetched without encryption",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-494", "CWE-319"],
    fix: "fetch it over https from a registry, with a hash",
};

const URL: Rule = Rule {
    id: "url-source",
    summary: "a dependency fetched from a URL without a hash",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-494", "CWE-829"],
    fix: "take the package from a registry, or record its hash",
};

const INTEGRITY: Rule = Rule {
    id: "missing-integrity",
    summary: "locked packages without a hash",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-353", "CWE-494", "Scorecard-Pinned-Dependencies"],
    fix: "write the lockfile again with a current version of the package manager",
};

const SCRIPT: Rule = Rule {
    id: "install-script",
    summary: "a script that runs when the package is installed",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-829", "CWE-506"],
    fix: "do the work at build time, or install with `--ignore-scripts`",
};

const DOWNLOADS: Rule = Rule {
    id: "downloading-install-script",
    summary: "an install script that fetches or decodes code and runs it",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-494", "CWE-506", "CWE-829"],
    fix: "ship the code in the package, or verify what is fetched against a hash",
};

const EXTRA_INDEX: Rule = Rule {
    id: "extra-index",
    summary: "a second package index, from which pip takes whichever version is highest",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-1357", "CWE-427", "OWASP-CICD-SEC-03"],
    fix: "use one `--index-url` that proxies the public index",
};

declare_agent! {
    /// # What it checks
    /// The parsed dependencies of manifests and lockfiles:
    /// - names that look like a popular package: one edit or swap away
    ///   (Damerau-Levenshtein), look-alike characters (UTS #39), the same words
    ///   rearranged, or with a word that promises the same (`python-requests`);
    /// - names that look internal and are bound to no registry;
    /// - sources over `http:` and `git:`, and archives from URLs without a hash;
    /// - lockfiles of registry packages without hashes;
    /// - `preinstall`, `install`, `postinstall` and `prepare` scripts of an npm
    ///   package, more severe when they fetch or decode code;
    /// - `--extra-index-url` and unencrypted indexes of requirements files.
    ///
    /// # Why it matters
    /// Typosquatting and dependency confusion put foreign code into a build without
    /// touching the project: one letter is enough.
    ///
    /// # Example denied
    /// ```text
    /// reqeusts==2.32.4
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// requests==2.32.4
    /// ```
    ///
    /// # Limits
    /// The popular packages are bundled lists of a few hundred names each, chosen by
    /// hand; genuine packages that are one letter away from one of them and not on
    /// the list are reported wrongly. Go modules are not compared. Whether a name
    /// exists in the public registry is not known offline.
    ///
    /// # References
    /// CWE-1357, CWE-829, CWE-494 (download of code without integrity check), CWE-427
    /// (uncontrolled search path element), CWE-353 (missing support for integrity
    /// check), CWE-319 (cleartext transmission), OWASP CICD-SEC-3.
    pub struct SupplyChainIntegrityChecker {
        slug: "supply_chain_integrity_checker",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::NpmManifest,
            Kind::NpmLock,
            Kind::YarnLock,
            Kind::PnpmLock,
            Kind::PipRequirements,
            Kind::PyProject,
            Kind::PythonLock,
            Kind::PipfileLock,
            Kind::CargoManifest,
            Kind::CargoLock,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [LOOK_ALIKE, CONFUSION, INSECURE, URL, INTEGRITY, SCRIPT, DOWNLOADS, EXTRA_INDEX],
        fixture: include_str!("fixtures/supply_chain_integrity_checker.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::NpmManifest {
        scripts(artifact, report)?;
    }
    let dependencies = artifact.dependencies()?;
    indexes(dependencies, report);
    let mut unhashed: Vec<&Dependency> = Vec::new();
    for dependency in &dependencies.items {
        report.tick(1)?;
        name(dependencies, dependency, report)?;
        source(dependencies, dependency, report);
        let registry = matches!(dependency.source, Source::Registry(_));
        if dependencies.locked && registry && !dependency.has_integrity {
            unhashed.push(dependency);
        }
    }
    if let Some(first) = unhashed.first() {
        let message = match unhashed.len() {
            1 => format!("`{}` is locked without a hash", first.name),
            many => format!("`{}` and {} more are locked without a hash", first.name, many - 1),
        };
        report.finding(&INTEGRITY, first.span).message(message).subject("lockfile");
    }
    Ok(())
}

fn name(
    dependencies: &Dependencies,
    dependency: &Dependency,
    report: &mut Report,
) -> Result<(), Stop> {
    let name = &dependency.name;
    if matches!(dependency.source, Source::Path(_)) {
        return Ok(());
    }
    if let Some((real, likeness)) = look_alike(dependencies.ecosystem, name, report)? {
        let (how, confidence, severity) = match likeness {
            Likeness::Homoglyph => {
                ("by look-alike characters", Confidence::High, Severity::Critical)
            }
            Likeness::Typo => ("by one letter", Confidence::Medium, Severity::High),
            Likeness::Rearranged => (
                "by the order or the separators of its words",
                Confidence::Medium,
                Severity::Medium,
            ),
            Likeness::Combined => ("by an added word", Confidence::Low, Severity::Medium),
        };
        report
            .finding(&LOOK_ALIKE, dependency.span)
            .message(format!("`{name}` differs from the popular `{real}` {how}"))
            .subject(super::unicode_text::escaped(name))
            .severity(severity)
            .confidence(confidence);
    }
    if !dependencies.locked && looks_internal(dependencies.ecosystem, dependency) {
        report
            .finding(&CONFUSION, dependency.span)
            .message(format!("`{name}` looks internal and names no registry"))
            .subject(name);
    }
    Ok(())
}

/// Names that say that they are not public, without a registry beside them.
fn looks_internal(ecosystem: Ecosystem, dependency: &Dependency) -> bool {
    if !matches!(dependency.source, Source::Registry(None)) {
        return false;
    }
    let name = dependency.name.to_ascii_lowercase();
    let (scope, rest) = match name.strip_prefix('@').and_then(|name| name.split_once('/')) {
        Some((scope, rest)) => (Some(scope), rest),
        None => (None, name.as_str()),
    };
    let word = |text: &str| {
        text.split(['-', '_', '.'])
            .any(|part| matches!(part, "internal" | "intern" | "private" | "corp" | "inhouse"))
    };
    match (ecosystem, scope) {
        // A scope belongs to its owner in the public registry as well; a scope
        // that says that it is internal has no owner there.
        (Ecosystem::Npm, Some(scope)) => word(scope),
        (Ecosystem::Npm | Ecosystem::PyPi, None) => word(rest) && rest.contains(['-', '_', '.']),
        _ => false,
    }
}

fn source(dependencies: &Dependencies, dependency: &Dependency, report: &mut Report) {
    let name = &dependency.name;
    let url = match &dependency.source {
        Source::Registry(Some(url)) | Source::Url(url) | Source::Git { url, .. } => url,
        Source::Registry(None) | Source::Path(_) => return,
    };
    if is_plain(url) {
        report
            .finding(&INSECURE, dependency.span)
            .message(format!("`{name}` is fetched without encryption"))
            .subject(name);
    } else if matches!(dependency.source, Source::Url(_))
        && !dependency.has_integrity
        && !dependencies.locked
    {
        report
            .finding(&URL, dependency.span)
            .message(format!("`{name}` is fetched from a URL without a hash"))
            .subject(name);
    }
}

fn scripts(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(document) = artifact.data()?.first() else { return Ok(()) };
    // `prepare` runs for git dependencies and in the project itself, where it sets
    // up hooks; only what it fetches matters.
    let entries = document.root.get("scripts").map(Node::entries).unwrap_or_default();
    for entry in entries {
        let always = matches!(entry.key.as_str(), "preinstall" | "install" | "postinstall");
        if !always && entry.key != "prepare" {
            continue;
        }
        script(entry, always, report);
    }
    Ok(())
}

fn script(entry: &Entry, always: bool, report: &mut Report) {
    let Some(command) = entry.value.as_str().filter(|text| !text.trim().is_empty()) else { return };
    let rule = if install_scripts::fetches_code(command) {
        &DOWNLOADS
    } else if always && !install_scripts::is_harmless(command) {
        &SCRIPT
    } else {
        return;
    };
    report
        .finding(rule, entry.key_span.to(entry.value.span))
        .subject(format!("scripts.{}", entry.key))
        .evidence(command);
}

/// Package indexes that the file names for all of its dependencies.
fn indexes(dependencies: &Dependencies, report: &mut Report) {
    for registry in &dependencies.registries {
        let subject = host(&registry.url);
        if registry.extra && dependencies.ecosystem == Ecosystem::PyPi {
            report.finding(&EXTRA_INDEX, registry.span).subject(subject);
        }
        if is_plain(&registry.url) {
            report
                .finding(&INSECURE, registry.span)
                .message("a package index is read without encryption")
                .subject(subject);
        }
    }
}

/// Whether a URL is fetched without encryption from another machine.
fn is_plain(url: &str) -> bool {
    let url = url.trim_start_matches("git+").trim_start_matches("registry+");
    let plain = ["http://", "git://", "ftp://"].iter().any(|scheme| url.starts_with(scheme));
    plain && !matches!(host(url).split(':').next(), Some("localhost" | "127.0.0.1"))
}

/// The host of a URL, without the user and password that may stand before it.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit('@').next().unwrap_or(authority)
}
