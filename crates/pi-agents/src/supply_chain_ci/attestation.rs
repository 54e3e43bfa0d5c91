//! in-toto statements, DSSE envelopes and Sigstore bundles.

use pi_agent_api::{Report, Stop};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};

use super::base64;
use super::code_signing_enforcer::{BUILDER, MALFORMED, SUBJECT, UNLOGGED, UNSIGNED};

/// Whether a media type is that of a Sigstore bundle.
pub fn is_bundle(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.dev.sigstore.bundle")
}

/// Whether a `_type` is that of an in-toto statement.
pub fn is_statement(text: &str) -> bool {
    text.starts_with("https://in-toto.io/Statement/")
}

fn malformed(report: &mut Report, span: Span, subject: &str, message: &str) {
    report.finding(&MALFORMED, span).message(message).subject(subject);
}

/// The place of a node, or of the envelope that holds it encoded.
fn place(node: &Node, outside: Option<Span>) -> Span {
    outside.unwrap_or(node.span)
}

fn is_present(node: Option<&Node>) -> bool {
    node.is_some_and(|node| {
        node.as_str().is_some_and(|text| !text.is_empty())
            || node.is_map()
            || !node.items().is_empty()
    })
}

/// Checks a Sigstore bundle.
///
/// # Errors
/// The steps are spent.
pub fn bundle(root: &Node, report: &mut Report) -> Result<(), Stop> {
    let material = root.get("verificationMaterial");
    let Some(material) = material else {
        malformed(
            report,
            root.span,
            "verificationMaterial",
            "the bundle holds no verification material",
        );
        return Ok(());
    };
    let certificate =
        ["certificate", "x509CertificateChain"].iter().any(|k| is_present(material.get(k)));
    let key = is_present(material.get("publicKey"));
    if !certificate && !key {
        malformed(
            report,
            material.span,
            "certificate",
            "the bundle names neither a certificate nor a key",
        );
    }
    let logged = is_present(material.get("tlogEntries"));
    let stamped = is_present(material.at(&["timestampVerificationData", "rfc3161Timestamps"]));
    if certificate && !logged && !stamped {
        report.finding(&UNLOGGED, material.span).subject("verificationMaterial");
    }
    for entry in material.get("tlogEntries").map(Node::items).unwrap_or_default() {
        report.tick(1)?;
        if !is_present(entry.get("inclusionPromise")) && !is_present(entry.get("inclusionProof")) {
            malformed(
                report,
                entry.span,
                "tlogEntries",
                "a log entry holds neither a promise nor a proof of inclusion",
            );
        }
    }
    match (root.get("dsseEnvelope"), root.get("messageSignature")) {
        (Some(inner), None) => envelope(inner, None, report),
        (None, Some(signature)) => {
            if !is_present(signature.get("signature")) {
                report.finding(&UNSIGNED, signature.span).subject("messageSignature");
            }
            let digest = signature.at(&["messageDigest", "digest"]).and_then(Node::as_str);
            let length = digest.and_then(base64::decode).map(|bytes| bytes.len());
            if !matches!(length, Some(32 | 48 | 64)) {
                report
                    .finding(&SUBJECT, signature.span)
                    .message("the signed message is not fixed by a digest of SHA-2")
                    .subject("messageSignature");
            }
            Ok(())
        }
        _ => {
            report
                .finding(&UNSIGNED, root.span)
                .message("the bundle holds neither an envelope nor a signature")
                .subject("bundle");
            Ok(())
        }
    }
}

/// Checks a DSSE envelope and the statement in it.
///
/// # Errors
/// The steps are spent.
pub fn envelope(root: &Node, outside: Option<Span>, report: &mut Report) -> Result<(), Stop> {
    // Signatures shorter than this are none: Ed25519 has 64 bytes, ECDSA P-256
    // in DER about 70.
    const SHORTEST_SIGNATURE: usize = 56;
    let signatures = root.get("signatures").map(Node::items).unwrap_or_default();
    let real = |signature: &&Node| {
        let text = signature.get("sig").and_then(Node::as_str).unwrap_or_default();
        base64::decode(text).is_some_and(|bytes| bytes.len() >= SHORTEST_SIGNATURE)
    };
    if signatures.iter().filter(real).count() == 0 {
        let span = root.get("signatures").unwrap_or(root);
        report.finding(&UNSIGNED, place(span, outside)).subject("envelope");
    }
    let Some(payload) = root.get("payload") else {
        malformed(report, place(root, outside), "payload", "the envelope has no payload");
        return Ok(());
    };
    let Some(bytes) = payload.as_str().and_then(base64::decode) else {
        malformed(report, place(payload, outside), "payload", "the payload is not base64");
        return Ok(());
    };
    let kind = root.get("payloadType").and_then(Node::as_str).unwrap_or_default();
    if kind != "application/vnd.in-toto+json" {
        return Ok(());
    }
    report.tick(bytes.len() as u64)?;
    let inner = Artifact::with_kind("payload.json", bytes, Kind::Json);
    match inner.data() {
        Ok([document, ..]) => statement(&document.root, Some(place(payload, outside)), report),
        _ => {
            malformed(report, place(payload, outside), "payload", "the payload is not JSON");
            Ok(())
        }
    }
}

/// Checks an in-toto statement.
///
/// # Errors
/// The steps are spent.
pub fn statement(root: &Node, outside: Option<Span>, report: &mut Report) -> Result<(), Stop> {
    let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
    if !matches!(
        text("_type"),
        "https://in-toto.io/Statement/v1" | "https://in-toto.io/Statement/v0.1"
    ) {
        malformed(report, place(root, outside), "_type", "the statement is of an unknown type");
    }
    let predicate_type = text("predicateType");
    if !predicate_type.contains("://") && !predicate_type.starts_with("urn:") {
        malformed(report, place(root, outside), "predicateType", "the predicate type is no URI");
    }
    let subjects = root.get("subject").map(Node::items).unwrap_or_default();
    if subjects.is_empty() {
        report
            .finding(&SUBJECT, place(root, outside))
            .message("the statement has no subject, and so speaks of nothing")
            .subject("subject");
    }
    for subject in subjects {
        report.tick(1)?;
        let name = subject.get("name").and_then(Node::as_str).unwrap_or("(no name)");
        let digests = subject.get("digest").map(Node::entries).unwrap_or_default();
        let strong = digests.iter().any(|digest| {
            let value = digest.value.as_str().unwrap_or_default();
            let length = match digest.key.as_str() {
                "sha256" | "sha3_256" => 64,
                "sha384" | "sha3_384" => 96,
                "sha512" | "sha3_512" => 128,
                // Commits are named by SHA-1 in git.
                "gitCommit" | "gitTree" | "gitBlob" | "gitTag" => 40,
                _ => return false,
            };
            value.len() == length && value.bytes().all(|b| b.is_ascii_hexdigit())
        });
        if !strong {
            report
                .finding(&SUBJECT, place(subject, outside))
                .message(format!("the subject `{name}` is not fixed by a strong digest"))
                .subject(name);
        }
    }
    if predicate_type.starts_with("https://slsa.dev/provenance/") {
        provenance(root, outside, report);
    }
    Ok(())
}

fn provenance(root: &Node, outside: Option<Span>, report: &mut Report) {
    let Some(predicate) = root.get("predicate") else {
        malformed(report, place(root, outside), "predicate", "the provenance has no predicate");
        return;
    };
    let builder = predicate
        .at(&["runDetails", "builder", "id"])
        .or_else(|| predicate.at(&["builder", "id"]))
        .and_then(Node::as_str);
    if !builder.is_some_and(|id| id.contains("://") || id.starts_with("urn:")) {
        report.finding(&BUILDER, place(predicate, outside)).subject("builder");
    }
    let build_type = predicate
        .at(&["buildDefinition", "buildType"])
        .or_else(|| predicate.get("buildType"))
        // Version 0.1 calls it the recipe's type.
        .or_else(|| predicate.at(&["recipe", "type"]));
    if !is_present(build_type) {
        malformed(
            report,
            place(predicate, outside),
            "buildType",
            "the provenance has no build type",
        );
    }
}
