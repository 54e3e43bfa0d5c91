//! Literate cases: one Markdown file per agent, prose and examples together.
//! The same file is the documentation, the test and the try-it box.
//!
//! ````text
//! ## An image without a tag
//! ```dockerfile file=Dockerfile
//! FROM debian
//! ```
//! deny: untagged-image@1
//! ````
//!
//! A fenced block is an artifact (`file=` names it; with `escaped`, `\n`, `\r`,
//! `\t`, `\\` and `\xNN` are resolved; `as_of=` gives a time in seconds). The
//! next line that is not blank says what the agent must do: `allow`, or
//! `deny:` and the complete list of rules, each with `@line` where the line
//! matters. Every case is run on both perturbed copies too, and must give the
//! same findings there; `dissent:` in front of the expectation says that the
//! copies are known to differ.

use std::collections::BTreeSet;

use pi_artifacts::{Artifact, perturb};
use pi_core::Timestamp;

use crate::finding::Finding;
use crate::meta::Agent;
use crate::report::{Report, Stop};

/// One example of a fixture.
#[derive(Debug)]
pub struct Case {
    /// The heading above it.
    pub title: String,
    /// The line of the fence, from 1.
    pub line: usize,
    /// The artifact's path.
    pub path: String,
    /// The artifact's bytes.
    pub bytes: Vec<u8>,
    /// The time that rules may look at.
    pub as_of: Option<Timestamp>,
    /// The expected rules, each with a line where one is given.
    pub expected: Vec<(String, Option<u32>)>,
    /// The copies may differ from the original.
    pub may_dissent: bool,
}

/// Reads the cases of a fixture.
///
/// # Errors
/// A message with the line of the mistake.
pub fn parse(markdown: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut title = String::new();
    let mut lines = markdown.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            heading.trim().clone_into(&mut title);
            continue;
        }
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks < 3 {
            continue;
        }
        let fence = "`".repeat(ticks);
        let mut body = String::new();
        loop {
            let Some((_, line)) = lines.next() else {
                return Err(format!("line {}: the fence is not closed", at + 1));
            };
            if line == fence {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        let expectation = lines.by_ref().map(|(_, line)| line.trim()).find(|line| !line.is_empty());
        let info = line.get(ticks..).unwrap_or_default();
        cases.push(
            case(&title, at + 1, info, body, expectation.unwrap_or_default())
                .map_err(|message| format!("line {}: {message}", at + 1))?,
        );
    }
    Ok(cases)
}

fn case(
    title: &str,
    line: usize,
    info: &str,
    body: String,
    expectation: &str,
) -> Result<Case, String> {
    let attribute = |name: &str| {
        info.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    };
    let path = attribute("file").ok_or("the fence names no file=")?.to_owned();
    let as_of = match attribute("as_of") {
        Some(seconds) => {
            let seconds: u64 = seconds.parse().map_err(|_| "as_of= takes seconds")?;
            Some(Timestamp::from_micros(seconds * 1_000_000))
        }
        None => None,
    };
    let escaped = info.split_whitespace().any(|word| word == "escaped");
    let bytes = if escaped { unescape(&body)? } else { body.into_bytes() };
    let (may_dissent, expectation) = match expectation.strip_prefix("dissent:") {
        Some(rest) => (true, rest.trim()),
        None => (false, expectation),
    };
    let expected = match expectation.strip_prefix("deny:") {
        Some(list) => list.split(',').map(rule_at).collect::<Result<_, _>>()?,
        None if expectation == "allow" => Vec::new(),
        None => return Err(format!("expected `allow` or `deny: ...`, got `{expectation}`")),
    };
    Ok(Case { title: title.to_owned(), line, path, bytes, as_of, expected, may_dissent })
}

fn rule_at(text: &str) -> Result<(String, Option<u32>), String> {
    let text = text.trim();
    match text.split_once('@') {
        Some((rule, line)) => {
            let line = line.parse().map_err(|_| format!("`{text}` has no line number"))?;
            Ok((rule.to_owned(), Some(line)))
        }
        None => Ok((text.to_owned(), None)),
    }
}

fn unescape(body: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut bytes = body.trim_end_matches('\n').bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'\\') => out.push(b'\\'),
            Some(b'x') => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                out.push(u8::from_str_radix(&digits, 16).map_err(|_| "bad \\x escape")?);
            }
            _ => return Err("unknown escape".to_owned()),
        }
    }
    Ok(out)
}

/// Runs an agent on one artifact.
pub fn findings(agent: &dyn Agent, artifact: &Artifact, as_of: Option<Timestamp>) -> Vec<Finding> {
    let mut report = Report::new(as_of);
    // A view that cannot be had ends the examination; what was found stands.
    let _stopped: Result<(), Stop> = agent.check(artifact, &mut report);
    report.into_findings().0
}

/// Runs one case on the original and on both copies.
///
/// # Errors
/// What differs from the expectation, readable for the author of the case.
pub fn run(agent: &dyn Agent, case: &Case) -> Result<Vec<Finding>, String> {
    let meta = agent.meta();
    let artifact = Artifact::new(&case.path, case.bytes.clone());
    if !meta.reads(artifact.kind()) {
        return Err(format!(
            "`{}` is of kind {}, which the agent does not read",
            case.path,
            artifact.kind()
        ));
    }
    let found = findings(agent, &artifact, case.as_of);
    let at = |finding: &Finding| artifact.lines().line(finding.span.start);
    let listing = || {
        let all: Vec<_> =
            found.iter().map(|f| format!("{}@{} [{}]", f.rule.id, at(f), f.subject)).collect();
        if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
    };
    for (rule, line) in &case.expected {
        if !found.iter().any(|f| f.rule.id == rule && line.is_none_or(|line| at(f) == line)) {
            return Err(format!("`{rule}` was expected, found {}", listing()));
        }
    }
    if let Some(extra) =
        found.iter().find(|f| !case.expected.iter().any(|(rule, _)| rule == f.rule.id))
    {
        return Err(format!("`{}` was not expected, found {}", extra.rule.id, listing()));
    }
    if let Some(stray) = found.iter().find(|f| !meta.rules.iter().any(|rule| rule.id == f.rule.id))
    {
        return Err(format!("`{}` is not among the agent's rules", stray.rule.id));
    }
    if !case.may_dissent {
        for copy in [1, 2] {
            let copied = perturb(&artifact, copy, meta.invariant_to);
            let there = findings(agent, &copied.artifact, case.as_of);
            if identities(&found) != identities(&there) {
                return Err(format!(
                    "copy {copy} dissents: {:?} instead of {:?}\n{}",
                    identities(&there),
                    identities(&found),
                    copied.artifact.text().unwrap_or("(not text)")
                ));
            }
        }
    }
    Ok(found)
}

/// What two runs must have in common: rule and subject of every finding.
pub fn identities(findings: &[Finding]) -> BTreeSet<(&'static str, &str)> {
    findings.iter().map(|finding| (finding.rule.id, finding.subject.as_str())).collect()
}
