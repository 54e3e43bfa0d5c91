//! JSON Web Tokens in any text: found by structure, decoded, never shown.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Stop};
use pi_artifacts::{Artifact, Span};
use pi_core::canonical::{Value, parse};

/// What every encoded header begins with: `{` followed by a quote, a blank, a
/// line break or a tab, in base64url.
pub(crate) const TRIGGERS: &[&str] = &["eyJ", "eyI", "eyA", "ewo", "ewk", "ew0"];

/// Longest token that is looked at. Servers refuse headers of 16 KiB.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A signed token (or one that claims to be unsigned).
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The header.
    pub header: Value,
    /// The claims.
    pub claims: Value,
    /// Header and claims as they are signed: the text before the last dot.
    pub signed: String,
    /// The signature.
    pub signature: Vec<u8>,
    /// Where the token stands.
    pub span: Span,
    /// `token 1`, ... A number that follows from the tokens of the artifact and
    /// not from their order; it tells nothing about the content.
    pub subject: String,
}

impl Token {
    /// The name of the algorithm as written.
    pub(crate) fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole text, for masking.
    pub(crate) fn text<'a>(&self, artifact: &'a Artifact) -> &'a str {
        artifact.slice(self.span)
    }
}

/// The tokens of an artifact, each once, shared by the agents that read them.
#[derive(Debug)]
pub(crate) struct Tokens(pub Vec<Token>);

/// Finds and decodes the tokens of an artifact.
pub(crate) fn tokens(
    artifact: &Artifact,
    report: &mut Report,
) -> Result<std::sync::Arc<Tokens>, Stop> {
    report.tick(artifact.bytes().len() as u64)?;
    Ok(artifact.derived(|artifact| Tokens(find(artifact.text().unwrap_or_default()))))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// Every maximal run of token characters that is three base64url parts of which
/// the first two are JSON objects and the first names an algorithm.
fn find(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found: BTreeMap<&str, Token> = BTreeMap::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = bytes.get(at..).unwrap_or_default();
        let length = rest.iter().take_while(|b| is_word(**b) || **b == b'.').count();
        if length == 0 {
            at += 1;
            continue;
        }
        let word = text.get(at..at + length).unwrap_or_default();
        // A full stop may end the sentence behind a token, but an unsigned
        // token ends in a dot of its own; both readings decode the same way.
        if let Some(token) = decode(word.trim_end_matches('.'), word, at) {
            found.entry(word.trim_end_matches('.')).or_insert(token);
        }
        at += length;
    }
    let mut tokens: Vec<Token> = found.into_values().collect();
    for (index, token) in tokens.iter_mut().enumerate() {
        token.subject = format!("token {}", index + 1);
    }
    tokens.sort_by_key(|token| token.span);
    tokens
}

fn decode(trimmed: &str, word: &str, at: usize) -> Option<Token> {
    if trimmed.len() > MAX_TOKEN_BYTES || !trimmed.starts_with('e') {
        return None;
    }
    let mut parts = trimmed.split('.');
    let (header, claims) = (parts.next()?, parts.next()?);
    let signature = parts.next().unwrap_or_default();
    if parts.next().is_some() || (signature.is_empty() && !word.ends_with('.')) {
        return None;
    }
    let object = |part: &str| match parse(&base64url(part)?) {
        Ok(value @ Value::Object(_)) => Some(value),
        _ => None,
    };
    let header = object(header).filter(|header| header.get("alg").is_some())?;
    let signed = trimmed.split('.').take(2).collect::<Vec<_>>().join(".");
    let shown = if signature.is_empty() { trimmed.len() + 1 } else { trimmed.len() };
    Some(Token {
        header,
        claims: object(claims)?,
        signed,
        signature: base64url(signature)?,
        span: Span::new(at, at + shown),
        subject: String::new(),
    })
}

/// Decodes base64url without padding.
pub(crate) fn base64url(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text.bytes() {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    // One digit alone holds no byte.
    (count < 6).then_some(out)
}

/// A numeric date in whole seconds.
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    match value {
        Value::Float(float) if float.get() >= 0.0 => Some(float.get() as u64),
        value => value.as_u64(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Encodes base64url without padding.
    pub(crate) fn encode(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut out = String::new();
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b))
                << (8 * (3 - chunk.len()));
            for index in 0..=chunk.len() {
                out.push(char::from(DIGITS[(bits >> (18 - 6 * index) & 63) as usize]));
            }
        }
        out
    }

    #[test]
    fn base64url_is_read_back() {
        for text in ["", "a", "ab", "abc", "abcd", "\u{ff}\u{fe}"] {
            assert_eq!(base64url(&encode(text.as_bytes())).unwrap(), text.as_bytes());
        }
        assert!(base64url("a").is_none());
        assert!(base64url("a+b=").is_none());
    }

    #[test]
    fn tokens_are_found_by_structure() {
        let head = encode(br#"{"alg":"none"}"#);
        let body = encode(br#"{"sub":"x"}"#);
        let text = format!("a {head}.{body}. b, \"{head}.{body}.c2ln\" {head}.{head} key.new.old");
        let found = find(&text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].algorithm(), "none");
        assert_eq!(found[1].signature, b"sig");
        assert!(found[0].span.of(&text).ends_with('.'));
        assert!(found[1].span.of(&text).ends_with('n'));
    }
}
