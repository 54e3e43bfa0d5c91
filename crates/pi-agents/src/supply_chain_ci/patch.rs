//! One replacement in a text, as a unified diff.

use pi_artifacts::Span;

/// Replaces what stands under a span.
pub struct Patch<'a> {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub replacement: &'a str,
}

/// Lines shown around a change.
const CONTEXT: usize = 2;

impl Patch<'_> {
    /// The text after the change; `None` when the span does not fit it.
    pub fn apply(&self, text: &str) -> Option<String> {
        let before = text.get(..self.span.start as usize)?;
        let after = text.get(self.span.end as usize..)?;
        Some(format!("{before}{}{after}", self.replacement))
    }

    /// The change as a unified diff.
    pub fn diff(&self, path: &str, text: &str) -> String {
        let Some(patched) = self.apply(text) else { return String::new() };
        let (old, new): (Vec<&str>, Vec<&str>) =
            (text.lines().collect(), patched.lines().collect());
        let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
        let rest = old.len().min(new.len()) - head;
        let tail =
            old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let start = head.saturating_sub(CONTEXT);
        let lines = |all: &[&str]| all.len() - tail;
        let after = CONTEXT.min(tail);
        let mut out = format!("--- a/{path}\n+++ b/{path}\n");
        out.push_str(&format!(
            "@@ -{},{} +{},{} @@\n",
            start + 1,
            lines(&old) + after - start,
            start + 1,
            lines(&new) + after - start
        ));
        let mut push = |mark: char, lines: &[&str]| {
            for line in lines {
                out.push(mark);
                out.push_str(line);
                out.push('\n');
            }
        };
        push(' ', old.get(start..head).unwrap_or_default());
        push('-', old.get(head..lines(&old)).unwrap_or_default());
        push('+', new.get(head..lines(&new)).unwrap_or_default());
        push(' ', old.get(lines(&old)..lines(&old) + after).unwrap_or_default());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_shows_the_change_in_its_place() {
        let patch = Patch { span: Span::new(4, 5), replacement: "X\nY" };
        let text = "a\nb\nc\nd\ne\nf\n";
        assert_eq!(patch.apply(text).as_deref(), Some("a\nb\nX\nY\nd\ne\nf\n"));
        assert_eq!(
            patch.diff("f", text),
            "--- a/f\n+++ b/f\n@@ -1,5 +1,6 @@\n a\n b\n-c\n+X\n+Y\n d\n e\n"
        );
    }
}
