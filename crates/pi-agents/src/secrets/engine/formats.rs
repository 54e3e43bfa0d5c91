//! The formats: what a credential looks like, as data.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

use super::check::Check;

pub mod ai;
pub mod cloud;
pub mod code_hosting;
pub mod communication;
pub mod data;
pub mod developer;
pub mod finance;
pub mod headers;
pub mod keys;
pub mod observability;
pub mod saas;
pub mod services;
pub mod social;
pub mod urls;

/// How a pattern is tied to the text around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The token starts with a trigger and stands alone as a word.
    Token,
    /// The token stands alone as a word and has the trigger inside.
    Infix,
    /// The token is known by the trigger in the name it is assigned to.
    Named,
    /// The pattern says all of it; the secret is group 1.
    Raw,
}

/// One format of credentials.
#[derive(Debug)]
pub struct Format {
    /// The rule that reports it.
    pub rule: Rule,
    /// Lower-case literals, one of which is in every text that has the format;
    /// for [`Style::Named`] the words in the name.
    pub triggers: &'static [&'static str],
    /// How the pattern is tied to the text.
    pub style: Style,
    /// The regular expression of the secret.
    pub pattern: &'static str,
    /// The least entropy in thousandths of a bit a byte.
    pub entropy: u32,
    /// A proof within the token.
    pub check: Check,
}

/// What every provider format has in common.
pub const fn provider_rule(id: &'static str, summary: &'static str) -> Rule {
    Rule {
        id,
        summary,
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-798", "CWE-312", "OWASP-A07:2021"],
        fix: "revoke it at the provider, issue a new one and read it from the environment or a \
              secrets manager",
    }
}

/// Declares a table of formats.
macro_rules! formats {
    ($($id:literal $title:literal $triggers:tt $style:ident $pattern:literal $entropy:literal $($check:ident)?;)+) => {
        /// The formats of this family.
        pub static FORMATS: &[super::Format] = &[$(super::Format {
            rule: super::provider_rule($id, $title),
            triggers: &$triggers,
            style: super::Style::$style,
            pattern: $pattern,
            entropy: $entropy,
            check: super::formats!(@check $($check)?),
        }),+];
    };
    (@check) => { crate::secrets::engine::check::Check::Nothing };
    (@check $check:ident) => { crate::secrets::engine::check::Check::$check };
}
use formats;

/// The families whose tokens say by themselves who gave them out.
pub static PROVIDERS: &[&[Format]] = &[
    ai::FORMATS,
    cloud::FORMATS,
    code_hosting::FORMATS,
    communication::FORMATS,
    data::FORMATS,
    developer::FORMATS,
    finance::FORMATS,
    keys::FORMATS,
    observability::FORMATS,
    saas::FORMATS,
    services::FORMATS,
    social::FORMATS,
];

/// Credentials in URLs, connection strings and command lines.
pub static URLS: &[&[Format]] = &[urls::FORMATS];

/// Credentials in headers of requests.
pub static HEADERS: &[&[Format]] = &[headers::FORMATS];

/// The rule of the format at `index`.
#[expect(clippy::indexing_slicing, reason = "at compile time")]
pub const fn rule(formats: &'static [Format], index: usize) -> &'static Rule {
    &formats[index].rule
}

/// The number of formats of some families.
pub const fn count(families: &[&[Format]]) -> usize {
    let mut total = 0;
    let mut family = 0;
    while family < families.len() {
        #[expect(clippy::indexing_slicing, reason = "below the length, at compile time")]
        {
            total += families[family].len();
        }
        family += 1;
    }
    total
}

/// The rules of some families.
#[expect(clippy::indexing_slicing, reason = "below the lengths, at compile time")]
pub const fn rules<const N: usize>(
    families: &'static [&'static [Format]],
    first: &'static Rule,
) -> [&'static Rule; N] {
    let mut out = [first; N];
    let mut at = 0;
    let mut family = 0;
    while family < families.len() {
        let mut format = 0;
        while format < families[family].len() && at < N {
            out[at] = &families[family][format].rule;
            at += 1;
            format += 1;
        }
        family += 1;
    }
    out
}
