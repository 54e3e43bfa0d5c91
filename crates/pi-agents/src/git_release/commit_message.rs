//! Commit messages by Conventional Commits 1.0.0: header, body, footers.

use pi_artifacts::Span;

/// A line with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// The text without its line break and without blanks at its end.
    pub text: &'a str,
    /// Where it stands.
    pub span: Span,
}

/// A commit message as git stores it: comments and what follows the scissors
/// line are gone, so are blank lines at both ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Message<'a> {
    /// The lines; the first is the header.
    pub lines: Vec<Line<'a>>,
    /// Index of the first line of the footers.
    pub footers: Option<usize>,
}

/// The parts of a header that follows the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// `feat`, `fix`, ...
    pub kind: &'a str,
    /// What stands between the brackets.
    pub scope: Option<&'a str>,
    /// Has `!`.
    pub breaking: bool,
    /// A blank stands behind the colon.
    pub spaced: bool,
    /// The description.
    pub description: &'a str,
}

impl<'a> Message<'a> {
    /// Reads a message.
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut lines = Vec::new();
        let mut at = 0;
        for raw in text.split_inclusive('\n') {
            let line = raw.trim_end();
            let span = Span::new(at, at + line.len());
            at += raw.len();
            if line.starts_with('#') {
                if line.contains(">8") {
                    break;
                }
                continue;
            }
            lines.push(Line { text: line, span });
        }
        let first = lines.iter().position(|line| !line.text.is_empty()).unwrap_or(lines.len());
        lines.drain(..first);
        while lines.last().is_some_and(|line| line.text.is_empty()) {
            lines.pop();
        }
        let footers = footers(&lines);
        Self { lines, footers }
    }

    /// The first line.
    pub(crate) fn header(&self) -> Option<Line<'a>> {
        self.lines.first().copied()
    }

    /// The lines between header and footers, with their index.
    pub(crate) fn body(&self) -> impl Iterator<Item = (usize, &Line<'a>)> {
        let end = self.footers.unwrap_or(self.lines.len());
        self.lines.iter().enumerate().take(end).skip(1)
    }
}

/// The first line of the footers. They are the last paragraph when it begins
/// with a footer, and everything from a `BREAKING CHANGE` on.
fn footers(lines: &[Line<'_>]) -> Option<usize> {
    let behind_header = |index: &usize| *index > 0;
    let breaking = lines.iter().position(|line| is_breaking(line.text)).filter(behind_header);
    let blank = lines.iter().rposition(|line| line.text.is_empty());
    let last = blank
        .map(|blank| blank + 1)
        .filter(|start| lines.get(*start).is_some_and(|line| is_footer(line.text)));
    match (breaking, last) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn is_breaking(text: &str) -> bool {
    text.starts_with("BREAKING CHANGE: ") || text.starts_with("BREAKING-CHANGE: ")
}

/// `Token: value` or `Token #value`.
pub(crate) fn is_footer(text: &str) -> bool {
    if is_breaking(text) {
        return true;
    }
    let word = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    let (token, rest) = text.split_at(word);
    token.starts_with(|c: char| c.is_ascii_alphabetic())
        && (rest.starts_with(": ") || rest.starts_with(" #"))
}

impl<'a> Header<'a> {
    /// Reads `type(scope)!: description`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let end = text.find(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_'))?;
        let (kind, rest) = text.split_at(end);
        let (scope, rest) = match rest.strip_prefix('(') {
            Some(rest) => {
                let (scope, rest) = rest.split_once(')')?;
                (Some(scope), rest)
            }
            None => (None, rest),
        };
        let (breaking, rest) = match rest.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let description = rest.strip_prefix(':')?;
        let spaced = description.is_empty() || description.starts_with(' ');
        (!kind.is_empty()).then(|| Self {
            kind,
            scope,
            breaking,
            spaced,
            description: description.trim(),
        })
    }
}

/// Whether git or a forge wrote the message, or it is going to be squashed away.
pub(crate) fn is_generated(header: &str) -> bool {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| header.starts_with(prefix));
    starts(&["fixup! ", "squash! ", "amend! "])
        || starts(&["Merge branch ", "Merge branches ", "Merge tag ", "Merge commit "])
        || starts(&["Merge remote-tracking branch ", "Merge pull request ", "Merge in "])
        || starts(&["Merged PR ", "Automatic merge", "Auto-merged "])
        || (header.starts_with("Merge ") && header.contains(" into "))
        || (header.starts_with("Merged ") && (header.contains(" in ") || header.contains(" into ")))
        || (header.starts_with("Revert \"") && header.ends_with('"'))
        || (header.starts_with("Reapply \"") && header.ends_with('"'))
        || super::version::Version::parse(header.trim_start_matches('v')).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_split() {
        let header = Header::parse("feat(api)!: drop v1").unwrap();
        assert_eq!((header.kind, header.scope, header.breaking), ("feat", Some("api"), true));
        assert_eq!(header.description, "drop v1");
        assert!(!Header::parse("fix:x").unwrap().spaced);
        assert!(Header::parse("fix a thing").is_none());
        assert!(Header::parse("feat(api: x").is_none());
    }

    #[test]
    fn comments_and_scissors_are_no_message() {
        let message = Message::parse("\n# note\nfix: x\n\nbody\n\nCloses #3\n# --- >8 ---\ndiff\n");
        assert_eq!(message.header().unwrap().text, "fix: x");
        assert_eq!(message.body().filter(|(_, line)| !line.text.is_empty()).count(), 1);
        assert_eq!(message.lines[message.footers.unwrap()].text, "Closes #3");
    }

    #[test]
    fn generated_messages_are_known() {
        for header in ["Merge branch 'a' into b", "Revert \"fix: x\"", "fixup! feat: y", "v1.2.3"] {
            assert!(is_generated(header), "{header}");
        }
        assert!(!is_generated("Merge the two parsers"));
    }
}
