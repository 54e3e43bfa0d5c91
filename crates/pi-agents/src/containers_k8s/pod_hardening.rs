//! Checks of one workload for settings that harden it.

use pi_agent_api::Report;
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::Severity;

use super::image::{self, Reference, is_template};
use super::isolation::capability_name;
use super::manifest::{Container, Role, Workload, is_false, is_true};
use super::names::{is_literal_secret, is_secret_name};
use super::pod_rules as rules;

/// Kernel settings that the baseline of the Pod Security Standards allows.
const SAFE_SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
];

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Privilege escalation, capabilities and root file system of a container.
pub(crate) fn privileges(workload: &Workload<'_>, container: &Container<'_>, report: &mut Report) {
    let subject = &container.subject;
    // A privileged container is reported as such; the rest follows from it.
    if container.own("privileged").is_some_and(|entry| is_true(&entry.value)) {
        return;
    }
    match container.own("allowPrivilegeEscalation") {
        Some(entry) if is_false(&entry.value) => {}
        Some(entry) => {
            report.finding(&rules::ESCALATION, place(entry)).subject(subject.clone());
        }
        // Allowed by default, which is less deliberate than saying so.
        None => {
            report
                .finding(&rules::ESCALATION, container.span)
                .subject(subject.clone())
                .severity(Severity::Low);
        }
    }
    let capabilities = container.own("capabilities");
    let dropped = capabilities.and_then(|entry| entry.value.get("drop"));
    let all =
        dropped.map(Node::items).unwrap_or_default().iter().any(|item| {
            matches!(capability_name(item.scalar().unwrap_or_default()).as_str(), "ALL")
        });
    if !all {
        report
            .finding(&rules::CAPABILITIES, capabilities.map_or(container.span, place))
            .subject(subject.clone());
    }
    match container.own("readOnlyRootFilesystem") {
        Some(entry) if is_true(&entry.value) => {}
        entry => {
            report
                .finding(&rules::WRITABLE_ROOT, entry.map_or(container.span, place))
                .subject(subject.clone());
        }
    }
    if container.effective("seccompProfile").is_none() && !annotated(workload) {
        let context = container.node.entry("securityContext");
        let span = context.map_or(container.span, |entry| entry.key_span);
        report.finding(&rules::SECCOMP, span).subject(subject.clone());
    }
}

/// Whether a seccomp profile is set by the annotation of older clusters.
fn annotated(workload: &Workload<'_>) -> bool {
    let annotations = workload.metadata.and_then(|metadata| metadata.get("annotations"));
    annotations.map(Node::entries).unwrap_or_default().iter().any(|entry| {
        entry.key == "seccomp.security.alpha.kubernetes.io/pod"
            && entry.value.as_str() != Some("unconfined")
    })
}

/// Requests and limits of a container. Ephemeral containers have none.
pub(crate) fn resources(container: &Container<'_>, report: &mut Report) {
    if container.role == Role::Ephemeral {
        return;
    }
    let resources = container.node.entry("resources");
    let span = resources.map_or(container.span, |entry| entry.key_span);
    let has = |list: &str, name: &str| {
        resources.and_then(|entry| entry.value.at(&[list, name])).is_some_and(|n| !n.is_null())
    };
    if !has("limits", "memory") {
        report.finding(&rules::NO_MEMORY_LIMIT, span).subject(container.subject.clone());
    }
    if !has("limits", "cpu") {
        report.finding(&rules::NO_CPU_LIMIT, span).subject(container.subject.clone());
    }
    // A limit without a request is its own request.
    for (name, rule) in [("cpu", &rules::NO_CPU_REQUEST), ("memory", &rules::NO_MEMORY_REQUEST)] {
        if !has("requests", name) && !has("limits", name) {
            report.finding(rule, span).subject(container.subject.clone());
        }
    }
}

/// Probes of the containers that run for the life of a service.
pub(crate) fn probes(workload: &Workload<'_>, container: &Container<'_>, report: &mut Report) {
    let finite = matches!(workload.object.kind, "Job" | "CronJob" | "Pod");
    let serves = container.role == Role::Main || container.is_sidecar();
    if finite || !serves {
        return;
    }
    for (key, rule) in
        [("livenessProbe", &rules::NO_LIVENESS), ("readinessProbe", &rules::NO_READINESS)]
    {
        if container.node.get(key).is_none_or(Node::is_null) {
            report.finding(rule, container.span).subject(container.subject.clone());
        }
    }
}

/// The image, the ports and the environment of a container.
pub(crate) fn content(container: &Container<'_>, report: &mut Report) {
    let subject = &container.subject;
    if let Some(node) = container.node.get("image")
        && let Some(text) = node.as_str()
        && !text.is_empty()
        && !is_template(text)
        && Reference::parse(text).is_mutable()
    {
        report
            .finding(&image::MUTABLE, node.span)
            .message(format!("the image `{text}` changes without notice"))
            .subject(subject.clone());
    }
    for port in container.node.get("ports").map(Node::items).unwrap_or_default() {
        let number = port.entry("hostPort");
        if let Some((entry, number)) = number.and_then(|e| Some((e, e.value.scalar()?)))
            && number != "0"
        {
            report
                .finding(&rules::HOST_PORT, place(entry))
                .subject(format!("{subject}/ports[{number}]"));
        }
    }
    for variable in container.node.get("env").map(Node::items).unwrap_or_default() {
        let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) else {
            continue;
        };
        let word = name.scalar().unwrap_or_default();
        if is_secret_name(word) && is_literal_secret(value.scalar().unwrap_or_default()) {
            let finding = report.finding(&rules::SECRET_VALUE, name.span);
            finding
                .message(format!("the value of `{word}` is written into the manifest"))
                .subject(format!("{subject}/env[{word}]"));
            finding.masked.push(value.span);
        }
    }
}

/// The token of the service account and kernel settings of a pod.
pub(crate) fn pod(workload: &Workload<'_>, report: &mut Report) {
    let subject = &workload.object.subject;
    match workload.pod.entry("automountServiceAccountToken") {
        Some(entry) if is_false(&entry.value) => {}
        Some(entry) => {
            report.finding(&rules::TOKEN, place(entry)).subject(subject.clone());
        }
        // A named account is a sign that the API is used on purpose.
        None if names_account(workload.pod) => {}
        None => {
            report.finding(&rules::TOKEN, workload.object.span).subject(subject.clone());
        }
    }
    let settings = workload.pod.at(&["securityContext", "sysctls"]);
    for item in settings.map(Node::items).unwrap_or_default() {
        if let Some(name) = item.get("name")
            && let Some(word) = name.as_str()
            && !SAFE_SYSCTLS.contains(&word)
        {
            report.finding(&rules::SYSCTL, name.span).subject(format!("{subject}/sysctls[{word}]"));
        }
    }
}

fn names_account(pod: &Node) -> bool {
    ["serviceAccountName", "serviceAccount"].iter().any(|key| {
        pod.get(key)
            .and_then(Node::as_str)
            .is_some_and(|name| !name.is_empty() && name != "default")
    })
}
