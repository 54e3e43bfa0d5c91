//! One walk over the tree: calls, assignments, imports.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_parameters, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, ModModule, Number, Parameters, Stmt};
use ruff_text_size::Ranged;

use super::span;
use crate::span::Span;

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The dotted name of the function, import aliases resolved; `None` when it
    /// is the result of an expression.
    pub name: Option<String>,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
    /// The whole call.
    pub span: Span,
    /// The function's expression.
    pub function_span: Span,
}

impl Call {
    /// The keyword argument `name`.
    pub fn keyword(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name.as_deref() == Some(name))
    }

    /// The positional argument at `index`.
    pub fn positional(&self, index: usize) -> Option<&Argument> {
        self.arguments.iter().filter(|argument| argument.name.is_none()).nth(index)
    }
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The keyword; `*` and `**` for unpacked ones.
    pub name: Option<String>,
    /// Its value.
    pub value: Value,
    /// The value's place.
    pub span: Span,
}

/// `name = value`, once per name.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The dotted name; a key of a subscript as `name[key]`.
    pub name: String,
    /// The value.
    pub value: Value,
    /// The name's place.
    pub name_span: Span,
    /// The value's place.
    pub value_span: Span,
    /// The default of a parameter.
    pub is_default: bool,
}

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// What is imported, dotted; relative ones with their leading dots.
    pub target: String,
    /// The name that it is bound to.
    pub name: String,
    /// Its place.
    pub span: Span,
}

/// An expression, as far as it is known without running anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string, parts joined and escapes resolved.
    String(String),
    /// An f-string or a concatenation with at least one part that is not known.
    Format,
    /// Bytes.
    Bytes(Vec<u8>),
    /// An integer; floats are `Other`.
    Integer(i64),
    /// A boolean.
    Bool(bool),
    /// `None`.
    None,
    /// A dotted name, import aliases resolved.
    Name(String),
    /// A list, tuple or set.
    List(Vec<Value>),
    /// The call of a function with this dotted name.
    Call(Option<String>),
    /// Anything else.
    Other,
}

#[derive(Default)]
pub(super) struct Index {
    pub(super) calls: Vec<Call>,
    pub(super) assignments: Vec<Assignment>,
    pub(super) imports: Vec<Import>,
    /// Bound name to imported name.
    aliases: BTreeMap<String, String>,
}

pub(super) fn index(module: &ModModule) -> Index {
    let mut index = Index::default();
    index.visit_body(&module.body);
    index
}

impl<'a> Visitor<'a> for Index {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let target = alias.name.as_str();
                    let name = match &alias.asname {
                        Some(name) => name.as_str(),
                        None => target.split('.').next().unwrap_or(target),
                    };
                    // `import a.b` binds `a` itself.
                    let bound = if alias.asname.is_some() { target } else { name };
                    self.import(target, name, bound, span(alias.range));
                }
            }
            Stmt::ImportFrom(import) => {
                let dots = ".".repeat(import.level as usize);
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                for alias in &import.names {
                    let separator = if module.is_empty() { "" } else { "." };
                    let target = format!("{dots}{module}{separator}{}", alias.name.as_str());
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.import(&target, name, &target, span(alias.range));
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assign(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assign(&assign.target, value);
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => {
                let call = self.call(call);
                self.calls.push(call);
            }
            Expr::Named(named) => self.assign(&named.target, &named.value),
            _ => {}
        }
        walk_expr(self, expr);
    }

    fn visit_parameters(&mut self, parameters: &'a Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(value) = &parameter.default {
                self.assignments.push(Assignment {
                    name: parameter.parameter.name.as_str().to_owned(),
                    value: self.value(value),
                    name_span: span(parameter.parameter.name.range()),
                    value_span: span(value.range()),
                    is_default: true,
                });
            }
        }
        walk_parameters(self, parameters);
    }
}

impl Index {
    fn import(&mut self, target: &str, name: &str, bound: &str, span: Span) {
        self.aliases.insert(name.to_owned(), bound.to_owned());
        self.imports.push(Import { target: target.to_owned(), name: name.to_owned(), span });
    }

    fn assign(&mut self, target: &Expr, value: &Expr) {
        // `a, b = 1, 2` pairs up.
        let pair = match (target, value) {
            (Expr::Tuple(names), Expr::Tuple(values)) => Some((&names.elts, &values.elts)),
            _ => None,
        };
        if let Some((names, values)) = pair.filter(|(a, b)| a.len() == b.len()) {
            for (name, value) in names.iter().zip(values) {
                self.assign(name, value);
            }
            return;
        }
        let Some(name) = target_name(target) else { return };
        let value_span = span(value.range());
        let value = self.value(value);
        let name_span = span(target.range());
        self.assignments.push(Assignment { name, value, name_span, value_span, is_default: false });
    }

    fn call(&self, call: &ExprCall) -> Call {
        let positional = call.arguments.args.iter().map(|argument| match argument {
            Expr::Starred(starred) => (Some("*".to_owned()), &*starred.value),
            other => (None, other),
        });
        let keywords = call.arguments.keywords.iter().map(|keyword| {
            let name = keyword.arg.as_ref().map_or("**", |name| name.as_str());
            (Some(name.to_owned()), &keyword.value)
        });
        let arguments = positional
            .chain(keywords)
            .map(|(name, value)| Argument {
                name,
                value: self.value(value),
                span: span(value.range()),
            })
            .collect();
        Call {
            name: self.name(&call.func),
            arguments,
            span: span(call.range()),
            function_span: span(call.func.range()),
        }
    }

    /// A dotted name with its first part resolved by the imports seen so far.
    fn name(&self, expr: &Expr) -> Option<String> {
        let name = dotted(expr)?;
        let (first, rest) = name.split_once('.').unwrap_or((&name, ""));
        let Some(target) = self.aliases.get(first) else { return Some(name) };
        Some(if rest.is_empty() { target.clone() } else { format!("{target}.{rest}") })
    }

    fn value(&self, expr: &Expr) -> Value {
        match expr {
            Expr::StringLiteral(string) => Value::String(string.value.to_str().to_owned()),
            Expr::BytesLiteral(bytes) => Value::Bytes(bytes.value.bytes().collect()),
            Expr::BooleanLiteral(boolean) => Value::Bool(boolean.value),
            Expr::NoneLiteral(_) => Value::None,
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(integer) => integer.as_i64().map_or(Value::Other, Value::Integer),
                _ => Value::Other,
            },
            Expr::Name(_) | Expr::Attribute(_) => self.name(expr).map_or(Value::Other, Value::Name),
            Expr::List(list) => self.values(&list.elts),
            Expr::Tuple(tuple) => self.values(&tuple.elts),
            Expr::Set(set) => self.values(&set.elts),
            Expr::Call(call) => Value::Call(self.name(&call.func)),
            Expr::FString(_) | Expr::TString(_) => Value::Format,
            Expr::BinOp(_) => self.concatenated(expr),
            _ => Value::Other,
        }
    }

    fn values(&self, items: &[Expr]) -> Value {
        // Only one level: a list of lists is known by its calls and strings.
        let item = |item: &Expr| match item {
            Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) => Value::Other,
            other => self.value(other),
        };
        Value::List(items.iter().map(item).collect())
    }

    /// `"a" + "b"` is `"ab"`; with an unknown part it is a format.
    fn concatenated(&self, expr: &Expr) -> Value {
        let mut parts = Vec::new();
        let mut rest = expr;
        while let Expr::BinOp(operation) = rest {
            if operation.op != ruff_python_ast::Operator::Add {
                break;
            }
            parts.push(&*operation.right);
            rest = &operation.left;
        }
        parts.push(rest);
        let strings: Vec<Option<&str>> = parts
            .iter()
            .rev()
            .map(|part| match part {
                Expr::StringLiteral(string) => Some(string.value.to_str()),
                _ => None,
            })
            .collect();
        let is_format = matches!(rest, Expr::StringLiteral(_))
            && matches!(expr, Expr::BinOp(operation) if operation.op == ruff_python_ast::Operator::Mod);
        match strings.iter().copied().collect::<Option<String>>() {
            Some(whole) => Value::String(whole),
            None if is_format || strings.iter().any(Option::is_some) => Value::Format,
            None => Value::Other,
        }
    }
}

/// The dotted name of a chain of attributes.
fn dotted(expr: &Expr) -> Option<String> {
    let mut parts = Vec::new();
    let mut rest = expr;
    while let Expr::Attribute(attribute) = rest {
        parts.push(attribute.attr.as_str());
        rest = &attribute.value;
    }
    let Expr::Name(name) = rest else { return None };
    parts.push(name.id.as_str());
    parts.reverse();
    Some(parts.join("."))
}

fn target_name(target: &Expr) -> Option<String> {
    let Expr::Subscript(subscript) = target else { return dotted(target) };
    let Expr::StringLiteral(key) = &*subscript.slice else { return None };
    Some(format!("{}[{}]", dotted(&subscript.value)?, key.value.to_str()))
}
