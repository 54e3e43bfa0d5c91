//! One file a command.

mod agents;
mod demo;
mod doctor;
mod explain;
mod log;
mod near;
mod replay;
mod runs;
mod scan;
mod verify;

use std::path::Path;

use clap::CommandFactory as _;
use pi_agent_api::Catalogue;
use pi_artifacts::Artifact;
use pi_core::{Reason, RunId};
use pi_kernel::admit::Baseline;
use pi_kernel::examine::{Options, examine};

use crate::args::{Cli, Command};
use crate::context::{Context, Failure, Outcome};

pub fn run(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Scan(args) => scan::run(context, &args),
        Command::Agents(command) => agents::run(context, &command),
        Command::Runs(command) => runs::run(context, &command),
        Command::Replay(args) => replay::run(context, &args),
        Command::Log(command) => log::run(context, &command),
        Command::Verify(args) => verify::run(context, &args),
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
        let options = Options { as_of: None, honour_allow: false, baseline: &baseline };
        examine(&catalogue, &Artifact::new(name, bytes), options);
    };
    let thread = std::thread::Builder::new()
        .stack_size(pi_artifacts::limits::PARSER_STACK_BYTES)
        .spawn(work)
        .map_err(|error| Failure::new(Reason::PhaseFailed, format!("no thread: {error}")))?;
    thread.join().map_err(|_| Failure::new(Reason::AgentPanicked, "the examination panicked"))?;
    Ok(0)
}
