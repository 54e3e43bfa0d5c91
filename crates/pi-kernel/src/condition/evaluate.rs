//! Evaluates conditions, counting every step.

use std::cmp::Ordering;
use std::fmt;

use pi_core::canonical::Value;

use super::expression::{Comparison, Expression, Literal, Operand, Path, Segment, Test, TextTest};
use super::{BYTES_PER_STEP, MAX_STEPS};

/// What an evaluation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the condition holds.
    pub holds: bool,
    /// The steps that it took.
    pub steps: u64,
}

/// Why a condition has no answer. Messages name the canonical text of the test,
/// so that equal conditions fail with equal words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvaluationError {
    /// A field is not there.
    #[error("`{path}` is absent in `{test}`")]
    Absent {
        /// The path.
        path: String,
        /// The test that reads it.
        test: String,
    },
    /// Two values of different types are compared.
    #[error("`{test}` compares {left} with {right}")]
    MixedTypes {
        /// The test.
        test: String,
        /// The type on the left.
        left: TypeName,
        /// The type on the right.
        right: TypeName,
    },
    /// A value of a type that the test cannot take.
    #[error("`{test}` cannot take {found}")]
    WrongType {
        /// The test.
        test: String,
        /// The type.
        found: TypeName,
    },
    /// The evaluation took too many steps.
    #[error("more than {MAX_STEPS} steps")]
    TooManySteps,
}

/// The type of a value, as messages name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeName {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A 64-bit integer.
    Integer,
    /// An integer beyond 64 bits, or a float: nothing is compared with it.
    OtherNumber,
    /// A text.
    Text,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TypeName::Null => "null",
            TypeName::Bool => "a boolean",
            TypeName::Integer => "an integer",
            TypeName::OtherNumber => "a number beyond 64-bit integers",
            TypeName::Text => "a text",
            TypeName::Array => "an array",
            TypeName::Object => "an object",
        })
    }
}

/// A value under comparison.
#[derive(Clone, Copy)]
enum Item<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    Text(&'a str),
    Array(&'a [Value]),
    Other(TypeName),
}

impl Item<'_> {
    fn type_name(&self) -> TypeName {
        match self {
            Item::Null => TypeName::Null,
            Item::Bool(_) => TypeName::Bool,
            Item::Integer(_) => TypeName::Integer,
            Item::Text(_) => TypeName::Text,
            Item::Array(_) => TypeName::Array,
            Item::Other(name) => *name,
        }
    }
}

impl<'a> From<&'a Value> for Item<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Item::Null,
            Value::Bool(value) => Item::Bool(*value),
            Value::Integer(integer) => {
                integer.as_i64().map_or(Item::Other(TypeName::OtherNumber), Item::Integer)
            }
            Value::Float(_) => Item::Other(TypeName::OtherNumber),
            Value::String(text) => Item::Text(text),
            Value::Array(items) => Item::Array(items),
            Value::Object(_) => Item::Other(TypeName::Object),
        }
    }
}

impl<'a> From<&'a Literal> for Item<'a> {
    fn from(literal: &'a Literal) -> Self {
        match literal {
            Literal::Null => Item::Null,
            Literal::Bool(value) => Item::Bool(*value),
            Literal::Integer(value) => Item::Integer(*value),
            Literal::Text(text) => Item::Text(text),
        }
    }
}

/// Evaluates an expression on a payload.
pub(super) fn evaluate(
    expression: &Expression,
    payload: &Value,
) -> Result<Verdict, EvaluationError> {
    let mut evaluation = Evaluation { payload, steps: 0 };
    let holds = evaluation.expression(expression)?;
    Ok(Verdict { holds, steps: evaluation.steps })
}

struct Evaluation<'a> {
    payload: &'a Value,
    steps: u64,
}

type Evaluated<T> = Result<T, EvaluationError>;

impl<'a> Evaluation<'a> {
    fn spend(&mut self, steps: usize) -> Evaluated<()> {
        self.steps = self.steps.saturating_add(steps as u64);
        if self.steps > MAX_STEPS { Err(EvaluationError::TooManySteps) } else { Ok(()) }
    }

    /// The recursion is as deep as the parser's, which is capped.
    fn expression(&mut self, expression: &'a Expression) -> Evaluated<bool> {
        self.spend(1)?;
        match expression {
            Expression::All(members) => {
                for member in members {
                    if !self.expression(member)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Expression::Any(members) => {
                for member in members {
                    if self.expression(member)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Expression::Not(inner) => self.expression(inner).map(|holds| !holds),
            Expression::Test(test) => self.test(test),
        }
    }

    fn test(&mut self, test: &'a Test) -> Evaluated<bool> {
        match test {
            Test::Has(path) => self.find(path).map(|found| found.is_some()),
            Test::Holds(operand) => match self.operand(operand, test)? {
                Item::Bool(value) => Ok(value),
                other => Err(wrong_type(test, other)),
            },
            Test::Compare { left, comparison, right } => {
                let (a, b) = (self.operand(left, test)?, self.operand(right, test)?);
                let asks_for_null = [left, right]
                    .iter()
                    .any(|operand| matches!(operand, Operand::Literal(Literal::Null)));
                self.compare(a, *comparison, b, asks_for_null, test)
            }
            Test::In { operand, items } => {
                let value = self.operand(operand, test)?;
                if matches!(value, Item::Null | Item::Array(_) | Item::Other(_)) {
                    return Err(wrong_type(test, value));
                }
                for item in items {
                    if self.order(value, item.into(), test)? == Ordering::Equal {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Text { left, test: how, right } => {
                let (a, b) = (self.operand(left, test)?, self.operand(right, test)?);
                self.text(a, *how, b, test)
            }
        }
    }

    fn compare(
        &mut self,
        a: Item<'a>,
        comparison: Comparison,
        b: Item<'a>,
        asks_for_null: bool,
        test: &Test,
    ) -> Evaluated<bool> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        if asks_for_null && equality {
            // The literal `null` asks whether the other side is null.
            self.spend(1)?;
            let both = matches!((a, b), (Item::Null, Item::Null));
            return Ok(both == (comparison == Comparison::Equal));
        }
        if !equality && matches!(a, Item::Bool(_) | Item::Null) {
            return Err(wrong_type(test, a));
        }
        let order = self.order(a, b, test)?;
        Ok(match comparison {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::NotEqual => order != Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::AtMost => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::AtLeast => order != Ordering::Less,
        })
    }

    /// Orders two values of one type; texts by code points.
    fn order(&mut self, a: Item<'a>, b: Item<'a>, test: &Test) -> Evaluated<Ordering> {
        self.spend(1)?;
        match (a, b) {
            (Item::Integer(a), Item::Integer(b)) => Ok(a.cmp(&b)),
            (Item::Bool(a), Item::Bool(b)) => Ok(a.cmp(&b)),
            (Item::Null, Item::Null) => Ok(Ordering::Equal),
            (Item::Text(a), Item::Text(b)) => {
                self.spend(a.len().min(b.len()) / BYTES_PER_STEP)?;
                Ok(a.cmp(b))
            }
            (Item::Array(_) | Item::Other(_), _) => Err(wrong_type(test, a)),
            (_, Item::Array(_) | Item::Other(_)) => Err(wrong_type(test, b)),
            _ => Err(mixed(test, a, b)),
        }
    }

    fn text(&mut self, a: Item<'a>, how: TextTest, b: Item<'a>, test: &Test) -> Evaluated<bool> {
        match (a, how, b) {
            (Item::Text(a), how, Item::Text(b)) => {
                self.spend(a.len().saturating_add(b.len()) / BYTES_PER_STEP)?;
                Ok(match how {
                    TextTest::Contains => a.contains(b),
                    TextTest::StartsWith => a.starts_with(b),
                    TextTest::EndsWith => a.ends_with(b),
                })
            }
            (Item::Array(_), TextTest::Contains, Item::Array(_) | Item::Other(_) | Item::Null) => {
                Err(wrong_type(test, b))
            }
            (Item::Array(items), TextTest::Contains, b) => {
                for item in items {
                    if self.order(item.into(), b, test)? == Ordering::Equal {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            (Item::Text(_), _, b) => Err(mixed(test, a, b)),
            (a, _, _) => Err(wrong_type(test, a)),
        }
    }

    fn operand(&mut self, operand: &'a Operand, test: &Test) -> Evaluated<Item<'a>> {
        match operand {
            Operand::Literal(literal) => Ok(literal.into()),
            Operand::Path(path) => match self.find(path)? {
                Some(value) => Ok(value.into()),
                None => {
                    Err(EvaluationError::Absent { path: path.to_string(), test: test.to_string() })
                }
            },
        }
    }

    fn find(&mut self, path: &Path) -> Evaluated<Option<&'a Value>> {
        let mut value = self.payload;
        for segment in path.segments() {
            self.spend(1)?;
            let next = match segment {
                Segment::Key(key) => value.get(key),
                Segment::Index(index) => {
                    let index = usize::try_from(*index).unwrap_or(usize::MAX);
                    value.as_array().and_then(|items| items.get(index))
                }
            };
            let Some(next) = next else { return Ok(None) };
            value = next;
        }
        Ok(Some(value))
    }
}

fn wrong_type(test: &Test, found: Item<'_>) -> EvaluationError {
    EvaluationError::WrongType { test: test.to_string(), found: found.type_name() }
}

fn mixed(test: &Test, left: Item<'_>, right: Item<'_>) -> EvaluationError {
    EvaluationError::MixedTypes {
        test: test.to_string(),
        left: left.type_name(),
        right: right.type_name(),
    }
}
