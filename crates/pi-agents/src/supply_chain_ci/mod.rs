//! Dependencies, builds, pipelines.

use pi_agent_api::Agent;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[];
