//! From what a person types to a full-text query.

use super::{MemoryError, bounded};

/// The longest search in bytes.
pub const MAX_QUERY_BYTES: usize = 1024;

/// Every piece between blanks becomes a quoted string, which FTS5 reads as a
/// phrase and never as syntax; all must occur. Pieces without a letter or digit
/// say nothing and are left out.
pub(super) fn build(text: &str) -> Result<String, MemoryError> {
    bounded("search", text.len(), MAX_QUERY_BYTES)?;
    let pieces = text.split(|c: char| c.is_whitespace() || c.is_control());
    let phrases: Vec<String> = pieces
        .filter(|piece| piece.chars().any(char::is_alphanumeric))
        .map(|piece| format!("\"{}\"", piece.replace('"', "\"\"")))
        .collect();
    if phrases.is_empty() { Err(MemoryError::NoWords) } else { Ok(phrases.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_typed_is_syntax() {
        for (text, expected) in [
            ("docker root", r#""docker" "root""#),
            ("a OR b* NEAR(c", r#""a" "OR" "b*" "NEAR(c""#),
            (r#"key:"x" -y"#, r#""key:""x""" "-y""#),
            ("a\0b\u{1b}", r#""a" "b""#),
            ("untrusted-checkout ***", r#""untrusted-checkout""#),
        ] {
            assert_eq!(build(text).as_deref(), Ok(expected));
        }
        assert_eq!(build("  * \" ^ "), Err(MemoryError::NoWords));
        assert!(matches!(build(&"x".repeat(1025)), Err(MemoryError::TooLong { .. })));
    }
}
