//! Agents that exist to be caught: one that searches text, one that panics, one
//! that is silent.
#![allow(clippy::panic, reason = "it panics on purpose")]

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
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
    /// Counts lines with a regular word search, comments included.
    pub struct Grep {
        slug: "straw_grep",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Dockerfile, Kind::Compose],
        triggers: Always,
        invariant_to: ALL,
        rules: [FOUND],
        fixture: "",
        check: grep,
    }
}

fn grep(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for (number, line) in artifact.text().unwrap_or_default().lines().enumerate() {
        if line.contains("USER ") || line == "    privileged: true" {
            report.finding(&FOUND, Default::default()).subject(format!("line {number}"));
        }
    }
    Ok(())
}

declare_agent! {
    /// Panics on everything.
    pub struct Panics {
        slug: "straw_panics",
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
        check: |_, _| panic!("on purpose"),
    }
}

declare_agent! {
    /// Reports nothing.
    pub struct Quiet {
        slug: "straw_quiet",
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
        check: |_, _| Ok(()),
    }
}
