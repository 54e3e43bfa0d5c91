//! Google Cloud.

use pi_agent_api::Agent;

mod iam;
mod rules;

pub mod cloud_asset_iam_query_agent;
pub mod cloud_run_config_auditor;
pub mod gcp_credential_file_auditor;
pub mod gcp_iam_policy_risk_auditor;
pub mod gcp_workload_identity_auditor;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &cloud_asset_iam_query_agent::CloudAssetIamQueryAgent,
    &cloud_run_config_auditor::CloudRunConfigAuditor,
    &gcp_credential_file_auditor::GcpCredentialFileAuditor,
    &gcp_iam_policy_risk_auditor::GcpIamPolicyRiskAuditor,
    &gcp_workload_identity_auditor::GcpWorkloadIdentityAuditor,
];
