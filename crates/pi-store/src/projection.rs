//! Projections: tables that are made from events, and can be dropped and made again.
//!
//! A projection writes through [`Tables`], in the transaction that also moves its
//! group's checkpoint. SQLite's authorizer holds it to its own tables: it cannot
//! touch the log, another projection, or the transaction.

use pi_core::Name;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, Params, Row};

use crate::StoredEvent;
use crate::error::StoreError;

/// What a consumer group keeps.
pub trait Projection {
    /// Creates its tables, whose names begin with [`Tables::prefix`].
    fn create(&self, tables: &Tables<'_>) -> Result<(), StoreError>;

    /// Takes one event. What it writes is durable together with the checkpoint behind
    /// the event, or not at all.
    fn apply(&mut self, tables: &Tables<'_>, event: &StoredEvent) -> Result<(), StoreError>;
}

/// The tables of one projection, inside a transaction.
pub struct Tables<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) group: &'a Name,
}

/// How the names of a group's tables begin. `$` is in no group's name, so no group's
/// prefix begins with another's.
pub(crate) fn prefix(group: &Name) -> String {
    format!("p_{group}$")
}

impl Tables<'_> {
    /// How the names of the projection's tables begin.
    pub fn prefix(&self) -> String {
        prefix(self.group)
    }

    /// Runs a statement; gives the number of rows that it changed.
    pub fn execute(&self, sql: &str, parameters: impl Params) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare(sql).map_err(|e| self.failed(&e))?;
        statement.execute(parameters).map_err(|error| self.failed(&error))
    }

    /// Reads the rows of a query.
    pub fn query<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare(sql).map_err(|e| self.failed(&e))?;
        let rows = statement.query_map(parameters, row).map_err(|e| self.failed(&e))?;
        rows.collect::<Result<_, _>>().map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &rusqlite::Error) -> StoreError {
        StoreError::Projection { group: self.group.to_string(), problem: error.to_string() }
    }
}

/// Does `work` with everything but a group's own tables out of reach.
pub(crate) fn confined<T>(
    connection: &mut Connection,
    group: &Name,
    work: impl FnOnce(&Tables<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let prefix = prefix(group);
    connection.authorizer(Some(move |context: AuthContext<'_>| allow(&prefix, &context)))?;
    let result = work(&Tables { connection, group });
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    result
}

fn allow(prefix: &str, context: &AuthContext<'_>) -> Authorization {
    let own = |table: &str| table.starts_with(prefix);
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => true,
        AuthAction::Read { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            // Creating a table writes its row; statements of its own cannot.
            own(table_name) || table_name == "sqlite_master"
        }
        AuthAction::CreateTable { table_name }
        | AuthAction::CreateIndex { table_name, .. }
        | AuthAction::Reindex { index_name: table_name } => own(table_name),
        _ => false,
    };
    if allowed && context.database_name.is_none_or(|name| name == "main") {
        Authorization::Allow
    } else {
        Authorization::Deny
    }
}
