//! What nginx gives away: files, headers, access. See
//! [`super::nginx_security_auditor`].

use std::net::IpAddr;

use pi_agent_api::Report;
use pi_artifacts::Span;
use pi_artifacts::nginx::Directive;
use pi_core::Severity;

use super::nginx::origins::hostile;
use super::nginx::{Condition, Place, all, head, location};
use super::nginx_rules as rules;

pub(super) fn check(place: &Place<'_, '_>, report: &mut Report) {
    dropped(place, report);
    inside_if(place, report);
    match place.directive.name.text.as_str() {
        "alias" => alias(place, report),
        "add_header" | "more_set_headers" => header(place, report),
        "if" => condition(place, report),
        "map" => map(place, report),
        "valid_referers" => referers(place, report),
        "allow" => allow(place, report),
        "resolver" => resolver(place, report),
        "server_tokens" => {
            if matches!(place.directive.argument(0), Some("on" | "build")) {
                report.finding(&rules::VERSION, head(place.directive)).subject(place.subject());
            }
        }
        "autoindex" if place.directive.argument(0) == Some("on") => {
            report.finding(&rules::LISTING, head(place.directive)).subject(place.subject());
        }
        _ => {}
    }
}

fn alias(place: &Place<'_, '_>, report: &mut Report) {
    let Some(around) = place.nearest("location") else { return };
    let Some((modifier, path)) = location(around) else { return };
    if !matches!(modifier, "" | "^~") || path.ends_with('/') {
        return;
    }
    let slashed = place.directive.argument(0).is_some_and(|folder| folder.ends_with('/'));
    let finding = report.finding(&rules::ALIAS, head(place.directive));
    finding
        .message(format!("`{path}../` leads out of the folder of this alias"))
        .subject(place.subject())
        .related(head(around), "the location");
    if !slashed {
        // Only siblings whose name begins alike are reached.
        finding.severity(Severity::Medium);
    }
}

/// Headers whose loss takes a protection away.
const PROTECTIVE: &[&str] = &[
    "content-security-policy",
    "permissions-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "cross-origin-opener-policy",
    "cross-origin-embedder-policy",
    "cross-origin-resource-policy",
];

fn dropped(place: &Place<'_, '_>, report: &mut Report) {
    if place.directive.block.is_none() {
        return;
    }
    let names = |level: &[Directive]| -> Vec<String> {
        all(level, "add_header")
            .filter_map(|header| Some(header.argument(0)?.to_ascii_lowercase()))
            .collect()
    };
    let own = names(place.directive.children());
    let merges = place
        .inherited("add_header_inherit")
        .iter()
        .chain(&all(place.directive.children(), "add_header_inherit").collect::<Vec<_>>())
        .any(|setting| setting.argument(0) == Some("merge"));
    if own.is_empty() || merges {
        return;
    }
    let outer = place.levels().map(names).find(|list| !list.is_empty()).unwrap_or_default();
    let lost: Vec<String> = outer.into_iter().filter(|name| !own.contains(name)).collect();
    if lost.is_empty() {
        return;
    }
    let finding = report.finding(&rules::DROPPED, head(place.directive));
    finding
        .message(format!("this block loses the headers {}", lost.join(", ")))
        .subject(place.subject());
    if lost.iter().any(|name| PROTECTIVE.contains(&name.as_str())) {
        finding.severity(Severity::Medium);
    }
}

/// The header values of a directive: `more_set_headers` takes several, between
/// options of its own.
fn values(directive: &Directive) -> Vec<&str> {
    let words = directive.arguments.iter().map(|word| word.text.as_str());
    if directive.is("add_header") {
        return words.skip(1).take(1).collect();
    }
    let mut out = Vec::new();
    let mut is_option = false;
    for word in words {
        if word == "-s" || word == "-t" {
            is_option = true;
        } else if !std::mem::take(&mut is_option) && !word.starts_with('-') {
            out.push(word);
        }
    }
    out
}

fn header(place: &Place<'_, '_>, report: &mut Report) {
    let directive = place.directive;
    if values(directive).iter().any(|value| value.contains('\n')) {
        report.finding(&rules::MULTI_LINE, directive.name.span).subject(place.subject());
    }
    let is_type = |name: &str| name.eq_ignore_ascii_case("content-type");
    if directive.is("add_header") && directive.argument(0).is_some_and(is_type) {
        report.finding(&rules::CONTENT_TYPE, head(directive)).subject(place.subject());
    }
}

/// The variables that say where a request comes from, and how bad it is when
/// they are misread.
fn origin_severity(variable: &str) -> Option<Severity> {
    match variable {
        "$http_origin" => Some(Severity::High),
        "$http_referer" => Some(Severity::Medium),
        _ => None,
    }
}

fn condition(place: &Place<'_, '_>, report: &mut Report) {
    let Some(condition) = Condition::of(place.directive).filter(Condition::is_pattern) else {
        return;
    };
    let Some(severity) = origin_severity(condition.left) else { return };
    origin(place, condition.right, severity, head(place.directive), report);
}

fn map(place: &Place<'_, '_>, report: &mut Report) {
    let Some(severity) = place.directive.argument(0).and_then(origin_severity) else { return };
    for line in place.directive.children() {
        if let Some(expression) = line.name.text.strip_prefix('~') {
            let expression = expression.strip_prefix('*').unwrap_or(expression);
            origin(place, expression, severity, line.name.span, report);
        }
    }
}

fn origin(
    place: &Place<'_, '_>,
    expression: &str,
    severity: Severity,
    span: Span,
    report: &mut Report,
) {
    let Some(example) = hostile(expression) else { return };
    report
        .finding(&rules::ORIGIN, span)
        .message(format!("the expression also matches `{example}`"))
        .subject(format!("{}/{expression}", place.subject()))
        .severity(severity);
}

fn referers(place: &Place<'_, '_>, report: &mut Report) {
    if let Some(word) = place.directive.arguments.iter().find(|word| word.text == "none") {
        report.finding(&rules::REFERRER_NONE, word.span).subject(place.subject());
    }
}

fn allow(place: &Place<'_, '_>, report: &mut Report) {
    let first = all(place.siblings, "allow").next().map(|allow| allow.span);
    let denies = all(place.siblings, "deny").next().is_some();
    // `allow all` opens what an outer block closes.
    let opens = place.directive.argument(0) == Some("all");
    if first == Some(place.directive.span) && !denies && !opens {
        report.finding(&rules::ALLOW_ONLY, head(place.directive)).subject(place.subject());
    }
}

fn resolver(place: &Place<'_, '_>, report: &mut Report) {
    for word in &place.directive.arguments {
        let address = match word.text.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None if word.text.matches(':').count() == 1 => {
                word.text.split(':').next().unwrap_or_default()
            }
            None => word.text.as_str(),
        };
        if address.parse().is_ok_and(is_public) {
            report
                .finding(&rules::RESOLVER, word.span)
                .message(format!("the resolver `{address}` is outside of this network"))
                .subject(place.subject());
        }
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            let shared = a == 100 && (64..128).contains(&b);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

fn inside_if(place: &Place<'_, '_>, report: &mut Report) {
    let [.., outer, parent] = place.parents else { return };
    if !parent.is("if") || !outer.is("location") {
        return;
    }
    let directive = place.directive;
    let last = directive.arguments.last().map(|word| word.text.as_str());
    let safe = directive.is("return") || (directive.is("rewrite") && last == Some("last"));
    if !safe {
        report
            .finding(&rules::IF_IN_LOCATION, directive.name.span)
            .message(format!("`{}` inside `if` may not do what it says", directive.name.text))
            .subject(place.subject());
    }
}
