//! Calls of a program with the full names of what they call: imports and their
//! aliases are resolved, so that `from os import system as s; s(x)` is a call of
//! `os.system`.

mod javascript;
mod python;

use std::sync::Arc;

use pi_artifacts::artifact::Parsed;
use pi_artifacts::{Artifact, Kind, ParseFailure, Span};

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The full name: `eval`, `os.system`, `child_process.exec`.
    pub name: String,
    /// The name as written.
    pub callee: Span,
    /// The whole call.
    pub span: Span,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
}

/// An argument.
#[derive(Clone, Debug)]
pub struct Argument {
    /// The keyword, or the key of an options object.
    pub name: Option<String>,
    /// Its value's place.
    pub span: Span,
    /// What is known of the value.
    pub value: Value,
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string without expressions inside.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// A name with the way into it, resolved.
    Name(String),
    /// A list, a number and other values without names or calls inside.
    Constant,
    /// Computed.
    Computed,
}

impl Value {
    /// Whether the value is the same in every run.
    pub fn is_constant(&self) -> bool {
        matches!(self, Value::Text(_) | Value::Bool(_) | Value::Constant)
    }
}

impl Call {
    /// The first argument without a keyword.
    pub fn first(&self) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name.is_none())
    }

    /// The argument with this keyword.
    pub fn named(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.name.as_deref() == Some(name))
    }
}

struct Calls(Parsed<Vec<Call>>);

/// The calls of a Python, JavaScript or TypeScript artifact, parsed once.
///
/// # Errors
/// The artifact does not parse.
pub fn calls(artifact: &Artifact) -> Result<Arc<[Call]>, ParseFailure> {
    let shared = artifact.derived(|artifact| {
        Calls(match artifact.kind() {
            Kind::Python => python::calls(artifact),
            Kind::JavaScript | Kind::TypeScript => javascript::calls(artifact),
            _ => Ok(Vec::new()),
        })
    });
    match &shared.0 {
        Ok(calls) => Ok(calls.clone().into()),
        Err(failure) => Err(failure.clone()),
    }
}
