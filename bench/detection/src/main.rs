//! Measures the agents on labelled corpora.
//!
//! `pi-bench-detection DIR [DOMAIN...] [--misses]` reads `DIR/DOMAIN/cases.jsonl.gz`
//! and `labels.jsonl`, runs the agents on every case and prints precision,
//! recall and F1 per rule and origin, the coverage, and the scores of peers
//! beside. `maps/DOMAIN.tsv` says which of our rules stands for which labelled
//! rule; a labelled rule without a mapping is a miss. Without the folder it
//! says so and exits with 2. `--speed DIR` measures the engine for credentials
//! on the source text of a folder instead.

mod corpus;
mod score;
mod speed;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let misses = arguments.iter().any(|argument| argument == "--misses");
    let mut words = arguments.iter().filter(|argument| !argument.starts_with("--"));
    if arguments.iter().any(|argument| argument == "--speed") {
        return match words.next().map(|folder| speed::measure(Path::new(folder))) {
            Some(Ok(())) => ExitCode::SUCCESS,
            Some(Err(error)) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
            None => ExitCode::from(2),
        };
    }
    let Some(folder) = words.next() else {
        eprintln!("usage: pi-bench-detection DIR [DOMAIN...] [--misses]");
        return ExitCode::from(2);
    };
    let folder = Path::new(folder);
    if !folder.is_dir() {
        eprintln!(
            "{} is not a folder: the labelled corpora are not part of this repository",
            folder.display()
        );
        return ExitCode::from(2);
    }
    let domains: Vec<&str> = words.map(String::as_str).collect();
    match run(folder, &domains, misses) {
        Ok(0) => {
            eprintln!("{} has no corpus that a map speaks of", folder.display());
            ExitCode::from(2)
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, only: &[&str], misses: bool) -> Result<usize> {
    let mut measured = 0;
    for (domain, map) in corpus::MAPS {
        let place = folder.join(domain);
        if !place.is_dir() || !(only.is_empty() || only.contains(domain)) {
            continue;
        }
        let corpus = corpus::read(&place)?;
        let map = corpus::mapping(map);
        score::report(domain, &corpus, &map, misses)?;
        measured += 1;
    }
    Ok(measured)
}
