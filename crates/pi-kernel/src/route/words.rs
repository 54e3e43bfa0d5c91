//! From text to terms: the same for the catalogue and for a request.
//!
//! Words are found by the Unicode rules (UAX #29) and cut further at the
//! characters that join identifiers. They are folded to lower case by way of
//! upper case, so that `ß` and `SS` meet. Words of ASCII letters lose a plural
//! `s`, `-ing`, `-ed` and a final `e`; that is all the stemming there is.

use unicode_segmentation::UnicodeSegmentation as _;

/// Words of a request beyond this number are not looked at.
const MAX_WORDS: usize = 64;

/// A word of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// Folded to lower case.
    pub(super) text: String,
    /// Its stem, under which it is indexed.
    pub(super) term: String,
}

/// Words that say nothing about an agent. Sorted.
#[rustfmt::skip]
const SILENT: &[&str] = &[
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "do", "does", "done", "each", "every", "find", "first", "for", "from",
    "get", "give", "had", "has", "have", "help", "how", "i", "if", "in", "into", "is", "it", "its",
    "let", "look", "make", "me", "my", "need", "no", "not", "of", "on", "or", "our", "out",
    "please", "should", "show", "so", "some", "sure", "tell", "than", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "those", "to", "us", "want", "was", "we",
    "were", "what", "when", "where", "whether", "which", "who", "will", "with", "would", "you",
    "your",
];

/// Every word of `text` in its order.
pub(super) fn words(text: &str) -> impl Iterator<Item = Word> + '_ {
    pieces(text).map(|piece| {
        let text = fold(piece);
        let term = stem(&text);
        Word { text, term }
    })
}

/// The words of a request that say something, each once.
pub(super) fn asked(request: &str) -> Vec<Word> {
    let mut asked: Vec<Word> = Vec::new();
    for word in words(request).take(MAX_WORDS) {
        let silent = SILENT.binary_search(&word.text.as_str()).is_ok();
        if !silent && !asked.iter().any(|other| other.term == word.term) {
            asked.push(word);
        }
    }
    asked
}

/// The request as the slug that it would be.
pub(super) fn slug(request: &str) -> String {
    pieces(request).take(MAX_WORDS).map(fold).collect::<Vec<_>>().join("_")
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.unicode_words()
        .flat_map(|word| word.split(['_', '.', ':', '\'', '’', '·']))
        .filter(|piece| !piece.is_empty())
}

fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_uppercase().to_lowercase() }
}

/// Shorter words stay as they are, and so much stays of a longer one.
const MIN_STEM: usize = 3;

fn stem(word: &str) -> String {
    if word.len() <= MIN_STEM || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let word = singular(word);
    let base = without_ending(&word).unwrap_or(&word);
    without(base, "e").unwrap_or(base).to_owned()
}

/// `policies` becomes `policy`, `secrets` `secret`; `class`, `status` and
/// `analysis` stay.
fn singular(word: &str) -> String {
    if let Some(base) = without(word, "ies") {
        return format!("{base}y");
    }
    let kept = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    if kept { word.to_owned() } else { without(word, "s").unwrap_or(word).to_owned() }
}

/// Without `-ing` or `-ed`, and without the consonant that these double; a rest
/// without a vowel is no stem (`string`).
fn without_ending(word: &str) -> Option<&str> {
    let base = without(word, "ing").or_else(|| without(word, "ed"))?;
    if !base.bytes().any(|b| b"aeiouy".contains(&b)) {
        return None;
    }
    let doubled = ["bb", "dd", "gg", "mm", "nn", "pp", "rr", "tt"];
    let single = base.get(..base.len() - 1).filter(|base| base.len() >= MIN_STEM);
    let is_doubled = doubled.iter().any(|pair| base.ends_with(pair));
    Some(if is_doubled { single.unwrap_or(base) } else { base })
}

fn without<'a>(word: &'a str, ending: &str) -> Option<&'a str> {
    word.strip_suffix(ending).filter(|base| base.len() >= MIN_STEM)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(text: &str) -> Vec<String> {
        words(text).map(|word| word.term).collect()
    }

    #[test]
    fn words_end_where_unicode_says() {
        assert_eq!(terms("git_safety-guardrail.yml"), ["git", "safety", "guardrail", "yml"]);
        assert_eq!(terms("L’été, Straße; ΣΊΣΥΦΟΣ"), ["l", "été", "strass", "σίσυφος"]);
        assert_eq!(terms("STRASSE"), terms("straße"));
        assert_eq!(terms("密钥 CWE-798"), ["密", "钥", "cwe", "798"]);
        assert_eq!(terms(" \u{0}\u{202e}\t--- "), Vec::<String>::new());
    }

    #[test]
    fn forms_of_a_word_meet() {
        for (a, b) in [
            ("secrets", "secret"),
            ("policies", "policy"),
            ("caches", "cache"),
            ("caching", "cached"),
            ("scanning", "scan"),
            ("pinned", "pinning"),
            ("images", "image"),
            ("exposed", "expose"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} and {b}");
        }
        for word in ["string", "class", "status", "use", "ring", "é"] {
            assert_eq!(stem(word), word);
        }
    }

    #[test]
    fn a_request_has_its_telling_words_once() {
        let asked = asked("Please find the Secrets, every secret, in my image");
        let texts: Vec<&str> = asked.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["secrets", "image"]);
        assert!(SILENT.is_sorted());
    }

    #[test]
    fn a_request_can_be_a_slug() {
        assert_eq!(slug("Docker image-scanner"), "docker_image_scanner");
    }
}
