//! Python versions (PEP 440).

use std::cmp::Ordering;

/// A Python version.
#[derive(Clone, Debug)]
pub struct Pep440 {
    epoch: u64,
    /// Release numbers without trailing zeros.
    release: Vec<u64>,
    /// Phase (0 alpha, 1 beta, 2 release candidate) and number.
    pre: Option<(u8, u64)>,
    post: Option<u64>,
    dev: Option<u64>,
    local: Vec<Local>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Local {
    // Words stand before numbers.
    Word(String),
    Number(u64),
}

impl Pep440 {
    /// Reads a version in any spelling that PEP 440 normalises.
    pub fn parse(text: &str) -> Option<Pep440> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let (public, local) = match text.split_once('+') {
            Some((public, local)) => (public, local_parts(local)?),
            None => (text, Vec::new()),
        };
        let (epoch, rest) = match public.split_once('!') {
            Some((epoch, rest)) => (epoch.parse().ok()?, rest),
            None => (0, public),
        };
        let mut reader = Reader { rest };
        let mut release = vec![reader.number()?];
        while reader.rest.strip_prefix('.').is_some_and(starts_with_digit) {
            reader.rest = reader.rest.get(1..)?;
            release.push(reader.number()?);
        }
        while release.len() > 1 && release.last() == Some(&0) {
            release.pop();
        }
        let mut version = Pep440 { epoch, release, pre: None, post: None, dev: None, local };
        reader.suffixes(&mut version)?;
        reader.rest.is_empty().then_some(version)
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u64> {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        digits.parse().ok()
    }

    fn separator(&mut self) {
        self.rest = self.rest.strip_prefix(['.', '-', '_']).unwrap_or(self.rest);
    }

    /// The first of `words` that stands here behind an optional separator.
    fn word(&mut self, words: &[(&str, u8)]) -> Option<u8> {
        let bare = self.rest.strip_prefix(['.', '-', '_']).unwrap_or(self.rest);
        let (rest, code) =
            words.iter().find_map(|(word, code)| Some((bare.strip_prefix(word)?, *code)))?;
        self.rest = rest;
        Some(code)
    }

    /// The number behind a word; 0 when there is none.
    fn optional_number(&mut self) -> Option<u64> {
        let here = self.rest;
        self.separator();
        if starts_with_digit(self.rest) {
            return self.number();
        }
        self.rest = here;
        Some(0)
    }

    fn suffixes(&mut self, version: &mut Pep440) -> Option<()> {
        const PRE: &[(&str, u8)] = &[
            ("alpha", 0),
            ("a", 0),
            ("beta", 1),
            ("b", 1),
            ("preview", 2),
            ("pre", 2),
            ("rc", 2),
            ("c", 2),
        ];
        if let Some(phase) = self.word(PRE) {
            version.pre = Some((phase, self.optional_number()?));
        }
        if self.rest.strip_prefix('-').is_some_and(starts_with_digit) {
            self.separator();
            version.post = Some(self.number()?);
        } else if self.word(&[("post", 0), ("rev", 0), ("r", 0)]).is_some() {
            version.post = Some(self.optional_number()?);
        }
        if self.word(&[("dev", 0)]).is_some() {
            version.dev = Some(self.optional_number()?);
        }
        Some(())
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

fn local_parts(text: &str) -> Option<Vec<Local>> {
    text.split(['.', '-', '_'])
        .map(|part| match part.parse::<u64>() {
            Ok(number) => Some(Local::Number(number)),
            Err(_) if part.is_empty() => None,
            Err(_) => Some(Local::Word(part.to_owned())),
        })
        .collect()
}

impl Pep440 {
    /// The order of PEP 440: a development release stands before its
    /// pre-releases, these before the release, and that before post-releases.
    fn key(&self) -> Key<'_> {
        let pre = match (self.pre, self.post, self.dev) {
            (Some((phase, number)), _, _) => (1, phase, number),
            (None, None, Some(_)) => (0, 0, 0),
            (None, _, _) => (2, 0, 0),
        };
        let dev = self.dev.map_or((true, 0), |number| (false, number));
        (self.epoch, &self.release, pre, self.post, dev, &self.local)
    }
}

/// Epoch, release, pre-release, post-release, development release, local label.
type Key<'a> = (u64, &'a [u64], (u8, u8, u64), Option<u64>, (bool, u64), &'a [Local]);

impl Ord for Pep440 {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Pep440 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pep440 {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pep440 {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_specification() {
        let ascending = [
            "0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.1.dev1",
            "1.10",
            "1!0.1",
        ];
        for pair in ascending.windows(2) {
            assert!(Pep440::parse(pair[0]).unwrap() < Pep440::parse(pair[1]).unwrap(), "{pair:?}");
        }
        for (a, b) in [("1.0", "1.0.0"), ("1.0-1", "1.0.post1"), ("v1.0-Alpha_2", "1.0a2")] {
            assert_eq!(Pep440::parse(a).unwrap(), Pep440::parse(b).unwrap(), "{a} {b}");
        }
        for bad in ["", "1.*", "==1", "1.0x", "1.0a1b"] {
            assert!(Pep440::parse(bad).is_none(), "{bad}");
        }
    }
}
