//! What a pod leaves to defaults: rules of
//! [`super::kubernetes_workload_linter`].

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Entry, Node};
use pi_core::{Confidence, Severity};

use super::image::{Reference, is_template};
use super::manifest::{Container, Object, Role, Workload, integer, is_false};
use super::selectors::name;

const fn note(
    id: &'static str,
    summary: &'static str,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    let (severity, confidence) = (Severity::Info, Confidence::High);
    Rule { id, summary, severity, confidence, references, fix }
}

/// No security context.
pub(crate) const CONTEXT: Rule = note(
    "no-security-context",
    "a pod or a container leaves every security setting to the default",
    &["CIS-KUBERNETES-5.7.3"],
    "add a `securityContext`",
);

/// A user id that the host has too.
pub(crate) const LOW_USER: Rule = note(
    "low-user-id",
    "the user id of a container may belong to a user of the node as well",
    &["CWE-250"],
    "set `runAsUser` to an id of at least 10000",
);

/// A group id that the host has too.
pub(crate) const LOW_GROUP: Rule = note(
    "low-group-id",
    "the group id of a container may belong to a group of the node as well",
    &["CWE-250"],
    "set `runAsGroup` to an id of at least 10000",
);

/// No AppArmor profile.
pub(crate) const APPARMOR: Rule = note(
    "no-apparmor-profile",
    "no AppArmor profile is named",
    &["CWE-693"],
    "set `appArmorProfile: {type: RuntimeDefault}` where the nodes have AppArmor",
);

/// SELinux options of its own choice.
pub(crate) const SELINUX: Rule = Rule {
    id: "custom-selinux-options",
    summary: "a pod chooses its SELinux user, role or an unusual type",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "leave out `user` and `role`; use the type `container_t`, `container_init_t` or `container_kvm_t`",
};

/// A port below 1024.
pub(crate) const LOW_PORT: Rule = note(
    "privileged-container-port",
    "a container listens below 1024, for which it needs root or a capability",
    &["CWE-250"],
    "let it listen above 1023 and map the port in the service",
);

/// The port of SSH.
pub(crate) const SSH: Rule = Rule {
    id: "ssh-port",
    summary: "a container offers the port of SSH",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-668", "CIS-DOCKER-5.6"],
    fix: "remove the SSH server; `kubectl exec` and `kubectl debug` are under access control",
};

/// The default service account.
pub(crate) const ACCOUNT: Rule = note(
    "default-service-account",
    "the default service account, which every pod of the namespace shares, is used",
    &["CIS-KUBERNETES-5.1.5"],
    "use a service account of its own; set `automountServiceAccountToken: false` on the default one",
);

/// A secret in the environment.
pub(crate) const SECRET: Rule = note(
    "secret-as-variable",
    "a secret becomes a variable, which child processes and error reports see",
    &["CWE-526", "CIS-KUBERNETES-5.4.1"],
    "mount the secret as a file",
);

/// The image is not looked up again.
pub(crate) const PULL: Rule = note(
    "image-not-always-pulled",
    "a node runs the image that it has under the tag, without asking the registry",
    &["KUBERNETES-IMAGES"],
    "set `imagePullPolicy: Always`, or name the digest of the image",
);

/// No digest.
pub(crate) const DIGEST: Rule = note(
    "image-without-digest",
    "the image behind a tag can be exchanged",
    &["CWE-494", "KUBERNETES-IMAGES"],
    "name the digest: `image:1.2.3@sha256:...`",
);

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// Looks at service accounts and their bindings.
pub(crate) fn object(object: &Object<'_>, report: &mut Report) {
    match object.kind {
        "ServiceAccount" if name(object) == Some("default") => {
            let entry = object.node.entry("automountServiceAccountToken");
            if !entry.is_some_and(|entry| is_false(&entry.value)) {
                report
                    .finding(&ACCOUNT, entry.map_or(object.span, place))
                    .message("every pod of the namespace gets a token of the default account")
                    .subject(object.subject.clone());
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            for subject in object.node.get("subjects").map(Node::items).unwrap_or_default() {
                let is =
                    |key: &str, word: &str| subject.get(key).and_then(Node::as_str) == Some(word);
                if is("kind", "ServiceAccount") && is("name", "default") {
                    report
                        .finding(&ACCOUNT, subject.span)
                        .message("a role is given to the default account of a namespace")
                        .subject(object.subject.clone())
                        .severity(Severity::Low);
                }
            }
        }
        _ => {}
    }
}

/// Looks at a pod and its containers.
pub(crate) fn workload(workload: &Workload<'_>, report: &mut Report) {
    let object = &workload.object;
    let pod = workload.pod;
    let account = pod.entry("serviceAccountName").or_else(|| pod.entry("serviceAccount"));
    let own = account.and_then(|entry| entry.value.as_str()).unwrap_or_default();
    let token = pod.get("automountServiceAccountToken");
    if matches!(own, "" | "default") && !token.is_some_and(is_false) {
        let span = account.map_or(object.span, place);
        report.finding(&ACCOUNT, span).subject(object.subject.clone());
    }
    if pod.get("securityContext").is_none() {
        report.finding(&CONTEXT, object.span).subject(object.subject.clone());
    }
    selinux(pod, &object.subject, report);
    for container in workload.containers() {
        if container.node.get("securityContext").is_none() {
            report.finding(&CONTEXT, container.span).subject(container.subject.clone());
        }
        selinux(container.node, &container.subject, report);
        if !workload.is_windows() {
            // A user namespace of its own maps all ids to unused ones.
            if !pod.get("hostUsers").is_some_and(is_false) {
                ids(&container, report);
            }
            apparmor(workload, &container, report);
        }
        ports(&container, report);
        secrets(&container, report);
        image(&container, report);
    }
}

fn selinux(holder: &Node, subject: &str, report: &mut Report) {
    const TYPES: &[&str] =
        &["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    let options = holder.at(&["securityContext", "seLinuxOptions"]);
    for entry in options.map(Node::entries).unwrap_or_default() {
        let value = entry.value.as_str().unwrap_or_default();
        let custom = match entry.key.as_str() {
            "type" => !TYPES.contains(&value),
            "user" | "role" => !value.is_empty(),
            _ => false,
        };
        if custom {
            report.finding(&SELINUX, place(entry)).subject(subject);
        }
    }
}

fn ids(container: &Container<'_>, report: &mut Report) {
    for (key, rule) in [("runAsUser", &LOW_USER), ("runAsGroup", &LOW_GROUP)] {
        let entry = container.effective(key);
        // Root is reported as such by another agent.
        let low = match entry {
            Some(entry) => integer(&entry.value).is_some_and(|id| (1..10_000).contains(&id)),
            None => true,
        };
        if low {
            let span = entry.map_or(container.span, place);
            report.finding(rule, span).subject(container.subject.clone());
        }
    }
}

fn apparmor(workload: &Workload<'_>, container: &Container<'_>, report: &mut Report) {
    const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
    let annotations = workload.metadata.and_then(|metadata| metadata.get("annotations"));
    let by_annotation = annotations
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| entry.key.strip_prefix(PREFIX))
        .any(|of| container.node.get("name").and_then(Node::scalar) == Some(of));
    if container.effective("appArmorProfile").is_none() && !by_annotation {
        report.finding(&APPARMOR, container.span).subject(container.subject.clone());
    }
}

fn ports(container: &Container<'_>, report: &mut Report) {
    for port in container.node.get("ports").map(Node::items).unwrap_or_default() {
        let Some(entry) = port.entry("containerPort") else { continue };
        let number = integer(&entry.value).unwrap_or_default();
        let tcp = port.get("protocol").and_then(Node::as_str).is_none_or(|p| p == "TCP");
        let subject = format!("{}/ports[{number}]", container.subject);
        if number == 22 && tcp {
            report.finding(&SSH, place(entry)).subject(subject.clone());
        }
        if (1..1024).contains(&number) {
            report.finding(&LOW_PORT, place(entry)).subject(subject);
        }
    }
}

fn secrets(container: &Container<'_>, report: &mut Report) {
    let list = |key: &str| container.node.get(key).map(Node::items).unwrap_or_default();
    let single = list("env").iter().filter_map(|v| v.get("valueFrom")?.entry("secretKeyRef"));
    for entry in single.chain(list("envFrom").iter().filter_map(|v| v.entry("secretRef"))) {
        let named = entry.value.get("name").and_then(Node::scalar).unwrap_or_default();
        report
            .finding(&SECRET, place(entry))
            .subject(format!("{}/secret[{named}]", container.subject));
    }
}

fn image(container: &Container<'_>, report: &mut Report) {
    let Some(node) = container.node.get("image") else { return };
    let Some(text) = node.as_str().filter(|text| !text.is_empty() && !is_template(text)) else {
        return;
    };
    let reference = Reference::parse(text);
    if reference.pinned {
        return;
    }
    report.finding(&DIGEST, node.span).subject(container.subject.clone());
    let policy = container.node.entry("imagePullPolicy");
    let pulled = match policy.and_then(|entry| entry.value.as_str()) {
        Some(policy) => policy == "Always",
        // The default for `latest` and for no tag.
        None => reference.is_mutable(),
    };
    if !pulled && container.role != Role::Ephemeral {
        let span = policy.map_or(node.span, place);
        report.finding(&PULL, span).subject(container.subject.clone());
    }
}
