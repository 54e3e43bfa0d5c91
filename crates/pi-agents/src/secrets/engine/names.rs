//! What a name says about its value.

use super::Class;

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
pub fn is_key_name(name: &str) -> bool {
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
pub fn name_class(name: &str) -> Option<Class> {
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
