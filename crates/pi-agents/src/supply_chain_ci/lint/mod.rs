//! What GitHub refuses or misunderstands in a workflow: structure, events, names,
//! expressions.

mod availability;
mod events;
mod expressions;
mod jobs;
mod rules;
mod schema;
mod shapes;
mod types;

use pi_agent_api::{Report, Stop};
use pi_artifacts::Artifact;

pub use rules::*;

use super::workflow::model::Workflow;

/// Everything that is wrong with a workflow.
///
/// # Errors
/// The steps are spent.
pub fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let documents = match artifact.data() {
        Ok(documents) => documents,
        Err(failure) => {
            report
                .finding(&UNREADABLE, failure.span)
                .message(failure.message.clone())
                .subject("workflow");
            return Ok(());
        }
    };
    let Some(document) = documents.first() else { return Ok(()) };
    schema::check(&document.root, &shapes::WORKFLOW, "", report)?;
    let Some(workflow) = Workflow::read(artifact)? else { return Ok(()) };
    events::check(&workflow, report)?;
    jobs::check(artifact, &workflow, report)?;
    expressions::check(artifact, &workflow, report)
}
