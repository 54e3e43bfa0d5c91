//! Checks of one workload for settings that harden it: rules of the auditor.

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::image::{self, Reference, is_template};
use super::isolation::capability_name;
use super::manifest::{Container, Role, Workload, is_false, is_true};
use super::names::{is_literal_secret, is_secret_name};

/// Processes may gain privileges.
pub(crate) const ESCALATION: Rule = Rule {
    id: "privilege-escalation-allowed",
    summary: "processes may gain more privileges than their parent has",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.6"],
    fix: "set `allowPrivilegeEscalation: false` in the container's security context",
};

/// The default capabilities are kept.
pub(crate) const CAPABILITIES: Rule = Rule {
    id: "capabilities-not-dropped",
    summary: "a container keeps the default capabilities",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.10"],
    fix: "set `capabilities: {drop: [ALL]}` and add back what is needed",
};

/// The root file system can be written.
pub(crate) const WRITABLE_ROOT: Rule = Rule {
    id: "writable-root-filesystem",
    summary: "the root file system of a container can be written",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-732"],
    fix: "set `readOnlyRootFilesystem: true` and mount an `emptyDir` where files are written",
};

/// No seccomp profile.
pub(crate) const SECCOMP: Rule = Rule {
    id: "seccomp-not-set",
    summary: "no seccomp profile is set",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.7.2"],
    fix: "set `seccompProfile: {type: RuntimeDefault}` in the pod's security context",
};

/// The token of the service account is mounted.
pub(crate) const TOKEN: Rule = Rule {
    id: "service-account-token-mounted",
    summary: "the pod gets a token for the Kubernetes API whether it needs one or not",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.1.6"],
    fix: "set `automountServiceAccountToken: false` unless the program calls the API",
};

/// No limit of memory.
pub(crate) const NO_MEMORY_LIMIT: Rule = Rule {
    id: "no-memory-limit",
    summary: "a container may use all memory of its node",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.limits.memory`",
};

/// No request of memory.
pub(crate) const NO_MEMORY_REQUEST: Rule = Rule {
    id: "no-memory-request",
    summary: "the scheduler does not know how much memory a container needs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.requests.memory`",
};

/// No request of CPU.
pub(crate) const NO_CPU_REQUEST: Rule = Rule {
    id: "no-cpu-request",
    summary: "the scheduler does not know how much of a processor a container needs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.requests.cpu`",
};

/// No limit of CPU.
pub(crate) const NO_CPU_LIMIT: Rule = Rule {
    id: "no-cpu-limit",
    summary: "a container may use all processors of its node",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-770"],
    fix: "set `resources.limits.cpu` where other workloads must be protected",
};

/// No liveness probe.
pub(crate) const NO_LIVENESS: Rule = Rule {
    id: "no-liveness-probe",
    summary: "nobody notices when a container hangs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "add a `livenessProbe`",
};

/// No readiness probe.
pub(crate) const NO_READINESS: Rule = Rule {
    id: "no-readiness-probe",
    summary: "a container gets requests before it can answer them",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "add a `readinessProbe`",
};

/// A secret in the environment.
pub(crate) const SECRET_VALUE: Rule = Rule {
    id: "secret-in-env",
    summary: "a secret is written into the environment of a container",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CIS-KUBERNETES-5.4.1"],
    fix: "put the value into a Secret and refer to it by `valueFrom.secretKeyRef`, or mount it as a file",
};

/// A port of the node.
pub(crate) const HOST_PORT: Rule = Rule {
    id: "host-port",
    summary: "a container takes a port of its node, past services and network policies",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-KUBERNETES-5.2.13"],
    fix: "expose the container by a Service",
};

/// A sysctl that concerns the whole node.
pub(crate) const SYSCTL: Rule = Rule {
    id: "unsafe-sysctl",
    summary: "a kernel setting outside the safe set is changed",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "remove the setting, or apply it to dedicated nodes",
};

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
            report.finding(&ESCALATION, place(entry)).subject(subject.clone());
        }
        // Allowed by default, which is less deliberate than saying so.
        None => {
            report
                .finding(&ESCALATION, container.span)
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
            .finding(&CAPABILITIES, capabilities.map_or(container.span, place))
            .subject(subject.clone());
    }
    match container.own("readOnlyRootFilesystem") {
        Some(entry) if is_true(&entry.value) => {}
        entry => {
            report
                .finding(&WRITABLE_ROOT, entry.map_or(container.span, place))
                .subject(subject.clone());
        }
    }
    if container.effective("seccompProfile").is_none() && !annotated(workload) {
        report.finding(&SECCOMP, container.span).subject(subject.clone());
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
        report.finding(&NO_MEMORY_LIMIT, span).subject(container.subject.clone());
    }
    if !has("limits", "cpu") {
        report.finding(&NO_CPU_LIMIT, span).subject(container.subject.clone());
    }
    // A limit without a request is its own request.
    for (name, rule) in [("cpu", &NO_CPU_REQUEST), ("memory", &NO_MEMORY_REQUEST)] {
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
    for (key, rule) in [("livenessProbe", &NO_LIVENESS), ("readinessProbe", &NO_READINESS)] {
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
            report.finding(&HOST_PORT, place(entry)).subject(format!("{subject}/ports[{number}]"));
        }
    }
    for variable in container.node.get("env").map(Node::items).unwrap_or_default() {
        let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) else {
            continue;
        };
        let word = name.scalar().unwrap_or_default();
        if is_secret_name(word) && is_literal_secret(value.scalar().unwrap_or_default()) {
            let finding = report.finding(&SECRET_VALUE, name.span);
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
            report.finding(&TOKEN, place(entry)).subject(subject.clone());
        }
        // A named account is a sign that the API is used on purpose.
        None if names_account(workload.pod) => {}
        None => {
            report.finding(&TOKEN, workload.object.span).subject(subject.clone());
        }
    }
    let settings = workload.pod.at(&["securityContext", "sysctls"]);
    for item in settings.map(Node::items).unwrap_or_default() {
        if let Some(name) = item.get("name")
            && let Some(word) = name.as_str()
            && !SAFE_SYSCTLS.contains(&word)
        {
            report.finding(&SYSCTL, name.span).subject(format!("{subject}/sysctls[{word}]"));
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
