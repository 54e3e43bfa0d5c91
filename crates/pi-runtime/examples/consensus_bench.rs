//! What consensus costs, beside a single run of the same agents on the same
//! files, in one process and one thread:
//! `cargo run --release -p pi-runtime --example consensus_bench -- TREE`
#![allow(
    clippy::unwrap_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a measuring program"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use pi_agent_api::{AgentSet, Catalogue, Report};
use pi_artifacts::{Artifact, Perturbed, perturb};
use pi_core::Digest;
use pi_kernel::admit::Baseline;
use pi_kernel::examine::{Options, examine};

const ROUNDS: usize = 5;

/// Votes of the agents on one artifact; returns the number of findings, so that
/// nothing is optimised away.
fn vote(catalogue: &Catalogue, agents: &AgentSet, artifact: &Artifact) -> usize {
    let vote = |index| {
        let mut report = Report::new(None);
        // An early stop is a vote, too.
        let _ = catalogue.agent(index).unwrap().check(artifact, &mut report);
        let findings = report.into_findings().0;
        let _ = Digest::of_canonical(&findings);
        findings.len()
    };
    agents.iter().map(vote).sum()
}

/// Three votes of the same agents, each copy made once for those that share it.
fn vote_thrice(catalogue: &Catalogue, agents: &AgentSet, artifact: &Artifact) -> usize {
    let mut copies: BTreeMap<u16, ([Perturbed; 2], AgentSet)> = BTreeMap::new();
    for index in agents.iter() {
        let allowed = catalogue.agent(index).unwrap().meta().invariant_to;
        let make = || ([1, 2].map(|copy| perturb(artifact, copy, allowed)), catalogue.none());
        copies.entry(allowed.bits()).or_insert_with(make).1.insert(index);
    }
    let voted = |(copies, agents): &([Perturbed; 2], AgentSet)| {
        copies.iter().map(|copy| vote(catalogue, agents, &copy.artifact)).sum::<usize>()
    };
    vote(catalogue, agents, artifact) + copies.values().map(voted).sum::<usize>()
}

/// Time of `work` on a fresh artifact for every file, files read beforehand.
fn time(files: &[(String, Vec<u8>)], work: impl Fn(&Artifact) -> usize) -> Duration {
    let mut spent = Duration::ZERO;
    for (path, bytes) in files {
        let bytes = bytes.clone();
        let started = Instant::now();
        let artifact = Artifact::new(path.as_str(), bytes);
        std::hint::black_box(work(&artifact));
        spent += started.elapsed();
    }
    spent
}

fn main() {
    let Some(tree) = std::env::args_os().nth(1) else {
        eprintln!("usage: consensus_bench TREE");
        std::process::exit(2);
    };
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(tree)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.metadata().unwrap().len() < 256 * 1024 {
                let bytes = std::fs::read(entry.path()).unwrap();
                files.push((entry.path().to_string_lossy().into_owned(), bytes));
            }
        }
    }
    let catalogue = pi_agents::catalogue().unwrap();
    let baseline = Baseline::default();
    let options = Options { as_of: None, honour_allow: true, baseline: &baseline, watch: None };
    let mut ratios = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let single = time(&files, |artifact| {
            let applicable = catalogue.applicable(artifact.kind());
            vote(&catalogue, &catalogue.triggered(artifact, &applicable), artifact)
        });
        let consensus =
            time(&files, |artifact| examine(&catalogue, artifact, options).findings.len());
        let all_single = time(&files, |artifact| {
            vote(&catalogue, &catalogue.applicable(artifact.kind()), artifact)
        });
        let all_consensus = time(&files, |artifact| {
            vote_thrice(&catalogue, &catalogue.applicable(artifact.kind()), artifact)
        });
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        ratios[0].push(ratio(consensus, single));
        ratios[1].push(ratio(all_consensus, all_single));
    }
    let [tree, all] = ratios.map(|mut ratios| {
        ratios.sort_by(f64::total_cmp);
        ratios[ROUNDS / 2]
    });
    println!("{} files, medians of {ROUNDS} rounds", files.len());
    println!("consensus / single run, prefiltered          {tree:.2}");
    println!("consensus / single run, every agent triggered {all:.2}");
}
