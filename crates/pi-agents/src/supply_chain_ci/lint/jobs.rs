//! Jobs and steps: what they need, where they run, what they are called.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::data::{Data, Entry, Node};
use pi_artifacts::{Artifact, Span};

use super::super::workflow::model::{Job, Step, Workflow};
use super::super::workflow::uses::Uses;
use super::schema::is_computed;
use super::{
    CALL, COMMAND, MATRIX, MISSING_KEY, NAME, NEEDS, OUTDATED, PERMISSION, RUNNER, SHELL,
    UNKNOWN_KEY, VARIABLE, WRONG_VALUE,
};

/// Reports what is wrong with the jobs.
///
/// # Errors
/// The steps are spent.
pub fn check(artifact: &Artifact, workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    permissions(workflow.root, "", report);
    variables(workflow.root, "env", report);
    shell(workflow.root.at(&["defaults", "run", "shell"]), "defaults", report);
    needs(workflow, report)?;
    for job in &workflow.jobs {
        report.tick(1)?;
        name(&job.entry.key, job.entry.key_span, &job.path, report);
        permissions(job.node(), &job.path, report);
        variables(job.node(), &job.path, report);
        kind(job, report);
        runner(job, report);
        matrix(job, report)?;
        shell(job.node().at(&["defaults", "run", "shell"]), &job.path, report);
        steps(artifact, job, report)?;
    }
    Ok(())
}

fn see(
    rule: &'static Rule,
    what: impl Into<String>,
    span: Span,
    subject: impl Into<String>,
    report: &mut Report,
) {
    report.finding(rule, span).message(what).subject(subject);
}

/// Keys that a job that calls a workflow may have.
const CALLER_KEYS: &[&str] =
    &["name", "uses", "with", "secrets", "needs", "if", "permissions", "strategy", "concurrency"];

fn kind(job: &Job, report: &mut Report) {
    let node = job.node();
    let span = job.entry.key_span;
    match node.entry("uses") {
        Some(uses) => {
            for entry in node.entries() {
                if !CALLER_KEYS.contains(&entry.key.as_str()) {
                    let what = format!("a job that calls a workflow has no `{}`", entry.key);
                    see(&UNKNOWN_KEY, what, entry.key_span, &job.path, report);
                }
            }
            call(uses, job, report);
            let secrets = node.get("secrets").filter(|secrets| !secrets.is_map());
            if let Some(word) = secrets.filter(|secrets| secrets.as_str() != Some("inherit")) {
                see(&WRONG_VALUE, "secrets are a map or `inherit`", word.span, &job.path, report);
            }
        }
        None if node.is_map() => {
            for key in ["with", "secrets"] {
                if let Some(entry) = node.entry(key) {
                    let what = format!("only a job that calls a workflow has `{key}`");
                    see(&UNKNOWN_KEY, what, entry.key_span, &job.path, report);
                }
            }
            for key in ["runs-on", "steps"] {
                if node.get(key).is_none() {
                    let what = format!("`{}` lacks `{key}`", job.path);
                    see(&MISSING_KEY, what, span, format!("{}.{key}", job.path), report);
                }
            }
        }
        None => {}
    }
}

fn call(uses: &Entry, job: &Job, report: &mut Report) {
    let Some(text) = uses.value.as_str() else { return };
    let local = text.starts_with("./") && !text.contains('@');
    let is_file = |path: &str| path.ends_with(".yml") || path.ends_with(".yaml");
    let found = match Uses::parse(text) {
        Uses::Local => local || text.starts_with("$/"),
        Uses::Remote { path, reference, .. } => reference.is_some() && is_file(path),
        Uses::Image(_) | Uses::Malformed => false,
    };
    if !found && !text.contains("${{") {
        see(&CALL, format!("`{text}` names no workflow"), uses.value.span, &job.path, report);
    }
}

fn needs(workflow: &Workflow, report: &mut Report) -> Result<(), Stop> {
    let mut graph: BTreeMap<String, (Vec<String>, Span)> = BTreeMap::new();
    let known: BTreeSet<String> =
        workflow.jobs.iter().map(|job| job.entry.key.to_lowercase()).collect();
    for job in &workflow.jobs {
        let Some(node) = job.node().get("needs") else { continue };
        let items = node.items();
        let listed: Vec<&Node> = if items.is_empty() { vec![node] } else { items.iter().collect() };
        let mut seen = BTreeSet::new();
        for item in listed {
            report.tick(1)?;
            let Some(name) = item.as_str().map(str::to_lowercase) else { continue };
            if !known.contains(&name) {
                see(
                    &NEEDS,
                    format!("there is no job `{name}`"),
                    job.entry.key_span,
                    format!("{}/{name}", job.path),
                    report,
                );
            } else if !seen.insert(name.clone()) {
                see(
                    &NEEDS,
                    format!("`{name}` is named twice"),
                    item.span,
                    format!("{}/{name}", job.path),
                    report,
                );
            }
        }
        let names = seen.into_iter().collect();
        graph.insert(job.entry.key.to_lowercase(), (names, job.entry.key_span));
    }
    cycles(&graph, report)
}

/// Jobs that wait for each other: what is left when jobs without open needs are
/// taken out again and again.
fn cycles(graph: &BTreeMap<String, (Vec<String>, Span)>, report: &mut Report) -> Result<(), Stop> {
    let mut open: BTreeSet<&str> = graph.keys().map(String::as_str).collect();
    loop {
        let free: Vec<&str> = open
            .iter()
            .copied()
            .filter(|name| {
                let needs = graph.get(*name).map(|(needs, _)| needs.as_slice()).unwrap_or_default();
                needs.iter().all(|need| !open.contains(need.as_str()))
            })
            .collect();
        report.tick(open.len() as u64)?;
        if free.is_empty() {
            break;
        }
        for name in free {
            open.remove(name);
        }
    }
    let first = open.iter().filter_map(|name| graph.get(*name)).map(|(_, span)| *span).min();
    if let Some(span) = first {
        let names = open.into_iter().collect::<Vec<_>>().join(", ");
        see(&NEEDS, format!("these jobs wait for each other: {names}"), span, names, report);
    }
    Ok(())
}

/// Names of jobs and steps.
fn name(text: &str, span: Span, path: &str, report: &mut Report) {
    let mut characters = text.chars();
    let first = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let rest = characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let is_name = first && rest;
    if !is_name && !text.contains("${{") {
        see(&NAME, format!("`{text}` is no name"), span, format!("{path}/{text}"), report);
    }
}

fn variables(node: &Node, path: &str, report: &mut Report) {
    for entry in node.get("env").map(Node::entries).unwrap_or_default() {
        let bad = entry.key.contains(['=', '&', ' ']) && !entry.key.contains("${{");
        if bad {
            let what = format!("no shell reads a variable `{}`", entry.key);
            see(&VARIABLE, what, entry.key_span, format!("{path}/{}", entry.key), report);
        }
    }
}

/// Permissions and their highest level: `None` where they have only some.
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("actions", LEVELS),
    ("artifact-metadata", LEVELS),
    ("attestations", LEVELS),
    ("checks", LEVELS),
    ("contents", LEVELS),
    ("deployments", LEVELS),
    ("discussions", LEVELS),
    ("id-token", &["write", "none"]),
    ("issues", LEVELS),
    ("models", &["read", "none"]),
    ("packages", LEVELS),
    ("pages", LEVELS),
    ("pull-requests", LEVELS),
    ("repository-projects", LEVELS),
    ("security-events", LEVELS),
    ("statuses", LEVELS),
];

const LEVELS: &[&str] = &["read", "write", "none"];

fn permissions(node: &Node, path: &str, report: &mut Report) {
    let Some(permissions) = node.entry("permissions") else { return };
    let value = &permissions.value;
    let path = format!("{path}.permissions");
    if value.is_null() {
        see(
            &PERMISSION,
            "no permission is named; `{}` grants none",
            permissions.key_span,
            &path,
            report,
        );
    }
    if let Some(word) = value.as_str().filter(|word| !matches!(*word, "read-all" | "write-all")) {
        see(
            &PERMISSION,
            format!("`{word}` is neither `read-all` nor `write-all`"),
            value.span,
            &path,
            report,
        );
    }
    for entry in value.entries() {
        let below = format!("{path}.{}", entry.key);
        let level = entry.value.as_str().unwrap_or_default();
        match PERMISSIONS.iter().find(|(known, _)| *known == entry.key) {
            None => {
                see(
                    &PERMISSION,
                    format!("there is no permission `{}`", entry.key),
                    entry.key_span,
                    below,
                    report,
                );
            }
            Some((known, levels)) if !levels.contains(&level) => {
                see(
                    &PERMISSION,
                    format!("`{known}` has no level `{level}`"),
                    entry.value.span,
                    below,
                    report,
                );
            }
            Some(_) => {}
        }
    }
}

/// Labels of the runners that GitHub hosts, by the system that they run.
const HOSTED: &[(&str, &[&str])] = &[
    (
        "linux",
        &[
            "ubuntu-latest",
            "ubuntu-latest-4-cores",
            "ubuntu-latest-8-cores",
            "ubuntu-latest-16-cores",
            "ubuntu-slim",
            "ubuntu-24.04",
            "ubuntu-24.04-arm",
            "ubuntu-22.04",
            "ubuntu-22.04-arm",
            "ubuntu-26.04",
            "ubuntu-26.04-arm",
        ],
    ),
    (
        "windows",
        &[
            "windows-latest",
            "windows-latest-8-cores",
            "windows-2025",
            "windows-2025-vs2026",
            "windows-2022",
            "windows-11-arm",
        ],
    ),
    (
        "macos",
        &[
            "macos-latest",
            "macos-latest-xl",
            "macos-latest-xlarge",
            "macos-latest-large",
            "macos-26",
            "macos-26-xlarge",
            "macos-26-large",
            "macos-26-intel",
            "macos-15",
            "macos-15-xlarge",
            "macos-15-large",
            "macos-15-intel",
            "macos-14",
            "macos-14-xlarge",
            "macos-14-large",
        ],
    ),
];

/// Labels of runners of one's own, of which there may be any others.
const OWN: &[&str] = &["self-hosted", "linux", "macos", "windows", "x64", "arm", "arm64"];

fn system(label: &str) -> Option<&'static str> {
    let label = label.to_ascii_lowercase();
    HOSTED.iter().find(|(_, labels)| labels.contains(&label.as_str())).map(|(system, _)| *system)
}

fn runner(job: &Job, report: &mut Report) {
    let Some(entry) = job.node().entry("runs-on") else { return };
    let labels = match &entry.value.value {
        Data::Map(_) => match entry.value.get("labels") {
            Some(labels) => labels,
            None => return,
        },
        _ => &entry.value,
    };
    let listed: Vec<&Node> =
        if labels.items().is_empty() { vec![labels] } else { labels.items().iter().collect() };
    let values = |node: &'_ Node| -> Vec<String> {
        let text = node.as_str().unwrap_or_default();
        if !is_computed(node) {
            return vec![text.to_owned()];
        }
        super::super::github_actions_unpinned_version::matrix_key(text)
            .and_then(|key| job.matrix(&key))
            .unwrap_or_default()
            .into_iter()
            .filter_map(|value| value.as_str().filter(|_| !is_computed(value)))
            .map(str::to_owned)
            .collect()
    };
    let own = listed.iter().any(|node| values(node).iter().any(|label| label == "self-hosted"));
    let mut systems = BTreeSet::new();
    for node in listed {
        for label in values(node).into_iter().filter(|label| !label.is_empty()) {
            let known = system(&label);
            if !own && known.is_none() && !OWN.contains(&label.to_ascii_lowercase().as_str()) {
                see(
                    &RUNNER,
                    format!("GitHub hosts no runner `{label}`"),
                    node.span,
                    format!("{}/{label}", job.path),
                    report,
                );
            }
            if !is_computed(node) {
                systems.extend(known);
            }
        }
    }
    if systems.len() > 1 {
        let names = systems.into_iter().collect::<Vec<_>>().join(" and ");
        see(&RUNNER, format!("no runner runs {names}"), entry.value.span, &job.path, report);
    }
}

/// Exclusions that name no combination of the matrix.
fn matrix(job: &Job, report: &mut Report) -> Result<(), Stop> {
    let Some(matrix) = job.node().at(&["strategy", "matrix"]) else { return Ok(()) };
    let included = matrix.get("include").map(Node::items).unwrap_or_default();
    if matrix.get("include").is_some_and(is_computed) {
        return Ok(());
    }
    for exclusion in matrix.get("exclude").map(Node::items).unwrap_or_default() {
        for entry in exclusion.entries() {
            report.tick(1)?;
            let row = matrix.get(&entry.key);
            if row.is_some_and(|row| row.items().is_empty()) || is_open(&entry.value) {
                continue;
            }
            let values: Vec<&Node> = row
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .chain(included.iter().filter_map(|item| item.get(&entry.key)))
                .collect();
            if values.iter().any(|value| is_open(value)) {
                continue;
            }
            if !values.iter().any(|value| covers(value, &entry.value)) {
                let what = format!("`{}` never has this value", entry.key);
                see(&MATRIX, what, entry.value.span, format!("{}/{}", job.path, entry.key), report);
            }
        }
    }
    Ok(())
}

fn is_open(node: &Node) -> bool {
    is_computed(node)
        || node.entries().iter().any(|entry| is_open(&entry.value))
        || node.items().iter().any(is_open)
}

/// Whether a value of the matrix has all that an exclusion names.
fn covers(value: &Node, wanted: &Node) -> bool {
    match (&value.value, &wanted.value) {
        (Data::Map(_), Data::Map(entries)) => entries
            .iter()
            .all(|entry| value.get(&entry.key).is_some_and(|value| covers(value, &entry.value))),
        (Data::Sequence(a), Data::Sequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| covers(a, b))
        }
        _ => value.scalar().is_some() && value.scalar() == wanted.scalar(),
    }
}

const SHELLS: &[&str] = &["bash", "sh", "pwsh", "powershell", "python", "cmd"];

fn shell(node: Option<&Node>, path: &str, report: &mut Report) {
    let Some(node) = node else { return };
    let text = node.as_str().unwrap_or_default();
    // A shell of one's own takes the script as `{0}`.
    let known = SHELLS.contains(&text) || text.contains("{0}") || text.is_empty();
    if !known && !is_computed(node) {
        see(&SHELL, format!("no runner has a shell `{text}`"), node.span, path, report);
    }
}

fn steps(artifact: &Artifact, job: &Job, report: &mut Report) -> Result<(), Stop> {
    let mut ids = BTreeSet::new();
    for step in &job.steps {
        report.tick(1)?;
        let node = step.node;
        variables(node, &step.path, report);
        shell(node.get("shell"), &step.path, report);
        if let Some(id) = node.get("id").filter(|id| !is_computed(id)) {
            let text = id.as_str().unwrap_or_default();
            name(text, id.span, &step.path, report);
            if !ids.insert(text.to_lowercase()) {
                see(&NAME, format!("the id `{text}` is taken"), id.span, &step.path, report);
            }
        }
        step_kind(step, report);
        if let Some(uses) = node.get("uses") {
            outdated(step, uses, report);
        }
        if let Some(run) = node.get("run") {
            removed_commands(artifact, step, run, report);
        }
    }
    Ok(())
}

fn step_kind(step: &Step, report: &mut Report) {
    let node = step.node;
    if !node.is_map() {
        return;
    }
    let other: &[&str] = match (node.entry("uses"), node.entry("run")) {
        (Some(uses), Some(run)) => {
            let second = uses.key_span.max(run.key_span);
            see(&UNKNOWN_KEY, "a step has either `uses` or `run`", second, &step.path, report);
            return;
        }
        (Some(_), None) => &["shell", "working-directory"],
        (None, Some(_)) => &["with"],
        (None, None) => {
            let what = "a step needs `uses` or `run`";
            see(&MISSING_KEY, what, node.span, &step.path, report);
            &[]
        }
    };
    for key in other {
        if let Some(entry) = node.entry(key) {
            let what = format!("`{key}` means nothing in this step");
            see(&UNKNOWN_KEY, what, entry.key_span, &step.path, report);
        }
    }
}

/// Actions and the first version that runs on a runtime that is still there.
const CURRENT: &[(&str, u32)] = &[
    ("actions/cache", 4),
    ("actions/checkout", 4),
    ("actions/configure-pages", 4),
    ("actions/dependency-review-action", 4),
    ("actions/download-artifact", 4),
    ("actions/first-interaction", 2),
    ("actions/github-script", 7),
    ("actions/labeler", 5),
    ("actions/setup-dotnet", 4),
    ("actions/setup-go", 5),
    ("actions/setup-java", 4),
    ("actions/setup-node", 4),
    ("actions/setup-python", 5),
    ("actions/stale", 9),
    ("actions/upload-artifact", 4),
    ("aws-actions/configure-aws-credentials", 4),
    ("azure/login", 2),
    ("codecov/codecov-action", 4),
    ("docker/build-push-action", 5),
    ("docker/login-action", 3),
    ("docker/metadata-action", 5),
    ("docker/setup-buildx-action", 3),
    ("docker/setup-qemu-action", 3),
    ("golangci/golangci-lint-action", 4),
    ("google-github-actions/auth", 2),
    ("goreleaser/goreleaser-action", 5),
    ("hashicorp/setup-terraform", 3),
    ("peter-evans/create-pull-request", 6),
    ("pnpm/action-setup", 3),
    ("softprops/action-gh-release", 2),
];

fn outdated(step: &Step, uses: &Node, report: &mut Report) {
    let Some(Uses::Remote { reference: Some(reference), .. }) = uses.as_str().map(Uses::parse)
    else {
        return;
    };
    let Some(action) = step.action() else { return };
    let major = reference.strip_prefix('v').unwrap_or(reference).split('.').next();
    let major: Option<u32> = major.and_then(|text| text.parse().ok());
    let current = CURRENT.iter().find(|(known, _)| *known == action);
    if let (Some(major), Some((_, first))) = (major, current)
        && major < *first
    {
        let what = format!("version {major} of `{action}` runs on a runtime that is gone");
        see(&OUTDATED, what, uses.span, &step.path, report);
    }
}

/// Commands that GitHub has switched off.
const REMOVED: &[&str] = &["::set-output ", "::save-state ", "::set-env ", "::add-path::"];

fn removed_commands(artifact: &Artifact, step: &Step, run: &Node, report: &mut Report) {
    let raw = artifact.slice(run.span);
    for command in REMOVED {
        for (at, _) in raw.match_indices(command) {
            let start = run.span.start as usize + at;
            let name = command.trim();
            see(
                &COMMAND,
                format!("GitHub has switched `{name}` off"),
                Span::new(start, start + name.len()),
                format!("{}/{name}", step.path),
                report,
            );
        }
    }
}
