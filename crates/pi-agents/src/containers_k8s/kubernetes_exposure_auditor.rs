//! See [`KubernetesExposureAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::manifest::{objects, workloads};
use super::{cluster_policies as policies, exposure};

declare_agent! {
    /// Finds what Kubernetes objects open to the outside, and policies that let
    /// pods out of their bounds.
    ///
    /// # What it checks
    /// Services of the types `LoadBalancer` (unless internal or bound to source
    /// ranges) and `NodePort`, and external addresses. Annotations of ingress-nginx
    /// that carry configuration, or that break out of it. Tiller of Helm 2 and the
    /// Kubernetes dashboard. Secrets in config maps. What a `PodSecurityPolicy` or a
    /// `SecurityContextConstraints` of OpenShift allows.
    ///
    /// # Why it matters
    /// One annotation on an ingress has been enough to read every secret of a
    /// cluster (CVE-2021-25742, CVE-2025-1974), and a service with an external
    /// address can take over the traffic of others (CVE-2020-8554).
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database}
    /// spec: {type: LoadBalancer, ports: [{port: 5432}]}
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database}
    /// spec: {ports: [{port: 5432}]}
    /// ```
    ///
    /// # Limits
    /// Whether a firewall or a proxy stands before a service is not known. Secrets
    /// in config maps are recognised by the names of their keys; other agents look
    /// at the values.
    ///
    /// # References
    /// CIS Kubernetes 5.2; CWE-94; CWE-300; CWE-312; CWE-668.
    pub struct KubernetesExposureAuditor {
        slug: "kubernetes_exposure_auditor",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            exposure::LOAD_BALANCER,
            exposure::NODE_PORT,
            exposure::EXTERNAL_ADDRESS,
            exposure::SNIPPET,
            exposure::INJECTION,
            exposure::TILLER,
            exposure::DASHBOARD,
            exposure::CONFIG_SECRET,
            policies::PRIVILEGED,
            policies::HOST_PROCESSES,
            policies::HOST_IPC,
            policies::HOST_NETWORK,
            policies::ESCALATION,
            policies::ROOT,
            policies::CAPABILITIES,
            policies::KEPT_CAPABILITIES,
            policies::HOST_PATHS,
        ],
        fixture: include_str!("fixtures/kubernetes_exposure_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let objects = objects(artifact.data()?, report)?;
    for object in &objects {
        report.tick(1)?;
        exposure::object(object, report);
        policies::check(object, report);
    }
    for workload in workloads(&objects) {
        report.tick(1)?;
        exposure::workload(&workload, report);
    }
    Ok(())
}
