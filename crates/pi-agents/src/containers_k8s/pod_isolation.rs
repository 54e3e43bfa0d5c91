//! Checks of one workload for ways out of its containers.

use pi_agent_api::Report;
use pi_artifacts::Span;
use pi_artifacts::data::Node;
use pi_core::Severity;

use super::isolation::{self, Exposure};
use super::isolation_rules;
use super::manifest::{Container, Workload, is_true};

/// Containers with `privileged: true`, or a Windows host process.
pub(crate) fn privileged(workload: &Workload<'_>, report: &mut Report) {
    for container in workload.containers() {
        if let Some(entry) = container.own("privileged").filter(|entry| is_true(&entry.value)) {
            report
                .finding(&isolation_rules::PRIVILEGED, entry.key_span.to(entry.value.span))
                .subject(container.subject);
        } else if let Some(entry) = container.effective("windowsOptions")
            && let Some(host) = entry.value.entry("hostProcess").filter(|e| is_true(&e.value))
        {
            report
                .finding(&isolation_rules::PRIVILEGED, host.key_span.to(host.value.span))
                .message("a Windows host process runs with the rights of its node")
                .subject(container.subject);
        }
    }
}

/// The namespaces of the host.
pub(crate) fn host_namespaces(workload: &Workload<'_>, report: &mut Report) {
    for (key, rule) in [
        ("hostNetwork", &isolation_rules::HOST_NETWORK),
        ("hostPID", &isolation_rules::HOST_PID),
        ("hostIPC", &isolation_rules::HOST_IPC),
    ] {
        if let Some(entry) = workload.pod.entry(key).filter(|entry| is_true(&entry.value)) {
            report
                .finding(rule, entry.key_span.to(entry.value.span))
                .subject(workload.object.subject.clone());
        }
    }
}

/// Capabilities beyond the baseline.
pub(crate) fn capabilities(workload: &Workload<'_>, report: &mut Report) {
    for container in workload.containers() {
        let Some(added) = container.own("capabilities").and_then(|entry| entry.value.get("add"))
        else {
            continue;
        };
        for item in added.items() {
            let name = isolation::capability_name(item.scalar().unwrap_or_default());
            if name.is_empty() {
                continue;
            }
            if let Some(severity) = isolation::capability_severity(&name) {
                report
                    .finding(&isolation_rules::CAPABILITY, item.span)
                    .message(format!("the capability {name} is added"))
                    .subject(format!("{}/{name}", container.subject))
                    .severity(severity);
            }
        }
    }
}

/// `procMount: Unmasked`.
pub(crate) fn unmasked_proc(workload: &Workload<'_>, report: &mut Report) {
    for container in workload.containers() {
        if let Some(entry) = container.own("procMount")
            && entry.value.as_str() == Some("Unmasked")
        {
            report
                .finding(&isolation_rules::UNMASKED_PROC, entry.key_span.to(entry.value.span))
                .subject(container.subject);
        }
    }
}

/// Seccomp or AppArmor switched off, by field or by the older annotations.
pub(crate) fn unconfined(workload: &Workload<'_>, report: &mut Report) {
    for container in workload.containers() {
        for key in ["seccompProfile", "appArmorProfile"] {
            if let Some(entry) = container.effective(key)
                && let Some(kind) = entry.value.get("type")
                && kind.as_str() == Some("Unconfined")
            {
                report
                    .finding(&isolation_rules::UNCONFINED, kind.span)
                    .subject(format!("{}/{key}", container.subject));
            }
        }
    }
    let annotations = workload.metadata.and_then(|metadata| metadata.get("annotations"));
    for entry in annotations.map(Node::entries).unwrap_or_default() {
        let confines = entry.key.starts_with("container.apparmor.security.beta.kubernetes.io/")
            || entry.key.starts_with("seccomp.security.alpha.kubernetes.io/")
            || entry.key.starts_with("container.seccomp.security.alpha.kubernetes.io/");
        if confines && entry.value.as_str() == Some("unconfined") {
            report
                .finding(&isolation_rules::UNCONFINED, entry.key_span.to(entry.value.span))
                .subject(format!("{}/annotations[{}]", workload.object.subject, entry.key));
        }
    }
}

/// A `hostPath` volume and how it is used.
#[derive(Debug)]
pub(crate) struct HostPath<'a> {
    /// The path on the host.
    pub path: &'a str,
    /// Where it is written.
    pub span: Span,
    /// `Deployment/web/volumes[name]`.
    pub subject: String,
    /// Every container that mounts it does so read-only.
    pub read_only: bool,
}

/// The `hostPath` volumes of a workload.
pub(crate) fn host_paths<'a>(workload: &Workload<'a>) -> Vec<HostPath<'a>> {
    let containers = workload.containers();
    let volumes = workload.pod.get("volumes").map(Node::items).unwrap_or_default();
    let mut out = Vec::new();
    for (index, volume) in volumes.iter().enumerate() {
        let Some(node) = volume.at(&["hostPath", "path"]) else { continue };
        let Some(path) = node.scalar() else { continue };
        let name = volume.get("name").and_then(Node::scalar);
        let label = name.map_or_else(|| format!("#{}", index + 1), str::to_owned);
        let mounts: Vec<&Node> =
            containers.iter().flat_map(mounts).filter(|m| mount_name(m) == name).collect();
        let read_only = !mounts.is_empty()
            && mounts.iter().all(|mount| mount.get("readOnly").is_some_and(is_true));
        out.push(HostPath {
            path,
            span: node.span,
            subject: format!("{}/volumes[{label}]", workload.object.subject),
            read_only,
        });
    }
    out
}

fn mounts<'a>(container: &Container<'a>) -> &'a [Node] {
    container.node.get("volumeMounts").map(Node::items).unwrap_or_default()
}

fn mount_name(mount: &Node) -> Option<&str> {
    mount.get("name").and_then(Node::scalar)
}

/// Directories of the host among the volumes. `ordinary` says whether those
/// that give nothing away are reported too.
pub(crate) fn host_directories(workload: &Workload<'_>, ordinary: bool, report: &mut Report) {
    for volume in host_paths(workload) {
        let severity = match isolation::exposure(volume.path) {
            Exposure::Root => Severity::Critical,
            Exposure::SocketDirectory | Exposure::Sensitive => Severity::High,
            Exposure::Ordinary if ordinary => {
                report
                    .finding(&isolation_rules::HOST_PATH, volume.span)
                    .message(format!("`{}` of the host is mounted", volume.path))
                    .subject(volume.subject);
                continue;
            }
            Exposure::Ordinary | Exposure::Socket => continue,
        };
        // Reading /etc or / still discloses the host's secrets, but changes
        // nothing there.
        let severity = if volume.read_only { severity.lowered() } else { severity };
        report
            .finding(&isolation_rules::SENSITIVE_PATH, volume.span)
            .message(format!("`{}` of the host is mounted", volume.path))
            .subject(volume.subject)
            .severity(severity);
    }
}

/// Sockets of container runtimes among the volumes.
pub(crate) fn runtime_sockets(workload: &Workload<'_>, report: &mut Report) {
    for volume in host_paths(workload) {
        if isolation::exposure(volume.path) == Exposure::Socket {
            report
                .finding(&isolation_rules::RUNTIME_SOCKET, volume.span)
                .message(format!("the runtime socket `{}` is mounted", volume.path))
                .subject(volume.subject);
        }
    }
}
