//! Shapes of YAML values, as data, and their check.

use pi_agent_api::{Report, Stop};
use pi_artifacts::data::{Data, Node};

use super::{DUPLICATE_KEY, MERGE_KEY, MISSING_KEY, UNKNOWN_KEY, WRONG_VALUE};

/// What a value must look like.
pub enum Shape {
    /// Anything, nothing included.
    Any,
    /// `null`, written out.
    Null,
    /// One value that is not empty.
    Text,
    /// One value, which may be empty.
    Value,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// These keys.
    Map(&'static [Key]),
    /// The same, or nothing.
    OptionalMap(&'static [Key]),
    /// Any keys, at least one, each with a value of this shape.
    Names(&'static Shape),
    /// Items of this shape, at least one.
    List(&'static Shape),
    /// One value, a list or a map: whichever it is written as.
    Or(&'static [Shape]),
}

/// A key of a map.
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// It must be there.
    pub required: bool,
    /// Its value.
    pub shape: Shape,
}

/// A key that may be there.
pub const fn may(name: &'static str, shape: Shape) -> Key {
    Key { name, required: false, shape }
}

/// A key that must be there.
pub const fn must(name: &'static str, shape: Shape) -> Key {
    Key { name, required: true, shape }
}

/// Whether a value is an expression, which may become anything.
pub fn is_computed(node: &Node) -> bool {
    node.as_str().is_some_and(|text| text.contains("${{"))
}

/// Reports what does not have its shape.
///
/// # Errors
/// The steps are spent.
pub fn check(node: &Node, shape: &Shape, path: &str, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    let wrong = |what: &str, report: &mut Report| {
        let place = if path.is_empty() { "the workflow" } else { path };
        report.finding(&WRONG_VALUE, node.span).message(format!("`{place}` {what}")).subject(path);
    };
    match shape {
        Shape::Any | Shape::Null => {}
        Shape::Text | Shape::Value | Shape::Bool | Shape::Number => {
            if let Some(what) = wrong_scalar(node, shape) {
                wrong(what, report);
            }
        }
        Shape::Or(shapes) => {
            if let Some(shape) = shapes.iter().find(|shape| is_written_as(node, shape)) {
                return check(node, shape, path, report);
            }
            wrong("is empty or of the wrong kind", report);
        }
        Shape::List(item) => match &node.value {
            Data::Sequence(items) if items.is_empty() => wrong("is empty", report),
            Data::Sequence(items) => {
                for (at, node) in items.iter().enumerate() {
                    check(node, item, &format!("{path}[{at}]"), report)?;
                }
            }
            _ if is_computed(node) => {}
            _ => wrong("must be a list", report),
        },
        Shape::OptionalMap(_) if node.is_null() => {}
        Shape::Map(keys) | Shape::OptionalMap(keys) => match &node.value {
            Data::Map(_) => return map(node, keys, path, report),
            _ if is_computed(node) => {}
            _ => wrong("must be a map that is not empty", report),
        },
        Shape::Names(value) => match &node.value {
            Data::Map(entries) => {
                duplicates(node, path, report);
                for entry in entries {
                    check(&entry.value, value, &format!("{path}.{}", entry.key), report)?;
                }
            }
            _ if is_computed(node) => {}
            _ => wrong("must be a map that is not empty", report),
        },
    }
    Ok(())
}

fn wrong_scalar(node: &Node, shape: &Shape) -> Option<&'static str> {
    if node.is_map() || matches!(node.value, Data::Sequence(_)) {
        return Some("must be one value");
    }
    if is_computed(node) {
        return None;
    }
    let is_empty = node.is_null() || node.as_str().is_some_and(|text| text.trim().is_empty());
    match shape {
        Shape::Value => None,
        _ if is_empty => Some("is empty"),
        Shape::Bool if node.as_bool().is_none() => Some("must be `true` or `false`"),
        Shape::Number if !matches!(node.value, Data::Number(_)) => Some("must be a number"),
        _ => None,
    }
}

fn is_written_as(node: &Node, shape: &Shape) -> bool {
    match (&node.value, shape) {
        (Data::Map(_), Shape::Map(_) | Shape::OptionalMap(_) | Shape::Names(_)) => true,
        (Data::Sequence(_), Shape::List(_)) => true,
        (Data::Map(_) | Data::Sequence(_), _) => false,
        (Data::Null, Shape::Null) => node.span.start < node.span.end,
        (Data::Null, _) => false,
        (_, Shape::Text | Shape::Value | Shape::Bool | Shape::Number) => true,
        _ => is_computed(node),
    }
}

fn map(node: &Node, keys: &[Key], path: &str, report: &mut Report) -> Result<(), Stop> {
    duplicates(node, path, report);
    let below = |name: &str| match path {
        "" => name.to_owned(),
        _ => format!("{path}.{name}"),
    };
    for entry in node.entries().iter().filter(|entry| !entry.merged) {
        // YAML 1.1 reads a bare `on` as the boolean true.
        let name = if path.is_empty() && entry.key == "true" { "on" } else { entry.key.as_str() };
        match keys.iter().find(|key| key.name == name) {
            Some(key) => check(&entry.value, &key.shape, &below(name), report)?,
            None if name == "<<" => {
                report.finding(&MERGE_KEY, entry.key_span).subject(below(name));
            }
            None => {
                report
                    .finding(&UNKNOWN_KEY, entry.key_span)
                    .message(format!("GitHub does not know the key `{}`", below(name)))
                    .subject(below(name));
            }
        }
    }
    for key in keys.iter().filter(|key| key.required) {
        let is_it = |name: &str| name == key.name || (key.name == "on" && name == "true");
        if !node.entries().iter().any(|entry| is_it(&entry.key)) {
            let first = node.entries().first().map_or(node.span, |entry| entry.key_span);
            report
                .finding(&MISSING_KEY, first)
                .message(format!("`{}` is missing", below(key.name)))
                .subject(below(key.name));
        }
    }
    Ok(())
}

/// Keys are the same whatever their case.
fn duplicates(node: &Node, path: &str, report: &mut Report) {
    let mut seen = std::collections::BTreeSet::new();
    let mut merged = false;
    for entry in node.entries() {
        if entry.merged {
            if !std::mem::replace(&mut merged, true) {
                report.finding(&MERGE_KEY, node.span).subject(path);
            }
        } else if !seen.insert(entry.key.to_ascii_lowercase()) {
            report
                .finding(&DUPLICATE_KEY, entry.key_span)
                .message(format!("the key `{}` stands twice", entry.key))
                .subject(format!("{path}.{}", entry.key));
        }
    }
}
