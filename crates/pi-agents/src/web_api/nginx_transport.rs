//! How nginx encrypts. See [`super::nginx_security_auditor`].

use pi_agent_api::Report;
use pi_artifacts::nginx::Directive;

use super::nginx::{Place, all, head};
use super::nginx_rules as rules;

pub(super) fn check(place: &Place<'_, '_>, report: &mut Report) {
    match place.directive.name.text.as_str() {
        "ssl_protocols" | "proxy_ssl_protocols" | "grpc_ssl_protocols" => protocols(place, report),
        "ssl_ciphers" | "proxy_ssl_ciphers" => ciphers(place, report),
        "server" => defaults(place, report),
        "rewrite" => rewrite(place, report),
        "return" => redirect(place, report),
        "proxy_pass" => upstream(place, report),
        _ => {}
    }
}

fn protocols(place: &Place<'_, '_>, report: &mut Report) {
    for word in &place.directive.arguments {
        if matches!(word.text.as_str(), "SSLv2" | "SSLv3" | "TLSv1" | "TLSv1.1") {
            report
                .finding(&rules::OLD_TLS, word.span)
                .message(format!("`{}` is accepted", word.text))
                .subject(format!("{}/{}", place.subject(), word.text));
        }
    }
}

/// Parts of the names of suites that are broken, by OpenSSL's words.
const WEAK: &[&str] = &[
    "RC4", "DES", "3DES", "MD5", "NULL", "ENULL", "ANULL", "ADH", "AECDH", "EXP", "EXPORT", "LOW",
];

fn ciphers(place: &Place<'_, '_>, report: &mut Report) {
    let Some(list) = place.directive.argument(0) else { return };
    for item in list.split([':', ',', ' ']) {
        // `!` and `-` take suites away, `+` only moves them.
        if item.starts_with(['!', '-', '+']) {
            continue;
        }
        let upper = item.to_ascii_uppercase();
        if upper.split(['-', '+']).any(|part| WEAK.contains(&part)) {
            report
                .finding(&rules::CIPHERS, head(place.directive))
                .message(format!("the suite `{item}` is accepted"))
                .subject(format!("{}/{item}", place.subject()));
        }
    }
}

fn defaults(place: &Place<'_, '_>, report: &mut Report) {
    let own = place.directive.children();
    let has = |name: &str| {
        let around = place.levels().any(|level| all(level, name).next().is_some());
        around || all(own, name).next().is_some()
    };
    let encrypts = |listen: &Directive| {
        listen.arguments.iter().skip(1).any(|word| matches!(word.text.as_str(), "ssl" | "quic"))
    };
    let listen = all(own, "listen").find(|listen| encrypts(listen));
    // Certbot and others bring the versions by an include.
    if let Some(listen) = listen.filter(|_| !has("ssl_protocols") && !has("include")) {
        report
            .finding(&rules::DEFAULT_TLS, head(place.directive))
            .subject(place.subject())
            .related(head(listen), "encrypted from here");
    }
}

fn rewrite(place: &Place<'_, '_>, report: &mut Report) {
    let directive = place.directive;
    let redirects = matches!(directive.argument(2), Some("redirect" | "permanent"));
    let secure = directive
        .argument(1)
        .is_some_and(|target| target.to_ascii_lowercase().starts_with("https://"));
    if redirects && !secure {
        report.finding(&rules::CLEARTEXT, head(directive)).subject(place.subject());
    }
}

fn redirect(place: &Place<'_, '_>, report: &mut Report) {
    let directive = place.directive;
    let target = match directive.argument(0) {
        Some("301" | "302" | "303" | "307" | "308") => directive.argument(1),
        other => other,
    };
    if target.is_some_and(|target| target.to_ascii_lowercase().starts_with("http://")) {
        report.finding(&rules::CLEARTEXT, head(directive)).subject(place.subject());
    }
}

fn upstream(place: &Place<'_, '_>, report: &mut Report) {
    let encrypted = place
        .directive
        .argument(0)
        .is_some_and(|address| address.to_ascii_lowercase().starts_with("https://"));
    let verify = place.inherited("proxy_ssl_verify");
    let verified = verify.iter().any(|setting| setting.argument(0) == Some("on"));
    if encrypted && !verified {
        report.finding(&rules::UNVERIFIED, head(place.directive)).subject(place.subject());
    }
}
