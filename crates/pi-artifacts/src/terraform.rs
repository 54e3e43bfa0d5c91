//! Terraform resources with their attributes evaluated as far as one file
//! allows: defaults of variables, locals and pure functions are put in, what
//! depends on anything else stays a reference or unknown.

use std::collections::BTreeMap;

use crate::hcl::{Attribute, Block, Body};
use crate::span::Span;

mod evaluate;
mod functions;

use evaluate::Scope;

/// A resource, data source, provider or module, in one shape for Terraform and
/// for templates of clouds.
#[derive(Clone, Debug)]
pub struct Resource {
    /// `resource`, `data`, `provider`, `module`, ...
    pub mode: String,
    /// The type: `aws_s3_bucket`.
    pub kind: String,
    /// The name within the file.
    pub name: String,
    /// The address: `aws_s3_bucket.logs`, `data.aws_iam_policy_document.p`.
    pub address: String,
    /// The whole block.
    pub span: Span,
    /// Its attributes and nested blocks: an object.
    pub body: Node,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place.
    pub span: Span,
}

/// What a value is after evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`: as good as absent.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text.
    String(String),
    /// A text of which parts are unknown; they stand as `${...}`.
    Partial(String),
    /// A list, tuple or set.
    List(Vec<Node>),
    /// A map, or a block; blocks that repeat are fields of one name.
    Object(Vec<Field>),
    /// A reference to something whose value is not known here.
    Reference(String),
    /// Anything else that is not known here.
    Unknown,
}

/// An attribute, a key of a map, or a nested block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// Where it begins: the name, or the head of a block.
    pub name_span: Span,
    /// The value.
    pub node: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Node {}

impl Node {
    /// The fields of an object; none for other values.
    pub fn fields(&self) -> &[Field] {
        match &self.value {
            Value::Object(fields) => fields,
            _ => &[],
        }
    }

    /// The items of a list; none for other values.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The first field of this name that is not null.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let mut fields = self.fields().iter().filter(|field| field.name == name);
        fields.find(|field| field.node.value != Value::Null).map(|field| &field.node)
    }

    /// The scalar as text: strings, numbers, booleans.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            _ => None,
        }
    }

    /// An integer, also one written as a string.
    pub fn integer(&self) -> Option<i64> {
        match &self.value {
            Value::Number(text) | Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// A boolean, also one written as a string.
    pub fn bool(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Nothing can be said of the value.
    pub fn is_unknown(&self) -> bool {
        matches!(self.value, Value::Unknown | Value::Reference(_) | Value::Partial(_))
    }

    /// An empty list, map or string.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::List(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::String(text) => text.is_empty(),
            _ => false,
        }
    }
}

/// The resources of a file in the order of the text. Those whose `count` is a
/// plain zero do not exist and are left out.
pub fn resources(body: &Body) -> Vec<Resource> {
    let scope = Scope::new(body);
    body.blocks.iter().filter_map(|block| resource(block, &scope)).collect()
}

fn resource(block: &Block, scope: &Scope<'_>) -> Option<Resource> {
    let (kind, name) = match (block.kind.as_str(), block.labels.as_slice()) {
        ("resource" | "data", [kind, name]) => (kind.clone(), name.clone()),
        ("module" | "provider" | "output" | "variable", [name]) => {
            (block.kind.clone(), name.clone())
        }
        ("terraform", []) => (block.kind.clone(), String::new()),
        _ => return None,
    };
    let body = scope.body(&block.body, block.span);
    if body.get("count").is_some_and(|count| count.integer() == Some(0)) {
        return None;
    }
    Some(Resource {
        mode: block.kind.clone(),
        kind,
        name,
        address: block.address(),
        span: block.span,
        body,
    })
}

/// Attributes of one block by name: what `locals` and the like hold.
fn by_name(body: &Body) -> impl Iterator<Item = (&str, &Attribute)> {
    body.attributes.iter().map(|attribute| (attribute.name.as_str(), attribute))
}

/// Defaults of variables, by name.
fn defaults(body: &Body) -> BTreeMap<&str, &Attribute> {
    let variables = body.blocks_of("variable");
    variables
        .filter_map(|block| {
            Some((block.labels.first()?.as_str(), block.body.attribute("default")?))
        })
        .collect()
}

#[cfg(test)]
mod tests;
