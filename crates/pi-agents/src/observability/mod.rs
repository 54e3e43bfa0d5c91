//! Logs, metrics and traces.

use pi_agent_api::Agent;

mod log_calls;
mod log_text;

pub mod audit_log_tamper_detector;
pub mod log_level_enforcer;
pub mod sensitive_log_leak_sentry;
pub mod structured_logging_enforcer;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &audit_log_tamper_detector::AuditLogTamperDetector,
    &log_level_enforcer::LogLevelEnforcer,
    &sensitive_log_leak_sentry::SensitiveLogLeakSentry,
    &structured_logging_enforcer::StructuredLoggingEnforcer,
];
