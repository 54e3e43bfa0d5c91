//! The conformance table: the rules of the specification, the tests that show them, and
//! what the tests came to. `conformance/rules.tsv` is its source.

mod results;
mod table;

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context, Result, bail};

use results::{Outcome, Results};
use table::{Rule, Status, Table};

/// Runs the conformance tests and shows the table. Fails when a named test failed or did
/// not run, or when the table does not hold what it must.
pub fn run() -> Result<()> {
    results::forget()?;
    eprintln!("==> cargo nextest run -p pi-conformance");
    let status = Command::new("cargo")
        .args(["nextest", "run", "-p", "pi-conformance"])
        .status()
        .context("`cargo nextest` cannot be started")?;
    report(true)?;
    if !status.success() {
        bail!("a conformance test failed");
    }
    Ok(())
}

/// Compares the table with the newest results; shows it as well when `whole`.
pub fn report(whole: bool) -> Result<()> {
    let table = Table::read()?;
    let results = Results::read(&table)?;
    let (mut passed, mut later, mut failed) = (0, 0, Vec::new());
    for rule in &table.rules {
        let word = match (&rule.status, outcome(rule, &results)) {
            (Status::Later(subject), _) => {
                later += 1;
                format!("not yet: {subject}")
            }
            (Status::Implemented, Outcome::Passed) => {
                passed += 1;
                "pass".to_owned()
            }
            (Status::Implemented, outcome) => {
                failed.push(format!("{} {}", rule.id, outcome.as_str()));
                "FAIL".to_owned()
            }
        };
        if whole {
            print!("{}", row(rule, &word));
        }
    }
    println!(
        "{} rules, {passed} passed, {later} not yet, {} failed",
        table.rules.len(),
        failed.len()
    );
    let problems = table.problems()?;
    for problem in failed.iter().chain(&problems) {
        eprintln!("conformance: {problem}");
    }
    if failed.is_empty() && problems.is_empty() { Ok(()) } else { bail!("conformance failed") }
}

/// The worst of a rule's tests.
fn outcome(rule: &Rule, results: &Results) -> Outcome {
    rule.tests.iter().map(|test| results.of(test)).max().unwrap_or(Outcome::Missing)
}

fn row(rule: &Rule, word: &str) -> String {
    let mut out = format!("{:<12} {word:<22} {}\n", rule.id, rule.requirement);
    for test in &rule.tests {
        let _ = writeln!(out, "{:<12} {:<22} {test}", "", "");
    }
    out
}

/// The table as a page, without results.
pub fn page() -> Result<String> {
    let table = Table::read()?;
    let problems = table.problems()?;
    if !problems.is_empty() {
        bail!("conformance/rules.tsv: {}", problems.join("; "));
    }
    let implemented = table.rules.iter().filter(|rule| rule.status == Status::Implemented).count();
    let mut out = format!(
        "# Conformance\n\nGenerated from `conformance/rules.tsv` by `make docs`. `make test-conformance` runs the\ntests and shows what each rule came to. {} rules: {implemented} implemented, {} not yet.\nTests lie in `conformance/tests/`; those of `doc` are documentation that must not compile.\n",
        table.rules.len(),
        table.rules.len() - implemented
    );
    let mut family = "";
    for rule in &table.rules {
        if rule.family() != family {
            family = rule.family();
            let _ = write!(out, "\n## {family}\n\n| rule | requirement | tests |\n|---|---|---|\n");
        }
        let tests = match &rule.status {
            Status::Implemented => {
                let tests: Vec<String> =
                    rule.tests.iter().map(|test| format!("`{test}`")).collect();
                tests.join("<br>")
            }
            Status::Later(subject) => format!("not yet: {subject}"),
        };
        let _ = writeln!(out, "| {} | {} | {tests} |", rule.id, rule.requirement);
    }
    Ok(out)
}
