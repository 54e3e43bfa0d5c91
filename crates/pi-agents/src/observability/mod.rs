//! Logs, metrics and traces.

use pi_agent_api::Agent;

mod log_calls;
pub(crate) mod log_text;
mod promql;
mod traces;

pub mod audit_log_tamper_detector;
pub mod log_level_enforcer;
pub mod runtime_anomaly_sentry;
pub mod sensitive_log_leak_sentry;
pub mod stack_trace_filter;
pub mod structured_logging_enforcer;
pub mod telemetry_config_auditor;
pub mod triage_bug_labels;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &audit_log_tamper_detector::AuditLogTamperDetector,
    &log_level_enforcer::LogLevelEnforcer,
    &sensitive_log_leak_sentry::SensitiveLogLeakSentry,
    &structured_logging_enforcer::StructuredLoggingEnforcer,
    &stack_trace_filter::StackTraceFilter,
    &triage_bug_labels::TriageBugLabels,
    &runtime_anomaly_sentry::RuntimeAnomalySentry,
    &telemetry_config_auditor::TelemetryConfigAuditor,
];
