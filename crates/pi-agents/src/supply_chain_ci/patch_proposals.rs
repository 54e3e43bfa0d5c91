//! Repairs that follow from a file itself.

use std::collections::BTreeMap;

use pi_agent_api::Stop;
use pi_artifacts::data::Node;
use pi_artifacts::dependencies::Source;
use pi_artifacts::{Artifact, Span};

use super::calls::{Value, calls as calls_of};
use super::git_sec_scanner::has_safe_loader;
use super::names::normalised;
use super::requirement::{Fixation, fixation};
use super::workflow::model::Workflow;
use super::workflow::uses::{Uses, is_commit};

/// A repair.
pub struct Proposal {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: String,
    /// What is repaired.
    pub subject: String,
}

/// Repairs of calls in Python.
pub fn calls(artifact: &Artifact) -> Result<Vec<Proposal>, Stop> {
    let text = artifact.text().unwrap_or_default();
    let imports_ast = text.lines().any(|line| line.trim_end() == "import ast");
    let mut proposals = Vec::new();
    for (number, call) in calls_of(artifact)?.iter().enumerate() {
        let Some(first) = call.first() else { continue };
        let argument = first.span.of(text);
        match (call.name.as_str(), &first.value) {
            ("yaml.load", _) if !has_safe_loader(call) => {
                // Keeps the module's name as written: `y.load` becomes `y.safe_load`.
                let callee = call.callee.of(text);
                let Some(module) = callee.strip_suffix(".load") else { continue };
                proposals.push(Proposal {
                    span: call.span,
                    replacement: format!("{module}.safe_load({argument})"),
                    subject: format!("yaml.load#{number}"),
                });
            }
            ("eval", Value::Text(source)) if imports_ast && is_literal(source) => {
                proposals.push(Proposal {
                    span: call.span,
                    replacement: format!("ast.literal_eval({argument})"),
                    subject: format!("eval#{number}"),
                });
            }
            _ => {}
        }
    }
    Ok(proposals)
}

/// Whether a text is a Python literal: numbers, strings, containers, constants.
fn is_literal(source: &str) -> bool {
    let allowed = |c: char| c.is_alphanumeric() || " \t\n_.,:'\"[]{}()+-".contains(c);
    let names_are_constants = source
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .all(|word| matches!(word, "True" | "False" | "None"));
    let quoted = source.contains(['\'', '"']);
    // A call is a name before a parenthesis; literals hold none.
    !source.trim().is_empty()
        && source.chars().all(allowed)
        && (names_are_constants || (quoted && !source.contains('(')))
}

/// Actions by tag whose commit the workflow names elsewhere.
pub fn actions(artifact: &Artifact) -> Result<Vec<Proposal>, Stop> {
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(Vec::new()) };
    let text = artifact.text().unwrap_or_default();
    let all: Vec<&Node> = workflow
        .jobs
        .iter()
        .flat_map(|job| {
            let own = job.node().get("uses").into_iter();
            own.chain(job.steps.iter().filter_map(|step| step.node.get("uses")))
        })
        .collect();
    let mut known: BTreeMap<(String, &str), &str> = BTreeMap::new();
    for node in &all {
        let Some((name, Some(reference))) = node.as_str().and_then(split) else { continue };
        if is_commit(reference)
            && let Some(tag) = tag_behind(text, node.span)
        {
            known.insert((name, tag), reference);
        }
    }
    let mut proposals = Vec::new();
    for node in &all {
        let Some((name, Some(reference))) = node.as_str().and_then(split) else { continue };
        let Some(commit) = known.get(&(name.clone(), reference)) else { continue };
        let written = node.span.of(text);
        // The comment needs the rest of the line for itself.
        let rest = text.get(node.span.end as usize..).unwrap_or_default();
        let alone = rest.lines().next().is_none_or(|line| line.trim().is_empty());
        let comment = if alone { format!(" # {reference}") } else { String::new() };
        proposals.push(Proposal {
            span: node.span,
            replacement: format!(
                "{}{comment}",
                written.replace(&format!("@{reference}"), &format!("@{commit}"))
            ),
            subject: format!("{name}@{reference}"),
        });
    }
    Ok(proposals)
}

fn split(text: &str) -> Option<(String, Option<&str>)> {
    match Uses::parse(text) {
        Uses::Remote { owner, repository, path, reference } => Some((
            format!("{owner}/{repository}/{path}").trim_end_matches('/').to_lowercase(),
            reference,
        )),
        _ => None,
    }
}

/// The tag in the comment behind a pinned action: `@<commit> # v4.2.2`.
fn tag_behind(text: &str, span: Span) -> Option<&str> {
    let line = text.get(span.end as usize..)?.lines().next()?;
    let comment = line.trim_start_matches(['"', '\'', ' ', '\t']).strip_prefix('#')?;
    comment.split_whitespace().next()
}

/// Requirements without a version that another line of the file pins.
pub fn requirements(artifact: &Artifact) -> Result<Vec<Proposal>, Stop> {
    let dependencies = artifact.dependencies()?;
    let ecosystem = dependencies.ecosystem;
    let mut pins: BTreeMap<String, Option<&str>> = BTreeMap::new();
    for item in &dependencies.items {
        let version = item.version.as_deref();
        if matches!(fixation(ecosystem, version), Fixation::Exact(_)) {
            pins.entry(normalised(ecosystem, &item.name))
                // Two different pins decide nothing.
                .and_modify(|pin| *pin = pin.filter(|pin| Some(*pin) == version))
                .or_insert(version);
        }
    }
    let text = artifact.text().unwrap_or_default();
    let mut proposals = Vec::new();
    for item in &dependencies.items {
        let open = matches!(item.source, Source::Registry(_))
            && matches!(fixation(ecosystem, item.version.as_deref()), Fixation::Any);
        let name = normalised(ecosystem, &item.name);
        let written = item.span.of(text);
        if let Some(Some(pin)) = pins.get(&name).filter(|_| open && written.trim() == item.name) {
            proposals.push(Proposal {
                span: item.span,
                replacement: format!("{}{pin}", item.name),
                subject: name,
            });
        }
    }
    Ok(proposals)
}
