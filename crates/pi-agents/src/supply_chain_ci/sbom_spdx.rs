//! SPDX 2.2 and 2.3 documents.

use std::collections::BTreeMap;

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::data::Node;

use super::sbom_validator::{
    DANGLING, DUPLICATE, HASHES, Lacking, MINIMUM, check_expression, check_purl, invalid,
    is_timestamp,
};

/// Algorithms and the length of their digests in hexadecimal digits.
const CHECKSUMS: &[(&str, usize)] = &[
    ("MD2", 32),
    ("MD4", 32),
    ("MD5", 32),
    ("SHA1", 40),
    ("SHA224", 56),
    ("SHA256", 64),
    ("SHA384", 96),
    ("SHA512", 128),
    ("SHA3-256", 64),
    ("SHA3-384", 96),
    ("SHA3-512", 128),
    ("BLAKE2b-256", 64),
    ("BLAKE2b-384", 96),
    ("BLAKE2b-512", 128),
];

/// Checks an SPDX document.
///
/// # Errors
/// The steps are spent.
pub fn check(root: &Node, report: &mut Report) -> Result<(), Stop> {
    head(root, report);
    let elements = elements(root, report)?;
    relationships(root, &elements, report)?;
    let packages = root.get("packages").map(Node::items).unwrap_or_default();
    let (mut supplier, mut version) = (Lacking::default(), Lacking::default());
    let (mut identifier, mut hashes) = (Lacking::default(), Lacking::default());
    for package in packages {
        report.tick(1)?;
        let name = package.get("name").and_then(Node::as_str).unwrap_or("(no name)");
        for key in ["SPDXID", "name", "downloadLocation"] {
            if package.get(key).is_none() {
                let subject = format!("{name}/{key}");
                invalid(report, package.span, &subject, format!("`{key}` of a package is missing"));
            }
        }
        let stated = |key: &str| {
            package
                .get(key)
                .and_then(Node::as_str)
                .is_some_and(|t| !t.is_empty() && t != "NOASSERTION")
        };
        if !stated("supplier") && !stated("originator") {
            supplier.add(package.span, name);
        }
        if !stated("versionInfo") {
            version.add(package.span, name);
        }
        if !identifiers(package, name, report) {
            identifier.add(package.span, name);
        }
        if !checksums(package, name, report) {
            hashes.add(package.span, name);
        }
        for key in ["licenseConcluded", "licenseDeclared"] {
            if let Some(node) = package.get(key)
                && !matches!(node.as_str(), Some("NONE" | "NOASSERTION"))
            {
                check_expression(node, name, report);
            }
        }
    }
    supplier.report(&MINIMUM, "supplier", report);
    version.report(&MINIMUM, "version", report);
    identifier.report(&MINIMUM, "unique identifier (purl, CPE or SWID)", report);
    hashes.report(&HASHES, "hash of SHA-256 or better", report);
    Ok(())
}

fn head(root: &Node, report: &mut Report) {
    let text = |key: &str| root.get(key).and_then(Node::as_str);
    let at = |key: &str| root.get(key).map_or(root.span, |node| node.span);
    if !matches!(text("spdxVersion"), Some("SPDX-2.2" | "SPDX-2.3")) {
        invalid(report, at("spdxVersion"), "spdxVersion", "`spdxVersion` is neither 2.2 nor 2.3");
    }
    if text("dataLicense") != Some("CC0-1.0") {
        invalid(report, at("dataLicense"), "dataLicense", "`dataLicense` is not `CC0-1.0`");
    }
    if text("SPDXID") != Some("SPDXRef-DOCUMENT") {
        invalid(report, at("SPDXID"), "SPDXID", "the document is not `SPDXRef-DOCUMENT`");
    }
    for key in ["name", "documentNamespace", "creationInfo"] {
        if root.get(key).is_none() {
            invalid(report, root.span, key, format!("`{key}` of the document is missing"));
        }
    }
    let Some(creation) = root.get("creationInfo") else { return };
    match creation.get("created") {
        Some(node) if node.as_str().is_some_and(is_timestamp) => {}
        found => {
            let span = found.map_or(creation.span, |node| node.span);
            invalid(
                report,
                span,
                "creationInfo.created",
                "`created` is no date and time with a zone",
            );
        }
    }
    if creation.get("creators").is_none_or(|node| node.items().is_empty()) {
        report
            .finding(&MINIMUM, creation.span)
            .message("the document does not say its author")
            .subject("document author");
    }
}

/// Every `SPDXID`; duplicates are reported.
fn elements<'a>(root: &'a Node, report: &mut Report) -> Result<BTreeMap<&'a str, Span>, Stop> {
    let mut elements: BTreeMap<&str, Span> = BTreeMap::new();
    let document = root.get("SPDXID").into_iter();
    let listed = ["packages", "files", "snippets"]
        .iter()
        .flat_map(|key| root.get(key).map(Node::items).unwrap_or_default())
        .filter_map(|element| element.get("SPDXID"));
    for node in document.chain(listed) {
        report.tick(1)?;
        let Some(id) = node.as_str() else { continue };
        if let Some(first) = elements.insert(id, node.span) {
            report
                .finding(&DUPLICATE, node.span)
                .message(format!("`{id}` is the identifier of two elements"))
                .subject(id)
                .related(first, "the first one");
        }
    }
    Ok(elements)
}

fn relationships(
    root: &Node,
    elements: &BTreeMap<&str, Span>,
    report: &mut Report,
) -> Result<(), Stop> {
    let relations = root.get("relationships").map(Node::items).unwrap_or_default();
    let packages = root.get("packages").map(Node::items).unwrap_or_default();
    if relations.is_empty() && packages.len() > 1 && root.get("documentDescribes").is_none() {
        report
            .finding(&MINIMUM, root.entry("packages").map_or(root.span, |entry| entry.key_span))
            .message("the document records no relations between its packages")
            .subject("relations");
    }
    for relation in relations {
        report.tick(1)?;
        for key in ["spdxElementId", "relatedSpdxElement"] {
            let Some(node) = relation.get(key) else {
                let message = format!("`{key}` of a relationship is missing");
                invalid(report, relation.span, &format!("relationships/{key}"), message);
                continue;
            };
            let Some(id) = node.as_str() else { continue };
            let elsewhere = id.starts_with("DocumentRef-") || matches!(id, "NONE" | "NOASSERTION");
            if !elsewhere && !elements.contains_key(id) {
                report
                    .finding(&DANGLING, node.span)
                    .message(format!("`{id}` is no element of the document"))
                    .subject(id);
            }
        }
    }
    Ok(())
}

/// Whether a package has an identifier; package URLs are checked.
fn identifiers(package: &Node, name: &str, report: &mut Report) -> bool {
    let mut found = false;
    for reference in package.get("externalRefs").map(Node::items).unwrap_or_default() {
        let kind = reference.get("referenceType").and_then(Node::as_str).unwrap_or_default();
        if !matches!(kind, "purl" | "cpe22Type" | "cpe23Type" | "swid" | "swh" | "gitoid") {
            continue;
        }
        found = true;
        if let Some(locator) = reference.get("referenceLocator").filter(|_| kind == "purl") {
            check_purl(locator, name, report);
        }
    }
    found
}

/// Whether a package has a strong hash; lengths are checked.
fn checksums(package: &Node, name: &str, report: &mut Report) -> bool {
    let mut strong = false;
    for checksum in package.get("checksums").map(Node::items).unwrap_or_default() {
        let algorithm = checksum.get("algorithm").and_then(Node::as_str).unwrap_or_default();
        let value = checksum.get("checksumValue").and_then(Node::as_str).unwrap_or_default();
        strong |= !matches!(algorithm, "MD2" | "MD4" | "MD5" | "SHA1" | "ADLER32" | "");
        if let Some((_, length)) = CHECKSUMS.iter().find(|(known, _)| *known == algorithm)
            && (value.len() != *length || !value.bytes().all(|b| b.is_ascii_hexdigit()))
        {
            let message = format!("a digest of {algorithm} has {length} hexadecimal digits");
            invalid(report, checksum.span, &format!("{name}/{algorithm}"), message);
        }
    }
    strong
}
