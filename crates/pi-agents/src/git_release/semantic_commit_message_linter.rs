//! See [`SemanticCommitMessageLinter`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::commit_message::{Header, Line, Message, is_footer, is_generated};

const EMPTY: Rule = Rule {
    id: "empty-message",
    summary: "the commit message is empty",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "say what the commit changes",
};

const FORMAT: Rule = Rule {
    id: "unstructured-header",
    summary: "the first line is not `type(scope)!: description`",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "write for example `fix(parser): accept empty input`",
};

const TYPE: Rule = Rule {
    id: "unknown-commit-type",
    summary: "the type of the commit is none of the usual ones, or not in lower case",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "use build, chore, ci, docs, feat, fix, perf, refactor, revert, style or test",
};

const SCOPE: Rule = Rule {
    id: "empty-scope",
    summary: "the brackets of the scope are empty",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "name the scope or leave the brackets out",
};

const DESCRIPTION: Rule = Rule {
    id: "empty-description",
    summary: "the commit has a type and no description",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "say what the commit changes behind the colon",
};

const FULL_STOP: Rule = Rule {
    id: "description-ends-in-full-stop",
    summary: "the first line ends in a full stop",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "remove the full stop: the line is a title",
};

const CAPITAL: Rule = Rule {
    id: "description-case",
    summary: "the description begins with a capital or is all capitals",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &[],
    fix: "begin with a small letter",
};

const LONG_HEADER: Rule = Rule {
    id: "long-header",
    summary: "the first line is longer than 72 characters",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "shorten the first line and move the detail into the body",
};

const BODY_BLANK: Rule = Rule {
    id: "body-without-blank-line",
    summary: "no blank line separates the body from the first line",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "insert a blank line; without it git takes both for the title",
};

const FOOTER_BLANK: Rule = Rule {
    id: "footer-without-blank-line",
    summary: "no blank line separates the footers from the body",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "insert a blank line before the first footer",
};

const LONG_LINE: Rule = Rule {
    id: "long-body-line",
    summary: "a line of the body is longer than 100 characters",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "wrap the body at 72 characters",
};

const BREAKING: Rule = Rule {
    id: "malformed-breaking-change",
    summary: "a breaking change is announced in a way that tools do not recognise",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "write a footer `BREAKING CHANGE: what breaks and what to do`, or `!` before the colon",
};

declare_agent! {
    /// Checks commit messages against Conventional Commits 1.0.0.
    ///
    /// # What it checks
    /// The first line (type, scope, `!`, description, length), the blank lines
    /// around the body, footers, and announcements of breaking changes. Comment
    /// lines and the diff below the scissors line are not part of the message.
    /// Merges, reverts, releases and commits that are going to be squashed are
    /// exempt.
    ///
    /// # Why it matters
    /// Versions and changelogs are derived from these messages; a breaking change
    /// that is not recognised is shipped as a repair.
    ///
    /// # Example denied
    /// ```text
    /// Fixed the thing.
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// fix(parser): accept empty input
    ///
    /// An empty file has no instructions, which is not an error.
    /// ```
    ///
    /// # Limits
    /// The types are those of the Angular convention; a project's own list is not
    /// read. Whether the message is true is for the reviewer.
    ///
    /// # References
    /// Conventional Commits 1.0.0; commitlint rules type-enum, type-case,
    /// subject-empty, subject-full-stop, subject-case, header-max-length,
    /// body-leading-blank, body-max-line-length, footer-leading-blank.
    pub struct SemanticCommitMessageLinter {
        slug: "semantic_commit_message_linter",
        domain: GitRelease,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::CommitMessage],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            EMPTY, FORMAT, TYPE, SCOPE, DESCRIPTION, FULL_STOP, CAPITAL, LONG_HEADER, BODY_BLANK,
            FOOTER_BLANK, LONG_LINE, BREAKING,
        ],
        fixture: include_str!("fixtures/semantic_commit_message_linter.md"),
        check: check,
    }
}

const TYPES: &[&str] =
    &["build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style", "test"];

/// Width of a title in most tools, and the limit of commitlint.
const TITLE_WIDTH: usize = 72;
const MAX_WIDTH: usize = 100;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    report.tick(text.len() as u64)?;
    let message = Message::parse(text);
    let Some(header) = message.header() else {
        report.finding(&EMPTY, Default::default()).subject("message");
        return Ok(());
    };
    if is_generated(header.text) {
        return Ok(());
    }
    check_header(header, report);
    check_body(&message, report);
    for line in message.lines.iter().skip(1) {
        if is_malformed_breaking(line.text) {
            report.finding(&BREAKING, line.span).subject("footers");
        }
    }
    Ok(())
}

fn check_header(line: Line<'_>, report: &mut Report) {
    let width = line.text.chars().count();
    if width > TITLE_WIDTH {
        report
            .finding(&LONG_HEADER, line.span)
            .message(format!("the first line has {width} characters"))
            .subject("header")
            .severity(if width > MAX_WIDTH { Severity::Low } else { Severity::Info });
    }
    let Some(header) = Header::parse(line.text) else {
        report.finding(&FORMAT, line.span).subject("header");
        return;
    };
    if !header.spaced {
        report
            .finding(&FORMAT, line.span)
            .message("no blank stands behind the colon of the type")
            .subject("header");
    }
    if !TYPES.contains(&header.kind) {
        report
            .finding(&TYPE, line.span)
            .message(format!("`{}` is no usual type", header.kind))
            .subject("header");
    }
    if header.scope.is_some_and(|scope| scope.trim().is_empty()) {
        report.finding(&SCOPE, line.span).subject("header");
    }
    let description = header.description;
    if description.is_empty() {
        report.finding(&DESCRIPTION, line.span).subject("header");
        return;
    }
    if description.ends_with('.') && !description.ends_with("..") {
        report.finding(&FULL_STOP, line.span).subject("header");
    }
    if is_capital(description) {
        report.finding(&CAPITAL, line.span).subject("header");
    }
}

/// Whether a description begins like a sentence or shouts. Words with capitals
/// inside (`JSON`, `OAuth`, `README.md`) are names.
fn is_capital(description: &str) -> bool {
    let first = description.split_whitespace().next().unwrap_or_default();
    let mut letters = first.chars();
    let begins = letters.next().is_some_and(char::is_uppercase);
    let plain = letters.clone().all(char::is_lowercase) && letters.next().is_some();
    let shouts = description.chars().filter(|c| c.is_alphabetic()).count() > 5
        && !description.chars().any(char::is_lowercase)
        && description.contains(' ');
    (begins && plain) || shouts
}

fn check_body(message: &Message<'_>, report: &mut Report) {
    if let Some(second) = message.lines.get(1)
        && !second.text.is_empty()
        && message.footers != Some(1)
    {
        report.finding(&BODY_BLANK, second.span).subject("body");
    }
    if let Some(start) = message.footers
        && let Some(before) = start.checked_sub(1).and_then(|index| message.lines.get(index))
        && let Some(footer) = message.lines.get(start)
        && !before.text.is_empty()
    {
        report.finding(&FOOTER_BLANK, footer.span).subject("footers");
    }
    let long = |line: &Line<'_>| {
        line.text.chars().count() > MAX_WIDTH
            // An address or a quoted line cannot be wrapped.
            && !line.text.contains("://")
            && !line.text.starts_with(['>', '|', '\t'])
            && !line.text.starts_with("    ")
    };
    if let Some((_, line)) = message.body().find(|(_, line)| long(line)) {
        report.finding(&LONG_LINE, line.span).subject("body");
    }
}

/// `breaking change: x`, `BREAKING CHANGE x`, `BREAKING CHANGE:` and the like.
fn is_malformed_breaking(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let rest = ["breaking change", "breaking-change", "breaking_change", "breaking changes"]
        .iter()
        .rev()
        .find_map(|words| lower.strip_prefix(words));
    match rest {
        // A sentence that begins with these words is prose.
        Some(rest) => {
            let announces = rest.trim().is_empty() || rest.trim_start().starts_with(':');
            let well = is_footer(text)
                && (text.starts_with("BREAKING CHANGE: ") || text.starts_with("BREAKING-CHANGE: "));
            announces && !well
        }
        None => false,
    }
}
