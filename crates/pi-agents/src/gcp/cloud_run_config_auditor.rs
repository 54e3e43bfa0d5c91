//! See [`CloudRunConfigAuditor`].

use pi_agent_api::{Report, Stop, declare_agent};
use pi_artifacts::data::Node;
use pi_artifacts::{Artifact, Kind};

use super::rules::rule;
use crate::secrets::engine::names::name_class;
use crate::secrets::engine::value::{is_placeholder, is_reference};

rule!(
    OPEN,
    "invoker-check-off",
    High,
    High,
    ["CWE-306"],
    "anybody may call the service: the check of the caller is off",
    "remove the annotation `run.googleapis.com/invoker-iam-disabled`, and give `run.invoker` to callers"
);
rule!(
    INGRESS,
    "reachable-from-internet",
    Low,
    Medium,
    ["CWE-668"],
    "the service is reachable from the internet by its own address, past load balancer and firewall rules",
    "set `run.googleapis.com/ingress: internal-and-cloud-load-balancing`"
);
rule!(
    ACCOUNT,
    "default-service-account",
    Medium,
    High,
    ["CWE-250"],
    "the service runs as the default account of the project, which is often editor of everything",
    "set `serviceAccountName` to an account with the roles that it uses"
);
rule!(
    SECRET,
    "secret-in-environment",
    High,
    High,
    ["CWE-798", "CWE-522"],
    "a secret stands in the configuration, readable by every viewer of the project",
    "take it from Secret Manager: `valueFrom.secretKeyRef`"
);
rule!(
    TAG,
    "image-not-pinned",
    Low,
    High,
    ["CWE-829"],
    "the image is named by a tag that can move",
    "name it by digest: `@sha256:...`"
);
rule!(
    LIMITS,
    "no-memory-limit",
    Low,
    Medium,
    ["CWE-770"],
    "no limit for memory is set",
    "set `resources.limits` for cpu and memory"
);
rule!(
    SCALE,
    "unbounded-scaling",
    Low,
    Medium,
    ["CWE-770"],
    "the number of instances has no bound of its own: load becomes cost",
    "set `autoscaling.knative.dev/maxScale`"
);
rule!(
    PROBE,
    "no-startup-probe",
    Info,
    Medium,
    ["CWE-754"],
    "nobody asks whether the program in the instance works",
    "add a startup and a liveness probe"
);

declare_agent! {
    /// Finds weak settings in services and jobs of Cloud Run.
    ///
    /// # What it checks
    /// YAML or JSON of `serving.knative.dev/v1` and `run.googleapis.com/v1`: the check
    /// of callers, ingress, the service account, secrets in the environment, how
    /// images are named, limits, the bound of scaling, probes.
    ///
    /// # Why it matters
    /// A service is on the internet from its first second. What it may do and who may
    /// call it is all in this file.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: serving.knative.dev/v1
    /// kind: Service
    /// spec:
    ///   template:
    ///     spec:
    ///       containers:
    ///       - image: web:latest
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: serving.knative.dev/v1
    /// kind: Service
    /// spec:
    ///   template:
    ///     spec:
    ///       serviceAccountName: web@shop.iam.gserviceaccount.com
    /// ```
    ///
    /// # Limits
    /// Who may call a service is set by IAM and not in this file, but for the switch
    /// that turns the check off. Plain Knative outside of Google Cloud has no such
    /// annotations: ingress and accounts are judged only where one names Google.
    ///
    /// # References
    /// Cloud Run: security design overview, YAML reference; CWE-250; CWE-306;
    /// CWE-522.
    pub struct CloudRunConfigAuditor {
        slug: "cloud_run_config_auditor",
        domain: Gcp,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Any(&["serving.knative.dev", "run.googleapis.com"]),
        invariant_to: ALL,
        rules: [OPEN, INGRESS, ACCOUNT, SECRET, TAG, LIMITS, SCALE, PROBE],
        fixture: include_str!("fixtures/cloud_run_config_auditor.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for document in artifact.data()? {
        report.tick(1)?;
        let root = &document.root;
        let text = |key: &str| root.get(key).and_then(Node::as_str).unwrap_or_default();
        let api = text("apiVersion");
        if api.starts_with("serving.knative.dev/") || api.starts_with("run.googleapis.com/") {
            workload(root, text("kind"), report);
        }
    }
    Ok(())
}

/// The value of an annotation of a node's metadata.
fn annotation<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.at(&["metadata", "annotations"])?.get(name)
}

fn workload(root: &Node, kind: &str, report: &mut Report) {
    let is_job = kind == "Job";
    let template = match kind {
        "Service" | "Configuration" => root.at(&["spec", "template"]),
        "Job" => root.at(&["spec", "template", "spec", "template"]),
        _ => None,
    };
    let Some(template) = template else { return };
    let Some(spec) = template.get("spec") else { return };
    let name = root.at(&["metadata", "name"]).and_then(Node::as_str).unwrap_or("service");
    if let Some(off) = annotation(root, "run.googleapis.com/invoker-iam-disabled")
        && off.scalar() == Some("true")
    {
        report.finding(&OPEN, off.span).subject(name);
    }
    if let Some(ingress) = annotation(root, "run.googleapis.com/ingress")
        && ingress.as_str() == Some("all")
    {
        report.finding(&INGRESS, ingress.span).subject(name);
    }
    if spec.get("serviceAccountName").is_none() && is_google(root) {
        let place = spec.entries().first().map_or(spec.span, |entry| entry.key_span);
        report.finding(&ACCOUNT, place).subject(name);
    }
    // Services of the newer form carry the bound themselves.
    let bounds = ["autoscaling.knative.dev/maxScale", "run.googleapis.com/maxScale"];
    let bounded = bounds
        .iter()
        .any(|bound| annotation(template, bound).or_else(|| annotation(root, bound)).is_some());
    if !is_job && !bounded {
        let place = root.entry("kind").map_or(root.span, |entry| entry.key_span);
        report.finding(&SCALE, place).subject(name);
    }
    for container in spec.get("containers").map(Node::items).unwrap_or_default() {
        judge(container, name, is_job, report);
    }
}

/// Whether a manifest is for Google's service and not for plain Knative.
fn is_google(root: &Node) -> bool {
    let names = |node: &Node| {
        let all = node.at(&["metadata", "annotations"]).map(Node::entries).unwrap_or_default();
        all.iter().any(|entry| entry.key.starts_with("run.googleapis.com/"))
    };
    let api = root.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let label = root.at(&["metadata", "labels", "cloud.googleapis.com/location"]).is_some();
    let template = root.at(&["spec", "template"]).is_some_and(names);
    api.starts_with("run.googleapis.com/") || label || names(root) || template
}

fn judge(container: &Node, service: &str, is_job: bool, report: &mut Report) {
    let name = container.get("name").and_then(Node::as_str).unwrap_or("container");
    let subject = format!("{service}/{name}");
    let Some(image) = container.get("image") else { return };
    let reference = image.as_str().unwrap_or_default();
    let filled_in_later = reference.contains('$') || reference.contains("{{");
    if !reference.contains("@sha256:") && !reference.is_empty() && !filled_in_later {
        report
            .finding(&TAG, image.span)
            .message(format!("`{reference}` can be another image tomorrow"))
            .subject(subject.clone());
    }
    if container.at(&["resources", "limits", "memory"]).is_none() {
        report.finding(&LIMITS, image.span).subject(subject.clone());
    }
    if !is_job
        && container.get("startupProbe").is_none()
        && container.get("livenessProbe").is_none()
    {
        report.finding(&PROBE, image.span).subject(subject.clone());
    }
    for variable in container.get("env").map(Node::items).unwrap_or_default() {
        let Some(key) = variable.get("name").and_then(Node::as_str) else { continue };
        let Some(node) = variable.get("value") else { continue };
        let Some(value) = node.as_str().filter(|value| value.len() >= 6) else { continue };
        if name_class(key).is_some() && !is_placeholder(value) && !is_reference(value) {
            report
                .finding(&SECRET, node.span)
                .message(format!("`{key}` holds a secret in clear"))
                .subject(format!("{subject}/{key}"))
                .secret(value, node.span);
        }
    }
}
