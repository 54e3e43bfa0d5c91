//! The language of CONDITIONAL edges (EDGE-1): small, total, deterministic
//! boolean expressions over the fields of artifact payloads.
//!
//! There are literals, field paths, comparisons, `in`, `contains`,
//! `starts_with`, `ends_with`, `has(path)`, `and`, `or`, `not` and parentheses,
//! and nothing else: no patterns, arithmetic, loops, calls or clock. A text is
//! capped before it is read, an evaluation counts its steps, and whatever has
//! no clear answer is an error, which keeps the edge closed. `docs/spec/conditions.md`
//! has the grammar.

mod evaluate;
mod expression;
mod lexer;
mod parser;
mod print;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use pi_core::canonical::{Encoder, ToCanonical, Value};
use pi_core::{Digest, Reason};

pub use evaluate::{EvaluationError, TypeName, Verdict};
pub use expression::{Comparison, Expression, Literal, Operand, Path, Segment, Test, TextTest};
pub use parser::{ParseError, ParseErrorKind};

/// Longest text of a condition in bytes. A condition is read by people.
pub const MAX_BYTES: usize = 4_096;

/// Deepest nesting of `not` and parentheses; bounds the recursion.
pub const MAX_DEPTH: usize = 32;

/// Most tests, operators and list items of one condition.
pub const MAX_NODES: usize = 256;

/// Most segments of one path.
pub const MAX_SEGMENTS: usize = 32;

/// Most steps of one evaluation. A step is a node, a path segment, a compared
/// item, or [`BYTES_PER_STEP`] bytes of compared text.
pub const MAX_STEPS: u64 = 100_000;

/// Bytes of text that are compared for one step.
pub const BYTES_PER_STEP: usize = 64;

/// A condition that was read and can be evaluated.
///
/// Two conditions are equal when their canonical texts are; spaces, needless
/// parentheses and escapes make no difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    expression: Expression,
    text: String,
}

impl Condition {
    /// Reads a condition.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parser::parse(text).map(|expression| Self { text: expression.to_string(), expression })
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression.
    pub fn expression(&self) -> &Expression {
        &self.expression
    }

    /// The digest of the canonical text.
    pub fn digest(&self) -> Digest {
        Digest::of_canonical(self)
    }

    /// The paths that an evaluation may read, in the order of the text.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.expression.visit_paths(&mut |path| paths.push(path));
        paths
    }

    /// Evaluates the condition on a payload. An error never means that the
    /// condition holds: the edge stays closed for [`EvaluationError::reason`].
    pub fn evaluate(&self, payload: &Value) -> Result<Verdict, EvaluationError> {
        evaluate::evaluate(&self.expression, payload)
    }
}

impl FromStr for Condition {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl ToCanonical for Condition {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.str(&self.text);
    }
}

impl ParseError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::ConditionInvalid
    }
}

impl EvaluationError {
    /// The reason code.
    pub fn reason(&self) -> Reason {
        Reason::ConditionFailed
    }
}
