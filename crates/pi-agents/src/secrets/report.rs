//! Which agent reports what the engine found, and how. One place, one agent:
//! formats go to the agent of their family; what only a name or its looks give
//! away goes to the agent of the file's sort first.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::Artifact;

use super::engine::{Class, Hit, hits};

/// The agent that a generic hit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Dotenv files.
    DotEnv,
    /// Terraform code, variables and state.
    Terraform,
    /// Mocks, fixtures and seeds.
    Mock,
    /// Passwords elsewhere.
    Password,
    /// Tokens elsewhere.
    Token,
    /// Random strings elsewhere.
    Random,
}

/// The owner of a hit without a format.
fn owner(artifact: &Artifact, class: Class) -> Owner {
    let path = artifact.path().to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let has = |word: &str| path.contains(word);
    if name == ".env" || name.starts_with(".env.") || name.ends_with(".env") {
        Owner::DotEnv
    } else if [".tf", ".tfvars", ".tfstate", ".tf.json", ".tfvars.json", ".tfstate.backup"]
        .iter()
        .any(|end| name.ends_with(end))
    {
        Owner::Terraform
    } else if has("mock") || has("fixture") || has("testdata") || has("test-data") || has("/seeds/")
    {
        Owner::Mock
    } else {
        match class {
            Class::Password => Owner::Password,
            Class::Random => Owner::Random,
            _ => Owner::Token,
        }
    }
}

/// Reports the generic hits of one owner under `rule`.
pub fn generic(
    artifact: &Artifact,
    report: &mut Report,
    mine: Owner,
    rule: &'static Rule,
) -> Result<(), Stop> {
    let found = hits(artifact);
    report.tick(found.items.len() as u64)?;
    for hit in found.items.iter().filter(|hit| hit.rule.is_none()) {
        let owner = owner(artifact, hit.class);
        if owner == mine && !(owner == Owner::Mock && hit.doubt.is_some()) {
            write(artifact, report, hit, rule);
        }
    }
    Ok(())
}

/// Reports the hits of the formats of one class.
pub fn formats(artifact: &Artifact, report: &mut Report, class: Class) -> Result<(), Stop> {
    let found = hits(artifact);
    report.tick(found.items.len() as u64)?;
    for hit in found.items.iter().filter(|hit| hit.class == class) {
        if let Some(rule) = hit.rule {
            write(artifact, report, hit, rule);
        }
    }
    Ok(())
}

fn write(artifact: &Artifact, report: &mut Report, hit: &Hit, rule: &'static Rule) {
    let (severity, confidence) = hit.weight(rule);
    let finding = report.finding(rule, hit.span);
    finding
        .subject(hit.subject.clone())
        .secret(artifact.slice(hit.span), hit.span)
        .severity(severity)
        .confidence(confidence);
    if let Some(doubt) = hit.doubt {
        finding.message(format!("{}, though {doubt}", rule.summary));
    }
}
