//! The JSON reports of a run (`pi.report/1`, `docs/schemas/report.schema.json`) and of
//! its replay.

use pi_core::canonical::{Encoder, ToCanonical};
use pi_core::{RunId, Severity};
use pi_kernel::examine::Located;
use pi_kernel::replay::Difference;
use pi_kernel::report::Outcome;

use crate::replay::Replayed;

/// A finished, recorded run.
pub struct RunReport<'a> {
    /// The run.
    pub run: &'a RunId,
    /// The tenant.
    pub tenant: &'a str,
    /// What it came to.
    pub outcome: &'a Outcome,
    /// Where the run's sealing event lies.
    pub log: LogPosition,
}

/// A place in the log.
#[derive(Clone, Debug)]
pub struct LogPosition {
    /// The partition.
    pub partition: String,
    /// The offset of the run's last event.
    pub offset: u64,
    /// The tree size of the checkpoint that covers it.
    pub checkpoint: u64,
}

impl ToCanonical for RunReport<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let RunReport { run, tenant, outcome, log } = self;
        let findings = || {
            outcome.findings.iter().flat_map(|artifact| {
                artifact.findings.iter().map(|located| Row { path: &artifact.path, located })
            })
        };
        encoder.object(|o| {
            o.field("agents", &Agents(outcome))
                .field("artifacts", &outcome.artifacts)
                .field("decision", &outcome.decision)
                .field("determinism_proof", &outcome.determinism_proof)
                .field_with("findings", |e| e.array(findings()))
                .field("log", log)
                .field("reasons", &outcome.reasons)
                .field("receipts", &Receipts(outcome))
                .field("request_hash", &outcome.request_hash)
                .field("run_id", *run)
                .field("schema", "pi.report/1")
                .field("summary", &Summary(outcome))
                .field("tenant", *tenant);
        });
    }
}

struct Agents<'a>(&'a Outcome);

impl ToCanonical for Agents<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("applied", &self.0.agents_applied).field("catalogue", &self.0.agents_catalogue);
        });
    }
}

struct Receipts<'a>(&'a Outcome);

impl ToCanonical for Receipts<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| {
            o.field("count", &self.0.receipts).field("head", &self.0.receipts_head);
        });
    }
}

struct Summary<'a>(&'a Outcome);

impl ToCanonical for Summary<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let risk = &self.0.risk;
        encoder.object(|o| {
            o.field("allowed", &risk.allowed())
                .field("critical", &risk.count(Severity::Critical))
                .field("high", &risk.count(Severity::High))
                .field("info", &risk.count(Severity::Info))
                .field("known", &risk.known())
                .field("low", &risk.count(Severity::Low))
                .field("medium", &risk.count(Severity::Medium));
        });
    }
}

impl ToCanonical for LogPosition {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let LogPosition { partition, offset, checkpoint } = self;
        encoder.object(|o| {
            o.field("checkpoint", checkpoint).field("offset", offset).field("partition", partition);
        });
    }
}

/// A finding with its path.
pub struct Row<'a> {
    /// The artifact's path.
    pub path: &'a str,
    /// The finding.
    pub located: &'a Located,
}

impl ToCanonical for Row<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Located { agent, finding, start, end, fingerprint, votes, allowed, known } =
            self.located;
        let words = |vote: &bool| if *vote { "found" } else { "absent" };
        encoder.object(|o| {
            o.field("agent", *agent)
                .field("allowed", allowed)
                .field("confidence", &finding.confidence)
                .field_with("consensus", |e| {
                    e.object(|o| {
                        o.field("dissent", &votes.contains(&false))
                            .field_with("votes", |e| e.array(votes.iter().map(words)));
                    });
                })
                .field_with("end", |e| position(e, end.line, end.column))
                .field("evidence", &finding.evidence.as_ref().map(pi_agent_api::Evidence::as_str))
                .field("fingerprint", fingerprint)
                .field("fix", finding.fix.as_ref())
                .field("known", known)
                .field("message", finding.message.as_ref())
                .field("path", self.path)
                .field_with("references", |e| e.array(finding.rule.references))
                .field("rule", finding.rule.id)
                .field("severity", &finding.severity)
                .field_with("start", |e| position(e, start.line, start.column))
                .field("subject", &finding.subject);
        });
    }
}

fn position(encoder: &mut Encoder, line: u32, column: u32) {
    encoder.object(|o| {
        o.field("column", &column).field("line", &line);
    });
}

/// What replaying a run came to (`pi.replay/1`).
pub struct ReplayReport<'a> {
    /// The run.
    pub run: &'a RunId,
    /// What it came to.
    pub replayed: &'a Replayed,
}

impl ToCanonical for ReplayReport<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let comparison = &self.replayed.comparison;
        encoder.object(|o| {
            o.field("compared", &comparison.compared())
                .field("determinism_proof", &self.replayed.outcome.determinism_proof)
                .field_with("differences", |e| {
                    e.array(comparison.differences().iter().map(Differing))
                })
                .field("differing", &comparison.differing())
                .field("other_catalogue", &self.replayed.other_catalogue)
                .field("result", comparison.verdict().as_str())
                .field("run_id", self.run)
                .field("schema", "pi.replay/1")
                .field("timed_out", &self.replayed.timed_out);
        });
    }
}

struct Differing<'a>(&'a Difference);

impl ToCanonical for Differing<'_> {
    fn to_canonical(&self, encoder: &mut Encoder) {
        let Difference { position, subject, field, recorded, repeated } = self.0;
        encoder.object(|o| {
            o.field("field", field)
                .field("position", position)
                .field("recorded", recorded)
                .field("repeated", repeated)
                .field("subject", subject);
        });
    }
}
