//! Policies that admit pods, `PodSecurityPolicy` and the
//! `SecurityContextConstraints` of OpenShift: rules of
//! [`super::kubernetes_exposure_auditor`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::isolation::capability_name;
use super::manifest::{Object, integer, is_false, is_true};

const fn rule(
    id: &'static str,
    summary: &'static str,
    severity: Severity,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    Rule { id, summary, severity, confidence: Confidence::High, references, fix }
}

/// A policy admits privileged containers.
pub(crate) const PRIVILEGED: Rule = rule(
    "policy-allows-privileged",
    "a policy admits privileged containers",
    Severity::High,
    &["CWE-250", "CIS-KUBERNETES-5.2.2"],
    "set `privileged: false` (`allowPrivilegedContainer: false` in OpenShift)",
);

/// A policy admits pods in the process namespace of the node.
pub(crate) const HOST_PROCESSES: Rule = rule(
    "policy-allows-host-pid",
    "a policy admits pods in the process namespace of the node",
    Severity::High,
    &["CWE-653", "CIS-KUBERNETES-5.2.3"],
    "set `hostPID: false` (`allowHostPID: false` in OpenShift)",
);

/// A policy admits pods in the IPC namespace of the node.
pub(crate) const HOST_IPC: Rule = rule(
    "policy-allows-host-ipc",
    "a policy admits pods in the IPC namespace of the node",
    Severity::Medium,
    &["CWE-653", "CIS-KUBERNETES-5.2.4"],
    "set `hostIPC: false` (`allowHostIPC: false` in OpenShift)",
);

/// A policy admits pods in the network of the node.
pub(crate) const HOST_NETWORK: Rule = rule(
    "policy-allows-host-network",
    "a policy admits pods in the network of the node",
    Severity::Medium,
    &["CWE-653", "CIS-KUBERNETES-5.2.5"],
    "set `hostNetwork: false` (`allowHostNetwork: false` in OpenShift)",
);

/// A policy admits processes that gain privileges.
pub(crate) const ESCALATION: Rule = rule(
    "policy-allows-escalation",
    "a policy admits processes that gain privileges",
    Severity::Medium,
    &["CWE-250", "CIS-KUBERNETES-5.2.6"],
    "set `allowPrivilegeEscalation: false`",
);

/// A policy admits containers that run as root.
pub(crate) const ROOT: Rule = rule(
    "policy-allows-root",
    "a policy admits containers that run as root",
    Severity::Medium,
    &["CWE-250", "CIS-KUBERNETES-5.2.7"],
    "set the rule of `runAsUser` to `MustRunAsNonRoot`, and let no range of groups begin at 0",
);

/// A policy admits containers with added capabilities.
pub(crate) const CAPABILITIES: Rule = rule(
    "policy-allows-capabilities",
    "a policy admits containers with added capabilities",
    Severity::Medium,
    &["CWE-250", "CIS-KUBERNETES-5.2.9"],
    "remove `allowedCapabilities`",
);

/// A policy lets containers keep the default capabilities.
pub(crate) const KEPT_CAPABILITIES: Rule = rule(
    "policy-keeps-capabilities",
    "a policy lets containers keep the default capabilities",
    Severity::Low,
    &["CWE-250", "CIS-KUBERNETES-5.2.10"],
    "set `requiredDropCapabilities: [ALL]`",
);

/// A policy admits directories of the node that can be written.
pub(crate) const HOST_PATHS: Rule = rule(
    "policy-allows-host-path",
    "a policy admits directories of the node that can be written",
    Severity::Medium,
    &["CWE-552", "CIS-KUBERNETES-5.2.12"],
    "leave `hostPath` out of `volumes`, or set `readOnly: true` in `allowedHostPaths`",
);

/// Switches of a policy and of a constraint, each with its rule.
const SWITCHES: &[(&str, &str, &Rule)] = &[
    ("privileged", "allowPrivilegedContainer", &PRIVILEGED),
    ("hostPID", "allowHostPID", &HOST_PROCESSES),
    ("hostIPC", "allowHostIPC", &HOST_IPC),
    ("hostNetwork", "allowHostNetwork", &HOST_NETWORK),
];

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Looks at one object.
pub(crate) fn check(object: &Object<'_>, report: &mut Report) {
    let spec = match object.kind {
        "PodSecurityPolicy" => object.node.get("spec"),
        "SecurityContextConstraints" => Some(object.node),
        _ => None,
    };
    let Some(spec) = spec else { return };
    for (policy, constraint, rule) in SWITCHES {
        let key = if object.kind == "PodSecurityPolicy" { policy } else { constraint };
        if let Some(entry) = spec.entry(key).filter(|entry| is_true(&entry.value)) {
            report.finding(rule, place(entry)).subject(object.subject.clone());
        }
    }
    match spec.entry("allowPrivilegeEscalation") {
        Some(entry) if is_false(&entry.value) => {}
        entry => {
            report
                .finding(&ESCALATION, entry.map_or(object.span, place))
                .subject(object.subject.clone());
        }
    }
    if let Some(entry) = spec.entry("allowedCapabilities").filter(|e| !e.value.items().is_empty()) {
        report.finding(&CAPABILITIES, place(entry)).subject(object.subject.clone());
    }
    let dropped = spec.entry("requiredDropCapabilities");
    let all =
        dropped.map(|entry| entry.value.items()).unwrap_or_default().iter().any(|item| {
            matches!(capability_name(item.scalar().unwrap_or_default()).as_str(), "ALL")
        });
    if !all {
        report
            .finding(&KEPT_CAPABILITIES, dropped.map_or(object.span, place))
            .subject(object.subject.clone());
    }
    root(object, spec, report);
    host_paths(object, spec, report);
}

fn word(node: &Node) -> Option<&str> {
    node.get("rule").or_else(|| node.get("type")).and_then(Node::as_str)
}

/// The user must be kept from root, and the groups where ranges are named.
fn root(object: &Object<'_>, spec: &Node, report: &mut Report) {
    let from_zero = |node: &Node| {
        let ranges = node.get("ranges").map(Node::items).unwrap_or_default();
        ranges.iter().any(|range| range.get("min").and_then(integer) == Some(0))
    };
    let user = spec.entry("runAsUser");
    let bounded = user.is_some_and(|entry| match word(&entry.value) {
        Some("MustRunAsNonRoot" | "MustRunAsRange") => true,
        Some("MustRunAs") => {
            let ranges = entry.value.get("ranges").is_some() || entry.value.get("uid").is_some();
            let zero = entry.value.get("uid").and_then(integer) == Some(0);
            ranges && !zero && !from_zero(&entry.value)
        }
        _ => false,
    });
    if !bounded {
        report
            .finding(&ROOT, user.map_or(object.span, place))
            .subject(format!("{}/runAsUser", object.subject));
    }
    for key in ["runAsGroup", "supplementalGroups", "fsGroup"] {
        if let Some(entry) = spec.entry(key).filter(|entry| from_zero(&entry.value)) {
            report
                .finding(&ROOT, place(entry))
                .message("a policy admits containers of the root group")
                .subject(format!("{}/{key}", object.subject))
                .severity(Severity::Low);
        }
    }
}

fn host_paths(object: &Object<'_>, spec: &Node, report: &mut Report) {
    let listed = spec.get("allowedHostPaths").map(Node::items).unwrap_or_default();
    for path in listed {
        if !path.get("readOnly").is_some_and(is_true) {
            report
                .finding(&HOST_PATHS, path.get("pathPrefix").map_or(path.span, |node| node.span))
                .subject(object.subject.clone());
        }
    }
    let volumes = spec.get("volumes").map(Node::items).unwrap_or_default();
    let any = volumes.iter().find(|v| matches!(v.as_str(), Some("*" | "hostPath")));
    if let Some(node) = any.filter(|_| listed.is_empty()) {
        report.finding(&HOST_PATHS, node.span).subject(object.subject.clone());
    }
}
