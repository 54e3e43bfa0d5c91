//! The canonical text of a condition: one space between words, parentheses
//! only where they change the meaning, texts escaped to ASCII.

use std::fmt::{self, Display as _};

use pi_core::canonical::Encoder;

use super::expression::{Expression, Literal, Operand, Path, Segment, Test};
use super::lexer::is_word;

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Any(members) => joined(f, members, " or ", |_| false),
            Expression::All(members) => {
                joined(f, members, " and ", |member| matches!(member, Expression::Any(_)))
            }
            Expression::Not(inner) => {
                f.write_str("not ")?;
                wrapped(f, inner, matches!(**inner, Expression::All(_) | Expression::Any(_)))
            }
            Expression::Test(test) => test.fmt(f),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    members: &[Expression],
    word: &str,
    wrap: fn(&Expression) -> bool,
) -> fmt::Result {
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        wrapped(f, member, wrap(member))?;
    }
    Ok(())
}

fn wrapped(f: &mut fmt::Formatter<'_>, inner: &Expression, wrap: bool) -> fmt::Result {
    if wrap { write!(f, "({inner})") } else { inner.fmt(f) }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Holds(operand) => operand.fmt(f),
            Test::Compare { left, comparison, right } => {
                write!(f, "{left} {} {right}", comparison.as_str())
            }
            Test::Text { left, test, right } => write!(f, "{left} {} {right}", test.as_str()),
            Test::In { operand, items } => {
                write!(f, "{operand} in [")?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Test::Has(path) => write!(f, "has({path})"),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Literal(literal) => literal.fmt(f),
            Operand::Path(path) => path.fmt(f),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("null"),
            Literal::Bool(value) => value.fmt(f),
            Literal::Integer(value) => value.fmt(f),
            Literal::Text(text) => quoted(f, text),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, segment) in self.segments().iter().enumerate() {
            match segment {
                Segment::Index(number) => write!(f, "[{number}]")?,
                Segment::Key(key) if index == 0 => f.write_str(key)?,
                Segment::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Segment::Key(key) => {
                    f.write_str("[")?;
                    quoted(f, key)?;
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

/// Whether the key reads as a word after a dot.
fn is_plain(key: &str) -> bool {
    let starts = key.bytes().next().is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    starts && key.bytes().all(is_word)
}

fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&String::from_utf8_lossy(&Encoder::encode(text)))
}
