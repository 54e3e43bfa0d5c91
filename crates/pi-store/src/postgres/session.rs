//! Connections: a bounded number of them, shared by the logs of all tenants.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pi_core::Name;
use postgres::config::SslMode;
use postgres::error::SqlState;
use postgres::types::{FromSql, ToSql};
use postgres::{Client, Config, NoTls, Row, Statement};

use crate::error::StoreError;

/// How long a connection may take, and a free one is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// What every connection is told: acknowledged means on disk; a server that died holds its
/// locks for a minute at most; plans know the partition.
const SETTINGS: &str = "
SET synchronous_commit = on;
SET lock_timeout = '30s';
SET statement_timeout = '120s';
SET idle_in_transaction_session_timeout = '60s';
SET plan_cache_mode = force_custom_plan;
SET client_min_messages = warning;
";

pub(crate) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection.
pub(crate) struct Session {
    client: Client,
    /// Whose rows it sees.
    tenant: Option<Name>,
    statements: BTreeMap<&'static str, Statement>,
    /// The connection is gone, or what it is in the middle of is unknown.
    pub(crate) lost: bool,
}

impl Session {
    /// Connects, with plain TCP or a socket in a folder.
    pub(crate) fn connect(config: &Config) -> Result<Self, StoreError> {
        let mut client = config.connect(NoTls).map_err(|error| refused(&error))?;
        client.batch_execute(SETTINGS).map_err(|error| refused(&error))?;
        Ok(Self { client, tenant: None, statements: BTreeMap::new(), lost: false })
    }

    /// Sees the rows of this tenant from now on.
    pub(crate) fn turn_to(&mut self, tenant: &Name) -> Result<(), StoreError> {
        if self.tenant.as_ref() != Some(tenant) {
            self.tenant = None;
            self.query("SELECT set_config('pi.tenant', $1, false)", &[&tenant.as_str()])?;
            self.tenant = Some(tenant.clone());
        }
        Ok(())
    }

    /// Rows of a statement, which is prepared once.
    pub(crate) fn query(
        &mut self,
        sql: &'static str,
        parameters: Params<'_>,
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared(sql)?;
        let rows = self.client.query(&statement, parameters);
        rows.map_err(|error| self.failed(&error))
    }

    /// The first row, if any.
    pub(crate) fn first(
        &mut self,
        sql: &'static str,
        parameters: Params<'_>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, parameters)?.into_iter().next())
    }

    /// Runs a statement, which is prepared once.
    pub(crate) fn execute(
        &mut self,
        sql: &'static str,
        parameters: Params<'_>,
    ) -> Result<u64, StoreError> {
        let statement = self.prepared(sql)?;
        let count = self.client.execute(&statement, parameters);
        count.map_err(|error| self.failed(&error))
    }

    /// Runs statements without parameters.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let done = self.client.batch_execute(sql);
        done.map_err(|error| self.failed(&error))
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql);
        let statement = statement.map_err(|error| self.failed(&error))?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }

    fn failed(&mut self, error: &postgres::Error) -> StoreError {
        self.lost |= self.client.is_closed() || is_lost(error);
        refused(error)
    }
}

/// The server ended the connection, or is about to.
fn is_lost(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => [
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::CANNOT_CONNECT_NOW,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code),
        None => true,
    }
}

fn refused(error: &postgres::Error) -> StoreError {
    use std::error::Error as _;
    let text = match (error.as_db_error(), error.source()) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    };
    StoreError::Database(text)
}

/// A column of the right type; another type is damage.
pub(crate) fn column<'r, T: FromSql<'r>>(row: &'r Row, index: usize) -> Result<T, StoreError> {
    row.try_get(index).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// A column that counts something.
pub(crate) fn number(row: &Row, index: usize) -> Result<u64, StoreError> {
    let number: i64 = column(row, index)?;
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} counts nothing")))
}

/// A number as the database keeps it. Nothing counts beyond it.
pub(crate) fn long(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// A number of connections.
pub(crate) struct Pool {
    config: Config,
    most: usize,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    /// Connections that exist.
    open: usize,
}

impl Pool {
    /// Connections for a URL, at most so many at once.
    pub(crate) fn new(url: &str, most: usize) -> Result<Self, StoreError> {
        let config = config(url)?;
        Ok(Self { config, most: most.max(2), state: Mutex::default(), freed: Condvar::new() })
    }

    /// Runs work on a connection that sees the rows of a tenant. When an idle connection
    /// proves to be gone, the work is done again on a new one: it must not mind.
    pub(crate) fn with<T>(
        &self,
        tenant: &Name,
        mut work: impl FnMut(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.outside(|session| {
            session.turn_to(tenant)?;
            work(session)
        })
    }

    /// The same for work on what belongs to no tenant.
    pub(crate) fn outside<T>(
        &self,
        mut work: impl FnMut(&mut Session) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            let mut lease = self.take()?;
            let fresh = lease.fresh;
            let session = lease.get();
            let result = work(session);
            let lost = session.lost;
            if !lost {
                lease.keep();
                return result;
            }
            drop(lease);
            // What else is idle was connected to the same server.
            self.forget_idle();
            if fresh || result.is_ok() {
                return result;
            }
        }
    }

    /// A connection that sees the rows of a tenant, inside a transaction that begins with
    /// `begin`.
    pub(crate) fn lease(&self, tenant: &Name, begin: &str) -> Result<Lease<'_>, StoreError> {
        loop {
            let mut lease = self.take()?;
            let fresh = lease.fresh;
            let session = lease.get();
            match session.turn_to(tenant).and_then(|()| session.batch(begin)) {
                Ok(()) => return Ok(lease),
                Err(error) if fresh || !session.lost => return Err(error),
                Err(_) => {
                    drop(lease);
                    self.forget_idle();
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle connection, or a new one.
    fn take(&self) -> Result<Lease<'_>, StoreError> {
        let until = Instant::now() + PATIENCE;
        let mut state = self.lock();
        loop {
            if let Some(session) = state.idle.pop() {
                let permit = Permit { pool: self, returned: false };
                return Ok(Lease { session, permit, fresh: false });
            }
            if state.open < self.most {
                state.open += 1;
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Database("all connections are in use".to_owned()));
            }
            let waited = self.freed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        let permit = Permit { pool: self, returned: false };
        Ok(Lease { session: Session::connect(&self.config)?, permit, fresh: true })
    }

    /// Takes a connection back, or hears that it is gone.
    fn give(&self, session: Option<Session>) {
        let mut state = self.lock();
        match session {
            Some(session) => state.idle.push(session),
            None => state.open -= 1,
        }
        drop(state);
        self.freed.notify_one();
    }

    fn forget_idle(&self) {
        let mut state = self.lock();
        state.open -= state.idle.len();
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        drop(idle);
        self.freed.notify_all();
    }
}

/// A connection of a pool in one hand. It is closed in the end, and with it ends what was
/// under way, unless it is kept.
pub(crate) struct Lease<'p> {
    session: Session,
    permit: Permit<'p>,
    /// It was made for this lease.
    fresh: bool,
}

/// The right to one connection.
struct Permit<'p> {
    pool: &'p Pool,
    /// The connection lives on.
    returned: bool,
}

impl Lease<'_> {
    /// The connection.
    pub(crate) fn get(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Gives it back, outside any transaction.
    pub(crate) fn keep(self) {
        let Self { session, mut permit, .. } = self;
        permit.returned = true;
        permit.pool.give(Some(session));
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.returned {
            self.pool.give(None);
        }
    }
}

/// What a URL says. Connections are not encrypted, so a URL that asks for it is refused.
pub(crate) fn config(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|error: postgres::Error| {
        StoreError::UnsafeDatabase(format!("the URL cannot be read: {}", said(&error)))
    })?;
    if config.get_ssl_mode() == SslMode::Require {
        let problem = "the URL asks for TLS, which this build does not speak; \
                       use a socket, or a tunnel that encrypts";
        return Err(StoreError::UnsafeDatabase(problem.to_owned()));
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE / 2);
    }
    config.application_name("pi");
    Ok(config)
}

fn said(error: &postgres::Error) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
