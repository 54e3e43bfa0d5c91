//! CycloneDX documents.

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Report, Stop};
use pi_artifacts::Span;
use pi_artifacts::data::{Data, Node};

use super::sbom_cyclonedx_fields as fields;
use super::sbom_validator::{
    DANGLING, DUPLICATE, HASHES, INCOMPLETE, Lacking, MINIMUM, check_purl, invalid, is_timestamp,
};

/// Versions; the first two have no JSON form.
const VERSIONS: &[&str] = &["1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// The fields of a document.
const FIELDS: &[&str] = &[
    "$schema",
    "bomFormat",
    "specVersion",
    "serialNumber",
    "version",
    "metadata",
    "components",
    "services",
    "externalReferences",
    "dependencies",
    "compositions",
    "vulnerabilities",
    "annotations",
    "formulation",
    "declarations",
    "definitions",
    "citations",
    "properties",
    "signature",
];

/// Checks a CycloneDX document.
///
/// # Errors
/// The steps are spent.
pub fn check(root: &Node, report: &mut Report) -> Result<(), Stop> {
    head(root, report);
    let components = components(root, report)?;
    let mut references: BTreeMap<&str, Span> = BTreeMap::new();
    fields::check(root, report)?;
    collect_references(root, &mut references, report)?;
    let mentioned = dependencies(root, &references, report)?;
    minimum(root, &components, report);
    if root.get("dependencies").is_some() {
        let mut outside = Lacking::default();
        for component in &components {
            let reference = component.get("bom-ref").and_then(Node::as_str);
            if !reference.is_some_and(|reference| mentioned.contains(reference)) {
                outside.add(component.span, name(component));
            }
        }
        outside.report(&INCOMPLETE, "place in the dependency graph", report);
    }
    Ok(())
}

fn head(root: &Node, report: &mut Report) {
    fields::only(root, FIELDS, "the document", report);
    if let Some(format) = root.get("bomFormat") {
        if format.as_str() != Some("CycloneDX") {
            invalid(report, format.span, "bomFormat", "`bomFormat` is not `CycloneDX`");
        }
    } else {
        invalid(report, root.span, "bomFormat", "`bomFormat` is missing");
    }
    match root.get("specVersion") {
        Some(version) if version.as_str().is_some_and(|text| VERSIONS.contains(&text)) => {}
        Some(version) => {
            invalid(report, version.span, "specVersion", "`specVersion` is no version of CycloneDX")
        }
        None => invalid(report, root.span, "specVersion", "`specVersion` is missing"),
    }
    if let Some(version) = root.get("version")
        && version.as_i64().is_none_or(|number| number < 1)
    {
        invalid(report, version.span, "version", "`version` is no positive number");
    }
    if let Some(serial) = root.get("serialNumber")
        && !serial.as_str().and_then(|text| text.strip_prefix("urn:uuid:")).is_some_and(is_uuid)
    {
        invalid(report, serial.span, "serialNumber", "`serialNumber` is no `urn:uuid:`");
    }
    if let Some(time) = root.at(&["metadata", "timestamp"])
        && !time.as_str().is_some_and(is_timestamp)
    {
        invalid(
            report,
            time.span,
            "metadata.timestamp",
            "`timestamp` is no date and time with a zone",
        );
    }
}

fn is_uuid(text: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() == lengths.len()
        && parts
            .iter()
            .zip(lengths)
            .all(|(part, n)| part.len() == n && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// All components, nested ones included; the described one is not among them.
fn components<'a>(root: &'a Node, report: &mut Report) -> Result<Vec<&'a Node>, Stop> {
    let mut all = Vec::new();
    let mut open: Vec<&Node> = root.get("components").into_iter().collect();
    while let Some(list) = open.pop() {
        for component in list.items() {
            report.tick(1)?;
            all.push(component);
            open.extend(component.get("components"));
        }
    }
    all.sort_by_key(|component| component.span);
    Ok(all)
}

fn name(component: &Node) -> &str {
    component.get("name").and_then(Node::as_str).unwrap_or("a component without a name")
}

/// Every `bom-ref` of the document; duplicates are reported.
fn collect_references<'a>(
    root: &'a Node,
    references: &mut BTreeMap<&'a str, Span>,
    report: &mut Report,
) -> Result<(), Stop> {
    let mut open = vec![root];
    let mut found: Vec<(&str, Span)> = Vec::new();
    while let Some(node) = open.pop() {
        report.tick(1)?;
        open.extend(node.items());
        for entry in node.entries() {
            open.push(&entry.value);
            if entry.key == "bom-ref"
                && let Some(reference) = entry.value.as_str()
            {
                found.push((reference, entry.value.span));
            }
        }
    }
    found.sort_by_key(|(_, span)| *span);
    for (reference, span) in found {
        if reference.is_empty() {
            invalid(report, span, "bom-ref", "a `bom-ref` is empty");
        } else if let Some(first) = references.get(reference) {
            report
                .finding(&DUPLICATE, span)
                .message(format!("`{reference}` is the reference of two elements"))
                .subject(reference)
                .related(*first, "the first one");
        } else {
            references.insert(reference, span);
        }
    }
    Ok(())
}

/// Checks the dependency graph; the references that it mentions.
fn dependencies<'a>(
    root: &'a Node,
    references: &BTreeMap<&str, Span>,
    report: &mut Report,
) -> Result<BTreeSet<&'a str>, Stop> {
    let mut mentioned = BTreeSet::new();
    let mut listed: BTreeSet<&str> = BTreeSet::new();
    for dependency in root.get("dependencies").map(Node::items).unwrap_or_default() {
        report.tick(1)?;
        let Some(reference) = dependency.get("ref") else {
            invalid(report, dependency.span, "dependencies", "a dependency has no `ref`");
            continue;
        };
        let text = reference.as_str().unwrap_or_default();
        if !listed.insert(text) {
            report
                .finding(&DUPLICATE, reference.span)
                .message(format!("`{text}` stands twice in the dependency graph"))
                .subject(format!("dependencies/{text}"));
        }
        let targets = ["dependsOn", "provides"]
            .iter()
            .flat_map(|key| dependency.get(key).map(Node::items).unwrap_or_default());
        for node in std::iter::once(reference).chain(targets) {
            let Some(text) = node.as_str() else { continue };
            mentioned.insert(text);
            // A BOM-Link names an element of another document.
            if !references.contains_key(text) && !text.starts_with("urn:cdx:") {
                report
                    .finding(&DANGLING, node.span)
                    .message(format!("`{text}` is no element of the document"))
                    .subject(text);
            }
        }
    }
    Ok(mentioned)
}

fn minimum(root: &Node, components: &[&Node], report: &mut Report) {
    let metadata = root.get("metadata");
    let has = |keys: &[&str]| keys.iter().any(|key| metadata.is_some_and(|m| m.get(key).is_some()));
    let at = root.entry("specVersion").map_or(root.span, |entry| entry.key_span);
    if !components.is_empty() {
        for (keys, what) in [
            (&["timestamp"][..], "time"),
            (&["authors", "tools", "supplier", "manufacture", "manufacturer"][..], "author"),
        ] {
            if !has(keys) {
                let message = format!("the document does not say its {what}");
                report.finding(&MINIMUM, at).message(message).subject(format!("document {what}"));
            }
        }
        if components.len() > 1 && root.get("dependencies").is_none() {
            report
                .finding(&MINIMUM, at)
                .message("the document records no relations between its components")
                .subject("relations");
        }
    }
    let (mut supplier, mut version) = (Lacking::default(), Lacking::default());
    let (mut identifier, mut hashes) = (Lacking::default(), Lacking::default());
    for component in components {
        let any = |keys: &[&str]| {
            keys.iter().any(|key| component.get(key).is_some_and(|node| !is_empty(node)))
        };
        let name = name(component);
        let span = component.span;
        let kind = component.get("type").and_then(Node::as_str).unwrap_or_default();
        if !any(&["supplier", "publisher", "author", "authors", "manufacturer", "group"]) {
            supplier.add(span, name);
        }
        if !any(&["version", "versionRange"]) && kind != "file" {
            version.add(span, name);
        }
        if !any(&["purl", "cpe", "swid", "omniborId", "swhid"]) && kind != "file" {
            identifier.add(span, name);
        }
        let strong = |hash: &Node| {
            let algorithm = hash.get("alg").and_then(Node::as_str).unwrap_or_default();
            !matches!(algorithm, "" | "MD5" | "SHA-1")
        };
        if !component.get("hashes").map(Node::items).unwrap_or_default().iter().any(strong) {
            hashes.add(span, name);
        }
    }
    supplier.report(&MINIMUM, "supplier", report);
    version.report(&MINIMUM, "version", report);
    identifier.report(&MINIMUM, "unique identifier (purl, CPE or SWID)", report);
    hashes.report(&HASHES, "hash of SHA-256 or better", report);
    for component in components {
        if let Some(node) = component.get("purl") {
            check_purl(node, name(component), report);
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match &node.value {
        Data::Null => true,
        Data::String { text, .. } => text.trim().is_empty(),
        _ => false,
    }
}
