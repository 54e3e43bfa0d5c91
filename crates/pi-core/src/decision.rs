//! The words in which the platform decides.

use std::fmt;
use std::str::FromStr;

use crate::canonical::{Encoder, ToCanonical};

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in ascending order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stable word for this value in every format.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err(UnknownWord { word: word.to_owned(), expected: &[$($word),+] }),
                }
            }
        }

        impl ToCanonical for $name {
            fn to_canonical(&self, encoder: &mut Encoder) {
                encoder.str(self.as_str());
            }
        }
    };
}

/// A word outside a closed vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown word `{word}`, expected one of {}", expected.join(", "))]
pub struct UnknownWord {
    word: String,
    expected: &'static [&'static str],
}

vocabulary! {
    /// What may happen to the work. A lattice: the strictest of several wins.
    Decision {
        /// The work may proceed.
        Allow = "ALLOW",
        /// A person must look first.
        Review = "REVIEW",
        /// The work must not proceed.
        Deny = "DENY",
    }
}

impl Decision {
    /// The strictest of all `decisions`; [`Decision::Deny`] when there is none,
    /// because nothing was examined (INVARIANT-4).
    pub fn strictest(decisions: impl IntoIterator<Item = Decision>) -> Decision {
        decisions.into_iter().max().unwrap_or(Decision::Deny)
    }
}

vocabulary! {
    /// How bad the consequence of a finding is.
    Severity {
        /// A remark; no consequence by itself.
        Info = "info",
        /// Hardly exploitable or of small consequence.
        Low = "low",
        /// Exploitable under conditions, or a weakened defence.
        Medium = "medium",
        /// Directly exploitable with serious consequence.
        High = "high",
        /// Exploitable now, with loss of control or of secrets.
        Critical = "critical",
    }
}

impl Severity {
    /// One step down; [`Severity::Info`] stays.
    pub const fn lowered(self) -> Severity {
        match self {
            Severity::Critical => Severity::High,
            Severity::High => Severity::Medium,
            Severity::Medium => Severity::Low,
            Severity::Low | Severity::Info => Severity::Info,
        }
    }
}

vocabulary! {
    /// How likely it is that a finding is what it says it is.
    Confidence {
        /// A weak signal; other explanations are as likely.
        Low = "low",
        /// Probably right.
        Medium = "medium",
        /// Right unless the artifact is an unusual exception.
        High = "high",
    }
}

impl Confidence {
    /// One step down; [`Confidence::Low`] stays.
    pub const fn lowered(self) -> Confidence {
        match self {
            Confidence::High => Confidence::Medium,
            Confidence::Medium | Confidence::Low => Confidence::Low,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_decision_wins_and_nothing_is_deny() {
        use Decision::{Allow, Deny, Review};
        for a in [Allow, Review, Deny] {
            for b in [Allow, Review, Deny] {
                assert_eq!(Decision::strictest([a, b]), Decision::strictest([b, a]));
                assert!(Decision::strictest([a, b]) >= a);
            }
        }
        assert_eq!(Decision::strictest([]), Deny);
    }

    #[test]
    fn words_round_trip() {
        for severity in Severity::ALL {
            assert_eq!(severity.as_str().parse::<Severity>().as_ref(), Ok(severity));
        }
        assert!("severe".parse::<Severity>().is_err());
    }
}
