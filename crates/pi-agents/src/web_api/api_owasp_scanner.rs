//! See [`ApiOwaspScanner`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Entry, Node};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::Severity;

use super::openapi::{Api, Operation, Scheme, requirements};
use super::openapi_rules as rules;

declare_agent! {
    /// Finds APIs whose OpenAPI document lets anybody in, or lets passwords out.
    ///
    /// # What it checks
    /// OpenAPI 2 and 3 documents: operations without authentication, authentication
    /// that is optional, switched off or named but not defined, scopes that do not
    /// exist, servers without encryption, flows and schemes that hand out passwords or
    /// tokens, addresses of OAuth endpoints that lead elsewhere, responses that HTTP
    /// does not know.
    ///
    /// # Why it matters
    /// Gateways and generated servers enforce what the document says. An operation
    /// without `security` is open on all of them.
    ///
    /// # Example denied
    /// ```yaml
    /// openapi: 3.0.3
    /// servers:
    ///   - url: http://api.example
    /// paths:
    ///   /pets:
    ///     get:
    ///       responses: { "200": { description: all pets } }
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// openapi: 3.0.3
    /// servers:
    ///   - url: https://api.example
    /// security:
    ///   - token: []
    /// paths:
    ///   /pets:
    ///     get:
    ///       responses: { "200": { description: all pets } }
    /// components:
    ///   securitySchemes:
    ///     token: { type: http, scheme: bearer }
    /// ```
    ///
    /// # Limits
    /// References to other files are not followed. What a gateway demands beside the
    /// document is unknown.
    ///
    /// # References
    /// OpenAPI 2.0, 3.0.3: Security Scheme Object, Security Requirement Object; OWASP
    /// API Security Top 10 2023: API2, API8; IANA: HTTP Authentication Schemes;
    /// RFC 9700; CWE-306; CWE-319; CWE-522.
    pub struct ApiOwaspScanner {
        slug: "api_owasp_scanner",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Yaml, Kind::Json],
        triggers: Any(&["openapi", "swagger"]),
        invariant_to: ALL,
        rules: [rules::NO_SECURITY, rules::NO_GLOBAL, rules::NO_SCHEMES, rules::GLOBAL_EMPTY, rules::OPERATION_EMPTY, rules::GLOBAL_OPTIONAL, rules::OPERATION_OPTIONAL, rules::GLOBAL_UNDEFINED, rules::OPERATION_UNDEFINED, rules::GLOBAL_SCOPE, rules::OPERATION_SCOPE, rules::WRONG_SCOPES, rules::SERVER, rules::PATH_SERVER, rules::IMPLICIT, rules::PASSWORD, rules::GLOBAL_PASSWORD, rules::OPERATION_PASSWORD, rules::TOKEN_URL, rules::AUTHORIZATION_URL, rules::BASIC, rules::GLOBAL_BASIC, rules::OPERATION_BASIC, rules::DIGEST, rules::NEGOTIATE, rules::OAUTH1, rules::UNKNOWN_HTTP, rules::API_KEY, rules::GLOBAL_API_KEY, rules::OPERATION_API_KEY, rules::AUTHORIZATION_PARAMETER, rules::NO_SUCCESS, rules::STATUS],
        fixture: include_str!("fixtures/api_owasp_scanner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    artifact.data()?;
    let Some(api) = Api::read(artifact) else { return Ok(()) };
    servers(&api, report);
    for (name, scheme) in &api.schemes {
        report.tick(1)?;
        judge_scheme(name, scheme, report);
    }
    if api.schemes.is_empty() {
        let span = api.schemes_entry.map_or(api.version.key_span, |entry| entry.key_span);
        report.finding(&rules::NO_SCHEMES, span).subject("document");
    }
    let global = api.root.entry("security");
    match global {
        Some(security) => demanded(&api, security, &GLOBAL, "document", report)?,
        None => {
            report.finding(&rules::NO_GLOBAL, api.version.key_span).subject("document");
        }
    }
    for operation in &api.operations {
        report.tick(1)?;
        match operation.entry.value.entry("security") {
            Some(security) => demanded(&api, security, &OPERATION, &operation.name, report)?,
            None if global.is_none() => {
                report
                    .finding(&rules::NO_SECURITY, operation.entry.key_span)
                    .message(format!("anybody may call `{}`", operation.name))
                    .subject(&operation.name);
            }
            None => {}
        }
        operation_details(operation, report);
    }
    Ok(())
}

/// Which rule says what about a `security` field.
struct Level {
    empty: &'static Rule,
    optional: &'static Rule,
    undefined: &'static Rule,
    scope: &'static Rule,
    basic: &'static Rule,
    password: &'static Rule,
    api_key: &'static Rule,
}

const GLOBAL: Level = Level {
    empty: &rules::GLOBAL_EMPTY,
    optional: &rules::GLOBAL_OPTIONAL,
    undefined: &rules::GLOBAL_UNDEFINED,
    scope: &rules::GLOBAL_SCOPE,
    basic: &rules::GLOBAL_BASIC,
    password: &rules::GLOBAL_PASSWORD,
    api_key: &rules::GLOBAL_API_KEY,
};

const OPERATION: Level = Level {
    empty: &rules::OPERATION_EMPTY,
    optional: &rules::OPERATION_OPTIONAL,
    undefined: &rules::OPERATION_UNDEFINED,
    scope: &rules::OPERATION_SCOPE,
    basic: &rules::OPERATION_BASIC,
    password: &rules::OPERATION_PASSWORD,
    api_key: &rules::OPERATION_API_KEY,
};

fn demanded(
    api: &Api<'_>,
    security: &Entry,
    level: &Level,
    place: &str,
    report: &mut Report,
) -> Result<(), Stop> {
    let demanded = requirements(&security.value);
    if demanded.is_empty {
        report.finding(level.empty, security.key_span).subject(place);
    }
    if demanded.has_empty {
        report.finding(level.optional, security.key_span).subject(place);
    }
    for entry in demanded.schemes {
        report.tick(1)?;
        let name = entry.key.as_str();
        let mut see = |rule: &'static Rule, span: Span| {
            report
                .finding(rule, span)
                .message(format!("{}: `{name}`", rule.summary))
                .subject(format!("{place}/{name}"));
        };
        let Some(scheme) = api.schemes.get(name) else {
            see(level.undefined, entry.key_span);
            continue;
        };
        if scheme.kind == "apiKey" {
            see(level.api_key, entry.key_span);
        }
        if scheme.http().is_some_and(|(http, _)| http == "basic") {
            // One definition serves every operation: it is what to change.
            let is_global = std::ptr::eq(level.basic, &rules::GLOBAL_BASIC);
            let span = if is_global { scheme.entry.key_span } else { entry.key_span };
            see(level.basic, span);
        }
        if scheme.flows().iter().any(|(flow, ..)| *flow == "password") {
            see(level.password, entry.key_span);
        }
        scopes(scheme, entry, level, place, report)?;
    }
    Ok(())
}

fn scopes(
    scheme: &Scheme<'_>,
    entry: &Entry,
    level: &Level,
    place: &str,
    report: &mut Report,
) -> Result<(), Stop> {
    let wanted = entry.value.items();
    if !matches!(scheme.kind, "oauth2" | "openIdConnect" | "") && !wanted.is_empty() {
        report
            .finding(&rules::WRONG_SCOPES, entry.key_span)
            .message(format!("`{}` has no scopes", entry.key))
            .subject(format!("{place}/{}", entry.key));
    }
    if scheme.kind != "oauth2" {
        return Ok(());
    }
    let flows = scheme.flows();
    for scope in wanted.iter().filter_map(Node::as_str) {
        report.tick(flows.len() as u64)?;
        let has =
            |node: &Node| node.get("scopes").is_some_and(|scopes| scopes.get(scope).is_some());
        if !flows.iter().any(|(_, _, node)| has(node)) {
            report
                .finding(level.scope, entry.key_span)
                .message(format!("`{}` has no scope `{scope}`", entry.key))
                .subject(format!("{place}/{}/{scope}", entry.key));
        }
    }
    Ok(())
}

/// The registered schemes of HTTP authentication, in lower case.
const HTTP_SCHEMES: &[&str] = &[
    "basic",
    "bearer",
    "concealed",
    "digest",
    "dpop",
    "gnap",
    "hoba",
    "mutual",
    "negotiate",
    "oauth",
    "privatetoken",
    "scram-sha-1",
    "scram-sha-256",
    "vapid",
];

fn judge_scheme(name: &str, scheme: &Scheme<'_>, report: &mut Report) {
    if let Some((http, node)) = scheme.http() {
        let rule = match http.as_str() {
            "basic" => Some(&rules::BASIC),
            "digest" => Some(&rules::DIGEST),
            "negotiate" => Some(&rules::NEGOTIATE),
            "oauth" => Some(&rules::OAUTH1),
            other if !HTTP_SCHEMES.contains(&other) => Some(&rules::UNKNOWN_HTTP),
            _ => None,
        };
        if let Some(rule) = rule {
            report.finding(rule, node.span).subject(name);
        }
    }
    if scheme.kind == "apiKey" {
        let in_address = scheme.entry.value.get("in").and_then(Node::as_str) == Some("query");
        let finding = report.finding(&rules::API_KEY, scheme.entry.key_span);
        finding.subject(name);
        if in_address {
            // Addresses are written into every log.
            finding.severity(Severity::Medium);
        }
    }
    for (flow, entry, node) in scheme.flows() {
        let rule = match flow {
            "implicit" => Some(&rules::IMPLICIT),
            "password" => Some(&rules::PASSWORD),
            _ => None,
        };
        if let Some(rule) = rule {
            report.finding(rule, entry.key_span).subject(format!("{name}/{flow}"));
        }
        for (key, rule) in
            [("tokenUrl", &rules::TOKEN_URL), ("authorizationUrl", &rules::AUTHORIZATION_URL)]
        {
            if let Some(address) = node.get(key)
                && address.as_str().is_some_and(|text| !is_address(text))
            {
                report.finding(rule, address.span).subject(format!("{name}/{flow}/{key}"));
            }
        }
    }
}

/// An absolute address whose host can be read in one way only.
fn is_address(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, ""));
    let is_host = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
        && is_host
        && port.bytes().all(|b| b.is_ascii_digit())
        && !text.contains(['#', '@', ' ', '\\'])
}

fn is_cleartext(address: &str) -> bool {
    let Some(rest) = address.to_ascii_lowercase().strip_prefix("http://").map(str::to_owned) else {
        return false;
    };
    // A server on the developer's own machine.
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    !matches!(host, "localhost" | "127.0.0.1" | "0.0.0.0")
}

fn servers(api: &Api<'_>, report: &mut Report) {
    cleartext(api.root, api.is_v2, &rules::SERVER, "document", report);
    for operation in &api.operations {
        let below = &operation.entry.value;
        cleartext(operation.path, api.is_v2, &rules::PATH_SERVER, &operation.name, report);
        cleartext(below, api.is_v2, &rules::PATH_SERVER, &operation.name, report);
    }
}

fn cleartext(node: &Node, is_v2: bool, rule: &'static Rule, place: &str, report: &mut Report) {
    let listed = node.get(if is_v2 { "schemes" } else { "servers" }).map(Node::items);
    for item in listed.unwrap_or_default() {
        let address = if is_v2 { Some(item) } else { item.get("url") };
        let Some(address) = address else { continue };
        let text = address.as_str().unwrap_or_default();
        let open = if is_v2 { matches!(text, "http" | "ws") } else { is_cleartext(text) };
        if open {
            report
                .finding(rule, address.span)
                .message(format!("`{text}` is not encrypted"))
                .subject(format!("{place}/{text}"));
        }
    }
}

fn operation_details(operation: &Operation<'_>, report: &mut Report) {
    let node = &operation.entry.value;
    let own = node.get("parameters").map(Node::items).unwrap_or_default();
    let shared = operation.path.get("parameters").map(Node::items).unwrap_or_default();
    for parameter in own.iter().chain(shared) {
        let Some(name) = parameter.get("name") else { continue };
        let is_header = parameter.get("in").and_then(Node::as_str) == Some("header");
        let text = name.as_str().unwrap_or_default();
        if is_header && text.eq_ignore_ascii_case("authorization") {
            report.finding(&rules::AUTHORIZATION_PARAMETER, name.span).subject(&operation.name);
        }
    }
    let Some(responses) = node.entry("responses") else { return };
    let entries = responses.value.entries();
    for entry in entries.iter().filter(|entry| !is_status(&entry.key)) {
        report
            .finding(&rules::STATUS, entry.key_span)
            .message(format!("HTTP has no status `{}`", entry.key))
            .subject(format!("{}/{}", operation.name, entry.key));
    }
    let succeeds = |entry: &Entry| {
        entry.key.starts_with(['2', '3']) || matches!(entry.key.as_str(), "default" | "101")
    };
    if !entries.is_empty() && !entries.iter().any(succeeds) {
        report.finding(&rules::NO_SUCCESS, responses.key_span).subject(&operation.name);
    }
}

fn is_status(key: &str) -> bool {
    let digits = |rest: &str| rest.len() == 2 && rest.bytes().all(|b| b.is_ascii_digit());
    key == "default"
        || key.starts_with("x-")
        || key
            .strip_prefix(['1', '2', '3', '4', '5'])
            .is_some_and(|rest| digits(rest) || rest.eq_ignore_ascii_case("xx"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert!(is_address("https://id.example.org:8443/oauth/token?x=1"));
        for bad in ["/token", "httxps//|api", "http://a.org#@evil.org/", "https://a@b.org/", ""] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(is_cleartext("http://api.example") && !is_cleartext("http://localhost:80/v1"));
    }
}
