//! String literals and assigned values of any language, with their names: the
//! shared walk behind every agent that looks at values.
//!
//! One linear lexical scanner reads every text. It knows no grammar; it knows
//! how the languages that people keep values in write an assignment: code,
//! dotenv, INI, properties, YAML, JSON, TOML, HCL, XML, shell options, URL
//! parameters, HTTP headers and calls of setters. Looking back from a value is
//! bounded, so the time is linear in the length of the text.

mod names;
mod scan;

use crate::artifact::Artifact;
use crate::span::Span;

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Between quotes (or a YAML/JSON/TOML string).
    Quoted,
    /// Bare: a dotenv, INI, YAML plain or shell value.
    Bare,
}

/// A value, with the name it is given where there is one.
#[derive(Clone, Debug)]
pub struct Literal {
    /// The value without quotes, escapes resolved.
    pub value: String,
    /// Where the value stands, quotes excluded.
    pub span: Span,
    /// The name it is assigned to: variable, key, parameter, attribute, header.
    /// The last component only (`password`, not `db.password`).
    pub name: Option<String>,
    /// The full path of names (`db.password`) where the language has one.
    pub path: Option<String>,
    /// How it is written.
    pub form: Form,
    /// Stands in a comment or in documentation text.
    pub in_comment: bool,
    /// False when compared or passed as an argument, not assigned.
    pub is_assignment: bool,
}

/// All literals of an artifact, in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Literals {
    /// The literals.
    pub items: Vec<Literal>,
    /// Read by the lexical scanner because the text has no parser here or does
    /// not parse.
    pub lexical: bool,
}

/// Collects the literals of an artifact.
pub(crate) fn collect(artifact: &Artifact) -> Literals {
    scan_text(artifact.text().unwrap_or_default())
}

/// Collects the literals of a text. Never fails.
pub fn scan_text(text: &str) -> Literals {
    Literals { items: scan::scan(text), lexical: true }
}

#[cfg(test)]
mod tests;
