//! Measures the agents on labelled corpora.
//!
//! `pi-bench-detection DIR` reads `DIR/DOMAIN/cases.jsonl.gz` and
//! `labels.jsonl`, runs the agents on every case and prints precision, recall,
//! F1 and coverage per origin, the scores of peers beside. `maps/DOMAIN.tsv`
//! says which of our rules stands for which labelled rule; a labelled rule
//! without a mapping is a miss. Without the folder it says so and exits with 2.

mod corpus;
mod report;
mod score;
mod speed;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

const USAGE: &str = "\
usage: pi-bench-detection DIR [--domain NAME]... [--rules] [--misses RULE] [--alarms RULE]
       pi-bench-detection --speed DIR

  --domain NAME   measure this domain only
  --rules         print every labelled rule, not the origins alone
  --misses RULE   list the cases in which RULE was not found
  --alarms RULE   list the cases in which RULE was reported and should not be
  --speed DIR     measure the engine for credentials on the text of a folder

RULE is a labelled rule, or a beginning of one with `*` behind it; `any` speaks
of any finding of the domain.";

/// What the command line asks for.
#[derive(Default)]
struct Options {
    folder: Option<String>,
    domains: Vec<String>,
    speed: Option<String>,
    show: report::Show,
}

fn options(arguments: impl Iterator<Item = String>) -> Option<Options> {
    let mut out = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--domain" => out.domains.push(arguments.next()?),
            "--rules" => out.show.rules = true,
            "--misses" => out.show.misses = Some(arguments.next()?),
            "--alarms" => out.show.alarms = Some(arguments.next()?),
            "--speed" => out.speed = Some(arguments.next()?),
            _ if argument.starts_with('-') || out.folder.is_some() => return None,
            _ => out.folder = Some(argument),
        }
    }
    (out.folder.is_some() != out.speed.is_some()).then_some(out)
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether there was something to measure.
fn run(options: &Options) -> Result<bool> {
    if let Some(folder) = &options.speed {
        speed::measure(Path::new(folder))?;
        return Ok(true);
    }
    let name = options.folder.as_deref().unwrap_or_default();
    let folder = Path::new(name);
    if !folder.is_dir() {
        eprintln!("{name} is not a folder: the labelled corpora are not part of this repository");
        return Ok(false);
    }
    for domain in &options.domains {
        if !corpus::MAPS.iter().any(|(name, _)| name == domain) {
            eprintln!("no map speaks of `{domain}`");
            return Ok(false);
        }
    }
    let mut measured = false;
    for (domain, map) in corpus::MAPS {
        let asked = options.domains.is_empty() || options.domains.iter().any(|d| d == domain);
        let place = folder.join(domain);
        if !asked || !place.is_dir() {
            continue;
        }
        let corpus = corpus::read(&place)?;
        report::print(domain, &corpus, &corpus::Mapping::read(map), &options.show)?;
        measured = true;
    }
    if !measured {
        eprintln!("{name} has no corpus that a map speaks of");
    }
    Ok(measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Option<Options> {
        options(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_folder_or_a_speed_run_and_nothing_unknown() {
        assert_eq!(parsed("d --domain secrets").map(|o| o.domains.len()), Some(1));
        assert!(parsed("--speed d").is_some_and(|o| o.folder.is_none()));
        for wrong in ["", "d e", "d --domain", "d --wrong", "d --speed e"] {
            assert!(parsed(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_no_success() {
        let options = parsed("/nonexistent/corpora").expect("parses");
        assert!(!run(&options).expect("says so"));
    }
}
