//! The `pi` binary.

mod args;
mod commands;
mod context;
mod examples;
mod memory;
mod output;
mod policy;
mod settings;
mod telemetry;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use pi_core::Reason;

use crate::args::{Cli, Color, Command};
use crate::context::{Context, Failure, Outcome};
use crate::output::style::{BAD, DIM, paint, visible};
use crate::telemetry::Telemetry;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.global.color {
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
        Color::Auto => {}
    }
    // A panic inside an examination is caught and becomes a receipt; its trace
    // belongs to `-v`. One of the main thread ends the program and says so.
    if !cli.global.verbose {
        std::panic::set_hook(Box::new(|panic| {
            if std::thread::current().name() == Some("main") {
                eprintln!("error: this is a mistake in pi, please report it: {panic}");
            }
        }));
    }
    let context = Context::new(cli.global, std::io::stdout().is_terminal());
    match run(&context, cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            report(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Runs the command, and writes what was measured of it, however it ended.
fn run(context: &Context, command: Command) -> Outcome {
    let served = matches!(command, Command::Serve(_));
    let telemetry = Telemetry::begin(command.metrics(), served)?;
    let outcome = commands::run(context, command, telemetry.metrics());
    match telemetry.end() {
        Err(failure) if matches!(outcome, Ok(0)) => Err(failure),
        Err(failure) => {
            // The command's own end says more.
            context.warn(failure.message);
            outcome
        }
        Ok(()) => outcome,
    }
}

/// What went wrong, its code, and what to do.
fn report(failure: &Failure) {
    let mut stderr = anstream::stderr().lock();
    let code = failure.reason.code();
    // Nobody is left to tell when stderr is gone.
    let _ = writeln!(stderr, "{} {}", paint(BAD, "error:"), visible(&failure.message));
    let _ = writeln!(stderr, "  {} {code}: {}", paint(DIM, "reason"), failure.reason.title_text());
    if let Some(remedy) = remedy(failure.reason) {
        let _ = writeln!(stderr, "  {} {remedy}", paint(DIM, "to do"));
    }
}

fn remedy(reason: Reason) -> Option<&'static str> {
    let (_, rest) = reason.page().split_once("## What to do\n")?;
    Some(rest.trim())
}
