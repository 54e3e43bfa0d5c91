//! What a Compose service may use up, and how the engine watches it.

use pi_agent_api::{Report, Rule};
use pi_artifacts::Span;
use pi_artifacts::data::{Document, Node};
use pi_core::{Confidence, Severity};

use super::compose::{Service, services};

const fn limit(
    id: &'static str,
    summary: &'static str,
    references: &'static [&'static str],
    fix: &'static str,
) -> Rule {
    Rule { id, summary, severity: Severity::Info, confidence: Confidence::High, references, fix }
}

/// No limit of memory.
pub(crate) const MEMORY: Rule = limit(
    "no-memory-limit",
    "a service may use all memory of its host",
    &["CWE-770", "CIS-DOCKER-5.10"],
    "set `deploy.resources.limits.memory` or `mem_limit`",
);

/// No limit of processor time.
pub(crate) const CPU: Rule = limit(
    "no-cpu-limit",
    "a service may use all processors of its host",
    &["CWE-770", "CIS-DOCKER-5.11"],
    "set `deploy.resources.limits.cpus` or `cpus`",
);

/// No limit of processes.
pub(crate) const PIDS: Rule = limit(
    "no-process-limit",
    "a service may start any number of processes",
    &["CWE-770", "CIS-DOCKER-5.28"],
    "set `deploy.resources.limits.pids` or `pids_limit`",
);

/// Nobody checks the health.
pub(crate) const HEALTH: Rule = limit(
    "no-healthcheck",
    "nobody notices when a service hangs",
    &["CIS-DOCKER-5.26"],
    "add a `healthcheck`, or a `HEALTHCHECK` to the image",
);

/// Not the recommended number of restarts.
pub(crate) const RESTARTS: Rule = limit(
    "restart-count",
    "a failing service is not restarted five times, as recommended",
    &["CIS-DOCKER-5.14"],
    "set `restart: on-failure:5`",
);

/// A cgroup of its own choice.
pub(crate) const CGROUP: Rule = limit(
    "cgroup-parent",
    "a service is put into another control group than the engine's own",
    &["CIS-DOCKER-5.24"],
    "remove `cgroup_parent`: limits of the default group do not hold there",
);

/// The default capabilities.
pub(crate) const CAPABILITIES: Rule = limit(
    "capabilities-not-dropped",
    "a service keeps the default capabilities",
    &["CWE-250", "CIS-DOCKER-5.3"],
    "set `cap_drop: [ALL]` and add back what is needed",
);

/// A directory of the host behind the name of a volume.
pub(crate) const NAMED: Rule = limit(
    "named-volume-on-host",
    "a named volume is a directory of the host in disguise",
    &["CWE-552", "CIS-DOCKER-5.5"],
    "leave the place of the volume to the engine",
);

/// One volume for several services.
pub(crate) const SHARED: Rule = limit(
    "shared-volume",
    "services share a volume that both can write",
    &["CWE-653"],
    "give each service a volume of its own, or mount it read-only in all but one",
);

/// No network of its own.
pub(crate) const NETWORK: Rule = limit(
    "default-network",
    "a service is in the default network, where every service reaches every other",
    &["CWE-653"],
    "put services that talk to each other into `networks` of their own",
);

/// Checks what services have in common: named volumes, mounts and networks.
pub(crate) fn check_all(documents: &[Document], report: &mut Report) {
    for document in documents {
        let volumes = document.root.get("volumes").map(Node::entries).unwrap_or_default();
        for volume in volumes {
            let options = volume.value.get("driver_opts");
            let device = ["device", "mountpoint"].iter().find_map(|key| options?.get(key));
            if let Some(node) = device.filter(|n| n.as_str().is_some_and(|p| p.starts_with('/'))) {
                report.finding(&NAMED, node.span).subject(format!("volumes/{}", volume.key));
            }
        }
    }
    let services = services(documents);
    let mut writable: Vec<(String, &str)> = Vec::new();
    for service in &services {
        let alone = services.len() == 1 || service.node.get("network_mode").is_some();
        if !alone && service.node.get("networks").is_none() {
            report.finding(&NETWORK, service.span).subject(service.subject());
        }
        for mount in service.mounts().into_iter().filter(|mount| !mount.read_only) {
            let source = mount.source.into_owned();
            match writable.iter().find(|(other, name)| *other == source && *name != service.name) {
                Some((_, other)) => {
                    report
                        .finding(&SHARED, mount.span)
                        .message(format!("`{other}` and `{}` both write `{source}`", service.name))
                        .subject(format!("{}/volumes[{source}]", service.subject()));
                }
                None => writable.push((source, service.name)),
            }
        }
    }
}

/// Checks one service.
pub(crate) fn check(service: &Service<'_>, report: &mut Report) {
    let node = service.node;
    let subject = service.subject();
    let entry = node.at(&["deploy", "resources"]).and_then(|node| node.entry("limits"));
    let limits = entry.map(|entry| &entry.value);
    let place = entry.map_or(service.span, |entry| entry.key_span);
    let has = |old: &[&str], new: &str| {
        old.iter().any(|key| node.get(key).is_some()) || limits.and_then(|l| l.get(new)).is_some()
    };
    let mut missing = |rule: &'static Rule, span: Span| {
        report.finding(rule, span).subject(subject.clone());
    };
    if !has(&["mem_limit"], "memory") {
        missing(&MEMORY, place);
    }
    if !has(&["cpus", "cpu_quota", "cpu_count", "cpuset"], "cpus") {
        missing(&CPU, place);
    }
    if !has(&["pids_limit"], "pids") {
        missing(&PIDS, place);
    }
    // 0 and -1 switch the limit off.
    if let Some((value, entry)) = service.setting("pids_limit")
        && matches!(value.trim(), "-1" | "0")
    {
        missing(&PIDS, entry.key_span.to(entry.value.span));
    }
    match node.get("healthcheck") {
        None => missing(&HEALTH, service.span),
        Some(check) if is_off(check) => missing(&HEALTH, check.span),
        Some(_) => {}
    }
    if let Some((value, entry)) = service.setting("restart")
        && value.strip_prefix("on-failure").is_some_and(|count| count != ":5")
    {
        missing(&RESTARTS, entry.key_span.to(entry.value.span));
    }
    if let Some(attempts) = node.at(&["deploy", "restart_policy", "max_attempts"])
        && attempts.scalar() != Some("5")
    {
        missing(&RESTARTS, attempts.span);
    }
    if let Some(entry) = node.entry("cgroup_parent") {
        missing(&CGROUP, entry.key_span.to(entry.value.span));
    }
    if node.get("cap_drop").is_none() && node.get("privileged").is_none() {
        missing(&CAPABILITIES, service.span);
    }
}

/// `disable: true` or `test: ["NONE"]`.
fn is_off(check: &Node) -> bool {
    let test = check.get("test");
    let first = test.and_then(|test| test.items().first()).or(test);
    check.get("disable").is_some_and(super::manifest::is_true)
        || first.and_then(Node::as_str) == Some("NONE")
}
