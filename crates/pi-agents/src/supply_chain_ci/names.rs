//! Names of packages: normal forms, popular packages, look-alikes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use pi_agent_api::{Report, Stop};
use pi_artifacts::dependencies::Ecosystem;
use unicode_security::confusable_detection::skeleton;

/// The name under which the registry stores a package.
pub fn normalised(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        // PEP 503: runs of `-`, `_` and `.` are one `-`, and extras are no part.
        Ecosystem::PyPi => {
            let name = name.split('[').next().unwrap_or(name).trim();
            let mut out = String::with_capacity(name.len());
            for character in name.chars() {
                match character {
                    '-' | '_' | '.' if out.ends_with('-') => {}
                    '-' | '_' | '.' => out.push('-'),
                    other => out.extend(other.to_lowercase()),
                }
            }
            out
        }
        Ecosystem::Cargo => name.replace('_', "-").to_lowercase(),
        Ecosystem::Npm => name.to_lowercase(),
        Ecosystem::Go => name.to_owned(),
    }
}

/// Why a name looks like that of a popular package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Characters that look the same (Cyrillic `а` for Latin `a`).
    Homoglyph,
    /// One edit away: a letter left out, doubled, exchanged or swapped.
    Typo,
    /// The same words in another order or with another separator.
    Rearranged,
    /// The name with a word that promises the same thing (`python-`, `-js`).
    Combined,
}

struct Popular {
    names: BTreeSet<&'static str>,
    by_skeleton: BTreeMap<String, &'static str>,
    by_words: BTreeMap<Vec<String>, &'static str>,
}

fn popular(ecosystem: Ecosystem) -> Option<&'static Popular> {
    static NPM: LazyLock<Popular> = LazyLock::new(|| read(include_str!("data/popular-npm.txt")));
    static PYPI: LazyLock<Popular> = LazyLock::new(|| read(include_str!("data/popular-pypi.txt")));
    static CARGO: LazyLock<Popular> =
        LazyLock::new(|| read(include_str!("data/popular-crates.txt")));
    match ecosystem {
        Ecosystem::Npm => Some(&NPM),
        Ecosystem::PyPi => Some(&PYPI),
        Ecosystem::Cargo => Some(&CARGO),
        // Module paths hold a host and an owner; look-alikes of these are a
        // matter of hosts, not of edits.
        Ecosystem::Go => None,
    }
}

fn read(text: &'static str) -> Popular {
    let names: BTreeSet<&str> =
        text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')).collect();
    let by_skeleton = names.iter().map(|name| (skeleton(name).collect(), *name)).collect();
    let by_words = names.iter().map(|name| (words(name), *name)).collect();
    Popular { names, by_skeleton, by_words }
}

fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> =
        name.split(['-', '_', '.']).filter(|w| !w.is_empty()).map(str::to_owned).collect();
    words.sort();
    words
}

/// Names shorter than this are one edit away from too many others.
const MIN_TYPO_LENGTH: usize = 5;

/// Words that are put around a popular name to promise the same thing.
const COMBINED_WORDS: &[&str] =
    &["python", "py", "js", "node", "nodejs", "npm", "pip", "official", "original", "latest"];

/// The popular package that `name` looks like without being it.
///
/// # Errors
/// [`Stop::Budget`] when the steps are spent.
pub fn look_alike(
    ecosystem: Ecosystem,
    name: &str,
    report: &mut Report,
) -> Result<Option<(&'static str, Likeness)>, Stop> {
    let Some(popular) = popular(ecosystem) else { return Ok(None) };
    let name = normalised(ecosystem, name);
    if popular.names.contains(name.as_str()) || name.starts_with('@') {
        return Ok(None);
    }
    if !name.is_ascii()
        && let Some(real) = popular.by_skeleton.get(&skeleton(&name).collect::<String>())
    {
        return Ok(Some((real, Likeness::Homoglyph)));
    }
    let own_words = words(&name);
    if let Some(real) = popular.by_words.get(&own_words)
        && own_words.len() > 1
    {
        return Ok(Some((real, Likeness::Rearranged)));
    }
    let characters: Vec<char> = name.chars().collect();
    if characters.len() >= MIN_TYPO_LENGTH {
        for real in &popular.names {
            report.tick(real.len() as u64)?;
            if real.len() >= MIN_TYPO_LENGTH && one_edit(&characters, real) {
                return Ok(Some((real, Likeness::Typo)));
            }
        }
    }
    Ok(combined(popular, &own_words).map(|real| (real, Likeness::Combined)))
}

/// A popular name and one of [`COMBINED_WORDS`].
fn combined(popular: &Popular, own_words: &[String]) -> Option<&'static str> {
    let [first, second] = own_words else { return None };
    let other = |word: &String, rest: &String| {
        COMBINED_WORDS
            .contains(&word.as_str())
            .then(|| popular.names.get(rest.as_str()).copied())?
    };
    other(first, second).or_else(|| other(second, first))
}

/// Whether `name` is one slip of the hand away from `real`.
pub fn is_slip(name: &str, real: &str) -> bool {
    one_edit(&name.chars().collect::<Vec<_>>(), real)
}

/// Whether the Damerau-Levenshtein distance (adjacent swaps count as one edit)
/// is exactly one and the edit is a slip of the hand: not a digit, which names
/// a major version, and not a plural, which is often a package of its own.
fn one_edit(a: &[char], real: &str) -> bool {
    let b: Vec<char> = real.chars().collect();
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let prefix = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let suffix = a
        .iter()
        .rev()
        .zip(b.iter().rev())
        .take(a.len().min(b.len()) - prefix)
        .take_while(|(x, y)| x == y)
        .count();
    let middle_a = a.get(prefix..a.len() - suffix).unwrap_or_default();
    let middle_b = b.get(prefix..b.len() - suffix).unwrap_or_default();
    let plural = suffix == 0 && a.get(..prefix).is_none_or(|p| p.last() != Some(&'s'));
    match (middle_a, middle_b) {
        ([x], []) | ([], [x]) => x.is_alphabetic() && !(plural && *x == 's') || *x == '-',
        ([x], [y]) => x.is_alphabetic() && y.is_alphabetic(),
        ([x, y], [z, w]) => x == w && y == z,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(ecosystem: Ecosystem, name: &str) -> Option<(&'static str, Likeness)> {
        look_alike(ecosystem, name, &mut Report::new(None)).unwrap()
    }

    #[test]
    fn slips_are_found_and_real_names_are_not() {
        for (name, real, likeness) in [
            ("lodahs", "lodash", Likeness::Typo),
            ("expres", "express", Likeness::Typo),
            ("crossenv", "cross-env", Likeness::Typo),
        ] {
            assert_eq!(like(Ecosystem::Npm, name), Some((real, likeness)), "{name}");
        }
        assert_eq!(like(Ecosystem::PyPi, "reqeusts"), Some(("requests", Likeness::Typo)));
        assert_eq!(
            like(Ecosystem::PyPi, "dateutil-python"),
            Some(("python-dateutil", Likeness::Rearranged))
        );
        assert_eq!(like(Ecosystem::PyPi, "requеsts"), Some(("requests", Likeness::Homoglyph)));
        assert_eq!(
            like(Ecosystem::PyPi, "python-requests"),
            Some(("requests", Likeness::Combined))
        );
        for real in ["preact", "redux", "react-dom", "@types/node", "koa", "vue3", "my-own-tool"] {
            assert_eq!(like(Ecosystem::Npm, real), None, "{real}");
        }
    }
}
