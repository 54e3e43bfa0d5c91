//! Calls of JavaScript and TypeScript modules in the form of [`super::call`].

use std::collections::BTreeMap;

use pi_artifacts::syntax::{Node, Syntax};

use super::call::{Argument, Call, Value};

/// All calls of functions of imported modules.
pub(crate) fn calls(syntax: &Syntax, text: &str) -> Vec<Call> {
    let reader =
        Reader { text, imports: imports(syntax, text), constants: constants(syntax, text) };
    syntax.nodes_of("call_expression").filter_map(|node| reader.call(node)).collect()
}

/// A string without its quotes; escapes are rare in the names looked at here
/// and stay as written.
fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

/// What local names are bound to: `module` or `module.export`.
fn imports(syntax: &Syntax, text: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for statement in syntax.nodes_of("import_statement") {
        let Some(source) = statement.field("source").map(|node| unquoted(node.text(text))) else {
            continue;
        };
        for node in statement.descendants() {
            match node.kind() {
                "import_specifier" => {
                    let Some(name) = node.field("name") else { continue };
                    let local = node.field("alias").unwrap_or(name);
                    out.insert(
                        local.text(text).to_owned(),
                        format!("{source}.{}", name.text(text)),
                    );
                }
                // The default export, or the namespace.
                "identifier"
                    if node.parent().is_some_and(|parent| {
                        matches!(parent.kind(), "import_clause" | "namespace_import")
                    }) =>
                {
                    out.insert(node.text(text).to_owned(), source.to_owned());
                }
                _ => {}
            }
        }
    }
    for declarator in syntax.nodes_of("variable_declarator") {
        let Some((source, member)) = declarator.field("value").and_then(|v| required(v, text))
        else {
            continue;
        };
        let Some(name) = declarator.field("name") else { continue };
        if name.kind() == "identifier" {
            let bound =
                member.map_or_else(|| source.to_owned(), |member| format!("{source}.{member}"));
            out.insert(name.text(text).to_owned(), bound);
        }
        for part in name.named_children() {
            let (key, local) = match part.kind() {
                "shorthand_property_identifier_pattern" => (part, part),
                "pair_pattern" => match (part.field("key"), part.field("value")) {
                    (Some(key), Some(value)) => (key, value),
                    _ => continue,
                },
                _ => continue,
            };
            out.insert(local.text(text).to_owned(), format!("{source}.{}", key.text(text)));
        }
    }
    out
}

/// The module of `require("x")`, and the member of `require("x").member`.
fn required<'t>(node: Node<'_>, text: &'t str) -> Option<(&'t str, Option<&'t str>)> {
    if node.kind() == "member_expression" {
        let (source, _) = required(node.field("object")?, text)?;
        return Some((source, Some(node.field("property")?.text(text))));
    }
    let function = node.field("function")?;
    if node.kind() != "call_expression" || function.text(text) != "require" {
        return None;
    }
    let argument = node.field("arguments")?.named_children().next()?;
    (argument.kind() == "string").then(|| (unquoted(argument.text(text)), None))
}

/// Variables that are declared once and never assigned again, with their value.
fn constants<'a>(syntax: &'a Syntax, text: &str) -> BTreeMap<String, Node<'a>> {
    let mut out: BTreeMap<String, Option<Node<'a>>> = BTreeMap::new();
    for declarator in syntax.nodes_of("variable_declarator") {
        if let (Some(name), Some(value)) = (declarator.field("name"), declarator.field("value")) {
            out.entry(name.text(text).to_owned())
                .and_modify(|known| *known = None)
                .or_insert(Some(value));
        }
    }
    for assignment in syntax.nodes_of("assignment_expression") {
        if let Some(left) = assignment.field("left") {
            out.insert(left.text(text).to_owned(), None);
        }
    }
    out.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

struct Reader<'a> {
    text: &'a str,
    imports: BTreeMap<String, String>,
    constants: BTreeMap<String, Node<'a>>,
}

impl Reader<'_> {
    fn call(&self, node: Node<'_>) -> Option<Call> {
        let function = self.function(node.field("function")?)?;
        let arguments = node.field("arguments")?;
        let mut out = Call {
            function,
            positional: Vec::new(),
            named: Vec::new(),
            open: false,
            span: node.span(),
        };
        for argument in arguments.named_children() {
            match argument.kind() {
                "comment" => {}
                "spread_element" => out.open = true,
                _ => out
                    .positional
                    .push(Argument { value: self.value(argument, true), span: argument.span() }),
            }
        }
        Some(out)
    }

    fn function(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "identifier" => self.imports.get(node.text(self.text)).cloned(),
            "member_expression" => {
                let object = node.field("object")?;
                let property = node.field("property")?.text(self.text);
                let source = match required(object, self.text) {
                    Some((source, None)) => source.to_owned(),
                    Some((source, Some(member))) => format!("{source}.{member}"),
                    None => self.function(object)?,
                };
                Some(format!("{source}.{property}"))
            }
            _ => required(node, self.text).map(|(source, _)| source.to_owned()),
        }
    }

    fn value(&self, node: Node<'_>, follow: bool) -> Value {
        let text = node.text(self.text);
        match node.kind() {
            "string" => Value::Text(unquoted(text).to_owned()),
            "template_string" if !text.contains("${") => Value::Text(unquoted(text).to_owned()),
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" | "undefined" => Value::Nothing,
            "identifier" if text == "undefined" => Value::Nothing,
            "identifier" if follow => {
                self.constants.get(text).map_or(Value::Unknown, |value| self.value(*value, false))
            }
            "array" => {
                Value::List(node.named_children().map(|item| self.value(item, follow)).collect())
            }
            "object" => Value::Map(
                node.named_children().filter_map(|pair| self.entry(pair, follow)).collect(),
            ),
            "as_expression" | "parenthesized_expression" | "satisfies_expression" => node
                .named_children()
                .next()
                .map_or(Value::Unknown, |inner| self.value(inner, follow)),
            _ => Value::Unknown,
        }
    }

    fn entry(&self, pair: Node<'_>, follow: bool) -> Option<(String, Value, pi_artifacts::Span)> {
        match pair.kind() {
            "pair" => {
                let key = pair.field("key")?;
                let value = self.value(pair.field("value")?, follow);
                Some((unquoted(key.text(self.text)).to_owned(), value, pair.span()))
            }
            "shorthand_property_identifier" => {
                Some((pair.text(self.text).to_owned(), Value::Unknown, pair.span()))
            }
            // What is spread in may bring anything.
            "spread_element" => Some(("...".to_owned(), Value::Unknown, pair.span())),
            _ => None,
        }
    }
}
