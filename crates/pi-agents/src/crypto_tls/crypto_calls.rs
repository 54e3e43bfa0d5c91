//! Weak cryptography in Python, JavaScript and TypeScript.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::Span;
use pi_artifacts::python::{Module, Value as PythonValue};
use pi_artifacts::syntax::Syntax;

use super::suites::{broken_suites, is_broken, old_version};
use super::tls_rules as rules;
use crate::web_api::call::{Call, Value};
use crate::web_api::script_calls;

/// Collects findings whose subject is a name and its number in the file.
pub(super) struct Finder<'a> {
    report: &'a mut Report,
    seen: BTreeMap<String, usize>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(report: &'a mut Report) -> Self {
        Self { report, seen: BTreeMap::new() }
    }

    pub(super) fn say(&mut self, rule: &'static Rule, span: Span, what: &str, message: String) {
        let number = self.seen.entry(format!("{}/{what}", rule.id)).or_insert(0);
        *number += 1;
        self.report.finding(rule, span).message(message).subject(format!("{what}[{number}]"));
    }

    pub(super) fn tick(&mut self) -> Result<(), Stop> {
        self.report.tick(1)
    }
}

/// Hashes with known collisions, by any spelling.
pub(super) fn weak_hash(name: &str) -> Option<&'static str> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "md2" => Some("MD2"),
        "md4" => Some("MD4"),
        "md5" => Some("MD5"),
        "sha1" | "sha" => Some("SHA-1"),
        _ => None,
    }
}

/// Looks at the calls and attributes of a Python module.
pub(super) fn python(module: &Module, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    for call in &module.calls {
        finder.tick()?;
        let Some(name) = call.name.as_deref() else { continue };
        python_call(name, call, &mut finder);
    }
    for assignment in &module.assignments {
        finder.tick()?;
        let last = assignment.name.rsplit('.').next().unwrap_or_default();
        let is_attribute = assignment.name.contains('.');
        match (last, &assignment.value) {
            ("check_hostname", PythonValue::Bool(false)) if is_attribute => {
                finder.say(
                    &rules::HOST,
                    assignment.value_span,
                    "check_hostname",
                    "the host name is not checked".to_owned(),
                );
            }
            ("verify_mode", PythonValue::Name(name))
                if is_attribute && name.ends_with("CERT_NONE") =>
            {
                finder.say(
                    &rules::UNVERIFIED,
                    assignment.value_span,
                    "verify_mode",
                    "no certificate is asked for".to_owned(),
                );
            }
            ("verify", PythonValue::Bool(false)) if is_attribute && imports(module, "requests") => {
                finder.say(
                    &rules::UNVERIFIED,
                    assignment.value_span,
                    "verify",
                    "the session verifies nothing".to_owned(),
                );
            }
            ("minimum_version", PythonValue::Name(name)) if is_attribute => {
                floor(name, assignment.value_span, &mut finder);
            }
            _ => {}
        }
    }
    Ok(())
}

fn imports(module: &Module, name: &str) -> bool {
    module.imports.iter().any(|import| import.target.split('.').next() == Some(name))
}

fn floor(name: &str, span: Span, finder: &mut Finder<'_>) {
    if let Some(version) = name.rsplit('.').next().and_then(old_version) {
        finder.say(&rules::VERSION, span, "minimum_version", format!("{version} is accepted"));
    }
}

fn python_call(name: &str, call: &pi_artifacts::python::Call, finder: &mut Finder<'_>) {
    let flag = |name: &str, wanted: bool| {
        call.keyword(name).filter(|argument| argument.value == PythonValue::Bool(wanted))
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    if let Some(function) = name.strip_prefix("hashlib.") {
        let hash = match (function, call.positional(0).or_else(|| call.keyword("name"))) {
            ("new", Some(argument)) => match &argument.value {
                PythonValue::String(text) => weak_hash(text),
                _ => None,
            },
            _ => weak_hash(function),
        };
        if let Some(hash) = hash.filter(|_| flag("usedforsecurity", false).is_none()) {
            finder.say(&rules::HASH, call.function_span, hash, format!("{hash} is used"));
        }
    } else if name.starts_with("cryptography.hazmat.") && name.contains(".hashes.") {
        if let Some(hash) = weak_hash(last) {
            finder.say(&rules::HASH, call.function_span, hash, format!("{hash} is used"));
        }
    } else if name.starts_with("cryptography.hazmat.")
        && (name.contains(".algorithms.") || name.contains(".modes."))
    {
        if matches!(
            last,
            "ARC4" | "TripleDES" | "Blowfish" | "IDEA" | "CAST5" | "SEED" | "RC2" | "ECB"
        ) {
            finder.say(&rules::CIPHER, call.function_span, last, format!("{last} is used"));
        }
    } else if (name.starts_with("Crypto.Cipher.") || name.starts_with("Cryptodome.Cipher."))
        && last == "new"
    {
        let cipher = name.split('.').nth(2).unwrap_or_default();
        let ecb = call.arguments.iter().any(|argument| matches!(&argument.value, PythonValue::Name(name) if name.ends_with(".MODE_ECB")));
        if matches!(cipher, "DES" | "DES3" | "ARC4" | "ARC2" | "Blowfish" | "CAST") {
            finder.say(&rules::CIPHER, call.function_span, cipher, format!("{cipher} is used"));
        } else if ecb {
            finder.say(
                &rules::CIPHER,
                call.function_span,
                "ECB",
                "the mode ECB shows which blocks are equal".to_owned(),
            );
        }
    } else if matches!(last, "generate_private_key" | "generate")
        && (name.contains(".rsa.")
            || name.contains("PublicKey.RSA")
            || name.contains(".dsa.")
            || name.contains("PublicKey.DSA"))
    {
        let index = usize::from(last == "generate_private_key" && name.contains(".rsa."));
        let size = call
            .keyword("key_size")
            .or_else(|| call.keyword("bits"))
            .or_else(|| call.positional(index));
        if let Some(PythonValue::Integer(bits)) = size.map(|size| &size.value)
            && *bits < 2048
        {
            finder.say(
                &rules::SHORT_KEY,
                call.span,
                last,
                format!("keys of {bits} bits are too short"),
            );
        }
    } else if name == "ssl._create_unverified_context" || name == "ssl._create_stdlib_context" {
        finder.say(
            &rules::UNVERIFIED,
            call.function_span,
            last,
            rules::UNVERIFIED.summary.to_owned(),
        );
    } else if (name.starts_with("requests.")
        || name.starts_with("httpx.")
        || name.starts_with("urllib3."))
        && let Some(argument) = flag("verify", false)
    {
        finder.say(
            &rules::UNVERIFIED,
            argument.span,
            name,
            format!("`{name}` verifies no certificate"),
        );
    } else if (name.starts_with("aiohttp."))
        && let Some(argument) = flag("ssl", false).or_else(|| flag("verify_ssl", false))
    {
        finder.say(
            &rules::UNVERIFIED,
            argument.span,
            name,
            format!("`{name}` verifies no certificate"),
        );
    } else if name.starts_with("urllib3.")
        && let Some(argument) = call.keyword("cert_reqs")
        && matches!(&argument.value, PythonValue::String(text) if text == "CERT_NONE")
    {
        finder.say(
            &rules::UNVERIFIED,
            argument.span,
            name,
            format!("`{name}` verifies no certificate"),
        );
    } else if last == "set_ciphers"
        && let Some(PythonValue::String(list)) = call.positional(0).map(|argument| &argument.value)
    {
        for suite in broken_suites(list) {
            finder.say(
                &rules::CIPHER,
                call.span,
                suite,
                format!("the suite `{suite}` is accepted"),
            );
        }
    }
    // The version is an argument wherever a context is made.
    for argument in &call.arguments {
        if let PythonValue::Name(constant) = &argument.value
            && let Some(version) = constant.strip_prefix("ssl.PROTOCOL_").and_then(old_version)
        {
            finder.say(&rules::VERSION, argument.span, constant, format!("{version} is used"));
        }
    }
}

/// Looks at the calls of a JavaScript or TypeScript file.
pub(super) fn script(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    for call in script_calls::calls(syntax, text) {
        finder.tick()?;
        script_call(&call, &mut finder);
    }
    for pair in syntax.nodes_of("pair") {
        finder.tick()?;
        let (Some(key), Some(value)) = (pair.field("key"), pair.field("value")) else { continue };
        let key = key.text(text).trim_matches(['"', '\'']);
        match (key, value.kind()) {
            ("rejectUnauthorized", "false") => {
                finder.say(
                    &rules::UNVERIFIED,
                    pair.span(),
                    key,
                    rules::UNVERIFIED.summary.to_owned(),
                );
            }
            ("minVersion" | "secureProtocol", "string") => {
                if let Some(version) = old_version(value.text(text)) {
                    finder.say(&rules::VERSION, pair.span(), key, format!("{version} is accepted"));
                }
            }
            _ => {}
        }
    }
    for assignment in syntax.nodes_of("assignment_expression") {
        let (Some(left), Some(right)) = (assignment.field("left"), assignment.field("right"))
        else {
            continue;
        };
        let left = left.text(text);
        if left.ends_with("NODE_TLS_REJECT_UNAUTHORIZED")
            || left.contains("'NODE_TLS_REJECT_UNAUTHORIZED'")
            || left.contains("\"NODE_TLS_REJECT_UNAUTHORIZED\"")
        {
            let value = right.text(text).trim_matches(['"', '\'']);
            if value == "0" {
                finder.say(
                    &rules::UNVERIFIED,
                    assignment.span(),
                    "NODE_TLS_REJECT_UNAUTHORIZED",
                    "no connection of the process verifies a certificate".to_owned(),
                );
            }
        }
    }
    Ok(())
}

fn script_call(call: &Call, finder: &mut Finder<'_>) {
    let function = call.function.strip_prefix("node:").unwrap_or(&call.function);
    let Some(name) =
        function.strip_prefix("crypto.").or_else(|| function.strip_prefix("crypto-js."))
    else {
        return;
    };
    let first = call.positional.first();
    let text = match first.map(|argument| &argument.value) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    match name {
        "createHash" | "createHmac" => {
            // HMAC does not rest on collisions.
            if let Some(hash) = weak_hash(text).filter(|_| name == "createHash") {
                finder.say(&rules::HASH, call.span, hash, format!("{hash} is used"));
            }
        }
        "MD5" | "SHA1" if function.starts_with("crypto-js.") => {
            if let Some(hash) = weak_hash(name) {
                finder.say(&rules::HASH, call.span, hash, format!("{hash} is used"));
            }
        }
        "createCipher" | "createDecipher" => {
            finder.say(
                &rules::CIPHER,
                call.span,
                name,
                format!("`{name}` makes its key by one round of MD5, without a nonce"),
            );
        }
        "createCipheriv" | "createDecipheriv" => {
            let upper = text.to_ascii_uppercase();
            if is_broken(&upper)
                || upper.starts_with("BF")
                || upper.split('-').any(|part| part == "ECB" || part == "EDE3")
            {
                finder.say(&rules::CIPHER, call.span, text, format!("`{text}` is used"));
            }
        }
        _ => {}
    }
}
