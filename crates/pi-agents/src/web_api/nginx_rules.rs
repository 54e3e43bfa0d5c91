//! The rules of [`super::nginx_security_auditor`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// `location /x { alias /y/; }`
pub(super) const ALIAS: Rule = Rule {
    id: "alias-traversal",
    summary: "an alias of a location without a final slash leads out of its folder",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-22"],
    fix: "end the location with `/`, or match one file by `location = /name`",
};

/// `add_header` inside and outside.
pub(super) const DROPPED: Rule = Rule {
    id: "dropped-response-headers",
    summary: "response headers of an outer block are lost, because this block adds its own",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-693"],
    fix: "repeat them here, or add all of them in one place",
};

/// A line break in a header.
pub(super) const MULTI_LINE: Rule = Rule {
    id: "multi-line-header",
    summary: "a response header spans several lines, which HTTP no longer allows",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-436"],
    fix: "write the value on one line",
};

/// `add_header Content-Type`.
pub(super) const CONTENT_TYPE: Rule = Rule {
    id: "second-content-type",
    summary: "a second Content-Type header is added to the one that nginx sends",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-436"],
    fix: "use `default_type` or `types`",
};

/// An expression for trusted origins that others match.
pub(super) const ORIGIN: Rule = Rule {
    id: "origin-pattern-bypass",
    summary: "an expression for trusted origins also matches an attacker's",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-346", "CWE-185"],
    fix: "anchor both ends, escape dots, and end the host with `/` or `$`",
};

/// `valid_referers none`.
pub(super) const REFERRER_NONE: Rule = Rule {
    id: "missing-referrer-accepted",
    summary: "a request without a referrer passes the check of referrers",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-293"],
    fix: "remove `none`; an attacker's page sends no referrer if it wants to",
};

/// `allow` without `deny`.
pub(super) const ALLOW_ONLY: Rule = Rule {
    id: "allow-without-deny",
    summary: "addresses are allowed, and all others are not denied",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-284"],
    fix: "end the list with `deny all;`",
};

/// A resolver on the Internet.
pub(super) const RESOLVER: Rule = Rule {
    id: "external-resolver",
    summary: "names of upstreams are asked of a DNS server outside, whose answers can be forged",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "use a resolver on this host or in this network",
};

/// `server_tokens on`.
pub(super) const VERSION: Rule = Rule {
    id: "version-shown",
    summary: "every answer names the version of nginx",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-200"],
    fix: "write `server_tokens off;`",
};

/// `if` in a location.
pub(super) const IF_IN_LOCATION: Rule = Rule {
    id: "directive-inside-if",
    summary: "inside `if` in a location only `return` and `rewrite ... last` do what they say",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-670"],
    fix: "use a `map`, `try_files`, or a location of its own",
};

/// `autoindex on`.
pub(super) const LISTING: Rule = Rule {
    id: "folder-listing",
    summary: "the names of all files of a folder are shown",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-548"],
    fix: "write `autoindex off;`",
};

/// SSL, TLS 1.0 or 1.1.
pub(super) const OLD_TLS: Rule = Rule {
    id: "old-tls-version",
    summary: "a broken version of TLS is accepted",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-327", "CWE-326"],
    fix: "write `ssl_protocols TLSv1.2 TLSv1.3;`",
};

/// No `ssl_protocols`.
pub(super) const DEFAULT_TLS: Rule = Rule {
    id: "default-tls-versions",
    summary: "the TLS versions are left to nginx, which before 1.23.4 accepts 1.0",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-326"],
    fix: "write `ssl_protocols TLSv1.2 TLSv1.3;`",
};

/// RC4 and the like.
pub(super) const CIPHERS: Rule = Rule {
    id: "weak-cipher-suite",
    summary: "a cipher suite that can be broken is accepted",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-327"],
    fix: "list suites with authenticated encryption and forward secrecy only",
};

/// A redirect without `https://`.
pub(super) const CLEARTEXT: Rule = Rule {
    id: "cleartext-redirect",
    summary: "a redirect keeps or chooses a connection without encryption",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-319"],
    fix: "redirect to `https://$host...`",
};

/// `proxy_pass https://` without verification.
pub(super) const UNVERIFIED: Rule = Rule {
    id: "unverified-upstream-certificate",
    summary: "the certificate of an upstream is not checked",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-295"],
    fix: "write `proxy_ssl_verify on;` with `proxy_ssl_trusted_certificate`",
};
