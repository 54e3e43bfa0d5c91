//! Fields of CycloneDX elements, wherever they stand in a document.

use pi_agent_api::{Report, Stop};
use pi_artifacts::data::{Entry, Node};

use super::licence::is_identifier;
use super::sbom_validator::{LICENCE, check_expression, invalid};

const TYPES: &[&str] = &[
    "application",
    "framework",
    "library",
    "container",
    "platform",
    "operating-system",
    "device",
    "device-driver",
    "firmware",
    "file",
    "machine-learning-model",
    "data",
    "cryptographic-asset",
];

/// The fields of the element `metadata`.
const METADATA: &[&str] = &[
    "timestamp",
    "lifecycles",
    "tools",
    "authors",
    "component",
    "manufacture",
    "manufacturer",
    "supplier",
    "licenses",
    "properties",
    "distributionConstraints",
];

/// Algorithms and the length of their digests in hexadecimal digits.
const HASHES: &[(&str, usize)] = &[
    ("MD5", 32),
    ("SHA-1", 40),
    ("SHA-256", 64),
    ("SHA-384", 96),
    ("SHA-512", 128),
    ("SHA3-256", 64),
    ("SHA3-384", 96),
    ("SHA3-512", 128),
    ("BLAKE2b-256", 64),
    ("BLAKE2b-384", 96),
    ("BLAKE2b-512", 128),
    ("BLAKE3", 64),
    ("Streebog-256", 64),
    ("Streebog-512", 128),
];

/// Lists of licences that name some and have an expression too; version 1.7
/// allows it.
fn mixed_licences(entry: &Entry, owner: &str, report: &mut Report) {
    let items = entry.value.items();
    let has = |key: &str| items.iter().any(|item| item.get(key).is_some());
    if entry.key == "licenses" && has("expression") && has("license") {
        let subject = format!("{owner}/licenses");
        invalid(report, entry.value.span, &subject, "licences are named or an expression");
    }
}

/// Checks every element of a document by the key it stands under.
///
/// # Errors
/// The steps are spent.
pub fn check(root: &Node, report: &mut Report) -> Result<(), Stop> {
    let mixes = root.get("specVersion").and_then(Node::as_str) == Some("1.7");
    let mut open: Vec<(&Node, String)> = vec![(root, String::new())];
    while let Some((node, owner)) = open.pop() {
        for entry in node.entries() {
            report.tick(1)?;
            let own = entry.value.get("name").and_then(Node::as_str);
            let owner = own.map_or_else(|| owner.clone(), str::to_owned);
            field(entry, &owner, report);
            if !mixes {
                mixed_licences(entry, &owner, report);
            }
            for item in entry.value.items() {
                report.tick(1)?;
                let own = item.get("name").and_then(Node::as_str);
                open.push((item, own.map_or_else(|| owner.clone(), str::to_owned)));
            }
            open.push((&entry.value, owner));
        }
    }
    Ok(())
}

fn field(entry: &Entry, owner: &str, report: &mut Report) {
    let node = &entry.value;
    let items = node.items();
    match entry.key.as_str() {
        "components" | "ancestors" | "descendants" | "variants" => {
            items.iter().for_each(|item| component(item, report));
        }
        "component" if node.is_map() => component(node, report),
        "hashes" => items.iter().for_each(|item| hash(item, owner, report)),
        "licenses" => items.iter().for_each(|item| licence(item, owner, report)),
        "patches" => items.iter().for_each(|item| {
            one_of(
                item,
                "type",
                &["unofficial", "monkey", "backport", "cherry-pick"],
                owner,
                report,
            );
        }),
        "resolves" => items.iter().for_each(|item| {
            if item.get("type").is_some() {
                one_of(item, "type", &["defect", "enhancement", "security"], owner, report);
            }
        }),
        "properties" => items.iter().filter(|item| item.is_map()).for_each(|item| {
            let named = item.get("name").is_some();
            if !named || item.entries().iter().any(|e| e.key != "name" && e.key != "value") {
                invalid(
                    report,
                    item.span,
                    &format!("{owner}/properties"),
                    "a property is a `name` and a `value`",
                );
            }
        }),
        "metadata" if node.is_map() => only(node, METADATA, "metadata", report),
        "citations" => items.iter().for_each(|item| citation(item, report)),
        "swid" if node.is_map() => {
            required(node, &["tagId", "name"], &format!("{owner}/swid"), report);
        }
        "services" => items.iter().for_each(|item| {
            required(item, &["name"], "services", report);
            for data in item.get("data").map(Node::items).unwrap_or_default() {
                required(data, &["flow", "classification"], owner, report);
                let flows = ["inbound", "outbound", "bi-directional", "unknown"];
                one_of(data, "flow", &flows, owner, report);
            }
        }),
        "externalReferences" => items.iter().for_each(|item| {
            required(item, &["type", "url"], &format!("{owner}/externalReferences"), report);
        }),
        "text" | "attachment"
            if node.get("content").is_some()
                && node.get("encoding").is_some_and(|e| e.as_str() != Some("base64")) =>
        {
            invalid(report, node.span, &format!("{owner}/text"), "the only encoding is `base64`");
        }
        _ => {}
    }
}

/// Reports fields that an element does not have.
pub fn only(node: &Node, known: &[&str], subject: &str, report: &mut Report) {
    for entry in node.entries() {
        if !known.contains(&entry.key.as_str()) {
            let message = format!("{subject} has no field `{}`", entry.key);
            invalid(report, entry.key_span, &format!("{subject}/{}", entry.key), message);
        }
    }
}

fn citation(node: &Node, report: &mut Report) {
    let has = |key: &str| node.get(key).is_some();
    if has("pointers") == has("expressions") {
        let message = "a citation has `pointers` or `expressions`, and not both";
        invalid(report, node.span, "citations", message);
    }
    if !has("attributedTo") && !has("process") {
        let message = "a citation needs `attributedTo` or `process`";
        invalid(report, node.span, "citations", message);
    }
}

fn component(node: &Node, report: &mut Report) {
    let name = node.get("name").and_then(Node::as_str).unwrap_or("(no name)");
    required(node, &["type", "name"], name, report);
    if node.get("type").is_some() {
        one_of(node, "type", TYPES, name, report);
    }
    if node.get("scope").is_some() {
        one_of(node, "scope", &["required", "optional", "excluded"], name, report);
    }
    if let Some(range) = node.entry("versionRange")
        && node.get("isExternal").and_then(Node::as_bool) != Some(true)
    {
        invalid(report, range.key_span, name, "`versionRange` is for external components");
    }
}

fn required(node: &Node, keys: &[&str], subject: &str, report: &mut Report) {
    for key in keys {
        if node.get(key).is_none_or(Node::is_null) {
            let subject = format!("{subject}/{key}");
            invalid(report, node.span, &subject, format!("`{key}` is missing"));
        }
    }
}

fn one_of(node: &Node, key: &str, allowed: &[&str], owner: &str, report: &mut Report) {
    match node.get(key) {
        Some(value) if value.as_str().is_some_and(|text| allowed.contains(&text)) => {}
        Some(value) => {
            let message = format!("`{key}` is none of {}", allowed.join(", "));
            invalid(report, value.span, &format!("{owner}/{key}"), message);
        }
        None => {}
    }
}

fn hash(node: &Node, owner: &str, report: &mut Report) {
    let subject = format!("{owner}/hashes");
    let algorithm = node.get("alg").and_then(Node::as_str).unwrap_or_default();
    let content = node.get("content").and_then(Node::as_str).unwrap_or_default();
    match HASHES.iter().find(|(name, _)| *name == algorithm) {
        None => invalid(report, node.span, &subject, format!("`{algorithm}` is no hash algorithm")),
        Some((_, length)) => {
            let hex = content.bytes().all(|b| b.is_ascii_hexdigit());
            if content.len() != *length || !hex {
                let message = format!("a digest of {algorithm} has {length} hexadecimal digits");
                invalid(report, node.span, &format!("{subject}/{algorithm}"), message);
            }
        }
    }
}

fn licence(node: &Node, owner: &str, report: &mut Report) {
    let subject = format!("{owner}/licenses");
    match (node.get("license"), node.get("expression")) {
        (Some(_), Some(_)) => {
            invalid(report, node.span, &subject, "a choice is a `license` or an `expression`");
        }
        (None, None) => {
            if node.get("expressionDetails").is_none() {
                invalid(
                    report,
                    node.span,
                    &subject,
                    "a choice needs a `license` or an `expression`",
                );
            }
        }
        (None, Some(expression)) => check_expression(expression, owner, report),
        (Some(license), None) => match (license.get("id"), license.get("name")) {
            (Some(id), None) => {
                if !id.as_str().is_some_and(is_identifier) {
                    let text = id.as_str().unwrap_or_default();
                    report
                        .finding(&LICENCE, id.span)
                        .message(format!("`{text}` is not on the SPDX licence list"))
                        .subject(format!("{owner}/{text}"));
                } else {
                    check_expression(id, owner, report);
                }
            }
            (None, Some(name)) => {
                if name.as_str().is_none() {
                    invalid(report, name.span, &subject, "a licence has one `name`");
                }
            }
            (Some(_), Some(_)) => {
                invalid(
                    report,
                    license.span,
                    &subject,
                    "a licence has an `id` or a `name`, not both",
                );
            }
            (None, None) => {
                invalid(report, license.span, &subject, "a licence needs an `id` or a `name`");
            }
        },
    }
}
