//! `pipeline_habit_linter`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Entry, Node};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::workflow::expression::{Expression, templates};
use super::workflow::model::{Job, Workflow};

const CONCURRENCY: Rule = Rule {
    id: "unlimited-concurrency",
    summary: "runs that newer ones replace go on",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "add `concurrency` with a group and `cancel-in-progress: true`",
};

const UNDOCUMENTED: Rule = Rule {
    id: "undocumented-permission",
    summary: "a permission without a comment that says what it is for",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "say behind it what needs it",
};

const SUPERFLUOUS: Rule = Rule {
    id: "superfluous-action",
    summary: "an action for what the runner can do by itself",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-1357"],
    fix: "call the tool that is on the runner",
};

const MISFEATURE: Rule = Rule {
    id: "misfeature",
    summary: "a feature that nobody can analyse or that breaks other tools",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use a virtual environment, and `bash` or `pwsh`",
};

const ANONYMOUS: Rule = Rule {
    id: "unnamed-workflow",
    summary: "a workflow, action or job without a name",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "add `name`",
};

const OUTSIDE: Rule = Rule {
    id: "secret-outside-environment",
    summary: "a secret that every job of the repository can read",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-CICD-SEC-06"],
    fix: "keep it in an environment, and name that as the job's `environment`",
};

declare_agent! {
    /// Finds habits in GitHub Actions workflows that an auditor asks about.
    ///
    /// # What it checks
    /// Workflows without limits of concurrency, permissions without a comment, actions
    /// for what the runner does by itself, shells and inputs that nobody can analyse,
    /// workflows without a name, secrets that are not kept in an environment.
    ///
    /// # Why it matters
    /// None of these is a hole. Each makes the next hole bigger or harder to see.
    ///
    /// # Example denied
    /// ```yaml
    /// on: push
    /// permissions:
    ///   contents: write
    /// jobs:
    ///   build:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - uses: dtolnay/rust-toolchain@stable
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// name: build
    /// on: push
    /// permissions:
    ///   contents: write # the release notes
    /// concurrency:
    ///   group: ${{ github.workflow }}-${{ github.ref }}
    ///   cancel-in-progress: true
    /// jobs:
    ///   build:
    ///     name: build
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: rustup toolchain install stable
    /// ```
    ///
    /// # Limits
    /// Comments are what one rule is about, so copies with other comments do not vote on
    /// this agent. Where a secret is kept is not seen: a job with an environment is
    /// taken to use it.
    ///
    /// # References
    /// GitHub: Workflow syntax, Using environments; zizmor: concurrency-limits,
    /// undocumented-permissions, superfluous-actions, misfeature, secrets-outside-env;
    /// CWE-522; CWE-770.
    pub struct PipelineHabitLinter {
        slug: "pipeline_habit_linter",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow, Kind::GithubAction],
        triggers: Always,
        invariant_to: ALL.without(Comments).without(BaitComments),
        rules: [CONCURRENCY, UNDOCUMENTED, SUPERFLUOUS, MISFEATURE, ANONYMOUS, OUTSIDE],
        fixture: include_str!("fixtures/pipeline_habit_linter.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    if workflow.jobs.is_empty() {
        return Ok(());
    }
    let start = workflow.root.entries().first().map_or(workflow.root.span, |first| first.key_span);
    if workflow.root.get("name").is_none() {
        report.finding(&ANONYMOUS, start).subject("workflow");
    }
    if !workflow.is_action {
        concurrency(&workflow, start, report);
        shells(workflow.root, "workflow", report);
        if let Some(permissions) = workflow.root.entry("permissions") {
            documented(artifact, permissions, "workflow", report);
        }
    }
    for job in &workflow.jobs {
        if !workflow.is_action && job.node().get("name").is_none() {
            report.finding(&ANONYMOUS, job.entry.key_span).subject(&job.path);
        }
        shells(job.node(), &job.path, report);
        if let Some(permissions) = job.node().entry("permissions") {
            documented(artifact, permissions, &job.path, report);
        }
        if job.node().get("environment").is_none() && !workflow.is_action {
            secrets(artifact, job, report)?;
        }
        for step in &job.steps {
            report.tick(1)?;
            if let Some(shell) = step.node.get("shell") {
                judge_shell(shell, &step.path, report);
            }
            let (Some(action), Some(uses)) = (step.action(), step.node.get("uses")) else {
                continue;
            };
            if let Some((_, instead)) = SUPERFLUOUS_ACTIONS.iter().find(|(name, _)| *name == action)
            {
                report
                    .finding(&SUPERFLUOUS, uses.span)
                    .message(format!("`{action}` does what `{instead}` does"))
                    .subject(&step.path);
            }
            if let ("actions/setup-python", Some(input)) =
                (action.as_str(), step.with("pip-install"))
            {
                report.finding(&MISFEATURE, input.span).subject(&step.path);
            }
        }
    }
    Ok(())
}

/// Actions, in lower case, and the commands that do the same.
const SUPERFLUOUS_ACTIONS: &[(&str, &str)] = &[
    ("actions-ecosystem/action-add-labels", "gh issue edit --add-label"),
    ("actions-ecosystem/action-remove-labels", "gh issue edit --remove-label"),
    ("addnab/docker-run-action", "docker run"),
    ("dacbd/create-issue-action", "gh issue create"),
    ("dtolnay/rust-toolchain", "rustup toolchain install"),
    ("elgohr/github-release-action", "gh release create"),
    ("endbug/add-and-commit", "git commit"),
    ("ncipollo/release-action", "gh release create"),
    ("peter-evans/create-or-update-comment", "gh issue comment"),
    ("peter-evans/create-pull-request", "gh pr create"),
    ("sergeysova/jq-action", "jq"),
    ("softprops/action-gh-release", "gh release create"),
    ("stefanzweifel/git-auto-commit-action", "git commit"),
    ("svenstaro/upload-release-action", "gh release upload"),
];

fn concurrency(workflow: &Workflow, start: Span, report: &mut Report) {
    // The caller limits a workflow that is only called.
    if workflow.triggers == ["workflow_call"] {
        return;
    }
    let cancels = |node: &Node| {
        node.get("cancel-in-progress").is_some_and(|value| value.as_bool() != Some(false))
    };
    match workflow.root.entry("concurrency") {
        Some(entry) if !cancels(&entry.value) => {
            report.finding(&CONCURRENCY, entry.key_span).subject("workflow");
        }
        Some(_) => {}
        None => {
            let each = |job: &Job| job.node().get("concurrency").is_some_and(cancels);
            if !workflow.jobs.iter().all(each) {
                report.finding(&CONCURRENCY, start).subject("workflow");
            }
        }
    }
}

fn documented(artifact: &Artifact, permissions: &Entry, path: &str, report: &mut Report) {
    let text = artifact.text().unwrap_or_default();
    for entry in permissions.value.entries() {
        let level = entry.value.as_str().unwrap_or_default();
        if (entry.key == "contents" && level == "read") || level == "none" {
            continue;
        }
        let behind = text.get(entry.value.span.end as usize..).unwrap_or_default();
        let line = behind.lines().next().unwrap_or_default();
        if !line.contains('#') {
            report
                .finding(&UNDOCUMENTED, entry.key_span.to(entry.value.span))
                .message(format!("nothing says what `{}: {level}` is for", entry.key))
                .subject(format!("{path}.permissions.{}", entry.key));
        }
    }
}

/// The shells that GitHub documents.
const SHELLS: &[&str] = &["bash", "sh", "pwsh", "powershell", "python"];

fn shells(node: &Node, path: &str, report: &mut Report) {
    if let Some(shell) = node.at(&["defaults", "run", "shell"]) {
        judge_shell(shell, path, report);
    }
}

fn judge_shell(shell: &Node, path: &str, report: &mut Report) {
    let Some(text) = shell.as_str().filter(|text| !text.contains("${{")) else { return };
    let program = text.split_whitespace().next().unwrap_or_default();
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let program = program.strip_suffix(".exe").unwrap_or(program);
    if !SHELLS.contains(&program.to_ascii_lowercase().as_str()) {
        report
            .finding(&MISFEATURE, shell.span)
            .message(format!("scripts for `{program}` cannot be analysed"))
            .subject(format!("{path}/shell"));
    }
}

/// Secrets of a job without an environment.
fn secrets(artifact: &Artifact, job: &Job, report: &mut Report) -> Result<(), Stop> {
    let mut open = vec![(job.node(), job.path.clone())];
    while let Some((node, path)) = open.pop() {
        report.tick(1)?;
        for entry in node.entries() {
            open.push((&entry.value, format!("{path}.{}", entry.key)));
        }
        for (at, item) in node.items().iter().enumerate() {
            open.push((item, format!("{path}[{at}]")));
        }
        let found = templates(node.as_str().unwrap_or_default());
        let written = templates(artifact.slice(node.span));
        for (at, template) in found.iter().enumerate() {
            let mut names = Vec::new();
            if let Some(expression) = &template.expression {
                expression.walk(&mut |inner| names.extend(secret(inner)));
            }
            let start = node.span.start as usize;
            let span = written
                .get(at)
                .map_or(node.span, |written| Span::new(start + written.start, start + written.end));
            for name in names {
                report
                    .finding(&OUTSIDE, span)
                    .message(format!("the secret `{name}` is read outside of an environment"))
                    .subject(format!("{path}/{name}"));
            }
        }
    }
    Ok(())
}

/// The secret that a context names. The workflow's own token is none.
fn secret(expression: &Expression) -> Option<String> {
    match expression {
        Expression::Context(way) => match way.as_slice() {
            [context, name, ..] if context == "secrets" && name != "github_token" => {
                Some(name.clone())
            }
            _ => None,
        },
        _ => None,
    }
}
