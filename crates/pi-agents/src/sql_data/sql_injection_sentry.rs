//! See [`SqlInjectionSentry`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::python::ast::visitor::{Visitor, walk_expr, walk_stmt};
use pi_artifacts::python::ast::{Expr, Stmt};
use pi_artifacts::python::{Module, span};
use pi_artifacts::syntax::{Language, Node, Syntax};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};
use ruff_text_size::Ranged;

use super::query_text::{self, Danger, Piece};

const VALUE: Rule = Rule {
    id: "value-in-query",
    summary: "a value is put into the text of a query",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-89", "OWASP-A03:2021"],
    fix: "pass it as a parameter: `execute(\"... WHERE id = %s\", (id,))`",
};

const NAME: Rule = Rule {
    id: "name-in-query",
    summary: "the name of a table or column is put into the text of a query",
    severity: Severity::Low,
    confidence: Confidence::Low,
    references: &["CWE-89"],
    fix: "choose it from a list of known names, or quote it by the driver's function for identifiers",
};

declare_agent! {
    /// Finds queries into which a program puts values as text.
    ///
    /// # What it checks
    /// Calls that run queries in Python, JavaScript, TypeScript, Go, Java and Rust:
    /// texts made by templates, additions and formatting, directly or through a
    /// variable of the same function. The text must read like SQL. A hole behind FROM,
    /// ORDER BY and their like is a name and weighs less; numbers, constants, lists of
    /// placeholders and what a quoting function returns are no holes.
    ///
    /// # Why it matters
    /// A value that is part of the query can be any query.
    ///
    /// # Example denied
    /// ```python
    /// cursor.execute(f"SELECT * FROM users WHERE name = '{name}'")
    /// ```
    ///
    /// # Example allowed
    /// ```python
    /// cursor.execute("SELECT * FROM users WHERE name = %s", (name,))
    /// ```
    ///
    /// # Limits
    /// Where a value comes from is not followed beyond the function: a value that was
    /// checked against a list is reported too. Queries built by several statements, or
    /// in another file, are not put together.
    ///
    /// # References
    /// CWE-89; OWASP A03:2021; Bandit B608.
    pub struct SqlInjectionSentry {
        slug: "sql_injection_sentry",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Python, Kind::JavaScript, Kind::TypeScript, Kind::Go, Kind::Java, Kind::Rust],
        triggers: Any(&["select", "insert", "update", "delete", "drop", "alter", "create", "truncate", "exec", "merge", "call", "replace", "with", "grant", "revoke"]),
        invariant_to: ALL.without(Renaming),
        rules: [VALUE, NAME],
        fixture: include_str!("fixtures/sql_injection_sentry.md"),
        check: check,
    }
}

/// Functions that run a query, by their last word.
const RUNS: &[&str] = &[
    "execute",
    "executemany",
    "executescript",
    "raw",
    "read_sql",
    "read_sql_query",
    "mogrify",
    "fetch",
    "fetchrow",
    "fetchval",
    "query",
    "queryRaw",
    "$queryRawUnsafe",
    "$executeRawUnsafe",
    "all",
    "get",
    "run",
    "each",
    "exec",
    "Query",
    "QueryRow",
    "QueryContext",
    "QueryRowContext",
    "Exec",
    "ExecContext",
    "Raw",
    "Prepare",
    "prepare",
    "executeQuery",
    "executeUpdate",
    "prepareStatement",
    "prepareCall",
    "createQuery",
    "createNativeQuery",
    "createSQLQuery",
    "queryForObject",
    "queryForList",
    "sql_query",
    "query_as",
    "query_one",
    "execute_sql",
    "Select",
    "Get",
    "nativeQuery",
];

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.kind() == Kind::Python {
        let mut walk = PythonWalk { scopes: vec![BTreeMap::new()], found: Vec::new() };
        walk.module(artifact.python()?);
        for (number, (span, function, pieces)) in walk.found.iter().enumerate() {
            report.tick(1)?;
            tell(pieces, *span, function, number + 1, report);
        }
        return Ok(());
    }
    compiled(artifact.syntax()?, artifact.parsable_text()?, report)
}

fn tell(pieces: &[Piece], span: Span, function: &str, number: usize, report: &mut Report) {
    let (rule, message) = match query_text::judge(pieces) {
        Some(Danger::Value(name)) => (&VALUE, format!("`{name}` is put into the text of a query")),
        Some(Danger::Name(name)) => (&NAME, format!("`{name}` names a table or column of a query")),
        None => return,
    };
    report.finding(rule, span).message(message).subject(format!("{function}[{number}]"));
}

struct PythonWalk {
    /// Texts that variables hold, per function; nothing when assigned twice.
    scopes: Vec<BTreeMap<String, Option<Vec<Piece>>>>,
    found: Vec<(Span, String, Vec<Piece>)>,
}

impl PythonWalk {
    fn module(&mut self, module: &Module) {
        self.visit_body(&module.tree().body);
    }

    fn assigned(&mut self, target: &Expr, value: &Expr) {
        let Expr::Name(name) = target else { return };
        let pieces = query_text::python(value);
        if let Some(scope) = self.scopes.last_mut() {
            scope.entry(name.id.to_string()).and_modify(|known| *known = None).or_insert(pieces);
        }
    }

    fn pieces(&self, expr: &Expr) -> Option<Vec<Piece>> {
        match expr {
            Expr::Name(name) => self.scopes.last()?.get(name.id.as_str())?.clone(),
            // `text(f"...")` and its like wrap the query.
            Expr::Call(call) if call.arguments.args.len() == 1 => match &*call.func {
                Expr::Name(name) if matches!(name.id.as_str(), "text" | "dedent") => {
                    query_text::python(call.arguments.args.first()?)
                }
                _ => query_text::python(expr),
            },
            _ => query_text::python(expr),
        }
    }
}

impl<'a> Visitor<'a> for PythonWalk {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.scopes.push(BTreeMap::new());
                self.visit_body(&function.body);
                self.scopes.pop();
            }
            Stmt::Assign(assign) => {
                self.visit_expr(&assign.value);
                assign.targets.iter().for_each(|target| self.assigned(target, &assign.value));
            }
            Stmt::AugAssign(assign) => {
                self.visit_expr(&assign.value);
                if let (Expr::Name(name), Some(scope)) = (&*assign.target, self.scopes.last_mut()) {
                    scope.insert(name.id.to_string(), None);
                }
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Some(first) = call.arguments.args.first()
        {
            let function = match &*call.func {
                Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
                Expr::Name(name) if matches!(name.id.as_str(), "read_sql" | "read_sql_query") => {
                    Some(name.id.as_str())
                }
                _ => None,
            };
            if let Some(function) = function.filter(|name| RUNS.contains(name))
                && let Some(pieces) = self.pieces(first)
            {
                self.found.push((span(first.range()), function.to_owned(), pieces));
            }
        }
        walk_expr(self, expr);
    }
}

fn compiled(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let texts = variables(syntax, text);
    let kind =
        if syntax.language() == Language::Java { "method_invocation" } else { "call_expression" };
    let mut number = 0;
    for call in syntax.nodes_of(kind) {
        report.tick(1)?;
        let Some(function) = function_of(syntax.language(), call, text) else { continue };
        if !RUNS.contains(&function) {
            continue;
        }
        let Some(arguments) = call.field("arguments") else { continue };
        // Go passes a context first.
        for argument in arguments.named_children().take(2) {
            let inner = if argument.kind() == "reference_expression" {
                argument.named_children().next().unwrap_or(argument)
            } else {
                argument
            };
            let pieces = match inner.kind() {
                "identifier" => texts.get(inner.text(text)).cloned().flatten(),
                _ => query_text::tree(inner, text),
            };
            if let Some(pieces) = pieces {
                number += 1;
                tell(&pieces, argument.span(), function, number, report);
            }
        }
    }
    Ok(())
}

fn function_of<'t>(language: Language, call: Node<'_>, text: &'t str) -> Option<&'t str> {
    if language == Language::Java {
        return Some(call.field("name")?.span().of(text));
    }
    let function = call.field("function")?;
    let name = match function.kind() {
        "member_expression" => function.field("property")?,
        "selector_expression" | "field_expression" => function.field("field")?,
        "scoped_identifier" => function.field("name")?,
        _ => return None,
    };
    Some(name.span().of(text))
}

/// Texts that variables hold; nothing for those that are assigned more than once.
fn variables(syntax: &Syntax, text: &str) -> BTreeMap<String, Option<Vec<Piece>>> {
    let mut out: BTreeMap<String, Option<Vec<Piece>>> = BTreeMap::new();
    let mut add = |name: &str, value: Option<Vec<Piece>>| {
        out.entry(name.to_owned()).and_modify(|known| *known = None).or_insert(value);
    };
    for node in syntax.nodes_of("variable_declarator") {
        if let (Some(name), Some(value)) = (node.field("name"), node.field("value")) {
            add(name.text(text), query_text::tree(value, text));
        }
    }
    for node in syntax.nodes_of("short_var_declaration") {
        let side = |field: &str| node.field(field).and_then(|list| list.named_children().next());
        if let (Some(name), Some(value)) = (side("left"), side("right")) {
            add(name.text(text), query_text::tree(value, text));
        }
    }
    for node in syntax.nodes_of("let_declaration") {
        if let (Some(name), Some(value)) = (node.field("pattern"), node.field("value")) {
            add(name.text(text), query_text::tree(value, text));
        }
    }
    for kind in ["assignment_expression", "augmented_assignment_expression", "assignment_statement"]
    {
        for node in syntax.nodes_of(kind) {
            if let Some(name) = node.field("left") {
                add(name.text(text), None);
                add(name.text(text), None);
            }
        }
    }
    out
}
