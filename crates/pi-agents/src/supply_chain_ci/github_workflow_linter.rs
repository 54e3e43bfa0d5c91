//! `github_workflow_linter`.

use pi_agent_api::declare_agent;
use pi_artifacts::Kind;

use super::lint;

declare_agent! {
    /// Finds what GitHub refuses in a workflow, or reads otherwise than it is meant.
    ///
    /// # What it checks
    /// The whole of a GitHub Actions workflow against the documented syntax: keys and
    /// values, events with their types and filters, times, patterns, jobs that wait for
    /// each other, permissions, runners, shells, matrices; and every expression against
    /// the documented contexts, functions and the place where it stands: steps that
    /// have run, jobs that are needed, keys of the matrix, inputs.
    ///
    /// # Why it matters
    /// A key that GitHub does not know is ignored without a word: a filter that never
    /// filters, a condition that is never read, a permission that stays open.
    ///
    /// # Example denied
    /// ```yaml
    /// on:
    ///   push:
    ///     branch: main
    /// jobs:
    ///   build:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: echo "${{ matrix.os }}"
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// on:
    ///   push:
    ///     branches: [main]
    /// jobs:
    ///   build:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: echo "${{ github.sha }}"
    /// ```
    ///
    /// # Limits
    /// What actions and called workflows of other files take and give is unknown.
    /// Labels of one's own runners are accepted only beside `self-hosted`. Scripts are
    /// not read.
    ///
    /// # References
    /// GitHub: Workflow syntax, Events that trigger workflows, Contexts, Evaluate
    /// expressions in workflows and actions.
    pub struct GithubWorkflowLinter {
        slug: "github_workflow_linter",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            lint::UNREADABLE, lint::UNKNOWN_KEY, lint::MISSING_KEY, lint::DUPLICATE_KEY,
            lint::WRONG_VALUE, lint::MERGE_KEY, lint::EVENT, lint::NEEDS, lint::PERMISSION,
            lint::NAME, lint::VARIABLE, lint::RUNNER, lint::COMMAND, lint::PATTERN,
            lint::MATRIX, lint::CALL, lint::EXPRESSION, lint::OUTDATED, lint::SHELL,
        ],
        fixture: include_str!("fixtures/github_workflow_linter.md"),
        check: lint::check,
    }
}
