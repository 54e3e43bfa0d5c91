//! Calls of Python modules in the form of [`super::call`].

use std::collections::BTreeMap;

use pi_artifacts::python::ast::visitor::{Visitor, walk_expr};
use pi_artifacts::python::ast::{Expr, ExprDict};
use pi_artifacts::python::{self, Argument as Given, Module, span};

use super::call::{Argument, Call, Value};

/// All calls of known functions.
pub(crate) fn calls(module: &Module) -> Vec<Call> {
    let mut dicts = Dicts::default();
    dicts.visit_body(&module.tree().body);
    let reader = Reader { module, dicts: &dicts.0 };
    module.calls.iter().filter_map(|call| reader.call(call)).collect()
}

/// The dictionaries of a module by the place where they begin and end.
#[derive(Default)]
struct Dicts<'a>(BTreeMap<(u32, u32), &'a ExprDict>);

impl<'a> Visitor<'a> for Dicts<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Dict(dict) = expr {
            let place = span(dict.range);
            self.0.insert((place.start, place.end), dict);
        }
        walk_expr(self, expr);
    }
}

struct Reader<'a> {
    module: &'a Module,
    dicts: &'a BTreeMap<(u32, u32), &'a ExprDict>,
}

impl Reader<'_> {
    fn call(&self, call: &python::Call) -> Option<Call> {
        let mut out = Call {
            function: call.name.clone()?,
            positional: Vec::new(),
            named: Vec::new(),
            open: false,
            span: call.span,
        };
        for given in &call.arguments {
            let argument = Argument { value: self.argument(given), span: given.span };
            match given.name.as_deref() {
                None => out.positional.push(argument),
                Some("*" | "**") => out.open = true,
                Some(name) => out.named.push((name.to_owned(), argument)),
            }
        }
        Some(out)
    }

    fn argument(&self, given: &Given) -> Value {
        match self.dicts.get(&(given.span.start, given.span.end)) {
            Some(dict) => dict_value(dict),
            None => self.value(&given.value, true),
        }
    }

    fn value(&self, value: &python::Value, follow: bool) -> Value {
        match value {
            python::Value::String(text) => Value::Text(text.clone()),
            python::Value::Bytes(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            python::Value::Bool(value) => Value::Bool(*value),
            python::Value::None => Value::Nothing,
            python::Value::List(items) => {
                Value::List(items.iter().map(|item| self.value(item, follow)).collect())
            }
            python::Value::Name(name) if follow => {
                let mut found = self.module.assignments.iter().filter(|own| own.name == *name);
                match (found.next(), found.next()) {
                    (Some(own), None) if !own.is_default => {
                        match self.dicts.get(&(own.value_span.start, own.value_span.end)) {
                            Some(dict) => dict_value(dict),
                            None => self.value(&own.value, false),
                        }
                    }
                    _ => Value::Unknown,
                }
            }
            _ => Value::Unknown,
        }
    }
}

/// The entries of a dictionary with text keys and plain values.
fn dict_value(dict: &ExprDict) -> Value {
    let entries = dict.items.iter().filter_map(|item| {
        let Some(Expr::StringLiteral(key)) = &item.key else { return None };
        let value = match &item.value {
            Expr::BooleanLiteral(value) => Value::Bool(value.value),
            Expr::NoneLiteral(_) => Value::Nothing,
            Expr::StringLiteral(text) => Value::Text(text.value.to_str().to_owned()),
            _ => Value::Unknown,
        };
        Some((key.value.to_str().to_owned(), value, span(key.range)))
    });
    Value::Map(entries.collect())
}
