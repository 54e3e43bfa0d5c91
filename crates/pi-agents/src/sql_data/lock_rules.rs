//! The rules of [`super::database_migration_lock_sentry`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// A default that is computed for each row.
pub(super) const VOLATILE_DEFAULT: Rule = Rule {
    id: "volatile-default",
    summary: "a new column whose value is computed for each row rewrites the table under an exclusive lock",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-667"],
    fix: "add the column without it, set the default, and fill the rows in batches",
};

/// A foreign key that is checked at once.
pub(super) const FOREIGN_KEY: Rule = Rule {
    id: "foreign-key-checked-under-lock",
    summary: "a foreign key is checked while both tables are locked against writes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "add it `NOT VALID`, and validate it in a later transaction",
};

/// A constraint that is checked at once.
pub(super) const CONSTRAINT: Rule = Rule {
    id: "constraint-checked-under-lock",
    summary: "a constraint is checked for all rows while the table is locked",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "add it `NOT VALID`, and validate it in a later transaction",
};

/// A unique constraint that builds its index.
pub(super) const UNIQUE: Rule = Rule {
    id: "unique-constraint-builds-index",
    summary: "a unique constraint builds its index while the table is locked against reads and writes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "build the index `CONCURRENTLY`, then add the constraint `USING INDEX`",
};

/// A primary key that builds its index.
pub(super) const PRIMARY_KEY: Rule = Rule {
    id: "primary-key-builds-index",
    summary: "a primary key builds its index while the table is locked against reads and writes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "build the index `CONCURRENTLY`, then add the key `USING INDEX`",
};

/// `SET NOT NULL`.
pub(super) const SET_NOT_NULL: Rule = Rule {
    id: "not-null-scan-under-lock",
    summary: "every row is looked at for null while the table is locked",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "validate a `CHECK (column IS NOT NULL) NOT VALID` first; PostgreSQL 12 then skips the scan",
};

/// `ADD COLUMN ... NOT NULL`.
pub(super) const REQUIRED_COLUMN: Rule = Rule {
    id: "required-column-without-default",
    summary: "a new column must not be null and has no default, which fails on a table with rows",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "give it a default, or add it nullable and fill it",
};

/// `ALTER COLUMN ... TYPE`.
pub(super) const CHANGE_TYPE: Rule = Rule {
    id: "column-type-changed",
    summary: "another type rewrites the table under an exclusive lock and breaks its readers",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-667"],
    fix: "add a column of the new type, write to both, fill it, switch over",
};

/// `CREATE INDEX`.
pub(super) const INDEX: Rule = Rule {
    id: "index-built-under-lock",
    summary: "an index is built while the table is locked against writes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "use `CREATE INDEX CONCURRENTLY` outside of a transaction",
};

/// `DROP INDEX`.
pub(super) const DROP_INDEX: Rule = Rule {
    id: "index-dropped-under-lock",
    summary: "an index is dropped under an exclusive lock of its table",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "use `DROP INDEX CONCURRENTLY`",
};

/// `REINDEX`.
pub(super) const REINDEX: Rule = Rule {
    id: "reindex-under-lock",
    summary: "an index is rebuilt while the table is locked",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "use `REINDEX ... CONCURRENTLY`",
};

/// `DETACH PARTITION`.
pub(super) const DETACH: Rule = Rule {
    id: "partition-detached-under-lock",
    summary: "a partition is detached under an exclusive lock of its parent",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "use `DETACH PARTITION ... CONCURRENTLY`",
};

/// `VACUUM FULL` and `CLUSTER`.
pub(super) const REWRITE: Rule = Rule {
    id: "table-rewritten-under-lock",
    summary: "the whole table is rewritten under an exclusive lock",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "use pg_repack or pg_squeeze",
};

/// `CONCURRENTLY` in a transaction.
pub(super) const CONCURRENT_IN_TRANSACTION: Rule = Rule {
    id: "concurrent-index-in-transaction",
    summary: "CONCURRENTLY does not work inside of a transaction",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "move the statement out of the transaction",
};

/// `BEGIN` in a transaction.
pub(super) const NESTED: Rule = Rule {
    id: "nested-transaction",
    summary: "a transaction begins inside of another, or ends where none is open",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "remove the statement; PostgreSQL has no nested transactions",
};

/// `BEGIN` without an end.
pub(super) const UNFINISHED: Rule = Rule {
    id: "unfinished-transaction",
    summary: "a transaction is not ended, and holds its locks until the connection closes",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "end it with `COMMIT`",
};

/// No `lock_timeout`.
pub(super) const NO_LOCK_TIMEOUT: Rule = Rule {
    id: "no-lock-timeout",
    summary: "a statement may wait for its lock without an end, and everybody waits behind it",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-667"],
    fix: "write `SET lock_timeout = '1s';` first",
};

/// No `statement_timeout`.
pub(super) const NO_STATEMENT_TIMEOUT: Rule = Rule {
    id: "no-statement-timeout",
    summary: "a statement may hold its lock without an end",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-667"],
    fix: "write `SET statement_timeout = '5s';` first",
};

/// `DROP COLUMN`.
pub(super) const DROP_COLUMN: Rule = Rule {
    id: "column-dropped",
    summary: "a column is dropped that running programs may still read",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "release programs that do not read it first",
};

/// `DROP TABLE`.
pub(super) const DROP_TABLE: Rule = Rule {
    id: "table-dropped",
    summary: "a table is dropped with its data",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "rename it first, and drop it when nobody missed it",
};

/// `DROP DATABASE`.
pub(super) const DROP_DATABASE: Rule = Rule {
    id: "database-dropped",
    summary: "a database is dropped with its data",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "do not drop a database in a migration",
};

/// `DROP NOT NULL`.
pub(super) const DROP_NOT_NULL: Rule = Rule {
    id: "not-null-dropped",
    summary: "a column may hold null, which its readers do not expect",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "release programs that expect null first",
};

/// `TRUNCATE CASCADE`.
pub(super) const TRUNCATE_CASCADE: Rule = Rule {
    id: "truncate-cascade",
    summary: "every table that refers to this one is emptied, too",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "name the tables, without CASCADE",
};

/// `RENAME COLUMN`.
pub(super) const RENAME_COLUMN: Rule = Rule {
    id: "column-renamed",
    summary: "a column gets another name while running programs use the old one",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "add a column, write to both, and drop the old one later",
};

/// `RENAME TO`.
pub(super) const RENAME_TABLE: Rule = Rule {
    id: "table-renamed",
    summary: "a table gets another name while running programs use the old one",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "leave a view under the old name",
};

/// A constraint on a domain.
pub(super) const DOMAIN: Rule = Rule {
    id: "domain-constraint",
    summary: "a constraint of a domain is checked in every table that uses it, and cannot be added without that",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-667"],
    fix: "put the constraint on the column",
};
