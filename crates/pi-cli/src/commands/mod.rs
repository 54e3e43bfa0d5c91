//! One file a command.

mod agents;
mod compose;
mod demo;
mod doctor;
mod explain;
mod fabric;
mod fence;
mod log;
mod memory;
mod near;
mod plan;
mod policy;
mod replay;
mod route;
mod runs;
mod scan;
mod serve;
mod tail;
mod token;
mod verify;
mod what_if;

use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory as _;
use pi_agent_api::Catalogue;
use pi_artifacts::Artifact;
use pi_core::{Decision, Reason, RunId};
use pi_kernel::admit::Baseline;
use pi_kernel::examine::{Options, examine};
use pi_runtime::journal::RUNS;
use pi_runtime::report::{LogPosition, RunReport};
use pi_runtime::run::Ran;
use pi_telemetry::Metrics;

use crate::args::{Cli, Command, Format};
use crate::context::{Context, Failure, Outcome};
use crate::output::{sarif, text};

pub fn run(context: &Context, command: Command, metrics: Option<&Arc<Metrics>>) -> Outcome {
    match command {
        Command::Scan(args) => scan::run(context, &args),
        Command::Simulate(args) => compose::simulate_command(context, &args),
        Command::Run(args) => compose::run_command(context, &args),
        Command::Agents(command) => agents::run(context, &command),
        Command::Runs(command) => runs::run(context, &command),
        Command::Replay(args) => replay::run(context, &args),
        Command::Log(command) => log::run(context, &command),
        Command::Verify(args) => verify::run(context, &args),
        Command::Route { words } => route::run(context, &words),
        Command::Plan { steps, request } => plan::run(context, &steps, &request),
        Command::Memory(command) => memory::run(context, &command),
        Command::Policy(command) => policy::run(context, &command),
        Command::Serve(args) => serve::run(context, &args, metrics),
        Command::Token(command) => token::run(context, &command),
        Command::Explain { code } => explain::run(context, code.as_deref()),
        Command::Doctor => doctor::run(context),
        Command::Demo { examples } => demo::run(context, &examples),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "pi", &mut script);
            context.emit(&String::from_utf8_lossy(&script))?;
            Ok(0)
        }
        Command::ExamineAlone { file, name } => examine_alone(&file, &name),
    }
}

fn catalogue() -> Result<Catalogue, Failure> {
    pi_agents::catalogue().map_err(|error| Failure::new(error.reason(), &error))
}

/// Shows the report of a finished run; the exit code of its decision.
fn finished(
    context: &Context,
    ran: &Ran,
    base: &Path,
    catalogue: &Catalogue,
) -> Result<u8, Failure> {
    let report = RunReport {
        run: &ran.run,
        tenant: context.global.tenant.as_str(),
        outcome: &ran.outcome,
        log: LogPosition {
            partition: RUNS.to_owned(),
            offset: ran.sealed.offset,
            checkpoint: ran.sealed.checkpoint,
        },
    };
    match context.global.format {
        Format::Json => context.emit_json(&report)?,
        Format::Sarif => context.emit_json(&sarif::log(&report, catalogue))?,
        Format::Text => {
            let verbose = context.global.verbose;
            let view = text::View { base, colour: context.colour, verbose };
            context.emit(&text::report(&report, &view))?;
        }
    }
    Ok(match ran.outcome.decision {
        Decision::Allow => 0,
        Decision::Deny => 1,
        Decision::Review => 4,
    })
}

fn run_id(text: &str) -> Result<RunId, Failure> {
    RunId::parse(text).ok_or_else(|| {
        Failure::new(
            Reason::UnknownRun,
            format!("`{text}` is no run id; it must be `run_` and 32 hexadecimal digits"),
        )
    })
}

/// The child of a guarded examination: its end says whether the artifact can be
/// examined at all.
fn examine_alone(file: &Path, name: &str) -> Outcome {
    let bytes = pi_runtime::files::read(file)
        .map_err(|refusal| Failure::new(refusal.reason, refusal.detail))?;
    let catalogue = catalogue()?;
    let name = name.to_owned();
    let work = move || {
        let baseline = Baseline::default();
        let options =
            Options { as_of: None, honour_allow: false, baseline: &baseline, watch: None };
        examine(&catalogue, &Artifact::new(name, bytes), options);
    };
    let thread = std::thread::Builder::new()
        .stack_size(pi_artifacts::limits::PARSER_STACK_BYTES)
        .spawn(work)
        .map_err(|error| Failure::new(Reason::PhaseFailed, format!("no thread: {error}")))?;
    thread.join().map_err(|_| Failure::new(Reason::AgentPanicked, "the examination panicked"))?;
    Ok(0)
}
