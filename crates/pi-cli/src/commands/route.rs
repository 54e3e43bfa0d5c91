//! `pi route`

use std::fmt::Write as _;

use pi_core::Decision;
use pi_core::canonical::Encoder;
use pi_kernel::route::{Candidate, Proposal, Router};

use super::catalogue;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{self, BOLD, DIM, paint};

pub fn run(context: &Context, words: &[String]) -> Outcome {
    let router = Router::new(&catalogue()?);
    let proposal =
        router.route(&words.join(" ")).map_err(|error| Failure::new(error.reason(), &error))?;
    if context.is_json() {
        let mut bytes = Encoder::encode(&proposal);
        bytes.push(b'\n');
        context.emit(&String::from_utf8_lossy(&bytes))?;
    } else {
        context.emit(&text(&proposal))?;
    }
    Ok(exit_code(proposal.decision))
}

/// 0 for ALLOW, 1 for DENY, 4 for REVIEW.
pub fn exit_code(decision: Decision) -> u8 {
    match decision {
        Decision::Allow => 0,
        Decision::Deny => 1,
        Decision::Review => 4,
    }
}

fn text(proposal: &Proposal) -> String {
    let mut out = String::new();
    let verdict = paint(style::decision(proposal.decision), proposal.decision);
    let _ = match (proposal.reason, proposal.candidates.first()) {
        (None, Some(best)) => writeln!(out, "{verdict}  {}", paint(BOLD, best.agent)),
        (reason, _) => {
            let title = reason.map(|reason| reason.title_text()).unwrap_or_default();
            writeln!(out, "{verdict}  {title}")
        }
    };
    for candidate in &proposal.candidates {
        line(&mut out, candidate);
    }
    if !proposal.unknown.is_empty() {
        let unknown = proposal.unknown.join(", ");
        let _ = writeln!(out, "  {} {unknown}", paint(DIM, "unknown words"));
    }
    if !proposal.suggestions.is_empty() {
        let near = proposal.suggestions.join(", ");
        let _ = writeln!(out, "  {} {near}", paint(DIM, "did you mean"));
    }
    out
}

fn line(out: &mut String, candidate: &Candidate) {
    let _ = writeln!(out, "  {:>8}  {}", score(candidate.score), candidate.agent);
    for matched in &candidate.matched {
        let fields: Vec<String> = matched
            .fields
            .iter()
            .map(|(field, part)| format!("{} {}", field.as_str(), score(*part)))
            .collect();
        let detail = format!("{} {} ({})", matched.word, score(matched.score), fields.join(", "));
        let _ = writeln!(out, "            {}", paint(DIM, detail));
    }
}

/// Millionths with two decimal places, for people.
fn score(millionths: i64) -> String {
    let hundredths = millionths / 10_000;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
