//! The statements of a migration that change a schema, typed, in the grammar of
//! PostgreSQL.
//!
//! Read over the tokens of each statement: the clauses that decide which lock a
//! statement takes and how long it holds it. What a migration does not need to be
//! judged by (expressions, storage parameters) is skipped with its brackets.

mod alter;
mod columns;
mod cursor;
mod statements;

use std::collections::BTreeSet;

use pi_artifacts::sql::{Sql, Token};
use pi_artifacts::{Artifact, ParseFailure, Span};

pub(super) use cursor::Cursor;

/// A name as PostgreSQL compares it: bare names in lower case, quoted ones as
/// written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ident {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A name with its schema: `public.users`.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) parts: Vec<Ident>,
    pub(super) span: Span,
}

impl Path {
    /// The name without its schema.
    pub(super) fn last(&self) -> &str {
        self.parts.last().map_or("", |part| part.text.as_str())
    }
}

/// The type of a column.
#[derive(Clone, Debug, Default)]
pub(super) struct Type {
    /// Its words in lower case, without schema: `character varying`.
    pub(super) name: String,
    /// It has a length or precision.
    pub(super) is_sized: bool,
    pub(super) span: Span,
}

/// A column and what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: Ident,
    pub(super) kind: Type,
    pub(super) not_null: bool,
    pub(super) default: Option<DefaultValue>,
    pub(super) is_primary: bool,
    pub(super) is_unique: bool,
    pub(super) references: Option<Path>,
    pub(super) has_check: bool,
    /// `GENERATED ... AS IDENTITY`
    pub(super) is_identity: bool,
    /// `GENERATED ALWAYS AS (...) STORED`
    pub(super) is_stored: bool,
    /// `GENERATED ALWAYS AS (...)`
    pub(super) is_generated: bool,
    pub(super) span: Span,
}

/// What is behind `DEFAULT`.
#[derive(Clone, Debug)]
pub(super) struct DefaultValue {
    /// A function that may give another value for each row.
    pub(super) volatile: Option<String>,
    pub(super) span: Span,
}

/// A constraint of a table.
#[derive(Clone, Debug)]
pub(super) struct Constraint {
    pub(super) name: Option<Ident>,
    pub(super) kind: ConstraintKind,
    /// `NOT VALID`
    pub(super) not_valid: bool,
    /// `USING INDEX`
    pub(super) using_index: bool,
    pub(super) span: Span,
}

/// What a constraint demands.
#[derive(Clone, Debug)]
pub(super) enum ConstraintKind {
    Primary(Vec<Ident>),
    Unique(Vec<Ident>),
    /// Of a check, the column that it says is not null.
    Check(Option<String>),
    Foreign(Vec<Ident>),
    Exclude,
}

/// `CREATE TABLE`
#[derive(Clone, Debug)]
pub(super) struct CreateTable {
    pub(super) table: Path,
    pub(super) is_guarded: bool,
    pub(super) is_temporary: bool,
    /// `ON COMMIT DROP`
    pub(super) ends_with_transaction: bool,
    pub(super) columns: Vec<Column>,
    pub(super) constraints: Vec<Constraint>,
}

/// One action of `ALTER TABLE`.
#[derive(Clone, Debug)]
pub(super) enum Action {
    AddColumn { column: Box<Column>, is_guarded: bool },
    DropColumn { is_guarded: bool },
    AddConstraint(Constraint),
    DropConstraint { name: Ident, is_guarded: bool },
    ValidateConstraint { name: Ident },
    SetType { kind: Type, using: bool },
    SetNotNull { column: Ident },
    DropNotNull,
    RenameColumn,
    RenameTable,
    DetachPartition { concurrently: bool },
    Other,
}

/// An index.
#[derive(Clone, Debug)]
pub(super) struct CreateIndex {
    pub(super) name: Option<Path>,
    pub(super) table: Path,
    pub(super) columns: Vec<Ident>,
    pub(super) concurrently: bool,
    pub(super) is_guarded: bool,
}

/// What a statement does.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Begin,
    /// `COMMIT`, `END` or `ROLLBACK` of a transaction.
    End,
    /// `SET name`
    Set(String),
    CreateTable(CreateTable),
    AlterTable {
        table: Path,
        actions: Vec<(Action, Span)>,
    },
    CreateIndex(CreateIndex),
    DropIndex {
        concurrently: bool,
        is_guarded: bool,
    },
    /// `DROP TABLE`, `DROP TYPE`, `DROP DATABASE`.
    Drop {
        what: String,
        is_guarded: bool,
        names: Vec<Path>,
    },
    Reindex {
        concurrently: bool,
    },
    Cluster,
    Vacuum {
        full: bool,
    },
    Truncate {
        cascade: bool,
    },
    AddEnumValue {
        is_placed: bool,
    },
    CreateDomain {
        constraint: Option<Span>,
    },
    ConstrainDomain,
    Other,
}

/// A statement of a migration.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) operation: Operation,
    /// Number of the transaction around it, as the file opens them.
    pub(super) transaction: Option<u32>,
    /// Its first words.
    pub(super) head: Span,
}

/// A file of statements.
#[derive(Debug, Default)]
pub(super) struct Migration {
    pub(super) steps: Vec<Step>,
    /// The `BEGIN` of a transaction that the file does not end.
    pub(super) unfinished: Option<Span>,
    /// Routines with statements in them, which are split like those of the file.
    pub(super) has_bodies: bool,
    /// Written for another database: its locks are not PostgreSQL's.
    pub(super) is_foreign: bool,
}

impl Migration {
    /// The tables that the file creates; nobody else reads them yet.
    pub(super) fn created(&self) -> BTreeSet<&str> {
        let names = self.steps.iter().filter_map(|step| match &step.operation {
            Operation::CreateTable(create) => Some(create.table.last()),
            _ => None,
        });
        names.collect()
    }
}

/// The migration that an SQL file holds, read once for all agents.
pub(super) fn migration(artifact: &Artifact) -> Result<std::sync::Arc<Migration>, &ParseFailure> {
    let sql = artifact.sql()?;
    Ok(artifact.derived(|_| read(sql)))
}

fn read(sql: &Sql) -> Migration {
    let mut migration = Migration::default();
    let mut open: Option<u32> = None;
    let mut count = 0;
    for statement in &sql.statements {
        migration.is_foreign |= is_foreign(&statement.tokens);
        let operation = statements::operation(&statement.tokens);
        let head = statement.tokens.get(..2.min(statement.tokens.len())).unwrap_or_default();
        let head = match head {
            [first, .., last] => first.span.to(last.span),
            [first] => first.span,
            [] => statement.span,
        };
        // `BEGIN` itself stands outside of what it opens.
        let transaction = open;
        match operation {
            Operation::Begin if open.is_none() => {
                count += 1;
                open = Some(count);
                migration.unfinished = Some(head);
            }
            Operation::End => {
                open = None;
                migration.unfinished = None;
            }
            _ => {}
        }
        migration.has_bodies |= has_body(&statement.tokens);
        migration.steps.push(Step { operation, transaction, head });
    }
    migration
}

/// Whether a statement opens a routine whose body is not a string.
fn has_body(tokens: &[Token]) -> bool {
    let has = |word: &str| tokens.iter().any(|token| token.text == word);
    tokens.first().is_some_and(|token| token.text == "CREATE")
        && has("BEGIN")
        && ["FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"].into_iter().any(has)
}

/// Words that only MySQL, SQLite, SQL Server or Oracle know.
const FOREIGN: &[&str] = &[
    "AUTOINCREMENT",
    "AUTO_INCREMENT",
    "ENGINE",
    "FULLTEXT",
    "MEDIUMINT",
    "MEDIUMTEXT",
    "NVARCHAR",
    "PRAGMA",
    "TINYINT",
    "UNSIGNED",
    "VARCHAR2",
    "NONCLUSTERED",
    "LONGTEXT",
    "GO",
];

/// Whether a statement that changes a schema is written for another database.
fn is_foreign(tokens: &[Token]) -> bool {
    use pi_artifacts::sql::TokenKind::Word;
    let first = tokens.first().map_or("", |token| token.text.as_str());
    matches!(first, "CREATE" | "ALTER" | "PRAGMA" | "GO")
        && tokens.iter().any(|token| token.kind == Word && FOREIGN.contains(&token.text.as_str()))
}
