//! `pi runs`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pi_core::RunId;
use pi_core::canonical::{Value, parse};
use pi_event_fabric::HeaderView;
use pi_runtime::Journal;
use pi_runtime::drive::{Cancel, Drive};
use pi_runtime::examiner::Folder;
use pi_runtime::resume::ResumeOptions;

use super::scan::Bar;
use super::{catalogue, compose, finished, run_id};
use crate::args::RunsCommand;
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BOLD, DIM, WARN, paint, visible};

pub fn run(context: &Context, command: &RunsCommand) -> Outcome {
    let journal = context.journal()?;
    match command {
        RunsCommand::List { limit } => list(context, &journal, *limit),
        RunsCommand::Show { run } => show(context, &journal, &run_id(run)?),
        RunsCommand::Resume { run, request, take_over } => {
            resume(context, &journal, run, request.as_deref(), *take_over)
        }
    }
}

fn resume(
    context: &Context,
    journal: &Journal,
    run: &str,
    request: Option<&Path>,
    take_over: bool,
) -> Outcome {
    let run = run_id(run)?;
    let goal = match request {
        Some(path) => Some(compose::load(context, path)?.request.content().goal),
        None => None,
    };
    let (catalogue, mesh) = (catalogue()?, context.mesh(None)?);
    let how = Drive {
        mesh: &mesh,
        priority: 0,
        // The recorded inputs take its place.
        inputs: Arc::new(Folder(PathBuf::new())),
        guard: Some(context.guard()?),
        deadline: compose::chain_limit()?,
        cancel: Cancel::default(),
    };
    let options = ResumeOptions { goal, take_over };
    let mut bar = Bar::new(context);
    let ran = pi_runtime::resume::resume(journal, &catalogue, &run, &options, &how, &mut bar)
        .map_err(|error| Failure::new(error.reason(), &error))?;
    bar.clear();
    finished(context, &ran, Path::new(""), &catalogue)
}

/// The payload of a run's seal, if it has one.
fn seal(journal: &Journal, last_leaf: u64) -> Result<Option<Value>, Failure> {
    let events = journal.store().after(last_leaf.checked_sub(1), 1)?;
    Ok(events.into_iter().next().and_then(|event| {
        let (_, payload) = event.content?;
        parse(&payload).ok()
    }))
}

fn list(context: &Context, journal: &Journal, limit: usize) -> Outcome {
    let mut out = String::new();
    for entry in journal.store().runs(None, limit)? {
        let (decision, receipts) = if entry.sealed {
            let seal = seal(journal, entry.last_leaf)?.unwrap_or(Value::Null);
            let decision = seal.get("decision").and_then(Value::as_str).unwrap_or("?").to_owned();
            (decision, seal.get("receipts").and_then(Value::as_u64).unwrap_or(0))
        } else {
            ("unfinished".to_owned(), 0)
        };
        if context.is_json() {
            let _ = writeln!(
                out,
                "{{\"decision\":\"{decision}\",\"receipts\":{receipts},\"run_id\":\"{}\"}}",
                entry.run
            );
        } else {
            let _ = writeln!(
                out,
                "{}  {decision:<10} {}",
                paint(BOLD, &entry.run),
                paint(DIM, format!("{receipts} receipts"))
            );
        }
    }
    if out.is_empty() && !context.is_json() {
        context.remark("no run yet; `pi scan PATH` makes one");
    }
    context.emit(&out)?;
    Ok(0)
}

fn show(context: &Context, journal: &Journal, run: &RunId) -> Outcome {
    let mut out = String::new();
    journal.store().visit_run(run, &mut |event| {
        let Some(view) = HeaderView::parse(&event.header) else { return Ok(()) };
        let payload = event.content.as_ref().map(|(_, payload)| payload.as_slice());
        if context.is_json() {
            let payload = payload
                .map_or("null".into(), |payload| String::from_utf8_lossy(payload).into_owned());
            let _ = writeln!(
                out,
                "{{\"event_type\":\"{}\",\"offset\":{},\"payload\":{payload}}}",
                view.event_type, view.offset
            );
        } else {
            let value = payload.and_then(|payload| parse(payload).ok());
            line(&mut out, &view, value.as_ref(), context.global.verbose);
        }
        Ok(())
    })?;
    context.emit(&out)?;
    Ok(0)
}

fn line(out: &mut String, view: &HeaderView<'_>, payload: Option<&Value>, verbose: bool) {
    let Some(payload) = payload else {
        let _ = writeln!(out, "  {} {} (redacted)", view.offset, view.event_type);
        return;
    };
    let text = |key: &str| visible(payload.get(key).and_then(Value::as_str).unwrap_or_default());
    let number = |key: &str| payload.get(key).and_then(Value::as_u64).unwrap_or(0);
    match view.event_type {
        "run.accepted" => {
            let _ = writeln!(out, "{} {}", paint(BOLD, "accepted"), view.run.unwrap_or_default());
            let _ = writeln!(out, "  request {}", text("request_hash"));
            let _ = writeln!(out, "  {} artifacts from {}", number("artifacts"), text("source"));
        }
        "phase.sealed" => {
            let _ = writeln!(
                out,
                "{} {} {} receipts",
                paint(BOLD, text("phase")),
                text("phase_status"),
                number("receipts")
            );
        }
        "receipt.issued" => {
            let consensus = text("consensus");
            let style = if matches!(&*consensus, "" | "agreed") { DIM } else { WARN };
            let _ = writeln!(
                out,
                "  {:<56} {} {} {}{}",
                text("worker_id"),
                text("status"),
                text("decision"),
                paint(style, consensus),
                paint(WARN, text("reason"))
            );
            if verbose {
                let _ = writeln!(out, "    proof {}", text("determinism_proof"));
                for vote in payload.get("votes").and_then(Value::as_array).unwrap_or_default() {
                    let _ = writeln!(out, "    vote  {}", vote.as_str().unwrap_or("missing"));
                }
            }
        }
        "coverage.issued" if verbose => {
            let _ =
                writeln!(out, "  artifact {} executed {}", number("artifact"), text("executed"));
        }
        "effect.announced" => {
            let _ = writeln!(
                out,
                "  {} {} attempt {}",
                paint(WARN, "effect"),
                text("node"),
                number("attempt")
            );
        }
        "effect.concluded" => {
            let _ = writeln!(
                out,
                "  {} {} {} {}",
                paint(WARN, "effect"),
                text("node"),
                text("outcome"),
                text("detail")
            );
        }
        "run.resumed" => {
            let _ = writeln!(out, "{} epoch {}", paint(BOLD, "resumed"), number("epoch"));
        }
        "run.sealed" => {
            let _ = writeln!(
                out,
                "{} {} {}",
                paint(BOLD, "sealed"),
                text("decision"),
                text("determinism_proof")
            );
        }
        _ => {}
    }
}
