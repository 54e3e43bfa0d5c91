//! Headings of releases in changelogs.

use super::version::Version;

/// What a heading of a changelog is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Title {
    /// `Unreleased`.
    Unreleased,
    /// A release.
    Release(Release),
    /// Meant as a release, and wrong for this reason.
    Malformed(&'static str),
    /// The title of the file, or prose.
    Other,
}

/// A release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Release {
    /// The version as written.
    pub name: String,
    /// The version.
    pub version: Version,
    /// The date.
    pub date: Date,
    /// Still in brackets: a link without an address.
    pub bracketed: bool,
    /// Marked as withdrawn.
    pub yanked: bool,
}

/// The date behind a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Date {
    /// None is written.
    Missing,
    /// No ISO date, or a day that no calendar has.
    Malformed(String),
    /// A day.
    Day(Day),
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day {
    year: u64,
    month: u64,
    day: u64,
}

impl Day {
    fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str, width: usize| -> Option<u64> {
            let plain = text.len() == width && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        let mut parts = text.split('-');
        let year = digits(parts.next()?, 4)?;
        let month = digits(parts.next()?, 2)?;
        let day = digits(parts.next()?, 2)?;
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let last = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        (parts.next().is_none() && (1..=last).contains(&day)).then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01; zero for earlier ones.
    pub(crate) fn number(self) -> u64 {
        // Years are counted from March, so that the leap day is the last.
        let (year, month) = if self.month > 2 {
            (self.year, self.month - 3)
        } else {
            (self.year.saturating_sub(1), self.month + 9)
        };
        let days =
            365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + self.day;
        days.saturating_sub(719_469)
    }
}

impl Title {
    /// Reads the text of a heading.
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        let bare = text.trim_matches(['[', ']']);
        if bare.eq_ignore_ascii_case("unreleased")
            || bare.to_ascii_lowercase().starts_with("unreleased]")
        {
            return Title::Unreleased;
        }
        let bracketed = text.starts_with('[') && text.contains(']');
        let text = text.strip_prefix('[').unwrap_or(text);
        let text = ["Version ", "version ", "Release ", "release "]
            .iter()
            .find_map(|word| text.strip_prefix(word))
            .unwrap_or(text);
        let end =
            text.find([' ', ']', '(', '\t', ':', '\u{2013}', '\u{2014}']).unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let number = word.strip_prefix(['v', 'V']).unwrap_or(word);
        if !number.starts_with(|c: char| c.is_ascii_digit()) || !number.contains('.') {
            return Title::Other;
        }
        let version = match Version::parse(number) {
            Ok(version) => version,
            Err(why) => return Title::Malformed(why),
        };
        let rest = rest.strip_prefix(']').unwrap_or(rest);
        let yanked = rest.to_ascii_uppercase().contains("YANKED");
        Title::Release(Release {
            name: number.to_owned(),
            version,
            date: date(rest),
            bracketed,
            yanked,
        })
    }
}

fn date(rest: &str) -> Date {
    let rest = rest.split("[YANKED]").next().unwrap_or(rest);
    let is_edge = |c: char| {
        c.is_whitespace()
            || matches!(c, '-' | '\u{2013}' | '\u{2014}' | '(' | ')' | ':' | '/' | ',')
    };
    let text = rest.trim_matches(is_edge);
    if text.is_empty() {
        return Date::Missing;
    }
    // A name may stand beside the date: `1.0.0 - 2026-01-31 - "Aurora"`.
    let found = text.split_whitespace().map(|word| word.trim_matches(is_edge)).find_map(Day::parse);
    match found {
        Some(day) => Date::Day(day),
        None if text.bytes().any(|b| b.is_ascii_digit()) => Date::Malformed(text.to_owned()),
        None => Date::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<u64> {
        Day::parse(text).map(Day::number)
    }

    #[test]
    fn days_are_counted() {
        assert_eq!(day("1970-01-01"), Some(0));
        assert_eq!(day("2000-03-01"), Some(11_017));
        assert_eq!(day("2024-02-29"), Some(19_782));
        for text in ["2023-02-29", "2024-13-01", "2024-1-1", "01-02-2024", "2024-04-31"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn headings_are_told_apart() {
        assert_eq!(Title::parse("[Unreleased]"), Title::Unreleased);
        assert_eq!(Title::parse("Changelog"), Title::Other);
        assert!(matches!(Title::parse("[1.2] - 2024-01-01"), Title::Malformed(_)));
        let Title::Release(release) = Title::parse("[1.2.3] - 2024-01-31 [YANKED]") else {
            panic!()
        };
        assert!(release.bracketed && release.yanked && matches!(release.date, Date::Day(_)));
        for (text, missing) in
            [("1.0.0", true), ("v1.0.0 (31.1.2024)", false), ("1.0.0 - TBD", true)]
        {
            let Title::Release(release) = Title::parse(text) else { panic!("{text}") };
            assert_eq!(release.date == Date::Missing, missing, "{text}");
            assert!(!matches!(release.date, Date::Day(_)));
        }
    }
}
