//! Unified diffs: files, hunks, lines with their places.
//!
//! Grammar: the unified format of POSIX diff, and git's extended headers.

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::span::Span;

/// A parsed diff.
#[derive(Clone, Debug, Default)]
pub struct Diff {
    /// The changed files in order.
    pub files: Vec<FileDiff>,
}

/// The changes of one file.
#[derive(Clone, Debug, Default)]
pub struct FileDiff {
    /// The path before, without git's `a/`; `None` for a new file.
    pub old_path: Option<String>,
    /// The path after, without git's `b/`; `None` for a deleted file.
    pub new_path: Option<String>,
    /// The file's mode after the change, if the diff tells it (`100755`).
    pub new_mode: Option<String>,
    /// Binary content that the diff does not show.
    pub is_binary: bool,
    /// The hunks.
    pub hunks: Vec<Hunk>,
    /// The headers and hunks.
    pub span: Span,
}

/// A hunk.
#[derive(Clone, Debug)]
pub struct Hunk {
    /// First line in the old file.
    pub old_start: u32,
    /// First line in the new file.
    pub new_start: u32,
    /// The lines.
    pub lines: Vec<Line>,
    /// The header's place.
    pub span: Span,
}

/// A line of a hunk.
#[derive(Clone, Debug)]
pub struct Line {
    /// Whether it is added, removed or context.
    pub change: Change,
    /// The line's number, in the new file for added and context lines, in the
    /// old file for removed ones.
    pub number: u32,
    /// The text without its mark.
    pub text: String,
    /// The text's place, without mark and line break.
    pub span: Span,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Added.
    Added,
    /// Removed.
    Removed,
    /// Unchanged.
    Context,
}

impl Diff {
    /// Every added line with the file it is added to.
    pub fn added(&self) -> impl Iterator<Item = (&FileDiff, &Line)> {
        self.lines(Change::Added)
    }

    /// Every removed line with its file.
    pub fn removed(&self) -> impl Iterator<Item = (&FileDiff, &Line)> {
        self.lines(Change::Removed)
    }

    fn lines(&self, change: Change) -> impl Iterator<Item = (&FileDiff, &Line)> {
        self.files.iter().flat_map(move |file| {
            let lines = file.hunks.iter().flat_map(|hunk| &hunk.lines);
            lines.filter(move |line| line.change == change).map(move |line| (file, line))
        })
    }
}

/// Parses a unified diff; text around it (a mail, a commit message) is passed over.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Diff> {
    let text = artifact.parsable_text()?;
    let mut reader = Reader::default();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix('\n').unwrap_or(line);
        let bare = bare.strip_suffix('\r').unwrap_or(bare);
        reader.line(bare, offset);
        offset += line.len();
    }
    if reader.diff.files.is_empty() {
        return Err(ParseFailure::syntax("no file headers of a unified diff", Span::default()));
    }
    Ok(reader.diff)
}

#[derive(Default)]
struct Reader {
    diff: Diff,
    /// Lines of the current hunk that are still to come, old and new.
    old_left: u32,
    new_left: u32,
    old_line: u32,
    new_line: u32,
    /// The current file came with a `diff --git` line, so that `---` belongs to it.
    in_header: bool,
}

impl Reader {
    fn line(&mut self, line: &str, at: usize) {
        let span = Span::new(at, at + line.len());
        if (self.old_left > 0 || self.new_left > 0) && self.hunk_line(line, at) {
            self.extend(span);
            return;
        }
        if let Some(paths) = line.strip_prefix("diff --git ") {
            let (old, new) = git_paths(paths);
            self.diff.files.push(FileDiff {
                old_path: old,
                new_path: new,
                span,
                ..FileDiff::default()
            });
            self.in_header = true;
        } else if let Some(path) = line.strip_prefix("--- ") {
            if !self.in_header {
                self.diff.files.push(FileDiff { span, ..FileDiff::default() });
            }
            self.in_header = false;
            self.set(|file| file.old_path = path_of(path, "a/"));
        } else if let Some(path) = line.strip_prefix("+++ ") {
            self.set(|file| file.new_path = path_of(path, "b/"));
        } else if let Some(header) = line.strip_prefix("@@ ") {
            self.hunk(header, span);
        } else if self.in_header {
            self.extended_header(line);
        } else {
            return;
        }
        self.extend(span);
    }

    fn set(&mut self, change: impl FnOnce(&mut FileDiff)) {
        if let Some(file) = self.diff.files.last_mut() {
            change(file);
        }
    }

    fn extend(&mut self, span: Span) {
        self.set(|file| file.span = file.span.to(span));
    }

    fn extended_header(&mut self, line: &str) {
        let mode = line.strip_prefix("new file mode ").or_else(|| line.strip_prefix("new mode "));
        if let Some(mode) = mode {
            let created = line.starts_with("new file");
            self.set(|file| {
                file.new_mode = Some(mode.to_owned());
                file.old_path = file.old_path.take().filter(|_| !created);
            });
        } else if line.starts_with("deleted file mode ") {
            self.set(|file| file.new_path = None);
        } else if line.starts_with("Binary files ") || line == "GIT binary patch" {
            self.set(|file| file.is_binary = true);
        } else if let Some(path) = line.strip_prefix("rename from ") {
            self.set(|file| file.old_path = Some(path.to_owned()));
        } else if let Some(path) = line.strip_prefix("rename to ") {
            self.set(|file| file.new_path = Some(path.to_owned()));
        }
    }

    /// `-1,2 +3,4 @@ section`
    fn hunk(&mut self, header: &str, span: Span) {
        let mut words = header.split(' ');
        let old = words.next().and_then(|word| range(word.strip_prefix('-')?));
        let new = words.next().and_then(|word| range(word.strip_prefix('+')?));
        let (Some((old_start, old_count)), Some((new_start, new_count))) = (old, new) else {
            return;
        };
        (self.old_left, self.new_left) = (old_count, new_count);
        (self.old_line, self.new_line) = (old_start, new_start);
        self.in_header = false;
        self.set(|file| file.hunks.push(Hunk { old_start, new_start, lines: Vec::new(), span }));
    }

    /// Takes a line of the current hunk; false when the hunk breaks off.
    fn hunk_line(&mut self, line: &str, at: usize) -> bool {
        let (change, text) = match line.split_at_checked(1) {
            Some(("+", text)) => (Change::Added, text),
            Some(("-", text)) => (Change::Removed, text),
            Some((" ", text)) => (Change::Context, text),
            // Some mailers strip the blank of an empty context line.
            None => (Change::Context, ""),
            // "\ No newline at end of file"
            Some(("\\", _)) => return true,
            Some(_) => {
                (self.old_left, self.new_left) = (0, 0);
                return false;
            }
        };
        let number = if change == Change::Removed { self.old_line } else { self.new_line };
        if change != Change::Added {
            self.old_left = self.old_left.saturating_sub(1);
            self.old_line = self.old_line.saturating_add(1);
        }
        if change != Change::Removed {
            self.new_left = self.new_left.saturating_sub(1);
            self.new_line = self.new_line.saturating_add(1);
        }
        let span = Span::new(at + line.len() - text.len(), at + line.len());
        let line = Line { change, number, text: text.to_owned(), span };
        self.set(|file| {
            if let Some(hunk) = file.hunks.last_mut() {
                hunk.lines.push(line);
            }
        });
        true
    }
}

/// `start,count` or `start`.
fn range(text: &str) -> Option<(u32, u32)> {
    match text.split_once(',') {
        Some((start, count)) => Some((start.parse().ok()?, count.parse().ok()?)),
        None => Some((text.parse().ok()?, 1)),
    }
}

/// The path of a `---` or `+++` line; a time may follow behind a tab.
fn path_of(text: &str, prefix: &str) -> Option<String> {
    let path = text.split('\t').next().unwrap_or(text).trim_end().trim_matches('"');
    (path != "/dev/null").then(|| path.strip_prefix(prefix).unwrap_or(path).to_owned())
}

/// `a/x b/x`: equal halves unless the file is renamed, which other headers tell.
fn git_paths(text: &str) -> (Option<String>, Option<String>) {
    match text.split_once(" b/") {
        Some((old, new)) => (path_of(old, "a/"), Some(new.trim_matches('"').to_owned())),
        None => (None, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn files_hunks_and_lines() {
        let text = "mail text\ndiff --git a/x.sh b/x.sh\nnew file mode 100755\n--- /dev/null\n+++ b/x.sh\n\
                    @@ -0,0 +1,2 @@\n+one\n+--- two\r\n\\ No newline at end of file\n\
                    --- a/y\t2020\n+++ b/y\t2021\n@@ -3,3 +3,2 @@ fn\n keep\n-gone\n-too\n+new\nafter\n";
        let artifact = Artifact::with_kind("d", text.as_bytes().to_vec(), Kind::Diff);
        let diff = artifact.diff().unwrap();
        let [x, y] = diff.files.as_slice() else { panic!("{diff:?}") };
        assert_eq!((x.old_path.as_deref(), x.new_path.as_deref()), (None, Some("x.sh")));
        assert_eq!(x.new_mode.as_deref(), Some("100755"));
        assert_eq!((y.old_path.as_deref(), y.new_path.as_deref()), (Some("y"), Some("y")));
        let added: Vec<_> = diff.added().map(|(_, l)| (l.number, l.span.of(text))).collect();
        assert_eq!(added, [(1, "one"), (2, "--- two"), (4, "new")]);
        let removed: Vec<_> = diff.removed().map(|(_, l)| (l.number, l.text.as_str())).collect();
        assert_eq!(removed, [(4, "gone"), (5, "too")]);
    }
}
