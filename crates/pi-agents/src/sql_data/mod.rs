//! SQL and schemas.

use pi_agent_api::Agent;

mod assignments;
mod ddl;
mod lock_rules;
mod schema_rules;

pub mod database_migration_lock_sentry;
pub mod database_migration_unindexed_sentry;
pub mod database_schema_convention_sentry;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &database_migration_lock_sentry::DatabaseMigrationLockSentry,
    &database_migration_unindexed_sentry::DatabaseMigrationUnindexedSentry,
    &database_schema_convention_sentry::DatabaseSchemaConventionSentry,
];
