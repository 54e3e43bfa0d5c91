//! What holds for every agent: registered once, documented, with cases that
//! pass on the original and on both perturbed copies.
#![allow(clippy::panic, clippy::expect_used, reason = "test code")]

use std::collections::BTreeMap;

use pi_agent_api::{Agent, fixture};

const HEADINGS: &[&str] = &[
    "# What it checks",
    "# Why it matters",
    "# Example denied",
    "# Example allowed",
    "# Limits",
    "# References",
];

#[test]
fn every_agent_is_documented() {
    for agent in pi_agents::agents() {
        let meta = agent.meta();
        for heading in HEADINGS {
            assert!(
                meta.doc.contains(heading),
                "{}: the documentation lacks `{heading}`",
                meta.slug
            );
        }
        assert!(!meta.rules.is_empty(), "{} has no rules", meta.slug);
        for rule in meta.rules {
            assert!(
                rule.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}/{}: rule ids are lower-case words joined by `-`",
                meta.slug,
                rule.id
            );
            assert!(!rule.fix.is_empty() && !rule.summary.is_empty(), "{}/{}", meta.slug, rule.id);
        }
    }
}

/// Ids of standards with their titles.
fn references() -> BTreeMap<&'static str, &'static str> {
    let mut lines = include_str!("../references.tsv").lines();
    assert_eq!(lines.next(), Some("id\ttitle"));
    let mut table = BTreeMap::new();
    for line in lines {
        let (id, title) = line.split_once('\t').expect("id, tab, title");
        assert!(!title.is_empty() && title.trim() == title, "{line}");
        assert!(table.insert(id, title).is_none(), "{id} stands twice");
    }
    table
}

#[test]
fn every_reference_exists() {
    let table = references();
    for agent in pi_agents::agents() {
        let meta = agent.meta();
        for rule in meta.rules {
            for id in rule.references {
                assert!(
                    table.contains_key(id),
                    "{}/{}: `{id}` is not in references.tsv",
                    meta.slug,
                    rule.id
                );
            }
        }
    }
}

#[test]
fn every_case_passes_on_all_three_copies() {
    let mut failures = Vec::new();
    for agent in pi_agents::agents() {
        failures.extend(cases_of(agent));
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n\n"));
}

/// Agents whose rules are tables of hundreds of rows, which are tried beside the tables.
const TABLES: &[&str] = &["cloud_config_auditor", "iac_scanner"];

fn cases_of(agent: &dyn Agent) -> Vec<String> {
    let meta = agent.meta();
    let cases = match fixture::parse(meta.fixture) {
        Ok(cases) => cases,
        Err(message) => return vec![format!("{}: {message}", meta.slug)],
    };
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(message) = fixture::run(agent, case) {
            failures.push(format!("{} line {}, {}: {message}", meta.slug, case.line, case.title));
        }
    }
    for rule in meta.rules.iter().filter(|_| !TABLES.contains(&meta.slug)) {
        if !cases.iter().any(|case| case.expected.iter().any(|(id, _)| id == rule.id)) {
            failures.push(format!("{}: no case denies with `{}`", meta.slug, rule.id));
        }
    }
    if !cases.iter().any(|case| case.expected.is_empty()) {
        failures.push(format!("{}: no case is allowed", meta.slug));
    }
    failures
}
