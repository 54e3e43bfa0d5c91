//! Configuration files of the control plane that are written as objects.

use pi_agent_api::{Report, Rule};
use pi_artifacts::data::Node;
use pi_core::{Confidence, Severity};

use super::control_plane::{CommandLine, Program};
use super::control_plane_rules::{FILES, Key};
use super::manifest::{Container, Object};

/// One authority for clients of etcd and of the API server.
pub(crate) const SHARED_AUTHORITY: Rule = Rule {
    id: "shared-certificate-authority",
    summary: "every client of the API server is a client of etcd, for both trust one authority",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-295", "CIS-KUBERNETES-2.7"],
    fix: "give etcd a certificate authority of its own",
};

/// Secrets are stored as plain text, or by a provider that is not recommended.
pub(crate) const ENCRYPTION_PROVIDER: Rule = Rule {
    id: "encryption-provider",
    summary: "what is stored in etcd is not encrypted by a recommended provider",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-311", "CIS-KUBERNETES-1.2.29"],
    fix: "put `kms`, `secretbox` or `aescbc` first among the providers",
};

/// An audit policy with holes.
pub(crate) const AUDIT_GAPS: Rule = Rule {
    id: "audit-policy-gaps",
    summary: "an audit policy leaves out what an investigation needs first",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-778", "CIS-KUBERNETES-3.2.2"],
    fix: "log these resources at the level `Metadata`, or more where no secrets are in the bodies",
};

/// What an audit policy should cover at least.
const AUDITED: &[&str] = &[
    "secrets",
    "configmaps",
    "tokenreviews",
    "pods",
    "deployments",
    "pods/exec",
    "pods/portforward",
    "pods/proxy",
    "services/proxy",
];

/// Providers that the benchmark recommends.
const STRONG_PROVIDERS: &[&str] = &["aescbc", "kms", "secretbox"];

/// Looks at one object.
pub(crate) fn check(object: &Object<'_>, report: &mut Report) {
    let version = object.node.get("apiVersion").and_then(Node::as_str).unwrap_or_default();
    let keys = FILES.iter().find(|(kind, _)| *kind == object.kind).map(|(_, keys)| *keys);
    settings(object, keys.unwrap_or_default(), report);
    match object.kind {
        "EncryptionConfiguration" => encryption(object, report),
        "Policy" if version.starts_with("audit.k8s.io/") => audit_policy(object, report),
        _ => {}
    }
}

fn settings(object: &Object<'_>, keys: &[Key], report: &mut Report) {
    for key in keys {
        let node = object.node.at(key.path);
        // Lists are written as the flag writes them.
        let value = node.and_then(|node| match node.items() {
            [] => node.scalar().map(str::to_owned),
            items => Some(items.iter().filter_map(Node::scalar).collect::<Vec<_>>().join(",")),
        });
        if !key.test.passes(value.as_deref()) {
            report
                .finding(&key.setting.rule, node.map_or(object.span, |node| node.span))
                .subject(format!("{}/{}", object.subject, key.path.join("/")))
                .fix(format!("{} (here `{}`)", key.setting.rule.fix, key.path.join(".")));
        }
    }
}

fn encryption(object: &Object<'_>, report: &mut Report) {
    let resources = object.node.get("resources").map(Node::items).unwrap_or_default();
    for (index, resource) in resources.iter().enumerate() {
        let Some(entry) = resource.entry("providers") else { continue };
        let first = entry.value.items().first().and_then(|first| first.entries().first());
        if first.is_none_or(|first| !STRONG_PROVIDERS.contains(&first.key.as_str())) {
            report.finding(&ENCRYPTION_PROVIDER, entry.key_span).subject(format!(
                "{}/resources[{}]",
                object.subject,
                index + 1
            ));
        }
    }
}

fn audit_policy(object: &Object<'_>, report: &mut Report) {
    let Some(entry) = object.node.entry("rules") else { return };
    let rules = entry.value.items();
    let missing: Vec<&str> =
        AUDITED.iter().copied().filter(|resource| !is_audited(rules, resource)).collect();
    if !missing.is_empty() {
        report
            .finding(&AUDIT_GAPS, entry.key_span)
            .message(format!("the audit policy leaves out {}", missing.join(", ")))
            .subject(object.subject.clone());
    }
}

/// Whether the first rule that speaks of a resource, whoever asks, logs it.
fn is_audited(rules: &[Node], resource: &str) -> bool {
    let narrow = |rule: &Node| {
        ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs"]
            .iter()
            .any(|key| rule.get(key).is_some_and(|list| !list.items().is_empty()))
    };
    let speaks = |rule: &&Node| {
        let groups = rule.get("resources").map(Node::items).unwrap_or_default();
        groups.is_empty()
            || groups.iter().any(|group| {
                let names = group.get("resources").map(Node::items).unwrap_or_default();
                let holds = |name: &Node| name.as_str().is_some_and(|n| n == resource || n == "*");
                names.is_empty() || names.iter().any(holds)
            })
    };
    let first = rules.iter().filter(|rule| !narrow(rule)).find(speaks);
    first.and_then(|rule| rule.get("level")).and_then(Node::as_str).is_some_and(|l| l != "None")
}

/// Compares the authority of etcd with that of the API server.
pub(crate) fn shared_authority(lines: &[(&Container<'_>, CommandLine<'_>)], report: &mut Report) {
    let of = |program: Program, flag: &'static str| {
        lines.iter().filter_map(move |(container, line)| {
            Some((container, line.flag(flag).filter(|_| line.program == program)?))
        })
    };
    for (container, etcd) in of(Program::Etcd, "trusted-ca-file") {
        for (_, server) in of(Program::ApiServer, "client-ca-file") {
            if etcd.value == server.value {
                report
                    .finding(&SHARED_AUTHORITY, etcd.span)
                    .subject(format!("{}/--trusted-ca-file", container.subject))
                    .related(server.span, "the authority of the API server");
            }
        }
    }
}
