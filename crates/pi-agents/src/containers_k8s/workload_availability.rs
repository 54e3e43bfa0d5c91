//! What keeps a workload running, and apart from others: rules of
//! [`super::kubernetes_workload_linter`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::manifest::{Object, Workload, integer};
use super::selectors::{namespace, pod_labels, selects, share_namespace};

const fn note(
    id: &'static str,
    summary: &'static str,
    confidence: Confidence,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    Rule { id, summary, severity: Severity::Info, confidence, references, fix }
}

/// All replicas on one node.
pub(crate) const AFFINITY: Rule = note(
    "no-anti-affinity",
    "all replicas may run on one node, and end with it",
    Confidence::Medium,
    &["KUBERNETES-AFFINITY"],
    "add a `podAntiAffinity` over `kubernetes.io/hostname` that selects the pods themselves",
);

/// No disruption budget.
pub(crate) const BUDGET: Rule = note(
    "no-disruption-budget",
    "a drain of nodes may stop all replicas at once",
    Confidence::Low,
    &["KUBERNETES-PDB"],
    "add a PodDisruptionBudget that selects the pods",
);

/// Fewer than three replicas.
pub(crate) const REPLICAS: Rule = note(
    "few-replicas",
    "with fewer than three replicas a failure during a rollout leaves at most one",
    Confidence::Medium,
    &["KUBERNETES-ROLLOUT"],
    "run three replicas where the service must not stop",
);

/// An autoscaler that goes too low.
pub(crate) const MINIMUM: Rule = note(
    "low-autoscaler-minimum",
    "an autoscaler goes below three replicas",
    Confidence::Medium,
    &["KUBERNETES-HPA"],
    "set `minReplicas: 3` where the service must not stop",
);

/// Never started again.
pub(crate) const RESTART: Rule = note(
    "never-restarted",
    "a container that fails is not started again",
    Confidence::High,
    &["KUBERNETES-POD-LIFECYCLE"],
    "set `restartPolicy: Always`, or make the pod a Job",
);

/// A job that stays.
pub(crate) const KEPT_JOB: Rule = note(
    "job-kept",
    "a finished job and its pods are never removed",
    Confidence::High,
    &["KUBERNETES-JOB"],
    "set `ttlSecondsAfterFinished`",
);

/// A cron job without a deadline.
pub(crate) const DEADLINE: Rule = note(
    "no-starting-deadline",
    "missed runs of a cron job are caught up however late it is",
    Confidence::High,
    &["KUBERNETES-CRONJOB"],
    "set `startingDeadlineSeconds`",
);

/// Unhealthy pods that block a drain.
pub(crate) const EVICTION: Rule = note(
    "no-eviction-policy",
    "pods that are not healthy anyway block the drain of their node",
    Confidence::High,
    &["KUBERNETES-PDB"],
    "set `unhealthyPodEvictionPolicy: AlwaysAllow`",
);

/// Not under a network policy.
pub(crate) const POLICY: Rule = note(
    "no-network-policy",
    "no network policy of this file limits who may talk to the pods",
    Confidence::Low,
    &["CWE-653", "CIS-KUBERNETES-5.3.2"],
    "add a NetworkPolicy that selects the pods",
);

/// A namespace without limits.
pub(crate) const LIMITS: Rule = note(
    "no-limit-range",
    "no limit range of this file bounds single pods of the namespace",
    Confidence::Low,
    &["CWE-770", "KUBERNETES-LIMIT-RANGE"],
    "add a LimitRange to the namespace",
);

/// A namespace without a quota.
pub(crate) const QUOTA: Rule = note(
    "no-resource-quota",
    "no quota of this file bounds the namespace as a whole",
    Confidence::Low,
    &["CWE-770", "KUBERNETES-QUOTA"],
    "add a ResourceQuota to the namespace",
);

/// In a namespace of the system.
pub(crate) const SYSTEM: Rule = note(
    "system-namespace",
    "an object is put beside the components of the cluster",
    Confidence::Medium,
    &["CIS-KUBERNETES-5.7.1"],
    "use a namespace of its own",
);

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Looks at one object of any kind.
pub(crate) fn object(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    let spec = object.node.get("spec");
    let has = |key: &str| spec.is_some_and(|spec| spec.get(key).is_some());
    let mut missing = |rule: &'static Rule| {
        report.finding(rule, object.span).subject(object.subject.clone());
    };
    match object.kind {
        "Job" if !has("ttlSecondsAfterFinished") => missing(&KEPT_JOB),
        "CronJob" if !has("startingDeadlineSeconds") => missing(&DEADLINE),
        "PodDisruptionBudget" if !has("unhealthyPodEvictionPolicy") => missing(&EVICTION),
        "HorizontalPodAutoscaler" => {
            let least = spec.and_then(|spec| spec.get("minReplicas"));
            // One is the default.
            if least.map_or(Some(1), integer).is_some_and(|least| least < 3) {
                let span = least.map_or(object.span, |node| node.span);
                report.finding(&MINIMUM, span).subject(object.subject.clone());
            }
        }
        _ => {}
    }
    replicas(object, all, report);
    system(object, report);
}

/// Kinds that run a number of equal pods.
const REPLICATED: &[&str] =
    &["Deployment", "DeploymentConfig", "ReplicaSet", "ReplicationController", "StatefulSet"];

fn replicas(object: &Object<'_>, all: &[Object<'_>], report: &mut Report) {
    if !REPLICATED.contains(&object.kind) {
        return;
    }
    let Some(spec) = object.node.get("spec") else { return };
    let Some(entry) = spec.entry("replicas") else { return };
    let Some(number) = integer(&entry.value) else { return };
    if (1..3).contains(&number) {
        report.finding(&REPLICAS, place(entry)).subject(object.subject.clone());
    }
    let labels = pod_labels(object).flatten();
    let own = spec.get("selector").map(|selector| selector.get("matchLabels").unwrap_or(selector));
    let budget = all.iter().any(|other| {
        other.kind == "PodDisruptionBudget"
            && share_namespace(object, other)
            && other
                .node
                .at(&["spec", "selector"])
                .is_some_and(|s| selects(s, labels) || own.is_some() && selects(s, own))
    });
    if number > 1 && !budget {
        report.finding(&BUDGET, place(entry)).subject(object.subject.clone());
    }
}

fn system(object: &Object<'_>, report: &mut Report) {
    const SYSTEM_NAMESPACES: &[&str] = &["kube-node-lease", "kube-public", "kube-system"];
    let tier = object.node.at(&["metadata", "labels", "tier"]).and_then(Node::as_str);
    if let Some(entry) = object.namespace()
        && entry.value.as_str().is_some_and(|name| SYSTEM_NAMESPACES.contains(&name))
        && tier != Some("control-plane")
    {
        report.finding(&SYSTEM, place(entry)).subject(object.subject.clone());
    }
}

/// Namespaces that hold pods or claims and neither limits nor a quota, each
/// once.
pub(crate) fn namespaces(all: &[Object<'_>], report: &mut Report) {
    let mut seen: Vec<&str> = Vec::new();
    for object in all {
        let uses = pod_labels(object).is_some() || object.kind == "PersistentVolumeClaim";
        let Some(own) = namespace(object).filter(|own| uses && !seen.contains(own)) else {
            continue;
        };
        seen.push(own);
        for (kind, rule) in [("LimitRange", &LIMITS), ("ResourceQuota", &QUOTA)] {
            if !all.iter().any(|other| other.kind == kind && share_namespace(object, other)) {
                report.finding(rule, object.span).subject(format!("Namespace/{own}"));
            }
        }
    }
}

/// Looks at a workload and its pods.
pub(crate) fn workload(workload: &Workload<'_>, all: &[Object<'_>], report: &mut Report) {
    let object = &workload.object;
    if let Some(entry) = workload.pod.entry("restartPolicy")
        && entry.value.as_str() == Some("Never")
        && !matches!(object.kind, "Job" | "CronJob")
    {
        report.finding(&RESTART, place(entry)).subject(object.subject.clone());
    }
    anti_affinity(workload, report);
    let labels = workload.metadata.and_then(|metadata| metadata.get("labels"));
    let limited = all.iter().any(|other| {
        other.kind == "NetworkPolicy"
            && share_namespace(object, other)
            && other.node.at(&["spec", "podSelector"]).is_some_and(|s| selects(s, labels))
    });
    if !limited {
        report.finding(&POLICY, object.span).subject(object.subject.clone());
    }
}

fn anti_affinity(workload: &Workload<'_>, report: &mut Report) {
    let object = &workload.object;
    let number = object.node.at(&["spec", "replicas"]).and_then(integer);
    if !REPLICATED.contains(&object.kind) || number.is_none_or(|number| number < 2) {
        return;
    }
    let rule = workload.pod.at(&["affinity", "podAntiAffinity"]);
    let terms =
        |key: &str| rule.and_then(|rule| rule.get(key)).map(Node::items).unwrap_or_default();
    let required = terms("requiredDuringSchedulingIgnoredDuringExecution").iter();
    let preferred = terms("preferredDuringSchedulingIgnoredDuringExecution").iter();
    let all: Vec<&Node> =
        required.chain(preferred.filter_map(|term| term.get("podAffinityTerm"))).collect();
    let labels = workload.metadata.and_then(|metadata| metadata.get("labels"));
    let here = |term: &&Node| {
        let list = term.get("namespaces").map(Node::items).unwrap_or_default();
        let own = namespace(object);
        list.is_empty() || own.is_none() || list.iter().any(|name| name.as_str() == own)
    };
    let spreads = workload.pod.get("topologySpreadConstraints").is_some()
        || all.iter().any(|term| {
            here(term) && term.get("labelSelector").is_some_and(|s| selects(s, labels))
        });
    if !spreads {
        let place = all.first().copied().unwrap_or(workload.pod);
        let span = place.entries().first().map_or(object.span, |entry| entry.key_span);
        report.finding(&AFFINITY, span).subject(object.subject.clone());
    }
}
