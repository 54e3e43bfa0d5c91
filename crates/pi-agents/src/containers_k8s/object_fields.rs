//! Fields that an API server takes or quietly drops although they are wrong:
//! rules of [`super::kubernetes_reference_linter`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::manifest::{Container, Object, Workload};

const fn rule(
    id: &'static str,
    summary: &'static str,
    severity: Severity,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    Rule { id, summary, severity, confidence: Confidence::High, references, fix }
}

/// A port that cannot be.
pub(crate) const PORT: Rule = rule(
    "invalid-port",
    "a port has a number or a name that is not allowed",
    Severity::Medium,
    &["KUBERNETES-SERVICE"],
    "use a number up to 65535, or at most 15 small letters, digits and single `-`",
);

/// A probe of a port that nothing declares.
pub(crate) const PROBE: Rule = rule(
    "probe-of-undeclared-port",
    "a probe asks a port that its container does not declare",
    Severity::Low,
    &["KUBERNETES-PROBES"],
    "declare the port under `ports`, or let the probe ask a declared one",
);

/// A label that is refused.
pub(crate) const LABEL: Rule = rule(
    "invalid-label-value",
    "a label has a value that is not allowed",
    Severity::Medium,
    &["KUBERNETES-LABELS"],
    "use at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends",
);

/// A variable that is set twice.
pub(crate) const VARIABLE: Rule = rule(
    "duplicate-variable",
    "a variable is set twice, and only the last value counts",
    Severity::Low,
    &["CWE-694"],
    "remove one of the two",
);

/// A version that is gone.
pub(crate) const REMOVED: Rule = rule(
    "removed-api-version",
    "an object uses a version of the API that current clusters no longer serve",
    Severity::Medium,
    &["KUBERNETES-DEPRECATION", "CWE-477"],
    "use the current version of the kind",
);

/// A field of old times.
pub(crate) const FIELD: Rule = rule(
    "deprecated-field",
    "`serviceAccount` is the old name of `serviceAccountName`",
    Severity::Info,
    &["KUBERNETES-SERVICE-ACCOUNTS", "CWE-477"],
    "write `serviceAccountName`",
);

/// Versions that Kubernetes 1.32 no longer serves.
const REMOVED_VERSIONS: &[&str] = &[
    "admissionregistration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiregistration.k8s.io/v1beta1",
    "apps/v1beta1",
    "apps/v1beta2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1beta1",
    "batch/v2alpha1",
    "certificates.k8s.io/v1beta1",
    "coordination.k8s.io/v1beta1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "extensions/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1beta1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "rbac.authorization.k8s.io/v1beta1",
    "scheduling.k8s.io/v1beta1",
    "storage.k8s.io/v1beta1",
];

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Looks at the fields that any object has, and at those of services.
pub(crate) fn object(object: &Object<'_>, report: &mut Report) {
    let subject = &object.subject;
    if let Some(node) = object.node.get("apiVersion")
        && node.as_str().is_some_and(|version| REMOVED_VERSIONS.contains(&version))
    {
        report.finding(&REMOVED, node.span).subject(subject.clone());
    }
    labels(object.node.at(&["metadata", "labels"]), subject, report);
    let specification = object.node.get("spec");
    if object.kind == "Service" {
        let ports = specification.and_then(|spec| spec.get("ports"));
        for port in ports.map(Node::items).unwrap_or_default() {
            for node in [port.get("port"), port.get("targetPort")].into_iter().flatten() {
                port_value(node, subject, report);
            }
        }
    }
    // A workload may lack the rest of its pods, so this is asked here.
    let paths: [&[&str]; 3] = [
        &["spec"],
        &["spec", "template", "spec"],
        &["spec", "jobTemplate", "spec", "template", "spec"],
    ];
    for pod in paths.iter().filter_map(|path| object.node.at(path)) {
        if let Some(entry) = pod.entry("serviceAccount").filter(|e| e.value.as_str().is_some()) {
            report.finding(&FIELD, place(entry)).subject(subject.clone());
        }
    }
}

fn labels(node: Option<&Node>, subject: &str, report: &mut Report) {
    for entry in node.map(Node::entries).unwrap_or_default() {
        if entry.value.as_str().is_some_and(|value| !is_label(value)) {
            report
                .finding(&LABEL, place(entry))
                .subject(format!("{subject}/labels[{}]", entry.key));
        }
    }
}

fn is_label(value: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let at_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let template = value.contains("{{") || value.contains('$');
    template
        || value.len() <= 63
            && value.chars().all(inner)
            && at_end(value.chars().next())
            && at_end(value.chars().next_back())
}

/// A number of a port, or the name of one.
fn port_value(node: &Node, subject: &str, report: &mut Report) {
    let valid = match (node.as_i64(), node.as_str()) {
        (Some(number), _) => (1..=65535).contains(&number),
        (None, Some(text)) => is_port_name(text),
        (None, None) => true,
    };
    if !valid {
        report.finding(&PORT, node.span).subject(subject);
    }
}

fn is_port_name(text: &str) -> bool {
    if text.contains("{{") || text.contains('$') {
        return true;
    }
    if let Ok(number) = text.parse::<i64>() {
        return (1..=65535).contains(&number);
    }
    text.len() <= 15
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && text.bytes().any(|b| b.is_ascii_lowercase())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
}

/// Looks at the template and the containers of a workload.
pub(crate) fn workload(workload: &Workload<'_>, report: &mut Report) {
    if workload.object.kind != "Pod" {
        let metadata = workload.metadata.and_then(|metadata| metadata.get("labels"));
        labels(metadata, &workload.object.subject, report);
    }
    for container in workload.containers() {
        ports(&container, report);
        probes(&container, report);
        variables(&container, report);
    }
}

fn ports(container: &Container<'_>, report: &mut Report) {
    for port in container.node.get("ports").map(Node::items).unwrap_or_default() {
        if let Some(number) = port.get("containerPort") {
            port_value(number, &container.subject, report);
        }
        if let Some(name) = port.get("name")
            && name.as_str().is_some_and(|text| text.parse::<i64>().is_ok() || !is_port_name(text))
        {
            report.finding(&PORT, name.span).subject(container.subject.clone());
        }
    }
}

fn probes(container: &Container<'_>, report: &mut Report) {
    let declared = container.node.get("ports").map(Node::items).unwrap_or_default();
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.node.get(probe) else { continue };
        let asked =
            ["httpGet", "tcpSocket", "grpc"].iter().find_map(|way| probe.at(&[way, "port"]));
        let Some(asked) = asked else { continue };
        let known = declared.iter().any(|port| {
            ["containerPort", "name"].iter().any(|key| {
                port.get(key).and_then(Node::scalar).is_some_and(|p| asked.scalar() == Some(p))
            })
        });
        if !known && asked.scalar().is_some_and(|port| !port.contains("{{")) {
            report.finding(&PROBE, asked.span).subject(container.subject.clone());
        }
    }
}

fn variables(container: &Container<'_>, report: &mut Report) {
    let list = container.node.get("env").map(Node::items).unwrap_or_default();
    let name = |node: &&Node| node.get("name").and_then(Node::scalar).map(str::to_owned);
    for (index, variable) in list.iter().enumerate() {
        let Some(own) = name(&variable) else { continue };
        if list.iter().take(index).any(|earlier| name(&earlier).as_deref() == Some(own.as_str())) {
            report
                .finding(&VARIABLE, variable.span)
                .subject(format!("{}/env[{own}]", container.subject));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_grammar() {
        for good in ["http", "a-1", "8080", "{{ port }}"] {
            assert!(is_port_name(good), "{good}");
        }
        for bad in ["n234567890123456", "Http", "-a", "a--b", "70000", ""] {
            assert!(!is_port_name(bad), "{bad}");
        }
        assert!(is_label("v1.2_3") && is_label("") && is_label("$(VERSION)"));
        assert!(!is_label("g**dy") && !is_label("end-") && !is_label(&"a".repeat(64)));
    }
}
