//! What routing costs, over the catalogue of this build and over a made-up one
//! of 300 agents: `cargo run --release -p pi-runtime --example route_bench`
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a measuring program"
)]

use std::time::{Duration, Instant};

use pi_agent_api::{Domain, Meta, Phase, Rule, Status, Triggers};
use pi_artifacts::{Kind, Perturbations};
use pi_core::{Confidence, Severity};
use pi_kernel::route::Router;

const ROUNDS: usize = 2_000;

const REQUESTS: &[&str] = &[
    "find hardcoded secrets",
    "docker images that run as root",
    "is there a leaked token anywhere in the history of this repository",
    "kubernetes",
    "please check that every github action is pinned to a commit and that no workflow \
     of this repository checks out the code of a pull request where secrets are at hand",
    "kuberntes",
    "weather tomorrow",
];

/// Words from which the made-up agents are put together.
const WORDS: &[&str] = &[
    "secret",
    "token",
    "docker",
    "image",
    "root",
    "kubernetes",
    "pod",
    "policy",
    "network",
    "certificate",
    "expiry",
    "signature",
    "workflow",
    "action",
    "commit",
    "pin",
    "dependency",
    "lockfile",
    "package",
    "vulnerability",
    "prompt",
    "injection",
    "shell",
    "command",
    "sql",
    "migration",
    "index",
    "contract",
    "reentrancy",
    "oracle",
    "price",
    "bridge",
    "audit",
    "log",
    "metric",
    "trace",
    "alert",
    "region",
    "bucket",
    "role",
    "permission",
    "encryption",
    "key",
    "rotation",
    "backup",
    "privacy",
    "consent",
    "cookie",
    "header",
    "origin",
    "session",
    "schema",
];

/// The word for a number, spread over the list without a pattern that repeats
/// within one agent.
fn word(number: usize) -> &'static str {
    WORDS[(number * 7_919 + number / WORDS.len()) % WORDS.len()]
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// An agent with four rules and about eighty words.
fn meta(number: usize) -> &'static Meta {
    let at = number * 31;
    let phrase =
        |from: usize, words: usize| (from..from + words).map(word).collect::<Vec<_>>().join(" ");
    let rules: Vec<&'static Rule> = (0..4)
        .map(|rule| {
            let rule = Rule {
                id: leak(phrase(at + rule * 5, 2).replace(' ', "-")),
                summary: leak(phrase(at + rule * 11, 9)),
                severity: Severity::High,
                confidence: Confidence::High,
                references: &["CWE-798", "CWE-250"],
                fix: "mend it",
            };
            &*Box::leak(Box::new(rule))
        })
        .collect();
    Box::leak(Box::new(Meta {
        slug: leak(format!("{}_{number}", phrase(at, 3).replace(' ', "_"))),
        domain: Domain::ALL[number % Domain::ALL.len()],
        phase: Phase::Validate,
        revision: 1,
        since: "0.1.0",
        status: Status::Preview,
        doc: leak(format!("# What it checks\n{}.", phrase(at + 3, 24))),
        kinds: &[Kind::Yaml, Kind::Json],
        triggers: Triggers::Always,
        invariant_to: Perturbations::ALL,
        rules: Vec::leak(rules),
        fixture: "",
    }))
}

fn measure(name: &str, metas: &[&Meta]) {
    let started = Instant::now();
    let router = Router::over(metas);
    println!("{name}: {} agents, indexed in {:.1?}", metas.len(), started.elapsed());
    for request in REQUESTS {
        let mut times: Vec<Duration> = (0..ROUNDS)
            .map(|_| {
                let started = Instant::now();
                std::hint::black_box(router.route(std::hint::black_box(request)).unwrap());
                started.elapsed()
            })
            .collect();
        times.sort_unstable();
        let micros = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e6;
        let decision = router.route(request).unwrap().decision;
        let words = request.split_whitespace().count();
        println!(
            "  {:>6.1} µs median, {:>6.1} µs p99  {decision:<6} {words:>2} words: {:.40}",
            micros(50),
            micros(99),
            request
        );
    }
}

fn main() {
    let catalogue = pi_agents::catalogue().unwrap();
    let metas: Vec<&Meta> = catalogue.agents().iter().map(|agent| agent.meta()).collect();
    measure("this build", &metas);
    let metas: Vec<&Meta> = (0..300).map(meta).collect();
    measure("made up", &metas);
}
