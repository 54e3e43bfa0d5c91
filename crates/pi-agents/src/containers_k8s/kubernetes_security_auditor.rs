//! See [`KubernetesSecurityAuditor`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::manifest::{Object, objects, workloads};
use super::{image, isolation_rules, pod_hardening, pod_isolation, pod_rules, rbac};

const DEFAULT_NAMESPACE: Rule = Rule {
    id: "default-namespace",
    summary: "an object is put into the namespace `default`",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CIS-KUBERNETES-5.7.4"],
    fix: "name a namespace of its own for the application",
};

declare_agent! {
    /// Audits Kubernetes manifests against the hardening guides.
    ///
    /// # What it checks
    /// Every object of every document, items of lists included. Workloads:
    /// privileged containers, host directories, privilege escalation, dropped
    /// capabilities, read-only root file system, seccomp, the token of the service
    /// account, requests and limits, probes, image versions, ports of the node,
    /// kernel settings, secrets in the environment. Roles and bindings: wildcards,
    /// verbs that lead to more rights, creation of pods, secrets, `cluster-admin`,
    /// rights for everybody. Any object: the default namespace.
    ///
    /// # Why it matters
    /// The defaults of Kubernetes are open; what a manifest does not say is
    /// allowed.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: ClusterRole
    /// metadata: {name: helper}
    /// rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: rbac.authorization.k8s.io/v1
    /// kind: Role
    /// metadata: {name: helper, namespace: shop}
    /// rules: [{apiGroups: [""], resources: [configmaps], verbs: [get]}]
    /// ```
    ///
    /// # Limits
    /// One file is read at a time: what an admission controller, a limit range or
    /// a Kustomize overlay adds is not seen. A missing namespace is not reported,
    /// because the caller of `kubectl` chooses it. Bare pods and jobs need no
    /// probes.
    ///
    /// # References
    /// CIS Kubernetes 5; Pod Security Standards; NSA/CISA Kubernetes Hardening
    /// Guide; CWE-250; CWE-770.
    pub struct KubernetesSecurityAuditor {
        slug: "kubernetes_security_auditor",
        domain: ContainersK8s,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            isolation_rules::PRIVILEGED,
            isolation_rules::SENSITIVE_PATH,
            isolation_rules::HOST_PATH,
            pod_rules::ESCALATION,
            pod_rules::CAPABILITIES,
            pod_rules::WRITABLE_ROOT,
            pod_rules::SECCOMP,
            pod_rules::TOKEN,
            pod_rules::NO_MEMORY_LIMIT,
            pod_rules::NO_MEMORY_REQUEST,
            pod_rules::NO_CPU_REQUEST,
            pod_rules::NO_CPU_LIMIT,
            pod_rules::NO_LIVENESS,
            pod_rules::NO_READINESS,
            pod_rules::SECRET_VALUE,
            pod_rules::HOST_PORT,
            pod_rules::SYSCTL,
            image::MUTABLE,
            rbac::WILDCARD,
            rbac::ESCALATING,
            rbac::PODS,
            rbac::SECRETS,
            rbac::CLUSTER_ADMIN,
            rbac::EVERYBODY,
            DEFAULT_NAMESPACE,
        ],
        fixture: include_str!("fixtures/kubernetes_security_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let objects = objects(artifact.data()?, report)?;
    for object in &objects {
        report.tick(1)?;
        rbac::check(object, report);
        namespace(object, report);
    }
    for workload in workloads(&objects) {
        pod_isolation::privileged(&workload, report);
        pod_isolation::host_directories(&workload, true, report);
        pod_hardening::pod(&workload, report);
        for container in workload.containers() {
            report.tick(1)?;
            if !workload.is_windows() {
                pod_hardening::privileges(&workload, &container, report);
            }
            pod_hardening::resources(&container, report);
            pod_hardening::probes(&workload, &container, report);
            pod_hardening::content(&container, report);
        }
    }
    Ok(())
}

fn namespace(object: &Object<'_>, report: &mut Report) {
    // The service that Kubernetes itself keeps there.
    let own = object.subject == "Service/kubernetes" || object.subject == "ServiceAccount/default";
    if let Some(entry) = object.namespace()
        && entry.value.as_str() == Some("default")
        && !own
    {
        report
            .finding(&DEFAULT_NAMESPACE, entry.key_span.to(entry.value.span))
            .subject(object.subject.clone());
    }
}
