//! What services, ingresses and config maps open: rules of
//! [`super::kubernetes_exposure_auditor`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::image::Reference;
use super::manifest::{Object, Workload};
use super::names::{is_literal_secret, is_secret_name};
use super::selectors::name;

/// A load balancer in the internet.
pub(crate) const LOAD_BALANCER: Rule = Rule {
    id: "external-load-balancer",
    summary: "a service gets a load balancer that the internet can reach",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-668"],
    fix: "use an ingress with TLS, annotate the load balancer as internal, or set `loadBalancerSourceRanges`",
};

/// A port on every node.
pub(crate) const NODE_PORT: Rule = Rule {
    id: "node-port-service",
    summary: "a service opens a port on every node",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-668"],
    fix: "use the type `ClusterIP` behind an ingress or a load balancer",
};

/// An address of its own choice.
pub(crate) const EXTERNAL_ADDRESS: Rule = Rule {
    id: "external-ips",
    summary: "a service draws the traffic to addresses that it names itself (CVE-2020-8554)",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-300"],
    fix: "remove `externalIPs` and use a load balancer",
};

/// Configuration in an annotation.
pub(crate) const SNIPPET: Rule = Rule {
    id: "nginx-snippet",
    summary: "an annotation adds configuration of nginx, which can read all secrets of the cluster (CVE-2021-25742)",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-94"],
    fix: "remove the annotation and set `allow-snippet-annotations: \"false\"` in the controller",
};

/// An annotation that breaks out.
pub(crate) const INJECTION: Rule = Rule {
    id: "nginx-annotation-injection",
    summary: "the value of an annotation ends a directive of nginx and begins another (CVE-2025-1974)",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["CWE-94"],
    fix: "write a plain URL or name, and update ingress-nginx to 1.12.1 or later",
};

/// The server of Helm 2.
pub(crate) const TILLER: Rule = Rule {
    id: "tiller",
    summary: "Tiller of Helm 2 takes commands without authentication and is no longer maintained",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-306", "CWE-1104"],
    fix: "use Helm 3, which has no server, and delete Tiller with its service",
};

/// The dashboard.
pub(crate) const DASHBOARD: Rule = Rule {
    id: "kubernetes-dashboard",
    summary: "the Kubernetes dashboard runs in the cluster",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-668"],
    fix: "run the dashboard on the machine of the administrator instead",
};

/// A secret where none should be.
pub(crate) const CONFIG_SECRET: Rule = Rule {
    id: "secret-in-config-map",
    summary: "a config map holds a secret, which everybody who reads the namespace sees",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-312"],
    fix: "put the value into a Secret, or better into a store outside the cluster",
};

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Looks at one object.
pub(crate) fn object(object: &Object<'_>, report: &mut Report) {
    match object.kind {
        "Service" => service(object, report),
        "Ingress" => ingress(object, report),
        "ConfigMap" => config_map(object, report),
        _ => {}
    }
}

fn annotations<'a>(object: &Object<'a>) -> &'a [Entry] {
    object.node.at(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default()
}

fn service(object: &Object<'_>, report: &mut Report) {
    let Some(spec) = object.node.get("spec") else { return };
    match spec.get("type").and_then(Node::as_str) {
        Some("LoadBalancer") if !is_internal(object, spec) => {
            report.finding(&LOAD_BALANCER, object.span).subject(object.subject.clone());
        }
        Some("NodePort") => {
            report.finding(&NODE_PORT, object.span).subject(object.subject.clone());
        }
        _ => {}
    }
    if let Some(entry) = spec.entry("externalIPs").filter(|e| !e.value.items().is_empty()) {
        report.finding(&EXTERNAL_ADDRESS, place(entry)).subject(object.subject.clone());
    }
    let selected = spec.at(&["selector", "name"]).and_then(Node::as_str) == Some("tiller");
    if selected || name(object).is_some_and(|name| name.starts_with("tiller")) {
        report.finding(&TILLER, object.span).subject(object.subject.clone());
    }
}

/// Whether a load balancer stays in the network, by the annotation of one of
/// the clouds or by its source ranges.
fn is_internal(object: &Object<'_>, spec: &Node) -> bool {
    let annotated = annotations(object).iter().any(|entry| {
        let value = entry.value.scalar().unwrap_or_default().to_ascii_lowercase();
        let (key, yes) = (entry.key.as_str(), ["true", "internal", "0.0.0.0/0"]);
        key.contains("load-balancer") && yes.contains(&value.as_str())
    });
    let ranges = spec.get("loadBalancerSourceRanges").map(Node::items).unwrap_or_default();
    let open = |range: &Node| range.as_str().is_some_and(|range| range.ends_with("/0"));
    annotated || !ranges.is_empty() && !ranges.iter().any(open)
}

const NGINX: &str = "nginx.ingress.kubernetes.io/";

/// Annotations that became a part of the configuration unescaped.
const INJECTABLE: &[&str] = &["auth-tls-match-cn", "auth-url", "mirror-host", "mirror-target"];

fn ingress(object: &Object<'_>, report: &mut Report) {
    for entry in annotations(object) {
        let Some(key) = entry.key.strip_prefix(NGINX) else { continue };
        let subject = format!("{}/annotations[{key}]", object.subject);
        if key.ends_with("-snippet") {
            report.finding(&SNIPPET, place(entry)).subject(subject);
        } else if INJECTABLE.contains(&key)
            && entry.value.as_str().is_some_and(|text| breaks_out(text.trim_end()))
        {
            report.finding(&INJECTION, place(entry)).subject(subject);
        }
    }
}

fn breaks_out(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || "{};|`\\\"'<>".contains(c))
}

fn config_map(object: &Object<'_>, report: &mut Report) {
    for entry in object.node.get("data").map(Node::entries).unwrap_or_default() {
        let Some(text) = entry.value.scalar() else { continue };
        let own = is_secret_name(&entry.key) && !text.contains('\n') && is_literal_secret(text);
        if own || text.lines().any(is_assignment_of_secret) {
            let finding = report.finding(&CONFIG_SECRET, entry.key_span);
            finding.subject(format!("{}/data[{}]", object.subject, entry.key));
            finding.masked.push(entry.value.span);
        }
    }
}

/// `DB_PASSWORD=hunter2`, also with a colon and quotes, as files of settings
/// have it.
fn is_assignment_of_secret(line: &str) -> bool {
    let line = line.trim().trim_start_matches("export ");
    let Some((name, value)) = line.split_once(['=', ':']) else { return false };
    let name = name.trim().trim_matches(['"', '\'']);
    let value = value.trim().trim_end_matches(',').trim_matches(['"', '\'']);
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    is_name && is_secret_name(name) && !value.contains(' ') && is_literal_secret(value)
}

/// Looks at one workload.
pub(crate) fn workload(workload: &Workload<'_>, report: &mut Report) {
    let object = &workload.object;
    let label = |key: &str, word: &str| {
        let own = object.node.at(&["metadata", "labels"]);
        [own, workload.metadata.and_then(|metadata| metadata.get("labels"))]
            .into_iter()
            .flatten()
            .any(|labels| labels.get(key).and_then(Node::as_str) == Some(word))
    };
    let image = |words: &[&str]| {
        workload.containers().into_iter().find_map(|container| {
            let node = container.node.get("image")?;
            let name = Reference::parse(node.as_str()?).name;
            let last = name.rsplit('/').next().unwrap_or(name);
            words.iter().any(|word| last.starts_with(word)).then_some(node.span)
        })
    };
    let tiller = image(&["tiller"]);
    if tiller.is_some() || label("app", "helm") && label("name", "tiller") {
        report.finding(&TILLER, object.span).subject(object.subject.clone());
    }
    let labelled = ["app", "k8s-app", "app.kubernetes.io/name"]
        .iter()
        .any(|key| label(key, "kubernetes-dashboard"));
    let dashboard = image(&["kubernetes-dashboard", "kubernetesui"]);
    if let Some(span) = dashboard.or(labelled.then_some(object.span)) {
        report.finding(&DASHBOARD, span).subject(object.subject.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_of_secrets_are_read_by_line() {
        for line in ["DB_PASSWORD=hunter2", "  api_key: \"abc\",", "export TOKEN_SECRET=x1"] {
            assert!(is_assignment_of_secret(line), "{line}");
        }
        for line in ["DB_PASSWORD=", "DB_PASSWORD=${DB}", "the password: write it down", "a=b"] {
            assert!(!is_assignment_of_secret(line), "{line}");
        }
    }
}
