//! What an agent writes its findings into.

use pi_artifacts::limits::{MAX_AGENT_STEPS, MAX_FINDINGS_PER_AGENT};
use pi_artifacts::{ParseFailure, Span};
use pi_core::Timestamp;

use crate::finding::Finding;
use crate::meta::Rule;
use crate::watch::Watch;

/// Why an examination ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// A view that the agent needs cannot be had.
    #[error(transparent)]
    View(ParseFailure),
    /// The step budget is spent.
    #[error("the step budget is spent")]
    Budget,
    /// It was ended from outside: its time is over, or the run is.
    #[error("it was cancelled")]
    Cancelled,
}

impl From<&ParseFailure> for Stop {
    fn from(failure: &ParseFailure) -> Self {
        Stop::View(failure.clone())
    }
}

impl From<ParseFailure> for Stop {
    fn from(failure: ParseFailure) -> Self {
        Stop::View(failure)
    }
}

/// Collects the findings of one agent on one artifact and counts its steps.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Finding>,
    dropped: u64,
    overflow: Option<Finding>,
    steps: u64,
    as_of: Option<Timestamp>,
    watch: Option<Watch>,
}

impl Report {
    /// An empty report. `as_of` is the point in time that the request names for
    /// rules that depend on one; without it those rules stay silent.
    pub fn new(as_of: Option<Timestamp>) -> Self {
        Self { as_of, ..Self::default() }
    }

    /// The report, ended early when `watch` says so.
    #[must_use]
    pub fn watched(mut self, watch: Option<&Watch>) -> Self {
        self.watch = watch.cloned();
        self
    }

    /// The point in time that the request names, if any.
    pub fn as_of(&self) -> Option<Timestamp> {
        self.as_of
    }

    /// Reports a finding and returns it to be filled in. Set a subject; without
    /// one, all findings of the rule in this artifact count as the same thing.
    pub fn finding(&mut self, rule: &'static Rule, span: Span) -> &mut Finding {
        if self.findings.len() < MAX_FINDINGS_PER_AGENT {
            self.findings.push(Finding::new(rule, span));
        } else {
            self.dropped += 1;
            self.overflow = Some(Finding::new(rule, span));
        }
        let slot =
            if self.dropped == 0 { self.findings.last_mut() } else { self.overflow.as_mut() };
        // One of the two was filled just above.
        #[expect(clippy::expect_used, reason = "filled in this function")]
        slot.expect("a finding was just stored")
    }

    /// Counts `steps` of work against the budget. Engines of ours call it in
    /// every loop whose length depends on the artifact.
    pub fn tick(&mut self, steps: u64) -> Result<(), Stop> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_AGENT_STEPS {
            Err(Stop::Budget)
        } else if self.watch.as_ref().is_some_and(Watch::is_cancelled) {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    /// The findings in the order of the text, and how many more there were
    /// beyond the cap.
    pub fn into_findings(mut self) -> (Vec<Finding>, u64) {
        self.findings.sort_by(|a, b| {
            (a.span, a.rule.id, &a.subject, &a.message)
                .cmp(&(b.span, b.rule.id, &b.subject, &b.message))
        });
        self.findings.dedup();
        (self.findings, self.dropped)
    }
}
