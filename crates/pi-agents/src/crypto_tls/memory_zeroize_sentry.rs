//! See [`MemoryZeroizeSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::syntax::{Node, Syntax};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

const REMOVED: Rule = Rule {
    id: "erasure-removed-by-compiler",
    summary: "a secret is overwritten in a way that compilers leave out, since nobody reads it again",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-14"],
    fix: "use explicit_bzero, memset_s, SecureZeroMemory, sodium_memzero or OPENSSL_cleanse",
};

const KEPT: Rule = Rule {
    id: "secret-not-erased",
    summary: "a secret stays in memory after its owner is gone",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-226", "CWE-244"],
    fix: "hold it in `Zeroizing` or `SecretBox`, or derive `ZeroizeOnDrop`",
};

const SHOWN: Rule = Rule {
    id: "secret-in-debug-output",
    summary: "a type with a secret derives Debug: the secret is in the next log line or panic",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-532"],
    fix: "write Debug by hand without the field, or hold it in `SecretBox`, which hides it",
};

declare_agent! {
    /// Finds secrets that stay in memory, or leave it by debug output.
    ///
    /// # What it checks
    /// C and C++: `memset` or `bzero` on a buffer with the name of a secret that the
    /// function does not use afterwards. Rust: fields of structs with the name of a
    /// secret in a plain `String`, `Vec` or array, where the type neither erases itself
    /// nor implements `Drop`, and `Debug` derived for them.
    ///
    /// # Why it matters
    /// Memory ends up in core dumps, swap and the next allocation. Compilers remove
    /// writes that nobody reads.
    ///
    /// # Example denied
    /// ```c
    /// void login(void) { char password[64]; read(password); memset(password, 0, 64); }
    /// ```
    ///
    /// # Example allowed
    /// ```c
    /// void login(void) { char password[64]; read(password); explicit_bzero(password, 64); }
    /// ```
    ///
    /// # Limits
    /// C is read by its tokens and not by a parser: a macro may hide a use. Copies that
    /// a program makes of a secret are not followed. Types of other files are unknown
    /// and not reported.
    ///
    /// # References
    /// CWE-14; CWE-226; CWE-244; CERT MSC06-C; zeroize.
    pub struct MemoryZeroizeSentry {
        slug: "memory_zeroize_sentry",
        domain: CryptoTls,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::C, Kind::Rust],
        triggers: Any(&["memset", "bzero", "struct"]),
        invariant_to: ALL,
        rules: [REMOVED, KEPT, SHOWN],
        fixture: include_str!("fixtures/memory_zeroize_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let text = artifact.parsable_text()?;
    if artifact.kind() == Kind::C {
        c(text, report)
    } else {
        rust(artifact.syntax()?, text, report)
    }
}

/// Names of secrets, by their last words.
fn is_secret(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "secret_key",
        "private_key",
        "priv_key",
        "privkey",
        "session_key",
        "master_key",
        "encryption_key",
        "signing_key",
        "seed_phrase",
        "mnemonic",
        "pin_code",
        "shared_secret",
    ];
    let name = name.to_ascii_lowercase();
    ENDS.iter().any(|end| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}

/// A word or mark of C with its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Token<'t> {
    text: &'t str,
    at: usize,
}

/// The tokens of C without comments, texts and directives.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut line_start = true;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let length = if rest.starts_with("//") || (first == '#' && line_start) {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if matches!(first, '"' | '\'') {
            let mut escaped = false;
            let inner = rest.get(1..).unwrap_or_default();
            let end = inner.char_indices().find(|(_, c)| {
                let closes = (*c == first && !escaped) || *c == '\n';
                escaped = *c == '\\' && !escaped;
                closes
            });
            end.map_or(rest.len(), |(end, _)| end + 2)
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let token = rest.get(..length).unwrap_or_default();
        let skipped = first.is_whitespace()
            || matches!(first, '"' | '\'')
            || rest.starts_with("//")
            || rest.starts_with("/*")
            || (first == '#' && line_start);
        if !skipped {
            out.push(Token { text: token, at });
        }
        line_start = first == '\n' || (line_start && first.is_whitespace());
        at += length.max(1);
        at = text.ceil_char_boundary(at);
    }
    out
}

fn c(text: &str, report: &mut Report) -> Result<(), Stop> {
    let found = tokens(text);
    let mut number = 0;
    for (index, token) in found.iter().enumerate() {
        report.tick(1)?;
        if !matches!(token.text, "memset" | "bzero") {
            continue;
        }
        let word =
            |offset: usize| found.get(index + offset).map(|token| token.text).unwrap_or_default();
        let start = if word(2) == "&" { 3 } else { 2 };
        let name = word(start);
        let zero = token.text == "bzero" || (word(start + 1) == "," && word(start + 2) == "0");
        // A field or an element of something lives on.
        let local = matches!(word(start + 1), ",") && is_secret(name);
        if word(1) != "(" || !zero || !local {
            continue;
        }
        let (declared, used) = life(&found, index, name);
        report.tick(used.1)?;
        if declared && !used.0 {
            number += 1;
            let span = Span::new(token.at, token.at + token.text.len());
            report
                .finding(&REMOVED, span)
                .message(format!(
                    "`{}` on `{name}` is removed: nothing reads it afterwards",
                    token.text
                ))
                .subject(format!("{name}[{number}]"));
        }
    }
    Ok(())
}

/// Whether an array of this name is declared in the function before a token, and
/// whether it is used behind it; with the steps that were taken.
fn life(found: &[Token<'_>], index: usize, name: &str) -> (bool, (bool, u64)) {
    let mut steps = 0;
    let mut declared = false;
    for at in (0..index).rev() {
        steps += 1;
        let word = |at: Option<usize>| {
            at.and_then(|at| found.get(at)).map(|token| token.text).unwrap_or_default()
        };
        let (before, here, next) = (word(at.checked_sub(1)), word(Some(at)), word(Some(at + 1)));
        let type_before = before.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && !matches!(before, "return" | "sizeof" | "else");
        if here == name && type_before {
            // As a parameter or behind a star it lives on in the caller.
            let closing = (at + 1..at + 12).find(|at| word(Some(*at)) == "]").map(|at| at + 1);
            let after = if next == "[" { word(closing) } else { next };
            declared = matches!(after, ";" | "=");
            break;
        }
        if here == name && before == "*" {
            break;
        }
    }
    // Forward to the end of the block that is around it.
    // The call's own arguments, `sizeof name` among them, are no use.
    let end = (index..found.len()).find(|at| found.get(*at).is_some_and(|token| token.text == ";"));
    let mut depth = 0i32;
    let mut used = false;
    for token in found.get(end.unwrap_or(index)..).unwrap_or_default() {
        steps += 1;
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            text if text == name => {
                used = true;
            }
            _ => {}
        }
        if depth < 0 || used {
            break;
        }
    }
    (declared, (used, steps))
}

/// The attributes in front of an item.
fn attributes(item: Node<'_>, text: &str) -> String {
    let Some(parent) = item.parent() else { return String::new() };
    let mut out = String::new();
    for sibling in parent.named_children() {
        if sibling == item {
            return out;
        }
        match sibling.kind() {
            "attribute_item" => out.push_str(sibling.text(text)),
            "line_comment" | "block_comment" => {}
            _ => out.clear(),
        }
    }
    out
}

fn rust(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let implements = |what: &str, name: &str| {
        syntax.nodes_of("impl_item").any(|node| {
            let is = |field: &str, wanted: &str| {
                node.field(field).is_some_and(|part| {
                    part.text(text).rsplit("::").next().unwrap_or_default().split('<').next()
                        == Some(wanted)
                })
            };
            is("trait", what) && is("type", name)
        })
    };
    for item in syntax.nodes_of("struct_item") {
        report.tick(1)?;
        let name = item.field("name").map(|node| node.text(text)).unwrap_or_default();
        let derived = attributes(item, text);
        let erases = derived.contains("Zeroize")
            || implements("Drop", name)
            || implements("ZeroizeOnDrop", name);
        let Some(body) = item.field("body") else { continue };
        for field in body.named_children().filter(|field| field.kind() == "field_declaration") {
            let (Some(label), Some(kind)) = (field.field("name"), field.field("type")) else {
                continue;
            };
            let label = label.text(text);
            let kind = kind.text(text).replace(' ', "");
            let plain = matches!(
                kind.as_str(),
                "String" | "Vec<u8>" | "Box<[u8]>" | "Option<String>" | "Option<Vec<u8>>"
            ) || kind.starts_with("[u8;");
            if !plain || !is_secret(label) {
                continue;
            }
            if !erases {
                report
                    .finding(&KEPT, field.span())
                    .message(format!("`{label}` stays in memory when `{name}` is gone"))
                    .subject(format!("{name}.{label}"));
            }
            if derived.contains("derive")
                && derived.split(['(', ',', ')', ' ']).any(|word| word == "Debug")
            {
                report
                    .finding(&SHOWN, field.span())
                    .message(format!("the derived Debug of `{name}` shows `{label}`"))
                    .subject(format!("{name}.{label}"));
            }
        }
    }
    Ok(())
}
