//! TLS in configuration: what each known setting means, as a table.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::data::{Data, Node};
use pi_artifacts::directive::{Line, lines};
use pi_artifacts::{Artifact, Kind, Span};

use super::suites::{broken_suites, old_version, old_versions};
use super::tls_rules as rules;

/// What a setting's value is.
#[derive(Clone, Copy)]
enum Meaning {
    /// A list of versions that are accepted.
    Versions,
    /// The oldest version that is accepted.
    Floor,
    /// A list of cipher suites.
    Suites,
    /// Bits of a key that is made.
    Bits,
    /// Values that break a rule, in lower case.
    Bad(&'static Rule, &'static [&'static str]),
}

use Meaning::{Bad, Bits, Floor, Suites, Versions};

const NO: &[&str] = &["no", "off", "false", "0", "none", "disable", "disabled"];
const YES: &[&str] = &["yes", "on", "true", "1"];

/// Settings by the end of their path: lower case, without `_` and `-`.
const SETTINGS: &[(&str, Meaning)] = &[
    // Apache.
    ("sslprotocol", Versions),
    ("sslproxyprotocol", Versions),
    ("sslciphersuite", Suites),
    ("sslproxyciphersuite", Suites),
    ("sslproxyverify", Bad(&rules::UNVERIFIED, &["none", "optional_no_ca"])),
    ("sslproxycheckpeername", Bad(&rules::HOST, NO)),
    ("sslproxycheckpeercn", Bad(&rules::HOST, NO)),
    ("sslcompression", Bad(&rules::OPTION, YES)),
    ("sslinsecurerenegotiation", Bad(&rules::OPTION, YES)),
    // HAProxy.
    ("ssldefaultbindciphers", Suites),
    ("ssldefaultserverciphers", Suites),
    ("sslserververify", Bad(&rules::UNVERIFIED, &["none"])),
    ("tune.ssl.defaultdhparam", Bits),
    // openssl.cnf.
    ("minprotocol", Floor),
    ("cipherstring", Suites),
    ("defaultmd", Bad(&rules::HASH, &["md2", "md4", "md5", "sha1", "sha"])),
    ("defaultbits", Bits),
    // Postfix, Dovecot, vsftpd.
    ("smtpdtlsprotocols", Versions),
    ("smtpdtlsmandatoryprotocols", Versions),
    ("smtptlsprotocols", Versions),
    ("smtptlsmandatoryprotocols", Versions),
    ("smtpdtlsciphers", Bad(&rules::CIPHER, &["low", "export", "null"])),
    ("smtpdtlsmandatoryciphers", Bad(&rules::CIPHER, &["low", "export", "null"])),
    ("smtpdtlssecuritylevel", Bad(&rules::OFF, &["none"])),
    ("smtptlssecuritylevel", Bad(&rules::OFF, &["none"])),
    ("sslminprotocol", Floor),
    ("sslcipherlist", Suites),
    ("sslsslv2", Bad(&rules::VERSION, YES)),
    ("sslsslv3", Bad(&rules::VERSION, YES)),
    ("ssltlsv1", Bad(&rules::VERSION, YES)),
    // Databases and caches.
    ("sslminprotocolversion", Floor),
    ("passwordencryption", Bad(&rules::HASH, &["md5"])),
    ("tlsversion", Versions),
    ("tlsprotocols", Versions),
    ("tlsciphers", Suites),
    ("requiresecuretransport", Bad(&rules::OFF, NO)),
    // Java, Spring, Kafka, Elasticsearch.
    ("ssl.enabledprotocols", Versions),
    ("ssl.enabled.protocols", Versions),
    ("ssl.supportedprotocols", Versions),
    ("ssl.protocol", Floor),
    ("ssl.ciphers", Suites),
    ("ssl.ciphersuites", Suites),
    ("ssl.cipher.suites", Suites),
    ("jdk.tls.client.protocols", Versions),
    ("jdk.tls.server.protocols", Versions),
    ("https.protocols", Versions),
    ("ssl.endpoint.identification.algorithm", Bad(&rules::HOST, &[""])),
    ("ssl.verificationmode", Bad(&rules::UNVERIFIED, &["none"])),
    ("xpack.security.http.ssl.enabled", Bad(&rules::OFF, NO)),
    ("xpack.security.transport.ssl.enabled", Bad(&rules::OFF, NO)),
    ("security.protocol", Bad(&rules::OFF, &["plaintext", "sasl_plaintext"])),
    // Envoy, Istio, Traefik, Kubernetes, Caddy, Prometheus, collectors of telemetry.
    ("tlsminimumprotocolversion", Floor),
    ("tls.minprotocolversion", Floor),
    ("tls.ciphersuites", Suites),
    ("tlsparams.ciphersuites", Suites),
    ("tlsminversion", Floor),
    ("tlsciphersuites", Suites),
    ("options.default.minversion", Floor),
    ("tls.minversion", Floor),
    ("tlsconfig.minversion", Floor),
    ("tlsserverconfig.minversion", Floor),
    ("tlsconfig.insecureskipverify", Bad(&rules::UNVERIFIED, YES)),
    ("tls.insecureskipverify", Bad(&rules::UNVERIFIED, YES)),
    ("serverstransport.insecureskipverify", Bad(&rules::UNVERIFIED, YES)),
    ("trustchainverification", Bad(&rules::UNVERIFIED, &["accept_untrusted"])),
];

/// Looks at the settings of a configuration.
pub(super) fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Ini | Kind::Text => {
            let found = lines(artifact.parsable_text()?);
            let is_haproxy = found
                .iter()
                .any(|line| matches!(line.name.as_str(), "frontend" | "backend" | "listen"))
                || artifact.file_name().to_ascii_lowercase().starts_with("haproxy");
            for line in &found {
                report.tick(1)?;
                if is_haproxy {
                    haproxy(line, report);
                }
                judge(&plain(&line.name), &line.value, line.span(), report);
            }
            Ok(())
        }
        _ => {
            for document in artifact.data()? {
                walk(&document.root, "", report)?;
            }
            Ok(())
        }
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '_' | '-')).collect::<String>().to_ascii_lowercase()
}

fn walk(node: &Node, path: &str, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    for entry in node.entries() {
        let key = plain(&entry.key);
        // Settings are known by the end of their path; a long one costs nothing.
        let near = path.get(path.ceil_char_boundary(path.len().saturating_sub(80))..);
        let path = match near.unwrap_or_default() {
            "" => key,
            near => format!("{near}.{key}"),
        };
        let span = entry.key_span.to(entry.value.span);
        match &entry.value.value {
            Data::Sequence(items) if items.iter().all(|item| item.scalar().is_some()) => {
                let words: Vec<&str> = items.iter().filter_map(Node::scalar).collect();
                judge(&path, &words.join(","), span, report);
            }
            Data::Map(_) | Data::Sequence(_) => walk(&entry.value, &path, report)?,
            _ => judge(&path, entry.value.scalar().unwrap_or_default(), span, report),
        }
    }
    for item in node.items() {
        walk(item, path, report)?;
    }
    Ok(())
}

fn meaning(path: &str) -> Option<Meaning> {
    let ends = |end: &str| {
        path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    SETTINGS.iter().find(|(name, _)| ends(name)).map(|(_, meaning)| *meaning)
}

fn judge(path: &str, value: &str, span: Span, report: &mut Report) {
    let Some(meaning) = meaning(path) else { return };
    // What is filled in later is unknown.
    if value.contains(['$', '{', '<', '%']) {
        return;
    }
    match meaning {
        Versions => {
            for version in old_versions(value) {
                say(report, &rules::VERSION, span, path, format!("{version} is accepted"));
            }
        }
        Floor => {
            if let Some(version) = old_version(value) {
                say(report, &rules::VERSION, span, path, format!("{version} is accepted"));
            }
        }
        Suites => {
            for suite in broken_suites(value) {
                say(report, &rules::CIPHER, span, path, format!("the suite `{suite}` is accepted"));
            }
            if let Some((_, level)) = value.split_once("@SECLEVEL=")
                && level.starts_with('0')
            {
                say(
                    report,
                    &rules::CIPHER,
                    span,
                    path,
                    "level 0 accepts every key and cipher".to_owned(),
                );
            }
        }
        Bits => {
            if value.parse().is_ok_and(|bits: u32| bits < 2048) {
                say(
                    report,
                    &rules::SHORT_KEY,
                    span,
                    path,
                    format!("keys of {value} bits are too short"),
                );
            }
        }
        Bad(rule, values) => {
            if values.contains(&value.trim().to_ascii_lowercase().as_str()) {
                say(report, rule, span, path, String::new());
            }
        }
    }
}

fn say(report: &mut Report, rule: &'static Rule, span: Span, path: &str, message: String) {
    let subject = if message.is_empty() { path.to_owned() } else { format!("{path}: {message}") };
    let finding = report.finding(rule, span).subject(subject);
    if !message.is_empty() {
        finding.message(message);
    }
}

/// Lines of HAProxy hold options one after the other.
fn haproxy(line: &Line, report: &mut Report) {
    let encrypts = matches!(line.name.as_str(), "bind" | "server" | "default-server");
    if !encrypts && !line.name.starts_with("ssl-default-") {
        return;
    }
    let words: Vec<&str> = line.words().collect();
    let subject = match words.first() {
        Some(first) if encrypts => format!("{} {first}", line.name),
        _ => line.name.clone(),
    };
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).copied().unwrap_or_default();
        let forced = word.strip_prefix("force-").and_then(old_version);
        let found = match *word {
            "ssl-min-ver" | "ssl-max-ver" => old_version(next),
            _ => forced,
        };
        if let Some(version) = found {
            say(report, &rules::VERSION, line.span(), &subject, format!("{version} is accepted"));
        }
        if *word == "ciphers" {
            for suite in broken_suites(next) {
                say(
                    report,
                    &rules::CIPHER,
                    line.span(),
                    &subject,
                    format!("the suite `{suite}` is accepted"),
                );
            }
        }
        // On `bind` it is about the clients' certificates, which are a choice.
        if *word == "verify" && next == "none" && line.name != "bind" && words.contains(&"ssl") {
            say(report, &rules::UNVERIFIED, line.span(), &subject, String::new());
        }
    }
}
