//! Calls of Python.

use std::collections::{BTreeMap, BTreeSet};

use pi_artifacts::artifact::Parsed;
use pi_artifacts::limits::MAX_NESTING;
use pi_artifacts::{Artifact, ParseFailure, Span};
use pi_core::Reason;
use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::{Argument, Call, Value};

/// Parses the text and collects its calls.
pub fn calls(artifact: &Artifact) -> Parsed<Vec<Call>> {
    let text = artifact.parsable_text()?;
    cap_nesting(text)?;
    let module = ruff_python_parser::parse_module(text)
        .map_err(|error| ParseFailure::syntax("not valid Python", span(error.location)))?;
    let mut names = Names::default();
    for statement in module.suite() {
        names.visit_stmt(statement);
    }
    let mut collector = Collector { names, calls: Vec::new() };
    for statement in module.suite() {
        collector.visit_stmt(statement);
    }
    Ok(collector.calls)
}

/// The parser recurses on brackets, blocks, attributes and operators.
fn cap_nesting(text: &str) -> Parsed<()> {
    /// Operators in one line; each may be one level of the tree.
    const MAX_OPERATORS: usize = 2_000;
    let (mut depth, mut deepest, mut operators, mut most) = (0usize, 0usize, 0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'\n' => operators = 0,
            b'.' | b'+' | b'-' | b'*' | b'/' | b'~' | b'|' | b'&' | b'=' | b'<' | b'>' => {
                operators += 1
            }
            _ => {}
        }
        deepest = deepest.max(depth);
        most = most.max(operators);
    }
    let indent = text.lines().map(|l| l.len() - l.trim_start().len()).max().unwrap_or(0);
    if deepest > MAX_NESTING || indent > MAX_NESTING * 8 || most > MAX_OPERATORS {
        return Err(ParseFailure {
            reason: Reason::ArtifactTooDeep,
            message: "nested more deeply than is parsed".to_owned(),
            span: Span::default(),
        });
    }
    Ok(())
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

/// What names stand for: imported modules and members, and names that the file
/// defines itself.
#[derive(Default)]
struct Names {
    imported: BTreeMap<String, String>,
    defined: BTreeSet<String>,
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let full = alias.name.as_str();
                    let (name, target) = match &alias.asname {
                        Some(name) => (name.as_str(), full),
                        // `import os.path` binds `os`.
                        None => {
                            let first = full.split('.').next().unwrap_or(full);
                            (first, first)
                        }
                    };
                    self.imported.insert(name.to_owned(), target.to_owned());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map(|m| m.as_str()).unwrap_or_default();
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.imported.insert(name.to_string(), format!("{module}.{}", alias.name));
                }
            }
            Stmt::FunctionDef(function) => {
                self.defined.insert(function.name.to_string());
            }
            Stmt::ClassDef(class) => {
                self.defined.insert(class.name.to_string());
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    if let Expr::Name(name) = target {
                        self.defined.insert(name.id.to_string());
                    }
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }
}

impl Names {
    /// The full name of an expression that is a name or attribute chain.
    fn resolve(&self, expression: &Expr) -> Option<String> {
        match expression {
            Expr::Name(name) => {
                let name = name.id.as_str();
                match self.imported.get(name) {
                    Some(target) => Some(target.clone()),
                    // A name of the file's own is not the builtin.
                    None if self.defined.contains(name) => Some(format!("<local>.{name}")),
                    None => Some(name.to_owned()),
                }
            }
            Expr::Attribute(attribute) => {
                let inner = self.resolve(&attribute.value)?;
                // `builtins.eval` is `eval`.
                if matches!(inner.as_str(), "builtins" | "__builtins__") {
                    return Some(attribute.attr.to_string());
                }
                // The method of an object that no import names stays its own.
                let known = matches!(&*attribute.value, Expr::Name(name) if self.imported.contains_key(name.id.as_str()))
                    || matches!(&*attribute.value, Expr::Attribute(_));
                let prefix = if known { "" } else { "<object>." };
                Some(format!("{prefix}{inner}.{}", attribute.attr))
            }
            // `__import__("os").system` and `importlib.import_module("os").system`.
            Expr::Call(call) => {
                let function = self.resolve(&call.func)?;
                let importer =
                    matches!(function.as_str(), "__import__" | "importlib.import_module");
                match call.arguments.args.first() {
                    Some(Expr::StringLiteral(text)) if importer => {
                        Some(text.value.to_str().to_owned())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn value(&self, expression: &Expr) -> Value {
        match expression {
            Expr::StringLiteral(text) => Value::Text(text.value.to_str().to_owned()),
            Expr::BooleanLiteral(value) => Value::Bool(value.value),
            Expr::Name(_) | Expr::Attribute(_) => {
                self.resolve(expression).map_or(Value::Computed, Value::Name)
            }
            _ if is_constant(expression) => Value::Constant,
            _ => Value::Computed,
        }
    }
}

fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::StringLiteral(_)
        | Expr::BytesLiteral(_)
        | Expr::NumberLiteral(_)
        | Expr::BooleanLiteral(_)
        | Expr::NoneLiteral(_) => true,
        Expr::List(list) => list.elts.iter().all(is_constant),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_constant),
        Expr::BinOp(operation) => is_constant(&operation.left) && is_constant(&operation.right),
        _ => false,
    }
}

struct Collector {
    names: Names,
    calls: Vec<Call>,
}

impl<'a> Visitor<'a> for Collector {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression
            && let Some(name) = self.names.resolve(&call.func)
        {
            self.calls.push(self.call(name, call));
        }
        walk_expr(self, expression);
    }
}

impl Collector {
    fn call(&self, name: String, call: &ExprCall) -> Call {
        let plain = call.arguments.args.iter().map(|value| (None, value));
        let keywords = call.arguments.keywords.iter().map(|keyword| {
            (
                Some(keyword.arg.as_ref().map_or_else(|| "**".to_owned(), ToString::to_string)),
                &keyword.value,
            )
        });
        let arguments = plain
            .chain(keywords)
            .map(|(name, value)| Argument {
                name,
                span: span(value.range()),
                value: self.names.value(value),
            })
            .collect();
        Call { name, callee: span(call.func.range()), span: span(call.range()), arguments }
    }
}
