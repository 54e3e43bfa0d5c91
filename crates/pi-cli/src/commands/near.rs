//! Suggestions for words that are nearly right.

/// Words that are suggested at most.
const MAX_WORDS: usize = 3;

/// "did you mean ...?" where words are near, else `otherwise`.
pub fn hint<'a>(
    word: &str,
    words: impl IntoIterator<Item = &'a str>,
    otherwise: &'static str,
) -> String {
    let near = near(word, words);
    if near.is_empty() {
        return otherwise.to_owned();
    }
    let near: Vec<String> = near.iter().map(|word| format!("`{word}`")).collect();
    format!("did you mean {}?", near.join(" or "))
}

/// The words that contain `word`, or differ in few letters, nearest first.
fn near<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
    let mut found: Vec<(usize, &str)> = words
        .into_iter()
        .filter_map(|other| {
            let contains = word.len() >= 3 && (other.contains(&word) || word.contains(other));
            let distance = distance(&word, other);
            let allowed = other.chars().count() / 3;
            (contains || distance <= allowed).then_some((distance, other))
        })
        .collect();
    found.sort();
    let best = found.first().map_or(0, |(distance, _)| *distance);
    let near = found.into_iter().take_while(|(distance, _)| *distance <= best + 2);
    near.take(MAX_WORDS).map(|(_, word)| word).collect()
}

/// Letters to insert, delete or exchange (Levenshtein 1966), row by row.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (at, letter) in from.chars().enumerate() {
        let mut next = vec![at + 1];
        for (other, pair) in to.iter().zip(row.windows(2)) {
            let &[diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or(0);
            let exchange = diagonal + usize::from(*other != letter);
            next.push(exchange.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_suggested_and_others_not() {
        let words = ["severity_denied", "severity_review", "log_corrupt"];
        assert_eq!(near("severty_denied", words), ["severity_denied"]);
        assert_eq!(near("Severity-Denied", words), ["severity_denied"]);
        assert_eq!(near("severity", words), ["severity_denied", "severity_review"]);
        assert_eq!(near("potato", words), Vec::<&str>::new());
        assert_eq!(hint("corrupt", words, "all"), "did you mean `log_corrupt`?");
        assert_eq!(hint("", words, "see all"), "see all");
    }

    #[test]
    fn distances_are_those_of_levenshtein() {
        for (from, to, expected) in [("kitten", "sitting", 3), ("", "abc", 3), ("é", "e", 1)] {
            assert_eq!(distance(from, to), expected);
            assert_eq!(distance(to, from), expected);
        }
    }
}
