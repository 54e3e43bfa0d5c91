//! References between the objects of a file: rules of
//! [`super::kubernetes_reference_linter`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::manifest::{Object, Workload};
use super::selectors::{name, namespace, narrows, pod_labels, selects, share_namespace};

const fn rule(
    id: &'static str,
    summary: &'static str,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    let (severity, confidence) = (Severity::Low, Confidence::Medium);
    Rule { id, summary, severity, confidence, references, fix }
}

/// A service without pods.
pub(crate) const SERVICE: Rule = rule(
    "service-selects-nothing",
    "a service selects no pod of this file",
    &["KUBERNETES-SERVICE"],
    "let the selector name labels that the template of the pods has",
);

/// A service monitor without services.
pub(crate) const MONITOR: Rule = rule(
    "monitor-selects-nothing",
    "a service monitor selects no service of this file",
    &["KUBERNETES-LABELS"],
    "let the selector name labels and namespaces of the service",
);

/// A policy without pods.
pub(crate) const POLICY: Rule = rule(
    "policy-selects-nothing",
    "a network policy protects no pod of this file",
    &["KUBERNETES-NETPOL"],
    "let `podSelector` name labels that the template of the pods has",
);

/// A peer without pods.
pub(crate) const PEER: Rule = rule(
    "peer-selects-nothing",
    "a peer of a network policy is no pod of this file",
    &["KUBERNETES-NETPOL"],
    "let the `podSelector` of the peer name labels that the template of the pods has",
);

/// An ingress without its service.
pub(crate) const INGRESS: Rule = rule(
    "ingress-without-service",
    "an ingress leads to a service or port that this file does not define",
    &["KUBERNETES-INGRESS"],
    "name a service of the namespace and one of its ports",
);

/// An autoscaler without a target.
pub(crate) const AUTOSCALER: Rule = rule(
    "autoscaler-without-target",
    "an autoscaler scales an object that this file does not define",
    &["KUBERNETES-HPA"],
    "name kind and name of the workload in `scaleTargetRef`",
);

/// Two masters of one number.
pub(crate) const FIXED_REPLICAS: Rule = rule(
    "replicas-beside-autoscaler",
    "every rollout resets the number of replicas that an autoscaler chose",
    &["KUBERNETES-HPA"],
    "remove `replicas` from the workload",
);

/// A stateful set without its service.
pub(crate) const STATEFUL: Rule = rule(
    "stateful-set-without-service",
    "a stateful set names a service that this file does not define as headless",
    &["KUBERNETES-STATEFULSET"],
    "define a service of this name with `clusterIP: None`",
);

/// An unknown service account.
pub(crate) const ACCOUNT: Rule = rule(
    "unknown-service-account",
    "a pod runs under a service account that this file does not define",
    &["KUBERNETES-SERVICE-ACCOUNTS"],
    "define the service account beside the workload",
);

/// An unknown priority class.
pub(crate) const PRIORITY: Rule = rule(
    "unknown-priority-class",
    "a pod has a priority class that this file does not define",
    &["KUBERNETES-PRIORITY"],
    "define the class, or use one that the cluster has",
);

/// A variable from nowhere.
pub(crate) const SOURCE: Rule = rule(
    "unknown-env-source",
    "a variable is read from a config map or secret that this file does not define",
    &["KUBERNETES-CONFIGMAP"],
    "name an object and a key of it that exist, or set `optional: true`",
);

/// A workload that does not know its own pods.
pub(crate) const SELECTOR: Rule = rule(
    "selector-mismatch",
    "the selector of a workload does not take the pods of its template",
    &["KUBERNETES-LABELS"],
    "give the template the labels of the selector",
);

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Reports a reference to nothing: a note where the file has no object that it
/// could have meant.
fn dangling(rule: &'static Rule, span: Span, subject: &str, candidates: bool, report: &mut Report) {
    let severity = if candidates { rule.severity } else { Severity::Info };
    report.finding(rule, span).subject(subject).severity(severity);
}

/// Looks at what one object refers to.
pub(crate) fn check(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    match object.kind {
        "Service" => service(object, all, report),
        "ServiceMonitor" => monitor(object, all, report),
        "NetworkPolicy" => policy(object, all, report),
        "Ingress" => ingress(object, all, report),
        "HorizontalPodAutoscaler" => autoscaler(object, all, report),
        "StatefulSet" => stateful(object, all, report),
        _ => {}
    }
    own_pods(object, report);
}

fn has_pods(all: &[Object<'_>]) -> bool {
    all.iter().any(|object| pod_labels(object).is_some())
}

/// Whether a selector takes pods of a workload in the namespace of `object`.
fn finds_pods(selector: &Node, object: &Object<'_>, all: &[Object<'_>]) -> bool {
    all.iter().any(|other| {
        pod_labels(other).is_some_and(|labels| selects(selector, labels))
            && share_namespace(object, other)
    })
}

fn service(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(entry) = object.node.get("spec").and_then(|spec| spec.entry("selector")) else {
        return;
    };
    if narrows(Some(&entry.value)).is_some() && !finds_pods(&entry.value, object, all) {
        dangling(&SERVICE, place(entry), &object.subject, has_pods(all), report);
    }
}

fn monitor(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(spec) = object.node.get("spec") else { return };
    let selector = spec.get("selector");
    let names = spec.at(&["namespaceSelector", "matchNames"]).map(Node::items).unwrap_or_default();
    let finds = |service: &&Object<'_>| {
        let labels = service.node.at(&["metadata", "labels"]);
        let home = names.is_empty()
            || names
                .iter()
                .any(|name| namespace(service).is_some_and(|n| name.as_str() == Some(n)));
        home && narrows(selector).is_none_or(|selector| selects(selector, labels))
    };
    let services = || all.iter().filter(|other| other.kind == "Service");
    if !services().any(|service| finds(&service)) {
        dangling(&MONITOR, object.span, &object.subject, services().next().is_some(), report);
    }
}

fn policy(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(spec) = object.node.get("spec") else { return };
    if let Some(entry) = spec.entry("podSelector")
        && narrows(Some(&entry.value)).is_some()
        && !finds_pods(&entry.value, object, all)
    {
        dangling(&POLICY, place(entry), &object.subject, has_pods(all), report);
    }
    for (direction, side) in [("ingress", "from"), ("egress", "to")] {
        let rules = spec.get(direction).map(Node::items).unwrap_or_default();
        for peer in rules.iter().filter_map(|rule| rule.get(side)).flat_map(Node::items) {
            if peer.get("namespaceSelector").is_none()
                && let Some(entry) = peer.entry("podSelector")
                && narrows(Some(&entry.value)).is_some()
                && !finds_pods(&entry.value, object, all)
            {
                dangling(&PEER, place(entry), &object.subject, has_pods(all), report);
            }
        }
    }
}

fn ingress(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(spec) = object.node.get("spec") else { return };
    let paths = spec.get("rules").map(Node::items).unwrap_or_default().iter();
    let paths = paths.filter_map(|rule| rule.at(&["http", "paths"])).flat_map(Node::items);
    let backends = paths
        .filter_map(|path| path.get("backend"))
        .chain(spec.get("defaultBackend"))
        .chain(spec.get("backend"));
    let services = || all.iter().filter(|other| other.kind == "Service");
    for backend in backends {
        // The older version of the API has both on one level.
        let named = backend.at(&["service", "name"]).or_else(|| backend.get("serviceName"));
        let Some(named) = named.filter(|node| node.as_str().is_some()) else { continue };
        let port = backend
            .at(&["service", "port", "number"])
            .or_else(|| backend.at(&["service", "port", "name"]))
            .or_else(|| backend.get("servicePort"))
            .and_then(Node::scalar);
        let found = services().any(|service| {
            name(service) == named.as_str()
                && share_namespace(object, service)
                && port.is_none_or(|port| serves(service, port))
        });
        if !found {
            dangling(&INGRESS, named.span, &object.subject, services().next().is_some(), report);
        }
    }
}

/// Whether a service has a port of this number or name.
fn serves(service: &Object<'_>, port: &str) -> bool {
    let ports = service.node.at(&["spec", "ports"]).map(Node::items).unwrap_or_default();
    ports
        .iter()
        .any(|p| ["port", "name"].iter().any(|k| p.get(k).and_then(Node::scalar) == Some(port)))
}

fn autoscaler(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(target) = object.node.at(&["spec", "scaleTargetRef"]) else { return };
    let Some(named) = target.get("name").filter(|node| node.as_str().is_some()) else { return };
    let kind = target.get("kind").and_then(Node::as_str).unwrap_or_default();
    let found = all.iter().find(|other| {
        other.kind == kind && name(other) == named.as_str() && share_namespace(object, other)
    });
    match found {
        None => {
            let candidates = all.iter().any(|other| other.kind == kind);
            dangling(&AUTOSCALER, named.span, &object.subject, candidates, report);
        }
        Some(found) => {
            let spec = found.node.get("spec");
            if let Some(entry) = spec.and_then(|spec| spec.entry("replicas")) {
                report
                    .finding(&FIXED_REPLICAS, place(entry))
                    .subject(found.subject.clone())
                    .related(object.span, "the autoscaler");
            }
        }
    }
}

fn stateful(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let Some(named) = object.node.at(&["spec", "serviceName"]) else { return };
    let headless = |service: &&Object<'_>| {
        name(service) == named.as_str()
            && share_namespace(object, service)
            && service.node.at(&["spec", "clusterIP"]).and_then(Node::as_str) == Some("None")
    };
    let services = || all.iter().filter(|other| other.kind == "Service");
    if !services().any(|service| headless(&service)) {
        dangling(&STATEFUL, named.span, &object.subject, services().next().is_some(), report);
    }
}

fn own_pods(object: &Object<'_>, report: &mut Report) {
    let known = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"].contains(&object.kind);
    let entry = object.node.get("spec").and_then(|spec| spec.entry("selector"));
    if let Some(entry) = entry.filter(|_| known)
        && narrows(Some(&entry.value)).is_some()
        && pod_labels(object).is_some_and(|labels| !selects(&entry.value, labels))
    {
        report
            .finding(&SELECTOR, place(entry))
            .subject(object.subject.clone())
            .severity(Severity::Medium);
    }
}

/// Classes that every cluster has.
const SYSTEM_CLASSES: &[&str] = &["system-cluster-critical", "system-node-critical"];

/// Looks at what a pod refers to.
pub(crate) fn pod(workload: &Workload<'_>, all: &[Object<'_>], report: &mut Report) {
    let object = &workload.object;
    let defined = |kind: &str, wanted: &str| {
        all.iter().any(|other| {
            other.kind == kind && name(other) == Some(wanted) && share_namespace(object, other)
        })
    };
    let of = |kind: &str| all.iter().any(|other| other.kind == kind);
    let account = workload.pod.entry("serviceAccountName");
    if let Some(entry) = account.or_else(|| workload.pod.entry("serviceAccount"))
        && let Some(named) = entry.value.as_str()
        && !matches!(named, "" | "default")
        && !defined("ServiceAccount", named)
    {
        dangling(&ACCOUNT, place(entry), &object.subject, of("ServiceAccount"), report);
    }
    if let Some(entry) = workload.pod.entry("priorityClassName")
        && let Some(named) = entry.value.as_str()
        && !named.is_empty()
        && !SYSTEM_CLASSES.contains(&named)
        && !all.iter().any(|o| o.kind == "PriorityClass" && name(o) == Some(named))
    {
        dangling(&PRIORITY, place(entry), &object.subject, of("PriorityClass"), report);
    }
    for container in workload.containers() {
        for variable in container.node.get("env").map(Node::items).unwrap_or_default() {
            for (key, kind) in [("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")] {
                if let Some(source) = variable.at(&["valueFrom", key]) {
                    env_source(source, kind, &container.subject, object, all, report);
                }
            }
        }
    }
}

fn env_source(
    source: &Node,
    kind: &str,
    subject: &str,
    object: &Object<'_>,
    all: &[Object<'_>],
    report: &mut Report,
) {
    let Some(named) = source.get("name").filter(|node| node.as_str().is_some()) else { return };
    let key = source.get("key").and_then(Node::scalar).unwrap_or_default();
    if source.get("optional").and_then(Node::as_bool) == Some(true) {
        return;
    }
    let found = all.iter().find(|other| {
        other.kind == kind && name(other) == named.as_str() && share_namespace(object, other)
    });
    let holds = |other: &Object<'_>| {
        let lists = ["data", "stringData", "binaryData"];
        lists.iter().any(|list| other.node.get(list).is_some_and(|n| n.get(key).is_some()))
    };
    if !found.is_some_and(holds) {
        dangling(&SOURCE, named.span, subject, found.is_some(), report);
    }
}
