//! Unsafe use of token libraries in Go and Java.

use pi_artifacts::Span;
use pi_artifacts::syntax::{Language, Node, Syntax};

/// Each use: its place, whether it is the algorithm `none` (or else a token that
/// is not verified), and a name that stays when variables are renamed.
pub(crate) fn find(syntax: &Syntax, text: &str) -> Vec<(Span, bool, String)> {
    match syntax.language() {
        Language::Go => go(syntax, text),
        Language::Java => java(syntax, text),
        _ => Vec::new(),
    }
}

// The names are those of the libraries and of nothing else; files may get at
// them through a wrapper, so imports are not asked for.
fn go(syntax: &Syntax, text: &str) -> Vec<(Span, bool, String)> {
    let mut out = Vec::new();
    for node in syntax.nodes_of("selector_expression") {
        let name = node.field("field").map(|field| field.text(text)).unwrap_or_default();
        let none = matches!(name, "UnsafeAllowNoneSignatureType" | "SigningMethodNone");
        let unverified = matches!(name, "ParseUnverified" | "UnsafeClaimsWithoutVerification");
        if none || unverified {
            out.push((node.span(), none, format!("{name}[{}]", out.len() + 1)));
        }
    }
    out
}

fn java(syntax: &Syntax, text: &str) -> Vec<(Span, bool, String)> {
    let imports = |part: &str| {
        syntax.nodes_of("import_declaration").any(|import| import.text(text).contains(part))
    };
    let auth0 = imports("com.auth0.jwt");
    let mut out = Vec::new();
    for node in syntax.nodes_of("method_invocation") {
        let name = node.field("name").map(|name| name.text(text)).unwrap_or_default();
        let object = node.field("object").map(|object| object.text(text)).unwrap_or_default();
        let none = auth0 && name == "none" && object.ends_with("Algorithm");
        let jjwt =
            imports("io.jsonwebtoken") || object.contains("Jwts.") || object.contains("JwtParser");
        let unverified = jjwt
            && (matches!(name, "parseClaimsJwt" | "parsePlaintextJwt" | "parseUnsecuredClaims" | "parseUnsecuredContent")
                // `parse` takes unsigned tokens too, whatever key is set.
                || (name == "parse" && object.contains("setSigningKey") && !handles_signed(node, text)));
        if none || unverified {
            let place = node.field("name").map_or(node.span(), |name| name.span());
            out.push((place, none, format!("{name}[{}]", out.len() + 1)));
        }
    }
    out
}

/// Whether a handler is passed that takes signed tokens only: it overrides the
/// methods for them and leaves the others, which refuse, as they are.
fn handles_signed(call: Node<'_>, text: &str) -> bool {
    let methods = call.descendants().filter(|node| node.kind() == "method_declaration");
    let names: Vec<&str> =
        methods.filter_map(|method| method.field("name")).map(|name| name.text(text)).collect();
    !names.is_empty() && names.iter().all(|name| name.ends_with("Jws"))
}
