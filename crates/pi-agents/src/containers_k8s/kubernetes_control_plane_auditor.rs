//! See [`KubernetesControlPlaneAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};

use super::control_plane::CommandLine;
use super::manifest::{objects, workloads};
use super::{control_plane_files, control_plane_rules as rows};

declare_agent! {
    /// Audits the command lines of the components of a cluster.
    ///
    /// # What it checks
    /// Containers that run `kube-apiserver`, `kube-controller-manager`,
    /// `kube-scheduler`, `etcd` or `kubelet`: the flags in `command` and `args`
    /// against sections 1 to 5 of the CIS Kubernetes Benchmark, one rule a setting.
    /// The last flag of a name is the one in force. The files behind such flags, as
    /// far as they are objects: `KubeletConfiguration`, `EncryptionConfiguration`,
    /// audit policies.
    ///
    /// # Why it matters
    /// Who commands the control plane commands every workload, and several
    /// defaults of its programs are kept open for compatibility.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-scheduler, namespace: kube-system}
    /// spec:
    ///   containers: [{name: scheduler, image: "scheduler:1", command: [kube-scheduler, --bind-address=0.0.0.0]}]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: kube-scheduler, namespace: kube-system}
    /// spec:
    ///   containers: [{name: scheduler, image: "scheduler:1", command: [kube-scheduler, --bind-address=127.0.0.1, --profiling=false]}]
    /// ```
    ///
    /// # Limits
    /// Flags that a shell script or an entrypoint adds are not seen. A flag and the
    /// file that `--config` names are judged apart.
    ///
    /// # References
    /// CIS Kubernetes 1 to 5.
    pub struct KubernetesControlPlaneAuditor {
        slug: "kubernetes_control_plane_auditor",
        domain: ContainersK8s,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            rows::ANONYMOUS.rule,
            rows::TOKEN_FILE.rule,
            rows::BASIC_AUTH.rule,
            rows::KUBELET_CERT.rule,
            rows::KUBELET_KEY.rule,
            rows::KUBELET_CA.rule,
            rows::KUBELET_HTTPS.rule,
            rows::ALWAYS_ALLOW.rule,
            rows::NODE_MODE.rule,
            rows::RBAC_MODE.rule,
            rows::RATE_LIMIT.rule,
            rows::ALWAYS_ADMIT.rule,
            rows::PULL_IMAGES.rule,
            rows::SERVICE_ACCOUNT.rule,
            rows::LIFECYCLE.rule,
            rows::NODE_RESTRICTION.rule,
            rows::INSECURE_BIND.rule,
            rows::SECURE_PORT.rule,
            rows::PROFILING.rule,
            rows::AUDIT_PATH.rule,
            rows::AUDIT_AGE.rule,
            rows::AUDIT_BACKUP.rule,
            rows::AUDIT_SIZE.rule,
            rows::LOOKUP.rule,
            rows::ACCOUNT_KEY.rule,
            rows::ETCD_CERT.rule,
            rows::ETCD_KEY.rule,
            rows::ETCD_CA.rule,
            rows::ENCRYPTION.rule,
            rows::ROOT_CA.rule,
            rows::PRIVATE_KEY.rule,
            rows::CREDENTIALS.rule,
            rows::LOOPBACK.rule,
            rows::CLIENT_AUTH.rule,
            rows::AUTO_TLS.rule,
            rows::ETCD_SERVER_CERT.rule,
            rows::ETCD_SERVER_KEY.rule,
            rows::PEER_CERT.rule,
            rows::PEER_KEY.rule,
            rows::PEER_AUTH.rule,
            rows::PEER_AUTO_TLS.rule,
            rows::READ_ONLY.rule,
            rows::STREAMING.rule,
            rows::IPTABLES.rule,
            rows::HOSTNAME.rule,
            rows::ROTATE.rule,
            rows::KERNEL.rule,
            rows::REQUEST_TIMEOUT.rule,
            rows::TLS_CERT.rule,
            rows::TLS_KEY.rule,
            rows::CLIENT_CA.rule,
            rows::CIPHERS.rule,
            rows::INSECURE_PORT.rule,
            rows::AUDIT_POLICY.rule,
            rows::IMAGE_POLICY.rule,
            rows::GARBAGE.rule,
            rows::SERVER_ROTATION.rule,
            rows::EVENTS.rule,
            control_plane_files::SHARED_AUTHORITY,
            control_plane_files::ENCRYPTION_PROVIDER,
            control_plane_files::AUDIT_GAPS,
        ],
        fixture: include_str!("fixtures/kubernetes_control_plane_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let objects = objects(artifact.data()?, report)?;
    let workloads = workloads(&objects);
    let containers: Vec<_> = workloads.iter().flat_map(|workload| workload.containers()).collect();
    let mut lines = Vec::new();
    for container in &containers {
        report.tick(1)?;
        let Some(line) = CommandLine::of(container) else { continue };
        for setting in rows::SETTINGS {
            report.tick(1)?;
            let flag = line.flag(setting.flag);
            if setting.programs.contains(&line.program)
                && !setting.test.passes(flag.map(|flag| flag.value))
            {
                report
                    .finding(&setting.rule, flag.map_or(line.span, |flag| flag.span))
                    .subject(format!("{}/--{}", container.subject, setting.flag));
            }
        }
        lines.push((container, line));
    }
    control_plane_files::shared_authority(&lines, report);
    for object in &objects {
        report.tick(1)?;
        control_plane_files::check(object, report);
    }
    Ok(())
}
