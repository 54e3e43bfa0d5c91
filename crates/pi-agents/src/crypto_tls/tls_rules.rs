//! The rules about TLS and cryptography, in configuration and in programs.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

pub(super) const VERSION: Rule = Rule {
    id: "old-tls-version",
    summary: "a version of TLS with known attacks is accepted",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-327", "CWE-757"],
    fix: "accept TLS 1.2 and 1.3 only",
};

pub(super) const CIPHER: Rule = Rule {
    id: "weak-cipher",
    summary: "a cipher that is broken is accepted or used",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-327"],
    fix: "use AES-GCM or ChaCha20-Poly1305",
};

pub(super) const UNVERIFIED: Rule = Rule {
    id: "certificate-not-verified",
    summary: "the certificate of the other side is not verified: anybody on the way can be it",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-295"],
    fix: "verify it, and name the authority where it is a private one",
};

pub(super) const HOST: Rule = Rule {
    id: "host-name-not-verified",
    summary: "any valid certificate is accepted, whatever host it was issued for",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-297"],
    fix: "leave the check of the host name on",
};

pub(super) const OFF: Rule = Rule {
    id: "encryption-off",
    summary: "a connection or a store is not encrypted",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-319", "CWE-311"],
    fix: "switch encryption on",
};

pub(super) const HASH: Rule = Rule {
    id: "weak-hash",
    summary: "a hash for which collisions are known is used",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-328"],
    fix: "use SHA-256 or BLAKE3, for passwords Argon2id; say so where it is no security (`usedforsecurity=False`)",
};

pub(super) const SHORT_KEY: Rule = Rule {
    id: "short-key",
    summary: "keys are made that are too short",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-326"],
    fix: "make RSA keys of 3072 bits, or use P-256 or Ed25519",
};

pub(super) const OPTION: Rule = Rule {
    id: "insecure-tls-option",
    summary: "an option of TLS is on that attacks are known for",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-757"],
    fix: "switch it off",
};
