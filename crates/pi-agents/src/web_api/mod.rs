//! HTTP APIs and their tokens.

use pi_agent_api::Agent;

mod call;
mod compiled_tokens;
mod python_calls;
mod script_calls;
mod token;
mod weak_secrets;

pub mod api_auth_jwt_none_algorithm_sentry;
pub mod jwt_expiry_checker;
pub mod jwt_weakness_monitor;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &api_auth_jwt_none_algorithm_sentry::ApiAuthJwtNoneAlgorithmSentry,
    &jwt_expiry_checker::JwtExpiryChecker,
    &jwt_weakness_monitor::JwtWeaknessMonitor,
];
