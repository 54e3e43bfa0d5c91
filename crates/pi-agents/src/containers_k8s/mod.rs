//! Dockerfile, Compose and Kubernetes.
//!
//! Three engines serve the agents: [`manifest`] for pods of any workload kind,
//! [`compose`] for services, [`build_stages`] for Dockerfiles. What they have in
//! common (ways out of a container, images, names of secrets) has a module of
//! its own, so that one defect has one rule wherever it is written.

use pi_agent_api::Agent;

mod build_stages;
mod cluster_policies;
mod compose;
mod compose_isolation;
mod compose_limits;
mod compose_ports;
mod control_plane;
mod control_plane_files;
mod control_plane_rules;
mod docker_host;
mod exposure;
mod image;
mod image_habits;
mod image_instructions;
mod image_packages;
mod image_rules;
mod image_run;
mod isolation;
mod isolation_rules;
mod manifest;
mod names;
mod object_fields;
mod object_references;
mod pod_hardening;
mod pod_isolation;
mod pod_rules;
mod rbac;
mod run_commands;
mod selectors;
mod well_known_ports;
mod workload_availability;
mod workload_habits;

pub mod container_escape_detector;
pub mod docker_compose_port_exposure_sentry;
pub mod docker_compose_security_sentry;
pub mod docker_image_scanner;
pub mod docker_socket_privilege_sentry;
pub mod kubernetes_control_plane_auditor;
pub mod kubernetes_exposure_auditor;
pub mod kubernetes_reference_linter;
pub mod kubernetes_root_execution_linter;
pub mod kubernetes_security_auditor;
pub mod kubernetes_workload_linter;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &container_escape_detector::ContainerEscapeDetector,
    &docker_compose_port_exposure_sentry::DockerComposePortExposureSentry,
    &docker_compose_security_sentry::DockerComposeSecuritySentry,
    &docker_image_scanner::DockerImageScanner,
    &docker_socket_privilege_sentry::DockerSocketPrivilegeSentry,
    &kubernetes_control_plane_auditor::KubernetesControlPlaneAuditor,
    &kubernetes_exposure_auditor::KubernetesExposureAuditor,
    &kubernetes_reference_linter::KubernetesReferenceLinter,
    &kubernetes_root_execution_linter::KubernetesRootExecutionLinter,
    &kubernetes_security_auditor::KubernetesSecurityAuditor,
    &kubernetes_workload_linter::KubernetesWorkloadLinter,
];
