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

/// An agent of this name, revision and trigger, which reports when `found` says
/// so: builds that differ are two of them with one slug.
macro_rules! versions {
    ($($(#[doc = $doc:literal])* $name:ident $slug:literal $revision:literal $triggers:ident $(($literals:expr))?, $found:expr;)+) => {
        $(declare_agent! {
            $(#[doc = $doc])*
            pub struct $name {
                slug: $slug,
                domain: CodeQuality,
                phase: Validate,
                revision: $revision,
                since: "0.1.0",
                status: Preview,
                kinds: [Kind::Dockerfile],
                triggers: $triggers $(($literals))?,
                invariant_to: ALL,
                rules: [FOUND],
                fixture: "",
                check: |artifact, report| {
                    let found: fn(&Artifact) -> bool = $found;
                    if found(artifact) {
                        report.finding(&FOUND, Default::default()).subject("file");
                    }
                    Ok(())
                },
            }
        })+
    };
}

versions! {
    /// Reports files that name a user.
    Words "straw_words" 1 Any(&["user"]), |artifact| artifact.path() == "Dockerfile";
    /// Its next revision, which is triggered by less and reports more.
    NewWords "straw_words" 2 Any(&["debian"]), |_| true;
    /// Another verdict under the same revision.
    ForgedWords "straw_words" 1 Any(&["user"]), |_| true;
    /// Reports nothing.
    Silent "straw_silent" 1 Always, |_| false;
    /// Another verdict under the same revision.
    ForgedSilent "straw_silent" 1 Always, |_| true;
}
