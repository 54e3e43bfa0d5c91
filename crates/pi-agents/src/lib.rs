//! The catalogue of micro-agents: one folder per domain, one file per agent.
//!
//! Pure: an agent sees one artifact and writes findings, nothing else.

use pi_agent_api::{Agent, Catalogue, CatalogueError};

pub mod containers_k8s;
pub mod crypto_tls;
pub mod gcp;
pub mod git_release;
pub mod iac_cloud;
pub mod observability;
pub mod secrets;
pub mod sql_data;
pub mod supply_chain_ci;
pub mod web_api;

/// Every agent of this build, in the order of their domains.
pub fn agents() -> Vec<&'static dyn Agent> {
    [
        containers_k8s::AGENTS,
        crypto_tls::AGENTS,
        gcp::AGENTS,
        git_release::AGENTS,
        iac_cloud::AGENTS,
        observability::AGENTS,
        secrets::AGENTS,
        sql_data::AGENTS,
        supply_chain_ci::AGENTS,
        web_api::AGENTS,
    ]
    .concat()
}

/// The catalogue of this build.
pub fn catalogue() -> Result<Catalogue, CatalogueError> {
    Catalogue::new(agents())
}
