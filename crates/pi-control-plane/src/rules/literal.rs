//! Values of rules as Cedar writes them.

use std::fmt::Write as _;

use pi_core::canonical::Value as Json;

use super::{MAX_VALUES, Members, RuleListError};
use crate::facts::{Fact, Kind};

/// A text between quotes.
pub(super) fn text(value: &str) -> String {
    format!("\"{}\"", escaped(value))
}

/// A pattern of `like` that matches `value` with anything before or behind.
pub(super) fn pattern(before: bool, value: &str, behind: bool) -> String {
    let star = |yes| if yes { "*" } else { "" };
    format!("\"{}{}{}\"", star(before), escaped(value).replace('*', "\\*"), star(behind))
}

fn escaped(value: &str) -> String {
    let mut out = String::new();
    for character in value.chars() {
        match character {
            '"' | '\\' => {
                out.push('\\');
                out.push(character);
            }
            // What a reader cannot tell apart is written by number.
            other if other.is_ascii_graphic() || other == ' ' => out.push(other),
            other => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(other));
            }
        }
    }
    out
}

/// `context.subject.FIELD`.
pub(super) fn field(fact: Fact) -> String {
    format!("context.{}", fact.path())
}

/// The condition that a field is there (POLICY-2).
pub(super) fn present(fact: Fact) -> String {
    format!("context.subject has {}", fact.name())
}

impl Members<'_> {
    /// The member `value` as a text.
    pub(super) fn value_text(&self) -> Result<String, RuleListError> {
        self.text("value").map(text)
    }

    /// The member `value` as a number that Cedar can hold.
    pub(super) fn value_number(&self) -> Result<String, RuleListError> {
        let number = self.number("value")?;
        let fits = i64::try_from(number).map_err(|_| self.wrong("value", "is too large"))?;
        Ok(fits.to_string())
    }

    /// The member `value` as the items of a list: one text, or several.
    pub(super) fn value_texts(&self) -> Result<Vec<String>, RuleListError> {
        let value = self.get("value")?;
        if let Some(one) = value.as_str() {
            return Ok(vec![text(one)]);
        }
        let items = value
            .as_array()
            .ok_or_else(|| self.wrong("value", "must be a text or a list of texts"))?;
        if items.len() > MAX_VALUES {
            return Err(RuleListError::TooLarge);
        }
        let texts = items.iter().map(|item| item.as_str().map(text));
        texts.collect::<Option<_>>().ok_or_else(|| self.wrong("value", "must hold texts"))
    }

    /// The member `value` as a value of the field's own type.
    pub(super) fn value_like(&self, fact: Fact) -> Result<String, RuleListError> {
        match fact.kind() {
            Kind::Text => self.value_text(),
            Kind::Number => self.value_number(),
            Kind::Truth => match self.get("value")? {
                Json::Bool(value) => Ok(value.to_string()),
                _ => Err(self.wrong("value", "must be true or false")),
            },
            Kind::Texts => Err(self.wrong("field", "is a list; ask what it `contains`")),
        }
    }

    /// Refuses a field of another type.
    pub(super) fn must_be(&self, fact: Fact, kinds: &[Kind]) -> Result<(), RuleListError> {
        if kinds.contains(&fact.kind()) {
            return Ok(());
        }
        let wanted: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let is = fact.kind().as_str();
        Err(self.wrong("field", format!("`{}` is {is}, not {}", fact.name(), wanted.join(" or "))))
    }
}
