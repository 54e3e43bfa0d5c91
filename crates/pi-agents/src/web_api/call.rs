//! Calls of token libraries in Python, JavaScript and TypeScript, in one form.

use pi_artifacts::Span;

/// A call of a function that is known by the module it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Module and function: `jwt.decode`, `jsonwebtoken.verify`.
    pub function: String,
    /// The arguments by position.
    pub positional: Vec<Argument>,
    /// The arguments by name.
    pub named: Vec<(String, Argument)>,
    /// Arguments that are only known at run time follow (`*args`, `...args`).
    pub open: bool,
    /// The whole call.
    pub span: Span,
}

/// An argument with its place.
#[derive(Clone, Debug)]
pub(crate) struct Argument {
    /// Its value.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// A value as far as it is known without running anything. Names of variables
/// that are assigned once are replaced by what they are assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A text.
    Text(String),
    /// A boolean.
    Bool(bool),
    /// `None`, `null`, `undefined`.
    Nothing,
    /// A list of values.
    List(Vec<Value>),
    /// A map with its text keys.
    Map(Vec<(String, Value, Span)>),
    /// Anything else.
    Unknown,
}

impl Value {
    /// The entry of a map.
    pub(crate) fn get(&self, key: &str) -> Option<(&Value, Span)> {
        match self {
            Value::Map(entries) => {
                entries.iter().rev().find(|(name, ..)| name == key).map(|(_, v, span)| (v, *span))
            }
            _ => None,
        }
    }

    /// The text or the texts of a list.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Value::Text(text) => vec![text],
            Value::List(items) => items.iter().flat_map(Value::texts).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether the value is no key: empty, nothing or false.
    pub(crate) fn is_empty_key(&self) -> bool {
        match self {
            Value::Text(text) => text.is_empty(),
            Value::Nothing | Value::Bool(false) => true,
            _ => false,
        }
    }
}

impl Call {
    /// The argument at a position or under one of the names.
    pub(crate) fn argument(&self, position: usize, names: &[&str]) -> Option<&Argument> {
        let named = self.named.iter().find(|(name, _)| names.contains(&name.as_str()));
        named.map(|(_, argument)| argument).or_else(|| self.positional.get(position))
    }

    /// The argument under a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Argument> {
        self.named.iter().find(|(own, _)| own == name).map(|(_, argument)| argument)
    }
}
