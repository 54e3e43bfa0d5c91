//! SQL and schemas.

use pi_agent_api::Agent;

mod assignments;
mod ddl;
mod lock_rules;
mod query_text;
mod schema_rules;
pub(crate) mod spanner;

pub mod database_migration_lock_sentry;
pub mod database_migration_unindexed_sentry;
pub mod database_schema_convention_sentry;
pub mod index_recommendation_engine;
pub mod semantic_schema_dynamic_field_check;
pub mod semantic_schema_registry;
pub mod slow_query_detector;
pub mod sql_injection_sentry;
pub mod sql_keyword_injection_scanner;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &database_migration_lock_sentry::DatabaseMigrationLockSentry,
    &database_migration_unindexed_sentry::DatabaseMigrationUnindexedSentry,
    &database_schema_convention_sentry::DatabaseSchemaConventionSentry,
    &slow_query_detector::SlowQueryDetector,
    &sql_injection_sentry::SqlInjectionSentry,
    &sql_keyword_injection_scanner::SqlKeywordInjectionScanner,
    &semantic_schema_dynamic_field_check::SemanticSchemaDynamicFieldCheck,
    &semantic_schema_registry::SemanticSchemaRegistry,
    &index_recommendation_engine::IndexRecommendationEngine,
];
