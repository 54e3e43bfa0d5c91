//! What a diff says about itself: the commit message in front of it, the
//! changelog entries that it adds, the versions that it changes.

use pi_artifacts::diff::{Change, Diff, FileDiff, Hunk, Line};
use pi_artifacts::{Artifact, Span};

use super::commit_message::{Header, Message};
use super::version::Bump;

/// The commit message of a mail (`git format-patch`) or of `git show`, which
/// stands in front of the first file.
pub(crate) fn message(artifact: &Artifact, diff: &Diff) -> Option<String> {
    let first = diff.files.first()?.span.start as usize;
    let text = artifact.text()?.get(..first)?;
    let mut lines = text.lines();
    let mail = lines.clone().any(|line| line.starts_with("Subject: "));
    if !mail {
        let body: Vec<&str> =
            lines.filter_map(|line| line.strip_prefix("    ")).map(str::trim_end).collect();
        return (!body.is_empty()).then(|| body.join("\n"));
    }
    let subject = lines.by_ref().find_map(|line| line.strip_prefix("Subject: "))?;
    let mut subject = match subject.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(subject, |(_, rest)| rest).trim().to_owned(),
        None => subject.trim().to_owned(),
    };
    // A long subject is folded; further headers end in an empty line.
    let mut headers = true;
    let mut body = Vec::new();
    for line in lines {
        if line == "---" {
            break;
        } else if headers && line.starts_with(' ') && body.is_empty() {
            subject.push_str(line);
        } else if headers && line.is_empty() {
            headers = false;
        } else if !headers {
            body.push(line);
        }
    }
    Some(format!("{subject}\n\n{}", body.join("\n")))
}

/// What a commit message asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Intent {
    /// The type in lower case.
    pub kind: String,
    /// It breaks callers.
    pub breaking: bool,
}

impl Intent {
    /// Reads a message; `None` without the structure of Conventional Commits.
    pub(crate) fn of(message: &str) -> Option<Self> {
        let message = Message::parse(message);
        let header = Header::parse(message.header()?.text)?;
        let footer = message.lines.iter().any(|line| {
            line.text.starts_with("BREAKING CHANGE: ") || line.text.starts_with("BREAKING-CHANGE: ")
        });
        Some(Self { kind: header.kind.to_ascii_lowercase(), breaking: header.breaking || footer })
    }

    /// The least step of the version.
    pub(crate) fn bump(&self) -> Bump {
        match self.kind.as_str() {
            _ if self.breaking => Bump::Major,
            "feat" => Bump::Minor,
            _ => Bump::Patch,
        }
    }
}

/// The last component of a path.
pub(crate) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path of a file after the change, or before it.
pub(crate) fn path(file: &FileDiff) -> &str {
    file.new_path.as_deref().or(file.old_path.as_deref()).unwrap_or_default()
}

/// Whether a file is a changelog, or a fragment that becomes part of one.
pub(crate) fn is_changelog(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let stem = base(&lower).split('.').next().unwrap_or_default().to_owned();
    ["changelog", "changes", "history", "news", "release-notes", "releasenotes"]
        .contains(&stem.as_str())
        || ["changelog.d/", ".changeset/", "newsfragments/", "changelogs/", ".changes/", "news/"]
            .iter()
            .any(|folder| lower.starts_with(folder) || lower.contains(&format!("/{folder}")))
}

/// An entry that a diff adds to a changelog.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    /// The line.
    pub line: &'a Line,
    /// The section above it (`Added`), if the hunk shows it.
    pub section: Option<String>,
    /// The release above it, if the hunk shows it: its text, and whether the
    /// diff adds it.
    pub release: Option<(String, bool)>,
}

/// The entries that a hunk of a Markdown changelog adds.
pub(crate) fn entries(hunk: &Hunk) -> Vec<Entry<'_>> {
    let (mut section, mut release) = (None, None);
    let mut out = Vec::new();
    for line in hunk.lines.iter().filter(|line| line.change != Change::Removed) {
        let text = line.text.trim();
        if let Some(title) = text.strip_prefix("### ") {
            section = Some(title.trim().to_owned());
        } else if let Some(title) = text.strip_prefix("## ") {
            release = Some((title.trim().to_owned(), line.change == Change::Added));
            section = None;
        } else if line.change == Change::Added && text.starts_with(['-', '*', '+']) {
            out.push(Entry { line, section: section.clone(), release: release.clone() });
        }
    }
    out
}

/// A version that a diff changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VersionChange {
    /// The manifest.
    pub path: String,
    /// The version before.
    pub old: String,
    /// The version after.
    pub new: String,
    /// Where the new version stands.
    pub span: Span,
}

/// The versions of manifests that a diff changes.
pub(crate) fn versions(diff: &Diff) -> Vec<VersionChange> {
    let mut out = Vec::new();
    for file in &diff.files {
        let path = path(file);
        for hunk in &file.hunks {
            let (mut old, mut new) = (None, None);
            let mut foreign = false;
            for line in &hunk.lines {
                foreign = is_foreign(line.text.trim(), foreign);
                let Some(version) = version(base(path), &line.text).filter(|_| !foreign) else {
                    continue;
                };
                match line.change {
                    Change::Removed => old = old.or(Some(version)),
                    Change::Added => new = new.or(Some((version, line.span))),
                    Change::Context => {}
                }
            }
            if let (Some(old), Some((new, span))) = (old, new)
                && old != new
            {
                out.push(VersionChange { path: path.to_owned(), old, new, span });
            }
        }
    }
    out
}

/// Whether the lines from here on belong to a table of something else than the
/// package: a dependency of a TOML manifest.
fn is_foreign(text: &str, before: bool) -> bool {
    if !text.starts_with('[') || !text.ends_with(']') {
        return before;
    }
    !["[package]", "[workspace.package]", "[project]", "[tool.poetry]"].contains(&text)
}

/// The version that a line of a manifest gives to what it describes.
fn version(file: &str, line: &str) -> Option<String> {
    let quoted = |text: &str| -> Option<String> {
        let text = text.trim().trim_end_matches(',').trim();
        let inner = text.trim_matches(['"', '\'']);
        (!inner.is_empty() && !inner.contains(['"', ' ', '{'])).then(|| inner.to_owned())
    };
    match file {
        "package.json" | "composer.json" => {
            // Two levels in, it is the version of something else.
            let indent = line.len() - line.trim_start().len();
            let rest = line.trim_start().strip_prefix("\"version\"")?;
            (indent <= 4 && !line.starts_with("\t\t")).then_some(())?;
            quoted(rest.trim_start().strip_prefix(':')?)
        }
        "Cargo.toml" | "pyproject.toml" => {
            quoted(line.strip_prefix("version")?.trim_start().strip_prefix('=')?)
        }
        "Chart.yaml" | "pubspec.yaml" => quoted(line.strip_prefix("version:")?),
        "VERSION" => quoted(line),
        _ => None,
    }
}
