//! See [`MemorystoreConnectionAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::Artifact;
use pi_artifacts::literal::Literal;

use super::rules::rule;
use crate::secrets::engine::value::{is_placeholder, is_reference};

rule!(
    CLEARTEXT,
    "cleartext-cache-connection",
    Medium,
    Medium,
    ["CWE-319"],
    "the connection to a cache on another machine is not encrypted",
    "switch on in-transit encryption and write `rediss://`"
);
rule!(
    PASSWORD,
    "password-in-cache-address",
    High,
    High,
    ["CWE-522", "CWE-798"],
    "the address of a cache holds its password",
    "take the password from a secret store when the program starts"
);
rule!(
    PORT,
    "malformed-cache-address",
    Low,
    High,
    ["CWE-1188"],
    "the address of a cache cannot be read",
    "write `rediss://HOST:PORT/NUMBER`, IPv6 addresses in brackets"
);
rule!(
    UNVERIFIED,
    "unverified-cache-certificate",
    Medium,
    High,
    ["CWE-295"],
    "the certificate of the cache is not verified",
    "download the authority of the instance and verify against it"
);

declare_agent! {
    /// Finds connections to Redis, Valkey and Memorystore that are open to others.
    ///
    /// # What it checks
    /// Addresses in values of any language (`redis://`, `rediss://`, `valkey://`,
    /// `redis-sentinel://`, lists of cluster nodes): encryption beyond the own machine,
    /// passwords, ports, IPv6 in brackets, `ssl_cert_reqs=none`.
    ///
    /// # Why it matters
    /// Caches hold sessions. Without encryption everybody on the network reads them.
    ///
    /// # Example denied
    /// ```sh
    /// CACHE_URL=redis://10.0.0.3:6379/0
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// CACHE_URL=rediss://10.0.0.3:6378/0
    /// ```
    ///
    /// # Limits
    /// Names of a single word, such as `redis` or `cache`, are services of the same
    /// composition or cluster and are not reported for missing encryption; nor are
    /// addresses in tests. Whether the instance asks for a password is not known.
    ///
    /// # References
    /// Memorystore for Redis: in-transit encryption; CWE-319; CWE-522.
    pub struct MemorystoreConnectionAuditor {
        slug: "memorystore_connection_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["redis://", "rediss://", "valkey://", "valkeys://", "redis-sentinel://"]),
        invariant_to: ALL,
        rules: [CLEARTEXT, PASSWORD, PORT, UNVERIFIED],
        fixture: include_str!("fixtures/memorystore_connection_auditor.md"),
        check: check,
    }
}

const SCHEMES: &[(&str, bool)] = &[
    ("redis://", false),
    ("rediss://", true),
    ("valkey://", false),
    ("valkeys://", true),
    ("redis-sentinel://", false),
    ("rediss-sentinel://", true),
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let path = artifact.path().to_ascii_lowercase();
    let in_test =
        path.split(['/', '_', '.', '-']).any(|part| matches!(part, "test" | "tests" | "spec"));
    for literal in &artifact.literals().items {
        report.tick(1)?;
        let scheme = SCHEMES.iter().find(|(scheme, _)| literal.value.starts_with(scheme));
        if let Some((scheme, encrypted)) = scheme.filter(|_| !literal.in_comment) {
            let rest = literal.value.get(scheme.len()..).unwrap_or_default();
            address(rest, *encrypted, in_test, literal, report);
        }
    }
    Ok(())
}

fn address(rest: &str, encrypted: bool, in_test: bool, literal: &Literal, report: &mut Report) {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, hosts) =
        authority.rsplit_once('@').map_or(("", authority), |(user, hosts)| (user, hosts));
    let name = literal.name.clone().unwrap_or_default();
    let password = user.split_once(':').map(|(_, password)| password).unwrap_or_default();
    let real = password.len() >= 4
        && !is_placeholder(password)
        && !is_reference(password)
        && !password.contains(['$', '{', '<', '%']);
    if real && !in_test {
        report
            .finding(&PASSWORD, literal.span)
            .subject(name.clone())
            .secret(password, literal.span);
    }
    if encrypted && rest.to_ascii_lowercase().contains("ssl_cert_reqs=none") {
        report.finding(&UNVERIFIED, literal.span).subject(name.clone());
    }
    for host in hosts.split(',') {
        if host.is_empty() || host.contains(['$', '{', '<', '%', '*']) {
            continue;
        }
        match parts(host) {
            None => {
                report.finding(&PORT, literal.span).subject(name.clone());
            }
            Some(host) if !encrypted && !in_test && is_remote(host) => {
                report
                    .finding(&CLEARTEXT, literal.span)
                    .message(format!("the connection to `{host}` is not encrypted"))
                    .subject(format!("{name}/{host}"));
            }
            Some(_) => {}
        }
    }
}

/// The host of `HOST:PORT`; `None` when it cannot be read.
fn parts(text: &str) -> Option<&str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("")))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, Some("")),
        },
    };
    let port = port?;
    let valid = port.is_empty() || port.parse::<u16>().is_ok_and(|port| port > 0);
    (valid && !host.is_empty()).then_some(host)
}

fn is_remote(host: &str) -> bool {
    let loopback = host == "localhost"
        || host.starts_with("127.")
        || matches!(host, "::1" | "0.0.0.0" | "host.docker.internal");
    let local = host.ends_with(".local")
        || host.ends_with(".svc")
        || host.ends_with(".localhost")
        || host.ends_with(".example")
        || host.ends_with("example.com");
    !loopback && !local && host.contains(['.', ':'])
}
