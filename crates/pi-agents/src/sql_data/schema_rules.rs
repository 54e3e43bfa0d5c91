//! The rules of [`super::database_schema_convention_sentry`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// `char(n)`.
pub(super) const CHAR: Rule = Rule {
    id: "padded-char-column",
    summary: "a column of type char is padded with blanks",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use text",
};

/// `integer`.
pub(super) const INT: Rule = Rule {
    id: "narrow-integer",
    summary: "an integer of 32 bits runs out of values",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-190"],
    fix: "use bigint",
};

/// `smallint`.
pub(super) const SMALLINT: Rule = Rule {
    id: "narrow-smallint",
    summary: "an integer of 16 bits runs out of values",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-190"],
    fix: "use bigint",
};

/// `serial`.
pub(super) const SERIAL: Rule = Rule {
    id: "serial-column",
    summary: "a serial column leaves rights, ownership and copies of its sequence to chance",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use `GENERATED ALWAYS AS IDENTITY`",
};

/// `varchar(n)`.
pub(super) const VARCHAR: Rule = Rule {
    id: "sized-varchar",
    summary: "a longer limit for this column takes an exclusive lock",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use text with a CHECK constraint",
};

/// `timestamp`.
pub(super) const TIMESTAMP: Rule = Rule {
    id: "timestamp-without-zone",
    summary: "a point in time is kept without its zone",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use timestamptz",
};

/// Names above 63 bytes.
pub(super) const LONG_NAME: Rule = Rule {
    id: "truncated-identifier",
    summary: "a name of more than 63 bytes is cut off",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "shorten the name",
};

/// Tables without a schema.
pub(super) const NO_SCHEMA: Rule = Rule {
    id: "unqualified-table",
    summary: "the table depends on the search path",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-427"],
    fix: "name the schema",
};

/// Statements that fail when they run again.
pub(super) const UNGUARDED: Rule = Rule {
    id: "statement-not-repeatable",
    summary: "the migration cannot run again after it failed half-way",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &[],
    fix: "use `IF EXISTS` or `IF NOT EXISTS`, or one transaction",
};

/// `ADD VALUE` without a place.
pub(super) const ENUM_ORDER: Rule = Rule {
    id: "unordered-enum-value",
    summary: "a value goes to the end of an enum, whatever its order means",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "say `BEFORE` or `AFTER` which value",
};

/// The same column twice.
pub(super) const DUPLICATE: Rule = Rule {
    id: "duplicate-column",
    summary: "a column is named twice, which PostgreSQL refuses",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "name it once",
};
