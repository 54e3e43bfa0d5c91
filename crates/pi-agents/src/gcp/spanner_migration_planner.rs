//! See [`SpannerMigrationPlanner`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use crate::sql_data::spanner::{self, HOT, KEYLESS, STATEMENT, TYPE};

declare_agent! {
    /// Finds what keeps a schema of PostgreSQL or MySQL from moving to Spanner.
    ///
    /// # What it checks
    /// SQL files below a path with `spanner` in it: tables without a primary key, keys
    /// that begin with something that grows (counters, times, sequences), types that
    /// Spanner does not have, and triggers, functions, extensions and their like.
    ///
    /// # Why it matters
    /// Spanner spreads rows over servers by their key. A key that grows sends all
    /// writes to one of them, and the others idle.
    ///
    /// # Example denied
    /// ```sql
    /// CREATE TABLE orders (id bigserial PRIMARY KEY, state enum('a', 'b'));
    /// ```
    ///
    /// # Example allowed
    /// ```sql
    /// CREATE TABLE orders (id uuid PRIMARY KEY, state text);
    /// ```
    ///
    /// # Limits
    /// The statements are judged and not rewritten. Whether tables should be
    /// interleaved depends on the queries, which the file does not hold.
    ///
    /// # References
    /// Spanner: schema design best practices; PostgreSQL interface, data types.
    pub struct SpannerMigrationPlanner {
        slug: "spanner_migration_planner",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Sql],
        triggers: Any(&["create"]),
        invariant_to: ALL,
        rules: [KEYLESS, HOT, TYPE, STATEMENT],
        fixture: include_str!("fixtures/spanner_migration_planner.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    if artifact.path().to_ascii_lowercase().contains("spanner") {
        spanner::check(artifact, report)?;
    }
    Ok(())
}
