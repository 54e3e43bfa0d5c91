//! Labels and what selects them, across the objects of one file.

use pi_artifacts::data::Node;

use super::manifest::Object;

/// Whether a selector takes these labels: `matchLabels` with
/// `matchExpressions`, or a plain map. An empty one takes everything.
pub(crate) fn selects(selector: &Node, labels: Option<&Node>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Node::scalar);
    let pairs = |node: &Node| {
        node.entries()
            .iter()
            .all(|entry| value(&entry.key).is_some_and(|v| entry.value.scalar() == Some(v)))
    };
    let (plain, expressions) = (selector.get("matchLabels"), selector.get("matchExpressions"));
    if plain.is_none() && expressions.is_none() {
        return pairs(selector);
    }
    plain.is_none_or(pairs)
        && expressions.map(Node::items).unwrap_or_default().iter().all(|expression| {
            let key = expression.get("key").and_then(Node::scalar).unwrap_or_default();
            let values = expression.get("values").map(Node::items).unwrap_or_default();
            let listed = value(key).is_some_and(|v| values.iter().any(|n| n.scalar() == Some(v)));
            match expression.get("operator").and_then(Node::as_str) {
                Some("In") => listed,
                Some("NotIn") => !listed,
                Some("Exists") => value(key).is_some(),
                Some("DoesNotExist") => value(key).is_none(),
                _ => true,
            }
        })
}

/// Whether a selector is there and takes less than everything.
pub(crate) fn narrows(selector: Option<&Node>) -> Option<&Node> {
    selector.filter(|node| {
        let part = |key: &str| {
            node.get(key).is_some_and(|n| !n.items().is_empty() || !n.entries().is_empty())
        };
        match (node.get("matchLabels"), node.get("matchExpressions")) {
            (None, None) => !node.entries().is_empty(),
            _ => part("matchLabels") || part("matchExpressions"),
        }
    })
}

/// The labels of the pods that an object makes, if it makes any.
pub(crate) fn pod_labels<'a>(object: &Object<'a>) -> Option<Option<&'a Node>> {
    let node = object.node;
    if object.kind == "Pod" {
        return Some(node.at(&["metadata", "labels"]));
    }
    let templates: [&[&str]; 3] =
        [&["spec", "template"], &["spec", "jobTemplate", "spec", "template"], &["template"]];
    let template = templates.iter().find_map(|path| node.at(path).filter(|n| n.is_map()))?;
    Some(template.at(&["metadata", "labels"]))
}

/// Whether two objects may live in one namespace. One that names none goes
/// where the caller of `kubectl` says.
pub(crate) fn share_namespace(one: &Object<'_>, other: &Object<'_>) -> bool {
    match (namespace(one), namespace(other)) {
        (Some(one), Some(other)) => one == other,
        _ => true,
    }
}

/// The namespace that an object names.
pub(crate) fn namespace<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.node.at(&["metadata", "namespace"]).and_then(Node::as_str)
}

/// The name of an object.
pub(crate) fn name<'a>(object: &Object<'a>) -> Option<&'a str> {
    object.node.at(&["metadata", "name"]).and_then(Node::scalar)
}
