//! Search for known vulnerable versions, shared by the agents that look for
//! them.

use pi_agent_api::{Finding, Report, Rule, Stop};
use pi_artifacts::Artifact;
use pi_artifacts::dependencies::{Dependencies, Dependency, Source};

use super::advisories::{Advisory, Table};
use super::graph::Graph;
use super::requirement::{Fixation, fixation};
use super::version::Version;

/// Reports every dependency whose version an advisory affects.
///
/// # Errors
/// The artifact does not parse, or the steps are spent.
pub fn check(artifact: &Artifact, report: &mut Report, rule: &'static Rule) -> Result<(), Stop> {
    let dependencies = artifact.dependencies()?;
    let mut paths: Option<Paths> = None;
    for dependency in &dependencies.items {
        report.tick(1)?;
        let Some(version) = version_of(dependencies, dependency) else { continue };
        let hits = Table::selection().affecting(dependencies.ecosystem, &dependency.name, &version);
        let hits: Vec<_> = hits.collect();
        if hits.is_empty() {
            continue;
        }
        let path = if dependencies.locked {
            if paths.is_none() {
                paths = Some(Paths::new(dependencies, report)?);
            }
            paths.as_ref().and_then(|paths| paths.to(&dependency.name))
        } else {
            None
        };
        for (advisory, fixed) in hits {
            let finding = report.finding(rule, dependency.span);
            describe(finding, dependency, advisory, fixed, path.as_deref());
        }
    }
    Ok(())
}

/// The one version that is used: what a lockfile resolved or an exact pin.
fn version_of(dependencies: &Dependencies, dependency: &Dependency) -> Option<Version> {
    if !matches!(dependency.source, Source::Registry(_)) {
        return None;
    }
    let text = dependency.version.as_deref()?;
    if dependencies.locked {
        return Version::parse(dependencies.ecosystem, text);
    }
    match fixation(dependencies.ecosystem, Some(text)) {
        Fixation::Exact(version) => Some(version),
        _ => None,
    }
}

fn describe(
    finding: &mut Finding,
    dependency: &Dependency,
    advisory: &Advisory,
    fixed: Option<&str>,
    path: Option<&str>,
) {
    let version = dependency.version.as_deref().unwrap_or_default().trim_start_matches('=');
    let mut ids = advisory.id.clone();
    if !advisory.aliases.is_empty() {
        ids.push_str(" (");
        ids.push_str(&advisory.aliases.join(", "));
        ids.push(')');
    }
    let through = path.map(|path| format!(", reached through {path}")).unwrap_or_default();
    let name = &dependency.name;
    // Tools for development do not run where attackers reach them.
    let severity =
        if dependency.development { advisory.severity.lowered() } else { advisory.severity };
    finding
        .message(format!("`{name}` {version} is affected by {ids}{through}"))
        .subject(format!("{name}@{version}/{}", advisory.id))
        .severity(severity)
        .fix(match fixed {
            Some(fixed) => format!("update `{name}` to {fixed} or later"),
            None => format!("no fixed version of `{name}` is known; replace it"),
        });
}

/// Shortest ways from the packages that nothing requires.
struct Paths<'a> {
    graph: Graph<'a>,
    before: Vec<Option<usize>>,
}

impl<'a> Paths<'a> {
    fn new(dependencies: &'a Dependencies, report: &mut Report) -> Result<Self, Stop> {
        let graph = Graph::new(dependencies, report)?;
        let before = graph.breadth_first(report)?;
        Ok(Self { graph, before })
    }

    /// `a > b > c`, when there is a package before `name`.
    fn to(&self, name: &str) -> Option<String> {
        /// Longer ways are shown by their two ends.
        const SHOWN: usize = 8;
        let mut at = self.graph.index(name)?;
        let mut way = vec![self.graph.name(at)];
        while let Some(before) = self.before.get(at).copied().flatten() {
            at = before;
            way.push(self.graph.name(at));
            if way.len() > SHOWN {
                break;
            }
        }
        way.reverse();
        (way.len() > 1).then(|| way.join(" > "))
    }
}
