//! Google Cloud.

use pi_agent_api::Agent;

mod iam;
mod names;
mod rules;

pub mod bigquery_schema_validator;
pub mod cloud_asset_iam_query_agent;
pub mod cloud_run_config_auditor;
pub mod cloud_run_job_orchestrator;
pub mod cloud_trace_span_emitter;
pub mod gcp_credential_file_auditor;
pub mod gcp_iam_policy_risk_auditor;
pub mod gcp_project_id_validator;
pub mod gcp_vpc_connector_validator;
pub mod gcp_workload_identity_auditor;
pub mod memorystore_cache_manager;
pub mod memorystore_connection_auditor;
pub mod pubsub_event_publisher;
pub mod pubsub_topic_naming_auditor;
pub mod secret_manager_rotation_agent;
pub mod spanner_migration_planner;
pub mod vertex_ai_model_id_validator;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &cloud_asset_iam_query_agent::CloudAssetIamQueryAgent,
    &cloud_run_config_auditor::CloudRunConfigAuditor,
    &gcp_credential_file_auditor::GcpCredentialFileAuditor,
    &gcp_iam_policy_risk_auditor::GcpIamPolicyRiskAuditor,
    &gcp_workload_identity_auditor::GcpWorkloadIdentityAuditor,
    &gcp_project_id_validator::GcpProjectIdValidator,
    &gcp_vpc_connector_validator::GcpVpcConnectorValidator,
    &memorystore_connection_auditor::MemorystoreConnectionAuditor,
    &pubsub_topic_naming_auditor::PubsubTopicNamingAuditor,
    &vertex_ai_model_id_validator::VertexAiModelIdValidator,
    &bigquery_schema_validator::BigquerySchemaValidator,
    &cloud_trace_span_emitter::CloudTraceSpanEmitter,
    &pubsub_event_publisher::PubsubEventPublisher,
    &spanner_migration_planner::SpannerMigrationPlanner,
    &cloud_run_job_orchestrator::CloudRunJobOrchestrator,
    &memorystore_cache_manager::MemorystoreCacheManager,
    &secret_manager_rotation_agent::SecretManagerRotationAgent,
];
