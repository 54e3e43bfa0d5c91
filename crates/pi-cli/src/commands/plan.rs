//! `pi plan`

use std::fmt::Write as _;
use std::path::PathBuf;

use pi_core::canonical::{Encoder, ToCanonical, Value, parse};
use pi_core::{Decision, Reason};
use pi_kernel::plan::{Plan, PlanError, Planned, plan, plan_steps};
use pi_kernel::route::Router;
use pi_runtime::freeze::{Frozen, freeze};

use super::catalogue;
use super::route::exit_code;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{self, BOLD, DIM, paint, visible};

/// One argument is a chain; several are the steps of one. With `inputs`, what is
/// written is the request that runs the plan over them.
pub fn run(context: &Context, steps: &[String], inputs: &[PathBuf]) -> Outcome {
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
    if !inputs.is_empty() {
        let planned = result.map_err(|error| Failure::new(error.reason(), error))?;
        return request(context, &planned.plan, &steps.join(" -> "), inputs);
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

/// Writes a document that freezes to the very hash that it claims. Nobody has approved
/// it.
fn request(context: &Context, plan: &Plan, goal: &str, inputs: &[PathBuf]) -> Outcome {
    let Frozen { manifest, .. } = freeze(inputs, context.threads(None))
        .map_err(|error| Failure::new(error.reason(), error))?;
    let paths: Option<Vec<&str>> = inputs.iter().map(|path| path.to_str()).collect();
    let paths = paths.ok_or_else(|| {
        Failure::new(Reason::InvalidRequest, "a path that is not UTF-8 cannot be in a request")
    })?;
    let tenant = context.global.tenant.clone();
    let frozen = plan.request(tenant, manifest.digest(), goal).freeze();
    let content = Encoder::encode(frozen.content());
    let Ok(Value::Object(mut document)) = parse(&content) else {
        return Err(Failure::new(Reason::InvalidRequest, "the request has no canonical form"));
    };
    // The words stand for their hash; freezing puts it back.
    document.remove("goal_hash");
    let text = |text: &str| Value::from(text);
    let inputs = Value::Array(paths.into_iter().map(text).collect());
    document.extend([
        ("approved_by_user".to_owned(), Value::Bool(false)),
        ("goal".to_owned(), text(goal)),
        ("inputs".to_owned(), inputs),
        ("request_hash".to_owned(), text(&frozen.hash().to_hex())),
        ("request_id".to_owned(), text(&frozen.id())),
    ]);
    context.emit_json(&Value::Object(document))?;
    Ok(0)
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
