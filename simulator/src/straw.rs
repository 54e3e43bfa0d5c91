//! Agents whose verdicts are known: one that reviews nothing away, one that denies,
//! one that panics.
#![allow(clippy::panic, reason = "it panics on purpose")]

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_core::{Confidence, Severity};

const fn rule(id: &'static str, severity: Severity) -> Rule {
    Rule {
        id,
        summary: "found",
        severity,
        confidence: Confidence::High,
        references: &[],
        fix: "none",
    }
}

const NOTED: Rule = rule("noted", Severity::Low);
const REFUSED: Rule = rule("refused", Severity::Critical);

fn finds(rule: &'static Rule, word: &str, artifact: &Artifact, report: &mut Report) {
    if artifact.text().unwrap_or_default().contains(word) {
        report.finding(rule, Default::default()).subject("it");
    }
}

declare_agent! {
    /// Finds a word that does not matter.
    pub struct Notes {
        slug: "sim_notes",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [NOTED],
        fixture: "",
        check: |artifact, report| -> Result<(), Stop> {
            finds(&NOTED, "plain", artifact, report);
            Ok(())
        },
    }
}

declare_agent! {
    /// Finds a word that must not be there.
    pub struct Refuses {
        slug: "sim_refuses",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [REFUSED],
        fixture: "",
        check: |artifact, report| -> Result<(), Stop> {
            finds(&REFUSED, "danger", artifact, report);
            Ok(())
        },
    }
}

declare_agent! {
    /// Panics when it sees a word.
    pub struct Panics {
        slug: "sim_panics",
        domain: CodeQuality,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL,
        rules: [NOTED],
        fixture: "",
        check: |artifact, _| -> Result<(), Stop> {
            assert!(!artifact.text().unwrap_or_default().contains("poison"), "on purpose");
            Ok(())
        },
    }
}
