//! `pi-simulator --seed N [--verbose]` runs one seed; `--seeds FROM..TO [--twice]` runs
//! many on all cores and compares the hashes of their traces.

use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, anyhow, bail};
use pi_simulator::{Counts, Defect, Laboratory, Report, Trace, Violation, simulate};

const USAGE: &str = "\
usage: pi-simulator --seed N [--verbose]
       pi-simulator --seeds FROM..TO [--twice]
  --verbose   print the trace
  --twice     run every seed twice and compare the hashes of the traces
  --defect D  break something on purpose; the seed must fail";

#[derive(Default)]
struct Arguments {
    seed: Option<u64>,
    seeds: Option<Range<u64>>,
    verbose: bool,
    twice: bool,
    defect: Option<Defect>,
}

fn main() -> ExitCode {
    // Straw agents panic on purpose, and the kernel catches that.
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&"on purpose") {
            report(info);
        }
    }));
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments> {
    let mut arguments = Arguments::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| anyhow!("`{word}` needs a value\n{USAGE}"));
        match word.as_str() {
            "--seed" => arguments.seed = Some(value()?.parse().context("the seed")?),
            "--seeds" => {
                let text = value()?;
                let (from, to) = text.split_once("..").ok_or_else(|| anyhow!("{USAGE}"))?;
                arguments.seeds = Some(from.parse()?..to.parse()?);
            }
            "--defect" => {
                let name = value()?;
                let found = Defect::ALL.iter().find(|defect| format!("{defect:?}") == name);
                arguments.defect = Some(*found.ok_or_else(|| anyhow!("one of {:?}", Defect::ALL))?);
            }
            "--verbose" => arguments.verbose = true,
            "--twice" => arguments.twice = true,
            _ => bail!("{USAGE}"),
        }
    }
    Ok(arguments)
}

fn run(arguments: &Arguments) -> Result<bool> {
    match (arguments.seed, &arguments.seeds) {
        (Some(seed), None) => one(seed, arguments),
        (None, Some(seeds)) => many(seeds.clone(), arguments),
        _ => bail!("{USAGE}"),
    }
}

/// Runs one seed and prints what happened.
fn one(seed: u64, arguments: &Arguments) -> Result<bool> {
    let trace = if arguments.verbose { Trace::keeping() } else { Trace::default() };
    let result = simulate(seed, &mut Laboratory::new()?, arguments.defect, &trace);
    for line in trace.lines() {
        println!("{line}");
    }
    match result {
        Ok(Report { hash, counts }) => {
            println!("{counts:?}");
            println!("seed {seed}  {hash}");
            Ok(true)
        }
        Err(violation) => {
            failed(seed, &violation);
            Ok(false)
        }
    }
}

fn failed(seed: u64, violation: &Violation) {
    println!("seed {seed} fails: {violation}");
    println!("  reproduce: cargo run -p pi-simulator -- --seed {seed} --verbose");
}

/// What all seeds came to.
#[derive(Default)]
struct Sum {
    counts: Counts,
    failed: u64,
}

/// Runs many seeds on all cores. Each seed runs on one thread.
fn many(seeds: Range<u64>, arguments: &Arguments) -> Result<bool> {
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let worker = || work(&next, seeds.end, arguments, &sum);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|ended| ended.unwrap_or_else(|_| Err(anyhow!("a worker panicked")))).collect()
    });
    results.into_iter().collect::<Result<()>>()?;
    let Sum { counts, failed } = sum.into_inner().map_err(|_| anyhow!("a worker panicked"))?;
    let times = if arguments.twice { " twice" } else { "" };
    println!("{} seeds{times}, {failed} failed", seeds.end.saturating_sub(seeds.start));
    println!("{counts:?}");
    Ok(failed == 0)
}

fn work(next: &AtomicU64, end: u64, arguments: &Arguments, sum: &Mutex<Sum>) -> Result<()> {
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return Ok(());
        }
        let result = checked(seed, arguments)?;
        let mut sum = sum.lock().map_err(|_| anyhow!("a worker panicked"))?;
        match result {
            Ok(report) => sum.counts += report.counts,
            Err(violation) => {
                sum.failed += 1;
                failed(seed, &violation);
            }
        }
    }
}

/// Runs a seed, perhaps twice, each time with nothing left from before.
fn checked(seed: u64, arguments: &Arguments) -> Result<Result<Report, Violation>> {
    let run = || -> Result<_> {
        Ok(simulate(seed, &mut Laboratory::new()?, arguments.defect, &Trace::default()))
    };
    let first = run()?;
    if let (true, Ok(report)) = (arguments.twice, &first) {
        match run()? {
            Ok(second) if second.hash == report.hash => {}
            Ok(_) => return Ok(Err(Violation("the same seed gives another trace".to_owned()))),
            Err(violation) => return Ok(Err(violation)),
        }
    }
    Ok(first)
}
