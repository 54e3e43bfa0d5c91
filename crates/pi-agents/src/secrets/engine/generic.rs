//! Values that their names or their looks give away.

use pi_artifacts::literal::{Form, Literal};
use pi_artifacts::{Artifact, Kind, Span};

use super::names::{is_key_name, name_class};
use super::{Class, Hit, entropy, value};

/// Whether values without a format are looked for: prose and lists of digests
/// have too many that look like keys.
pub fn reads(kind: Kind) -> bool {
    !matches!(kind, Kind::Markdown | Kind::NpmLock | Kind::YarnLock | Kind::GoSum | Kind::CargoLock)
}

/// Reads the literals of an artifact.
pub fn find(artifact: &Artifact, out: &mut Vec<Hit>) {
    if !reads(artifact.kind()) {
        return;
    }
    for literal in &artifact.literals().items {
        if !(4..=4096).contains(&literal.value.len()) {
            continue;
        }
        let class = literal.name.as_deref().and_then(name_class);
        let found = match class {
            Some(Class::Password) => is_password(literal),
            Some(_) => is_token(literal),
            None => is_key(&literal.value) && literal.name.as_deref().is_some_and(is_key_name),
        };
        let class = match class.unwrap_or(Class::Token) {
            class if found => class,
            _ if is_random(literal) => Class::Random,
            _ => continue,
        };
        out.push(Hit {
            class,
            rule: None,
            span: literal.span,
            subject: literal.name.clone().unwrap_or_default(),
            doubt: value::is_example(&literal.value).then_some("it reads like an example"),
        });
    }
}

/// A token that carries a prefix of its own, quoted or not, as a hit.
pub fn prefixed(text: &str, from: usize, to: usize) -> Option<Hit> {
    text.get(from..to).filter(|word| is_prefixed(word)).map(|_| Hit {
        class: Class::Random,
        rule: None,
        span: Span::new(from, to),
        subject: String::new(),
        doubt: None,
    })
}

/// `abc_` or `abc-` and at least 24 letters of both cases and digits.
fn is_prefixed(word: &str) -> bool {
    let Some((prefix, body)) = word.split_once(['_', '-']) else { return false };
    let count = |test: fn(&u8) -> bool| body.bytes().filter(test).count();
    (2..=10).contains(&prefix.len())
        && (24..=120).contains(&body.len())
        && prefix.bytes().all(|b| b.is_ascii_alphanumeric())
        && prefix.starts_with(|c: char| c.is_ascii_alphabetic())
        && body.bytes().all(|b| b.is_ascii_alphanumeric())
        && !prefix.to_ascii_lowercase().starts_with("sha")
        && count(u8::is_ascii_digit) >= 3
        && count(u8::is_ascii_uppercase) >= 3
        && count(u8::is_ascii_lowercase) >= 3
        && value::is_random(body)
        && entropy::millibits(body) >= 3800
}

/// A value that can be nothing but a key under a name that only says key.
fn is_key(text: &str) -> bool {
    (16..=256).contains(&text.len())
        && text.bytes().all(is_token_byte)
        && !value::is_uuid(text)
        && !value::is_placeholder(text)
        && value::is_random(text)
        && entropy::millibits(text) >= 3000
}

/// What tokens are made of.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~' | b':' | b'|' | b'%')
}

fn is_password(literal: &Literal) -> bool {
    let text = literal.value.as_str();
    if value::is_placeholder(text) || value::is_code(text) || text.len() > 256 {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    if literal.name.as_ref().is_some_and(|name| name.to_ascii_lowercase().contains(&lower))
        || text.contains(' ')
    {
        return false;
    }
    match literal.form {
        Form::Quoted => {
            literal.is_assignment
                && (text.len() >= 5 || value::is_mixed(text))
                && !(text.contains("password") && value::is_words(text))
        }
        Form::Bare => {
            text.len() >= 6
                && (value::is_mixed(text)
                    || text.bytes().any(|b| {
                        matches!(b, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'&' | b'*')
                    }))
                && !text.contains(['(', ')', '[', ']', '<', '>', '{', '}', '"'])
        }
    }
}

fn is_token(literal: &Literal) -> bool {
    let text = literal.value.as_str();
    if text.len() < 10
        || text.len() > 1024
        || !text.bytes().all(|b| is_token_byte(b) || matches!(b, b'!' | b'$' | b'@' | b'#' | b'*'))
        || value::is_placeholder(text)
        || value::is_code(text)
        || value::is_words(text)
        || !value::is_mixed(text)
        || text.contains("://")
        || text.starts_with(['/', '.', '@', '#', '-'])
    {
        return false;
    }
    entropy::millibits(text) >= 3000
}

/// A string of base64 or hex without a telling name.
fn is_random(literal: &Literal) -> bool {
    let text = literal.value.as_str();
    if literal.form != Form::Quoted || !(24..=160).contains(&text.len()) || value::is_uuid(text) {
        return false;
    }
    if !text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'_' | b'-'))
    {
        return false;
    }
    let name = literal.name.as_deref().unwrap_or_default().to_ascii_lowercase();
    if [
        "hash",
        "sha",
        "md5",
        "digest",
        "checksum",
        "integrity",
        "commit",
        "rev",
        "etag",
        "uuid",
        "guid",
        "fingerprint",
        "nonce",
        "alphabet",
        "charset",
        "chars",
        "cert",
        "public",
        "data",
        "image",
        "resolved",
        "sum",
        "oid",
        "expected",
        "class",
        "id",
    ]
    .iter()
    .any(|word| name.contains(word))
    {
        return false;
    }
    // Integrity values, git hashes and digests are hex of a known length.
    let hex = text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex
        || text.starts_with("sha")
        || value::is_words(text)
        || value::is_placeholder(text)
        || value::is_example(text)
    {
        return false;
    }
    // Paths and long identifiers.
    if text.matches('/').count() > 2 && !text.ends_with('=') {
        return false;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let upper = text.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = text.bytes().filter(u8::is_ascii_lowercase).count();
    digits >= 3 && upper >= 3 && lower >= 3 && entropy::millibits(text) >= 4500
}
