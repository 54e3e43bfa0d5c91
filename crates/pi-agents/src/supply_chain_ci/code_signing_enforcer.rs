//! `code_signing_enforcer`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::{attestation, checksum_manifest};

/// A digest that cannot be one.
pub const DIGEST: Rule = Rule {
    id: "malformed-digest",
    summary: "a digest that is too short, too long or no hexadecimal number",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-345", "CWE-353"],
    fix: "compute the digest again: `sha256sum FILE`",
};

/// A digest that collides.
pub const WEAK: Rule = Rule {
    id: "weak-digest",
    summary: "files vouched for by a hash that can be made to collide",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-328", "CWE-345"],
    fix: "publish SHA-256 or better",
};

/// Two digests for one file, or one digest for nothing.
pub const CONFLICT: Rule = Rule {
    id: "conflicting-digests",
    summary: "one file with two different digests of one algorithm",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-345"],
    fix: "write the manifest again from the released files",
};

/// A placeholder instead of a digest.
pub const PLACEHOLDER: Rule = Rule {
    id: "placeholder-digest",
    summary: "a digest of nothing: all one digit, or that of the empty file",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-345", "CWE-353"],
    fix: "compute the digest of the released file",
};

/// An envelope or bundle without a signature.
pub const UNSIGNED: Rule = Rule {
    id: "unsigned-statement",
    summary: "an attestation without a signature",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-347", "Scorecard-Signed-Releases", "SLSA-Build-L2"],
    fix: "sign the statement (`cosign attest`, the SLSA generators)",
};

/// An attestation that says nothing verifiable.
pub const MALFORMED: Rule = Rule {
    id: "malformed-attestation",
    summary: "an attestation that verifiers cannot use",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-345", "SLSA-Provenance-v1", "in-toto-Statement-v1"],
    fix: "produce the attestation again with a current tool",
};

/// An attestation about no file.
pub const SUBJECT: Rule = Rule {
    id: "subject-without-digest",
    summary: "an attestation whose subject is not fixed by a strong digest",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-345", "CWE-353", "in-toto-Statement-v1"],
    fix: "name every subject with its SHA-256",
};

/// Provenance that does not say who built.
pub const BUILDER: Rule = Rule {
    id: "no-builder",
    summary: "provenance that does not say which builder made the file",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-345", "SLSA-Provenance-v1"],
    fix: "record the builder's URI: without it nobody can decide whether to trust it",
};

/// A bundle that nobody witnessed.
pub const UNLOGGED: Rule = Rule {
    id: "no-trusted-time",
    summary: "a keyless signature without a transparency-log entry or time stamp",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-347", "Sigstore-Bundle-0.3"],
    fix: "sign with a transparency log or a time-stamping authority: the certificate lives ten minutes",
};

declare_agent! {
    /// # What it checks
    /// What releases are vouched for with, offline and by structure:
    /// - checksum manifests (`SHA256SUMS`, `*.sha256`, BSD and GNU style): length and
    ///   alphabet of each digest, weak algorithms, conflicting lines, placeholders;
    /// - DSSE envelopes: payload type, base64, at least one signature of plausible
    ///   length; the in-toto statement inside is read as well;
    /// - in-toto statements (0.1 and 1): type, predicate type, subjects with strong
    ///   digests; SLSA provenance (0.1, 0.2 and 1): builder and build type;
    /// - Sigstore bundles: media type, verification material, signature, a log entry
    ///   or time stamp.
    ///
    /// # Why it matters
    /// A signature that verifies nothing looks like one that does: an attestation
    /// without a digest holds for any file.
    ///
    /// # Example denied
    /// ```text
    /// d41d8cd98f00b204e9800998ecf8427e  app.tar.gz
    /// ```
    ///
    /// # Example allowed
    /// ```text
    /// f498a8ff2dd007e29c2074f5e4b01a9a01775c3ff3aeaf6906ea503bc5791b7b  app.tar.gz
    /// ```
    ///
    /// # Limits
    /// Signatures are not verified cryptographically and digests not compared with
    /// files: one artifact is seen at a time. Files of a name that does not say that
    /// they hold checksums are not read as such. Whether a builder is trusted is a
    /// matter of policy. minisign and SSH signatures are not read.
    ///
    /// # References
    /// CWE-345 (insufficient verification of data authenticity), CWE-347 (improper
    /// verification of cryptographic signature), CWE-353, CWE-328, in-toto Statement
    /// v1, SLSA Provenance v1, DSSE v1, Sigstore bundle 0.3, OpenSSF Scorecard
    /// `Signed-Releases`.
    pub struct CodeSigningEnforcer {
        slug: "code_signing_enforcer",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Text, Kind::Json],
        triggers: Always,
        invariant_to: ALL,
        rules: [DIGEST, WEAK, CONFLICT, PLACEHOLDER, UNSIGNED, MALFORMED, SUBJECT, BUILDER, UNLOGGED],
        fixture: include_str!("fixtures/code_signing_enforcer.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Text {
        return checksum_manifest::check(artifact, report);
    }
    let has = |node: &Node, keys: &[&str]| keys.iter().all(|key| node.get(key).is_some());
    let Some(document) = artifact.data()?.first() else { return Ok(()) };
    let root = &document.root;
    if root.get("mediaType").and_then(Node::as_str).is_some_and(attestation::is_bundle) {
        attestation::bundle(root, report)
    } else if has(root, &["payloadType", "payload"]) {
        attestation::envelope(root, None, report)
    } else if root.get("_type").and_then(Node::as_str).is_some_and(attestation::is_statement) {
        attestation::statement(root, None, report)
    } else {
        Ok(())
    }
}
