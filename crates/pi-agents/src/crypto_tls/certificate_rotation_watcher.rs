//! See [`CertificateRotationWatcher`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::certificate::{Certificate, Key, bits_of_number, parse};
use pi_artifacts::pem::{Block, blocks};
use pi_artifacts::{Artifact, Span};

use super::certificate_rules::*;

declare_agent! {
    /// Finds certificates and keys that are expired, weak or made for something else.
    ///
    /// # What it checks
    /// Every PEM block of any text, parsed: certificates (validity, length of life,
    /// algorithm of the signature, kind and length of the key, alternative names,
    /// authority flags, key usage, serial number), Diffie-Hellman parameters, and
    /// private keys (length, encryption in the old form, a bundle with the
    /// certificate). Expiry is judged only against the time that the request names.
    ///
    /// # Why it matters
    /// An expired certificate is an outage; one with a weak signature or a lost
    /// authority key lets others be the server.
    ///
    /// # Example denied
    /// ```text
    /// subject=shop.example, RSA 1024 bits, signed with SHA-1, no alternative name
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// subject=shop.example, P-256, SHA-256, 90 days, subjectAltName=DNS:shop.example
    /// ```
    ///
    /// # Limits
    /// Chains are not built and signatures not verified. Without a time in the
    /// request nothing is said about expiry. DER outside PEM, PKCS#12 and Java key
    /// stores are not read; what is inside an encrypted key is unknown.
    ///
    /// # References
    /// RFC 5280; CA/B Forum baseline requirements 6.1.5, 6.3.2, 7.1; ballot SC-081;
    /// zlint; CWE-295; CWE-298; CWE-326.
    pub struct CertificateRotationWatcher {
        slug: "certificate_rotation_watcher",
        domain: CryptoTls,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [],
        triggers: Any(&["-----BEGIN "]),
        invariant_to: ALL,
        rules: [
            EXPIRED, EXPIRING, FUTURE, INVERTED, TOO_LONG, WEAK_SIGNATURE, WEAK_KEY, NO_HOSTS,
            SELF_SIGNED, CA_UNCLEAR, CA_NOT_CRITICAL, CA_AS_SERVER, OLD_VERSION, SHORT_SERIAL,
            UNREADABLE, DH, KEY_FORMAT, SHARED_FILE,
        ],
        fixture: include_str!("fixtures/certificate_rotation_watcher.md"),
        check: check,
    }
}

const DAY: i64 = 86_400;

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let found = blocks(artifact.parsable_text()?);
    let has_certificate = found.iter().any(is_certificate);
    for block in &found {
        let length = block.bytes.as_ref().map_or(0, Vec::len);
        report.tick(1 + length as u64)?;
        if is_certificate(block) {
            certificate(block, report);
        } else if block.label.ends_with("PRIVATE KEY") {
            private_key(block, has_certificate, report);
        } else if block.label == "DH PARAMETERS"
            && let Some(bits) = block.bytes.as_deref().and_then(|der| bits_of_number(der, 0))
            && bits < 2048
        {
            report
                .finding(&DH, block.head)
                .message(format!("Diffie-Hellman parameters of {bits} bits can be broken"))
                .subject("dh-parameters");
        }
    }
    Ok(())
}

fn is_certificate(block: &Block) -> bool {
    matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
}

fn certificate(block: &Block, report: &mut Report) {
    // What is no DER at all stands for a certificate: a sample, a template.
    let Some(der) = block.bytes.as_deref().filter(|der| der.first() == Some(&0x30)) else { return };
    match parse(der) {
        Some(certificate) => {
            let mut judge = Judge { certificate: &certificate, at: block.head, report };
            judge.time();
            judge.strength();
            judge.shape();
        }
        None => {
            report.finding(&UNREADABLE, block.head).subject("certificate");
        }
    }
}

struct Judge<'a> {
    certificate: &'a Certificate,
    at: Span,
    report: &'a mut Report,
}

impl Judge<'_> {
    fn say(&mut self, rule: &'static pi_agent_api::Rule, message: String) {
        let subject = self.certificate.subject.clone();
        let finding = self.report.finding(rule, self.at).subject(subject.clone());
        if message.is_empty() {
            finding.message(format!("`{subject}`: {}", rule.summary));
        } else {
            finding.message(format!("`{subject}`: {message}"));
        }
    }

    /// Whether it is one that a server shows.
    fn is_server(&self) -> bool {
        let certificate = self.certificate;
        match certificate.purposes {
            Some(purposes) => purposes.server && !purposes.any || certificate.hosts.is_some(),
            None => {
                certificate.hosts.as_ref().is_some_and(|hosts| !hosts.is_empty())
                    || !self.is_authority() && certificate.subject.contains('.')
            }
        }
    }

    fn is_authority(&self) -> bool {
        self.certificate.constraints.is_some_and(|found| found.authority)
    }

    fn time(&mut self) {
        let (from, until) = (self.certificate.not_before, self.certificate.not_after);
        if until < from {
            self.say(&INVERTED, String::new());
            return;
        }
        if let Some(now) = self.report.as_of() {
            let now = i64::try_from(now.as_micros() / 1_000_000).unwrap_or(i64::MAX);
            let days = |seconds: i64| seconds / DAY;
            if now > until {
                self.say(
                    &EXPIRED,
                    format!("it ended {} days ago", days(now.saturating_sub(until))),
                );
            } else if now < from {
                self.say(&FUTURE, format!("it begins in {} days", days(from.saturating_sub(now))));
            } else if until.saturating_sub(now) < 30 * DAY {
                self.say(&EXPIRING, format!("it ends in {} days", days(until.saturating_sub(now))));
            }
        }
        let life = until.saturating_sub(from);
        let most = longest_life(from);
        if self.is_server() && !self.is_authority() && life > most * DAY + 1 {
            self.say(
                &TOO_LONG,
                format!("it is valid for {} days, {most} are accepted", life / DAY),
            );
        }
    }

    fn strength(&mut self) {
        // Nobody verifies the signature of a root: it is trusted by itself.
        let root = self.certificate.self_issued && self.is_authority();
        if let Some(hash) = weak_hash(&self.certificate.signature).filter(|_| !root) {
            self.say(&WEAK_SIGNATURE, format!("it is signed over {hash}"));
        }
        let weakness = match &self.certificate.key {
            Key::Rsa { bits, .. } if *bits < 2048 => Some(format!("its RSA key has {bits} bits")),
            Key::Rsa { exponent: Some(exponent), .. } if *exponent < 3 || exponent % 2 == 0 => {
                Some(format!("its RSA key has the exponent {exponent}"))
            }
            Key::Elliptic { curve: Some(curve) } => {
                weak_curve(curve).map(|name| format!("its key lies on the curve {name}"))
            }
            Key::Elliptic { curve: None } => {
                Some("its curve is written out in parameters, which nobody verifies".to_owned())
            }
            Key::Dsa => Some("its key is for DSA".to_owned()),
            _ => None,
        };
        if let Some(weakness) = weakness {
            self.say(&WEAK_KEY, weakness);
        }
    }

    fn shape(&mut self) {
        let certificate = self.certificate;
        if certificate.version < 3 {
            self.say(&OLD_VERSION, String::new());
        }
        let (server, authority) = (self.is_server(), self.is_authority());
        if server && !authority && certificate.hosts.is_none() {
            self.say(&NO_HOSTS, String::new());
        }
        if certificate.self_issued && server && !authority {
            self.say(&SELF_SIGNED, String::new());
        }
        if certificate.may_sign_certificates == Some(true) && !authority {
            self.say(&CA_UNCLEAR, String::new());
        }
        if certificate.constraints.is_some_and(|found| found.authority && !found.critical) {
            self.say(&CA_NOT_CRITICAL, String::new());
        }
        let names_a_host = certificate.hosts.as_ref().is_some_and(|hosts| !hosts.is_empty());
        if authority && names_a_host && certificate.purposes.is_none_or(|found| found.server) {
            self.say(&CA_AS_SERVER, String::new());
        }
        if server && !certificate.self_issued && certificate.serial_bits < 56 {
            self.say(
                &SHORT_SERIAL,
                format!("its serial number has {} bits", certificate.serial_bits),
            );
        }
    }
}

/// Days that a server's certificate may live when it was issued at `from`.
fn longest_life(from: i64) -> i64 {
    // The dates of the CA/B Forum's ballots, in seconds since 1970.
    const STEPS: &[(i64, i64)] = &[
        (1_868_227_200, 47),
        (1_805_068_800, 100),
        (1_773_532_800, 200),
        (1_598_918_400, 398),
        (1_519_862_400, 825),
    ];
    STEPS.iter().find(|(since, _)| from >= *since).map_or(1_827, |(_, days)| *days)
}

fn weak_hash(algorithm: &str) -> Option<&'static str> {
    match algorithm {
        "1.2.840.113549.1.1.2" => Some("MD2"),
        "1.2.840.113549.1.1.3" => Some("MD4"),
        "1.2.840.113549.1.1.4" => Some("MD5"),
        "1.2.840.113549.1.1.5" | "1.2.840.10040.4.3" | "1.2.840.10045.4.1" | "1.3.14.3.2.29" => {
            Some("SHA-1")
        }
        _ => None,
    }
}

fn weak_curve(curve: &str) -> Option<&'static str> {
    match curve {
        "1.2.840.10045.3.1.1" => Some("P-192"),
        "1.3.132.0.6" => Some("secp112r1"),
        "1.3.132.0.7" => Some("secp112r2"),
        "1.3.132.0.8" => Some("secp160r1"),
        "1.3.132.0.9" => Some("secp160k1"),
        "1.3.132.0.30" => Some("secp160r2"),
        "1.3.132.0.31" => Some("secp192k1"),
        "1.3.132.0.1" => Some("sect163k1"),
        "1.3.132.0.2" => Some("sect163r1"),
        "1.3.132.0.15" => Some("sect163r2"),
        "1.3.132.0.24" => Some("sect193r1"),
        "1.3.132.0.25" => Some("sect193r2"),
        _ => None,
    }
}

fn private_key(block: &Block, has_certificate: bool, report: &mut Report) {
    let subject = block.label.to_ascii_lowercase().replace(' ', "-");
    let encrypted = block.label.starts_with("ENCRYPTED")
        || block.headers.iter().any(|(name, _)| name == "DEK-Info");
    if let Some((_, how)) = block.headers.iter().find(|(name, _)| name == "DEK-Info") {
        let cipher = how.split(',').next().unwrap_or_default();
        report
            .finding(&KEY_FORMAT, block.head)
            .message(format!(
                "a private key under {cipher} is one round of MD5 from its passphrase"
            ))
            .subject(subject.clone());
    }
    if block.label == "DSA PRIVATE KEY" {
        report.finding(&WEAK_KEY, block.head).message("a private key for DSA").subject(subject);
        return;
    }
    if block.label == "RSA PRIVATE KEY"
        && !encrypted
        && let Some(bits) = block.bytes.as_deref().and_then(|der| bits_of_number(der, 1))
        && bits < 2048
    {
        report
            .finding(&WEAK_KEY, block.head)
            .message(format!("a private RSA key of {bits} bits"))
            .subject(subject.clone());
    }
    if has_certificate && !encrypted && block.bytes.is_some() {
        report.finding(&SHARED_FILE, block.head).subject(subject);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_get_shorter() {
        assert_eq!(longest_life(0), 1_827);
        // 14 and 15 March 2026.
        assert_eq!(longest_life(1_773_532_799), 398);
        assert_eq!(longest_life(1_773_532_800), 200);
        assert_eq!(longest_life(1_900_000_000), 47);
    }
}
