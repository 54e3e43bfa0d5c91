//! See [`DatabaseMigrationLockSentry`].

use std::collections::{BTreeMap, BTreeSet};

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind, Span};

use super::ddl::{
    Action, Column, Constraint, ConstraintKind, Migration, Operation, Path, Step, migration,
};
use super::lock_rules as rules;

declare_agent! {
    /// Finds migrations that lock tables of a running PostgreSQL, or lose what programs use.
    ///
    /// # What it checks
    /// Every statement of an SQL file that changes a schema, with the lock that
    /// PostgreSQL takes for it: constraints and indexes that are checked or built under
    /// a lock, columns whose rows are rewritten, transactions that nest, stay open or
    /// hold what must stand outside of them, missing limits of time, and what running
    /// programs miss when it is gone: columns, tables, names. Tables that the file
    /// itself creates are left alone; so are checks that were validated before.
    ///
    /// # Why it matters
    /// An exclusive lock waits for the longest query and stops everybody behind it. A
    /// migration that takes a second on a laptop stops the shop for an hour.
    ///
    /// # Example denied
    /// ```sql
    /// ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id);
    /// CREATE INDEX orders_user ON orders (user_id);
    /// ```
    ///
    /// # Example allowed
    /// ```sql
    /// SET lock_timeout = '1s';
    /// SET statement_timeout = '5s';
    /// ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
    /// CREATE INDEX CONCURRENTLY IF NOT EXISTS orders_user ON orders (user_id);
    /// ```
    ///
    /// # Limits
    /// The locks are those of PostgreSQL 12 and later; files in words of other
    /// databases are left alone. A migration tool that opens a transaction around the
    /// file, or sets limits of time for it, is not seen.
    ///
    /// # References
    /// PostgreSQL: ALTER TABLE, CREATE INDEX, Explicit Locking; squawk's rules;
    /// CWE-667.
    pub struct DatabaseMigrationLockSentry {
        slug: "database_migration_lock_sentry",
        domain: SqlData,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sql],
        triggers: Any(&[
            "alter", "begin", "cluster", "commit", "create", "drop", "end", "reindex", "rollback",
            "start", "truncate", "vacuum", "abort",
        ]),
        invariant_to: ALL,
        rules: [
            rules::VOLATILE_DEFAULT, rules::FOREIGN_KEY, rules::CONSTRAINT, rules::UNIQUE,
            rules::PRIMARY_KEY, rules::SET_NOT_NULL, rules::REQUIRED_COLUMN, rules::CHANGE_TYPE,
            rules::INDEX, rules::DROP_INDEX, rules::REINDEX, rules::DETACH, rules::REWRITE,
            rules::CONCURRENT_IN_TRANSACTION, rules::NESTED, rules::UNFINISHED,
            rules::NO_LOCK_TIMEOUT, rules::NO_STATEMENT_TIMEOUT, rules::DROP_COLUMN,
            rules::DROP_TABLE, rules::DROP_DATABASE, rules::DROP_NOT_NULL,
            rules::TRUNCATE_CASCADE, rules::RENAME_COLUMN, rules::RENAME_TABLE, rules::DOMAIN,
        ],
        fixture: include_str!("fixtures/database_migration_lock_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let migration = migration(artifact)?;
    if migration.is_foreign {
        return Ok(());
    }
    let mut state = State { created: migration.created(), ..State::default() };
    for (number, step) in migration.steps.iter().enumerate() {
        report.tick(1)?;
        state.subject = format!("statement {}", number + 1);
        if !migration.has_bodies {
            transaction(&state, step, report);
        }
        timeouts(&mut state, step, report);
        statement(&state, step, report);
        if let Operation::AlterTable { table, actions } = &step.operation {
            for (action, span) in actions {
                report.tick(1)?;
                alter(&mut state, step, table, (action, *span), report);
            }
        }
    }
    unfinished(&migration, report);
    Ok(())
}

/// What the statements before have done.
#[derive(Default)]
struct State<'a> {
    created: BTreeSet<&'a str>,
    /// Constraints that were added `NOT VALID`, by table and name.
    added: BTreeMap<(&'a str, &'a str), Added<'a>>,
    /// Columns, by table, that a validated check says are not null; `None` where the
    /// check stands in an earlier migration.
    validated: BTreeSet<(&'a str, Option<&'a str>)>,
    lock_timeout: bool,
    statement_timeout: bool,
    subject: String,
}

#[derive(Clone, Copy)]
struct Added<'a> {
    transaction: Option<u32>,
    not_null: Option<&'a str>,
    span: Span,
}

impl State<'_> {
    fn report(&self, rule: &'static Rule, span: Span, report: &mut Report) {
        report.finding(rule, span).subject(self.subject.as_str());
    }
}

fn transaction(state: &State<'_>, step: &Step, report: &mut Report) {
    let nested = match step.operation {
        Operation::Begin => step.transaction.is_some(),
        Operation::End => step.transaction.is_none(),
        _ => false,
    };
    if nested {
        state.report(&rules::NESTED, step.head, report);
    }
}

fn unfinished(migration: &Migration, report: &mut Report) {
    if let Some(begin) = migration.unfinished.filter(|_| !migration.has_bodies) {
        report.finding(&rules::UNFINISHED, begin).subject("transaction");
    }
}

/// The first statement that takes a lock without a limit is reported, once.
fn timeouts(state: &mut State<'_>, step: &Step, report: &mut Report) {
    match &step.operation {
        Operation::Set(name) if name == "lock_timeout" => state.lock_timeout = true,
        Operation::Set(name) if name == "statement_timeout" => state.statement_timeout = true,
        _ => {}
    }
    let locks = match &step.operation {
        Operation::AlterTable { table, .. } => !state.created.contains(table.last()),
        Operation::CreateIndex(index) => !state.created.contains(index.table.last()),
        Operation::Drop { what, .. } => what == "table",
        Operation::DropIndex { .. }
        | Operation::Reindex { .. }
        | Operation::Cluster
        | Operation::Vacuum { .. }
        | Operation::Truncate { .. } => true,
        _ => false,
    };
    if !locks {
        return;
    }
    if !std::mem::replace(&mut state.lock_timeout, true) {
        state.report(&rules::NO_LOCK_TIMEOUT, step.head, report);
    }
    if !std::mem::replace(&mut state.statement_timeout, true) {
        state.report(&rules::NO_STATEMENT_TIMEOUT, step.head, report);
    }
}

fn statement(state: &State<'_>, step: &Step, report: &mut Report) {
    let inside = step.transaction.is_some();
    let rule = match &step.operation {
        Operation::CreateIndex(index) => match (index.concurrently, inside) {
            (true, true) => &rules::CONCURRENT_IN_TRANSACTION,
            (false, _) if !state.created.contains(index.table.last()) => &rules::INDEX,
            _ => return,
        },
        Operation::DropIndex { concurrently, .. } => match (concurrently, inside) {
            (true, true) => &rules::CONCURRENT_IN_TRANSACTION,
            (false, _) => &rules::DROP_INDEX,
            _ => return,
        },
        Operation::Reindex { concurrently: true } if inside => &rules::CONCURRENT_IN_TRANSACTION,
        Operation::Reindex { concurrently: false } => &rules::REINDEX,
        Operation::Cluster | Operation::Vacuum { full: true } => &rules::REWRITE,
        Operation::Truncate { cascade: true } => &rules::TRUNCATE_CASCADE,
        Operation::Drop { what, .. } if what == "database" => &rules::DROP_DATABASE,
        Operation::Drop { what, names, .. } if what == "table" => {
            if names.iter().all(|name| state.created.contains(name.last())) {
                return;
            }
            &rules::DROP_TABLE
        }
        Operation::CreateDomain { constraint: Some(_) } | Operation::ConstrainDomain => {
            &rules::DOMAIN
        }
        _ => return,
    };
    state.report(rule, step.head, report);
}

fn alter<'a>(
    state: &mut State<'a>,
    step: &'a Step,
    table: &'a Path,
    (action, span): (&'a Action, Span),
    report: &mut Report,
) {
    let is_new = state.created.contains(table.last());
    match action {
        Action::AddColumn { column, .. } if !is_new => add_column(state, column, report),
        Action::AddConstraint(constraint) => {
            add_constraint(state, step, table, constraint, is_new, report);
        }
        Action::ValidateConstraint { name } => {
            validate(state, step, table, &name.text, span, report);
        }
        Action::SetNotNull { column } if !is_new => {
            let known = [Some(column.text.as_str()), None];
            let is_checked =
                known.into_iter().any(|column| state.validated.contains(&(table.last(), column)));
            if !is_checked {
                state.report(&rules::SET_NOT_NULL, span, report);
            }
        }
        Action::SetType { kind, using } if !is_new => {
            // These have the same bytes on disk.
            let is_same = !using && !kind.is_sized && matches!(kind.name.as_str(), "text");
            if !is_same {
                state.report(&rules::CHANGE_TYPE, span, report);
            }
        }
        Action::DropColumn { .. } => state.report(&rules::DROP_COLUMN, span, report),
        Action::DropNotNull => state.report(&rules::DROP_NOT_NULL, span, report),
        Action::RenameColumn if !is_new => state.report(&rules::RENAME_COLUMN, span, report),
        Action::RenameTable if !is_new => state.report(&rules::RENAME_TABLE, span, report),
        Action::DetachPartition { concurrently: false } => {
            state.report(&rules::DETACH, span, report);
        }
        _ => {}
    }
}

fn add_column(state: &State<'_>, column: &Column, report: &mut Report) {
    let mut see = |rule: &'static Rule, span: Span| {
        report.finding(rule, span).subject(format!("{}/{}", state.subject, column.name.text));
    };
    let volatile = column.default.as_ref().and_then(|default| default.volatile.as_ref());
    if column.is_stored || volatile.is_some() {
        let span = column.default.as_ref().map_or(column.span, |default| default.span);
        see(&rules::VOLATILE_DEFAULT, span);
    }
    let is_filled = column.default.is_some()
        || column.is_generated
        || column.is_identity
        || column.kind.name.contains("serial");
    if column.not_null && !is_filled {
        see(&rules::REQUIRED_COLUMN, column.span);
    }
    if column.references.is_some() {
        see(&rules::FOREIGN_KEY, column.span);
    }
    if column.has_check {
        see(&rules::CONSTRAINT, column.span);
    }
    if column.is_unique {
        see(&rules::UNIQUE, column.span);
    }
    if column.is_primary {
        see(&rules::PRIMARY_KEY, column.span);
    }
}

fn add_constraint<'a>(
    state: &mut State<'a>,
    step: &Step,
    table: &'a Path,
    constraint: &'a Constraint,
    is_new: bool,
    report: &mut Report,
) {
    let not_null = match &constraint.kind {
        ConstraintKind::Check(column) => column.as_deref(),
        _ => None,
    };
    if let Some(name) = &constraint.name {
        let added = Added { transaction: step.transaction, not_null, span: constraint.span };
        state.added.insert((table.last(), &name.text), added);
    }
    if is_new || constraint.not_valid || constraint.using_index {
        return;
    }
    let rules: &[&'static Rule] = match constraint.kind {
        ConstraintKind::Foreign(_) => &[&rules::FOREIGN_KEY, &rules::CONSTRAINT],
        ConstraintKind::Check(_) | ConstraintKind::Exclude => &[&rules::CONSTRAINT],
        ConstraintKind::Unique(_) => &[&rules::UNIQUE],
        ConstraintKind::Primary(_) => &[&rules::PRIMARY_KEY],
    };
    for rule in rules {
        state.report(rule, constraint.span, report);
    }
}

fn validate<'a>(
    state: &mut State<'a>,
    step: &Step,
    table: &'a Path,
    name: &str,
    span: Span,
    report: &mut Report,
) {
    let added = state.added.get(&(table.last(), name)).copied();
    let not_null = match added {
        Some(added) if added.not_null.is_none() => None,
        Some(added) => Some(added.not_null),
        None => Some(None),
    };
    state.validated.extend(not_null.map(|column| (table.last(), column)));
    let Some(added) = added else { return };
    // The lock of the first statement is held while the second one looks at all rows.
    let is_new = state.created.contains(table.last());
    if !is_new && added.transaction.is_some() && added.transaction == step.transaction {
        report
            .finding(&rules::CONSTRAINT, span)
            .subject(state.subject.as_str())
            .related(added.span, "added in the same transaction");
    }
}
