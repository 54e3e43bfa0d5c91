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
pub const MAPS: &[(&str, &str)] = &[("secrets", include_str!("../maps/secrets.tsv"))];

/// Scores of peers: domain, origin, peer, precision, recall, F1, a line each.
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
        });
    }
    Ok(corpus)
}

/// Which of our rules (`agent` or `agent/rule`, `*` for any of the domain)
/// stand for each labelled rule.
pub fn mapping(tsv: &str) -> BTreeMap<String, Vec<String>> {
    tsv.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .map(|(rule, ours)| {
            (rule.to_owned(), ours.split(',').map(|our| our.trim().to_owned()).collect())
        })
        .collect()
}
