//! Tasks of this project. `cargo xtask` lists them.

mod fuzz_seeds;
mod generate;
mod golden;
mod new_agent;
mod schemas;

mod comparison;
mod conformance;

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
usage: cargo xtask TASK
  ci                       everything that must pass (make test)
  full                     what takes longer (make test-full)
  simulate SEED            one seed of the simulator, with its trace
  simulate FROM..TO        many seeds, each twice
  conformance              the specification, rule by rule
  bench                    the published measurements
  coverage                 line coverage with its gate
  generate [--check]       rebuild derived files, or fail when they differ
  golden VERSION           a golden history of the log's present format, once
  fuzz-seeds DIR           first inputs of the fuzz targets
  new-agent DOMAIN SLUG    an agent's file, cases and registry line";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci(),
        ["full"] => full(),
        ["simulate", seed] => simulate(seed),
        ["conformance"] => conformance(),
        ["bench"] => bench(),
        ["coverage"] => coverage(),
        ["generate"] => generate::run(false),
        ["generate", "--check"] => generate::run(true),
        ["golden", version] => {
            step("cargo", &["run", "-q", "-p", "pi-conformance", "--example", "golden", version])
        }
        ["fuzz-seeds", folder] => fuzz_seeds::run(folder),
        ["new-agent", domain, slug] => new_agent::run(domain, slug),
        _ => bail!("{USAGE}"),
    }
}

fn ci() -> Result<()> {
    step("cargo", &["fmt", "--all", "--", "--check"])?;
    step("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    tests(&[], &[])?;
    step("cargo", &["test", "--workspace", "--doc", "--quiet"])?;
    simulate("0..2000")?;
    generate::run(true)?;
    conformance::report(false)?;
    eprintln!("everything passed");
    Ok(())
}

fn full() -> Result<()> {
    ci()?;
    tests(&["--cargo-profile", "release-test"], &[("PI_TEST_SCALE", "full")])?;
    step("bash", &["scripts/same-proof"])?;
    step("bash", &["scripts/fuzz", "20"])?;
    simulate("2000..52000")
}

/// Runs all tests, beside a PostgreSQL that they share.
fn tests(arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let server = pi_test_postgres::Server::own();
    let folder = server.folder().display().to_string();
    let environment = [environment, &[(pi_test_postgres::SHARED, folder.as_str())]].concat();
    step_with("cargo", &[&["nextest", "run", "--workspace"], arguments].concat(), &environment)
}

/// Runs one seed, or a range of them twice.
fn simulate(seeds: &str) -> Result<()> {
    let how: &[&str] = match seeds.contains("..") {
        true => &["--seeds", seeds, "--twice"],
        false => &["--seed", seeds, "--verbose"],
    };
    // With the features of the whole workspace, as the tests are built, and not once more.
    step("cargo", &["build", "--workspace", "--all-targets", "--quiet"])?;
    let simulator = std::env::current_exe()?.with_file_name("pi-simulator");
    step(simulator.to_str().context("a path that is no text")?, how)
}

fn conformance() -> Result<()> {
    conformance::run()
}

fn bench() -> Result<()> {
    step("cargo", &["run", "--release", "-p", "pi-store", "--example", "log_bench"])?;
    step("cargo", &["run", "--release", "-p", "pi-store", "--example", "tenants_bench"])?;
    step("bash", &["bench/steps.sh"])?;
    step("cargo", &["run", "--release", "-p", "pi-runtime", "--example", "route_bench"])?;
    step("cargo", &["run", "--release", "-p", "pi-control-plane", "--example", "policy_bench"])?;
    step("bash", &["bench/scan.sh"])?;
    let consensus = ["run", "--release", "-p", "pi-runtime", "--example", "consensus_bench"];
    step("cargo", &[&consensus[..], &["--", "crates"]].concat())?;
    step("cargo", &["run", "--release", "-p", "pi-telemetry", "--example", "span_bench"])?;
    step("cargo", &["run", "--release", "-p", "pi-console", "--example", "serve_bench"])?;
    step("bash", &["bench/growth.sh"])
}

fn coverage() -> Result<()> {
    step("bash", &["scripts/coverage"])
}

/// Runs a command, shows it and its time, and fails with it.
fn step(program: &str, arguments: &[&str]) -> Result<()> {
    step_with(program, arguments, &[])
}

fn step_with(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    let line = format!("{program} {}", arguments.join(" "));
    eprintln!("==> {line}");
    let started = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .with_context(|| format!("`{program}` cannot be started"))?;
    eprintln!("    {:.1} s", started.elapsed().as_secs_f64());
    if !status.success() {
        bail!("failed: {line}");
    }
    Ok(())
}
