//! The rules of [`super::super::github_workflow_linter`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

const fn rule(id: &'static str, summary: &'static str, fix: &'static str) -> Rule {
    Rule {
        id,
        summary,
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &[],
        fix,
    }
}

/// It does not parse.
pub const UNREADABLE: Rule =
    rule("unreadable-workflow", "a workflow that is no YAML", "correct the syntax");
/// A key that GitHub does not know.
pub const UNKNOWN_KEY: Rule =
    rule("unknown-key", "a key that GitHub does not know here", "correct its spelling or place");
/// A key that must be there.
pub const MISSING_KEY: Rule =
    rule("missing-key", "a key that must be there is missing", "add the key");
/// A key twice.
pub const DUPLICATE_KEY: Rule =
    rule("duplicate-key", "a key stands twice, and one of them is ignored", "keep one of them");
/// A value of the wrong kind.
pub const WRONG_VALUE: Rule =
    rule("wrong-value", "a value is empty or of the wrong kind", "write the value that is meant");
/// `<<`
pub const MERGE_KEY: Rule =
    rule("merge-key", "GitHub does not merge maps by `<<`", "write the keys out");
/// Events and their filters.
pub const EVENT: Rule = rule(
    "invalid-event",
    "an event or one of its filters does not exist or cannot be combined so",
    "see GitHub: Events that trigger workflows",
);
/// `needs`
pub const NEEDS: Rule = rule(
    "invalid-needs",
    "a job waits for one that does not exist, for itself, or for one twice",
    "name each job that must be done before, once",
);
/// Permissions.
pub const PERMISSION: Rule = rule(
    "invalid-permission",
    "a permission or its level does not exist",
    "see GitHub: permissions in the workflow syntax",
);
/// Names of jobs, steps and variables.
pub const NAME: Rule = rule(
    "invalid-name",
    "a name has characters that are not allowed, or is taken",
    "use letters, digits, `-` and `_`",
);
/// Names of environment variables.
pub const VARIABLE: Rule = rule(
    "invalid-variable-name",
    "no shell can read a variable of this name",
    "use letters, digits and `_`",
);
/// Runner labels.
pub const RUNNER: Rule = rule(
    "unknown-runner",
    "no runner has this label, or none has these together",
    "see GitHub: Choosing the runner for a job",
);
/// Commands that were switched off.
pub const COMMAND: Rule = rule(
    "removed-workflow-command",
    "a workflow command that GitHub has switched off",
    "write to `$GITHUB_OUTPUT`, `$GITHUB_STATE`, `$GITHUB_ENV` or `$GITHUB_PATH`",
);
/// Patterns of branches, tags and paths.
pub const PATTERN: Rule = rule(
    "invalid-pattern",
    "a pattern matches nothing or not what it says",
    "see GitHub: Filter pattern cheat sheet",
);
/// Matrices.
pub const MATRIX: Rule = rule(
    "exclusion-without-effect",
    "an exclusion names no combination of the matrix",
    "name values that are in the matrix",
);
/// Reusable workflows.
pub const CALL: Rule = rule(
    "invalid-workflow-call",
    "a called workflow is named in a way that GitHub does not find",
    "write `owner/repository/.github/workflows/file.yml@ref` or `./.github/workflows/file.yml`",
);
/// Expressions.
pub const EXPRESSION: Rule = rule(
    "invalid-expression",
    "an expression does not parse, or names what does not exist there",
    "see GitHub: Contexts, and Evaluate expressions",
);
/// Old versions.
pub const OUTDATED: Rule = rule(
    "outdated-action",
    "a version of an action that runs on a runtime that GitHub has removed",
    "use its current version",
);
/// Shells.
pub const SHELL: Rule =
    rule("unknown-shell", "no runner has this shell", "see GitHub: defaults.run.shell");
