//! Words that are nearly the same: what was perhaps meant.

use super::index::Index;
use super::words::Word;

/// Suggestions that are made at most.
pub const MAX_SUGGESTIONS: usize = 5;

/// A word that begins another counts as near from this length on.
const MIN_PREFIX: usize = 3;

/// The names among `names` that are nearest to `word`: the fewest changed
/// letters first, then by name. A name that `word` begins is near, too.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let letters: Vec<char> = word.chars().collect();
    let mut other = Vec::new();
    let mut near: Vec<(usize, &str)> =
        names.filter_map(|name| Some((distance(&letters, name, &mut other)?, name))).collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, name)| name).take(MAX_SUGGESTIONS).collect()
}

/// Words of the index near to the words of a request.
pub(super) fn suggest(asked: &[Word], index: &Index) -> Vec<String> {
    let mut suggestions: Vec<String> = Vec::new();
    for word in asked {
        for near in nearest(&word.text, index.vocabulary()) {
            if !suggestions.iter().any(|other| other == near) {
                suggestions.push(near.to_owned());
            }
        }
    }
    suggestions.truncate(MAX_SUGGESTIONS);
    suggestions
}

/// Letters that must be inserted, removed, changed or exchanged with their
/// neighbour, when they are few: one in a word of up to four letters, two in one
/// of up to nine, three beyond. A beginning of `name` has the distance four.
fn distance(word: &[char], name: &str, other: &mut Vec<char>) -> Option<usize> {
    const BEGINS: usize = 4;
    let bound = match word.len() {
        0..=4 => 1,
        5..=9 => 2,
        _ => 3,
    };
    other.clear();
    other.extend(name.chars());
    let is_close = word.len().abs_diff(other.len()) <= bound;
    let edits = if is_close { edits(word, other, bound) } else { None };
    let begins = || word.len() >= MIN_PREFIX && other.starts_with(word);
    edits.or_else(|| begins().then_some(BEGINS))
}

/// The optimal string alignment distance, when it is at most `bound`.
fn edits(a: &[char], b: &[char], bound: usize) -> Option<usize> {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    let mut row: Vec<usize> = Vec::with_capacity(previous.len());
    let mut last = None;
    for (i, x) in a.iter().enumerate() {
        row.clear();
        let mut left = i + 1;
        row.push(left);
        let mut neighbour = None;
        for (j, (y, pair)) in b.iter().zip(previous.windows(2)).enumerate() {
            let &[diagonal, above] = pair else { continue };
            left = (left + 1).min(above + 1).min(diagonal + usize::from(x != y));
            if j > 0
                && last == Some(y)
                && neighbour == Some(x)
                && let Some(crossed) = before.get(j - 1)
            {
                left = left.min(crossed + 1);
            }
            row.push(left);
            neighbour = Some(y);
        }
        // Each row builds on the two before it: when both are beyond the bound,
        // so is all that follows.
        if row.iter().chain(&previous).all(|distance| *distance > bound) {
            return None;
        }
        std::mem::swap(&mut before, &mut previous);
        std::mem::swap(&mut previous, &mut row);
        last = Some(x);
    }
    previous.last().copied().filter(|distance| *distance <= bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted() {
        let edits = |a: &str, b: &str| {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            let all = edits(&a, &b, a.len().max(b.len())).unwrap();
            for bound in 0..all {
                assert_eq!(edits(&a, &b, bound), None);
            }
            assert_eq!(edits(&a, &b, all), Some(all));
            all
        };
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("secret", "secret", 0),
            ("secrte", "secret", 1),
            ("kubernets", "kubernetes", 1),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
            ("été", "ete", 2),
        ] {
            assert_eq!(edits(a, b), expected, "{a} {b}");
            assert_eq!(edits(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn near_words_come_by_distance_then_name() {
        let names = ["docker", "dockerfile", "locker", "rocket", "kubernetes"];
        assert_eq!(
            nearest("docker", names.into_iter()),
            ["docker", "locker", "rocket", "dockerfile"]
        );
        assert_eq!(nearest("kub", names.into_iter()), ["kubernetes"]);
        assert!(nearest("zebra", names.into_iter()).is_empty());
    }
}
