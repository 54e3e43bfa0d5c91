//! `pi simulate` and `pi run`: compositions from request documents.
//!
//! A document is a request without `manifest` and hash, and with `inputs`
//! (files and folders, relative to the current folder), optionally `goal` in
//! plain words and `baseline` (a file). Freezing it fills in the rest.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use pi_core::canonical::{Encoder, Object, Value, parse};
use pi_core::{Decision, Digest, Reason};
use pi_kernel::admit::Baseline;
use pi_kernel::policy::Policy;
use pi_kernel::record::Record;
use pi_kernel::request::{CompositionRequest, MAX_REQUEST_BYTES};
use pi_kernel::simulate::{Plan, simulate};
use pi_runtime::drive::{Cancel, Drive};
use pi_runtime::examiner::Folder;
use pi_runtime::freeze::{Frozen, freeze};
use pi_runtime::run::{Composition, Silent, run as run_composition};
use pi_runtime::scheduler::{Priority, Scheduler};

use super::scan::read_baseline;
use super::{catalogue, finished};
use crate::args::{RunArgs, SimulateArgs};
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, BOLD, DIM, GOOD, WARN, paint};

/// Longest time of a composition where PI_CHAIN_EXECUTION_TIMEOUT_SECONDS is not
/// set.
const CHAIN_SECONDS: u64 = 300;

pub fn simulate_command(context: &Context, args: &SimulateArgs) -> Outcome {
    let (composition, catalogue) = (load(context, &args.request)?, catalogue()?);
    let policy = context.policy(args.policy.as_deref());
    let Composition { request, manifest, baseline, .. } = &composition;
    let journal = context.journal()?;
    let plan = simulate(request, manifest, baseline, &catalogue, &policy.asked_by(journal.actor()));
    let record = Record {
        schema: "pi.simulation",
        schema_version: 1,
        event_type: "composition.simulated",
        payload: Encoder::encode(&plan),
    };
    let draft = journal.draft("admission", pi_event_fabric::RunField::None, record)?;
    journal.store().append(vec![draft])?;
    if context.is_json() {
        let mut bytes = Encoder::encode(&plan);
        bytes.push(b'\n');
        context.emit(&String::from_utf8_lossy(&bytes))?;
    } else {
        context.emit(&plan_text(&plan))?;
    }
    Ok(u8::from(plan.decision == Decision::Deny))
}

fn plan_text(plan: &Plan) -> String {
    let mut out = String::new();
    let style = match plan.decision {
        Decision::Allow => GOOD,
        Decision::Review => WARN,
        Decision::Deny => BAD,
    };
    let _ = writeln!(out, "{}  {}", paint(style, plan.status()), plan.request_id);
    for because in &plan.reasons {
        let _ = writeln!(out, "  because {}: {}", because.reason.code(), because.message);
    }
    let mut phase = "";
    for step in &plan.steps {
        if step.phase.as_str() != phase {
            phase = step.phase.as_str();
            let _ = writeln!(out, "{}", paint(BOLD, phase));
        }
        let _ = write!(out, "  {} {:<24} {}", step.rank, step.node, step.capability);
        if step.agents > 0 {
            let _ = write!(out, ", {} agents on {} artifacts", step.agents, step.artifacts);
        }
        if step.effect {
            let _ = write!(out, ", {}", paint(WARN, "an effect"));
        }
        if !step.after.is_empty() {
            let _ = write!(out, "  {} {}", paint(DIM, "after"), step.after.join(", "));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "  {} {}", paint(DIM, "request     "), plan.request_hash);
    let _ = writeln!(out, "  {} {}", paint(DIM, "verification"), plan.verification_hash());
    out
}

pub fn run_command(context: &Context, args: &RunArgs) -> Outcome {
    let policy = context.policy(args.policy.as_deref());
    let mut compositions = Vec::new();
    for path in &args.requests {
        let mut composition = load(context, path)?;
        composition.policy = policy.clone();
        if args.approve {
            composition.request = composition.request.approved(true);
        }
        compositions.push(composition);
    }
    let catalogue = Arc::new(catalogue()?);
    let journal = context.journal()?;
    let mesh = Arc::new(context.mesh(args.threads)?);
    let (guard, limit) = (context.guard()?, chain_limit()?);
    let several = compositions.len() > 1;
    let scheduler = Scheduler::start(args.concurrency.max(1), compositions.len())
        .map_err(|error| Failure::new(Reason::PhaseFailed, format!("no thread: {error}")))?;
    let mut handles = Vec::new();
    for composition in compositions {
        let base = composition.base.clone().unwrap_or_default();
        let folder = Folder(base.clone());
        let (journal, catalogue) = (journal.clone(), Arc::clone(&catalogue));
        let (mesh, guard) = (Arc::clone(&mesh), guard.clone());
        let handle = scheduler.submit(Priority(args.priority), move |cancel: Cancel| {
            let bound = composition.request.content().bounds.max_execution_time_ms;
            let how = Drive {
                mesh: &mesh,
                priority: 0,
                inputs: Arc::new(folder),
                guard: Some(guard),
                deadline: deadline(bound, limit),
                cancel,
            };
            run_composition(&journal, &catalogue, composition, &how, &mut Silent)
        });
        let handle = handle.map_err(|error| Failure::new(error.reason(), error))?;
        handles.push((handle, base));
    }
    let mut code = 0;
    for ((handle, base), path) in handles.into_iter().zip(&args.requests) {
        if several && !context.is_json() {
            context.emit(&format!("{} {}\n", paint(BOLD, "request"), path.display()))?;
        }
        let ran = handle.wait().map_err(|error| Failure::new(error.reason(), error))?;
        let ran = ran.map_err(|error| Failure::new(error.reason(), &error))?;
        code = code.max(finished(context, &ran, &base, &catalogue)?);
    }
    Ok(code)
}

/// The stricter of the request's bound and the environment's limit.
pub fn deadline(bound_ms: u64, limit: Option<Duration>) -> Option<Duration> {
    let bound = Duration::from_millis(bound_ms);
    Some(limit.map_or(bound, |limit| limit.min(bound)))
}

/// `PI_CHAIN_EXECUTION_TIMEOUT_SECONDS`, of which 0 means no limit besides the
/// request's own.
pub fn chain_limit() -> Result<Option<Duration>, Failure> {
    match std::env::var("PI_CHAIN_EXECUTION_TIMEOUT_SECONDS") {
        Ok(text) => match text.parse::<u64>() {
            Ok(0) => Ok(None),
            Ok(seconds) => Ok(Some(Duration::from_secs(seconds))),
            Err(_) => Err(Failure::new(
                Reason::InvalidRequest,
                format!(
                    "PI_CHAIN_EXECUTION_TIMEOUT_SECONDS must be a number of seconds, not `{text}`"
                ),
            )),
        },
        Err(_) => Ok(Some(Duration::from_secs(CHAIN_SECONDS))),
    }
}

/// Reads a document and freezes what it names.
pub fn load(context: &Context, path: &Path) -> Result<Composition, Failure> {
    let bad = |reason, problem: String| {
        Failure::new(reason, format!("the request `{}` {problem}", path.display()))
    };
    let read = fs::metadata(path).and_then(|metadata| {
        let too_large = metadata.len() > MAX_REQUEST_BYTES as u64;
        if too_large { Ok(None) } else { fs::read(path).map(Some) }
    });
    let bytes = read
        .map_err(|error| bad(Reason::InvalidRequest, format!("cannot be read: {error}")))?
        .ok_or_else(|| {
            bad(Reason::BoundsExceeded, format!("has more than {MAX_REQUEST_BYTES} bytes"))
        })?;
    let value = parse(&bytes)
        .map_err(|error| bad(Reason::InvalidRequest, format!("is not readable JSON: {error}")))?;
    let Value::Object(mut document) = value else {
        return Err(bad(Reason::InvalidRequest, "must be an object".to_owned()));
    };
    let Frozen { manifest, base } = inputs(context, &mut document)
        .map_err(|failure| bad(failure.reason, format!("is refused: {}", failure.message)))?;
    let digest = manifest.digest().to_hex();
    match document.get("manifest").and_then(Value::as_str) {
        Some(named) if named != digest => {
            let problem = format!("names the manifest {named}, and its inputs have {digest} now");
            return Err(bad(Reason::InputsChanged, problem));
        }
        _ => document.insert("manifest".to_owned(), Value::from(digest.as_str())),
    };
    let baseline = take_baseline(&mut document, path)?;
    if let Some(goal) = document.remove("goal") {
        let goal = goal
            .as_str()
            .ok_or_else(|| bad(Reason::InvalidRequest, "`goal` must be a string".to_owned()))?;
        let hash = Digest::of(goal.trim().as_bytes()).to_hex();
        document.insert("goal_hash".to_owned(), Value::from(hash.as_str()));
    }
    let tenant = Value::from(context.global.tenant.as_str());
    document.entry("tenant_id".to_owned()).or_insert(tenant);
    let request = CompositionRequest::from_value(&Value::Object(document))
        .map_err(|error| bad(error.reason(), format!("is refused: {error}")))?;
    if request.content().tenant != context.global.tenant {
        let problem = format!("belongs to tenant `{}`", request.content().tenant);
        return Err(bad(Reason::InvalidRequest, problem));
    }
    let base = Some(base);
    Ok(Composition { request, manifest, baseline, base, policy: Policy::baseline() })
}

fn inputs(context: &Context, document: &mut Object) -> Result<Frozen, Failure> {
    let problem = "`inputs` must list the files and folders to examine";
    let wrong = || Failure::new(Reason::InvalidRequest, problem);
    let inputs = document.remove("inputs").ok_or_else(wrong)?;
    let paths: Option<Vec<PathBuf>> = inputs
        .as_array()
        .map(|items| items.iter().map(|item| item.as_str().map(PathBuf::from)).collect())
        .ok_or_else(wrong)?;
    let paths = paths.filter(|paths| !paths.is_empty()).ok_or_else(wrong)?;
    freeze(&paths, context.threads(None)).map_err(|error| Failure::new(error.reason(), &error))
}

/// The baseline beside the document, if it names one; its digest goes to the
/// node that loads it.
fn take_baseline(document: &mut Object, path: &Path) -> Result<Baseline, Failure> {
    let Some(named) = document.remove("baseline") else { return Ok(Baseline::default()) };
    let file = named.as_str().ok_or_else(|| {
        Failure::new(Reason::InvalidRequest, "`baseline` must name a file".to_owned())
    })?;
    let baseline = read_baseline(&path.parent().unwrap_or(Path::new("")).join(file))?;
    let digest = Value::from(baseline.digest().to_hex().as_str());
    if let Some(Value::Array(nodes)) = document.get_mut("nodes") {
        for node in nodes {
            let Value::Object(node) = node else { continue };
            if node.get("capability").and_then(Value::as_str) == Some("baseline/load") {
                let parameters = Object::from([("baseline".to_owned(), digest.clone())]);
                node.entry("parameters".to_owned()).or_insert(Value::Object(parameters));
            }
        }
    }
    Ok(baseline)
}
