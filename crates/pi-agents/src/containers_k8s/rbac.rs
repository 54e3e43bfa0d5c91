//! Roles and bindings of Kubernetes: rules of the auditor.

use pi_agent_api::{Report, Rule};
use pi_artifacts::data::Node;
use pi_core::{Confidence, Severity};

use super::manifest::Object;

/// Everything is allowed.
pub(crate) const WILDCARD: Rule = Rule {
    id: "rbac-wildcard",
    summary: "a role allows all verbs or covers all resources or groups",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.1.3"],
    fix: "name the verbs and resources that are needed",
};

/// A role that leads to more rights.
pub(crate) const ESCALATING: Rule = Rule {
    id: "rbac-escalation",
    summary: "a role lets its holder gain further rights",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-269", "CIS-KUBERNETES-5.1.8"],
    fix: "remove the verb, or bind the role to administrators only",
};

/// Secrets of a namespace or of the whole cluster.
pub(crate) const SECRETS: Rule = Rule {
    id: "rbac-secrets-access",
    summary: "a role reads the secrets of its namespace, or of all",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.1.2"],
    fix: "name the single secrets in `resourceNames` of a role in the one namespace",
};

/// New pods, with the rights of any service account.
pub(crate) const PODS: Rule = Rule {
    id: "rbac-pod-creation",
    summary: "a role creates pods, which may use every secret and account of their namespace",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-269", "CIS-KUBERNETES-5.1.4"],
    fix: "leave the creation of workloads to the pipeline that deploys them",
};

/// The administrator's role.
pub(crate) const CLUSTER_ADMIN: Rule = Rule {
    id: "cluster-admin-binding",
    summary: "the role `cluster-admin` is given away",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.1.1"],
    fix: "bind a role with the rights that are needed",
};

/// Rights for everybody.
pub(crate) const EVERYBODY: Rule = Rule {
    id: "rbac-everybody",
    summary: "rights are given to every anonymous or every authenticated caller",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-284"],
    fix: "bind the role to named users, groups or service accounts",
};

/// Resources that give further rights, with the verbs that do.
const ESCALATIONS: &[(&[&str], &[&str])] = &[
    (&["pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"], &["create", "get", "*"]),
    (&["serviceaccounts/token"], &["create", "*"]),
    (&["certificatesigningrequests/approval"], &["approve", "update", "patch", "*"]),
    (
        &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"],
        &["create", "update", "patch", "*"],
    ),
    (
        &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        &["create", "update", "patch", "*"],
    ),
];

/// Resources that make pods.
const POD_MAKERS: &[&str] = &[
    "cronjobs",
    "daemonsets",
    "deployments",
    "jobs",
    "pods",
    "replicasets",
    "replicationcontrollers",
    "statefulsets",
];

/// Looks at one role or binding.
pub(crate) fn check(object: &Object<'_>, report: &mut Report) {
    match object.kind {
        "Role" | "ClusterRole" => role(object, report),
        "RoleBinding" | "ClusterRoleBinding" => binding(object, report),
        _ => {}
    }
}

fn role(object: &Object<'_>, report: &mut Report) {
    let rules = object.node.get("rules").map(Node::items).unwrap_or_default();
    for (index, rule) in rules.iter().enumerate() {
        let subject = format!("{}/rules[{}]", object.subject, index + 1);
        let list = |key: &str| rule.get(key).map(Node::items).unwrap_or_default();
        let holds = |key: &str, words: &[&str]| {
            list(key).iter().find(|item| item.as_str().is_some_and(|word| words.contains(&word)))
        };
        let wild_verb = holds("verbs", &["*"]);
        let wild_resource = holds("resources", &["*"]).or_else(|| holds("nonResourceURLs", &["*"]));
        let wild_group = holds("apiGroups", &["*"]);
        if let Some(node) = wild_verb.or(wild_resource).or(wild_group) {
            let both = wild_verb.is_some() && wild_resource.is_some();
            // All verbs on one resource, or reading all resources, is less; one
            // resource of whatever group has it is least.
            let severity = match (both, wild_verb.or(wild_resource)) {
                (true, _) => Severity::High,
                (false, Some(_)) => Severity::Medium,
                (false, None) => Severity::Low,
            };
            report.finding(&WILDCARD, node.span).subject(subject.clone()).severity(severity);
            if both {
                continue;
            }
        }
        let leads = holds("verbs", &["escalate", "bind", "impersonate", "approve"]).or_else(|| {
            ESCALATIONS.iter().find_map(|(resources, verbs)| {
                let node = holds("resources", resources)?;
                holds("verbs", verbs).map(|_| node)
            })
        });
        if let Some(node) = leads {
            report
                .finding(&ESCALATING, node.span)
                .message(format!("`{}` leads to further rights", word(node)))
                .subject(subject.clone());
        }
        if let Some(node) = holds("resources", POD_MAKERS)
            && holds("verbs", &["create", "*"]).is_some()
        {
            report.finding(&PODS, node.span).subject(subject.clone());
        }
        if list("resourceNames").is_empty()
            && let Some(node) = holds("resources", &["secrets"])
            && holds("verbs", &["get", "list", "watch", "*"]).is_some()
        {
            let finding = report.finding(&SECRETS, node.span);
            finding.subject(subject);
            if object.kind == "Role" {
                finding
                    .message("a role reads all secrets of its namespace")
                    .severity(Severity::Low);
            }
        }
    }
}

fn word(node: &Node) -> &str {
    node.as_str().unwrap_or_default()
}

/// Groups that hold every caller.
const EVERY_CALLER: &[&str] = &[
    "system:anonymous",
    "system:unauthenticated",
    "system:authenticated",
    "system:serviceaccounts",
];

/// Roles that Kubernetes itself gives to every caller.
const PUBLIC_ROLES: &[&str] = &[
    "system:basic-user",
    "system:discovery",
    "system:public-info-viewer",
    "system:service-account-issuer-discovery",
];

fn binding(object: &Object<'_>, report: &mut Report) {
    let role = object.node.at(&["roleRef", "name"]);
    let name = role.and_then(Node::as_str).unwrap_or_default();
    let subjects = object.node.get("subjects").map(Node::items).unwrap_or_default();
    let everybody = subjects
        .iter()
        .filter_map(|subject| subject.get("name"))
        .find(|node| node.as_str().is_some_and(|name| EVERY_CALLER.contains(&name)));
    if let Some(node) = everybody
        && !PUBLIC_ROLES.contains(&name)
    {
        report
            .finding(&EVERYBODY, node.span)
            .message(format!("`{}` gets the role `{name}`", word(node)))
            .subject(object.subject.clone());
    }
    if let Some(role) = role
        && name == "cluster-admin"
        && !subjects
            .iter()
            .all(|subject| subject.get("name").and_then(Node::as_str) == Some("system:masters"))
    {
        report.finding(&CLUSTER_ADMIN, role.span).subject(object.subject.clone());
    }
}
