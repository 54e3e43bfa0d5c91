//! Dependencies, builds, pipelines.

use pi_agent_api::Agent;

mod advisories;
mod archived;
mod attestation;
mod base64;
mod binary_file_detector;
mod calls;
mod checksum_manifest;
mod code_signing_enforcer;
mod comments;
mod dependabot_auditor;
mod dependency_graph_analyzer;
mod dependency_vuln_scanner;
mod deployment_safety_guard;
mod dominators;
mod git_sec_scanner;
mod github_actions_unpinned_version;
mod github_workflow_linter;
mod graph;
mod install_scripts;
mod licence;
mod license_header_checker;
mod lint;
mod magic;
mod names;
mod npm_dependency_vuln_scanner;
mod patch;
mod patch_proposals;
mod pins;
mod pipeline_cache;
mod pipeline_condition_auditor;
mod pipeline_dependency_auditor;
mod pipeline_dependency_rules;
mod pipeline_habit_linter;
mod pipeline_injection;
mod pipeline_integrity_auditor;
mod pipeline_rules;
mod publishing;
mod purl;
mod requirement;
mod sbom_cyclonedx;
mod sbom_cyclonedx_fields;
mod sbom_cyclonedx_xml;
mod sbom_spdx;
mod sbom_validator;
mod self_healing_patch_agent;
mod supply_chain_integrity_checker;
mod unicode_homoglyph_detector;
mod unicode_text;
mod version;
mod version_pin_enforcer;
mod vulnerable;
mod workflow;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &binary_file_detector::BinaryFileDetector,
    &code_signing_enforcer::CodeSigningEnforcer,
    &dependabot_auditor::DependabotAuditor,
    &dependency_graph_analyzer::DependencyGraphAnalyzer,
    &dependency_vuln_scanner::DependencyVulnScanner,
    &deployment_safety_guard::DeploymentSafetyGuard,
    &git_sec_scanner::GitSecScanner,
    &github_actions_unpinned_version::GithubActionsUnpinnedVersion,
    &github_workflow_linter::GithubWorkflowLinter,
    &license_header_checker::LicenseHeaderChecker,
    &npm_dependency_vuln_scanner::NpmDependencyVulnScanner,
    &pipeline_condition_auditor::PipelineConditionAuditor,
    &pipeline_dependency_auditor::PipelineDependencyAuditor,
    &pipeline_habit_linter::PipelineHabitLinter,
    &pipeline_integrity_auditor::PipelineIntegrityAuditor,
    &sbom_validator::SbomValidator,
    &self_healing_patch_agent::SelfHealingPatchAgent,
    &supply_chain_integrity_checker::SupplyChainIntegrityChecker,
    &unicode_homoglyph_detector::UnicodeHomoglyphDetector,
    &version_pin_enforcer::VersionPinEnforcer,
];
