//! Inline `pi:allow AGENT reason` comments. They count only where the request
//! says so, they need a reason, and what they accept stays in the record.

use pi_artifacts::Artifact;
use pi_artifacts::limits::MAX_ALLOWANCES;

/// One `pi:allow` comment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowance {
    /// The line it speaks of, from 1.
    line: u32,
    /// The agent's slug, or `slug/rule`.
    agent: String,
    /// Why.
    reason: String,
}

/// The `pi:allow` comments of one artifact.
#[derive(Clone, Debug, Default)]
pub struct Allowances(Vec<Allowance>);

const MARK: &str = "pi:allow ";
const LEADERS: &[&str] = &["#", "//", "--", ";", "/*", "<!--", "*"];

impl Allowances {
    /// Reads the comments of an artifact. A comment behind code speaks of its
    /// own line, a comment alone on its line of the next line that is none.
    pub fn read(artifact: &Artifact) -> Self {
        let Some(text) = artifact.text().filter(|text| text.contains(MARK)) else {
            return Self::default();
        };
        let count = u32::try_from(artifact.lines().count()).unwrap_or(u32::MAX);
        let line_text = |line: u32| {
            artifact.lines().line_span(text, line).map(|span| span.of(text)).unwrap_or_default()
        };
        let mut found = Vec::new();
        // From the end, so that the next line that is no comment is known.
        let mut code = count.saturating_add(1);
        for number in (1..=count).rev() {
            let line = line_text(number);
            if let Some((before, after)) = line.split_once(MARK)
                && let Some((agent, reason)) = allowance(before, after)
            {
                let alone = LEADERS.contains(&before.trim());
                let line = if alone { code } else { number };
                found.push(Allowance { line, agent, reason });
            }
            if !is_comment(line) {
                code = number;
            }
        }
        found.reverse();
        found.truncate(MAX_ALLOWANCES);
        Self(found)
    }

    /// The reason for which `rule` of `agent` is accepted on one of the lines
    /// `first..=last`.
    pub fn reason(&self, agent: &str, rule: &str, first: u32, last: u32) -> Option<&str> {
        let matches = |allowance: &&Allowance| {
            let named = match allowance.agent.split_once('/') {
                Some((slug, id)) => slug == agent && id == rule,
                None => allowance.agent == agent,
            };
            named && (first..=last).contains(&allowance.line)
        };
        self.0.iter().find(matches).map(|allowance| allowance.reason.as_str())
    }
}

/// Agent and reason of a comment, if it is one and has both.
fn allowance(before: &str, after: &str) -> Option<(String, String)> {
    let mut words = after.trim().trim_end_matches("*/").trim_end_matches("-->").split_whitespace();
    let agent = words.next().unwrap_or_default().to_owned();
    let reason = words.collect::<Vec<_>>().join(" ");
    let leads = LEADERS.iter().any(|leader| before.trim().ends_with(leader));
    (leads && !agent.is_empty() && !reason.is_empty()).then_some((agent, reason))
}

fn is_comment(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || LEADERS.iter().any(|leader| line.starts_with(leader))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str, line: u32) -> Option<String> {
        let artifact = Artifact::new("x.txt", text.as_bytes().to_vec());
        Allowances::read(&artifact).reason("a_b", "r", line, line).map(str::to_owned)
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_of_the_next() {
        assert_eq!(allowed("x = 1 # pi:allow a_b test key\n", 1).as_deref(), Some("test key"));
        assert_eq!(
            allowed("# pi:allow a_b/r test key\n# more\nx = 1\n", 3).as_deref(),
            Some("test key")
        );
        assert_eq!(allowed("// pi:allow a_b test\nx\ny\n", 3), None);
    }

    #[test]
    fn without_a_reason_or_a_comment_nothing_is_allowed() {
        assert_eq!(allowed("x # pi:allow a_b\n", 1), None);
        assert_eq!(allowed("x pi:allow a_b because\n", 1), None);
        assert_eq!(allowed("x # pi:allow other because\n", 1), None);
        assert_eq!(allowed("x # pi:allow a_b/other because\n", 1), None);
    }
}
