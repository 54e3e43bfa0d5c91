//! Triggers, permissions, secrets, runners and caches of a workflow.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::data::{Data, Entry, Node};
use pi_core::{Confidence, Severity};

use super::pipeline_cache;
use super::pipeline_injection::{DANGEROUS_TRIGGERS, names_head};
use super::workflow::expression::{Expression, templates};
use super::workflow::model::{Job, Step, Workflow};

pub use super::pipeline_cache::CACHE;

/// Foreign code under a privileged trigger.
pub const CHECKOUT: Rule = Rule {
    id: "untrusted-checkout",
    summary: "code of a pull request checked out where secrets are at hand",
    severity: Severity::Critical,
    confidence: Confidence::Medium,
    references: &["CWE-829", "OWASP-CICD-SEC-04", "Scorecard-Dangerous-Workflow"],
    fix: "build pull requests under `pull_request`, and handle only data under the privileged trigger",
};

/// A privileged trigger.
pub const TRIGGER: Rule = Rule {
    id: "dangerous-trigger",
    summary: "a trigger that strangers start and that runs with secrets",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-829", "OWASP-CICD-SEC-04", "Scorecard-Dangerous-Workflow"],
    fix: "use `pull_request` unless the job needs secrets and touches no foreign code",
};

/// Every permission at once.
pub const WRITE_ALL: Rule = Rule {
    id: "write-all-permissions",
    summary: "a token that may write everything",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "OWASP-CICD-SEC-05", "Scorecard-Token-Permissions"],
    fix: "set `permissions: {}` for the workflow and grant each job what it needs",
};

/// `permissions: read-all`.
pub const READ_ALL: Rule = Rule {
    id: "read-all-permissions",
    summary: "a token that may read everything",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250", "OWASP-CICD-SEC-05", "Scorecard-Token-Permissions"],
    fix: "list the permissions that the job needs",
};

/// Write permissions for all jobs.
pub const BROAD: Rule = Rule {
    id: "workflow-wide-write-permission",
    summary: "a write permission for every job of a workflow",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250", "OWASP-CICD-SEC-05", "Scorecard-Token-Permissions"],
    fix: "grant the permission to the job that needs it",
};

/// The repository's default, which may be everything.
pub const DEFAULT: Rule = Rule {
    id: "default-permissions",
    summary: "a job whose token permissions nobody chose",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "OWASP-CICD-SEC-05", "Scorecard-Token-Permissions"],
    fix: "set `permissions: {}` for the workflow and grant each job what it needs",
};

/// All secrets for a called workflow.
pub const INHERIT: Rule = Rule {
    id: "inherited-secrets",
    summary: "a called workflow that receives every secret",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-CICD-SEC-06"],
    fix: "hand on the secrets that the workflow needs, by name",
};

/// All secrets in one value.
pub const ALL_SECRETS: Rule = Rule {
    id: "all-secrets-exposed",
    summary: "an expression that holds every secret or any secret by a computed name",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-522", "OWASP-CICD-SEC-06"],
    fix: "name the secret: `${{ secrets.NAME }}`",
};

/// The token left in `.git/config`.
pub const PERSISTED: Rule = Rule {
    id: "persisted-credentials",
    summary: "a checkout that leaves its token where later steps and artifacts find it",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-522", "OWASP-CICD-SEC-06"],
    fix: "set `persist-credentials: false` unless a later step pushes",
};

/// A runner that keeps its state.
pub const SELF_HOSTED: Rule = Rule {
    id: "self-hosted-runner",
    summary: "a self-hosted runner, which may keep state between jobs",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-829", "OWASP-CICD-SEC-07"],
    fix: "use ephemeral runners, and never for pull requests from forks",
};

/// Workflow commands that GitHub switched off.
pub const COMMANDS: Rule = Rule {
    id: "unsecured-commands",
    summary: "workflow commands that let any output change the environment",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-94", "OWASP-CICD-SEC-04"],
    fix: "remove ACTIONS_ALLOW_UNSECURE_COMMANDS and write to GITHUB_ENV and GITHUB_PATH",
};

/// Reports what is wrong with a workflow besides its scripts.
///
/// # Errors
/// The steps are spent.
pub fn check(workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let dangerous = workflow.starts_on(DANGEROUS_TRIGGERS);
    unsecured(workflow.root, "workflow", report);
    if !workflow.is_action {
        triggers(workflow, report);
        permissions(workflow, report);
    }
    for job in &workflow.jobs {
        unsecured(job.node(), &job.path, report);
        if job.node().get("secrets").and_then(Node::as_str) == Some("inherit")
            && let Some(entry) = job.node().entry("secrets")
        {
            report.finding(&INHERIT, entry.key_span.to(entry.value.span)).subject(&job.path);
        }
        runner(workflow, job, report);
        for step in &job.steps {
            report.tick(1)?;
            unsecured(step.node, &step.path, report);
            if step.action().as_deref() == Some("actions/checkout") {
                checkout(step, dangerous, report);
            }
        }
    }
    secrets(workflow.root, "workflow", report)?;
    pipeline_cache::check(workflow, report)
}

/// Actions that work on a pull request without touching its code.
const HARMLESS_ACTIONS: &[&str] = &[
    "actions/labeler",
    "actions/first-interaction",
    "actions/add-to-project",
    "amannn/action-semantic-pull-request",
    "toshimaru/auto-author-assign",
    "kentaro-m/auto-assign-action",
];

fn triggers(workflow: &Workflow, report: &mut Report) {
    let steps = || workflow.jobs.iter().flat_map(|job| &job.steps);
    let harmless = steps().next().is_some()
        && steps().all(|step| {
            step.action().is_some_and(|action| HARMLESS_ACTIONS.contains(&action.as_str()))
        });
    let Some(on) = workflow.on() else { return };
    for name in ["pull_request_target", "workflow_run"] {
        if workflow.starts_on(&[name]) && !harmless {
            let span = on.value.entry(name).map_or(on.value.span, |entry| entry.key_span);
            report
                .finding(&TRIGGER, span)
                .message(format!("`{name}` runs with secrets and is started by strangers"))
                .subject(name);
        }
    }
}

fn permissions(workflow: &Workflow, report: &mut Report) {
    let whole = workflow.root.entry("permissions");
    if let Some(entry) = whole {
        judge_permissions(entry, "workflow", workflow.jobs.len() > 1, report);
    }
    // The token of a called workflow is that of its caller.
    let only_called = workflow.triggers == ["workflow_call"];
    for job in &workflow.jobs {
        match job.node().entry("permissions") {
            Some(entry) => judge_permissions(entry, &job.path, false, report),
            None if whole.is_none() && (!only_called || job.node().get("uses").is_some()) => {
                report
                    .finding(&DEFAULT, job.entry.key_span)
                    .message(format!("`{}` sets no permissions for its token", job.path))
                    .subject(&job.path);
            }
            None => {}
        }
    }
}

fn judge_permissions(entry: &Entry, subject: &str, several_jobs: bool, report: &mut Report) {
    if entry.value.as_str() == Some("write-all") {
        report.finding(&WRITE_ALL, entry.key_span.to(entry.value.span)).subject(subject);
    }
    if entry.value.as_str() == Some("read-all") {
        report.finding(&READ_ALL, entry.key_span.to(entry.value.span)).subject(subject);
    }
    // With a single job, the workflow's permissions are the job's.
    if subject != "workflow" || !several_jobs {
        return;
    }
    for permission in entry.value.entries() {
        if permission.value.as_str() == Some("write") {
            report
                .finding(&BROAD, permission.key_span.to(permission.value.span))
                .message(format!("every job of the workflow may write `{}`", permission.key))
                .subject(format!("permissions.{}", permission.key));
        }
    }
}

fn checkout(step: &Step, dangerous: bool, report: &mut Report) {
    let foreign = ["ref", "repository"].iter().find_map(|name| {
        let node = step.with(name)?;
        let text = node.as_str()?;
        let head = text.contains("refs/pull/")
            || templates(text).iter().any(|t| t.expression.as_ref().is_some_and(names_head));
        head.then_some(node)
    });
    if dangerous && let Some(node) = foreign {
        report.finding(&CHECKOUT, node.span).subject(&step.path);
    }
    let persists = step.with("persist-credentials").and_then(Node::scalar);
    let uses = step.node.get("uses").map(|node| node.span).unwrap_or_default();
    if !persists.is_some_and(|text| text.eq_ignore_ascii_case("false")) {
        report.finding(&PERSISTED, uses).subject(&step.path);
    }
}

fn runner(workflow: &Workflow, job: &Job, report: &mut Report) {
    let Some(entry) = job.node().entry("runs-on") else { return };
    let node = &entry.value;
    let labels: Vec<&Node> = match &node.value {
        Data::Sequence(items) => items.iter().collect(),
        Data::Map(_) => match node.get("labels") {
            Some(labels) if labels.items().is_empty() => vec![labels],
            Some(labels) => labels.items().iter().collect(),
            None => Vec::new(),
        },
        _ => vec![node],
    };
    let own = |node: &Node| node.as_str() == Some("self-hosted");
    let through_matrix = |node: &Node| {
        templates(node.as_str().unwrap_or_default()).iter().any(|template| {
            matches!(&template.expression, Some(Expression::Context(way))
                if matches!(way.as_slice(), [context, key]
                    if context == "matrix"
                        && job.matrix(key).is_some_and(|values| values.into_iter().any(|value| own(value) || value.items().iter().any(own)))))
        })
    };
    if labels.into_iter().any(|node| own(node) || through_matrix(node)) {
        let forks = workflow.starts_on(&["pull_request", "pull_request_target", "issue_comment"]);
        let severity = if forks { Severity::Medium } else { SELF_HOSTED.severity };
        report.finding(&SELF_HOSTED, node.span).subject(&job.path).severity(severity);
    }
}

fn unsecured(node: &Node, path: &str, report: &mut Report) {
    let Some(environment) = node.get("env") else { return };
    if let Some(entry) = environment.entry("ACTIONS_ALLOW_UNSECURE_COMMANDS")
        && entry.value.scalar().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    {
        report.finding(&COMMANDS, entry.key_span.to(entry.value.span)).subject(path);
    }
}

/// `toJSON(secrets)` and `secrets[computed]`, anywhere in the workflow.
fn secrets(node: &Node, path: &str, report: &mut Report) -> Result<(), Stop> {
    let mut open = vec![(node, path.to_owned())];
    while let Some((node, path)) = open.pop() {
        report.tick(1)?;
        for entry in node.entries() {
            open.push((&entry.value, format!("{path}.{}", entry.key)));
        }
        for (at, item) in node.items().iter().enumerate() {
            open.push((item, format!("{path}[{at}]")));
        }
        for template in templates(node.as_str().unwrap_or_default()) {
            if template.expression.as_ref().is_some_and(all_secrets) {
                report.finding(&ALL_SECRETS, node.span).subject(&path);
            }
        }
    }
    Ok(())
}

fn all_secrets(expression: &Expression) -> bool {
    match expression {
        Expression::Literal(_) => false,
        Expression::Context(way) => {
            way.first().is_some_and(|first| first == "secrets")
                && way.get(1).is_none_or(|second| second == "*")
        }
        Expression::Call(_, arguments) => arguments.iter().any(all_secrets),
        Expression::Into(inner, _) | Expression::Not(inner) => all_secrets(inner),
        Expression::Comparison(a, b) | Expression::And(a, b) | Expression::Or(a, b) => {
            all_secrets(a) || all_secrets(b)
        }
    }
}
