//! Versions by Semantic Versioning 2.0.0.

use std::cmp::Ordering;

/// A version. Build metadata takes part in no comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Changes that break callers.
    pub major: u64,
    /// New features.
    pub minor: u64,
    /// Repairs.
    pub patch: u64,
    /// The identifiers of a pre-release.
    pub pre: Vec<Identifier>,
}

/// An identifier of a pre-release. Numbers come before words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Identifier {
    /// Digits.
    Number(u64),
    /// Anything else.
    Word(String),
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// What is wrong, to follow "because".
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (rest, build) = match text.split_once('+') {
            Some((rest, build)) => (rest, Some(build)),
            None => (text, None),
        };
        if build.is_some_and(|build| !build.split('.').all(is_identifier)) {
            return Err("its build metadata has an empty or invalid identifier");
        }
        let (core, pre) = match rest.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (rest, None),
        };
        if core.starts_with(['v', 'V', '=']) {
            return Err("it begins with a letter or sign instead of a number");
        }
        let mut numbers = core.split('.').map(number);
        let mut next = || numbers.next().unwrap_or(Err("it has not three numbers"));
        let (major, minor, patch) = (next()?, next()?, next()?);
        if numbers.next().is_some() {
            return Err("it has more than three numbers");
        }
        let pre = match pre {
            None => Vec::new(),
            Some(pre) => pre.split('.').map(identifier).collect::<Result<_, _>>()?,
        };
        Ok(Self { major, minor, patch, pre })
    }

    /// The numbers without the pre-release.
    pub(crate) fn core(&self) -> (u64, u64, u64) {
        (self.major, self.minor, self.patch)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let pre = match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        };
        self.core().cmp(&other.core()).then(pre)
    }
}

fn number(text: &str) -> Result<u64, &'static str> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err("one of its three numbers is missing or no number");
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err("a number has a leading zero");
    }
    text.parse().map_err(|_| "a number is too large")
}

fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn identifier(text: &str) -> Result<Identifier, &'static str> {
    if !is_identifier(text) {
        return Err("its pre-release has an empty or invalid identifier");
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(Identifier::Word(text.to_owned()));
    }
    number(text).map(Identifier::Number)
}

/// The step from one version to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bump {
    /// Repairs only, or a pre-release.
    Patch,
    /// New features.
    Minor,
    /// Changes that break callers.
    Major,
}

impl Bump {
    /// The step from `old` to `new`; `None` when it does not go up.
    pub(crate) fn between(old: &Version, new: &Version) -> Option<Self> {
        if new <= old {
            None
        } else if new.major != old.major {
            Some(Bump::Major)
        } else if new.minor != old.minor {
            Some(Bump::Minor)
        } else {
            Some(Bump::Patch)
        }
    }

    /// The stable word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Bump::Patch => "patch",
            Bump::Minor => "minor",
            Bump::Major => "major",
        }
    }
}

/// Whether `new` is one of the versions that may follow `old`: the next patch,
/// minor or major version with the numbers behind it at zero, or a pre-release
/// of one of them, or what an old pre-release leads to.
pub(crate) fn follows(old: &Version, new: &Version) -> bool {
    let (major, minor, patch) = old.core();
    let next = [(major, minor, patch + 1), (major, minor + 1, 0), (major + 1, 0, 0)];
    next.contains(&new.core()) || (!old.pre.is_empty() && new.core() == old.core())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_the_specification() {
        for text in [
            "0.0.4",
            "1.2.3-rc.1",
            "1.0.0-alpha-a.b-c+build.1",
            "1.0.0+0.build.01",
            "1.0.0-0A.is.legal",
        ] {
            assert!(Version::parse(text).is_ok(), "{text}");
        }
        for text in [
            "1",
            "1.2",
            "1.2.3.4",
            "01.1.1",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3+",
            "v1.2.3",
            "1.2.x",
            "",
            "1.2.3-a..b",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_of_the_specification() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
            "2.0.0",
        ];
        let versions: Vec<_> = order.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
        let follow = |old: &str, new: &str| {
            follows(&Version::parse(old).unwrap(), &Version::parse(new).unwrap())
        };
        assert!(
            follow("1.2.3", "1.2.4") && follow("1.2.3", "1.3.0") && follow("1.2.3", "2.0.0-rc.1")
        );
        assert!(follow("1.0.0-rc.1", "1.0.0"));
        assert!(
            !follow("1.2.3", "1.3.3") && !follow("1.2.3", "1.2.5") && !follow("1.2.3", "3.0.0")
        );
    }
}
