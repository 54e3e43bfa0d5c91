//! Microseconds for one decision beside plain Cedar, in the same run.
//!
//! `cargo run --release -p pi-control-plane --example policy_bench`
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::float_arithmetic,
    reason = "a benchmark"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use pi_control_plane::{BASELINE, Fact, Facts, PolicySet, Stage};

const REPETITIONS: u32 = 2_000;
const ROUNDS: usize = 7;

/// One statement for everybody, and `others` for one tenant or actor each.
fn text(others: usize) -> String {
    let mut text = "permit (principal, action, resource)
        when { context.request.nodes <= 64 && !context.request.simulation_only };"
        .to_owned();
    for n in 0..others {
        let scope = match n % 3 {
            0 => format!("principal == PI::Actor::\"a{n}\", action, resource"),
            1 => format!("principal in PI::Tenant::\"t{n}\", action, resource"),
            _ => format!("principal, action, resource in PI::Tenant::\"t{n}\""),
        };
        let _ = writeln!(text, "forbid ({scope}) when {{ context.request.nodes > {n} }};");
    }
    text
}

/// The smallest mean of several rounds, in microseconds.
fn micros(mut decide: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..REPETITIONS {
            decide();
        }
        let mean = start.elapsed().as_secs_f64() * 1e6 / f64::from(REPETITIONS);
        best = best.min(mean);
    }
    best
}

fn row(name: &str, set: &PolicySet, facts: &Facts) {
    assert_eq!(set.decide(facts), set.decide_plainly(facts));
    let decision = set.decide(facts).decision;
    let here = micros(|| drop(black_box(set.decide(black_box(facts)))));
    let plain = micros(|| drop(black_box(set.decide_plainly(black_box(facts)))));
    println!("{name:<28} {:>6} {decision:<7} {here:>10.2} {plain:>12.2}", set.ids().len());
}

fn main() {
    println!("{:<28} {:>6} {:<7} {:>10} {:>12}", "set", "size", "answer", "us", "plain us");
    let mut facts = Facts::blank("cli", "local", "ecr_0", Stage::Admission);
    facts.set(Fact::Nodes, 6_u64);
    for others in [0, 99, 999, 1_000] {
        let set = PolicySet::load("bench", &text(others)).unwrap();
        row("scoped", &set, &facts);
    }
    let baseline = PolicySet::load("baseline", BASELINE).unwrap();
    row("baseline, admission", &baseline, &facts);
    let mut found = Facts::blank("cli", "local", "ecr_0", Stage::Govern);
    row("baseline, nothing found", &baseline, &found);
    found.set(Fact::High, 1_u64).set(Fact::HighOrAbove, 1_u64);
    row("baseline, denied", &baseline, &found);
}
