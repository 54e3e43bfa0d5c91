//! An agent that does not end when a test says so.

use std::sync::atomic::{AtomicU8, Ordering};

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

/// What the agent does with a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It ends.
    Ends = 0,
    /// It goes on for ever, and looks now and then whether it may.
    Ticks = 1,
    /// It goes on for ever, and does not look.
    Hangs = 2,
}

static MOOD: AtomicU8 = AtomicU8::new(Mood::Ends as u8);

/// From now on it does this.
pub fn set(mood: Mood) {
    MOOD.store(mood as u8, Ordering::SeqCst);
}

declare_agent! {
    /// Reports something, and then does what its mood is.
    pub struct Stuck {
        slug: "straw_stuck",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Dockerfile],
        triggers: Always,
        invariant_to: ALL,
        rules: [FOUND],
        fixture: "",
        check: stuck,
    }
}

fn stuck(_: &Artifact, report: &mut Report) -> Result<(), Stop> {
    report.finding(&FOUND, Default::default()).subject("it");
    loop {
        match MOOD.load(Ordering::SeqCst) {
            mood if mood == Mood::Hangs as u8 => std::thread::park(),
            mood if mood == Mood::Ticks as u8 => report.tick(0)?,
            _ => return Ok(()),
        }
        std::thread::yield_now();
    }
}
