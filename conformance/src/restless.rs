//! An agent that says something else every time, which no agent may.

use std::sync::atomic::{AtomicU64, Ordering};

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

const FOUND: Rule = Rule {
    id: "found",
    summary: "found",
    severity: Severity::Low,
    confidence: Confidence::Low,
    references: &[],
    fix: "none",
};

declare_agent! {
    /// Counts how often it was asked.
    pub struct Restless {
        slug: "straw_restless",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [FOUND],
        fixture: "",
        check: restless,
    }
}

fn restless(_: &Artifact, report: &mut Report) -> Result<(), Stop> {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let asked = ASKED.fetch_add(1, Ordering::Relaxed);
    report.finding(&FOUND, Default::default()).subject(format!("{asked}"));
    Ok(())
}
