//! Masking. Nothing that a person or the log sees may hold a secret in clear.

use std::ops::Range;

/// What stands in the place of a masked character sequence.
pub const MASK: &str = "****";

/// Masks a secret for display: a short well-known prefix may stay, never more
/// than 4 characters and never more than a quarter of it, and no suffix.
pub fn mask(secret: &str) -> String {
    let shown = (secret.chars().count() / 4).min(4);
    let mut out: String = secret.chars().take(shown).collect();
    out.push_str(MASK);
    out
}

/// Runs of token characters of at least this length are looked at.
const MIN_RUN: usize = 20;

/// Masks what looks like a secret in a line that is shown: the last safety net
/// behind the agents, which name the places of secrets exactly.
pub fn redact_text(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut from = 0;
    for suspect in suspects(line) {
        out.push_str(line.get(from..suspect.start).unwrap_or_default());
        out.push_str(&mask(line.get(suspect.clone()).unwrap_or_default()));
        from = suspect.end;
    }
    out.push_str(line.get(from..).unwrap_or_default());
    out
}

/// The byte ranges of a line that look like secrets, in order.
pub fn suspects(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let run = rest.find(|c: char| !is_token(c)).unwrap_or(rest.len());
        if run == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let token = rest.get(..run).unwrap_or_default();
        if looks_random(token) || is_assigned_to_secret(line.get(..at).unwrap_or_default()) {
            found.push(at..at + run);
        }
        at += run;
    }
    found
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(c, '_' | '-' | '+' | '/' | '=' | '.' | '~' | '!' | '@' | '$' | '%' | '^' | '*')
}

/// Long, with upper case, lower case and digits mixed, and no path or sentence.
fn looks_random(token: &str) -> bool {
    let count = |test: fn(u8) -> bool| token.bytes().filter(|b| test(*b)).count();
    let digits = count(|b| b.is_ascii_digit());
    let upper = count(|b| b.is_ascii_uppercase());
    let lower = count(|b| b.is_ascii_lowercase());
    token.len() >= MIN_RUN && digits >= 3 && upper >= 3 && lower >= 3 && !token.contains("://")
}

/// What stands before ends in `password =`, `token:` or the like.
fn is_assigned_to_secret(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '"', '\'']);
    let Some(name) = before.strip_suffix(['=', ':']) else { return false };
    let name: String = name.trim_end_matches([' ', '"', '\'']).chars().rev().take(32).collect();
    let name: String = name.chars().rev().collect::<String>().to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "api_key", "apikey", "private_key"]
        .iter()
        .any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_prose_is_not() {
        for (line, secret) in [
            ("key = \"aB3dE5fG7hJ9kL1mN3pQ\"", "aB3dE5fG7hJ9kL1mN3pQ"),
            ("password: hunter2", "hunter2"),
            ("\"api_key\": \"abc\"", "\"abc\""),
        ] {
            assert!(!redact_text(line).contains(secret), "{}", redact_text(line));
        }
        for line in [
            "uses: actions/checkout@v4",
            "an ordinary sentence, é",
            "image: registry.example.com/shop/web",
            "",
        ] {
            assert_eq!(redact_text(line), line);
        }
    }

    #[test]
    fn a_mask_shows_at_most_four_characters() {
        assert_eq!(mask("abcdefghijklmnopqrstuvwxyz"), "abcd****");
        assert_eq!(mask("abc"), "****");
    }
}
