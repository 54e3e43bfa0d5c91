//! Weak cryptography in Go, Java and Rust.

use std::collections::BTreeSet;

use pi_agent_api::{Report, Stop};
use pi_artifacts::syntax::{Language, Node, Syntax};

use super::crypto_calls::{Finder, weak_hash};
use super::suites::{is_broken, old_version};
use super::tls_rules as rules;

/// Looks at a file of one of the three languages.
pub(super) fn check(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    match syntax.language() {
        Language::Go => go(syntax, text, &mut finder),
        Language::Java => java(syntax, text, &mut finder),
        Language::Rust => rust(syntax, text, &mut finder),
        _ => Ok(()),
    }
}

fn unquoted<'t>(node: Node<'_>, text: &'t str) -> Option<&'t str> {
    let literal = matches!(
        node.kind(),
        "interpreted_string_literal" | "raw_string_literal" | "string_literal"
    );
    literal.then(|| node.text(text).trim_matches(['"', '`']))
}

fn arguments<'a>(call: Node<'a>) -> Vec<Node<'a>> {
    let list = call.field("arguments");
    list.map(|list| list.named_children().collect()).unwrap_or_default()
}

fn go(syntax: &Syntax, text: &str, finder: &mut Finder<'_>) -> Result<(), Stop> {
    let paths = syntax.nodes_of("import_spec").filter_map(|spec| spec.field("path"));
    let imported: BTreeSet<&str> = paths.filter_map(|node| unquoted(node, text)).collect();
    let imports = |path: &str| imported.contains(path);
    for call in syntax.nodes_of("call_expression") {
        finder.tick()?;
        let Some(function) = call.field("function").filter(|f| f.kind() == "selector_expression")
        else {
            continue;
        };
        let package = function.field("operand").map(|node| node.text(text)).unwrap_or_default();
        let name = function.field("field").map(|node| node.text(text)).unwrap_or_default();
        match (package, name) {
            ("md5" | "sha1", "New" | "Sum") if imports(&format!("crypto/{package}")) => {
                // HMAC does not rest on collisions; it takes the function uncalled.
                if let Some(hash) = weak_hash(package) {
                    finder.say(&rules::HASH, function.span(), hash, format!("{hash} is used"));
                }
            }
            ("des", "NewCipher" | "NewTripleDESCipher") if imports("crypto/des") => {
                finder.say(&rules::CIPHER, function.span(), name, "DES is used".to_owned());
            }
            ("rc4", "NewCipher") if imports("crypto/rc4") => {
                finder.say(&rules::CIPHER, function.span(), "rc4", "RC4 is used".to_owned());
            }
            ("rsa", "GenerateKey") if imports("crypto/rsa") => {
                let bits =
                    arguments(call).get(1).and_then(|node| node.text(text).parse::<u32>().ok());
                if let Some(bits) = bits.filter(|bits| *bits < 2048) {
                    finder.say(
                        &rules::SHORT_KEY,
                        call.span(),
                        name,
                        format!("keys of {bits} bits are too short"),
                    );
                }
            }
            _ => {}
        }
    }
    let pairs = syntax.nodes_of("keyed_element").filter_map(|pair| {
        let mut parts = pair.named_children();
        Some((pair, parts.next()?.text(text), parts.next()?.text(text)))
    });
    let assigned = syntax.nodes_of("assignment_statement").filter_map(|node| {
        let left = node.field("left")?.text(text);
        let (_, name) = left.rsplit_once('.')?;
        Some((node, name, node.field("right")?.text(text)))
    });
    for (node, name, value) in pairs.chain(assigned) {
        finder.tick()?;
        match (name, value) {
            ("InsecureSkipVerify", "true") => {
                finder.say(
                    &rules::UNVERIFIED,
                    node.span(),
                    name,
                    rules::UNVERIFIED.summary.to_owned(),
                );
            }
            ("MinVersion", value) => {
                if let Some(version) = value.strip_prefix("tls.").and_then(old_version) {
                    finder.say(
                        &rules::VERSION,
                        node.span(),
                        name,
                        format!("{version} is accepted"),
                    );
                }
            }
            _ => {}
        }
    }
    for node in syntax.nodes_of("selector_expression") {
        let name = node.field("field").map(|field| field.text(text)).unwrap_or_default();
        let suite = name.starts_with("TLS_") && node.text(text).starts_with("tls.");
        if suite && is_broken(name) {
            finder.say(
                &rules::CIPHER,
                node.span(),
                name,
                format!("the suite `{name}` is accepted"),
            );
        }
    }
    Ok(())
}

fn java(syntax: &Syntax, text: &str, finder: &mut Finder<'_>) -> Result<(), Stop> {
    for call in syntax.nodes_of("method_invocation") {
        finder.tick()?;
        let object = call.field("object").map(|node| node.text(text)).unwrap_or_default();
        let name = call.field("name").map(|node| node.text(text)).unwrap_or_default();
        let class = object.rsplit('.').next().unwrap_or_default();
        let given = arguments(call);
        let word = given.first().and_then(|node| unquoted(*node, text)).unwrap_or_default();
        match (class, name) {
            ("MessageDigest", "getInstance") => {
                if let Some(hash) = weak_hash(word) {
                    finder.say(&rules::HASH, call.span(), hash, format!("{hash} is used"));
                }
            }
            ("DigestUtils", "md5" | "md5Hex" | "sha1" | "sha1Hex" | "sha" | "shaHex") => {
                finder.say(&rules::HASH, call.span(), name, format!("`{name}` is used"));
            }
            ("Cipher", "getInstance") => {
                let upper = word.to_ascii_uppercase();
                let bare = matches!(upper.as_str(), "AES");
                let ecb = upper.split('/').nth(1) == Some("ECB") && !upper.starts_with("RSA");
                if is_broken(&upper) || upper.starts_with("DESEDE") || upper.starts_with("BLOWFISH")
                {
                    finder.say(&rules::CIPHER, call.span(), word, format!("`{word}` is used"));
                } else if ecb || bare {
                    finder.say(
                        &rules::CIPHER,
                        call.span(),
                        word,
                        format!("`{word}` is the mode ECB, which shows which blocks are equal"),
                    );
                }
            }
            ("SSLContext", "getInstance") => {
                if let Some(version) = old_version(word) {
                    finder.say(&rules::VERSION, call.span(), word, format!("{version} is used"));
                }
            }
            _ => {}
        }
    }
    for node in syntax.nodes_of("method_declaration") {
        let name = node.field("name").map(|node| node.text(text)).unwrap_or_default();
        let Some(body) = node.field("body") else { continue };
        let mut statements = body.named_children().filter(|node| !node.kind().ends_with("comment"));
        let first = statements.next();
        if name == "checkServerTrusted" && first.is_none() {
            finder.say(
                &rules::UNVERIFIED,
                node.span(),
                name,
                "a trust manager that accepts everything".to_owned(),
            );
        }
        let says_yes =
            |node: Node<'_>| node.text(text).replace(char::is_whitespace, "") == "returntrue;";
        let takes_session =
            node.field("parameters").is_some_and(|list| list.text(text).contains("SSLSession"));
        if name == "verify" && takes_session && first.is_some_and(says_yes) {
            finder.say(
                &rules::HOST,
                node.span(),
                name,
                "a verifier that accepts every host".to_owned(),
            );
        }
    }
    for node in syntax.nodes_of("identifier") {
        let name = node.text(text);
        if matches!(
            name,
            "NoopHostnameVerifier" | "ALLOW_ALL_HOSTNAME_VERIFIER" | "AllowAllHostnameVerifier"
        ) && node.ancestor("import_declaration").is_none()
        {
            finder.say(
                &rules::HOST,
                node.span(),
                name,
                "a verifier that accepts every host".to_owned(),
            );
        }
    }
    Ok(())
}

fn rust(syntax: &Syntax, text: &str, finder: &mut Finder<'_>) -> Result<(), Stop> {
    for call in syntax.nodes_of("call_expression") {
        finder.tick()?;
        let Some(function) = call.field("function") else { continue };
        let path = function.text(text);
        let last = path.rsplit([':', '.']).next().unwrap_or_default();
        let given = arguments(call);
        let is_true = given.first().is_some_and(|node| node.text(text) == "true");
        match (path, last) {
            (_, "danger_accept_invalid_certs") if is_true => {
                finder.say(
                    &rules::UNVERIFIED,
                    call.span(),
                    last,
                    rules::UNVERIFIED.summary.to_owned(),
                );
            }
            (_, "danger_accept_invalid_hostnames") if is_true => {
                finder.say(&rules::HOST, call.span(), last, rules::HOST.summary.to_owned());
            }
            ("md5::compute" | "Md5::new" | "md5::Md5::new" | "Md5::digest", _) => {
                finder.say(&rules::HASH, function.span(), "MD5", "MD5 is used".to_owned());
            }
            ("Sha1::new" | "sha1::Sha1::new" | "Sha1::digest", _) => {
                finder.say(&rules::HASH, function.span(), "SHA-1", "SHA-1 is used".to_owned());
            }
            ("RsaPrivateKey::new" | "rsa::RsaPrivateKey::new" | "Rsa::generate", _) => {
                let at = usize::from(last == "new");
                let bits = given.get(at).and_then(|node| node.text(text).parse::<u32>().ok());
                if let Some(bits) = bits.filter(|bits| *bits < 2048) {
                    finder.say(
                        &rules::SHORT_KEY,
                        call.span(),
                        path,
                        format!("keys of {bits} bits are too short"),
                    );
                }
            }
            _ => {}
        }
    }
    Ok(())
}
