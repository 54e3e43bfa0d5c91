//! Credentials in any artifact.

use pi_agent_api::Agent;

pub mod engine;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[];
