//! `github_actions_unpinned_version`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::workflow::expression::{Expression, templates};
use super::workflow::model::{Job, Workflow};
use super::workflow::uses::{Uses, has_digest, is_commit};

const ACTION: Rule = Rule {
    id: "unpinned-action",
    summary: "an action of a third party that is not pinned to a commit",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-829", "CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "pin the action to a full commit and keep the version in a comment: `@<40 digits> # v1.2.3`",
};

const FIRST_PARTY: Rule = Rule {
    id: "unpinned-first-party-action",
    summary: "an action of GitHub itself that is not pinned to a commit",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-829", "CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "pin the action to a full commit and keep the version in a comment: `@<40 digits> # v1.2.3`",
};

const WORKFLOW: Rule = Rule {
    id: "unpinned-reusable-workflow",
    summary: "a reusable workflow of another repository that is not pinned to a commit",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-829", "CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "pin the workflow to a full commit",
};

const IMAGE: Rule = Rule {
    id: "unpinned-image",
    summary: "a container image of a workflow that is not pinned to a digest",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-829", "CWE-1357", "Scorecard-Pinned-Dependencies", "OWASP-CICD-SEC-03"],
    fix: "pin the image to a digest: `image:tag@sha256:<64 digits>`",
};

const LOOK_ALIKE: Rule = Rule {
    id: "look-alike-action",
    summary: "an action whose owner or name is a slip away from a well-known one",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-829", "CWE-1357", "OWASP-CICD-SEC-03"],
    fix: "check the spelling of the action",
};

/// Owners whose actions run on the platform that GitHub runs anyway.
const FIRST_PARTY_OWNERS: &[&str] = &["actions", "github"];

declare_agent! {
    /// # What it checks
    /// Every `uses:` and every container image of a GitHub Actions workflow or
    /// composite action: actions and reusable workflows of other repositories must
    /// name a full commit (40 or 64 hexadecimal digits), images a digest. Images
    /// that come from a matrix are resolved. The owner and name of an action are
    /// compared with well-known ones, one slip away.
    ///
    /// # Why it matters
    /// A tag or branch can be moved to other code at any time, and that code runs
    /// with the workflow's token and secrets (tj-actions/changed-files, CVE-2025-30066).
    ///
    /// # Example denied
    /// ```yaml
    /// steps:
    ///   - uses: someone/deploy@v2
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// steps:
    ///   - uses: someone/deploy@8f4b7f84864484a7bf31766abe9204da3cbe65b3 # v2.1.0
    /// ```
    ///
    /// # Limits
    /// Whether the commit exists in that repository (an impostor commit of a fork),
    /// and whether the comment names its version, is not known offline. Actions of
    /// the owners `actions` and `github` are reported as low: whoever controls them
    /// controls the runners too. Branches `main` and `master` are reported one
    /// severity higher.
    ///
    /// # References
    /// CWE-829 (inclusion of functionality from untrusted control sphere), CWE-1357
    /// (reliance on insufficiently trustworthy component), OpenSSF Scorecard
    /// `Pinned-Dependencies`, OWASP CICD-SEC-3.
    pub struct GithubActionsUnpinnedVersion {
        slug: "github_actions_unpinned_version",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::GithubWorkflow, Kind::GithubAction],
        triggers: Always,
        invariant_to: ALL,
        rules: [ACTION, FIRST_PARTY, WORKFLOW, IMAGE, LOOK_ALIKE],
        fixture: include_str!("fixtures/github_actions_unpinned_version.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    for job in &workflow.jobs {
        if let Some(uses) = job.node().get("uses") {
            judge(uses, &job.path, true, report);
        }
        for step in &job.steps {
            report.tick(1)?;
            if let Some(uses) = step.node.get("uses") {
                judge(uses, &step.path, false, report);
            }
        }
        images(job, report);
        // A Docker action names its image under `runs.image`.
        if let Some(image) = job.node().get("image").filter(|_| workflow.is_action)
            && let Some(name) = image.as_str().and_then(|text| text.strip_prefix("docker://"))
        {
            judge_image(name, image.span, &job.path, report);
        }
    }
    Ok(())
}

fn judge(node: &Node, path: &str, whole_job: bool, report: &mut Report) {
    let Some(text) = node.as_str() else { return };
    match Uses::parse(text) {
        Uses::Local | Uses::Malformed => {}
        Uses::Image(image) => judge_image(image, node.span, path, report),
        Uses::Remote { owner, repository, path: inner, reference } => {
            let name = format!("{owner}/{repository}");
            if let Some(real) = look_alike(owner, repository) {
                report
                    .finding(&LOOK_ALIKE, node.span)
                    .message(format!("`{name}` looks like `{real}`"))
                    .subject(format!("{path}/{name}"))
                    .evidence(text);
            }
            if reference.is_some_and(is_commit) {
                return;
            }
            let first_party = FIRST_PARTY_OWNERS.iter().any(|o| o.eq_ignore_ascii_case(owner));
            let rule = match (whole_job || inner.starts_with(".github/workflows/"), first_party) {
                (true, _) => &WORKFLOW,
                (false, true) => &FIRST_PARTY,
                (false, false) => &ACTION,
            };
            let moving = matches!(reference, None | Some("main" | "master" | "HEAD" | "latest"));
            let severity = match rule.severity {
                Severity::Medium if moving => Severity::High,
                Severity::Low if moving => Severity::Medium,
                other => other,
            };
            let pinned = match reference {
                Some(reference) => format!("is pinned to `{reference}`, which can be moved"),
                None => "names no version at all".to_owned(),
            };
            report
                .finding(rule, node.span)
                .message(format!("`{name}` {pinned}"))
                .subject(format!("{path}/{name}"))
                .severity(severity)
                .evidence(text);
        }
    }
}

/// The images of a job's container and services.
fn images(job: &Job, report: &mut Report) {
    let container = job.node().get("container");
    let services = job.node().get("services").map(Node::entries).unwrap_or_default();
    let named = container
        .map(|node| ("container", node))
        .into_iter()
        .chain(services.iter().map(|entry| (entry.key.as_str(), &entry.value)));
    for (name, node) in named {
        let Some(image) = (if node.is_map() { node.get("image") } else { Some(node) }) else {
            continue;
        };
        let path = format!("{}/{name}", job.path);
        let Some(text) = image.as_str().filter(|text| !text.is_empty()) else { continue };
        match matrix_key(text) {
            Some(key) => {
                for value in job.matrix(&key).unwrap_or_default() {
                    if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
                        judge_image(text, image.span, &path, report);
                    }
                }
            }
            None if text.contains("${{") => {}
            None => judge_image(text, image.span, &path, report),
        }
    }
}

/// The key of an image that is nothing but `${{ matrix.key }}`.
pub fn matrix_key(text: &str) -> Option<String> {
    let template = templates(text).into_iter().next()?;
    if template.start != 0 || template.end != text.len() {
        return None;
    }
    match template.expression? {
        Expression::Context(way) => match way.as_slice() {
            [context, key] if context == "matrix" => Some(key.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn judge_image(image: &str, span: Span, path: &str, report: &mut Report) {
    if !has_digest(image) {
        report
            .finding(&IMAGE, span)
            .message(format!("the image `{image}` is not pinned to a digest"))
            .subject(format!("{path}/{image}"))
            .evidence(image);
    }
}

/// Well-known actions that are worth imitating.
const WELL_KNOWN: &[(&str, &[&str])] = &[
    (
        "actions",
        &[
            "checkout",
            "cache",
            "setup-node",
            "setup-python",
            "setup-go",
            "setup-java",
            "setup-dotnet",
            "upload-artifact",
            "download-artifact",
            "github-script",
            "labeler",
            "stale",
            "configure-pages",
            "deploy-pages",
            "create-release",
        ],
    ),
    ("github", &["codeql-action"]),
    ("docker", &["login-action", "build-push-action", "setup-buildx-action", "metadata-action"]),
    ("aws-actions", &["configure-aws-credentials"]),
    ("azure", &["login"]),
    ("google-github-actions", &["auth", "setup-gcloud"]),
    ("softprops", &["action-gh-release"]),
    ("peter-evans", &["create-pull-request"]),
    ("peaceiris", &["actions-gh-pages"]),
    ("codecov", &["codecov-action"]),
    ("pypa", &["gh-action-pypi-publish"]),
    ("dtolnay", &["rust-toolchain"]),
    ("golangci", &["golangci-lint-action"]),
    ("astral-sh", &["setup-uv"]),
    ("pnpm", &["action-setup"]),
    ("hashicorp", &["setup-terraform"]),
];

fn look_alike(owner: &str, repository: &str) -> Option<String> {
    let owner = owner.to_ascii_lowercase();
    let repository = repository.to_ascii_lowercase();
    if WELL_KNOWN.iter().any(|(known, _)| *known == owner) {
        let (known, names) = WELL_KNOWN.iter().find(|(known, _)| *known == owner)?;
        let slip = names.iter().find(|name| super::names::is_slip(&repository, name))?;
        return (!names.contains(&repository.as_str())).then(|| format!("{known}/{slip}"));
    }
    // A foreign owner with a well-known repository name is a fork; only the
    // slip in the owner's name makes it a look-alike.
    let (known, name) = WELL_KNOWN.iter().find_map(|(known, names)| {
        let same = names.iter().find(|name| **name == repository)?;
        super::names::is_slip(&owner, known).then_some((known, same))
    })?;
    Some(format!("{known}/{name}"))
}
