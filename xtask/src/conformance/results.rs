//! What the newest run of the tests came to.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::table::{DOC, Table, Test};

/// The package whose tests count.
const PACKAGE: &str = "pi-conformance::";

/// What a test came to; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Passed,
    Missing,
    Failed,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Passed => "passed",
            Outcome::Missing => "has a test that did not run",
            Outcome::Failed => "failed",
        }
    }
}

/// Outcomes by test.
pub struct Results(BTreeMap<Test, Outcome>);

impl Results {
    /// Reads what nextest wrote, and runs the documentation tests that the table names.
    pub fn read(table: &Table) -> Result<Self> {
        let path = junit();
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{}: run the tests first", path.display()))?;
        let mut results = nextest(&text)?;
        let docs = table.rules.iter().flat_map(|rule| &rule.tests).any(|test| test.file == DOC);
        if docs {
            results.extend(documentation()?);
        }
        Ok(Self(results))
    }

    /// What a test came to.
    pub fn of(&self, test: &Test) -> Outcome {
        self.0.get(test).copied().unwrap_or(Outcome::Missing)
    }
}

fn junit() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    target.join("nextest/default/junit.xml")
}

/// Removes older results, so that they are not taken for new ones.
pub fn forget() -> Result<()> {
    match fs::remove_file(junit()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn nextest(text: &str) -> Result<BTreeMap<Test, Outcome>> {
    let document = roxmltree::Document::parse(text).context("nextest's results are no XML")?;
    let mut results = BTreeMap::new();
    for case in document.descendants().filter(|node| node.has_tag_name("testcase")) {
        let file = case.attribute("classname").and_then(|class| class.strip_prefix(PACKAGE));
        let (Some(file), Some(name)) = (file, case.attribute("name")) else { continue };
        let has = |tag: &str| case.children().any(|child| child.has_tag_name(tag));
        let outcome = if has("failure") || has("error") {
            Outcome::Failed
        } else if has("skipped") {
            Outcome::Missing
        } else {
            Outcome::Passed
        };
        let test = Test { file: file.to_owned(), function: name.to_owned() };
        results.insert(test, outcome);
    }
    Ok(results)
}

/// Documentation that must not compile stands in the kernel. A line of the harness is
/// `test FILE - PATH (line N) - compile fail ... ok`.
fn documentation() -> Result<BTreeMap<Test, Outcome>> {
    eprintln!("==> cargo test --doc -p pi-kernel");
    let output = Command::new("cargo")
        .args(["test", "--doc", "--quiet", "-p", "pi-kernel", "--", "--format", "pretty"])
        .stderr(Stdio::inherit())
        .output()
        .context("`cargo test` cannot be started")?;
    let mut results: BTreeMap<Test, Outcome> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Some((_, rest)) = line.strip_prefix("test ").and_then(|test| test.split_once(" - "))
        else {
            continue;
        };
        let (Some((item, _)), Some((_, word))) =
            (rest.split_once(" (line "), rest.rsplit_once(" ... "))
        else {
            continue;
        };
        let outcome = if word.trim() == "ok" { Outcome::Passed } else { Outcome::Failed };
        let test = Test { file: DOC.to_owned(), function: item.to_owned() };
        let worst = results.entry(test).or_insert(outcome);
        *worst = outcome.max(*worst);
    }
    Ok(results)
}
