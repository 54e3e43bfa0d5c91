//! The rules about certificates and keys in PEM.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $confidence:ident, $references:expr, $summary:literal, $fix:literal) => {
        pub(super) const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::$confidence,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    EXPIRED,
    "expired-certificate",
    High,
    High,
    ["CWE-298"],
    "a certificate that is no longer valid",
    "renew it, and let a client such as certbot or cert-manager do so from now on"
);
rule!(
    EXPIRING,
    "certificate-expires-soon",
    Medium,
    High,
    ["CWE-298"],
    "a certificate that ends within 30 days",
    "renew it now, and automate renewal at two thirds of its life"
);
rule!(
    FUTURE,
    "certificate-not-yet-valid",
    Medium,
    High,
    ["CWE-298"],
    "a certificate that is not valid yet",
    "deploy it when it is valid, or check the clock of the issuer"
);
rule!(
    INVERTED,
    "validity-ends-before-it-begins",
    High,
    High,
    ["CWE-298"],
    "a certificate that ends before it begins",
    "issue it again with a validity that is one"
);
rule!(
    TOO_LONG,
    "certificate-valid-too-long",
    Low,
    Medium,
    ["CWE-324"],
    "a server certificate is valid for longer than browsers accept",
    "issue it for at most 398 days (200 from March 2026, 100 from 2027, 47 from 2029)"
);
rule!(
    WEAK_SIGNATURE,
    "weak-certificate-signature",
    High,
    High,
    ["CWE-328", "CWE-327"],
    "a certificate is signed over a hash for which collisions are known",
    "issue it again with SHA-256 or better"
);
rule!(
    WEAK_KEY,
    "weak-certificate-key",
    High,
    High,
    ["CWE-326"],
    "a key that is too short or of a kind that is given up",
    "use RSA of 2048 bits or more, P-256, P-384 or Ed25519"
);
rule!(
    NO_HOSTS,
    "no-alternative-name",
    Medium,
    High,
    ["CWE-297"],
    "a server certificate without alternative names: clients ignore the common name",
    "list every host as subject alternative name"
);
rule!(
    SELF_SIGNED,
    "self-signed-certificate",
    Low,
    Medium,
    ["CWE-296"],
    "a server certificate that vouches for itself",
    "have it issued by an authority that the clients already trust, of your own if need be"
);
rule!(
    CA_UNCLEAR,
    "authority-flag-missing",
    Medium,
    High,
    ["CWE-295"],
    "a certificate may sign others without being marked as an authority",
    "set basicConstraints CA:TRUE on authorities, and take keyCertSign from all others"
);
rule!(
    CA_NOT_CRITICAL,
    "authority-flag-not-critical",
    Low,
    High,
    ["CWE-295"],
    "an authority whose basic constraints may be ignored",
    "mark basicConstraints as critical"
);
rule!(
    CA_AS_SERVER,
    "authority-used-as-server",
    Medium,
    Medium,
    ["CWE-295"],
    "one certificate is a server's and an authority: who steals the server's key can sign for any name",
    "keep the authority offline and issue a certificate for the server"
);
rule!(
    OLD_VERSION,
    "old-certificate-version",
    Low,
    High,
    ["CWE-295"],
    "a certificate of version 1 or 2, which says nothing about its use",
    "issue it as version 3 with basicConstraints and key usage"
);
rule!(
    SHORT_SERIAL,
    "short-serial-number",
    Low,
    Medium,
    ["CWE-330"],
    "a serial number that can be guessed",
    "let the authority choose at least 64 random bits"
);
rule!(
    UNREADABLE,
    "unreadable-certificate",
    Low,
    High,
    ["CWE-295"],
    "a certificate that cannot be read",
    "replace it with a copy that is whole"
);
rule!(
    DH,
    "weak-dh-parameters",
    High,
    High,
    ["CWE-326"],
    "Diffie-Hellman parameters that can be broken",
    "use ECDHE alone, or a named group of RFC 7919 of 2048 bits or more"
);
rule!(
    KEY_FORMAT,
    "weak-key-encryption",
    Medium,
    High,
    ["CWE-916", "CWE-327"],
    "a private key is encrypted in the old form: one round of MD5 between it and its passphrase",
    "write it as PKCS#8 with PBKDF2 or scrypt: `openssl pkcs8 -topk8 -v2 aes-256-cbc -scrypt`"
);
rule!(
    SHARED_FILE,
    "private-key-beside-certificate",
    Low,
    Medium,
    ["CWE-522", "CWE-312"],
    "a private key without a passphrase lies in the file of its certificate",
    "keep the key in a file of its own that only the server reads, or in a secret store"
);
