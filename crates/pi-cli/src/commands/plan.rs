//! `pi plan`

use std::fmt::Write as _;

use pi_core::Decision;
use pi_core::canonical::{Encoder, ToCanonical};
use pi_kernel::plan::{PlanError, Planned, plan, plan_steps};
use pi_kernel::route::Router;

use super::catalogue;
use super::route::exit_code;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{self, BOLD, DIM, paint, visible};

/// One argument is a chain; several are the steps of one.
pub fn run(context: &Context, steps: &[String]) -> Outcome {
    let catalogue = catalogue()?;
    let router = Router::new(&catalogue);
    let result = match steps {
        [chain] => plan(chain, &catalogue, &router),
        steps => {
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            plan_steps(&steps, &catalogue, &router)
        }
    };
    if let Err(error @ PlanError::Syntax(_)) = &result {
        return Err(Failure::new(error.reason(), error));
    }
    let decision = result.as_ref().map_or_else(PlanError::decision, |_| Decision::Allow);
    if context.is_json() {
        let mut bytes = Encoder::encode(&Json(decision, &result));
        bytes.push(b'\n');
        context.emit(&String::from_utf8_lossy(&bytes))?;
    } else {
        context.emit(&match &result {
            Ok(planned) => text(planned),
            Err(error) => refusal(decision, error),
        })?;
    }
    Ok(exit_code(decision))
}

fn text(planned: &Planned) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {} {}",
        paint(style::decision(Decision::Allow), "planned"),
        planned.plan.steps.len(),
        if planned.plan.steps.len() == 1 { "step" } else { "steps" }
    );
    for (number, wave) in (1..).zip(planned.plan.waves()) {
        for step in wave {
            let after = if step.depends_on.is_empty() {
                String::new()
            } else {
                format!(" after {}", step.depends_on.join(", "))
            };
            let detail = format!("{} wave {number}{after}", step.phase);
            let name = format!("{:<42}", step.agent);
            let _ = writeln!(out, "  {:<8} {} {}", step.id, paint(BOLD, name), paint(DIM, detail));
        }
    }
    for resolution in &planned.resolutions {
        if resolution.text != resolution.agent {
            let text = visible(&resolution.text);
            let line = format!("`{text}` is {}", resolution.agent);
            let _ = writeln!(out, "  {}", paint(DIM, line));
        }
    }
    let _ = writeln!(out, "  {} {}", paint(DIM, "digest"), planned.plan.digest());
    out
}

fn refusal(decision: Decision, error: &PlanError) -> String {
    let verdict = paint(style::decision(decision), decision);
    let error_text = error.to_string();
    let message = visible(&error_text);
    format!("{verdict}  {message}\n  {} {}\n", paint(DIM, "reason"), error.reason())
}

struct Json<'a>(Decision, &'a Result<Planned, PlanError>);

impl ToCanonical for Json<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Json(decision, result) = self;
        let planned = result.as_ref().ok();
        let error = result.as_ref().err();
        encoder.object(|o| {
            o.field("column", &error.and_then(PlanError::column))
                .field("decision", decision)
                .field("message", &error.map(ToString::to_string))
                .field("plan", &planned.map(|planned| &planned.plan))
                .field("plan_digest", &planned.map(|planned| planned.plan.digest()))
                .field("reason", &error.map(PlanError::reason))
                .field_with("resolutions", |e| {
                    e.array(planned.iter().flat_map(|planned| &planned.resolutions));
                })
                .field("schema", "pi.plan/1")
                .field("suggestions", error.map(PlanError::suggestions).unwrap_or_default());
        });
    }
}
