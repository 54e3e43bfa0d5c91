//! See [`ContainerEscapeDetector`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::compose::services;
use super::manifest::{objects, workloads};
use super::{compose_isolation, isolation_rules, pod_isolation};

declare_agent! {
    /// Finds settings of pods and Compose services that lead out of the container.
    ///
    /// # What it checks
    /// In every workload kind of Kubernetes (templates, lists, init and ephemeral
    /// containers included) and every Compose service: privileged containers and
    /// Windows host processes; the host's network, process and IPC namespaces;
    /// mounts of sensitive directories and of runtime sockets; added capabilities
    /// beyond the baseline of the Pod Security Standards; an unmasked `/proc`;
    /// seccomp, AppArmor or SELinux switched off.
    ///
    /// # Why it matters
    /// Each of these turns code execution inside a container into control over the
    /// machine and over every other container on it.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: debug}
    /// spec:
    ///   hostPID: true
    ///   containers: [{name: shell, image: "busybox:1.37", securityContext: {privileged: true}}]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: app}
    /// spec:
    ///   containers:
    ///     - name: app
    ///       image: app:1.4.2
    ///       securityContext: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}
    /// ```
    ///
    /// # Limits
    /// One file is read at a time: settings that an admission controller, a Helm
    /// value or `extends` from another file adds are not seen. Directories are
    /// judged by their path, not by what the host keeps there. A read-only mount
    /// lowers the severity by one step.
    ///
    /// # References
    /// Pod Security Standards (baseline); CWE-250; CIS Kubernetes 5.2; CIS Docker 5.
    pub struct ContainerEscapeDetector {
        slug: "container_escape_detector",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes, Kind::Compose],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            isolation_rules::PRIVILEGED,
            isolation_rules::HOST_NETWORK,
            isolation_rules::HOST_PID,
            isolation_rules::HOST_IPC,
            isolation_rules::SENSITIVE_PATH,
            isolation_rules::RUNTIME_SOCKET,
            isolation_rules::CAPABILITY,
            isolation_rules::UNMASKED_PROC,
            isolation_rules::UNCONFINED,
        ],
        fixture: include_str!("fixtures/container_escape_detector.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let documents = artifact.data()?;
    if artifact.kind() == Kind::Compose {
        for service in services(documents) {
            report.tick(1)?;
            compose_isolation::privileged(&service, report);
            compose_isolation::host_namespaces(&service, report);
            compose_isolation::capabilities(&service, report);
            compose_isolation::security_options(&service, report);
            compose_isolation::host_directories(&service, report);
            compose_isolation::runtime_sockets(&service, report);
        }
        return Ok(());
    }
    for workload in workloads(&objects(documents, report)?) {
        report.tick(1)?;
        pod_isolation::privileged(&workload, report);
        pod_isolation::host_namespaces(&workload, report);
        pod_isolation::capabilities(&workload, report);
        pod_isolation::unmasked_proc(&workload, report);
        pod_isolation::unconfined(&workload, report);
        pod_isolation::host_directories(&workload, false, report);
        pod_isolation::runtime_sockets(&workload, report);
    }
    Ok(())
}
