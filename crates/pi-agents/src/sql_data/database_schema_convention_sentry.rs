//! See [`DatabaseSchemaConventionSentry`].

use std::collections::BTreeSet;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::sql::{Statement, TokenKind};
use pi_artifacts::{Artifact, Kind, Span};

use super::assignments::duplicates;
use super::ddl::{Action, Column, Migration, Operation, Path, Step, Type, migration};
use super::schema_rules as rules;

/// PostgreSQL cuts names off behind so many bytes.
const MAX_NAME_BYTES: usize = 63;

declare_agent! {
    /// Finds columns and statements of PostgreSQL that one regrets later.
    ///
    /// # What it checks
    /// The types of new columns (`char`, `varchar(n)`, narrow integers, `serial`,
    /// `timestamp` without a zone), names that PostgreSQL cuts off, tables without a
    /// schema, columns that are named twice, enum values without a place, and
    /// statements that fail when a migration runs again after it failed half-way.
    ///
    /// # Why it matters
    /// Each is cheap on the day it is written and takes a rewrite of the table once
    /// there are rows in it.
    ///
    /// # Example denied
    /// ```sql
    /// CREATE TABLE shop.users (id serial, code char(8), seen timestamp);
    /// ```
    ///
    /// # Example allowed
    /// ```sql
    /// CREATE TABLE IF NOT EXISTS shop.users (
    ///     id bigint GENERATED ALWAYS AS IDENTITY,
    ///     code text,
    ///     seen timestamptz
    /// );
    /// ```
    ///
    /// # Limits
    /// Matters of taste: all but two rules are of severity info. Files in words of other
    /// databases are left alone. What a migration tool wraps around the file is not
    /// seen.
    ///
    /// # References
    /// PostgreSQL: Don't Do This (wiki), 4.1.1 Identifiers; squawk's rules; CWE-190.
    pub struct DatabaseSchemaConventionSentry {
        slug: "database_schema_convention_sentry",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sql],
        triggers: Any(&["alter", "create", "drop", "insert", "merge", "update", "with", "into"]),
        invariant_to: ALL,
        rules: [
            rules::CHAR, rules::INT, rules::SMALLINT, rules::SERIAL, rules::VARCHAR,
            rules::TIMESTAMP, rules::LONG_NAME, rules::NO_SCHEMA, rules::UNGUARDED,
            rules::ENUM_ORDER, rules::DUPLICATE,
        ],
        fixture: include_str!("fixtures/database_schema_convention_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let migration = migration(artifact)?;
    if migration.is_foreign {
        return Ok(());
    }
    let sql = artifact.sql()?;
    for (number, (step, statement)) in migration.steps.iter().zip(&sql.statements).enumerate() {
        report.tick(statement.tokens.len() as u64)?;
        let subject = format!("statement {}", number + 1);
        types(step, &subject, report);
        names(step, statement, &subject, report);
        for duplicate in duplicates(&statement.tokens) {
            report
                .finding(&rules::DUPLICATE, duplicate.span)
                .message(format!("the column `{}` is named twice", duplicate.name))
                .subject(format!("{subject}/{}", duplicate.name));
        }
        if matches!(step.operation, Operation::AddEnumValue { is_placed: false }) {
            report.finding(&rules::ENUM_ORDER, step.head).subject(subject);
        }
    }
    // One statement cannot fail half-way.
    if migration.steps.len() > 1 {
        repeatable(&migration, report);
    }
    Ok(())
}

fn types(step: &Step, subject: &str, report: &mut Report) {
    let of = |column: &Column, report: &mut Report| {
        column_type(&column.kind, &format!("{subject}/{}", column.name.text), report);
    };
    match &step.operation {
        Operation::CreateTable(create) => {
            create.columns.iter().for_each(|column| of(column, report));
        }
        Operation::AlterTable { actions, .. } => {
            for (action, _) in actions {
                match action {
                    Action::AddColumn { column, .. } => of(column, report),
                    Action::SetType { kind, .. } => column_type(kind, subject, report),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn column_type(kind: &Type, subject: &str, report: &mut Report) {
    let rules: &[&'static Rule] = match kind.name.as_str() {
        "char" | "character" | "nchar" | "bpchar" | "national char" | "national character" => {
            &[&rules::CHAR]
        }
        "varchar" | "character varying" if kind.is_sized => &[&rules::VARCHAR],
        "int" | "integer" | "int4" => &[&rules::INT],
        "smallint" | "int2" => &[&rules::SMALLINT],
        "serial" | "serial4" => &[&rules::INT, &rules::SERIAL],
        "smallserial" | "serial2" => &[&rules::SMALLINT, &rules::SERIAL],
        "bigserial" | "serial8" => &[&rules::SERIAL],
        "timestamp" | "timestamp without time zone" => &[&rules::TIMESTAMP],
        _ => &[],
    };
    for rule in rules {
        report.finding(rule, kind.span).subject(subject);
    }
}

fn names(step: &Step, statement: &Statement, subject: &str, report: &mut Report) {
    let defines = matches!(
        statement.tokens.first().map(|token| token.text.as_str()),
        Some("ALTER" | "CREATE" | "DROP")
    );
    for token in statement.tokens.iter().filter(|_| defines) {
        let is_name = matches!(token.kind, TokenKind::Word | TokenKind::Quoted);
        if is_name && token.text.len() > MAX_NAME_BYTES {
            report
                .finding(&rules::LONG_NAME, token.span)
                .message(format!("this name has {} bytes and is cut off", token.text.len()))
                .subject(format!("{subject}/{}", token.text));
        }
    }
    let tables: Vec<&Path> = match &step.operation {
        Operation::CreateTable(create) if !create.is_temporary => vec![&create.table],
        Operation::AlterTable { table, .. } => vec![table],
        Operation::Drop { what, names, .. } if what == "table" => names.iter().collect(),
        _ => Vec::new(),
    };
    for table in tables.into_iter().filter(|table| table.parts.len() == 1) {
        report
            .finding(&rules::NO_SCHEMA, table.span)
            .message(format!("which table `{}` is depends on the search path", table.last()))
            .subject(format!("{subject}/{}", table.last()));
    }
}

/// Statements outside of a transaction that fail the second time.
fn repeatable(migration: &Migration, report: &mut Report) {
    let mut dropped: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (number, step) in migration.steps.iter().enumerate() {
        let mut see = |span: Span| {
            report.finding(&rules::UNGUARDED, span).subject(format!("statement {}", number + 1));
        };
        if step.transaction.is_some() {
            continue;
        }
        match &step.operation {
            Operation::CreateTable(create) => {
                let vanishes = create.is_temporary && create.ends_with_transaction;
                if !create.is_guarded && !vanishes {
                    see(step.head);
                }
            }
            // Without a name there is nothing to compare with.
            Operation::CreateIndex(index) if index.name.is_none() => {}
            Operation::CreateIndex(index) if !index.is_guarded => see(step.head),
            Operation::DropIndex { is_guarded: false, .. } => see(step.head),
            Operation::Drop { what, is_guarded: false, .. }
                if matches!(what.as_str(), "table" | "type") =>
            {
                see(step.head);
            }
            Operation::AlterTable { table, actions } => {
                for (action, span) in actions {
                    match action {
                        Action::AddColumn { is_guarded: false, .. }
                        | Action::DropColumn { is_guarded: false }
                        | Action::DropConstraint { is_guarded: false, .. } => see(*span),
                        Action::DropConstraint { name, is_guarded: true } => {
                            dropped.insert((table.last(), &name.text));
                        }
                        Action::AddConstraint(constraint) => {
                            let name = constraint.name.as_ref().map_or("", |name| &name.text);
                            // What was dropped before is added anew, once.
                            if !dropped.remove(&(table.last(), name)) {
                                see(*span);
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}
