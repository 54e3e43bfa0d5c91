//! See [`KubernetesRootExecutionLinter`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Entry, Node};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::manifest::{Container, Workload, integer, is_false, is_true, objects, workloads};

const AS_ROOT: Rule = Rule {
    id: "runs-as-root",
    summary: "a container is told to run as root",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.7"],
    fix: "set `runAsUser` to an unprivileged id and `runAsNonRoot: true`",
};

const MAY_BE_ROOT: Rule = Rule {
    id: "root-not-excluded",
    summary: "nothing keeps a container from running as root",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.7"],
    fix: "set `runAsNonRoot: true` in the pod's or the container's security context",
};

const ROOT_GROUP: Rule = Rule {
    id: "root-group",
    summary: "a container runs in the root group",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "use a group id above 0",
};

declare_agent! {
    /// Finds containers of Kubernetes pods and workloads that run, or may run, as root.
    ///
    /// # What it checks
    /// The security context that is in force for each container: its own settings
    /// over those of its pod, for main, init and ephemeral containers of every
    /// workload kind. Three cases are told apart: told to run as root, not kept
    /// from it, and in the root group.
    ///
    /// # Why it matters
    /// Root in a container is root on the node as soon as one wall falls: a mount,
    /// a capability, a bug in the kernel.
    ///
    /// # Example denied
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: app}
    /// spec:
    ///   securityContext: {runAsNonRoot: true}
    ///   containers: [{name: app, image: "app:1", securityContext: {runAsUser: 0}}]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: app}
    /// spec:
    ///   securityContext: {runAsNonRoot: true, runAsUser: 10001}
    ///   containers: [{name: app, image: "app:1"}]
    /// ```
    ///
    /// # Limits
    /// The user of an image is not known here; where the manifest leaves it to the
    /// image the finding says so and has medium confidence. User namespaces
    /// (`hostUsers: false`) map root to nobody and lower the severity.
    ///
    /// # References
    /// Pod Security Standards (restricted); CIS Kubernetes 5.2.7; CWE-250.
    pub struct KubernetesRootExecutionLinter {
        slug: "kubernetes_root_execution_linter",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Kubernetes],
        triggers: Always,
        invariant_to: ALL,
        rules: [AS_ROOT, MAY_BE_ROOT, ROOT_GROUP],
        fixture: include_str!("fixtures/kubernetes_root_execution_linter.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for workload in workloads(&objects(artifact.data()?, report)?) {
        let own_users = workload.pod.get("hostUsers").is_some_and(is_false);
        for container in workload.containers() {
            report.tick(1)?;
            if workload.is_windows() {
                windows(&container, report);
            } else {
                user(&container, own_users, report);
                group(&container, report);
            }
        }
        supplemental(&workload, report);
    }
    Ok(())
}

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

fn user(container: &Container<'_>, own_users: bool, report: &mut Report) {
    let id = container.effective("runAsUser");
    let non_root = container.effective("runAsNonRoot");
    let soften = |severity: Severity| if own_users { severity.lowered() } else { severity };
    if let Some(entry) = id.filter(|entry| integer(&entry.value) == Some(0)) {
        let finding = report.finding(&AS_ROOT, place(entry));
        finding.subject(container.subject.clone()).severity(soften(AS_ROOT.severity));
        if let Some(other) = non_root.filter(|entry| is_true(&entry.value)) {
            finding
                .message("a container is told to run as root and not as root; it will not start")
                .related(place(other), "the contradicting setting");
        }
        return;
    }
    let has_user = id.and_then(|entry| integer(&entry.value)).is_some_and(|id| id > 0);
    if has_user || non_root.is_some_and(|entry| is_true(&entry.value)) {
        return;
    }
    let (span, message) = match non_root {
        Some(entry) => (place(entry), "running as root is allowed explicitly"),
        None => (container.span, "the user is left to the image, which may be root"),
    };
    report
        .finding(&MAY_BE_ROOT, span)
        .message(message)
        .subject(container.subject.clone())
        .severity(soften(MAY_BE_ROOT.severity));
}

fn group(container: &Container<'_>, report: &mut Report) {
    if let Some(entry) = container.effective("runAsGroup")
        && integer(&entry.value) == Some(0)
    {
        report.finding(&ROOT_GROUP, place(entry)).subject(container.subject.clone());
    }
}

fn supplemental(workload: &Workload<'_>, report: &mut Report) {
    let Some(context) = workload.pod.get("securityContext") else { return };
    let listed = context.get("supplementalGroups").map(Node::items).unwrap_or_default();
    let groups = listed.iter().map(|node| (node, "supplementalGroups"));
    let owner = context.get("fsGroup").map(|node| (node, "fsGroup"));
    for (node, key) in groups.chain(owner) {
        if integer(node) == Some(0) {
            report
                .finding(&ROOT_GROUP, node.span)
                .subject(format!("{}/{key}", workload.object.subject));
        }
    }
}

fn windows(container: &Container<'_>, report: &mut Report) {
    let options = container.effective("windowsOptions");
    let user = options.and_then(|entry| entry.value.get("runAsUserName"));
    if let Some(node) = user
        && let Some(name) = node.as_str()
        && name.rsplit('\\').next().is_some_and(|name| {
            name.eq_ignore_ascii_case("ContainerAdministrator")
                || name.eq_ignore_ascii_case("SYSTEM")
        })
    {
        report
            .finding(&AS_ROOT, node.span)
            .message("a Windows container runs as administrator")
            .subject(container.subject.clone());
    }
}
