//! See [`DatabaseMigrationUnindexedSentry`].

use std::collections::BTreeMap;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::ddl::{Action, Column, Constraint, ConstraintKind, Migration, Operation, migration};

const UNINDEXED: Rule = Rule {
    id: "unindexed-foreign-key",
    summary: "no index leads with the columns of a foreign key",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-1067"],
    fix: "create an index that begins with these columns",
};

declare_agent! {
    /// Finds foreign keys whose columns no index covers.
    ///
    /// # What it checks
    /// Every foreign key that an SQL file declares, in a column, in a table or by
    /// `ALTER TABLE`, against every index, unique constraint and primary key of the
    /// file: one of them must begin with the columns of the key, in any order.
    ///
    /// # Why it matters
    /// Deleting or changing a row of the table that is referred to looks for the rows
    /// that refer to it. Without an index each such search reads the whole table, and
    /// so does every join along the key.
    ///
    /// # Example denied
    /// ```sql
    /// CREATE TABLE orders (
    ///     id bigint PRIMARY KEY,
    ///     customer bigint REFERENCES customers (id)
    /// );
    /// ```
    ///
    /// # Example allowed
    /// ```sql
    /// CREATE TABLE orders (
    ///     id bigint PRIMARY KEY,
    ///     customer bigint REFERENCES customers (id)
    /// );
    /// CREATE INDEX orders_customer ON orders (customer, id);
    /// ```
    ///
    /// # Limits
    /// Indexes of other files are not seen: a key that is added to a table of an
    /// earlier migration is reported with low confidence. MySQL, which makes the
    /// index by itself, is left alone.
    ///
    /// # References
    /// PostgreSQL: 5.5.5 Foreign Keys; Supabase splinter 0001; CWE-1067.
    pub struct DatabaseMigrationUnindexedSentry {
        slug: "database_migration_unindexed_sentry",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sql],
        triggers: Any(&["references"]),
        invariant_to: ALL,
        rules: [UNINDEXED],
        fixture: include_str!("fixtures/database_migration_unindexed_sentry.md"),
        check: check,
    }
}

/// A foreign key.
struct Key<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
    span: Span,
}

/// What a file declares.
#[derive(Default)]
struct Declared<'a> {
    keys: Vec<Key<'a>>,
    /// The columns of each index, by table.
    indexes: BTreeMap<&'a str, Vec<Vec<&'a str>>>,
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let migration = migration(artifact)?;
    if migration.is_foreign {
        return Ok(());
    }
    let declared = declared(&migration);
    let created = migration.created();
    for key in &declared.keys {
        let indexes = declared.indexes.get(key.table).map(Vec::as_slice).unwrap_or_default();
        report.tick(1 + indexes.len() as u64)?;
        let covers = |index: &Vec<&str>| {
            let first = index.get(..key.columns.len()).unwrap_or_default();
            !first.is_empty() && key.columns.iter().all(|column| first.contains(column))
        };
        if indexes.iter().any(covers) {
            continue;
        }
        let columns = key.columns.join(", ");
        let finding = report.finding(&UNINDEXED, key.span);
        finding
            .message(format!("no index of `{}` begins with `{columns}`", key.table))
            .subject(format!("{}/{columns}", key.table));
        if !created.contains(key.table) {
            finding.confidence(Confidence::Low);
        }
    }
    Ok(())
}

fn declared(migration: &Migration) -> Declared<'_> {
    let mut declared = Declared::default();
    for step in &migration.steps {
        match &step.operation {
            Operation::CreateTable(create) => {
                let table = create.table.last();
                create.columns.iter().for_each(|column| declared.column(table, column));
                create.constraints.iter().for_each(|item| declared.constraint(table, item));
            }
            Operation::AlterTable { table, actions } => {
                for (action, _) in actions {
                    match action {
                        Action::AddColumn { column, .. } => declared.column(table.last(), column),
                        Action::AddConstraint(item) => declared.constraint(table.last(), item),
                        _ => {}
                    }
                }
            }
            Operation::CreateIndex(index) => {
                let columns = index.columns.iter().map(|column| column.text.as_str());
                declared.index(index.table.last(), columns.collect());
            }
            _ => {}
        }
    }
    declared
}

impl<'a> Declared<'a> {
    fn index(&mut self, table: &'a str, columns: Vec<&'a str>) {
        self.indexes.entry(table).or_default().push(columns);
    }

    fn column(&mut self, table: &'a str, column: &'a Column) {
        let name = vec![column.name.text.as_str()];
        if column.is_primary || column.is_unique {
            self.index(table, name.clone());
        }
        if column.references.is_some() {
            self.keys.push(Key { table, columns: name, span: column.span });
        }
    }

    fn constraint(&mut self, table: &'a str, constraint: &'a Constraint) {
        let names = |list: &'a [super::ddl::Ident]| -> Vec<&'a str> {
            list.iter().map(|name| name.text.as_str()).collect()
        };
        match &constraint.kind {
            ConstraintKind::Primary(columns) | ConstraintKind::Unique(columns) => {
                self.index(table, names(columns));
            }
            ConstraintKind::Foreign(columns) => {
                self.keys.push(Key { table, columns: names(columns), span: constraint.span });
            }
            ConstraintKind::Check(_) | ConstraintKind::Exclude => {}
        }
    }
}
