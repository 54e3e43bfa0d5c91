//! HCL (Terraform, variable files, Vault, Packer): blocks, attributes and
//! values with positions, through `hcl-edit`.

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Body as HclBody, Structure};

use crate::artifact::{ParseFailure, Parsed};
use crate::kind::Kind;
use crate::limits::MAX_NESTING;
use crate::span::Span;
use pi_core::Reason;

/// The content of a file or of a block.
#[derive(Clone, Debug, Default)]
pub struct Body {
    /// Attributes in the order of the text.
    pub attributes: Vec<Attribute>,
    /// Blocks in the order of the text.
    pub blocks: Vec<Block>,
}

/// `name = value`.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The value.
    pub value: Value,
}

/// `kind "label" { ... }`.
#[derive(Clone, Debug)]
pub struct Block {
    /// The first word: `resource`, `provider`, ...
    pub kind: String,
    /// The labels behind it.
    pub labels: Vec<String>,
    /// The whole block.
    pub span: Span,
    /// What is inside.
    pub body: Body,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Value {
    /// The value.
    pub data: Data,
    /// Its place.
    pub span: Span,
}

/// What a value is, without evaluating anything.
#[derive(Clone, Debug)]
pub enum Data {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string without interpolation.
    String(String),
    /// A string with interpolation, or a heredoc, as written.
    Template(String),
    /// A list.
    List(Vec<Value>),
    /// An object; keys that are expressions are kept as written.
    Object(Vec<(String, Value)>),
    /// A reference, call or operation, as written: `var.x`, `file("k")`.
    Expression(String),
}

impl Body {
    /// The attribute with this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The blocks of this kind.
    pub fn blocks_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.kind == kind)
    }

    /// Visits every attribute below, with the path of block kinds, labels and
    /// names that leads to it.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&[&'a str], &'a Attribute)) {
        fn go<'a>(
            body: &'a Body,
            path: &mut Vec<&'a str>,
            visit: &mut dyn FnMut(&[&'a str], &'a Attribute),
        ) {
            for attribute in &body.attributes {
                path.push(&attribute.name);
                visit(path, attribute);
                path.pop();
            }
            for block in &body.blocks {
                let before = path.len();
                path.push(&block.kind);
                path.extend(block.labels.iter().map(String::as_str));
                go(&block.body, path, visit);
                path.truncate(before);
            }
        }
        go(self, &mut Vec::new(), visit);
    }
}

impl Block {
    /// `kind.label.label`, the address of a Terraform object.
    pub fn address(&self) -> String {
        let mut parts = vec![self.kind.as_str()];
        parts.extend(self.labels.iter().map(String::as_str));
        if self.kind == "resource" {
            parts.remove(0);
        }
        parts.join(".")
    }
}

impl Value {
    /// The text of a string without interpolation.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// A boolean; the strings `"true"` and `"false"` count, as in Terraform.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.data {
            Data::Bool(value) => Some(*value),
            Data::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// An integer.
    pub fn as_i64(&self) -> Option<i64> {
        match &self.data {
            Data::Number(text) | Data::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The value under a key of an object.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match &self.data {
            Data::Object(entries) => {
                entries.iter().find(|(name, _)| name == key).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The items of a list; nothing for other values.
    pub fn items(&self) -> &[Value] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }
}

/// Parses an HCL file.
pub(crate) fn parse(kind: Kind, text: &str) -> Parsed<Body> {
    if !matches!(kind, Kind::Terraform | Kind::TerraformVars | Kind::Hcl) {
        return Err(ParseFailure::syntax("not HCL", Span::default()));
    }
    check_depth(text)?;
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let at = error.location().offset();
        ParseFailure::syntax("not valid HCL", Span::new(at, at + 1))
    })?;
    Ok(convert(&body, text))
}

/// The parser recurses; brackets are counted before it runs. Brackets inside
/// strings count too, which only makes the cap stricter.
fn check_depth(text: &str) -> Parsed<()> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_NESTING {
            return Err(ParseFailure {
                reason: Reason::ArtifactTooDeep,
                message: format!("nested deeper than {MAX_NESTING} levels"),
                span: Span::new(at, at + 1),
            });
        }
    }
    Ok(())
}

fn place(range: Option<std::ops::Range<usize>>) -> Span {
    range.map_or_else(Span::default, |range| Span::new(range.start, range.end))
}

fn convert(body: &HclBody, text: &str) -> Body {
    let mut out = Body::default();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => out.attributes.push(Attribute {
                name: attribute.key.as_str().to_owned(),
                name_span: place(attribute.key.span()),
                value: value(&attribute.value, text),
            }),
            Structure::Block(block) => out.blocks.push(Block {
                kind: block.ident.as_str().to_owned(),
                labels: block.labels.iter().map(|label| label.as_str().to_owned()).collect(),
                span: place(block.span()),
                body: convert(&block.body, text),
            }),
        }
    }
    out
}

fn value(expression: &Expression, text: &str) -> Value {
    let span = place(expression.span());
    let written = || span.of(text).trim().to_owned();
    let data = match expression {
        Expression::Null(_) => Data::Null,
        Expression::Bool(value) => Data::Bool(*value.value()),
        Expression::Number(_) => Data::Number(written()),
        Expression::String(string) => Data::String(string.value().clone()),
        Expression::Array(items) => {
            Data::List(items.iter().map(|item| value(item, text)).collect())
        }
        Expression::Object(object) => {
            let entry = |(key, item): (&ObjectKey, &hcl_edit::expr::ObjectValue)| {
                (key_name(key, text), value(item.expr(), text))
            };
            Data::Object(object.iter().map(entry).collect())
        }
        Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => Data::Template(written()),
        Expression::Parenthesis(inner) => return Value { span, ..value(inner.inner(), text) },
        _ => Data::Expression(written()),
    };
    Value { data, span }
}

fn key_name(key: &ObjectKey, text: &str) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(name)) => name.value().clone(),
        ObjectKey::Expression(other) => place(other.span()).of(text).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_attributes_and_values_have_places() {
        let text = "resource \"aws_s3_bucket\" \"b\" {\n  acl = \"private\"\n  tags = { Name = \"x-${var.n}\", \"k\" = 1 }\n  versioning {\n    enabled = true\n  }\n  list = [1, var.x]\n}\n";
        let body = parse(Kind::Terraform, text).unwrap();
        let block = &body.blocks[0];
        assert_eq!(block.address(), "aws_s3_bucket.b");
        let acl = block.body.attribute("acl").unwrap();
        assert_eq!((acl.value.as_str(), acl.value.span.of(text)), (Some("private"), "\"private\""));
        let tags = &block.body.attribute("tags").unwrap().value;
        assert!(matches!(tags.get("Name").unwrap().data, Data::Template(_)));
        assert_eq!(tags.get("k").unwrap().as_i64(), Some(1));
        let inner = block.body.blocks_of("versioning").next().unwrap();
        assert_eq!(inner.body.attribute("enabled").unwrap().value.as_bool(), Some(true));
        let list = &block.body.attribute("list").unwrap().value;
        assert!(matches!(&list.items()[1].data, Data::Expression(text) if text == "var.x"));
        let mut paths = Vec::new();
        body.walk(&mut |path, _| paths.push(path.join("/")));
        assert!(paths.contains(&"resource/aws_s3_bucket/b/versioning/enabled".to_owned()));
    }

    #[test]
    fn what_is_no_hcl_is_refused_by_name() {
        assert_eq!(parse(Kind::Terraform, "a = ").unwrap_err().reason, Reason::ArtifactUnparsable);
        let deep = format!("a = {}", "[".repeat(10_000));
        assert_eq!(parse(Kind::Terraform, &deep).unwrap_err().reason, Reason::ArtifactTooDeep);
        assert!(parse(Kind::Text, "a = 1").is_err());
    }
}
