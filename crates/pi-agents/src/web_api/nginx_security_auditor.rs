//! See [`NginxSecurityAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::nginx::walk;
use super::{nginx_content, nginx_rules as rules, nginx_transport};

declare_agent! {
    /// Finds nginx configuration that gives away files, headers, names or encryption.
    ///
    /// # What it checks
    /// Aliases that lead out of their folder, response headers that an inner block
    /// drops or spoils, expressions that are meant to match trusted origins and match
    /// others, referrer checks that accept none, access lists without an end, DNS
    /// servers outside, versions shown, `if` inside a location, TLS versions and
    /// cipher suites that are broken, redirects to plain HTTP, upstreams whose
    /// certificate nobody checks, listings of folders.
    ///
    /// # Why it matters
    /// nginx takes each of these without a warning, and what it does then is rarely
    /// what the author read into it.
    ///
    /// # Example denied
    /// ```nginx
    /// server {
    ///     listen 443 ssl;
    ///     ssl_protocols TLSv1 TLSv1.2;
    ///     add_header X-Frame-Options DENY;
    ///     location /static {
    ///         alias /srv/static/;
    ///         add_header Cache-Control public;
    ///     }
    /// }
    /// ```
    ///
    /// # Example allowed
    /// ```nginx
    /// server {
    ///     listen 443 ssl;
    ///     ssl_protocols TLSv1.2 TLSv1.3;
    ///     add_header X-Frame-Options DENY;
    ///     location /static/ {
    ///         alias /srv/static/;
    ///     }
    /// }
    /// ```
    ///
    /// # Limits
    /// One file is seen at a time: what an `include` brings is unknown, and rules that
    /// miss something stay silent beside one. What the compiled-in defaults are
    /// depends on the version of nginx.
    ///
    /// # References
    /// nginx: ngx_http_core_module, ngx_http_ssl_module, ngx_http_headers_module;
    /// gixy: alias_traversal, add_header_redefinition, origins, valid_referers,
    /// resolver_external, version_disclosure, if_is_evil; RFC 8996; CWE-22; CWE-327;
    /// CWE-346.
    pub struct NginxSecurityAuditor {
        slug: "nginx_security_auditor",
        domain: WebApi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Nginx],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            rules::ALIAS, rules::DROPPED, rules::MULTI_LINE, rules::CONTENT_TYPE, rules::ORIGIN,
            rules::REFERRER_NONE, rules::ALLOW_ONLY, rules::RESOLVER, rules::VERSION,
            rules::IF_IN_LOCATION, rules::LISTING, rules::OLD_TLS, rules::DEFAULT_TLS,
            rules::CIPHERS, rules::CLEARTEXT, rules::UNVERIFIED,
        ],
        fixture: include_str!("fixtures/nginx_security_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    walk(artifact.nginx()?, report, &mut |place, report| {
        nginx_content::check(place, report);
        nginx_transport::check(place, report);
        Ok(())
    })
}
