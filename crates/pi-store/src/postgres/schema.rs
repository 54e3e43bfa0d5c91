//! The tables, and whether a database and a role are safe to use.

use postgres::Config;

use super::session::{Session, column, config};
use crate::error::StoreError;

/// The format of the tables, kept in `pi.format`.
const VERSION: i32 = 1;

const SCHEMA: &str = include_str!("schema.sql");
const GRANTS: &str = include_str!("grants.sql");

/// Held while the tables are made. Any number will do.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7310579)";

/// Makes the tables where they are missing, as their owner, and lets the role of the
/// application's URL use them.
///
/// # Errors
/// A URL is wrong, both name the same role, or the database refuses.
pub fn migrate(owner_url: &str, application_url: &str) -> Result<(), StoreError> {
    let (owner, application) = (config(owner_url)?, config(application_url)?);
    let role = user(&application)?;
    if user(&owner)? == role {
        return Err(unsafe_because(&format!(
            "`{role}` is to own the tables and to use them; give the application a role of its own"
        )));
    }
    let mut session = Session::connect(&owner)?;
    session.batch("BEGIN")?;
    session.batch(LOCK)?;
    match version(&mut session)? {
        None => session.batch(SCHEMA)?,
        Some(found) => known(found)?,
    }
    session.batch(&GRANTS.replace("ROLE", &quoted(role)))?;
    session.batch("COMMIT")
}

fn user(config: &Config) -> Result<&str, StoreError> {
    config.get_user().ok_or_else(|| unsafe_because("the URL names no user"))
}

/// An identifier of SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn unsafe_because(problem: &str) -> StoreError {
    StoreError::UnsafeDatabase(problem.to_owned())
}

fn version(session: &mut Session) -> Result<Option<i32>, StoreError> {
    let there = session.first("SELECT to_regclass('pi.format') IS NOT NULL", &[])?;
    if !there.map_or(Ok(false), |row| column(&row, 0))? {
        return Ok(None);
    }
    let row = session.first("SELECT version FROM pi.format", &[])?;
    row.map(|row| column(&row, 0)).transpose()
}

fn known(found: i32) -> Result<(), StoreError> {
    if found > VERSION {
        return Err(StoreError::Version { found: found.into(), known: VERSION.into() });
    }
    Ok(())
}

/// Refuses a database without tables, one that answers before it has written to disk,
/// and a role that could change what was written or read what belongs to others.
pub(super) fn check(session: &mut Session) -> Result<(), StoreError> {
    let off = session.query(
        "SELECT name FROM pg_settings
         WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name",
        &[],
    )?;
    if let Some(row) = off.first() {
        let setting: &str = column(row, 0)?;
        return Err(unsafe_because(&format!("`{setting}` is off: a crash can damage it")));
    }
    let role = session.first(
        "SELECT current_user::text, rolsuper, rolbypassrls,
                EXISTS (SELECT 1 FROM pg_namespace
                        WHERE nspname = 'pi' AND pg_has_role(nspowner, 'MEMBER'))
         FROM pg_roles WHERE rolname = current_user",
        &[],
    )?;
    let row = role.ok_or_else(|| unsafe_because("the role cannot be found"))?;
    let name: &str = column(&row, 0)?;
    let reasons = ["is a superuser", "bypasses row-level security", "owns the tables of the log"];
    for (index, reason) in reasons.into_iter().enumerate() {
        if column(&row, index + 1)? {
            return Err(unsafe_because(&format!("the role `{name}` {reason}")));
        }
    }
    match version(session)? {
        Some(found) => known(found),
        None => Err(unsafe_because(
            "it has no tables of a log; name their owner in `PI_DATABASE_OWNER_URL` once",
        )),
    }
}
