//! Known vulnerable versions: a table of advisories and the search in it.
//!
//! The table is plain text with the fields of an OSV record that matter here,
//! so that a full OSV snapshot converts to it line by line; [`Table::parse`]
//! reads any text of the format, and the checked-in selection is only the
//! default.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use pi_artifacts::dependencies::Ecosystem;
use pi_core::Severity;

use super::names::normalised;
use super::version::{AffectedRange, Version, parse_ranges};

/// The checked-in selection.
const SELECTION: &str = include_str!("data/advisories.tsv");

/// One advisory about one package.
#[derive(Debug)]
pub struct Advisory {
    /// `GHSA-...`, `PYSEC-...`, `RUSTSEC-...` or `GO-...`.
    pub id: String,
    /// CVE ids of the same vulnerability.
    pub aliases: Vec<String>,
    /// How bad it is.
    pub severity: Severity,
    ranges: Vec<AffectedRange>,
}

impl Advisory {
    /// The range that holds `version`.
    pub fn range_of(&self, version: &Version) -> Option<&AffectedRange> {
        self.ranges.iter().find(|range| range.contains(version))
    }
}

/// Why a table cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the advisory table: {problem}")]
pub struct TableError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: &'static str,
}

/// Advisories by ecosystem and package.
#[derive(Debug, Default)]
pub struct Table {
    packages: BTreeMap<(Ecosystem, String), Vec<Advisory>>,
}

impl Table {
    /// Reads a table: six tab-separated columns, `#` starts a comment line.
    ///
    /// # Errors
    /// The first line that is malformed.
    pub fn parse(text: &str) -> Result<Table, TableError> {
        let mut table = Table::default();
        for (at, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, advisory) =
                row(line).map_err(|problem| TableError { line: at + 1, problem })?;
            table.packages.entry(key).or_default().push(advisory);
        }
        Ok(table)
    }

    /// The checked-in selection.
    pub fn selection() -> &'static Table {
        static TABLE: LazyLock<Table> =
            LazyLock::new(|| Table::parse(SELECTION).unwrap_or_default());
        &TABLE
    }

    /// The advisories that affect a version of a package, each with its fix.
    pub fn affecting<'a>(
        &'a self,
        ecosystem: Ecosystem,
        package: &str,
        version: &'a Version,
    ) -> impl Iterator<Item = (&'a Advisory, Option<&'a str>)> {
        let key = (ecosystem, normalised(ecosystem, package));
        let advisories = self.packages.get(&key).map(Vec::as_slice).unwrap_or_default();
        advisories.iter().filter_map(move |advisory| {
            advisory.range_of(version).map(|range| (advisory, range.fixed()))
        })
    }
}

fn row(line: &str) -> Result<((Ecosystem, String), Advisory), &'static str> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().ok_or("there are fewer than six columns");
    let ecosystem = match next()? {
        "npm" => Ecosystem::Npm,
        "PyPI" => Ecosystem::PyPi,
        "crates.io" => Ecosystem::Cargo,
        "Go" => Ecosystem::Go,
        _ => return Err("the ecosystem is unknown"),
    };
    let package = normalised(ecosystem, next()?);
    let id = next()?.to_owned();
    let aliases = match next()? {
        "-" => Vec::new(),
        list => list.split(',').map(str::to_owned).collect(),
    };
    let ranges = parse_ranges(ecosystem, next()?).ok_or("a range is malformed")?;
    let severity = next()?.parse().map_err(|_| "the severity is unknown")?;
    Ok(((ecosystem, package), Advisory { id, aliases, severity, ranges }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ecosystem: Ecosystem, package: &str, version: &str) -> Vec<&'static str> {
        let table = Box::leak(Box::new(Version::parse(ecosystem, version).unwrap()));
        Table::selection()
            .affecting(ecosystem, package, table)
            .map(|(a, _)| a.id.as_str())
            .collect()
    }

    #[test]
    fn the_selection_reads_and_matches_exactly() {
        let table = Table::parse(SELECTION).unwrap();
        assert!(table.packages.len() > 100);
        assert!(ids(Ecosystem::Npm, "lodash", "4.17.20").contains(&"GHSA-35jh-r3h4-6jhm"));
        assert!(ids(Ecosystem::Npm, "lodash", "4.17.21").is_empty());
        assert!(ids(Ecosystem::PyPi, "Requests", "2.30.0").contains(&"PYSEC-2023-74"));
        assert!(!ids(Ecosystem::PyPi, "requests", "2.31.0").contains(&"PYSEC-2023-74"));
        // Prefix comparison takes 2.28 for 2.2.
        assert!(!ids(Ecosystem::PyPi, "requests", "2.28.0").contains(&"PYSEC-2018-28"));
        assert!(ids(Ecosystem::Go, "golang.org/x/text", "v0.3.7").contains(&"GO-2022-1059"));
        assert!(ids(Ecosystem::Cargo, "time", "0.2.22").contains(&"RUSTSEC-2020-0071"));
        assert!(!ids(Ecosystem::Cargo, "time", "0.2.3").contains(&"RUSTSEC-2020-0071"));
        assert!(ids(Ecosystem::Npm, "event-stream", "3.3.6").contains(&"GHSA-mh6f-8j2x-4483"));
        assert!(ids(Ecosystem::Npm, "event-stream", "3.3.4").is_empty());
    }

    #[test]
    fn a_malformed_line_is_named() {
        let error = Table::parse("# x\nnpm\ta\tb").unwrap_err();
        assert_eq!(error.line, 2);
    }
}
