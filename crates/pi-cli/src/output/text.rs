//! The report for people.

use std::fmt::Write as _;
use std::path::Path;

use pi_core::{Decision, Severity};
use pi_kernel::examine::Located;
use pi_kernel::report::ArtifactFindings;
use pi_runtime::report::RunReport;

use super::frame::Frames;
use super::style::{self, BOLD, DIM, paint, visible};

/// How a report is shown.
pub struct View<'a> {
    /// Where the manifest's paths lie.
    pub base: &'a Path,
    /// Frames in colour.
    pub colour: bool,
    /// Known and allowed findings too.
    pub verbose: bool,
}

/// The whole report.
pub fn report(report: &RunReport<'_>, view: &View<'_>) -> String {
    let mut out = String::new();
    let mut shown: Vec<(&ArtifactFindings, &Located)> = report
        .outcome
        .findings
        .iter()
        .flat_map(|artifact| artifact.findings.iter().map(move |located| (artifact, located)))
        .filter(|(_, located)| view.verbose || (located.allowed.is_none() && !located.known))
        .collect();
    // Worst last: that is what stands above the prompt.
    shown.sort_by_key(|(_, located)| located.finding.severity);
    let mut open: Option<(&str, Frames)> = None;
    for (artifact, located) in shown {
        // Agents that share a rule share its finding; it is shown once.
        let same = |other: &&Located| {
            other.finding.rule.id == located.finding.rule.id
                && other.finding.span == located.finding.span
        };
        let agents: Vec<&str> =
            artifact.findings.iter().filter(same).map(|other| other.agent).collect();
        if agents.first() != Some(&located.agent) {
            continue;
        }
        if open.as_ref().is_none_or(|(path, _)| *path != artifact.path) {
            open = Some((&artifact.path, frames(view.base, artifact)));
        }
        if let Some((path, frames)) = &mut open {
            finding(&mut out, path, located, &agents, frames, view);
        }
    }
    summary(&mut out, report);
    out
}

/// The text for the frames. What is no regular file, too large or gone is shown
/// without a frame: neither may a FIFO stop the report nor a link show what it
/// points to.
fn frames(base: &Path, artifact: &ArtifactFindings) -> Frames {
    let text = match pi_runtime::files::read(&base.join(&artifact.path)) {
        Ok(bytes) => String::from_utf8(bytes).unwrap_or_default(),
        Err(_) => String::new(),
    };
    let masked =
        artifact.findings.iter().flat_map(|located| located.finding.masked.iter().copied());
    Frames::new(text, masked.collect())
}

fn finding(
    out: &mut String,
    path: &str,
    located: &Located,
    agents: &[&str],
    frames: &mut Frames,
    view: &View<'_>,
) {
    let item = &located.finding;
    let style = style::severity(item.severity);
    let mut name = format!("{}/{}", located.agent, item.rule.id);
    if agents.len() > 1 {
        let _ =
            write!(name, " and {}", agents.iter().skip(1).copied().collect::<Vec<_>>().join(", "));
    }
    let _ = writeln!(
        out,
        "{} {} {}",
        paint(style, item.severity),
        paint(BOLD, visible(&item.message)),
        paint(DIM, &name)
    );
    let label = item.evidence.as_ref().map(pi_agent_api::Evidence::as_str).unwrap_or_default();
    let path = visible(path);
    let shown = frames.frame(item.span, &path, &visible(label), view.colour);
    if shown.is_empty() {
        let _ = writeln!(out, "  --> {path}:{}:{}", located.start.line, located.start.column);
    } else {
        let _ = writeln!(out, "{shown}");
    }
    if !item.fix.is_empty() {
        let _ = writeln!(out, "   {} {}", paint(style::GOOD, "fix:"), visible(&item.fix));
    }
    if !item.rule.references.is_empty() {
        let _ = writeln!(out, "   {}", paint(DIM, item.rule.references.join(", ")));
    }
    if let Some(reason) = &located.allowed {
        let _ = writeln!(out, "   {} {}", paint(DIM, "allowed inline:"), visible(reason));
    }
    if located.known {
        let _ = writeln!(out, "   {}", paint(DIM, "known to the baseline"));
    }
    if located.votes.contains(&false) {
        let words: Vec<_> =
            located.votes.iter().map(|v| if *v { "found" } else { "absent" }).collect();
        let _ = writeln!(
            out,
            "   {} original {}, copies {} and {}",
            paint(style::WARN, "dissent:"),
            words.first().unwrap_or(&""),
            words.get(1).unwrap_or(&""),
            words.get(2).unwrap_or(&"")
        );
    }
    out.push('\n');
}

fn summary(out: &mut String, report: &RunReport<'_>) {
    let outcome = report.outcome;
    let counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .map(|severity| (*severity, outcome.risk.count(*severity)))
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| paint(style::severity(severity), format!("{count} {severity}")))
        .collect();
    let findings = if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") };
    let mut aside = Vec::new();
    if outcome.risk.allowed() > 0 {
        aside.push(format!("{} allowed inline", outcome.risk.allowed()));
    }
    if outcome.risk.known() > 0 {
        aside.push(format!("{} known to the baseline", outcome.risk.known()));
    }
    let aside = if aside.is_empty() { String::new() } else { format!(" ({})", aside.join(", ")) };
    let _ = writeln!(
        out,
        "{}  {findings}{aside} in {} artifacts, {} of {} agents applied",
        paint(style::decision(outcome.decision), outcome.decision),
        outcome.artifacts,
        outcome.agents_applied,
        outcome.agents_catalogue
    );
    for because in &outcome.reasons {
        let _ = writeln!(
            out,
            "  {} {}: {}",
            paint(DIM, "because"),
            because.reason,
            visible(&because.message)
        );
    }
    let _ = writeln!(out, "  {}      {}", paint(DIM, "run"), report.run);
    let _ = writeln!(out, "  {}    {}", paint(DIM, "proof"), outcome.determinism_proof);
    let _ = writeln!(
        out,
        "  {} {} in partition {}, checkpoint {}",
        paint(DIM, "receipts"),
        outcome.receipts,
        report.log.partition,
        report.log.checkpoint
    );
    if outcome.decision != Decision::Allow {
        let code = outcome.reasons.first().map(|because| because.reason.code()).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {}     pi explain {code}; pi replay {}",
            paint(DIM, "next"),
            report.run
        );
    }
}
