//! Credentials in any artifact.

use pi_agent_api::Agent;

pub mod api_auth_hardcoded_token_sentry;
pub mod api_reverse_engineered_auth;
pub mod automated_rotation_engine;
pub mod dot_env_secret_leak_checker;
pub mod engine;
pub mod git_secret_entropy_leak_sentry;
pub mod git_secret_leak_sentry;
pub mod hardcoded_secret_detector;
pub mod mock_data_tainting_sentry;
mod report;
pub mod secrets_manager_completeness_checker;
pub mod terraform_state_credential_sentry;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &api_auth_hardcoded_token_sentry::ApiAuthHardcodedTokenSentry,
    &api_reverse_engineered_auth::ApiReverseEngineeredAuth,
    &automated_rotation_engine::AutomatedRotationEngine,
    &dot_env_secret_leak_checker::DotEnvSecretLeakChecker,
    &git_secret_entropy_leak_sentry::GitSecretEntropyLeakSentry,
    &git_secret_leak_sentry::GitSecretLeakSentry,
    &hardcoded_secret_detector::HardcodedSecretDetector,
    &mock_data_tainting_sentry::MockDataTaintingSentry,
    &secrets_manager_completeness_checker::SecretsManagerCompletenessChecker,
    &terraform_state_credential_sentry::TerraformStateCredentialSentry,
];
