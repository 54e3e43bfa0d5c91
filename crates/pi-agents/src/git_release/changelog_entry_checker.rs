//! See [`ChangelogEntryChecker`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::diff::FileDiff;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::patch::{Entry, Intent, base, entries, is_changelog, message, path};
use super::version::Version;

const NO_ENTRY: Rule = Rule {
    id: "change-without-changelog-entry",
    summary: "the change touches source code and adds nothing to the changelog",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &[],
    fix: "add an entry below `Unreleased`, or mark the commit as one that users do not notice (refactor, test, ci, chore)",
};

const RELEASED: Rule = Rule {
    id: "entry-in-released-section",
    summary: "an entry is added to a release that is already out",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "move the entry below `Unreleased`",
};

const CATEGORY: Rule = Rule {
    id: "entry-category-mismatch",
    summary: "the section of the entry does not fit the type of the commit",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &[],
    fix: "file features under Added or Changed, repairs under Fixed or Security",
};

declare_agent! {
    /// Checks that a change of source code comes with its changelog entry.
    ///
    /// # What it checks
    /// A diff: whether source files change and no changelog or changelog fragment
    /// gains a line; whether a new entry stands below a release that is already
    /// out; whether its section fits the type of the commit, where the commit
    /// message stands in front of the diff.
    ///
    /// # Why it matters
    /// An entry that is not written with the change is written from memory at the
    /// release, or never.
    ///
    /// # Example denied
    /// ```diff
    /// --- a/src/lib.rs
    /// +++ b/src/lib.rs
    /// @@ -1 +1 @@
    /// -pub fn a() {}
    /// +pub fn b() {}
    /// ```
    ///
    /// # Example allowed
    /// ```diff
    /// --- a/tests/a.rs
    /// +++ b/tests/a.rs
    /// @@ -1 +1 @@
    /// -fn a() {}
    /// +fn b() {}
    /// ```
    ///
    /// # Limits
    /// A diff of one commit of several may lack the entry that another one brings.
    /// Release and section are known only where the hunk shows them. Tests,
    /// documentation, examples and pipelines need no entry.
    ///
    /// # References
    /// Keep a Changelog 1.1.0; Conventional Commits 1.0.0.
    pub struct ChangelogEntryChecker {
        slug: "changelog_entry_checker",
        domain: GitRelease,
        phase: Diff,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Diff],
        triggers: Always,
        invariant_to: ALL,
        rules: [NO_ENTRY, RELEASED, CATEGORY],
        fixture: include_str!("fixtures/changelog_entry_checker.md"),
        check: check,
    }
}

/// Types of commits that users do not notice.
const INTERNAL: &[&str] = &["build", "chore", "ci", "docs", "refactor", "style", "test"];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let diff = artifact.diff()?;
    report.tick(diff.files.len() as u64)?;
    let intent = message(artifact, diff).as_deref().and_then(Intent::of);
    let mut gains = false;
    for file in diff.files.iter().filter(|file| is_changelog(path(file))) {
        gains |= file.new_path.is_some() && adds(file);
        for hunk in &file.hunks {
            for entry in entries(hunk) {
                report.tick(1)?;
                entry_place(&entry, intent.as_ref(), report);
            }
        }
    }
    let internal = intent
        .as_ref()
        .is_some_and(|intent| !intent.breaking && INTERNAL.contains(&intent.kind.as_str()));
    let touched = diff.files.iter().find(|file| is_source(path(file)) && changes(file));
    if let Some(file) = touched
        && !gains
        && !internal
    {
        report
            .finding(&NO_ENTRY, file.span)
            .message(format!("`{}` changes without a changelog entry", path(file)))
            .subject("changelog");
    }
    Ok(())
}

fn adds(file: &FileDiff) -> bool {
    use pi_artifacts::diff::Change::Added;
    file.hunks
        .iter()
        .flat_map(|hunk| &hunk.lines)
        .any(|line| line.change == Added && !line.text.trim().is_empty())
}

fn changes(file: &FileDiff) -> bool {
    use pi_artifacts::diff::Change::Context;
    file.hunks
        .iter()
        .flat_map(|hunk| &hunk.lines)
        .any(|line| line.change != Context && !line.text.trim().is_empty())
}

/// Whether a path is source code that users run: no test, documentation,
/// example or pipeline.
fn is_source(path: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        "c", "cc", "cpp", "cs", "dart", "ex", "go", "h", "hpp", "java", "js", "jsx", "kt", "lua",
        "mjs", "php", "pl", "py", "rb", "rs", "scala", "sol", "swift", "ts", "tsx", "vue", "zig",
    ];
    const ASIDE: &[&str] = &[
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "testdata",
        "fixtures",
        "docs",
        "doc",
        "examples",
        "example",
        "bench",
        "benches",
        "benchmarks",
        ".github",
        "vendor",
        "node_modules",
        "scripts",
        "tools",
    ];
    let name = base(path);
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let is_test = stem.ends_with("_test")
        || stem.ends_with(".test")
        || stem.ends_with(".spec")
        || stem.ends_with("_spec")
        || stem.starts_with("test_")
        || stem == "conftest"
        || stem.ends_with("Test")
        || stem.ends_with(".config");
    EXTENSIONS.contains(&extension)
        && !is_test
        && !path.split('/').rev().skip(1).any(|folder| ASIDE.contains(&folder))
}

fn entry_place(entry: &Entry<'_>, intent: Option<&Intent>, report: &mut Report) {
    if let Some((release, false)) = &entry.release {
        let word = release.split([' ', '(']).next().unwrap_or_default();
        let word = word.trim_matches(['[', ']']).trim_start_matches('v');
        if Version::parse(word).is_ok() {
            report
                .finding(&RELEASED, entry.line.span)
                .message(format!("the entry is added to release {word}"))
                .subject(format!("release {word}"));
        }
    }
    let (Some(intent), Some(section)) = (intent, entry.section.as_deref()) else { return };
    let fits: &[&str] = match intent.kind.as_str() {
        _ if intent.breaking => return,
        "feat" => &["added", "changed", "features", "deprecated", "security"],
        "fix" => &["fixed", "security", "bug fixes", "changed"],
        "perf" => &["changed", "fixed", "performance", "performance improvements"],
        _ => return,
    };
    if !fits.contains(&section.to_ascii_lowercase().as_str()) {
        report
            .finding(&CATEGORY, entry.line.span)
            .message(format!("a commit of type `{}` adds an entry under `{section}`", intent.kind))
            .subject(format!("section {section}"));
    }
}
