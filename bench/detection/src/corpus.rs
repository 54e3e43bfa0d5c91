//! Reads cases, labels and mappings.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use pi_core::Value;
use pi_core::canonical::parse;

/// The mappings of this build, by domain.
pub const MAPS: &[(&str, &str)] = &[
    ("cloud-config", include_str!("../maps/cloud-config.tsv")),
    ("docker-compose", include_str!("../maps/docker-compose.tsv")),
    ("dockerfile", include_str!("../maps/dockerfile.tsv")),
    ("git-hygiene", include_str!("../maps/git-hygiene.tsv")),
    ("github-actions", include_str!("../maps/github-actions.tsv")),
    ("jwt-auth", include_str!("../maps/jwt-auth.tsv")),
    ("kubernetes", include_str!("../maps/kubernetes.tsv")),
    ("nginx", include_str!("../maps/nginx.tsv")),
    ("secrets", include_str!("../maps/secrets.tsv")),
    ("sql-migrations", include_str!("../maps/sql-migrations.tsv")),
    ("supply-chain", include_str!("../maps/supply-chain.tsv")),
    ("terraform", include_str!("../maps/terraform.tsv")),
];

/// Scores of peers: domain, origin, peer, precision, recall, F1, rules covered,
/// a line each.
pub const PEERS: &str = include_str!("../peers.tsv");

/// A case: the name that an agent should see, and its content.
#[derive(Debug)]
pub struct Case {
    /// The path.
    pub path: String,
    /// The bytes.
    pub content: Vec<u8>,
}

/// A label on a case.
#[derive(Debug)]
pub struct Label {
    /// The id of the case.
    pub case: String,
    /// The labelled rule.
    pub rule: String,
    /// The rule must report.
    pub positive: bool,
    /// Where, if anywhere in particular.
    pub lines: Vec<u64>,
    /// On what resource.
    pub resource: Option<String>,
    /// Whose label it is.
    pub origin: String,
    /// Holds with other settings or with the network only; counted apart.
    pub apart: bool,
}

/// A labelled corpus.
#[derive(Debug, Default)]
pub struct Corpus {
    /// The cases by id.
    pub cases: BTreeMap<String, Case>,
    /// The labels.
    pub labels: Vec<Label>,
    /// Cases that are no JSON of this project (lone surrogates).
    pub unreadable: usize,
}

/// Reads the corpus of a folder.
pub fn read(folder: &Path) -> Result<Corpus> {
    let mut corpus = Corpus::default();
    let cases = folder.join("cases.jsonl.gz");
    let file = File::open(&cases).with_context(|| cases.display().to_string())?;
    for line in BufReader::new(MultiGzDecoder::new(file)).lines() {
        let Ok(value) = parse(line?.as_bytes()) else {
            corpus.unreadable += 1;
            continue;
        };
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        if let (Some(id), Some(path), Some(content)) =
            (text("id"), text("filename"), text("content"))
        {
            corpus.cases.insert(id, Case { path, content: content.into_bytes() });
        }
    }
    let labels = folder.join("labels.jsonl");
    let file = File::open(&labels).with_context(|| labels.display().to_string())?;
    for line in BufReader::new(file).lines() {
        let value = parse(line?.as_bytes()).context("a label is no JSON")?;
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let lines = value.get("lines").and_then(Value::as_array).unwrap_or_default();
        corpus.labels.push(Label {
            case: text("path").unwrap_or_default(),
            rule: text("rule").unwrap_or_default(),
            positive: text("expect").as_deref() == Some("positive"),
            lines: lines.iter().filter_map(Value::as_u64).collect(),
            resource: text("resource"),
            origin: text("origin").unwrap_or_default(),
            apart: value.get("settings").is_some() || value.get("online").is_some(),
        });
    }
    Ok(corpus)
}

/// Which of our rules stand for each labelled rule: `agent`, `agent/rule`, or
/// `*` for any finding of the domain. A labelled rule ending in `*` speaks of
/// all rules that begin so and have no line of their own.
#[derive(Debug)]
pub struct Mapping {
    rules: BTreeMap<String, Vec<String>>,
}

impl Mapping {
    /// Reads a table of two columns.
    pub fn read(tsv: &str) -> Self {
        let rules = tsv
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .map(|(rule, ours)| {
                (rule.to_owned(), ours.split(',').map(|our| our.trim().to_owned()).collect())
            })
            .collect();
        Self { rules }
    }

    /// What stands for a labelled rule.
    pub fn get(&self, rule: &str) -> Option<&[String]> {
        let family = || {
            let stem = |name: &String| name.strip_suffix('*').is_some_and(|s| rule.starts_with(s));
            self.rules.iter().find(|(name, _)| stem(name)).map(|(_, ours)| ours)
        };
        self.rules.get(rule).or_else(family).map(Vec::as_slice)
    }

    /// All of our rules that are named.
    #[cfg(test)]
    pub fn ours(&self) -> impl Iterator<Item = &str> {
        self.rules.values().flatten().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mapped_rule_is_a_rule_of_ours() {
        let agents = pi_agents::agents();
        let known = |name: &str| {
            let (slug, rule) =
                name.split_once('/').map_or((name, None), |(slug, rule)| (slug, Some(rule)));
            agents.iter().any(|agent| {
                let meta = agent.meta();
                meta.slug == slug && rule.is_none_or(|rule| meta.rules.iter().any(|r| r.id == rule))
            })
        };
        for (domain, map) in MAPS {
            for name in Mapping::read(map).ours() {
                assert!(name == "*" || known(name), "{domain}: {name} is no rule");
            }
        }
    }

    #[test]
    fn a_family_stands_behind_its_members() {
        let map = Mapping::read("a:x\tone/two, three\na:*\t*\n");
        assert_eq!(map.get("a:x").map(<[String]>::len), Some(2));
        assert_eq!(map.get("a:y"), Some(&["*".to_owned()][..]));
        assert_eq!(map.get("b:y"), None);
    }
}
