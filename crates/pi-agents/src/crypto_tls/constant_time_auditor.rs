//! See [`ConstantTimeAuditor`].

use std::collections::BTreeSet;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::python::ast::visitor::{Visitor, walk_expr};
use pi_artifacts::python::ast::{CmpOp, Expr};
use pi_artifacts::python::span;
use pi_artifacts::syntax::{Language, Node, Syntax};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};
use ruff_text_size::Ranged;

use super::crypto_calls::Finder;

const COMPARE: Rule = Rule {
    id: "early-exit-comparison",
    summary: "a secret is compared in a time that tells how much of a guess is right",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-208"],
    fix: "compare with hmac.compare_digest, crypto.timingSafeEqual, subtle.ConstantTimeCompare, MessageDigest.isEqual or subtle::ConstantTimeEq",
};

const BRANCH: Rule = Rule {
    id: "secret-dependent-branch",
    summary: "bits of a key decide which way a program takes",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-208", "CWE-385"],
    fix: "compute both ways and choose by a mask, or use a library that does",
};

const INDEX: Rule = Rule {
    id: "secret-dependent-index",
    summary: "bits of a key decide which place of a table is read, which the cache shows to others",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-208", "CWE-1300"],
    fix: "read the whole table and choose by a mask, or use a library that does",
};

const DIVISION: Rule = Rule {
    id: "secret-dependent-division",
    summary: "a key is divided, which takes a time that depends on its value",
    severity: Severity::Medium,
    confidence: Confidence::Low,
    references: &["CWE-208", "CWE-385"],
    fix: "use Barrett or Montgomery reduction, or a library for big numbers in constant time",
};

declare_agent! {
    /// Finds code whose time depends on a secret.
    ///
    /// # What it checks
    /// Python, JavaScript, TypeScript, Go, Java and Rust, by the syntax tree:
    /// comparisons of message codes, signatures, tokens and one-time codes by `==`,
    /// `equals` and their like; branches, table indexes and divisions by bits of a
    /// private key, also through a variable that is made from the key.
    ///
    /// # Why it matters
    /// Time can be measured over a network. A token that is compared byte by byte can
    /// be guessed byte by byte.
    ///
    /// # Example denied
    /// ```python
    /// if request.headers["X-Signature"] == expected_signature:
    ///     accept()
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// if hmac.compare_digest(request.headers["X-Signature"], expected_signature):
    ///     accept()
    /// ```
    ///
    /// # Limits
    /// Secrets are known by their names: a key under another name is not seen.
    /// Comparisons with constants, `None` and lengths are left out, and so are tests.
    /// What a compiler makes of code in constant time is not known.
    ///
    /// # References
    /// CWE-208; CWE-385; Kocher 1996: timing attacks.
    pub struct ConstantTimeAuditor {
        slug: "constant_time_auditor",
        domain: CryptoTls,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java, Kind::Rust],
        triggers: Any(&["hmac", "mac", "signature", "token", "secret", "otp", "api_key", "apikey", "hash", "private", "priv"]),
        invariant_to: ALL.without(Renaming),
        rules: [COMPARE, BRANCH, INDEX, DIVISION],
        fixture: include_str!("fixtures/constant_time_auditor.md"),
        check: check,
    }
}

/// A name in words: `expectedSignature` as `expected_signature`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before_lower = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && before_lower {
            out.push('_');
        }
        before_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    out
}

/// Names of values that are compared with what a stranger sends.
fn is_credential(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "hmac",
        "hmac_digest",
        "api_key",
        "auth_token",
        "access_token",
        "csrf_token",
        "session_token",
        "reset_token",
        "verification_token",
        "bearer_token",
        "webhook_secret",
        "shared_secret",
        "client_secret",
        "password_hash",
        "otp",
        "totp",
        "otp_code",
        "verification_code",
        "expected_mac",
        "computed_mac",
        "expected_signature",
        "computed_signature",
        "calculated_signature",
        "received_signature",
        "webhook_signature",
        "x_signature",
        "expected_sig",
        "computed_sig",
        "expected_token",
        "secret_token",
    ];
    let name = snake(name);
    ENDS.iter().any(|end| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}

/// Names of private keys in the code of cryptography.
fn is_key(name: &str) -> bool {
    const ENDS: &[&str] = &[
        "secret_key",
        "private_key",
        "priv_key",
        "privkey",
        "secret_scalar",
        "private_exponent",
        "secret_exponent",
    ];
    let name = snake(name);
    ENDS.iter().any(|end| {
        name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let path = artifact.path().to_ascii_lowercase();
    if path
        .split(['/', '_', '.', '-'])
        .any(|part| matches!(part, "test" | "tests" | "spec" | "__tests__"))
    {
        return Ok(());
    }
    let mut finder = Finder::new(report);
    if artifact.kind() == Kind::Python {
        let mut walk = Compares(Vec::new());
        walk.visit_body(&artifact.python()?.tree().body);
        for (name, span) in walk.0 {
            finder.tick()?;
            finder.say(
                &COMPARE,
                span,
                &name,
                format!("`{name}` is compared in a time that tells how much is right"),
            );
        }
        return Ok(());
    }
    let text = artifact.parsable_text()?;
    let syntax = artifact.syntax()?;
    compared(syntax, text, &mut finder)?;
    keys(syntax, text, &mut finder)
}

struct Compares(Vec<(String, Span)>);

impl<'a> Visitor<'a> for Compares {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Compare(compare) = expr
            && let ([CmpOp::Eq | CmpOp::NotEq], [right]) = (&*compare.ops, &*compare.comparators)
        {
            let sides = [python_name(&compare.left), python_name(right)];
            // Both must be values that are only known when the program runs.
            if let [Some(left), Some(right)] = sides
                && let Some(name) = [left, right].into_iter().find(|name| is_credential(name))
            {
                self.0.push((name, span(expr.range())));
            }
        }
        walk_expr(self, expr);
    }
}

/// The name of a value that is not constant; empty when it has none.
fn python_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => {
            let constant = name.id.chars().all(|c| !c.is_ascii_lowercase());
            Some(if constant { snake(name.id.as_str()) } else { name.id.to_string() })
        }
        Expr::Attribute(attribute) => Some(attribute.attr.to_string()),
        Expr::Subscript(subscript) => match &*subscript.slice {
            Expr::StringLiteral(key) => Some(key.value.to_str().to_owned()),
            _ => Some(String::new()),
        },
        Expr::Call(call) => match &*call.func {
            // The result of `hmac.new(...).hexdigest()` is a message code.
            Expr::Attribute(attribute)
                if matches!(attribute.attr.as_str(), "hexdigest" | "digest") =>
            {
                let of_hmac = matches!(&*attribute.value, Expr::Call(inner)
                    if matches!(&*inner.func, Expr::Attribute(f) if f.attr.as_str() == "new"
                        && matches!(&*f.value, Expr::Name(module) if module.id.as_str() == "hmac")));
                Some(if of_hmac { "hmac".to_owned() } else { String::new() })
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "get" => {
                match call.arguments.args.first() {
                    Some(Expr::StringLiteral(key)) => Some(key.value.to_str().to_owned()),
                    _ => Some(String::new()),
                }
            }
            Expr::Name(name) if matches!(name.id.as_str(), "len" | "type" | "bool") => None,
            _ => Some(String::new()),
        },
        _ => None,
    }
}

/// The name of a value in a tree that is not constant; empty when it has none.
fn tree_name(node: Node<'_>, text: &str) -> Option<String> {
    match node.kind() {
        "identifier" => {
            let name = node.text(text);
            (!matches!(name, "nil" | "null" | "undefined" | "None")).then(|| name.to_owned())
        }
        "member_expression" => named(node, "property", text),
        "selector_expression" | "field_expression" | "field_access" => named(node, "field", text),
        "call_expression" | "method_invocation" => {
            let name = node
                .field("name")
                .or_else(|| node.field("function"))
                .map(|f| f.text(text))
                .unwrap_or_default();
            let last = name.rsplit(['.', ':']).next().unwrap_or_default();
            (!matches!(last, "len" | "length" | "size" | "is_empty")).then(String::new)
        }
        "parenthesized_expression" | "reference_expression" | "unary_expression" => {
            tree_name(node.named_children().next()?, text)
        }
        "subscript_expression" | "index_expression" => {
            let key = node.named_children().last()?;
            Some(key.text(text).trim_matches(['"', '\'']).to_owned())
        }
        _ => None,
    }
}

fn named(node: Node<'_>, field: &str, text: &str) -> Option<String> {
    let name = node.field(field)?.text(text);
    (!matches!(name, "length" | "len" | "size")).then(|| name.to_owned())
}

fn pair(left: Node<'_>, right: Node<'_>, text: &str) -> Option<String> {
    let (left, right) = (tree_name(left, text)?, tree_name(right, text)?);
    [left, right].into_iter().find(|name| is_credential(name))
}

fn compared(syntax: &Syntax, text: &str, finder: &mut Finder<'_>) -> Result<(), Stop> {
    for node in syntax.nodes_of("binary_expression") {
        finder.tick()?;
        let equal =
            node.children().any(|child| matches!(child.kind(), "==" | "===" | "!=" | "!=="));
        // In Java `==` compares references.
        if !equal || syntax.language() == Language::Java {
            continue;
        }
        if let (Some(left), Some(right)) = (node.field("left"), node.field("right"))
            && let Some(name) = pair(left, right, text)
        {
            finder.say(
                &COMPARE,
                node.span(),
                &name,
                format!("`{name}` is compared in a time that tells how much is right"),
            );
        }
    }
    let calls =
        if syntax.language() == Language::Java { "method_invocation" } else { "call_expression" };
    for call in syntax.nodes_of(calls) {
        finder.tick()?;
        let function = call
            .field("name")
            .or_else(|| call.field("function"))
            .map(|f| f.text(text))
            .unwrap_or_default();
        let mut given = call.field("arguments").into_iter().flat_map(|list| list.named_children());
        let (first, second) = (given.next(), given.next());
        let sides = match (function, call.field("object"), first, second) {
            ("equals" | "equalsIgnoreCase", Some(object), Some(first), None) => {
                Some((object, first))
            }
            ("equals", Some(object), Some(first), Some(second))
                if object.text(text) == "Arrays" =>
            {
                Some((first, second))
            }
            ("bytes.Equal" | "reflect.DeepEqual", _, Some(first), Some(second)) => {
                Some((first, second))
            }
            _ => None,
        };
        if let Some((left, right)) = sides
            && let Some(name) = pair(left, right, text)
        {
            finder.say(
                &COMPARE,
                call.span(),
                &name,
                format!("`{name}` is compared in a time that tells how much is right"),
            );
        }
    }
    Ok(())
}

/// Branches, indexes and divisions by keys.
fn keys(syntax: &Syntax, text: &str, finder: &mut Finder<'_>) -> Result<(), Stop> {
    let bits = |node: Node<'_>| {
        let all: Vec<Node<'_>> = std::iter::once(node).chain(node.descendants()).collect();
        let operates = all.iter().any(|part| {
            part.kind() == "binary_expression"
                && part.children().any(|c| matches!(c.kind(), "&" | ">>" | "%"))
        });
        let indexed = all
            .iter()
            .any(|part| matches!(part.kind(), "index_expression" | "subscript_expression"));
        let key = all.iter().find(|part| {
            matches!(part.kind(), "identifier" | "field_identifier" | "property_identifier")
                && is_key(part.text(text))
        });
        key.filter(|_| operates || indexed).map(|key| key.text(text).to_owned())
    };
    // Variables that are made from bits of a key.
    let mut made: BTreeSet<&str> = BTreeSet::new();
    for (kind, name, value) in [
        ("let_declaration", "pattern", "value"),
        ("variable_declarator", "name", "value"),
        ("short_var_declaration", "left", "right"),
    ] {
        for node in syntax.nodes_of(kind) {
            finder.tick()?;
            if let (Some(name), Some(value)) = (node.field(name), node.field(value))
                && bits(value).is_some()
            {
                made.insert(name.span().of(text));
            }
        }
    }
    let from_key = |node: Node<'_>| {
        bits(node).or_else(|| {
            let mut all = std::iter::once(node).chain(node.descendants());
            all.find(|part| part.kind() == "identifier" && made.contains(part.text(text)))
                .map(|part| part.text(text).to_owned())
        })
    };
    for kind in [
        "if_expression",
        "if_statement",
        "while_statement",
        "while_expression",
        "ternary_expression",
        "conditional_expression",
    ] {
        for node in syntax.nodes_of(kind) {
            finder.tick()?;
            if let Some(condition) = node.field("condition")
                && let Some(name) = from_key(condition)
            {
                finder.say(
                    &BRANCH,
                    condition.span(),
                    &name,
                    format!("bits of `{name}` decide which way the program takes"),
                );
            }
        }
    }
    for kind in ["index_expression", "subscript_expression", "array_access"] {
        for node in syntax.nodes_of(kind) {
            finder.tick()?;
            let index = node.field("index").or_else(|| node.named_children().nth(1));
            if let Some(index) = index
                && let Some(name) = from_key(index)
            {
                finder.say(
                    &INDEX,
                    index.span(),
                    &name,
                    format!("bits of `{name}` decide which place of a table is read"),
                );
            }
        }
    }
    for node in syntax.nodes_of("binary_expression") {
        let divides = node.children().any(|child| matches!(child.kind(), "/" | "%"));
        let key = node.field("left").filter(|left| {
            matches!(
                left.kind(),
                "identifier" | "field_expression" | "member_expression" | "selector_expression"
            )
        });
        if let Some(key) = key.filter(|_| divides)
            && let Some(name) = tree_name(key, text).filter(|name| is_key(name))
        {
            finder.say(&DIVISION, node.span(), &name, format!("`{name}` is divided"));
        }
    }
    Ok(())
}
