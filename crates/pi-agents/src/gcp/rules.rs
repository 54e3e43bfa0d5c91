//! A short form for the rules of this domain.

/// Declares a rule.
macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $confidence:ident, $references:expr, $summary:literal, $fix:literal) => {
        pub(super) const $name: pi_agent_api::Rule = pi_agent_api::Rule {
            id: $id,
            summary: $summary,
            severity: pi_core::Severity::$severity,
            confidence: pi_core::Confidence::$confidence,
            references: &$references,
            fix: $fix,
        };
    };
}

pub(super) use rule;
