//! New names for variables that are certainly local to their function.

use std::collections::{BTreeMap, BTreeSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprContext, ModModule, Stmt};
use ruff_text_size::Ranged;

use crate::perturb::code::Edit;
use crate::python::span;
use crate::span::Span;

/// Functions that see the names of variables.
const REFLECTION: &[&str] =
    &["dir", "eval", "exec", "globals", "locals", "vars", "breakpoint", "__import__"];

/// Edits that rename the locals of every function that is simple enough.
pub(super) fn edits(module: &ModModule, text: &str) -> Vec<Edit> {
    let mut functions = Functions { text, edits: Vec::new() };
    functions.visit_body(&module.body);
    functions.edits
}

struct Functions<'t> {
    text: &'t str,
    edits: Vec<Edit>,
}

impl<'a> Visitor<'a> for Functions<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        if let Stmt::FunctionDef(function) = stmt {
            let mut names = Names::default();
            names.visit_body(&function.body);
            let parameters = function.parameters.iter().map(|p| p.name().as_str());
            names.taken.extend(parameters);
            if !names.unsure {
                self.rename(&names);
            }
        }
        walk_stmt(self, stmt);
    }
}

impl Functions<'_> {
    fn rename(&mut self, names: &Names<'_>) {
        for (name, places) in &names.uses {
            let fresh = format!("{name}_v");
            let is_local = names.stored.contains(name)
                && !names.taken.contains(name)
                && !name.starts_with('_')
                && !self.text.contains(&fresh);
            if is_local {
                let edits = places.iter().map(|place| Edit::replace(*place, fresh.clone()));
                self.edits.extend(edits);
            }
        }
    }
}

/// The names of one function without inner scopes.
#[derive(Default)]
struct Names<'a> {
    uses: BTreeMap<&'a str, Vec<Span>>,
    /// Bound as a plain name.
    stored: BTreeSet<&'a str>,
    /// Bound in another way, or a parameter that callers may name.
    taken: BTreeSet<&'a str>,
    /// Something in the function may see or share its names.
    unsure: bool,
}

impl<'a> Visitor<'a> for Names<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Match(_)
            | Stmt::TypeAlias(_)
            | Stmt::Delete(_)
            | Stmt::IpyEscapeCommand(_) => self.unsure = true,
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.taken.extend(name.split('.').next());
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.taken.insert(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            Stmt::Try(tried) => {
                for handler in &tried.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.taken.extend(handler.name.as_ref().map(|name| name.as_str()));
                }
            }
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                let id = name.id.as_str();
                self.unsure |= REFLECTION.contains(&id);
                if name.ctx == ExprContext::Store {
                    self.stored.insert(id);
                }
                self.uses.entry(id).or_default().push(span(name.range()));
            }
            // Inner scopes, and f-strings, which may show a name (`{x=}`).
            Expr::Lambda(_)
            | Expr::ListComp(_)
            | Expr::SetComp(_)
            | Expr::DictComp(_)
            | Expr::Generator(_)
            | Expr::FString(_)
            | Expr::TString(_) => self.unsure = true,
            _ => {}
        }
        walk_expr(self, expr);
    }
}
