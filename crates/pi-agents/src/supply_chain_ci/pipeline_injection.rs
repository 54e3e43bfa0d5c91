//! Foreign text that becomes part of a script.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Span};
use pi_core::{Confidence, Severity};

use super::workflow::expression::{Expression, templates};
use super::workflow::flow::{Origin, Scope, reaching};
use super::workflow::model::{Step, Workflow};

/// Text that strangers choose, in a script.
pub const UNTRUSTED: Rule = Rule {
    id: "script-injection",
    summary: "text that strangers choose, expanded into a script",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-94", "CWE-78", "OWASP-CICD-SEC-04", "Scorecard-Dangerous-Workflow"],
    fix: "pass the value through `env` and use the variable in quotes: `\"$TITLE\"`",
};

/// Other computed text in a script.
pub const INDIRECT: Rule = Rule {
    id: "expression-in-script",
    summary: "an input or output expanded into a script",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-94", "CWE-78", "OWASP-CICD-SEC-04"],
    fix: "pass the value through `env` and use the variable in quotes",
};

/// Foreign text in the environment of later steps.
pub const ENVIRONMENT_FILE: Rule = Rule {
    id: "environment-file-injection",
    summary: "computed text written to GITHUB_ENV or GITHUB_PATH where strangers start the workflow",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-94", "CWE-78", "OWASP-CICD-SEC-04"],
    fix: "hand the value on as an output (`GITHUB_OUTPUT`) and read it where it is needed",
};

/// Inputs of actions that are run as code.
const SCRIPT_INPUTS: &[(&str, &str)] = &[
    ("actions/github-script", "script"),
    ("azure/cli", "inlinescript"),
    ("azure/powershell", "inlinescript"),
    ("appleboy/ssh-action", "script"),
    ("amadevus/pwsh-script", "script"),
    ("jannekem/run-python-script-action", "script"),
    ("cardinalby/js-eval-action", "expression"),
    ("nick-fields/retry", "command"),
    ("nick-invision/retry", "command"),
    ("mikefarah/yq", "cmd"),
    ("addnab/docker-run-action", "run"),
];

/// Events that strangers start and that run with secrets.
pub const DANGEROUS_TRIGGERS: &[&str] = &["pull_request_target", "workflow_run", "issue_comment"];

/// Reports foreign text in scripts.
///
/// # Errors
/// The steps are spent.
pub fn check(artifact: &Artifact, workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let exposed = workflow.is_action || workflow.starts_on(DANGEROUS_TRIGGERS);
    for job in &workflow.jobs {
        for step in &job.steps {
            report.tick(1)?;
            let scope = Scope { workflow, job, step };
            for (name, script) in scripts(step) {
                expressions(artifact, &scope, name, script, report)?;
                if exposed && name == "run" {
                    environment_files(artifact, step, script, report)?;
                }
            }
        }
    }
    Ok(())
}

/// The values of a step that are run as code.
fn scripts<'a>(step: &Step<'a>) -> Vec<(&'static str, &'a Node)> {
    let mut scripts: Vec<(&'static str, &Node)> =
        step.node.get("run").map(|node| ("run", node)).into_iter().collect();
    if let Some(action) = step.action() {
        for (known, input) in SCRIPT_INPUTS {
            if *known == action
                && let Some(node) = step.with(input)
            {
                scripts.push((input, node));
            }
        }
    }
    scripts
}

fn expressions(
    artifact: &Artifact,
    scope: &Scope,
    name: &str,
    script: &Node,
    report: &mut Report,
) -> Result<(), Stop> {
    let text = script.as_str().unwrap_or_default();
    let written = templates(artifact.slice(script.span));
    for (at, template) in templates(text).iter().enumerate() {
        report.tick(1)?;
        let Some(expression) = &template.expression else { continue };
        let mut ways = Vec::new();
        reaching(expression, &mut ways);
        // The value is the text of the artifact but for quotes and indentation,
        // so that its templates stand there in the same order.
        let span = written.get(at).map_or(script.span, |template| {
            let start = script.span.start as usize;
            Span::new(start + template.start, start + template.end)
        });
        for way in ways {
            let rule = match scope.origin(way) {
                Origin::Untrusted => &UNTRUSTED,
                Origin::Indirect => &INDIRECT,
                Origin::Fixed => continue,
            };
            let context = way.join(".");
            report
                .finding(rule, span)
                .message(format!("`{context}` is expanded into the `{name}` of a step"))
                .subject(format!("{}/{context}", scope.step.path))
                .evidence(span.of(artifact.text().unwrap_or_default()));
        }
    }
    Ok(())
}

/// Lines that redirect computed text into the environment files.
fn environment_files(
    artifact: &Artifact,
    step: &Step,
    script: &Node,
    report: &mut Report,
) -> Result<(), Stop> {
    let text = script.as_str().unwrap_or_default();
    let raw = artifact.slice(script.span);
    for file in ["GITHUB_ENV", "GITHUB_PATH"] {
        for line in text.lines() {
            report.tick(1)?;
            let line = line.trim();
            let Some(written) = redirected(line, file) else { continue };
            let computed = written.contains('$') || written.contains('`');
            if line.starts_with('#') || !computed {
                continue;
            }
            let start = script.span.start as usize;
            let span = raw
                .find(line)
                .map_or(script.span, |at| Span::new(start + at, start + at + line.len()));
            report
                .finding(&ENVIRONMENT_FILE, span)
                .message(format!("computed text is written to `{file}`"))
                .subject(format!("{}/{file}", step.path))
                .evidence(line);
        }
    }
    Ok(())
}

/// What a line writes into an environment file by `>`, `>>` or `tee`.
fn redirected<'a>(line: &'a str, file: &str) -> Option<&'a str> {
    let at = line.find(file)?;
    let before = line.get(..at)?.trim_end_matches(['"', '\'', '{', '$', ':']).trim_end();
    let before = before.strip_suffix("env").map_or(before, |b| b.trim_end_matches('$').trim_end());
    if let Some(written) = before.strip_suffix('>') {
        return Some(written.trim_end_matches('>').trim_end());
    }
    let (written, _) =
        before.rsplit_once('|').filter(|(_, last)| last.trim().starts_with("tee"))?;
    Some(written)
}

/// Whether an expression names something of the pull request's head.
pub fn names_head(expression: &Expression) -> bool {
    let mut ways = Vec::new();
    reaching(expression, &mut ways);
    ways.iter().any(|way| {
        let path = way.join(".");
        path == "github.head_ref"
            || path.starts_with("github.event.pull_request.head")
            || path.starts_with("github.event.pull_request.merge_commit_sha")
            || path.starts_with("github.event.workflow_run.head")
            || path.starts_with("github.event.workflow_run.pull_requests")
            || (path.starts_with("steps.")
                && ["sha", "ref", "head"].iter().any(|word| {
                    way.last().is_some_and(|last| last.split(['_', '-']).any(|part| part == *word))
                }))
    }) || matches!(expression, Expression::Call(name, arguments)
        if name == "format" && matches!(arguments.first(), Some(Expression::Literal(text)) if text.contains("refs/pull/")))
}
