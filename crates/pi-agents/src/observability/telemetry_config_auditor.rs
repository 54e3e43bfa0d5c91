//! See [`TelemetryConfigAuditor`].

use std::collections::BTreeSet;

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::promql::{Fault, fault};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $references:expr, $summary:literal, $fix:literal) => {
        const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::High,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    BROKEN,
    "broken-expression",
    High,
    ["CWE-20"],
    "an expression cannot be read: Prometheus refuses the whole file",
    "correct it, and check the file by `promtool check rules`"
);
rule!(
    VALUE,
    "value-in-alert-label",
    Medium,
    ["CWE-1059"],
    "a label of an alert holds the value that is measured: each new value is a new alert, and none lasts",
    "put the value into an annotation"
);
rule!(
    TWICE,
    "rule-twice",
    Low,
    ["CWE-1041"],
    "a rule stands twice in a group with the same name and labels",
    "remove one, or give them different labels"
);
rule!(
    UNDEFINED,
    "undefined-component",
    High,
    ["CWE-1188"],
    "a pipeline names a component that is not there: the collector does not start",
    "define it, or take it from the pipeline"
);
rule!(
    UNUSED,
    "unused-component",
    Low,
    ["CWE-1164"],
    "a component is set up and used by no pipeline",
    "add it to a pipeline, or remove it"
);
rule!(
    OPEN,
    "receiver-open-to-network",
    Low,
    ["CWE-1327"],
    "a receiver listens on all addresses without encryption",
    "listen on the address of the pod or on localhost, or set up `tls`"
);
rule!(
    CLEARTEXT,
    "cleartext-export",
    Medium,
    ["CWE-319"],
    "telemetry is sent to another machine without encryption",
    "remove `insecure: true`"
);
rule!(
    MEMORY,
    "no-memory-limiter",
    Low,
    ["CWE-770"],
    "a pipeline has no memory limiter: a burst ends the collector and what it holds",
    "put `memory_limiter` first among its processors"
);

declare_agent! {
    /// Finds mistakes in the configuration of metrics, alerts and telemetry pipelines.
    ///
    /// # What it checks
    /// Rules of Prometheus, in files of their own and in `PrometheusRule` resources:
    /// expressions that cannot be read or lack a range, values in labels of alerts,
    /// rules that stand twice. Configuration of the OpenTelemetry collector: components
    /// that pipelines name and that are not there, unused ones, open receivers,
    /// exports without encryption, missing memory limiters.
    ///
    /// # Why it matters
    /// An alert that cannot fire and a pipeline that drops look like a quiet night.
    ///
    /// # Example denied
    /// ```yaml
    /// groups:
    /// - name: web
    ///   rules:
    ///   - alert: Errors
    ///     expr: rate(http_errors_total) > 1
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// groups:
    /// - name: web
    ///   rules:
    ///   - alert: Errors
    ///     expr: rate(http_errors_total[5m]) > 1
    /// ```
    ///
    /// # Limits
    /// Which metrics exist is not known. Of an expression, brackets, texts and ranges
    /// are checked and not its types. Collectors that merge several files may define a
    /// component in another one: then name them in one file, or allow the finding.
    ///
    /// # References
    /// Prometheus: alerting rules; pint: alerts/template; OpenTelemetry collector:
    /// configuration, security best practices; CWE-319; CWE-1327.
    pub struct TelemetryConfigAuditor {
        slug: "telemetry_config_auditor",
        domain: Observability,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Yaml, Kind::Kubernetes],
        triggers: Any(&["expr", "pipelines"]),
        invariant_to: ALL,
        rules: [BROKEN, VALUE, TWICE, UNDEFINED, UNUSED, OPEN, CLEARTEXT, MEMORY],
        fixture: include_str!("fixtures/telemetry_config_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        let root = &document.root;
        let spec = match root.get("kind").and_then(Node::as_str) {
            Some("PrometheusRule" | "OpenTelemetryCollector") => root.get("spec"),
            _ => None,
        };
        let rules = spec.unwrap_or(root);
        for group in rules.get("groups").map(Node::items).unwrap_or_default() {
            alerts(group, report)?;
        }
        // A resource of the operator holds the configuration as a map or as a text.
        let collector = spec.and_then(|spec| spec.get("config")).unwrap_or(root);
        if collector.at(&["service", "pipelines"]).is_some_and(Node::is_map)
            && collector.get("receivers").is_some()
        {
            pipelines(collector, report)?;
        }
    }
    Ok(())
}

fn text<'a>(node: &'a Node, key: &str) -> &'a str {
    node.get(key).and_then(Node::scalar).unwrap_or_default()
}

fn alerts(group: &Node, report: &mut Report) -> Result<(), Stop> {
    let own = text(group, "name");
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for rule in group.get("rules").map(Node::items).unwrap_or_default() {
        report.tick(1)?;
        let (alert, record) = (text(rule, "alert"), text(rule, "record"));
        let name = if alert.is_empty() { record } else { alert };
        let Some(expression) = rule.get("expr").filter(|_| !name.is_empty()) else { continue };
        let subject = format!("{own}/{name}");
        let written = expression.scalar().unwrap_or_default();
        report.tick(written.len() as u64)?;
        // Templates of Helm and jsonnet are filled in before.
        if !written.contains("{{") && !written.contains("$") {
            match fault(written) {
                Some(Fault::Broken(why)) => {
                    report
                        .finding(&BROKEN, expression.span)
                        .message(format!("the expression of `{name}` cannot be read: {why}"))
                        .subject(subject.clone());
                }
                Some(Fault::NeedsRange(function)) => {
                    report
                        .finding(&BROKEN, expression.span)
                        .message(format!("`{function}` of `{name}` needs a range, such as `[5m]`"))
                        .subject(subject.clone());
                }
                None => {}
            }
        }
        let labels = rule.get("labels").map(Node::entries).unwrap_or_default();
        for label in labels.iter().filter(|_| !alert.is_empty()) {
            let value = label.value.as_str().unwrap_or_default();
            if value.contains("$value") || value.contains(".Value") {
                report.finding(&VALUE, label.key_span).subject(format!("{subject}/{}", label.key));
            }
        }
        let mut own_labels: Vec<String> = labels
            .iter()
            .map(|label| format!("{}={}", label.key, label.value.scalar().unwrap_or_default()))
            .collect();
        own_labels.sort();
        if !seen.insert(format!("{alert}|{record}|{written}|{}", own_labels.join(","))) {
            report
                .finding(&TWICE, expression.span)
                .message(format!("`{name}` stands twice"))
                .subject(subject);
        }
    }
    Ok(())
}

const PARTS: &[&str] = &["receivers", "processors", "exporters"];

fn pipelines(root: &Node, report: &mut Report) -> Result<(), Stop> {
    let defined = |part: &str, name: &str| {
        let connector = part != "processors"
            && root.get("connectors").is_some_and(|all| all.get(name).is_some());
        connector || root.get(part).is_some_and(|all| all.get(name).is_some())
    };
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    for pipeline in root.at(&["service", "pipelines"]).map(Node::entries).unwrap_or_default() {
        for part in PARTS {
            for item in pipeline.value.get(part).map(Node::items).unwrap_or_default() {
                report.tick(1)?;
                let Some(name) = item.as_str() else { continue };
                used.insert((part, name));
                if !defined(part, name) && !name.contains(['$', '{']) {
                    report
                        .finding(&UNDEFINED, item.span)
                        .message(format!(
                            "the pipeline `{}` names `{name}`, which is not among the {part}",
                            pipeline.key
                        ))
                        .subject(format!("{}/{part}/{name}", pipeline.key));
                }
            }
        }
        let processors = pipeline.value.get("processors").map(Node::items).unwrap_or_default();
        let limited = processors.iter().any(|item| {
            item.as_str().is_some_and(|name| name.split('/').next() == Some("memory_limiter"))
        });
        if !limited {
            report.finding(&MEMORY, pipeline.key_span).subject(pipeline.key.clone());
        }
    }
    for part in PARTS {
        for entry in root.get(part).map(Node::entries).unwrap_or_default() {
            report.tick(1)?;
            let subject = format!("{part}/{}", entry.key);
            if !used.contains(&(*part, entry.key.as_str())) {
                report
                    .finding(&UNUSED, entry.key_span)
                    .message(format!("`{}` is used by no pipeline", entry.key))
                    .subject(subject.clone());
            }
            match *part {
                "receivers" => endpoints(&entry.value, &subject, report)?,
                "exporters" => export(entry, &subject, report),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Endpoints of a receiver, at any depth.
fn endpoints(node: &Node, subject: &str, report: &mut Report) -> Result<(), Stop> {
    report.tick(1)?;
    let endpoint = node.get("endpoint").or_else(|| node.get("listen_address"));
    if let Some(endpoint) = endpoint {
        let address = endpoint.as_str().unwrap_or_default();
        let everywhere = address.starts_with("0.0.0.0:")
            || address.starts_with("[::]:")
            || address.starts_with(':');
        if everywhere && node.get("tls").is_none() {
            report
                .finding(&OPEN, endpoint.span)
                .message(format!("a receiver listens on `{address}` without encryption"))
                .subject(subject);
        }
    }
    for entry in node.entries() {
        endpoints(&entry.value, subject, report)?;
    }
    Ok(())
}

fn export(entry: &pi_artifacts::data::Entry, subject: &str, report: &mut Report) {
    let Some(insecure) =
        entry.value.at(&["tls", "insecure"]).filter(|node| node.as_bool() == Some(true))
    else {
        return;
    };
    let address = entry.value.get("endpoint").and_then(Node::as_str).unwrap_or_default();
    let host = address.split_once("://").map_or(address, |(_, rest)| rest);
    let host = host.split([':', '/']).next().unwrap_or_default();
    // A name of one word is a neighbour in the same composition or namespace.
    let near = matches!(host, "localhost" | "127.0.0.1")
        || !host.contains('.')
        || host.ends_with(".local")
        || host.ends_with(".svc");
    if !near && !host.contains('$') {
        report
            .finding(&CLEARTEXT, insecure.span)
            .message(format!("telemetry goes to `{host}` without encryption"))
            .subject(subject);
    }
}
