//! Messages of policies: text with facts in braces.
//!
//! `{findings.medium}` is the value of that fact; `{findings.medium finding}`
//! counts: `1 finding`, `2 findings`. A list is shown in back-ticks. Two braces
//! are one.

use std::fmt::Write as _;

use crate::facts::{Fact, Facts, Value};

/// A message with its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Fact(Fact),
    Count(Fact, String),
}

impl Message {
    /// Reads a message; the place that is no fact otherwise.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, behind) = rest.split_at(at);
            plain.push_str(before);
            let doubled = behind.strip_prefix("{{").map(|rest| ('{', rest));
            let doubled = doubled.or_else(|| behind.strip_prefix("}}").map(|rest| ('}', rest)));
            if let Some((brace, behind)) = doubled {
                plain.push(brace);
                rest = behind;
                continue;
            }
            let inner = behind.strip_prefix('{').and_then(|behind| behind.split_once('}'));
            let (inner, behind) = inner.ok_or("a brace without its partner")?;
            let (path, noun) = inner.split_once(' ').map_or((inner, None), |(p, n)| (p, Some(n)));
            let fact = Fact::from_path(path).ok_or_else(|| format!("`{path}` is no fact"))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(match noun {
                Some(noun) => Part::Count(fact, noun.to_owned()),
                None => Part::Fact(fact),
            });
            rest = behind;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// The message under these facts.
    pub(crate) fn render(&self, facts: &Facts) -> String {
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Fact(fact) => value(&mut out, facts.get(*fact)),
                Part::Count(fact, noun) => {
                    value(&mut out, facts.get(*fact));
                    let one = facts.get(*fact) == Some(&Value::Number(1));
                    let _ = write!(out, " {noun}{}", if one { "" } else { "s" });
                }
            }
        }
        out
    }
}

fn value(out: &mut String, value: Option<&Value>) {
    // Writing to a string does not fail.
    let _ = match value {
        None => write!(out, "no"),
        Some(Value::Truth(value)) => write!(out, "{value}"),
        Some(Value::Number(value)) => write!(out, "{value}"),
        Some(Value::Text(value)) => write!(out, "`{value}`"),
        Some(Value::Texts(values)) => write!(out, "`{}`", values.join("`, `")),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Stage;

    #[test]
    fn facts_are_filled_in() {
        let mut facts = Facts::blank("a", "t", "c", Stage::Govern);
        facts.set(Fact::Medium, 1).set(Fact::High, 2);
        facts.set(Fact::Effects, vec!["x".to_owned(), "y".to_owned()]);
        let text = "{{{findings.medium finding}, {findings.high finding} by {request.effects}}}";
        let message = Message::parse(text).unwrap();
        assert_eq!(message.render(&facts), "{1 finding, 2 findings by `x`, `y`}");
        for bad in ["{", "}", "{findings.mediun}", "{}", "{ finding}"] {
            Message::parse(bad).unwrap_err();
        }
    }
}
