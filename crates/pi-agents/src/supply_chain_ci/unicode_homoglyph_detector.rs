//! `unicode_homoglyph_detector`.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::unicode_text::{self as text, Word};

const MIXED: Rule = Rule {
    id: "mixed-script-word",
    summary: "a word of Latin letters and look-alikes from another script",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1007", "CVE-2021-42694"],
    fix: "type the word again on one keyboard layout",
};

const CONFUSABLE: Rule = Rule {
    id: "confusable-word",
    summary: "a word that looks like another one in the same file",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-1007", "CVE-2021-42694"],
    fix: "rename one of the two",
};

const UNBALANCED: Rule = Rule {
    id: "unbalanced-bidi-control",
    summary: "a control of text direction that is not closed on its line",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1007", "CVE-2021-42574"],
    fix: "remove the control character",
};

const OVERRIDE: Rule = Rule {
    id: "bidi-override",
    summary: "an override of text direction, which shows characters in another order",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-1007", "CVE-2021-42574"],
    fix: "remove the control character; isolates (U+2066 to U+2069) are enough for mixed text",
};

const INVISIBLE: Rule = Rule {
    id: "invisible-character",
    summary: "a character that is not shown",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-1007"],
    fix: "remove the character, or write it as an escape",
};

const HIDDEN: Rule = Rule {
    id: "hidden-text",
    summary: "a run of invisible characters that can hold a message or code",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-1007", "CWE-506"],
    fix: "remove the characters",
};

declare_agent! {
    /// # What it checks
    /// Text that reads differently from what it is, by the rules of Unicode's UTS #39
    /// (skeletons of confusable characters) and UAX #9 (text direction): words that
    /// mix Latin letters with look-alikes, words that look like another word of the
    /// same file, controls of text direction that are open at the end of a line,
    /// invisible characters, and runs of them that hide a message. Ordinary
    /// text in any language is silent, in comments and strings as elsewhere.
    ///
    /// # Why it matters
    /// A reviewer sees `if (isAdmin)` and the compiler another name, or another
    /// order: Trojan Source (CVE-2021-42574, CVE-2021-42694).
    ///
    /// # Example denied
    /// ```text
    /// def is_аdmin(): ...     (the second word starts with Cyrillic U+0430)
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// # проверка прав
    /// def is_admin(): ...
    /// ```
    ///
    /// # Limits
    /// Words are compared, not identifiers: a look-alike inside a string is reported
    /// too, because such strings decide comparisons. A word wholly of another
    /// script is reported only beside its look-alike in the same file, or when it
    /// looks like a dangerous name (`eval`, `system`, ...). Joiners (U+200C, U+200D)
    /// and variation selectors are silent where scripts and emoji need them. In
    /// prose (Markdown, plain text) severity is two steps lower for words. Renamed
    /// identifiers are other words, so the verdict is not invariant to renaming.
    ///
    /// # References
    /// CWE-1007 (insufficient visual distinction of homoglyphs presented to user),
    /// CVE-2021-42574, CVE-2021-42694, Unicode UTS #39, UAX #9.
    pub struct UnicodeHomoglyphDetector {
        slug: "unicode_homoglyph_detector",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Always,
        invariant_to: ALL.without(Renaming),
        rules: [MIXED, CONFUSABLE, UNBALANCED, OVERRIDE, INVISIBLE, HIDDEN],
        fixture: include_str!("fixtures/unicode_homoglyph_detector.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    // ASCII holds none of these, and nearly all source is ASCII.
    let Some(content) = artifact.text().filter(|text| !text.is_ascii()) else { return Ok(()) };
    report.tick(content.len() as u64)?;
    words(artifact, content, report);
    directions(artifact, content, report);
    invisible(artifact, content, report);
    Ok(())
}

/// Whether a person reads the text as prose.
fn is_prose(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Markdown | Kind::Changelog | Kind::Text | Kind::CommitMessage | Kind::Markup
    )
}

fn words(artifact: &Artifact, content: &str, report: &mut Report) {
    let lowered = |severity: Severity| {
        if is_prose(artifact.kind()) { severity.lowered().lowered() } else { severity }
    };
    let ascii: BTreeSet<&str> =
        text::words(content).filter(Word::is_ascii).map(|w| w.text).collect();
    let mut seen: BTreeMap<&str, ()> = BTreeMap::new();
    for word in text::words(content).filter(|word| !word.is_ascii()) {
        if seen.insert(word.text, ()).is_some() {
            continue;
        }
        let Some(looks) = word.ascii_skeleton() else { continue };
        let escaped = text::escaped(word.text);
        let (rule, message) = if word.mixes_latin() {
            (&MIXED, format!("`{escaped}` looks like `{looks}` and mixes scripts"))
        } else if looks.len() > 2 && (ascii.contains(looks.as_str()) || text::is_dangerous(&looks))
        {
            (&CONFUSABLE, format!("`{escaped}` looks like `{looks}`"))
        } else {
            continue;
        };
        report
            .finding(rule, word.span)
            .message(message)
            .subject(&escaped)
            .severity(lowered(rule.severity))
            .evidence(&escaped);
    }
}

fn directions(artifact: &Artifact, content: &str, report: &mut Report) {
    for (start, line) in text::lines(content) {
        let Some(controls) = text::direction_controls(line) else { continue };
        let rule = if controls.unbalanced {
            &UNBALANCED
        } else if controls.overrides && !is_prose(artifact.kind()) {
            &OVERRIDE
        } else {
            continue;
        };
        let at = start + controls.first;
        report
            .finding(rule, Span::new(at, at + 3))
            .subject(format!("{} in {}", controls.names, text::gist(line)))
            .evidence(&text::escaped(line));
    }
}

fn invisible(artifact: &Artifact, content: &str, report: &mut Report) {
    for run in text::invisible_runs(content) {
        if run.hides_text {
            report
                .finding(&HIDDEN, run.span)
                .message(format!("{} invisible characters in a row", run.count))
                .subject(&run.names);
        } else if !is_prose(artifact.kind()) {
            report
                .finding(&INVISIBLE, run.span)
                .message(format!("the invisible character {} stands here", run.names))
                .subject(format!("{} in {}", run.names, run.gist));
        }
    }
}
