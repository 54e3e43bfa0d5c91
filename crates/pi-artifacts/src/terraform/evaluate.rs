//! Expressions to values, within bounds.

use std::cell::Cell;
use std::collections::BTreeMap;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};
use hcl_edit::template::{Element, Template};

use super::{Field, Node, Value, by_name, defaults, functions};
use crate::hcl::{self, Attribute, Block, Body, Data};
use crate::span::Span;

/// How deep references to variables and locals are followed, and how many
/// expressions of one file are evaluated: beyond, values are unknown.
const MAX_DEPTH: u32 = 12;
const MAX_STEPS: u32 = 200_000;

/// The names that an expression may use.
pub(super) struct Scope<'a> {
    variables: BTreeMap<&'a str, &'a Attribute>,
    locals: BTreeMap<&'a str, &'a Attribute>,
    steps: Cell<u32>,
}

/// An expression's text and where it begins in the file.
#[derive(Clone, Copy)]
struct Source<'t> {
    text: &'t str,
    start: usize,
}

impl Source<'_> {
    fn written(self, range: Option<std::ops::Range<usize>>) -> String {
        range.and_then(|range| self.text.get(range)).unwrap_or_default().trim().to_owned()
    }

    fn place(self, range: Option<std::ops::Range<usize>>) -> Span {
        let range = range.unwrap_or(0..self.text.len());
        Span::new(self.start + range.start, self.start + range.end)
    }
}

impl<'a> Scope<'a> {
    pub(super) fn new(body: &'a Body) -> Self {
        let locals = body.blocks_of("locals").flat_map(|block| by_name(&block.body)).collect();
        Self { variables: defaults(body), locals, steps: Cell::new(0) }
    }

    /// A block's content as an object.
    pub(super) fn body(&self, body: &Body, span: Span) -> Node {
        let mut fields: Vec<Field> = body
            .attributes
            .iter()
            .map(|attribute| Field {
                name: attribute.name.clone(),
                name_span: attribute.name_span,
                node: self.value(&attribute.value, 0),
            })
            .collect();
        for block in &body.blocks {
            fields.extend(self.nested(block));
        }
        Node { value: Value::Object(fields), span }
    }

    /// A nested block; of a dynamic one the content, unless nothing is iterated.
    fn nested(&self, block: &Block) -> Option<Field> {
        let (name, body) = match (block.kind.as_str(), block.labels.first()) {
            ("dynamic", Some(name)) => {
                let each = block.body.attribute("for_each").map(|each| self.value(&each.value, 0));
                if each.is_some_and(|each| each.is_empty()) {
                    return None;
                }
                (name, &block.body.blocks_of("content").next()?.body)
            }
            _ => (&block.kind, &block.body),
        };
        let head = Span { start: block.span.start, end: block.span.start };
        Some(Field { name: name.clone(), name_span: head, node: self.body(body, block.span) })
    }

    fn value(&self, value: &hcl::Value, depth: u32) -> Node {
        let span = value.span;
        let known = match &value.data {
            Data::Null => Value::Null,
            Data::Bool(value) => Value::Bool(*value),
            Data::Number(text) => Value::Number(text.clone()),
            Data::String(text) => Value::String(text.clone()),
            Data::List(items) => {
                Value::List(items.iter().map(|item| self.value(item, depth)).collect())
            }
            Data::Object(entries) => {
                let field = |(name, value): &(String, hcl::Value)| Field {
                    name: name.clone(),
                    name_span: value.span,
                    node: self.value(value, depth),
                };
                Value::Object(entries.iter().map(field).collect())
            }
            Data::Template(text) | Data::Expression(text) => {
                // A heredoc ends with the line of its delimiter.
                let closed = format!("{text}\n");
                let start = usize::try_from(span.start).unwrap_or_default();
                match hcl_edit::parser::parse_expr(text)
                    .or_else(|_| hcl_edit::parser::parse_expr(&closed))
                {
                    Ok(expression) => {
                        let source = Source { text, start };
                        return Node { span, ..self.expression(&expression, source, depth) };
                    }
                    Err(_) => Value::Unknown,
                }
            }
        };
        Node { value: known, span }
    }

    fn expression(&self, expression: &Expression, source: Source<'_>, depth: u32) -> Node {
        let span = source.place(expression.span());
        self.steps.set(self.steps.get().saturating_add(1));
        if depth > MAX_DEPTH || self.steps.get() > MAX_STEPS {
            return Node { value: Value::Unknown, span };
        }
        let inner = |expression: &Expression| self.expression(expression, source, depth);
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(_) => Value::Number(source.written(expression.span())),
            Expression::String(text) => Value::String(text.value().clone()),
            Expression::Array(items) => Value::List(items.iter().map(inner).collect()),
            Expression::Object(object) => {
                let field = |(key, value): (&ObjectKey, &hcl_edit::expr::ObjectValue)| Field {
                    name: self.key(key, source, depth),
                    name_span: source.place(key.span()),
                    node: inner(value.expr()),
                };
                Value::Object(object.iter().map(field).collect())
            }
            Expression::StringTemplate(template) => self.template(template.iter(), source, depth),
            Expression::HeredocTemplate(heredoc) => {
                let template: &Template = &heredoc.template;
                self.template(template.iter(), source, depth)
            }
            Expression::Parenthesis(parenthesis) => inner(parenthesis.inner()).value,
            Expression::Variable(name) => Value::Reference(name.as_str().to_owned()),
            Expression::Conditional(choice) => match inner(&choice.cond_expr).bool() {
                Some(true) => inner(&choice.true_expr).value,
                Some(false) => inner(&choice.false_expr).value,
                None => Value::Unknown,
            },
            Expression::FuncCall(call) if call.name.namespace.is_empty() => {
                let arguments = call.args.iter().map(inner).collect();
                functions::call(call.name.name.as_str(), arguments)
            }
            Expression::Traversal(traversal) => self.traversal(traversal, source, depth),
            Expression::UnaryOp(operation) => {
                match (*operation.operator.value(), inner(&operation.expr)) {
                    (UnaryOperator::Not, node) => {
                        node.bool().map_or(Value::Unknown, |b| Value::Bool(!b))
                    }
                    (UnaryOperator::Neg, node) => {
                        node.text().map_or(Value::Unknown, |text| Value::Number(format!("-{text}")))
                    }
                }
            }
            Expression::BinaryOp(operation) => binary(
                *operation.operator.value(),
                &inner(&operation.lhs_expr),
                &inner(&operation.rhs_expr),
            ),
            Expression::FuncCall(_) | Expression::ForExpr(_) => Value::Unknown,
        };
        Node { value, span }
    }

    fn key(&self, key: &ObjectKey, source: Source<'_>, depth: u32) -> String {
        match key {
            ObjectKey::Ident(name) => name.as_str().to_owned(),
            ObjectKey::Expression(Expression::Variable(name)) => name.as_str().to_owned(),
            ObjectKey::Expression(other) => {
                let node = self.expression(other, source, depth);
                node.text().map_or_else(|| source.written(other.span()), str::to_owned)
            }
        }
    }

    fn template<'t>(
        &self,
        elements: impl Iterator<Item = &'t Element>,
        source: Source<'_>,
        depth: u32,
    ) -> Value {
        let elements: Vec<&Element> = elements.collect();
        if let [Element::Interpolation(only)] = elements.as_slice() {
            return self.expression(&only.expr, source, depth).value;
        }
        let (mut text, mut whole) = (String::new(), true);
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal.as_str()),
                Element::Interpolation(interpolation) => {
                    let node = self.expression(&interpolation.expr, source, depth);
                    if let Some(known) = node.text() {
                        text.push_str(known);
                    } else if let Value::Partial(part) = &node.value {
                        text.push_str(part);
                        whole = false;
                    } else {
                        text.push_str(&format!(
                            "${{{}}}",
                            source.written(interpolation.expr.span())
                        ));
                        whole = false;
                    }
                }
                Element::Directive(_) => return Value::Unknown,
            }
        }
        if whole { Value::String(text) } else { Value::Partial(text) }
    }

    /// `var.x`, `local.x` and steps into them; other references stay.
    fn traversal(&self, traversal: &Traversal, source: Source<'_>, depth: u32) -> Value {
        let reference = || Value::Reference(source.written(traversal.span()));
        let Expression::Variable(root) = &traversal.expr else { return Value::Unknown };
        let mut steps = traversal.operators.iter().map(|operator| operator.value());
        let table = match root.as_str() {
            "var" => &self.variables,
            "local" => &self.locals,
            _ => return reference(),
        };
        let Some(TraversalOperator::GetAttr(name)) = steps.next() else { return reference() };
        let Some(attribute) = table.get(name.as_str()) else { return reference() };
        let mut node = self.value(&attribute.value, depth + 1);
        for step in steps {
            let next = match step {
                TraversalOperator::GetAttr(name) => node.get(name.as_str()),
                TraversalOperator::Index(index) => {
                    let index = self.expression(index, source, depth);
                    match index.integer().and_then(|at| usize::try_from(at).ok()) {
                        Some(at) => node.items().get(at),
                        None => index.text().and_then(|key| node.get(key)),
                    }
                }
                _ => None,
            };
            match next {
                Some(next) => node = next.clone(),
                None => return reference(),
            }
        }
        node.value
    }
}

fn binary(operator: BinaryOperator, left: &Node, right: &Node) -> Value {
    let known = |answer: Option<bool>| answer.map_or(Value::Unknown, Value::Bool);
    let both = left.text().zip(right.text());
    match operator {
        BinaryOperator::Eq => known(both.map(|(left, right)| left == right)),
        BinaryOperator::NotEq => known(both.map(|(left, right)| left != right)),
        BinaryOperator::And => match (left.bool(), right.bool()) {
            (Some(false), _) | (_, Some(false)) => Value::Bool(false),
            (Some(true), Some(true)) => Value::Bool(true),
            _ => Value::Unknown,
        },
        BinaryOperator::Or => match (left.bool(), right.bool()) {
            (Some(true), _) | (_, Some(true)) => Value::Bool(true),
            (Some(false), Some(false)) => Value::Bool(false),
            _ => Value::Unknown,
        },
        BinaryOperator::Mul => {
            let product = left.integer().zip(right.integer()).and_then(|(l, r)| l.checked_mul(r));
            product.map_or(Value::Unknown, |product| Value::Number(product.to_string()))
        }
        _ => Value::Unknown,
    }
}
