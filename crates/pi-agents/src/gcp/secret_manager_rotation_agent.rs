//! See [`SecretManagerRotationAgent`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::shell::{CommandKind, Pipeline, Simple};
use pi_artifacts::{Artifact, Kind};

use super::names::gcloud;
use super::rules::rule;

rule!(
    INLINE,
    "secret-written-in-script",
    High,
    High,
    ["CWE-798", "CWE-214"],
    "the value of a secret stands in the script that stores it",
    "read it from a file that is not kept, or make it where it is stored: `openssl rand -base64 32 | gcloud ...`"
);
rule!(
    NEVER,
    "secret-never-rotated",
    Low,
    Medium,
    ["CWE-262", "CWE-324"],
    "a secret is made without a time at which it must be renewed",
    "set `--next-rotation-time` and `--rotation-period` with a topic, or `rotation` in Terraform"
);
rule!(
    NAME,
    "invalid-secret-name",
    Medium,
    High,
    ["CWE-1188"],
    "a name that a secret cannot have",
    "use 1 to 255 letters, digits, hyphens and underscores"
);

declare_agent! {
    /// Finds secrets of Secret Manager that are stored carelessly or never renewed.
    ///
    /// # What it checks
    /// `gcloud secrets create` and `versions add` in scripts: values that are written
    /// into the pipe, names, rotation. `google_secret_manager_secret` in Terraform:
    /// rotation and names.
    ///
    /// # Why it matters
    /// A secret that stood in a script is in the history of the repository and of the
    /// shell. One that is never renewed is the one that was lost years ago.
    ///
    /// # Example denied
    /// ```sh
    /// echo -n "a1b2c3d4e5" | gcloud secrets versions add database --data-file=-
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// openssl rand -base64 32 | gcloud secrets versions add database --data-file=-
    /// ```
    ///
    /// # Limits
    /// Rotation by another program is not seen: findings about it have low weight.
    /// Nothing is stored or renewed.
    ///
    /// # References
    /// Secret Manager: rotation schedules; CIS Google Cloud; CWE-262; CWE-798.
    pub struct SecretManagerRotationAgent {
        slug: "secret_manager_rotation_agent",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Shell, Kind::Terraform],
        triggers: Any(&["gcloud", "google_secret_manager_secret"]),
        invariant_to: ALL,
        rules: [INLINE, NEVER, NAME],
        fixture: include_str!("fixtures/secret_manager_rotation_agent.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Terraform {
        return terraform(artifact, report);
    }
    let script = artifact.shell()?;
    for (name, words) in gcloud(script, &["secrets", "create"]) {
        report.tick(1)?;
        judge_name(&name.text, name.span, report);
        if !words.iter().any(|word| word.text.starts_with("--next-rotation-time")) {
            report
                .finding(&NEVER, name.span)
                .message(format!("`{}` is never rotated", name.text))
                .subject(name.text.clone());
        }
    }
    for pipeline in script.pipelines() {
        report.tick(1)?;
        inline(pipeline, report);
    }
    Ok(())
}

fn simple(pipeline: &Pipeline, at: usize) -> Option<&Simple> {
    match &pipeline.commands.get(at)?.kind {
        CommandKind::Simple(simple) => Some(simple),
        _ => None,
    }
}

/// `echo VALUE | gcloud secrets ... --data-file=-`
fn inline(pipeline: &Pipeline, report: &mut Report) {
    let [_, _] = pipeline.commands.as_slice() else { return };
    let (Some(from), Some(to)) = (simple(pipeline, 0), simple(pipeline, 1)) else { return };
    let words: Vec<&str> = to.words.iter().map(|word| word.text.as_str()).collect();
    let stores = words.starts_with(&["gcloud", "secrets"])
        && words.iter().any(|word| word.starts_with("--data-file"));
    let prints =
        from.words.first().is_some_and(|word| matches!(word.text.as_str(), "echo" | "printf"));
    let value = from.words.iter().skip(1).rfind(|word| !word.text.starts_with('-'));
    if let Some(value) =
        value.filter(|value| stores && prints && !value.is_dynamic && value.text.len() >= 4)
    {
        let subject = words.iter().skip(2).find(|word| {
            !matches!(**word, "create" | "versions" | "add") && !word.starts_with('-')
        });
        report
            .finding(&INLINE, value.span)
            .subject(subject.copied().unwrap_or("secret"))
            .secret(&value.text, value.span);
    }
}

fn judge_name(name: &str, span: pi_artifacts::Span, report: &mut Report) {
    let valid = (1..=255).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if !valid && !super::names::is_open(name) {
        report
            .finding(&NAME, span)
            .message(format!("`{name}` cannot be the name of a secret"))
            .subject(name);
    }
}

fn terraform(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for block in artifact.hcl()?.blocks_of("resource") {
        report.tick(1)?;
        if block.labels.first().map(String::as_str) != Some("google_secret_manager_secret") {
            continue;
        }
        if let Some(name) = block.body.attribute("secret_id")
            && let Some(text) = name.value.as_str()
        {
            judge_name(text, name.value.span, report);
        }
        let dynamic = block
            .body
            .blocks_of("dynamic")
            .any(|own| own.labels.first().is_some_and(|label| label == "rotation"));
        if block.body.blocks_of("rotation").next().is_none() && !dynamic {
            let place = block.body.attribute("secret_id").map_or(block.span, |name| name.name_span);
            report
                .finding(&NEVER, place)
                .message(format!("`{}` is never rotated", block.address()))
                .subject(block.address());
        }
    }
    Ok(())
}
