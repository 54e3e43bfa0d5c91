//! `conformance/rules.tsv`: one line a rule.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

const FILE: &str = "conformance/rules.tsv";
const TESTS: &str = "conformance/tests";

/// The module that stands for documentation tests.
pub const DOC: &str = "doc";

/// Every family of rules and how many there are, so that none is lost.
const FAMILIES: &[(&str, usize)] = &[
    ("INVARIANT-", 5),
    ("ART-", 5),
    ("GRAPH-", 3),
    ("NODE-", 3),
    ("EDGE-", 1),
    ("BOUNDS-", 2),
    ("PHASE-", 6),
    ("REPLAY-", 4),
    ("SCHED-", 7),
    ("POLICY-", 6),
    ("SHARD-", 6),
    ("RECEIPT-", 4),
    ("TZ-", 7),
    ("A-", 1),
    ("E-", 1),
    ("CTEST-", 15),
    ("VER-", 5),
    ("SNAP-", 9),
    ("DIFF-", 5),
    ("PROP-", 8),
    ("REPLAY-A", 8),
    ("HF-", 6),
    ("DT-", 4),
    ("CANON-", 1),
    ("CLOCK-", 6),
    ("TEST-", 3),
    ("S", 7),
    ("SEC", 9),
    ("TEL", 7),
    ("INT", 7),
    ("PROD-", 20),
    ("VIDEO-", 5),
    ("EF-", 15),
];

/// How far a rule is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It holds, and tests show it.
    Implemented,
    /// It belongs to a part that is not here yet.
    Later(String),
}

/// A test: the file without its ending, and the function. For documentation tests the
/// module `doc` and the path of the item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    pub file: String,
    pub function: String,
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file, self.function)
    }
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: String,
    pub requirement: String,
    pub status: Status,
    pub tests: Vec<Test>,
}

impl Rule {
    /// The letters before the number.
    pub fn family(&self) -> &str {
        self.id.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-')
    }
}

/// The table.
pub struct Table {
    pub rules: Vec<Rule>,
}

impl Table {
    /// Reads the table.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string(FILE).context(FILE)?;
        let rules: Result<Vec<Rule>> = text.lines().skip(1).map(rule).collect();
        Ok(Self { rules: rules? })
    }

    /// What the table lacks or has too much of, beside the results.
    pub fn problems(&self) -> Result<Vec<String>> {
        let mut problems = self.wrong_ids();
        let tests = tests()?;
        let mut named: BTreeMap<&Test, BTreeSet<&str>> = BTreeMap::new();
        for rule in &self.rules {
            let id = &rule.id;
            match (&rule.status, rule.tests.is_empty()) {
                (Status::Implemented, true) => problems.push(format!("{id} names no test")),
                (Status::Later(_), false) => {
                    problems.push(format!("{id} names a test and is not implemented"));
                }
                _ => {}
            }
            for test in &rule.tests {
                named.entry(test).or_default().insert(id);
                if test.file != DOC && !tests.contains(test) {
                    problems.push(format!("{id} names {test}, which is no test"));
                }
            }
        }
        for test in &tests {
            let rows = named.get(test);
            for id in self.ids_in(&test.function) {
                if !rows.is_some_and(|rows| rows.contains(id)) {
                    problems.push(format!("{test} is not in the row of {id}"));
                }
            }
        }
        Ok(problems)
    }

    fn wrong_ids(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut expected: BTreeSet<String> = FAMILIES
            .iter()
            .flat_map(|(family, count)| (1..=*count).map(move |n| format!("{family}{n}")))
            .collect();
        for rule in &self.rules {
            if !expected.remove(&rule.id) {
                problems.push(format!("{} is no rule, or stands twice", rule.id));
            }
        }
        problems.extend(expected.into_iter().map(|id| format!("{id} is missing")));
        problems
    }

    /// The rules that a test names: `GRAPH_1_and_NODE_2_...` names two.
    fn ids_in(&self, function: &str) -> Vec<&str> {
        let begins = |part: &str, rule: &Rule| {
            let id = rule.id.replace('-', "_");
            part.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let of = |part: &str| self.rules.iter().find(|rule| begins(part, rule));
        // Words that follow the last id are no ids.
        function.split("_and_").map_while(of).map(|rule| rule.id.as_str()).collect()
    }
}

fn rule(line: &str) -> Result<Rule> {
    let fields: Vec<&str> = line.split('\t').collect();
    let (id, requirement, status, tests) = match fields.as_slice() {
        [id, requirement, status] => (*id, *requirement, *status, ""),
        [id, requirement, status, tests] => (*id, *requirement, *status, *tests),
        _ => bail!("{FILE}: `{line}` has not 3 or 4 fields"),
    };
    let status = match status.strip_prefix("later: ") {
        Some(subject) if !subject.is_empty() => Status::Later(subject.to_owned()),
        None if status == "implemented" => Status::Implemented,
        _ => bail!("{FILE}: {id} is neither `implemented` nor `later: SUBJECT`"),
    };
    let tests: Option<Vec<Test>> = tests
        .split_whitespace()
        .map(|test| {
            let (file, function) = test.split_once("::")?;
            Some(Test { file: file.to_owned(), function: function.to_owned() })
        })
        .collect();
    Ok(Rule {
        id: id.to_owned(),
        requirement: requirement.to_owned(),
        status,
        tests: tests.with_context(|| format!("{FILE}: a test of {id} is not `file::function`"))?,
    })
}

/// Every test function of the conformance tests.
fn tests() -> Result<BTreeSet<Test>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(TESTS).context(TESTS)? {
        let path = entry?.path();
        let Some(file) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut is_test = false;
        for line in text.lines() {
            if let (true, Some(rest)) = (is_test, line.strip_prefix("fn ")) {
                let function = rest.split('(').next().unwrap_or_default().to_owned();
                found.insert(Test { file: file.to_owned(), function });
            }
            is_test = line == "#[test]" || (is_test && line.starts_with('#'));
        }
    }
    Ok(found)
}
