//! HTTP APIs, their tokens, and the proxies in front of them.

use pi_agent_api::Agent;

pub(crate) mod call;
mod compiled_tokens;
mod nginx;
mod nginx_content;
mod nginx_rules;
mod nginx_transport;
mod openapi;
mod openapi_rules;
pub(crate) mod python_calls;
pub(crate) mod script_calls;
mod token;
mod weak_secrets;

pub mod api_auth_jwt_none_algorithm_sentry;
pub mod api_owasp_scanner;
pub mod jwt_expiry_checker;
pub mod jwt_weakness_monitor;
pub mod nginx_reverse_proxy_header_sentry;
pub mod nginx_security_auditor;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &api_auth_jwt_none_algorithm_sentry::ApiAuthJwtNoneAlgorithmSentry,
    &api_owasp_scanner::ApiOwaspScanner,
    &jwt_expiry_checker::JwtExpiryChecker,
    &jwt_weakness_monitor::JwtWeaknessMonitor,
    &nginx_reverse_proxy_header_sentry::NginxReverseProxyHeaderSentry,
    &nginx_security_auditor::NginxSecurityAuditor,
];
