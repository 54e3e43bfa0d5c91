//! Calls of JavaScript and TypeScript.

use std::collections::BTreeMap;

use pi_artifacts::artifact::Parsed;
use pi_artifacts::{Artifact, Kind, ParseFailure, Span};
use tree_sitter::{Node, Parser};

use super::{Argument, Call, Value};

/// Parses the text and collects its calls. The parser recovers from errors, so
/// that files with new syntax are read as far as they can be.
pub fn calls(artifact: &Artifact) -> Parsed<Vec<Call>> {
    let text = artifact.parsable_text()?;
    let language = match artifact.kind() {
        Kind::TypeScript if artifact.path().ends_with(".tsx") => {
            tree_sitter_typescript::LANGUAGE_TSX
        }
        Kind::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT,
        _ => tree_sitter_javascript::LANGUAGE,
    };
    let failure = |message: &str| ParseFailure::syntax(message, Span::default());
    let mut parser = Parser::new();
    parser.set_language(&language.into()).map_err(|_| failure("the grammar does not fit"))?;
    let tree = parser.parse(text, None).ok_or_else(|| failure("not parsed"))?;
    let mut reader = Reader { text, names: BTreeMap::new() };
    let nodes = preorder(tree.root_node());
    for node in &nodes {
        reader.bind(*node);
    }
    Ok(nodes.iter().filter_map(|node| reader.call(*node)).collect())
}

/// All nodes in the order of the text, without recursion.
fn preorder(root: Node<'_>) -> Vec<Node<'_>> {
    let mut nodes = Vec::new();
    let mut cursor = root.walk();
    loop {
        nodes.push(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return nodes;
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// What names stand for: modules and their members.
    names: BTreeMap<&'a str, String>,
}

fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

fn module(name: &str) -> &str {
    name.strip_prefix("node:").unwrap_or(name)
}

impl<'a> Reader<'a> {
    fn slice(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Notes what imports, `require` and declarations bind.
    fn bind(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => {
                let Some(source) = node.child_by_field_name("source") else { return };
                let from = module(self.string(source).unwrap_or_default()).to_owned();
                for inner in preorder(node) {
                    match inner.kind() {
                        "namespace_import" => self.bind_last(inner, &from),
                        "import_specifier" => self.bind_member(inner, "alias", &from),
                        "identifier"
                            if inner.parent().is_some_and(|p| p.kind() == "import_clause") =>
                        {
                            self.names.insert(self.slice(inner), from.clone());
                        }
                        _ => {}
                    }
                }
            }
            "variable_declarator" => {
                let (Some(name), Some(value)) =
                    (node.child_by_field_name("name"), node.child_by_field_name("value"))
                else {
                    return;
                };
                let from = self.resolve(value).filter(|_| value.kind() != "identifier");
                match (name.kind(), from) {
                    ("identifier", Some(from)) => {
                        self.names.insert(self.slice(name), from);
                    }
                    ("object_pattern", Some(from)) => {
                        for inner in preorder(name) {
                            match inner.kind() {
                                "shorthand_property_identifier_pattern" => {
                                    let member = self.slice(inner);
                                    self.names.insert(member, format!("{from}.{member}"));
                                }
                                "pair_pattern" => self.bind_pair(inner, &from),
                                _ => {}
                            }
                        }
                    }
                    _ => {}
                }
            }
            "function_declaration" => {
                if let Some(name) = node.child_by_field_name("name") {
                    let name = self.slice(name);
                    self.names.insert(name, format!("<local>.{name}"));
                }
            }
            _ => {}
        }
    }

    fn bind_last(&mut self, node: Node<'_>, from: &str) {
        let count = u32::try_from(node.named_child_count()).unwrap_or(0);
        if let Some(name) = count.checked_sub(1).and_then(|last| node.named_child(last)) {
            self.names.insert(self.slice(name), from.to_owned());
        }
    }

    fn bind_member(&mut self, node: Node<'_>, alias: &str, from: &str) {
        let Some(member) = node.child_by_field_name("name") else { return };
        let name = node.child_by_field_name(alias).unwrap_or(member);
        let target = format!("{from}.{}", self.slice(member));
        self.names.insert(self.slice(name), target);
    }

    fn bind_pair(&mut self, node: Node<'_>, from: &str) {
        if let (Some(key), Some(name)) =
            (node.child_by_field_name("key"), node.child_by_field_name("value"))
        {
            let target = format!("{from}.{}", self.slice(key));
            self.names.insert(self.slice(name), target);
        }
    }

    /// The value of a string without escapes or expressions inside.
    fn string(&self, node: Node<'_>) -> Option<&'a str> {
        let text = self.slice(node);
        let inner = text.get(1..text.len().checked_sub(1)?)?;
        match node.kind() {
            "string" => Some(inner),
            "template_string" if !inner.contains("${") => Some(inner),
            _ => None,
        }
    }

    /// The full name of an identifier, a member or a `require`.
    fn resolve(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "identifier" => {
                let name = self.slice(node);
                Some(self.names.get(name).cloned().unwrap_or_else(|| name.to_owned()))
            }
            "member_expression" => {
                let object = self.resolve(node.child_by_field_name("object")?)?;
                let property = self.slice(node.child_by_field_name("property")?);
                match object.as_str() {
                    "globalThis" | "window" | "global" | "self" => Some(property.to_owned()),
                    _ => Some(format!("{object}.{property}")),
                }
            }
            "call_expression" => {
                let function = self.slice(node.child_by_field_name("function")?);
                let argument = node.child_by_field_name("arguments")?.named_child(0)?;
                (function == "require")
                    .then(|| self.string(argument).map(|m| module(m).to_owned()))?
            }
            "parenthesized_expression" | "await_expression" => self.resolve(node.named_child(0)?),
            _ => None,
        }
    }

    fn call(&self, node: Node<'_>) -> Option<Call> {
        let (field, prefix) = match node.kind() {
            "call_expression" => ("function", ""),
            "new_expression" => ("constructor", "new "),
            _ => return None,
        };
        let callee = node.child_by_field_name(field)?;
        let name = format!("{prefix}{}", self.resolve(callee)?);
        let list = node.child_by_field_name("arguments")?;
        let mut arguments = Vec::new();
        let mut cursor = list.walk();
        for argument in list.named_children(&mut cursor).filter(|n| n.kind() != "comment") {
            arguments.push(Argument {
                name: None,
                span: span(argument),
                value: self.value(argument),
            });
            if argument.kind() == "object" {
                arguments.extend(self.options(argument));
            }
        }
        Some(Call { name, callee: span(callee), span: span(node), arguments })
    }

    /// The pairs of an options object as keyword arguments.
    fn options(&self, object: Node<'_>) -> Vec<Argument> {
        let mut cursor = object.walk();
        object
            .named_children(&mut cursor)
            .filter_map(|pair| {
                let key = pair.child_by_field_name("key")?;
                let value = pair.child_by_field_name("value")?;
                let name = self.slice(key).trim_matches(['"', '\'']).to_owned();
                Some(Argument { name: Some(name), span: span(value), value: self.value(value) })
            })
            .collect()
    }

    fn value(&self, node: Node<'_>) -> Value {
        match node.kind() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "number" | "null" | "undefined" | "regex" => Value::Constant,
            "arrow_function" | "function_expression" | "function" => Value::Constant,
            "string" | "template_string" => {
                self.string(node).map_or(Value::Computed, |text| Value::Text(text.to_owned()))
            }
            "identifier" | "member_expression" => {
                self.resolve(node).map_or(Value::Computed, Value::Name)
            }
            "array" => {
                let mut cursor = node.walk();
                let constant =
                    node.named_children(&mut cursor).all(|n| self.value(n).is_constant());
                if constant { Value::Constant } else { Value::Computed }
            }
            _ => Value::Computed,
        }
    }
}
