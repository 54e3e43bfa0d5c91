//! See [`SshCertificateSecurityAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::openssh::{KeyLine, keys};
use pi_artifacts::{Artifact, Kind};

use super::ssh_rules::*;
use super::{ssh_code, ssh_config};

declare_agent! {
    /// Finds SSH that lets in whom it should not: configuration, keys, certificates
    /// and programs.
    ///
    /// # What it checks
    /// `sshd_config` and `ssh_config` with their drop-in folders (algorithms, logins,
    /// forwarding, host keys); keys and certificates in `authorized_keys`,
    /// `known_hosts` and `*.pub`, decoded (length, kind, validity, principals,
    /// signature, limits of authorities); `ssh` commands in scripts; Go, Python and
    /// Java programs that accept every host key, or use a certificate without
    /// looking at its validity, principals and revocation.
    ///
    /// # Why it matters
    /// SSH is the way into every server. A certificate without limits is a master
    /// key, and an unverified host key hands the session to whoever is on the way.
    ///
    /// # Example denied
    /// ```text
    /// PermitRootLogin yes
    /// Ciphers aes256-ctr,3des-cbc
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// PermitRootLogin no
    /// Ciphers -3des-cbc
    /// ```
    ///
    /// # Limits
    /// A setting that is not written has the default of the version in use and is not
    /// judged. Whether a key is revoked is unknown. An end in the past is reported
    /// only against the time that the request names.
    ///
    /// # References
    /// OpenSSH: sshd_config(5), ssh_config(5), PROTOCOL.certkeys; RFC 9142; CWE-295;
    /// CWE-322; CWE-327.
    pub struct SshCertificateSecurityAuditor {
        slug: "ssh_certificate_security_auditor",
        domain: CryptoTls,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [
            Kind::Text, Kind::Ini, Kind::Shell, Kind::Go, Kind::Python, Kind::Java,
        ],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            ALGORITHM, ROOT, EMPTY, PASSWORD, PROTOCOL, TRUST, ENVIRONMENT, MODES, FORWARD,
            HOST_KEY, KEY, FOREVER, ANYBODY, ENDED, AUTHORITY, UNCHECKED,
        ],
        fixture: include_str!("fixtures/ssh_certificate_security_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Shell => ssh_code::shell(artifact.shell()?, report),
        Kind::Go => ssh_code::go(artifact.syntax()?, artifact.parsable_text()?, report),
        Kind::Java => ssh_code::java(artifact.syntax()?, artifact.parsable_text()?, report),
        Kind::Python => ssh_code::python(artifact.python()?, report),
        _ => {
            let text = artifact.parsable_text()?;
            match ssh_config::role(artifact.path()) {
                Some(role) => ssh_config::check(role, text, report),
                None => {
                    for line in keys(text) {
                        report.tick(1)?;
                        key(&line, report);
                    }
                    Ok(())
                }
            }
        }
    }
}

fn key(line: &KeyLine, report: &mut Report) {
    let subject = if line.comment.is_empty() { &line.kind } else { &line.comment };
    let family = line.kind.strip_suffix("-cert-v01@openssh.com").unwrap_or(&line.kind);
    let weakness = match (family, line.rsa_bits) {
        ("ssh-dss", _) => Some("a key for DSA, of 1024 bits".to_owned()),
        (_, Some(bits)) if bits < 2048 => Some(format!("an RSA key of {bits} bits")),
        _ => None,
    };
    if let Some(weakness) = weakness {
        report.finding(&KEY, line.span).message(weakness).subject(subject.clone());
    }
    let options: Vec<String> =
        line.options.split([',', ' ']).map(str::to_ascii_lowercase).collect();
    let authority = options.iter().any(|option| option == "cert-authority");
    if authority && !options.iter().any(|option| option.starts_with("principals=")) {
        report.finding(&AUTHORITY, line.span).subject(subject.clone());
    }
    let Some(certificate) = &line.certificate else { return };
    if certificate.principals.is_empty() {
        report.finding(&ANYBODY, line.span).subject(subject.clone());
    }
    if certificate.valid_before == u64::MAX {
        report.finding(&FOREVER, line.span).subject(subject.clone());
    }
    if matches!(certificate.signature.as_str(), "ssh-rsa" | "ssh-dss") {
        report
            .finding(&ALGORITHM, line.span)
            .message(format!(
                "a certificate that is signed by `{}`, over SHA-1",
                certificate.signature
            ))
            .subject(subject.clone());
    }
    if let Some(now) = report.as_of()
        && certificate.valid_before < now.as_micros() / 1_000_000
    {
        report.finding(&ENDED, line.span).subject(subject.clone());
    }
}
