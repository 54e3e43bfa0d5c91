//! Values that their names or their looks give away.

use pi_artifacts::literal::{Form, Literal};
use pi_artifacts::{Artifact, Kind};

use super::{Class, Hit, entropy, value};

/// Reads the literals of an artifact.
pub fn find(artifact: &Artifact, out: &mut Vec<Hit>) {
    if matches!(
        artifact.kind(),
        Kind::Markdown | Kind::NpmLock | Kind::YarnLock | Kind::GoSum | Kind::CargoLock
    ) {
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

/// The words of a name, lower-case.
fn words(name: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut lower_before = false;
    let mut fresh = true;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() {
            fresh = true;
            continue;
        }
        if fresh || (lower_before && c.is_ascii_uppercase()) {
            out.push(String::new());
            fresh = false;
        }
        lower_before = c.is_ascii_lowercase() || c.is_ascii_digit();
        if let Some(word) = out.last_mut() {
            word.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// The words of a name without what tells one value from the next: numbers and
/// the names of environments.
fn core_words(name: &str) -> Vec<String> {
    let mut words = words(name);
    while let Some(word) = words.last_mut() {
        word.truncate(word.trim_end_matches(|c: char| c.is_ascii_digit()).len());
        let qualifier = matches!(
            word.as_str(),
            "" | "v"
                | "prod"
                | "production"
                | "dev"
                | "development"
                | "staging"
                | "sandbox"
                | "live"
                | "test"
                | "testing"
                | "old"
                | "new"
                | "backup"
                | "default"
        );
        if words.len() == 1 || !qualifier {
            break;
        }
        words.pop();
    }
    words
}

/// A name that ends in key and means none of the many other sorts of keys.
fn is_key_name(name: &str) -> bool {
    let words = core_words(name);
    let other = |word: &String| {
        matches!(
            word.as_str(),
            "public"
                | "pub"
                | "primary"
                | "foreign"
                | "cache"
                | "sort"
                | "partition"
                | "row"
                | "object"
                | "group"
                | "hash"
                | "index"
                | "idempotency"
                | "storage"
                | "lookup"
                | "route"
                | "registry"
                | "translation"
                | "message"
                | "query"
                | "file"
                | "host"
                | "s3"
                | "redis"
                | "dict"
                | "map"
                | "unique"
                | "parent"
                | "child"
        )
    };
    name.len() <= 80
        && words.last().is_some_and(|last| last.ends_with("key") || last == "keys")
        && !words.iter().any(other)
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

/// Whether one of the words below can be in a name at all: most names are
/// told apart here, without a copy.
fn has_hint(name: &str) -> bool {
    let bytes = name.as_bytes();
    let hints: [&[u8]; 7] = [b"pass", b"pwd", b"secret", b"token", b"cred", b"auth", b"key"];
    (0..bytes.len()).any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        hints.iter().any(|hint| {
            rest.get(..hint.len()).is_some_and(|start| start.eq_ignore_ascii_case(hint))
        })
    })
}

/// What a name says about its value.
fn name_class(name: &str) -> Option<Class> {
    if !(3..=80).contains(&name.len()) || !has_hint(name) {
        return None;
    }
    let words = core_words(name);
    let last = words.last()?.as_str();
    if matches!(
        last,
        "url"
            | "uri"
            | "path"
            | "file"
            | "filename"
            | "name"
            | "type"
            | "field"
            | "label"
            | "header"
            | "length"
            | "len"
            | "size"
            | "expires"
            | "expiry"
            | "expiration"
            | "ttl"
            | "timeout"
            | "endpoint"
            | "prefix"
            | "suffix"
            | "regex"
            | "pattern"
            | "hint"
            | "policy"
            | "reset"
            | "count"
            | "limit"
            | "limits"
            | "placeholder"
            | "error"
            | "message"
            | "title"
            | "text"
            | "description"
            | "min"
            | "max"
            | "algorithm"
            | "arn"
            | "version"
            | "enabled"
            | "required"
            | "validator"
            | "input"
            | "format"
            | "mode"
            | "class"
            | "provider"
            | "store"
            | "dir"
            | "env"
            | "var"
            | "ref"
            | "index"
            | "column"
            | "table"
            | "selector"
            | "event"
            | "action"
            | "status"
            | "state"
            | "at"
            | "date"
            | "usage"
            | "id"
            | "ids"
            | "uuid"
            | "kind"
            | "scope"
            | "scopes"
            | "hash"
            | "digest"
            | "checksum"
            | "rotation"
    ) {
        return None;
    }
    let has = |word: &str| words.iter().any(|w| w == word);
    let joined = words.concat();
    if has("public")
        || joined.contains("publickey")
        || joined.contains("csrf")
        || joined.contains("pagetoken")
    {
        return None;
    }
    if joined.contains("password")
        || joined.contains("passwd")
        || joined.contains("passphrase")
        || has("pwd")
        || joined.ends_with("pwd")
        || last == "pass"
        || last == "passcode"
    {
        return Some(Class::Password);
    }
    let tail = |word: &str| joined.ends_with(word);
    if has("secret")
        || has("secrets")
        || tail("secret")
        || tail("token")
        || has("credential")
        || has("credentials")
        || last == "creds"
        || last == "auth"
        || tail("apikey")
        || tail("accesskey")
        || tail("secretkey")
        || tail("privatekey")
        || tail("authkey")
        || tail("encryptionkey")
        || tail("signingkey")
        || tail("accountkey")
        || tail("masterkey")
        || tail("servicekey")
        || tail("licensekey")
        || (joined.contains("secret") && last == "key")
        || (joined.contains("token") && matches!(last, "key" | "value"))
    {
        return Some(Class::Token);
    }
    None
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
