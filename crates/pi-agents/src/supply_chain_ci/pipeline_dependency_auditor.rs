//! `pipeline_dependency_auditor`.

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::workflow::model::{Job, Step, Workflow};
use super::workflow::script::{ScriptCommand, commands};
use super::workflow::uses::Uses;
use super::{archived, pipeline_dependency_rules as rules, publishing};

declare_agent! {
    /// Finds what a pipeline takes in without a lock, and what it gives out on a lasting token.
    ///
    /// # What it checks
    /// GitHub Actions workflows and composite actions: packages that a script installs
    /// beside any lockfile, actions and pre-commit hooks whose repository is archived,
    /// actions that fetch the latest version of their tool, packages that are published
    /// by a long-lived token where the registry knows trusted publishing, tokens of
    /// GitHub Apps without limits, passwords of registries.
    ///
    /// # Why it matters
    /// What is fetched anew on every run is what an attacker of a package reaches
    /// first, and a token that does not expire is what such an attacker takes along.
    ///
    /// # Example denied
    /// ```yaml
    /// on: push
    /// jobs:
    ///   build:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: npm install left-pad
    ///       - run: npm publish
    ///         env:
    ///           NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// on: push
    /// jobs:
    ///   build:
    ///     runs-on: ubuntu-latest
    ///     permissions:
    ///       id-token: write
    ///     steps:
    ///       - run: npm ci
    ///       - run: npm publish
    /// ```
    ///
    /// # Limits
    /// Which repositories are archived is a list of this build. Commands are read in
    /// the shell's grammar; what a script of the repository installs is not seen.
    ///
    /// # References
    /// CWE-1357, CWE-494, CWE-1104, CWE-798, OWASP CICD-SEC-3, 5, 6; GitHub: Security
    /// hardening for GitHub Actions; OpenSSF: Trusted Publishers for All Package
    /// Repositories.
    pub struct PipelineDependencyAuditor {
        slug: "pipeline_dependency_auditor",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow, Kind::GithubAction, Kind::Yaml],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            rules::ADHOC, rules::ARCHIVED, rules::TOOL, rules::TOKEN, rules::APP,
            rules::CREDENTIALS,
        ],
        fixture: include_str!("fixtures/pipeline_dependency_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Yaml {
        return match artifact.file_name() {
            ".pre-commit-config.yaml" | ".pre-commit-config.yml" => hooks(artifact, report),
            _ => Ok(()),
        };
    }
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    for job in &workflow.jobs {
        if let Some(uses) = job.node().get("uses") {
            archived_uses(uses, &job.path, report);
        }
        credentials(job, report);
        let trusted = publishing::is_trusted(&workflow, job);
        for step in &job.steps {
            report.tick(1)?;
            if let Some(uses) = step.node.get("uses") {
                archived_uses(uses, &step.path, report);
                tool(step, uses, report);
                app_token(step, uses, report);
                if !trusted && publishing::by_action(step) {
                    report.finding(&rules::TOKEN, uses.span).subject(&step.path);
                }
            }
            let Some(run) = step.node.get("run") else { continue };
            for command in commands(artifact, run) {
                report.tick(command.words.len() as u64)?;
                script(step, &command, trusted, report);
            }
        }
    }
    Ok(())
}

fn script(step: &Step, command: &ScriptCommand, trusted: bool, report: &mut Report) {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let words = match words.as_slice() {
        ["sudo" | "env" | "command", rest @ ..] => rest,
        all => all,
    };
    if let Some(package) = adhoc(words) {
        report
            .finding(&rules::ADHOC, command.span)
            .message(format!("`{package}` is installed beside any lockfile"))
            .subject(format!("{}/{package}", step.path))
            .evidence(&command.words.join(" "));
    }
    if !trusted && publishing::by_command(words) {
        report
            .finding(&rules::TOKEN, command.span)
            .subject(format!("{}/{}", step.path, words.join(" ")))
            .evidence(&command.words.join(" "));
    }
}

/// Options of package managers that take the next word.
const WITH_VALUE: &[&str] = &[
    "-v",
    "--version",
    "--prefix",
    "--registry",
    "-C",
    "--dir",
    "--cwd",
    "--source",
    "-s",
    "--install-dir",
    "-i",
    "--tag",
    "--group",
    "--filter",
    "-F",
];

/// The package that a command installs by its name.
fn adhoc<'a>(words: &[&'a str]) -> Option<&'a str> {
    let (program, rest) = words.split_first()?;
    let mut rest = rest.iter().copied();
    let verb = rest.by_ref().find(|word| !word.starts_with('-'))?;
    let verb = match (*program, verb) {
        ("yarn", "global") => rest.by_ref().find(|word| !word.starts_with('-'))?,
        (_, verb) => verb,
    };
    let installs = match *program {
        "gem" => matches!(verb, "install" | "i"),
        "npm" => matches!(verb, "install" | "i" | "add" | "in" | "isntall"),
        "pnpm" => matches!(verb, "add" | "install" | "i"),
        "yarn" | "bundle" | "bun" => verb == "add",
        _ => false,
    };
    if !installs {
        return None;
    }
    let mut is_value = false;
    let operand = |word: &&str| {
        let is_operand =
            !std::mem::replace(&mut is_value, WITH_VALUE.contains(word)) && !word.starts_with('-');
        // A folder or an archive of the repository itself is no package by name.
        is_operand && !word.starts_with(['.', '/', '$', '_']) && !word.ends_with(".gem")
    };
    rest.find(operand)
}

fn archived_uses(uses: &Node, path: &str, report: &mut Report) {
    let Some(text) = uses.as_str() else { return };
    if let Uses::Remote { owner, repository, .. } = Uses::parse(text)
        && archived::is_archived(owner, repository)
    {
        report
            .finding(&rules::ARCHIVED, uses.span)
            .message(format!("`{owner}/{repository}` is archived and gets no fixes"))
            .subject(format!("{path}/{owner}/{repository}"))
            .evidence(text);
    }
}

/// The repositories of a pre-commit configuration.
fn hooks(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(document) = artifact.data()?.first() else { return Ok(()) };
    let list = document.root.get("repos").map(Node::items).unwrap_or_default();
    for node in list.iter().filter_map(|item| item.get("repo")) {
        report.tick(1)?;
        let Some(address) = node.as_str() else { continue };
        let name = address.trim_end_matches('/').trim_end_matches(".git");
        let mut parts = name.rsplit('/');
        let (Some(repository), Some(owner)) = (parts.next(), parts.next()) else { continue };
        if archived::is_archived(owner, repository) {
            report
                .finding(&rules::ARCHIVED, node.span)
                .message(format!("`{owner}/{repository}` is archived and gets no fixes"))
                .subject(format!("repos/{owner}/{repository}"));
        }
    }
    Ok(())
}

/// Actions that fetch the latest version of a tool unless told which.
const TOOLS: &[(&str, &str)] =
    &[("aquasecurity/setup-trivy", "version"), ("1password/load-secrets-action", "version")];

fn tool(step: &Step, uses: &Node, report: &mut Report) {
    let Some(action) = step.action() else { return };
    let Some((_, input)) = TOOLS.iter().find(|(known, _)| *known == action) else { return };
    let version = step.with(input);
    let pinned = version.and_then(Node::scalar).is_some_and(|version| {
        !version.is_empty() && version != "latest" && !version.contains("${{")
    });
    if !pinned {
        let span = version.map_or(uses.span, |version| version.span);
        report.finding(&rules::TOOL, span).subject(&step.path);
    }
}

/// Permissions of an organisation, which no list of repositories limits.
const ORGANISATION: &[&str] = &["permission-members", "permission-organization-"];

fn app_token(step: &Step, uses: &Node, report: &mut Report) {
    let known = ["actions/create-github-app-token", "tibdex/github-app-token"];
    if !step.action().is_some_and(|action| known.contains(&action.as_str())) {
        return;
    }
    let mut see = |what: &str, node: &Node| {
        report
            .finding(&rules::APP, node.span)
            .message(format!("the token of the app {what}"))
            .subject(format!("{}/{what}", step.path));
    };
    let inputs = step.node.get("with").map(Node::entries).unwrap_or_default();
    let permissions: Vec<&str> = inputs
        .iter()
        .map(|entry| entry.key.as_str())
        .filter(|key| key.starts_with("permission-"))
        .collect();
    let of_organisation = |name: &&str| ORGANISATION.iter().any(|stem| name.starts_with(stem));
    let organisation_only = !permissions.is_empty() && permissions.iter().all(of_organisation);
    if let Some(kept) = step.with("skip-token-revoke")
        && kept.scalar() != Some("false")
    {
        see("is not revoked", kept);
    }
    if let Some(owner) = step.with("owner")
        && step.with("repositories").is_none()
        && !organisation_only
    {
        see("reaches all repositories of its owner", owner);
    }
    if permissions.is_empty() {
        see("has every permission of the installation", uses);
    }
}

/// Passwords of the job's container and services.
fn credentials(job: &Job, report: &mut Report) {
    let services = job.node().get("services").map(Node::entries).unwrap_or_default();
    let container = job.node().get("container").map(|node| ("container", node));
    let named = services.iter().map(|entry| (entry.key.as_str(), &entry.value));
    for (name, node) in container.into_iter().chain(named) {
        let Some(password) = node.at(&["credentials", "password"]) else { continue };
        if password.scalar().is_some_and(|text| !text.is_empty() && !text.contains("${{")) {
            let finding = report.finding(&rules::CREDENTIALS, password.span);
            finding.subject(format!("{}/{name}", job.path));
            finding.masked.push(password.span);
        }
    }
}
