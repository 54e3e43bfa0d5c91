//! Runs the agents and counts.

use std::collections::BTreeMap;

use pi_agent_api::Agent;
use pi_agent_api::fixture::findings;
use pi_artifacts::Artifact;

use crate::corpus::{Case, Corpus, Label, Mapping};

/// What an agent reported, reduced to what is compared.
pub struct Seen {
    /// The agent.
    pub agent: &'static str,
    /// The rule.
    pub rule: &'static str,
    domain: &'static str,
    line: u64,
    subject: String,
}

/// True and false positives and negatives.
#[derive(Clone, Copy, Default)]
pub struct Score {
    found: u64,
    missed: u64,
    false_alarms: u64,
    silent: u64,
}

impl Score {
    /// Counts one label.
    pub fn add(&mut self, positive: bool, reported: bool) {
        match (positive, reported) {
            (true, true) => self.found += 1,
            (true, false) => self.missed += 1,
            (false, true) => self.false_alarms += 1,
            (false, false) => self.silent += 1,
        }
    }

    fn thousandths(part: u64, whole: u64) -> u64 {
        (part * 2000 + whole).checked_div(whole * 2).unwrap_or(0)
    }

    /// The harmonic mean of precision and recall, in thousandths.
    pub fn f1(self) -> u64 {
        Self::thousandths(2 * self.found, 2 * self.found + self.false_alarms + self.missed)
    }

    /// Precision, recall, F1 and the counts, in columns.
    pub fn columns(self) -> String {
        let precision = Self::thousandths(self.found, self.found + self.false_alarms);
        let recall = Self::thousandths(self.found, self.found + self.missed);
        let mut out = String::new();
        for n in [precision, recall, self.f1()] {
            out.push_str(&format!("  {}.{:03}", n / 1000, n % 1000));
        }
        for n in [self.found, self.missed, self.false_alarms, self.silent] {
            out.push_str(&format!("  {n:5}"));
        }
        out
    }
}

/// What every agent reports in every case.
pub fn run(corpus: &Corpus) -> BTreeMap<&str, Vec<Seen>> {
    let agents = pi_agents::agents();
    corpus.cases.iter().map(|(id, case)| (id.as_str(), run_case(&agents, case))).collect()
}

fn run_case(agents: &[&dyn Agent], case: &Case) -> Vec<Seen> {
    let artifact = Artifact::new(&case.path, case.content.clone());
    let mut list = Vec::new();
    for agent in agents {
        let meta = agent.meta();
        if !meta.reads(artifact.kind()) {
            continue;
        }
        for finding in findings(*agent, &artifact, None) {
            list.push(Seen {
                agent: meta.slug,
                domain: meta.domain.as_str(),
                rule: finding.rule.id,
                line: u64::from(artifact.lines().line(finding.span.start)),
                subject: finding.subject,
            });
        }
    }
    list
}

fn stands_for(seen: &Seen, ours: &str, domain: &str) -> bool {
    if ours == "*" {
        return seen.domain == domain;
    }
    match ours.split_once('/') {
        Some((agent, rule)) => seen.agent == agent && seen.rule == rule,
        None => seen.agent == ours,
    }
}

/// Near a labelled line or on the labelled resource; anywhere, where neither is
/// given.
fn at(seen: &Seen, label: &Label) -> bool {
    let line = label.lines.iter().any(|l| l.abs_diff(seen.line) <= 2);
    let resource = label.resource.as_ref().is_some_and(|r| seen.subject == *r);
    line || resource || label.lines.is_empty() && label.resource.is_none()
}

/// Whether a rule that stands for the label's reported where it says.
pub fn reported(list: &[Seen], label: &Label, map: &Mapping, domain: &str) -> bool {
    map.get(&label.rule).is_some_and(|ours| {
        list.iter().any(|s| at(s, label) && ours.iter().any(|our| stands_for(s, our, domain)))
    })
}

/// Whether anything of the domain was reported.
pub fn anything(list: &[Seen], domain: &str) -> bool {
    list.iter().any(|seen| seen.domain == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_known_counts() {
        let mut score = Score::default();
        for (positive, reported, times) in
            [(true, true, 6), (true, false, 2), (false, true, 2), (false, false, 9)]
        {
            for _ in 0..times {
                score.add(positive, reported);
            }
        }
        assert_eq!(score.f1(), 750);
        assert_eq!(score.columns().split_whitespace().next(), Some("0.750"));
        assert_eq!(Score::default().f1(), 0);
    }
}
