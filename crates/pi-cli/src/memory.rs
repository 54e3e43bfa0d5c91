//! The memory as this program uses it: where it lies, and what a scan leaves
//! there. Nothing here has a say in a verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use pi_artifacts::redact::redact_text;
use pi_core::canonical::Value;
use pi_core::{Clock as _, Decision, Digest, Reason, Severity};
use pi_kernel::report::{ArtifactFindings, Outcome};
use pi_runtime::run::Ran;
use pi_runtime::{Journal, SystemClock};
use pi_store::memory::{DEFAULT_MAX_ROWS, DEFAULT_VACUUM_EVERY, Drift, EntryDraft, Source};
use pi_store::{Memory, MemoryError, MemoryOptions};

use crate::context::{Context, Failure};
use crate::output::style::visible;

/// Rules and paths that an entry names at most.
const MAX_NAMED: usize = 20;

impl From<MemoryError> for Failure {
    fn from(error: MemoryError) -> Self {
        Failure::new(error.reason(), &error)
    }
}

/// Where the memory lies: `PI_MEMORY_PATH`, else in the data folder beside the
/// logs. Nothing when `PI_MEMORY_MAX_ROWS` is 0.
pub fn options(context: &Context) -> Result<Option<MemoryOptions>, Failure> {
    let max_rows = number("PI_MEMORY_MAX_ROWS", DEFAULT_MAX_ROWS)?;
    if max_rows == 0 {
        return Ok(None);
    }
    let path = match std::env::var_os("PI_MEMORY_PATH").filter(|path| !path.is_empty()) {
        Some(path) => path.into(),
        None => context.folder()?.root().join("memory.db"),
    };
    let vacuum_every = number("PI_MEMORY_VACUUM_EVERY", DEFAULT_VACUUM_EVERY)?.max(1);
    Ok(Some(MemoryOptions { path, max_rows, vacuum_every }))
}

fn number(name: &str, default: u64) -> Result<u64, Failure> {
    match std::env::var_os(name) {
        None => Ok(default),
        Some(text) => text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
            let message = format!("{name} must be a number, not `{}`", text.to_string_lossy());
            Failure::new(Reason::InvalidRequest, message)
        }),
    }
}

/// Opens the memory; nothing when it is turned off.
pub fn open(context: &Context) -> Result<Option<Memory>, Failure> {
    match options(context)? {
        Some(options) => Ok(Some(Memory::open(options, redacted)?)),
        None => Ok(None),
    }
}

/// What the memory lets nothing pass without.
fn redacted(text: &str) -> String {
    text.lines().map(redact_text).collect::<Vec<_>>().join("\n")
}

/// Leaves a note of a scan. A failure is said on standard error and changes
/// nothing: the verdict stands already.
pub fn note(context: &Context, journal: &Journal, ran: &Ran, source: Option<&Path>) {
    if let Err(failure) = try_note(context, journal, ran, source) {
        context.warn(format!("this scan is not in the memory: {}", failure.message));
    }
}

fn try_note(
    context: &Context,
    journal: &Journal,
    ran: &Ran,
    source: Option<&Path>,
) -> Result<(), Failure> {
    let Some(mut memory) = open(context)? else { return Ok(()) };
    let draft = EntryDraft {
        key: ran.run.to_string(),
        body: body(&ran.outcome),
        drift: Drift::Project,
        run: Some(ran.run.clone()),
        source: source_of(journal, ran, source)?,
        written_at: SystemClock.now(),
    };
    memory.remember(&context.global.tenant, draft)?;
    Ok(())
}

/// The scanned path and the digest of its frozen content, where one path was
/// scanned.
fn source_of(journal: &Journal, ran: &Ran, path: Option<&Path>) -> Result<Option<Source>, Failure> {
    let Some(path) = path.and_then(|path| path.canonicalize().ok()) else { return Ok(None) };
    let (_, acceptance) = journal.acceptance(&ran.run)?;
    let manifest = acceptance.get("manifest").and_then(Value::as_str).and_then(Digest::from_hex);
    Ok(manifest.map(|digest| Source { name: path.to_string_lossy().into_owned(), digest }))
}

/// Decision, counts by severity and rule, paths of what is denied. No content.
fn body(outcome: &Outcome) -> String {
    let mut rules: BTreeMap<String, u64> = BTreeMap::new();
    let mut denied: Vec<&str> = Vec::new();
    // A policy may look at anything; what is severe, or else what is worst, is named.
    let worst = outcome.findings.iter().flat_map(counting).map(|located| located.finding.severity);
    let denied_from = worst.max().unwrap_or(Severity::High).min(Severity::High);
    for artifact in &outcome.findings {
        let mut worst = None;
        for located in counting(artifact) {
            let rule = format!("{}/{}", located.agent, located.finding.rule.id);
            *rules.entry(rule).or_default() += 1;
            worst = worst.max(Some(located.finding.severity));
        }
        if outcome.decision == Decision::Deny && worst >= Some(denied_from) {
            denied.push(&artifact.path);
        }
    }
    let mut out = format!("decision {} {} artifacts", outcome.decision, outcome.artifacts);
    for severity in Severity::ALL.iter().rev() {
        let _ = write!(out, ", {} {severity}", outcome.risk.count(*severity));
    }
    let reasons: Vec<&str> = outcome.reasons.iter().map(|because| because.reason.code()).collect();
    named(&mut out, "because", reasons.into_iter().map(str::to_owned));
    let mut rules: Vec<(String, u64)> = rules.into_iter().collect();
    rules.sort_by(|(a, m), (b, n)| n.cmp(m).then_with(|| a.cmp(b)));
    named(&mut out, "rules", rules.into_iter().map(|(rule, count)| format!("{count} {rule}")));
    named(&mut out, "denied", denied.into_iter().map(|path| visible(path).into_owned()));
    out
}

fn counting(artifact: &ArtifactFindings) -> impl Iterator<Item = &pi_kernel::examine::Located> {
    artifact.findings.iter().filter(|located| located.allowed.is_none() && !located.known)
}

fn named(out: &mut String, title: &str, items: impl ExactSizeIterator<Item = String>) {
    let more = items.len().saturating_sub(MAX_NAMED);
    let items: Vec<String> = items.take(MAX_NAMED).collect();
    if !items.is_empty() {
        let _ = write!(out, "\n{title} {}", items.join(", "));
    }
    if more > 0 {
        let _ = write!(out, " and {more} more");
    }
}
