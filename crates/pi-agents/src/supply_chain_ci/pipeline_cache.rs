//! Caches that are restored in workflows that publish.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::data::Node;
use pi_core::{Confidence, Severity};

use super::workflow::model::{Step, Workflow};

/// A cache under a publishing trigger.
pub const CACHE: Rule = Rule {
    id: "cache-in-release",
    summary: "a cache restored in a workflow that publishes",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-349", "OWASP-CICD-SEC-09"],
    fix: "build releases without caches: other workflows of the repository can write them",
};

/// When an action restores a cache.
#[derive(Clone, Copy)]
enum Caching {
    Always,
    /// Unless this input has this value.
    Unless(&'static str, &'static str),
    /// When this input is set and not `false`.
    When(&'static str),
    /// When the second input is set, unless the first is `false`.
    Together(&'static str, &'static str),
}

/// Actions that restore caches.
const CACHING: &[(&str, Caching)] = &[
    ("actions/cache", Caching::Unless("lookup-only", "true")),
    ("actions/cache/restore", Caching::Always),
    ("actions/setup-go", Caching::Unless("cache", "false")),
    // It caches by itself since version 5.
    ("actions/setup-node", Caching::Unless("package-manager-cache", "false")),
    ("actions/setup-python", Caching::When("cache")),
    ("actions/setup-java", Caching::When("cache")),
    ("actions/setup-dotnet", Caching::When("cache")),
    ("ruby/setup-ruby", Caching::When("bundler-cache")),
    ("swatinem/rust-cache", Caching::Unless("lookup-only", "true")),
    ("actions-rust-lang/setup-rust-toolchain", Caching::Unless("cache", "false")),
    ("astral-sh/setup-uv", Caching::Unless("enable-cache", "false")),
    ("gradle/actions/setup-gradle", Caching::Unless("cache-disabled", "true")),
    ("gradle/gradle-build-action", Caching::Unless("cache-disabled", "true")),
    // Only a binary that is downloaded is cached.
    ("docker/setup-buildx-action", Caching::Together("cache-binary", "version")),
    ("mlugg/setup-zig", Caching::Unless("use-cache", "false")),
    ("oven-sh/setup-bun", Caching::Unless("no-cache", "true")),
    ("determinatesystems/magic-nix-cache-action", Caching::Always),
    ("nix-community/cache-nix-action", Caching::Always),
    ("graalvm/setup-graalvm", Caching::When("cache")),
    ("moonrepo/setup-rust", Caching::Unless("cache", "false")),
    ("mozilla-actions/sccache-action", Caching::Always),
    ("pyo3/maturin-action", Caching::When("sccache")),
    ("buildjet/cache", Caching::Always),
    ("runs-on/cache", Caching::Always),
    ("golangci/golangci-lint-action", Caching::Unless("skip-cache", "true")),
];

/// Actions that publish what was built.
const PUBLISHING: &[&str] = &[
    "softprops/action-gh-release",
    "pypa/gh-action-pypi-publish",
    "ncipollo/release-action",
    "goreleaser/goreleaser-action",
    "actions/create-release",
    "changesets/action",
    "js-devtools/npm-publish",
    "rubygems/release-gem",
    "actions/upload-release-asset",
    "svenstaro/upload-release-action",
];

/// Reports caches in publishing workflows.
///
/// # Errors
/// The steps are spent.
pub fn check(workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let whole = publishes_by_trigger(workflow);
    for job in &workflow.jobs {
        let publishes = whole
            || job.steps.iter().any(|step| {
                step.action().is_some_and(|action| PUBLISHING.contains(&action.as_str()))
                    || pushes_image(step)
            });
        if !publishes {
            continue;
        }
        for step in &job.steps {
            report.tick(1)?;
            if let Some(uses) = step.node.get("uses").filter(|_| restores(step)) {
                report.finding(&CACHE, uses.span).subject(&step.path);
            }
        }
    }
    Ok(())
}

/// A release, a pushed tag or a release branch starts the workflow.
fn publishes_by_trigger(workflow: &Workflow) -> bool {
    let listed = |key: &str, wanted: fn(&str) -> bool| {
        workflow
            .trigger("push")
            .and_then(|push| push.get(key))
            .is_some_and(|list| list.items().iter().filter_map(Node::as_str).any(wanted))
    };
    workflow.starts_on(&["release"])
        || listed("tags", |_| true)
        || listed("branches", |branch| branch.to_ascii_lowercase().contains("release"))
}

fn pushes_image(step: &Step) -> bool {
    step.action().as_deref() == Some("docker/build-push-action")
        && step.with("push").and_then(Node::scalar) != Some("false")
}

fn restores(step: &Step) -> bool {
    let Some(action) = step.action() else { return false };
    let Some((_, caching)) = CACHING.iter().find(|(name, _)| *name == action) else { return false };
    match caching {
        Caching::Always => true,
        Caching::Unless(input, value) => {
            !step.with(input).and_then(Node::scalar).is_some_and(|v| v.eq_ignore_ascii_case(value))
        }
        Caching::Together(switch, input) => {
            step.with(switch).and_then(Node::scalar) != Some("false") && step.with(input).is_some()
        }
        Caching::When(input) => {
            step.with(input).and_then(Node::scalar).is_some_and(|v| !v.is_empty() && v != "false")
        }
    }
}
