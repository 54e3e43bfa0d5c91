//! SPDX licence expressions.

use std::fmt;

use spdx::error::Reason;
use spdx::{Expression, LicenseItem, ParseMode};

/// What is wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is valid but for an identifier that SPDX has replaced.
    Deprecated(String),
    /// It is not valid.
    Invalid(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Deprecated(what) | Problem::Invalid(what) => f.write_str(what),
        }
    }
}

const WITH_DEPRECATED: ParseMode =
    ParseMode { allow_deprecated: true, allow_postfix_plus_on_gpl: true, ..ParseMode::STRICT };

/// What is wrong with an expression, if anything.
pub fn problem(expression: &str) -> Option<Problem> {
    // The parser below is recursive on parentheses.
    const MAX_LENGTH: usize = 4096;
    if expression.len() > MAX_LENGTH {
        return Some(Problem::Invalid("the expression is too long".to_owned()));
    }
    let error = Expression::parse(expression).err()?;
    if Expression::parse_mode(expression, WITH_DEPRECATED).is_ok() {
        return Some(Problem::Deprecated("the identifier is deprecated".to_owned()));
    }
    let at = expression.get(error.span.clone()).unwrap_or_default();
    Some(Problem::Invalid(match error.reason {
        Reason::UnknownLicense | Reason::UnknownTerm => format!("`{at}` is not on the SPDX list"),
        Reason::UnknownException => format!("`{at}` is not an SPDX exception"),
        Reason::Empty => "the expression is empty".to_owned(),
        Reason::UnclosedParens | Reason::UnopenedParens => {
            "a parenthesis is not matched".to_owned()
        }
        Reason::GnuNoPlus | Reason::GnuPlusWithSuffix => {
            "GNU licences take `-or-later`, not `+`".to_owned()
        }
        Reason::DeprecatedLicenseId => format!("`{at}` is deprecated"),
        _ => "the words do not form an expression".to_owned(),
    }))
}

/// The strong copyleft licence that an expression forces on its user: one that
/// no choice (OR) avoids.
pub fn forced_copyleft(expression: &str) -> Option<&'static str> {
    let parsed = Expression::parse_mode(expression, WITH_DEPRECATED).ok()?;
    let mut strong = None;
    let avoidable = parsed.evaluate(|requirement| {
        let LicenseItem::Spdx { id, .. } = requirement.license else { return true };
        let is_strong = ["AGPL-", "GPL-", "SSPL-"].iter().any(|prefix| id.name.starts_with(prefix));
        if is_strong && strong.is_none() {
            strong = Some(id.name);
        }
        !is_strong
    });
    if avoidable { None } else { strong }
}

/// Whether a name is on the SPDX licence list.
pub fn is_identifier(name: &str) -> bool {
    spdx::license_id(name).is_some_and(|id| id.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_judged() {
        for good in [
            "MIT",
            "Apache-2.0 OR MIT",
            "(MIT AND BSD-3-Clause) OR GPL-2.0-only WITH Classpath-exception-2.0",
            "LicenseRef-own",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for old in ["GPL-2.0", "GPL-2.0+"] {
            assert!(matches!(problem(old), Some(Problem::Deprecated(_))), "{old}");
        }
        for bad in ["", "Apache 2", "MIT AND", "MIT/Apache-2.0", "(MIT", "mit license"] {
            assert!(matches!(problem(bad), Some(Problem::Invalid(_))), "{bad}");
        }
        assert_eq!(forced_copyleft("MIT OR GPL-3.0-only"), None);
        assert_eq!(forced_copyleft("MIT AND GPL-3.0-only"), Some("GPL-3.0-only"));
        // Nested parentheses must not exhaust the stack.
        let _ = problem(&"(".repeat(4000));
    }
}
