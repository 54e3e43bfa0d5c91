//! See [`ChangelogAuditor`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::markdown::{Heading, Markdown};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::release_heading::{Date, Release, Title};

const fn rule(
    id: &'static str,
    severity: Severity,
    summary: &'static str,
    fix: &'static str,
) -> Rule {
    Rule { id, summary, severity, confidence: Confidence::High, references: &[], fix }
}

const NO_RELEASES: Rule = rule(
    "no-releases",
    Severity::Low,
    "the changelog has no section of a release",
    "give each release a heading of level 2: `## [1.2.3] - 2026-01-31`",
);
const TITLE: Rule = rule(
    "malformed-release-heading",
    Severity::Low,
    "a heading of level 2 is neither a semantic version nor `Unreleased`",
    "write `## [1.2.3] - 2026-01-31`",
);
const DATE: Rule = rule(
    "malformed-release-date",
    Severity::Low,
    "the date of a release is missing or not an ISO date of the calendar",
    "write the date as YYYY-MM-DD behind the version",
);
const ORDER: Rule = rule(
    "release-order",
    Severity::Low,
    "releases do not stand from the latest to the first",
    "move the newer release above the older one",
);
const DUPLICATE: Rule = rule(
    "duplicate-release",
    Severity::Medium,
    "a release or section stands in the changelog twice",
    "merge both",
);
const EMPTY: Rule = rule(
    "empty-release",
    Severity::Low,
    "a release says nothing about its changes",
    "list the changes, or say that there are none that users notice",
);
const SECTION: Rule = rule(
    "unknown-section",
    Severity::Info,
    "a section is none of those that readers and tools know",
    "use Added, Changed, Deprecated, Removed, Fixed or Security",
);
const UNRELEASED: Rule = rule(
    "unreleased-not-first",
    Severity::Low,
    "`Unreleased` stands below a release",
    "move it to the top",
);
const LINK: Rule = rule(
    "version-without-link",
    Severity::Info,
    "a version is written as a link and has no address",
    "add `[1.2.3]: https://...` at the end of the file",
);

declare_agent! {
    /// Checks a changelog against Keep a Changelog 1.1.0.
    ///
    /// # What it checks
    /// The headings and lists of the Markdown file: releases by semantic version,
    /// from the latest to the first, each with an ISO date of the calendar, each
    /// once, each with content; `Unreleased` at the top; the six sections; versions
    /// in brackets with an address.
    ///
    /// # Why it matters
    /// People read a changelog before they upgrade, and release tools cut it apart
    /// by these headings.
    ///
    /// # Example denied
    /// ```markdown
    /// ## 1.2 (31.1.2026)
    /// ```
    ///
    /// # Example allowed
    /// ```markdown
    /// ## 1.2.0 - 2026-01-31
    /// ### Added
    /// - Export of reports.
    /// ```
    ///
    /// # Limits
    /// Whether an entry is true is for the reviewer. Dates in the future are judged
    /// against the time that the request names, and not at all without one.
    ///
    /// # References
    /// Keep a Changelog 1.1.0; Semantic Versioning 2.0.0; ISO 8601.
    pub struct ChangelogAuditor {
        slug: "changelog_auditor",
        domain: GitRelease,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Changelog],
        triggers: Always,
        invariant_to: ALL,
        rules: [NO_RELEASES, TITLE, DATE, ORDER, DUPLICATE, EMPTY, SECTION, UNRELEASED, LINK],
        fixture: include_str!("fixtures/changelog_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let markdown = artifact.markdown()?;
    report.tick((markdown.headings.len() + markdown.items.len() + markdown.text.len()) as u64)?;
    // Generated changelogs use level 1 for major releases.
    let level = |heading: &&Heading| heading.level <= 2;
    let mut releases: Vec<(&Heading, Release)> = Vec::new();
    for heading in markdown.headings.iter().filter(level) {
        match Title::parse(&heading.text) {
            Title::Release(release) => {
                check_release(heading, &release, report);
                releases.push((heading, release));
            }
            Title::Unreleased => {
                if let Some((first, _)) = releases.first() {
                    report
                        .finding(&UNRELEASED, heading.span)
                        .subject("Unreleased")
                        .related(first.span, "the release above it");
                }
            }
            Title::Malformed(why) => {
                report
                    .finding(&TITLE, heading.span)
                    .message(format!("`{}` is no release: {why}", heading.text))
                    .subject(heading.text.clone());
            }
            // The title of the file, or prose such as "Notes".
            Title::Other => {}
        }
    }
    if releases.is_empty()
        && !markdown
            .headings
            .iter()
            .any(|h| matches!(Title::parse(&h.text), Title::Unreleased | Title::Malformed(_)))
    {
        report.finding(&NO_RELEASES, Span::default()).subject("changelog");
    }
    order(&releases, report);
    content(artifact, markdown, &releases, report);
    Ok(())
}

fn check_release(heading: &Heading, release: &Release, report: &mut Report) {
    let name = release.name.clone();
    match &release.date {
        Date::Missing => {
            report
                .finding(&DATE, heading.span)
                .message(format!("release {name} has no date"))
                .subject(name.clone());
        }
        Date::Malformed(text) => {
            report
                .finding(&DATE, heading.span)
                .message(format!("`{text}` is no ISO date of the calendar"))
                .subject(name.clone());
        }
        Date::Day(day) => {
            let today = report.as_of().map(|time| time.as_micros() / 86_400_000_000);
            if today.is_some_and(|today| day.number() > today + 1) {
                report
                    .finding(&DATE, heading.span)
                    .message(format!("release {name} is dated in the future"))
                    .subject(name.clone());
            }
        }
    }
    if release.bracketed {
        report.finding(&LINK, heading.span).subject(name);
    }
}

fn order(releases: &[(&Heading, Release)], report: &mut Report) {
    let mut seen: BTreeMap<&str, &Heading> = BTreeMap::new();
    for (heading, release) in releases {
        if let Some(first) = seen.get(release.name.as_str()) {
            report
                .finding(&DUPLICATE, heading.span)
                .message(format!("release {} stands here twice", release.name))
                .subject(release.name.clone())
                .related(first.span, "the first time");
        } else {
            seen.insert(&release.name, heading);
        }
    }
    for pair in releases.windows(2) {
        let [(above, newer), (below, older)] = pair else { continue };
        if newer.version < older.version {
            // Releases of an older line may come later than those of a newer.
            let later = matches!((&newer.date, &older.date),
                (Date::Day(a), Date::Day(b)) if a >= b);
            if !later {
                report
                    .finding(&ORDER, below.span)
                    .message(format!("release {} stands below {}", older.name, newer.name))
                    .subject(older.name.clone())
                    .related(above.span, "the older release above it");
            }
        } else if let (Date::Day(a), Date::Day(b)) = (&newer.date, &older.date)
            && a < b
        {
            report
                .finding(&ORDER, below.span)
                .message(format!("release {} is dated after {} above it", older.name, newer.name))
                .subject(older.name.clone())
                .related(above.span, "the earlier date");
        }
    }
}

const SECTIONS: &[&str] = &["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

fn content(
    artifact: &Artifact,
    markdown: &Markdown,
    releases: &[(&Heading, Release)],
    report: &mut Report,
) {
    let end = u32::try_from(artifact.bytes().len()).unwrap_or(u32::MAX);
    let tops: Vec<u32> =
        markdown.headings.iter().filter(|h| h.level <= 2).map(|h| h.span.start).collect();
    for (heading, release) in releases {
        let next = tops.iter().copied().find(|top| *top > heading.span.start).unwrap_or(end);
        let inside = |span: Span| span.start >= heading.span.end && span.start < next;
        let sections: Vec<&Heading> =
            markdown.headings.iter().filter(|h| h.level > 2 && inside(h.span)).collect();
        let says = markdown.items.iter().any(|item| inside(item.span))
            || markdown.text.iter().any(|text| {
                inside(text.span)
                    && !sections.iter().any(|section| section.span.contains(text.span))
            });
        if !says && !release.yanked {
            report
                .finding(&EMPTY, heading.span)
                .message(format!("release {} lists no changes", release.name))
                .subject(release.name.clone());
        }
        let mut seen: Vec<&str> = Vec::new();
        for section in sections.iter().filter(|section| section.level == 3) {
            let title = section.text.trim();
            let subject = format!("{}/{title}", release.name);
            if seen.contains(&title) {
                report
                    .finding(&DUPLICATE, section.span)
                    .message(format!(
                        "section {title} of release {} stands here twice",
                        release.name
                    ))
                    .subject(subject);
                continue;
            }
            seen.push(title);
            if !SECTIONS.contains(&title) {
                report
                    .finding(&SECTION, section.span)
                    .message(format!("`{title}` is no section of Keep a Changelog"))
                    .subject(subject);
            }
        }
    }
}
