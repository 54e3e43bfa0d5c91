//! `deployment_safety_guard`.

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

const READINESS: Rule = Rule {
    id: "no-readiness-probe",
    summary: "a serving container that receives requests before it is ready",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-754", "KUBERNETES-PROBES"],
    fix: "add a `readinessProbe`",
};

const LIVENESS: Rule = Rule {
    id: "liveness-equals-readiness",
    summary: "a liveness probe that restarts a container for being busy",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-754", "KUBERNETES-PROBES"],
    fix: "let the liveness probe ask less than the readiness probe, or wait longer",
};

const UNAVAILABLE: Rule = Rule {
    id: "rollout-without-capacity",
    summary: "a rollout that may stop every replica at once",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["KUBERNETES-ROLLOUT"],
    fix: "set `maxUnavailable` below the number of replicas, best to 0 with a `maxSurge` of 1",
};

const RECREATE: Rule = Rule {
    id: "recreate-strategy",
    summary: "a serving deployment that stops before the new version starts",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["KUBERNETES-ROLLOUT"],
    fix: "use `RollingUpdate` unless two versions cannot run side by side",
};

const HISTORY: Rule = Rule {
    id: "no-rollback",
    summary: "a deployment that keeps no revision to go back to",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["KUBERNETES-ROLLOUT"],
    fix: "remove `revisionHistoryLimit: 0`; the default keeps ten",
};

const SINGLE: Rule = Rule {
    id: "single-replica",
    summary: "a serving deployment that one node failure takes away",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["KUBERNETES-ROLLOUT"],
    fix: "run at least two replicas behind a PodDisruptionBudget",
};

const BUDGET: Rule = Rule {
    id: "blocking-disruption-budget",
    summary: "a PodDisruptionBudget that lets no node be drained",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["KUBERNETES-PDB"],
    fix: "allow at least one pod to be unavailable",
};

const STUCK: Rule = Rule {
    id: "rollout-cannot-progress",
    summary: "a rollout that may neither stop an old pod nor start a new one",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["KUBERNETES-ROLLOUT"],
    fix: "allow a `maxSurge` or a `maxUnavailable` of at least 1",
};

declare_agent! {
    /// # What it checks
    /// Kubernetes Deployments and StatefulSets, and the PodDisruptionBudgets of the
    /// same file, as a gate before a rollout: readiness probes of containers that
    /// open ports, liveness probes that equal the readiness probe, `maxUnavailable`
    /// that takes all replicas, a rollout that can make no step, the strategy
    /// `Recreate`, `revisionHistoryLimit: 0`, single replicas, and budgets that
    /// block every drain.
    ///
    /// # Why it matters
    /// Most outages are rollouts. Whether the cluster keeps serving while a version
    /// is exchanged, and whether it can go back, is decided by these few fields.
    ///
    /// # Example denied
    /// ```yaml
    /// spec:
    ///   revisionHistoryLimit: 0
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// spec:
    ///   revisionHistoryLimit: 5
    /// ```
    ///
    /// # Limits
    /// A workload serves when one of its containers declares a port; services are not
    /// followed. Replicas that an autoscaler sets are not known, so that a missing
    /// `replicas` is silent. Nothing is contacted: whether the application is healthy
    /// is not known. Migrations and freeze windows are not seen in one manifest.
    ///
    /// # References
    /// CWE-754 (improper check for unusual or exceptional conditions), Kubernetes
    /// documentation on probes, rollouts and disruption budgets.
    pub struct DeploymentSafetyGuard {
        slug: "deployment_safety_guard",
        domain: SupplyChainCi,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [READINESS, LIVENESS, UNAVAILABLE, RECREATE, HISTORY, SINGLE, BUDGET, STUCK],
        fixture: include_str!("fixtures/deployment_safety_guard.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        report.tick(1)?;
        let mut open = vec![&document.root];
        while let Some(node) = open.pop() {
            report.tick(1)?;
            let text = |key: &str| node.get(key).and_then(Node::as_str).unwrap_or_default();
            let name = node.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("(no name)");
            let subject = format!("{}/{name}", text("kind"));
            let Some(spec) = node.get("spec") else {
                if text("kind") == "List" {
                    open.extend(node.get("items").map(Node::items).unwrap_or_default());
                }
                continue;
            };
            match text("kind") {
                "Deployment" => deployment(spec, &subject, report),
                "StatefulSet" => probes(spec, &subject, report),
                "PodDisruptionBudget" => budget(spec, &subject, report),
                _ => {}
            }
        }
    }
    Ok(())
}

fn deployment(spec: &Node, subject: &str, report: &mut Report) {
    let serving = containers(spec).any(opens_port);
    probes(spec, subject, report);
    let replicas = spec.get("replicas");
    let count = replicas.and_then(Node::as_i64);
    if let Some(limit) = spec.entry("revisionHistoryLimit")
        && limit.value.as_i64() == Some(0)
    {
        report.finding(&HISTORY, limit.key_span.to(limit.value.span)).subject(subject);
    }
    if serving
        && count == Some(1)
        && let Some(replicas) = replicas
    {
        report.finding(&SINGLE, replicas.span).subject(subject);
    }
    let Some(strategy) = spec.get("strategy") else { return };
    if let Some(kind) = strategy.get("type")
        && kind.as_str() == Some("Recreate")
        && serving
    {
        report.finding(&RECREATE, kind.span).subject(subject);
    }
    if let Some(rolling) = strategy.get("rollingUpdate") {
        rollout(rolling, count, subject, report);
    }
}

fn rollout(rolling: &Node, replicas: Option<i64>, subject: &str, report: &mut Report) {
    let amount = |key: &str| rolling.get(key).and_then(Amount::read);
    let unavailable = amount("maxUnavailable");
    if let (Some(amount), Some(node)) = (unavailable, rolling.get("maxUnavailable")) {
        let all = match amount {
            Amount::Percent(percent) => percent >= 100,
            Amount::Count(count) => count > 0 && replicas.is_some_and(|r| r > 0 && count >= r),
        };
        // One replica that is exchanged in place is the matter of `single-replica`.
        if all && replicas != Some(1) {
            report.finding(&UNAVAILABLE, node.span).subject(subject);
        }
    }
    // A missing field is a quarter of the replicas, which is never nothing.
    let none = |amount: Option<Amount>| amount.is_some_and(Amount::is_nothing);
    if none(unavailable) && none(amount("maxSurge")) {
        report.finding(&STUCK, rolling.span).subject(subject);
    }
}

#[derive(Clone, Copy)]
enum Amount {
    Count(i64),
    Percent(i64),
}

impl Amount {
    fn read(node: &Node) -> Option<Amount> {
        let text = node.scalar()?.trim();
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().map(Amount::Percent),
            None => text.parse().ok().map(Amount::Count),
        }
    }

    fn is_nothing(self) -> bool {
        matches!(self, Amount::Count(0) | Amount::Percent(0))
    }
}

fn containers(spec: &Node) -> impl Iterator<Item = &Node> {
    spec.at(&["template", "spec", "containers"]).map(Node::items).unwrap_or_default().iter()
}

fn opens_port(container: &Node) -> bool {
    let ports = container.get("ports").map(Node::items).unwrap_or_default();
    // A port for metrics alone serves no users.
    ports.iter().any(|port| {
        let name = port.get("name").and_then(Node::as_str).unwrap_or_default();
        port.get("containerPort").is_some() && !name.contains("metrics")
    })
}

fn probes(spec: &Node, subject: &str, report: &mut Report) {
    for container in containers(spec) {
        let name = container.get("name").and_then(Node::as_str).unwrap_or("(no name)");
        let subject = format!("{subject}/containers[{name}]");
        let ready = container.get("readinessProbe").filter(|probe| probe.is_map());
        if opens_port(container) && ready.is_none() {
            let span = container.entry("ports").map_or(container.span, |entry| entry.key_span);
            report.finding(&READINESS, span).subject(&subject);
        }
        if let (Some(ready), Some(live)) = (ready, container.entry("livenessProbe"))
            && same(ready, &live.value)
        {
            report.finding(&LIVENESS, live.key_span).subject(&subject);
        }
    }
}

/// Whether two probes ask the same and give up equally soon.
fn same(a: &Node, b: &Node) -> bool {
    let shape = |node: &Node| -> Vec<(String, String)> {
        let mut flat = Vec::new();
        let mut open = vec![(String::new(), node)];
        while let Some((path, node)) = open.pop() {
            for entry in node.entries() {
                open.push((format!("{path}.{}", entry.key), &entry.value));
            }
            if let Some(text) = node.scalar() {
                flat.push((path.clone(), text.to_owned()));
            }
            for (at, item) in node.items().iter().enumerate() {
                open.push((format!("{path}[{at}]"), item));
            }
        }
        flat.sort();
        flat
    };
    let asks = ["httpGet", "tcpSocket", "exec", "grpc"].iter().any(|key| a.get(key).is_some());
    asks && shape(a) == shape(b)
}

fn budget(spec: &Node, subject: &str, report: &mut Report) {
    let blocks = |key: &str, blocking: fn(Amount) -> bool| -> Option<Span> {
        let entry = spec.entry(key)?;
        Amount::read(&entry.value)
            .is_some_and(blocking)
            .then(|| entry.key_span.to(entry.value.span))
    };
    let span = blocks("maxUnavailable", Amount::is_nothing)
        .or_else(|| blocks("minAvailable", |amount| matches!(amount, Amount::Percent(100))));
    if let Some(span) = span {
        report.finding(&BUDGET, span).subject(subject);
    }
}
