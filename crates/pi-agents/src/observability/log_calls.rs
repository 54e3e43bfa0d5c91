//! Calls of loggers in five languages, in one form.

use std::collections::BTreeSet;

use pi_agent_api::Stop;

use pi_artifacts::python::ast::visitor::{Visitor, walk_expr, walk_stmt};
use pi_artifacts::python::ast::{Expr, ExprCall, Operator, Stmt};
use pi_artifacts::python::{Module, Value, span};
use pi_artifacts::syntax::{Language, Node, Syntax};
use pi_artifacts::{Artifact, Kind, Span};
use ruff_text_size::Ranged;

/// A statement that writes a line somewhere.
#[derive(Clone, Debug)]
pub(super) struct LogCall {
    /// `info`, `error`, or the function that prints: `print`, `console.log`.
    pub function: String,
    /// It prints and does not log.
    pub raw: bool,
    /// How the message is made.
    pub message: Message,
    /// Names that are written, each with its place.
    pub names: Vec<(String, Span)>,
    /// It stands where an error was caught.
    pub handles_error: bool,
    /// The caught error, or its stack, is passed on.
    pub passes_error: bool,
    /// The whole call.
    pub span: Span,
}

/// How a message is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A constant, or whatever a name holds.
    Plain,
    /// A template or f-string with values in it.
    Template,
    /// Parts added up.
    Concatenated,
    /// `format` or `%` before the logger sees it.
    Formatted,
}

const LEVELS: &[&str] = &[
    "trace",
    "debug",
    "info",
    "warn",
    "warning",
    "error",
    "exception",
    "critical",
    "fatal",
    "severe",
    "Debug",
    "Info",
    "Warn",
    "Error",
    "Fatal",
    "Debugf",
    "Infof",
    "Warnf",
    "Errorf",
    "Fatalf",
    "Print",
    "Printf",
    "Println",
    "Panicf",
    "notice",
];

/// Functions whose result shows nothing of what goes in.
const COVERS: &[&str] = &[
    "mask",
    "redact",
    "hash",
    "len",
    "length",
    "bool",
    "type",
    "sanitize",
    "scrub",
    "obfuscate",
    "sha",
    "digest",
    "isinstance",
    "typeof",
];

fn covers(function: &str) -> bool {
    let lower = function.to_ascii_lowercase();
    COVERS.iter().any(|word| lower.contains(word))
}

/// The calls of a program.
pub(super) fn calls(artifact: &Artifact) -> Result<Vec<LogCall>, Stop> {
    if artifact.kind() == Kind::Python {
        return Ok(python(artifact.python()?));
    }
    let text = artifact.parsable_text()?;
    Ok(compiled(artifact.syntax()?, text))
}

fn python(module: &Module) -> Vec<LogCall> {
    let made = |value: &Value| matches!(value, Value::Call(Some(name)) if name.ends_with("getLogger") || name.ends_with("get_logger"));
    let loggers =
        module.assignments.iter().filter(|own| made(&own.value)).map(|own| own.name.clone());
    let aliases = module
        .imports
        .iter()
        .filter(|import| import.target == "logging")
        .map(|import| import.name.clone());
    let structured =
        module.imports.iter().filter(|i| i.target == "loguru.logger").map(|i| i.name.clone());
    let mut walk = PythonWalk {
        loggers: loggers.chain(aliases).chain(structured).collect(),
        handlers: Vec::new(),
        out: Vec::new(),
    };
    walk.visit_body(&module.tree().body);
    walk.out
}

struct PythonWalk {
    loggers: BTreeSet<String>,
    /// The error's name in each handler around.
    handlers: Vec<String>,
    out: Vec<LogCall>,
}

impl<'a> Visitor<'a> for PythonWalk {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let Stmt::Try(attempt) = stmt else { return walk_stmt(self, stmt) };
        self.visit_body(&attempt.body);
        for handler in &attempt.handlers {
            let pi_artifacts::python::ast::ExceptHandler::ExceptHandler(handler) = handler;
            self.handlers.push(handler.name.as_ref().map(|n| n.to_string()).unwrap_or_default());
            self.visit_body(&handler.body);
            self.handlers.pop();
        }
        self.visit_body(&attempt.orelse);
        self.visit_body(&attempt.finalbody);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            self.out.extend(self.call(call));
        }
        walk_expr(self, expr);
    }
}

fn dotted(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => {
            Some(format!("{}.{}", dotted(&attribute.value)?, attribute.attr))
        }
        _ => None,
    }
}

impl PythonWalk {
    fn call(&self, call: &ExprCall) -> Option<LogCall> {
        let name = dotted(&call.func)?;
        let raw = name == "print";
        let function = match name.rsplit_once('.') {
            Some((object, level)) if LEVELS.contains(&level) => {
                let last = object.rsplit('.').next().unwrap_or_default();
                let attribute =
                    object.contains('.') && matches!(last, "logger" | "log" | "_logger" | "_log");
                (self.loggers.contains(object) || attribute).then(|| level.to_owned())?
            }
            _ if raw => name,
            _ => return None,
        };
        let message = call.arguments.args.first().map_or(Message::Plain, python_message);
        let mut names = Names::default();
        call.arguments.args.iter().for_each(|argument| names.visit_expr(argument));
        call.arguments.keywords.iter().for_each(|keyword| names.visit_expr(&keyword.value));
        let error = self.handlers.last();
        let keyword = call.arguments.keywords.iter().any(|keyword| {
            keyword.arg.as_ref().is_none_or(|arg| matches!(arg.as_str(), "exc_info" | "stack_info"))
        });
        let passes_error = function == "exception" || keyword;
        Some(LogCall {
            function,
            raw,
            message,
            names: names.0,
            handles_error: error.is_some(),
            passes_error,
            span: span(call.range()),
        })
    }
}

fn python_message(expr: &Expr) -> Message {
    match expr {
        Expr::FString(text) => {
            let has_values = text.value.elements().any(|part| part.is_interpolation());
            if has_values { Message::Template } else { Message::Plain }
        }
        Expr::BinOp(operation) if operation.op == Operator::Add => {
            let text = |side: &Expr| {
                matches!(side, Expr::StringLiteral(_) | Expr::FString(_) | Expr::BinOp(_))
            };
            let values = |side: &Expr| !matches!(side, Expr::StringLiteral(_));
            let joined = text(&operation.left) || text(&operation.right);
            let variable = values(&operation.left) || values(&operation.right);
            if joined && variable { Message::Concatenated } else { Message::Plain }
        }
        Expr::BinOp(operation)
            if operation.op == Operator::Mod
                && matches!(&*operation.left, Expr::StringLiteral(_)) =>
        {
            Message::Formatted
        }
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(attribute)
                if attribute.attr.as_str() == "format"
                    && matches!(&*attribute.value, Expr::StringLiteral(_)) =>
            {
                Message::Formatted
            }
            _ => Message::Plain,
        },
        _ => Message::Plain,
    }
}

/// Names in an expression, but for those that a function covers.
#[derive(Default)]
struct Names(Vec<(String, Span)>);

impl<'a> Visitor<'a> for Names {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => self.0.push((name.id.to_string(), span(name.range))),
            Expr::Attribute(attribute) => {
                self.0.push((attribute.attr.to_string(), span(attribute.range)));
            }
            Expr::Call(call) if dotted(&call.func).is_some_and(|name| covers(&name)) => {}
            Expr::Call(call) => {
                call.arguments.args.iter().for_each(|argument| self.visit_expr(argument));
                call.arguments.keywords.iter().for_each(|keyword| self.visit_expr(&keyword.value));
            }
            Expr::Compare(_) => {}
            Expr::Subscript(subscript) => match &*subscript.slice {
                Expr::StringLiteral(key) => {
                    self.0.push((key.value.to_str().to_owned(), span(subscript.range)));
                }
                _ => self.visit_expr(&subscript.value),
            },
            _ => walk_expr(self, expr),
        }
    }
}

/// JavaScript, TypeScript, Go, Java and Rust.
fn compiled(syntax: &Syntax, text: &str) -> Vec<LogCall> {
    let kind = match syntax.language() {
        Language::Java => "method_invocation",
        Language::Rust => "macro_invocation",
        _ => "call_expression",
    };
    syntax.nodes_of(kind).filter_map(|node| compiled_call(syntax.language(), node, text)).collect()
}

fn compiled_call(language: Language, node: Node<'_>, text: &str) -> Option<LogCall> {
    let (object, name) = match language {
        Language::Java => (
            node.field("object").map(|object| object.text(text)).unwrap_or_default(),
            node.field("name")?.text(text),
        ),
        Language::Rust => ("", node.field("macro")?.text(text)),
        Language::Go => {
            let function = node.field("function")?;
            match function.kind() {
                "selector_expression" => {
                    (function.field("operand")?.text(text), function.field("field")?.text(text))
                }
                _ => ("", function.text(text)),
            }
        }
        _ => {
            let function = node.field("function")?;
            if function.kind() != "member_expression" {
                return None;
            }
            (function.field("object")?.text(text), function.field("property")?.text(text))
        }
    };
    let (raw, function) = classify(language, object, name)?;
    let arguments: Vec<Node<'_>> = match node.field("arguments") {
        Some(list) => list.named_children().collect(),
        None => node.named_children().filter(|child| child.kind() == "token_tree").collect(),
    };
    let message = arguments.first().map_or(Message::Plain, |first| compiled_message(*first, text));
    let mut names = Vec::new();
    arguments.iter().for_each(|argument| collect(*argument, text, &mut names));
    if language == Language::Rust {
        inline(node.text(text), node.span(), &mut names);
    }
    let handler = node.ancestor("catch_clause");
    let error = handler.and_then(|handler| {
        handler
            .field("parameter")
            .or_else(|| {
                handler
                    .children()
                    .find(|child| child.kind() == "catch_formal_parameter")
                    .and_then(|p| p.field("name"))
            })
            .map(|parameter| parameter.text(text))
    });
    let passes_error = error.is_some_and(|error| names.iter().any(|(name, _)| name == error));
    Some(LogCall {
        function,
        raw,
        message,
        names,
        handles_error: handler.is_some(),
        passes_error,
        span: node.span(),
    })
}

fn is_logger(object: &str) -> bool {
    let last = object.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    matches!(
        last.as_str(),
        "logger"
            | "log"
            | "_logger"
            | "_log"
            | "slog"
            | "logrus"
            | "winston"
            | "pino"
            | "zap"
            | "sugar"
    )
}

fn classify(language: Language, object: &str, name: &str) -> Option<(bool, String)> {
    let whole = if object.is_empty() { name.to_owned() } else { format!("{object}.{name}") };
    let raw = match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            object == "console"
                && matches!(name, "log" | "debug" | "trace" | "dir" | "info" | "warn" | "error")
        }
        Language::Go => {
            (object == "fmt" && matches!(name, "Print" | "Println" | "Printf"))
                || (object.is_empty() && matches!(name, "println" | "print"))
        }
        Language::Java => {
            matches!(object, "System.out" | "System.err")
                && matches!(name, "println" | "print" | "printf")
        }
        Language::Rust => matches!(name, "println" | "print" | "eprintln" | "eprint" | "dbg"),
        Language::Solidity => false,
    };
    if raw {
        return Some((true, whole));
    }
    let macro_level = name.rsplit("::").next().unwrap_or(name);
    let logs = match language {
        Language::Rust => matches!(macro_level, "trace" | "debug" | "info" | "warn" | "error"),
        _ => is_logger(object) && LEVELS.contains(&name),
    };
    logs.then(|| (false, macro_level.to_ascii_lowercase()))
}

fn compiled_message(node: Node<'_>, text: &str) -> Message {
    match node.kind() {
        "template_string"
            if node.named_children().any(|part| part.kind() == "template_substitution") =>
        {
            Message::Template
        }
        "binary_expression" => {
            let plus = node.children().any(|child| child.kind() == "+");
            let literal = node
                .named_children()
                .any(|side| side.kind().contains("string") || side.kind() == "binary_expression");
            let variable = node.descendants().any(|part| {
                matches!(part.kind(), "identifier" | "call_expression" | "method_invocation")
            });
            if plus && literal && variable { Message::Concatenated } else { Message::Plain }
        }
        "method_invocation" if node.text(text).starts_with("String.format(") => Message::Formatted,
        "call_expression" if node.text(text).starts_with("fmt.Sprintf(") => Message::Formatted,
        _ => Message::Plain,
    }
}

/// Names in an expression, but for those that a function covers.
fn collect(node: Node<'_>, text: &str, out: &mut Vec<(String, Span)>) {
    let mut all = vec![node];
    all.extend(node.descendants());
    for part in all {
        let is_name = matches!(
            part.kind(),
            "identifier"
                | "property_identifier"
                | "field_identifier"
                | "shorthand_property_identifier"
        );
        if !is_name || part.field_name() == Some("function") || part.field_name() == Some("key") {
            continue;
        }
        let mut around = std::iter::successors(part.parent(), |parent| parent.parent()).take(12);
        let covered = around.any(|parent| {
            let call = matches!(parent.kind(), "call_expression" | "method_invocation");
            let function = parent.field("function").or_else(|| parent.field("name"));
            let inside = parent.span() != node.span() && node.span().contains(parent.span());
            call && inside && function.is_some_and(|function| covers(function.text(text)))
                || parent.kind() == "unary_expression" && inside
        });
        if !covered {
            out.push((part.text(text).to_owned(), part.span()));
        }
    }
}

/// Names inside the braces of a format string.
fn inline(call: &str, span: Span, out: &mut Vec<(String, Span)>) {
    for piece in call.split('{').skip(1) {
        let name = piece.split(['}', ':']).next().unwrap_or_default();
        let is_name =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_name && piece.contains('}') {
            out.push((name.to_owned(), span));
        }
    }
}
