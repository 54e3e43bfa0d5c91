//! See [`EncryptionComplianceChecker`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::tls_rules::{CIPHER, HASH, HOST, OFF, OPTION, SHORT_KEY, UNVERIFIED, VERSION};
use super::{crypto_calls, crypto_compiled, tls_settings};

declare_agent! {
    /// Finds old versions of TLS, broken ciphers and hashes, and certificates that
    /// nobody verifies, in configuration and in programs.
    ///
    /// # What it checks
    /// In configuration, settings by their meaning: lists of versions with additions
    /// and removals, oldest versions, cipher lists, lengths of keys, switches. Known
    /// are those of Apache, HAProxy, openssl.cnf, Postfix, Dovecot, vsftpd, MySQL,
    /// PostgreSQL, Redis, Java, Spring, Kafka, Elasticsearch, Envoy, Istio, Traefik,
    /// Kubernetes, Prometheus and the telemetry collector.
    ///
    /// In Python, JavaScript, TypeScript, Go, Java and Rust, calls in the syntax
    /// tree: weak hashes and ciphers, ECB, short keys, old versions, verification
    /// that is switched off.
    ///
    /// # Why it matters
    /// Encryption that does not verify whom it talks to, or that can be broken,
    /// protects against nobody who tries.
    ///
    /// # Example denied
    /// ```text
    /// SSLProtocol all -SSLv3
    /// SSLCipherSuite RC4-SHA:AES128-SHA
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// SSLProtocol -all +TLSv1.2 +TLSv1.3
    /// SSLCipherSuite HIGH:!aNULL:!MD5:!RC4
    /// ```
    ///
    /// # Limits
    /// nginx has an auditor of its own, Terraform and CloudFormation too. What a
    /// missing setting means depends on the program's version and is not judged.
    /// Values that are filled in later (`${...}`) are unknown. A weak hash may serve
    /// as a checksum: it is reported as low.
    ///
    /// # References
    /// NIST SP 800-52 Rev. 2; RFC 8996; RFC 7465; Mozilla Server Side TLS; CWE-295;
    /// CWE-326; CWE-327; CWE-328.
    pub struct EncryptionComplianceChecker {
        slug: "encryption_compliance_checker",
        domain: CryptoTls,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Ini, Kind::Text, Kind::Yaml, Kind::Json, Kind::Toml, Kind::Kubernetes,
            Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java, Kind::Rust,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [VERSION, CIPHER, UNVERIFIED, HOST, OFF, HASH, SHORT_KEY, OPTION],
        fixture: include_str!("fixtures/encryption_compliance_checker.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Python => crypto_calls::python(artifact.python()?, report),
        Kind::JavaScript | Kind::TypeScript => {
            crypto_calls::script(artifact.syntax()?, artifact.parsable_text()?, report)
        }
        Kind::Go | Kind::Java | Kind::Rust => {
            crypto_compiled::check(artifact.syntax()?, artifact.parsable_text()?, report)
        }
        _ => tls_settings::check(artifact, report),
    }
}
