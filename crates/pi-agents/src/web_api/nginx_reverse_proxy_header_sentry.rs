//! See [`NginxReverseProxyHeaderSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::nginx::{Directive, Part, parts};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::nginx::variables::reach;
use super::nginx::{Place, all, head, walk};

const UPSTREAM: Rule = Rule {
    id: "request-controlled-upstream",
    summary: "whoever sends a request chooses the server that nginx asks",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-918", "OWASP-API7:2023"],
    fix: "name the upstream, or choose it by a `map` of known names; keep such locations `internal`",
};

const DYNAMIC_HOST: Rule = Rule {
    id: "dynamic-upstream-host",
    summary: "the host of an upstream is a variable",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-441"],
    fix: "name the host, or choose it by a `map` of known names",
};

const DYNAMIC_SCHEME: Rule = Rule {
    id: "dynamic-upstream-scheme",
    summary: "the scheme of an upstream is a variable",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-441", "CWE-319"],
    fix: "write `http://` or `https://`",
};

const PUBLIC_DYNAMIC: Rule = Rule {
    id: "public-dynamic-proxy",
    summary: "a location that anybody can ask for builds the address of its upstream from variables",
    severity: Severity::Info,
    confidence: Confidence::Low,
    references: &["CWE-918"],
    fix: "mark the location `internal`, or use a constant address",
};

const SPLITTING: Rule = Rule {
    id: "line-break-in-message",
    summary: "a variable that can hold a line break becomes a part of a message",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-113"],
    fix: "use `$request_uri` in the place of `$uri`, and exclude white space in captures: `[^/\\s]+`",
};

const HOST: Rule = Rule {
    id: "client-host-forwarded",
    summary: "the upstream is told whatever host name the client writes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-348", "CWE-644"],
    fix: "use `$host` behind a `server_name` that lists the names, or a constant",
};

const CLIENT_ADDRESS: Rule = Rule {
    id: "client-address-header-forwarded",
    summary: "the upstream is told the address that the client claims to have",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-348", "CWE-290"],
    fix: "set it from `$remote_addr`, or append by `$proxy_add_x_forwarded_for`",
};

const NO_ADDRESS: Rule = Rule {
    id: "missing-forwarded-address",
    summary: "the upstream is not told the address of the client, and takes over what the client claims",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-348", "CWE-778"],
    fix: "add `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`",
};

const DROPPED: Rule = Rule {
    id: "dropped-proxy-headers",
    summary: "headers for the upstream that an outer block sets are lost, because this block sets its own",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-348"],
    fix: "repeat them here, or set all of them in one place",
};

const SMUGGLING: Rule = Rule {
    id: "client-chosen-upgrade",
    summary: "the client chooses the protocol that the connection is upgraded to, h2c included",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-444"],
    fix: "upgrade to `websocket` only: `proxy_set_header Upgrade websocket;`",
};

declare_agent! {
    /// Finds reverse proxies in nginx that trust what a request says.
    ///
    /// # What it checks
    /// Every `proxy_pass` of an nginx configuration with what surrounds it: whether
    /// the requester chooses the upstream, which client headers are passed on as if
    /// they were true (`Host`, `X-Forwarded-For`, `Upgrade`), which headers an inner
    /// block drops because it sets its own, and which variables carry line breaks
    /// into a header, a redirect or a request. Variables are followed through
    /// `set`, `map`, the captures of locations, conditions and server names; what a
    /// capture can match is read from the tree of its expression.
    ///
    /// # Why it matters
    /// The proxy stands in front of everything. A request that chooses the upstream
    /// reaches the cloud's metadata service; one that writes a line break writes
    /// headers; one that writes its own address passes every check by address.
    ///
    /// # Example denied
    /// ```nginx
    /// location ~ ^/fetch/(.*)$ {
    ///     proxy_pass http://$1;
    ///     proxy_set_header Host $http_host;
    /// }
    /// ```
    ///
    /// # Example allowed
    /// ```nginx
    /// location /api/ {
    ///     proxy_pass http://backend;
    ///     proxy_set_header Host $host;
    ///     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    /// }
    /// ```
    ///
    /// # Limits
    /// One file is seen at a time: what an `include` brings is unknown, and variables
    /// of other modules count as out of the requester's reach. Look-around in
    /// expressions is ignored; a capture of an expression with back-references can
    /// be anything.
    ///
    /// # References
    /// nginx: ngx_http_proxy_module; gixy: ssrf, http_splitting, host_spoofing;
    /// CWE-113; CWE-348; CWE-444; CWE-918.
    pub struct NginxReverseProxyHeaderSentry {
        slug: "nginx_reverse_proxy_header_sentry",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Nginx],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            UPSTREAM, DYNAMIC_HOST, DYNAMIC_SCHEME, PUBLIC_DYNAMIC, SPLITTING, HOST,
            CLIENT_ADDRESS, NO_ADDRESS, DROPPED, SMUGGLING,
        ],
        fixture: include_str!("fixtures/nginx_reverse_proxy_header_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    walk(artifact.nginx()?, report, &mut |place, report| {
        match place.directive.name.text.as_str() {
            "proxy_pass" => {
                upstream(place, report)?;
                address(place, report);
                upgrade(place, report);
            }
            "proxy_set_header" => header(place, report),
            _ => {}
        }
        splitting(place, report)?;
        dropped(place, report);
        Ok(())
    })
}

/// The scheme and the host of an upstream's address, as written.
fn address_parts(address: &str) -> (Option<&str>, &str) {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, address),
    };
    // A variable in braces may hold no slash, so the first one ends the host.
    (scheme, rest.split(['/', '?', '#']).next().unwrap_or(rest))
}

fn has_variable(text: &str) -> bool {
    parts(text).iter().any(|part| matches!(part, Part::Variable(_)))
}

fn upstream(place: &Place<'_, '_>, report: &mut Report) -> Result<(), Stop> {
    let Some(word) = place.directive.arguments.first() else { return Ok(()) };
    if !has_variable(&word.text) {
        return Ok(());
    }
    let location = place.nearest("location");
    if location.is_some_and(|location| all(location.children(), "internal").next().is_some()) {
        return Ok(());
    }
    let (scheme, host) = address_parts(&word.text);
    if let Some(name) = controlled(place, scheme.unwrap_or_default(), host, report)? {
        report
            .finding(&UPSTREAM, head(place.directive))
            .message(format!("`${name}` comes from the request and chooses the upstream"))
            .subject(place.subject());
    }
    if scheme.is_some_and(has_variable) {
        report.finding(&DYNAMIC_SCHEME, head(place.directive)).subject(place.subject());
    }
    if has_variable(host) {
        report.finding(&DYNAMIC_HOST, head(place.directive)).subject(place.subject());
    }
    if location.is_some() {
        report.finding(&PUBLIC_DYNAMIC, head(place.directive)).subject(place.subject());
    }
    Ok(())
}

/// The variable by which a requester names the host.
fn controlled(
    place: &Place<'_, '_>,
    scheme: &str,
    host: &str,
    report: &mut Report,
) -> Result<Option<String>, Stop> {
    for text in [scheme, host] {
        for part in parts(text) {
            let Part::Variable(name) = part else { continue };
            let Some(reach) = reach(place, name, report)? else { continue };
            // What must hold a slash ends the host name before it.
            if reach.slash {
                break;
            }
            if reach.dot {
                return Ok(Some(name.to_owned()));
            }
        }
    }
    Ok(None)
}

/// The value of a header that is set for an upstream at a place.
fn proxy_header<'a>(headers: &[&'a Directive], name: &str) -> Option<&'a str> {
    let is_it = |header: &&&Directive| {
        header.argument(0).is_some_and(|known| known.eq_ignore_ascii_case(name))
    };
    headers.iter().rev().find(is_it).and_then(|header| header.argument(1))
}

fn address(place: &Place<'_, '_>, report: &mut Report) {
    let headers = place.inherited("proxy_set_header");
    let told = ["X-Forwarded-For", "X-Real-IP", "Forwarded"]
        .iter()
        .any(|name| proxy_header(&headers, name).is_some());
    // What an include brings is unknown.
    let includes = place.levels().any(|level| all(level, "include").next().is_some());
    if !told && !includes {
        report.finding(&NO_ADDRESS, head(place.directive)).subject(place.subject());
    }
}

fn header(place: &Place<'_, '_>, report: &mut Report) {
    let (Some(name), Some(value)) = (place.directive.argument(0), place.directive.argument(1))
    else {
        return;
    };
    let name = name.to_ascii_lowercase();
    let variables = parts(value);
    let claims = |names: &[&str]| {
        variables.iter().any(|part| match part {
            Part::Variable(name) => names.contains(name) || name.starts_with("arg_"),
            Part::Text(_) => false,
        })
    };
    let rule = match name.as_str() {
        "host" | "x-forwarded-host" if claims(&["http_host", "http_x_forwarded_host"]) => &HOST,
        "x-forwarded-for" | "x-real-ip"
            if claims(&["http_x_forwarded_for", "http_x_real_ip", "http_client_ip"]) =>
        {
            &CLIENT_ADDRESS
        }
        _ => return,
    };
    report
        .finding(rule, head(place.directive))
        .message(format!("the header `{name}` is taken from the request: {}", rule.summary))
        .subject(place.subject());
}

fn upgrade(place: &Place<'_, '_>, report: &mut Report) {
    let headers = place.inherited("proxy_set_header");
    let version = place.inherited("proxy_http_version");
    let is_http11 = version.iter().any(|version| version.argument(0) == Some("1.1"));
    let chosen = headers.iter().find(|header| {
        header.argument(0).is_some_and(|name| name.eq_ignore_ascii_case("upgrade"))
            && header.argument(1).is_some_and(has_variable)
    });
    let connection = proxy_header(&headers, "connection").is_some_and(|value| !value.is_empty());
    if let Some(chosen) = chosen.filter(|_| is_http11 && connection) {
        report
            .finding(&SMUGGLING, head(chosen))
            .subject(place.subject())
            .related(place.directive.name.span, "the proxy that passes it on");
    }
}

/// The word of a directive that becomes a part of a message.
fn message_word(directive: &Directive) -> Option<&str> {
    match directive.name.text.as_str() {
        "proxy_pass" => directive.argument(0),
        "rewrite" | "return" | "add_header" | "proxy_set_header" => directive.argument(1),
        _ => None,
    }
}

fn splitting(place: &Place<'_, '_>, report: &mut Report) -> Result<(), Stop> {
    let directive = place.directive;
    let Some(word) = message_word(directive) else { return Ok(()) };
    let to_upstream = directive.name.text.starts_with("proxy_");
    // nginx escapes the captures of a rewrite's own expression.
    let own = match directive.is("rewrite").then(|| directive.argument(0)).flatten() {
        Some(expression) => super::nginx::pattern::groups(expression).unwrap_or_default(),
        None => std::collections::BTreeMap::new(),
    };
    for part in parts(word) {
        let Part::Variable(name) = part else { continue };
        if own.contains_key(name) {
            continue;
        }
        let Some(reach) = reach(place, name, report)? else { continue };
        if reach.line_feed || (reach.carriage_return && !to_upstream) {
            report
                .finding(&SPLITTING, head(directive))
                .message(format!("`${name}` can hold a line break"))
                .subject(place.subject());
            break;
        }
    }
    Ok(())
}

/// Headers that matter to an upstream's decisions.
const TRUSTED: &[&str] =
    &["host", "x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host", "forwarded"];

/// Where a block sets headers of its own, those of the block around it are gone.
fn dropped(place: &Place<'_, '_>, report: &mut Report) {
    if place.directive.block.is_none() {
        return;
    }
    let names = |level: &[Directive]| -> Vec<String> {
        all(level, "proxy_set_header")
            .filter_map(|header| Some(header.argument(0)?.to_ascii_lowercase()))
            .collect()
    };
    let own = names(place.directive.children());
    if own.is_empty() {
        return;
    }
    let outer = place.levels().map(names).find(|list| !list.is_empty()).unwrap_or_default();
    let lost: Vec<String> = outer
        .into_iter()
        .filter(|name| TRUSTED.contains(&name.as_str()) && !own.contains(name))
        .collect();
    if !lost.is_empty() {
        report
            .finding(&DROPPED, head(place.directive))
            .message(format!("this block loses the headers {}", lost.join(", ")))
            .subject(place.subject());
    }
}
