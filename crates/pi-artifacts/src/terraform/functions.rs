//! Functions without effects, on values as far as they are known.

use super::{Field, Node, Value};

/// The value of a call; unknown where the function, or what it needs, is.
pub(super) fn call(name: &str, mut arguments: Vec<Node>) -> Value {
    let first = arguments.first();
    let text = first.and_then(Node::text);
    match name {
        // The tree stands for its text: readers of JSON take both.
        "jsonencode" | "yamlencode" | "sensitive" | "nonsensitive" | "tolist" | "toset"
        | "tomap" | "tostring" | "tonumber" | "tobool" | "try" | "distinct" | "sort" | "one"
            if !arguments.is_empty() =>
        {
            arguments.swap_remove(0).value
        }
        "lower" => text.map_or(Value::Unknown, |text| Value::String(text.to_lowercase())),
        "upper" => text.map_or(Value::Unknown, |text| Value::String(text.to_uppercase())),
        "trimspace" => text.map_or(Value::Unknown, |text| Value::String(text.trim().to_owned())),
        "coalesce" => arguments
            .into_iter()
            .find(|node| node.value != Value::Null && !node.is_empty())
            .map_or(Value::Unknown, |node| node.value),
        "concat" | "flatten" | "setunion" => joined(arguments),
        "compact" => match arguments.pop().map(|node| node.value) {
            Some(Value::List(items)) => Value::List(
                items
                    .into_iter()
                    .filter(|item| !item.is_empty() && item.value != Value::Null)
                    .collect(),
            ),
            _ => Value::Unknown,
        },
        "merge" => merged(&arguments),
        "join" => join(&arguments),
        "lookup" => match arguments.as_slice() {
            [map, key, rest @ ..] if matches!(map.value, Value::Object(_)) => {
                let found = key.text().and_then(|key| map.get(key)).or_else(|| rest.first());
                found.map_or(Value::Unknown, |node| node.value.clone())
            }
            _ => Value::Unknown,
        },
        _ => Value::Unknown,
    }
}

/// Lists end to end, lists in them opened; an unknown part is an unknown item.
fn joined(lists: Vec<Node>) -> Value {
    let mut items = Vec::new();
    for list in lists {
        match list.value {
            Value::List(inner) => {
                for item in inner {
                    match item.value {
                        Value::List(deeper) => items.extend(deeper),
                        _ => items.push(item),
                    }
                }
            }
            _ => items.push(Node { value: Value::Unknown, ..list }),
        }
    }
    Value::List(items)
}

fn merged(maps: &[Node]) -> Value {
    let mut fields: Vec<Field> = Vec::new();
    for map in maps {
        let Value::Object(more) = &map.value else { return Value::Unknown };
        fields.retain(|field| more.iter().all(|new| new.name != field.name));
        fields.extend(more.iter().cloned());
    }
    Value::Object(fields)
}

fn join(arguments: &[Node]) -> Value {
    let [separator, list] = arguments else { return Value::Unknown };
    let parts: Option<Vec<&str>> = match &list.value {
        Value::List(items) => items.iter().map(Node::text).collect(),
        _ => None,
    };
    match separator.text().zip(parts) {
        Some((separator, parts)) => Value::String(parts.join(separator)),
        None => Value::Unknown,
    }
}
