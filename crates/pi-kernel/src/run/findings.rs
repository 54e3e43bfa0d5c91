//! What the examining nodes of a run have found so far.

use std::collections::BTreeMap;

use pi_core::canonical::{Encoder, Object, Value};
use pi_core::{Digest, Severity};

use crate::examine::{Examination, Located};
use crate::report::ArtifactFindings;
use crate::risk::Risk;

/// One examining node's findings in numbers.
#[derive(Default)]
pub(super) struct NodeFindings {
    risk: Risk,
    artifacts: u64,
    rules: BTreeMap<String, u64>,
    digest: pi_core::Hasher,
}

impl NodeFindings {
    pub(super) fn add(&mut self, path: &str, examination: &Examination) {
        self.artifacts += 1;
        self.risk.add(examination);
        if examination.findings.is_empty() {
            return;
        }
        for located in &examination.findings {
            let rule = format!("{}/{}", located.agent, located.finding.rule.id);
            *self.rules.entry(rule).or_default() += 1;
        }
        let mut encoder = Encoder::default();
        encoder.object(|o| {
            o.field("findings", &examination.findings).field("path", path);
        });
        self.digest.update(&encoder.into_bytes());
    }

    /// The digest over all findings in the order of the artifacts.
    pub(super) fn finish(self) -> (Value, Digest) {
        let digest = self.digest.finish();
        let mut report = object([
            ("artifacts", Value::from(self.artifacts)),
            ("findings", Value::from(digest.to_hex().as_str())),
        ]);
        let rules = self.rules.into_iter().map(|(rule, count)| (rule, Value::from(count)));
        report.insert("rules".to_owned(), Value::Object(rules.collect()));
        report.extend(risk(&self.risk));
        (Value::Object(report), digest)
    }
}

/// The weighed findings as members of an object.
pub(super) fn risk(risk: &Risk) -> Object {
    let severities = Severity::ALL
        .iter()
        .map(|severity| (severity.as_str().to_owned(), Value::from(risk.count(*severity))));
    let incidents =
        risk.incidents().map(|(reason, count)| (reason.code().to_owned(), Value::from(count)));
    object([
        ("allowed", Value::from(risk.allowed())),
        ("incidents", Value::Object(incidents.collect())),
        ("known", Value::from(risk.known())),
        ("severities", Value::Object(severities.collect())),
    ])
}

pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Object {
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Findings of several nodes on the same artifact, together and in order.
pub(super) fn merge(mut all: Vec<ArtifactFindings>) -> Vec<ArtifactFindings> {
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let mut merged: Vec<ArtifactFindings> = Vec::with_capacity(all.len());
    for artifact in all {
        match merged.last_mut().filter(|last| last.path == artifact.path) {
            Some(last) => {
                last.findings.extend(artifact.findings);
                let order = |located: &Located| {
                    (located.finding.span, located.agent, located.finding.rule.id)
                };
                last.findings.sort_by(|a, b| {
                    (order(a), &a.finding.subject).cmp(&(order(b), &b.finding.subject))
                });
                // Two nodes may have run the same agent.
                last.findings.dedup();
            }
            None => merged.push(artifact),
        }
    }
    merged
}
