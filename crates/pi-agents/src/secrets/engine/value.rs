//! What a value is besides a secret: a reference, a placeholder, an example,
//! words.

/// A pure reference to where the value really is.
pub fn is_reference(value: &str) -> bool {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    let opens = |mark: &str, close: &str| lower.starts_with(mark) && lower.ends_with(close);
    opens("${", "}")
        || opens("$(", ")")
        || lower.contains("{{")
        || opens("<", ">")
        || opens("{", "}")
        || opens("[", "]")
        || opens("%", "%")
        || (lower.starts_with('$')
            && lower.get(1..).is_some_and(|n| {
                !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            }))
        || [
            "os.environ",
            "process.env",
            "os.getenv",
            "getenv(",
            "env.",
            "env[",
            "env(",
            "env:",
            "vault:",
            "secret:",
            "secrets.",
            "ssm:",
            "var.",
            "data.",
            "local.",
            "module.",
            "arn:",
            "!ref",
            "!sub",
            "op://",
            "ref+",
            "keyvault",
            "@microsoft.keyvault",
            "system.getenv",
            "file:",
            "${",
            "$(",
        ]
        .iter()
        .any(|mark| lower.starts_with(mark))
        || lower.contains("${")
        || lower.contains("#{")
        || lower.contains("process.env")
        || lower.contains("os.environ")
        || lower.contains("getenv")
}

/// Masked: the same character over and over, or stars.
pub fn is_masked(value: &str) -> bool {
    let mut letters = value.bytes().filter(u8::is_ascii_alphanumeric);
    let first = letters.next();
    value.contains("***")
        || value.contains("...")
        || value.contains("####")
        || first.is_none()
        || letters.all(|b| Some(b.to_ascii_lowercase()) == first.map(|f| f.to_ascii_lowercase()))
}

/// Stands for a value that is to be filled in.
pub fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let bare = lower.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    is_masked(value)
        || is_reference(value)
        || matches!(
            bare,
            "password"
                | "passwd"
                | "pass"
                | "pwd"
                | "secret"
                | "token"
                | "key"
                | "user"
                | "username"
                | "none"
                | "null"
                | "nil"
                | "true"
                | "false"
                | "undefined"
                | "todo"
                | "fixme"
                | "tbd"
                | "string"
                | "str"
                | "value"
                | "changeme"
                | "change-me"
                | "change_me"
                | "changeit"
                | "example"
                | "test"
                | "foo"
                | "bar"
                | "baz"
                | "dummy"
                | "sample"
                | "redacted"
                | "hidden"
                | "masked"
                | "empty"
                | "unset"
                | "default"
                | "optional"
                | "required"
                | "mypassword"
                | "my_password"
                | "mysecret"
                | "mytoken"
                | "apikey"
                | "api_key"
                | "access_token"
                | "auth_token"
                | "client_secret"
                | "private_key"
                | "n/a"
                | "any"
                | "bool"
                | "int"
                | "text"
                | "here"
                | "env"
                | "self"
                | "this"
                | "new"
                | "yes"
                | "no"
                | "on"
                | "off"
                | "placeholder"
                | "replace"
                | "replaceme"
                | "replace_me"
                | "encrypted"
        )
        || [
            "your",
            "changeme",
            "change_me",
            "change-me",
            "replace",
            "placeholder",
            "insert",
            "enter_",
            "enter-",
            "redacted",
            "xxxx",
            "example",
            "dummy",
            "todo",
            "fill_in",
            "<",
            "my-",
            "my_",
            "some_",
            "some-",
            "not_a",
            "not-a",
            "fake",
        ]
        .iter()
        .any(|mark| bare.starts_with(mark) || (mark.len() > 4 && lower.contains(mark)))
}

/// An example of the documentation.
pub fn is_example(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    [
        "example",
        "123456789",
        "abcdefgh",
        "xxxxx",
        "00000000",
        "deadbeef",
        "changeme",
        "dummy",
        "aaaaaaaa",
    ]
    .iter()
    .any(|mark| lower.contains(mark))
}

/// Code, not a value: a call, an index, a path of names.
pub fn is_code(value: &str) -> bool {
    let names = value
        .split(['.', ':'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_'));
    value.contains("()")
        || (value.contains('(') && value.ends_with(')'))
        || (names && value.contains('.'))
        || (value.contains('_')
            && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
        || value.starts_with("->")
        || value.contains("=>")
}

/// Words, numbers or an identifier of a program: no randomness.
pub fn is_words(value: &str) -> bool {
    let letters = value.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-' | b'.'));
    if !letters {
        return false;
    }
    // Letters alone are words when they look pronounceable.
    let vowels = value
        .bytes()
        .filter(|b| matches!(b.to_ascii_lowercase(), b'a' | b'e' | b'i' | b'o' | b'u'))
        .count();
    let cases = value
        .as_bytes()
        .windows(2)
        .filter(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
        .count();
    value.contains(['_', '.', '-']) || (vowels * 4 >= value.len() && cases * 5 <= value.len())
}

/// Letters and digits both occur.
pub fn is_mixed(value: &str) -> bool {
    value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Four groups of hex and a fifth of twelve.
pub fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(at, b)| {
            if matches!(at, 8 | 13 | 18 | 23) { b == b'-' } else { b.is_ascii_hexdigit() }
        })
}

/// Letters and digits that take turns in no pattern: more than half of the text
/// stands in parts that are neither words nor numbers.
pub fn is_random(value: &str) -> bool {
    if is_uuid(value) {
        return true;
    }
    let lower = value.to_ascii_lowercase();
    let digests = ["sha1", "sha256", "sha384", "sha512", "md5", "h1:", "http", "v1.", "v2."];
    if digests.iter().any(|mark| lower.starts_with(mark)) || is_example(value) {
        return false;
    }
    let turns = |part: &str| {
        let kinds = part.bytes().map(|b| b.is_ascii_digit());
        kinds.clone().zip(kinds.skip(1)).filter(|(a, b)| a != b).count()
    };
    let mut random = 0;
    let mut total_turns = 0;
    for part in value.split(|c: char| !c.is_ascii_alphanumeric()) {
        if is_mixed(part) && (turns(part) >= 2 || part.len() < 8) {
            random += part.len();
            total_turns += turns(part);
        }
    }
    random * 2 >= value.len() && total_turns >= 3
}

/// The name that the text gives to what stands at `at`.
pub fn name_before(text: &str, at: usize) -> String {
    let mut from = at.saturating_sub(96);
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    let before = text.get(from..at).unwrap_or_default();
    let before = before.rsplit(['\n', '\r', ';', '{']).next().unwrap_or(before);
    let before = before.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
    let name = before
        .rsplit(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .next();
    name.filter(|name| name.len() < 48).unwrap_or_default().to_owned()
}
