//! Semantic versions, with the leniencies that lockfiles need.

use std::cmp::Ordering;

/// A semantic version; build metadata is dropped because it has no order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SemVer {
    core: [u64; 3],
    /// Dot-separated identifiers of the pre-release; empty for a release.
    pre: Vec<Identifier>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    // Numbers stand before words: the derived order is that of SemVer 2, item 11.
    Number(u64),
    Word(String),
}

impl SemVer {
    /// Reads `1.2.3-pre+build`, with or without a leading `v`. Missing minor and
    /// patch numbers are 0, as in `go 1.21` or an advisory that names `4`.
    pub fn parse(text: &str) -> Option<SemVer> {
        let text = text.trim();
        let text = text.strip_prefix(['v', '=']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(version, _)| version);
        let (core, pre) = match text.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (text, None),
        };
        let mut numbers = [0u64; 3];
        let mut slots = numbers.iter_mut();
        for part in core.split('.') {
            *slots.next()? = number(part)?;
        }
        let pre = match pre {
            Some(pre) => pre.split('.').map(identifier).collect::<Option<Vec<_>>>()?,
            None => Vec::new(),
        };
        Some(SemVer { core: numbers, pre })
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn identifier(text: &str) -> Option<Identifier> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return None;
    }
    Some(match number(text) {
        Some(number) => Identifier::Number(number),
        None => Identifier::Word(text.to_owned()),
    })
}

impl Ord for SemVer {
    fn cmp(&self, other: &Self) -> Ordering {
        self.core.cmp(&other.core).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        })
    }
}

impl PartialOrd for SemVer {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_specification() {
        let ascending = [
            "0",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "v1.0.0",
            "1.2",
            "1.10.0",
            "2.0.0+incompatible",
        ];
        for pair in ascending.windows(2) {
            assert!(SemVer::parse(pair[0]) < SemVer::parse(pair[1]), "{pair:?}");
        }
        for bad in ["", "x", "1.2.3.4", "1..2", "1.2.3-", "^1.2", "latest"] {
            assert_eq!(SemVer::parse(bad), None, "{bad}");
        }
        assert_eq!(SemVer::parse("1.2.3+a"), SemVer::parse("1.2.3+b"));
    }
}
