//! Runs the agents and counts.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Result;
use pi_agent_api::fixture::findings;
use pi_artifacts::Artifact;

use crate::corpus::{Corpus, Label, PEERS};

/// What an agent reported, reduced to what is compared.
struct Seen {
    agent: &'static str,
    domain: &'static str,
    rule: &'static str,
    line: u64,
    subject: String,
}

/// True and false positives and negatives.
#[derive(Clone, Copy, Default)]
struct Score {
    found: u64,
    missed: u64,
    false_alarms: u64,
    silent: u64,
}

impl Score {
    fn add(&mut self, positive: bool, reported: bool) {
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

    fn precision(self) -> u64 {
        Self::thousandths(self.found, self.found + self.false_alarms)
    }

    fn recall(self) -> u64 {
        Self::thousandths(self.found, self.found + self.missed)
    }

    fn f1(self) -> u64 {
        Self::thousandths(2 * self.found, 2 * self.found + self.false_alarms + self.missed)
    }

    fn line(self) -> String {
        let decimal = |n: u64| format!("{}.{:03}", n / 1000, n % 1000);
        format!(
            "{} {} {}  {:5} {:5} {:5} {:5}",
            decimal(self.precision()),
            decimal(self.recall()),
            decimal(self.f1()),
            self.found,
            self.missed,
            self.false_alarms,
            self.silent
        )
    }
}

fn matches(seen: &Seen, ours: &str, domain: &str) -> bool {
    if ours == "*" {
        return seen.domain == domain;
    }
    match ours.split_once('/') {
        Some((agent, rule)) => seen.agent == agent && seen.rule == rule,
        None => seen.agent == ours,
    }
}

fn at(seen: &Seen, label: &Label) -> bool {
    let line = label.lines.is_empty() || label.lines.iter().any(|l| l.abs_diff(seen.line) <= 2);
    let resource = label.resource.as_ref().is_none_or(|r| seen.subject.contains(r.as_str()));
    line && resource
}

/// Measures one domain and prints it.
pub fn report(
    domain: &str,
    corpus: &Corpus,
    map: &BTreeMap<String, Vec<String>>,
    misses: bool,
) -> Result<()> {
    let agents = pi_agents::agents();
    let mut seen: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
    for (id, case) in &corpus.cases {
        let artifact = Artifact::new(&case.path, case.content.clone());
        let mut list = Vec::new();
        for agent in &agents {
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
        seen.insert(id, list);
    }
    let none = Vec::new();
    let mut out = std::io::stdout().lock();
    let mut rules: BTreeMap<&str, Score> = BTreeMap::new();
    let mut origins: BTreeMap<&str, Score> = BTreeMap::new();
    let mut any: BTreeMap<&str, Score> = BTreeMap::new();
    let mut pooled = Score::default();
    for label in &corpus.labels {
        let list = seen.get(label.case.as_str()).unwrap_or(&none);
        let ours = map.get(&label.rule);
        let reported = ours.is_some_and(|ours| {
            list.iter().any(|s| at(s, label) && ours.iter().any(|our| matches(s, our, domain)))
        });
        rules.entry(&label.rule).or_default().add(label.positive, reported);
        origins.entry(&label.origin).or_default().add(label.positive, reported);
        let something = list.iter().any(|s| s.domain == domain);
        any.entry(&label.origin).or_default().add(label.positive, something);
        pooled.add(label.positive, something);
        if misses && (label.positive != reported || label.positive != something) {
            let fired: Vec<String> =
                list.iter().map(|s| format!("{}/{}", s.agent, s.rule)).collect();
            writeln!(
                out,
                "{}\t{}\t{}\t{}\t[{}]",
                if label.positive { "positive" } else { "negative" },
                if label.positive == reported { "rule-ok" } else { "rule-wrong" },
                label.rule,
                label.case,
                fired.join(" ")
            )?;
        }
    }
    let covered = rules.values().filter(|score| score.f1() > 0).count();
    writeln!(out, "{domain}: {} cases, {} labels", corpus.cases.len(), corpus.labels.len())?;
    if corpus.unreadable > 0 {
        writeln!(out, "{} cases are no valid JSON and count as misses", corpus.unreadable)?;
    }
    writeln!(out, "{:56} P     R     F1     found  miss false  quiet", "rule")?;
    for (rule, score) in &rules {
        let mark = if map.contains_key(*rule) { "" } else { " (not mapped)" };
        writeln!(out, "{:55} {}", format!("{rule}{mark}"), score.line())?;
    }
    for (origin, score) in &origins {
        writeln!(out, "{:55} {}", format!("own rule, {origin}"), score.line())?;
    }
    for (origin, score) in &any {
        writeln!(out, "{:55} {}", format!("any finding, {origin}"), score.line())?;
    }
    writeln!(out, "{:55} {}", "any finding, pooled", pooled.line())?;
    writeln!(out, "labelled rules covered (F1 > 0): {covered} of {}", rules.len())?;
    for line in PEERS.lines().filter(|line| line.split('\t').next() == Some(domain)) {
        writeln!(out, "peer: {}", line.replace('\t', "  "))?;
    }
    Ok(())
}
