//! Certificates, TLS, SSH, and cryptography in programs.

use pi_agent_api::Agent;

mod certificate_rules;
mod crypto_calls;
mod crypto_compiled;
mod ssh_code;
mod ssh_config;
mod ssh_rules;
mod suites;
mod tls_rules;
mod tls_settings;

pub mod certificate_rotation_watcher;
pub mod constant_time_auditor;
pub mod encryption_compliance_checker;
pub mod memory_zeroize_sentry;
pub mod ssh_certificate_security_auditor;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &certificate_rotation_watcher::CertificateRotationWatcher,
    &encryption_compliance_checker::EncryptionComplianceChecker,
    &ssh_certificate_security_auditor::SshCertificateSecurityAuditor,
    &constant_time_auditor::ConstantTimeAuditor,
    &memory_zeroize_sentry::MemoryZeroizeSentry,
];
