//! CycloneDX documents in XML, read into the shape of the JSON form: one set of
//! checks serves both.

use pi_artifacts::Span;
use pi_artifacts::data::{Data, Entry, Node};
use roxmltree::{Document, Node as Element};

/// What the name space of a document begins with; its version follows.
pub const NAMESPACE: &str = "http://cyclonedx.org/schema/bom/";

/// Elements that hold a list.
const LISTS: &[&str] = &[
    "ancestors",
    "annotations",
    "citations",
    "commits",
    "components",
    "compositions",
    "data",
    "dependencies",
    "descendants",
    "externalReferences",
    "hashes",
    "licenses",
    "patches",
    "properties",
    "resolves",
    "services",
    "variants",
    "vulnerabilities",
];

/// Deeper elements are left out; no real document comes near.
const MAX_DEPTH: usize = 64;

/// Reads a document; `None` when it is no CycloneDX in XML.
///
/// # Errors
/// What is wrong with the XML, and the line.
pub fn read(text: &str) -> Option<Result<Node, (String, Span)>> {
    if !text.contains(NAMESPACE) {
        return None;
    }
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => return Some(Err((error.to_string(), line(text, error.pos().row)))),
    };
    let root = document.root_element();
    let version = root.tag_name().namespace()?.strip_prefix(NAMESPACE)?;
    if root.tag_name().name() != "bom" {
        return None;
    }
    let at = span(root);
    let mut entries = vec![
        entry("bomFormat", at, string("CycloneDX")),
        entry("specVersion", at, string(version)),
    ];
    if let Some(serial) = root.attribute("serialNumber") {
        entries.push(entry("serialNumber", at, string(serial)));
    }
    if let Some(version) = root.attribute("version") {
        entries.push(entry("version", at, Data::Number(version.to_owned())));
    }
    children(root, 0, &mut entries);
    Some(Ok(Node { value: Data::Map(entries), span: at }))
}

/// The place of an element's opening tag.
/// The place of a line, counted from 1.
fn line(text: &str, row: u32) -> Span {
    let before = usize::try_from(row).unwrap_or(usize::MAX).saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(before).map(str::len).sum();
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    Span::new(start, start + line.len())
}

fn span(element: Element<'_, '_>) -> Span {
    let range = element.range();
    Span::new(range.start, range.end.min(range.start + element.tag_name().name().len() + 1))
}

fn string(text: &str) -> Data {
    Data::String { text: text.to_owned(), plain: false }
}

fn entry(key: &str, span: Span, value: Data) -> Entry {
    Entry { key: key.to_owned(), key_span: span, value: Node { value, span }, merged: false }
}

/// The child elements of CycloneDX itself; extensions have other name spaces.
fn own<'a, 'input>(
    element: Element<'a, 'input>,
) -> impl Iterator<Item = Element<'a, 'input>> + use<'a, 'input> {
    let space = element.tag_name().namespace();
    element
        .children()
        .filter(move |child| child.is_element() && child.tag_name().namespace() == space)
}

/// Child elements as entries; what stands there more than once is a list.
fn children(element: Element<'_, '_>, depth: usize, out: &mut Vec<Entry>) {
    if depth > MAX_DEPTH {
        return;
    }
    for child in own(element) {
        // As an element it points to what has the attribute of this name.
        let name = match child.tag_name().name() {
            "bom-ref" => "ref",
            name => name,
        };
        let value = value(child, depth + 1);
        match out.iter_mut().find(|entry| entry.key == name) {
            None => out.push(entry(name, span(child), value)),
            Some(first) => {
                let node = Node { value, span: span(child) };
                match &mut first.value.value {
                    Data::Sequence(items) if !LISTS.contains(&name) => items.push(node),
                    _ => {
                        let before = first.value.clone();
                        first.value.value = Data::Sequence(vec![before, node]);
                    }
                }
            }
        }
    }
}

fn value(element: Element<'_, '_>, depth: usize) -> Data {
    let name = element.tag_name().name();
    if LISTS.contains(&name) && depth <= MAX_DEPTH {
        let items =
            own(element).map(|child| Node { value: item(name, child, depth), span: span(child) });
        return Data::Sequence(items.collect());
    }
    let text = element.text().unwrap_or_default().trim();
    if own(element).next().is_none() && element.attributes().next().is_none() {
        return leaf(name, text);
    }
    let mut entries = attributes(element);
    if own(element).next().is_none() && !text.is_empty() {
        let key = if name == "classification" { name } else { "content" };
        entries.push(entry(key, span(element), string(text)));
    }
    children(element, depth, &mut entries);
    Data::Map(entries)
}

/// Elements that hold others stay maps when they are empty.
fn leaf(name: &str, text: &str) -> Data {
    let holds = matches!(name, "component" | "service" | "license" | "dependency" | "citation");
    if holds && text.is_empty() { Data::Map(Vec::new()) } else { string(text) }
}

fn attributes(element: Element<'_, '_>) -> Vec<Entry> {
    let own = element.attributes().filter(|attribute| attribute.namespace().is_none());
    own.map(|attribute| {
        let key = if attribute.name() == "content-type" { "contentType" } else { attribute.name() };
        let value = match attribute.name() {
            "isExternal" => Data::Bool(attribute.value() == "true"),
            _ => string(attribute.value()),
        };
        entry(key, span(element), value)
    })
    .collect()
}

/// An item of a list, in the shape that the JSON form has there.
fn item(list: &str, element: Element<'_, '_>, depth: usize) -> Data {
    let name = element.tag_name().name();
    match (list, name) {
        ("licenses", "license" | "expression") => {
            Data::Map(vec![entry(name, span(element), value(element, depth + 1))])
        }
        ("licenses", "expression-detailed") => {
            Data::Map(vec![entry("expressionDetails", span(element), value(element, depth + 1))])
        }
        ("properties", _) => {
            let mut entries = attributes(element);
            let text = element.text().unwrap_or_default();
            entries.push(entry("value", span(element), string(text)));
            Data::Map(entries)
        }
        ("data", "dataflow") => {
            let mut entries = attributes(element);
            for child in own(element).filter(|node| node.tag_name().name() == "classification") {
                if let Data::Map(fields) = value(child, depth + 1) {
                    entries.extend(fields);
                }
            }
            Data::Map(entries)
        }
        ("dependencies", _) => {
            let mut entries = attributes(element);
            for (child, key) in [("dependency", "dependsOn"), ("provides", "provides")] {
                let targets = own(element).filter(|node| node.tag_name().name() == child);
                let targets = targets.map(|node| Node {
                    value: node.attribute("ref").map_or(Data::Null, string),
                    span: span(node),
                });
                entries.push(entry(key, span(element), Data::Sequence(targets.collect())));
            }
            Data::Map(entries)
        }
        _ => value(element, depth + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(body: &str) -> Node {
        let text = format!("<bom xmlns=\"{NAMESPACE}1.5\" version=\"2\">{body}</bom>");
        read(&text).expect("is CycloneDX").expect("parses")
    }

    #[test]
    fn elements_take_the_shape_of_the_json_form() {
        let node = root(
            "<components><component type=\"library\"><name>a</name><hashes><hash alg=\"MD5\">00\
             </hash></hashes><licenses><license><id>MIT</id></license></licenses></component>\
             </components><dependencies><dependency ref=\"x\"><dependency ref=\"y\"/>\
             </dependency></dependencies>",
        );
        let text = |path: &[&str]| node.at(path).and_then(Node::as_str).map(str::to_owned);
        assert_eq!(text(&["specVersion"]).as_deref(), Some("1.5"));
        let component = &node.get("components").expect("is there").items()[0];
        assert_eq!(component.get("name").and_then(Node::as_str), Some("a"));
        let hash = &component.get("hashes").expect("is there").items()[0];
        assert_eq!(hash.get("content").and_then(Node::as_str), Some("00"));
        let licence = &component.get("licenses").expect("is there").items()[0];
        assert_eq!(licence.at(&["license", "id"]).and_then(Node::as_str), Some("MIT"));
        let dependency = &node.get("dependencies").expect("is there").items()[0];
        assert_eq!(dependency.get("dependsOn").map(|list| list.items().len()), Some(1));
    }

    #[test]
    fn other_xml_and_broken_xml() {
        assert!(read("<svg/>").is_none());
        let broken = format!("<bom xmlns=\"{NAMESPACE}1.5\"><components></bom>");
        assert!(read(&broken).expect("claims to be CycloneDX").is_err());
        let deep = "<component type=\"a\"><components>".repeat(300);
        assert!(read(&format!("<bom xmlns=\"{NAMESPACE}1.5\">{deep}")).is_some());
    }
}
