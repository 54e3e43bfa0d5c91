//! The words of a condition.

use pi_core::canonical::{Value, parse};

use super::parser::{ParseError, ParseErrorKind};

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Word(String),
    Integer(i64),
    Text(String),
    Sign(&'static str),
}

/// Longer signs stand before their prefixes.
const SIGNS: [&str; 12] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "."];

/// Splits a text into words with their byte offsets.
pub(super) fn tokens(text: &str) -> Result<Vec<(usize, Token)>, ParseError> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        if blanks > 0 {
            at += blanks;
            continue;
        }
        let (token, length) = token(rest).map_err(|kind| ParseError { kind, offset: at })?;
        found.push((at, token));
        at += length;
    }
    Ok(found)
}

fn token(rest: &str) -> Result<(Token, usize), ParseErrorKind> {
    match rest.bytes().next() {
        Some(b'"') => string(rest),
        Some(b'-' | b'0'..=b'9') => integer(rest),
        Some(b'_' | b'a'..=b'z' | b'A'..=b'Z') => {
            let length = rest.bytes().take_while(|b| is_word(*b)).count();
            Ok((Token::Word(rest.get(..length).unwrap_or_default().to_owned()), length))
        }
        _ => SIGNS
            .iter()
            .find(|sign| rest.starts_with(**sign))
            .map(|sign| (Token::Sign(sign), sign.len()))
            .ok_or(ParseErrorKind::Character(rest.chars().next().unwrap_or_default())),
    }
}

/// Whether the byte can stand inside a word. `-` can: there is no arithmetic,
/// and names of nodes and keys hold it.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn integer(rest: &str) -> Result<(Token, usize), ParseErrorKind> {
    let sign = usize::from(rest.starts_with('-'));
    let length = sign + rest.bytes().skip(sign).take_while(|b| is_word(*b) || *b == b'.').count();
    let text = rest.get(..length).unwrap_or_default();
    let digits = text.trim_start_matches('-');
    let canonical = text == "0" || !digits.starts_with('0');
    match text.parse() {
        Ok(value) if canonical => Ok((Token::Integer(value), length)),
        _ => Err(ParseErrorKind::Integer(text.to_owned())),
    }
}

/// A string is a JSON string.
fn string(rest: &str) -> Result<(Token, usize), ParseErrorKind> {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        ends
    });
    let Some((last, _)) = end else { return Err(ParseErrorKind::OpenText) };
    match parse(rest.get(..=last).unwrap_or_default().as_bytes()) {
        Ok(Value::String(text)) => Ok((Token::Text(text), last + 1)),
        _ => Err(ParseErrorKind::Text),
    }
}
