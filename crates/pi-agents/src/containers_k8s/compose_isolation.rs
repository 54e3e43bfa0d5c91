//! Checks of one Compose service for ways out of its container.

use pi_agent_api::Report;
use pi_artifacts::Span;
use pi_artifacts::data::Entry;
use pi_core::Severity;

use super::compose::Service;
use super::isolation::{self, Exposure};
use super::isolation_rules;
use super::manifest::is_true;

fn place(entry: &Entry) -> Span {
    entry.key_span.to(entry.value.span)
}

/// `privileged: true`.
pub(crate) fn privileged(service: &Service<'_>, report: &mut Report) {
    if let Some(entry) = service.node.entry("privileged").filter(|entry| is_true(&entry.value)) {
        report.finding(&isolation_rules::PRIVILEGED, place(entry)).subject(service.subject());
    }
}

/// The namespaces of the host.
pub(crate) fn host_namespaces(service: &Service<'_>, report: &mut Report) {
    for (key, rule) in [
        ("network_mode", &isolation_rules::HOST_NETWORK),
        ("net", &isolation_rules::HOST_NETWORK),
        ("pid", &isolation_rules::HOST_PID),
        ("ipc", &isolation_rules::HOST_IPC),
    ] {
        if let Some((value, entry)) = service.setting(key)
            && value == "host"
        {
            report.finding(rule, place(entry)).subject(service.subject());
        }
    }
}

/// Capabilities beyond the baseline.
pub(crate) fn capabilities(service: &Service<'_>, report: &mut Report) {
    for (item, span) in service.list("cap_add") {
        let name = isolation::capability_name(&item);
        if let Some(severity) = isolation::capability_severity(&name) {
            report
                .finding(&isolation_rules::CAPABILITY, span)
                .message(format!("the capability {name} is added"))
                .subject(format!("{}/{name}", service.subject()))
                .severity(severity);
        }
    }
}

/// Seccomp, AppArmor or SELinux switched off, and `/proc` without its masks.
pub(crate) fn security_options(service: &Service<'_>, report: &mut Report) {
    for (item, span) in service.list("security_opt") {
        let Some((name, value)) = item.split_once([':', '=']) else { continue };
        let (name, value) = (name.trim(), value.trim());
        let rule = match (name, value) {
            ("seccomp" | "apparmor", "unconfined") | ("label", "disable") => {
                &isolation_rules::UNCONFINED
            }
            ("systempaths", "unconfined") => &isolation_rules::UNMASKED_PROC,
            _ => continue,
        };
        report.finding(rule, span).subject(format!("{}/{name}", service.subject()));
    }
}

/// Directories of the host among the mounts.
pub(crate) fn host_directories(service: &Service<'_>, report: &mut Report) {
    for mount in service.mounts() {
        let severity = match isolation::exposure(&mount.source) {
            Exposure::Root => Severity::Critical,
            Exposure::SocketDirectory | Exposure::Sensitive => Severity::High,
            Exposure::Ordinary | Exposure::Socket => continue,
        };
        report
            .finding(&isolation_rules::SENSITIVE_PATH, mount.span)
            .message(format!("`{}` of the host is mounted", mount.source))
            .subject(format!("{}/volumes[{}]", service.subject(), mount.source))
            .severity(if mount.read_only { severity.lowered() } else { severity });
    }
}

/// Images whose purpose is to let others reach the socket through a filter.
const SOCKET_PROXIES: &[&str] = &["docker-socket-proxy", "socket-proxy", "dockerproxy"];

/// Sockets of container runtimes among the mounts.
pub(crate) fn runtime_sockets(service: &Service<'_>, report: &mut Report) {
    let image = service.image().unwrap_or_default();
    let filtered = SOCKET_PROXIES.iter().any(|proxy| image.contains(proxy));
    for mount in service.mounts() {
        if isolation::exposure(&mount.source) != Exposure::Socket {
            continue;
        }
        let finding = report.finding(&isolation_rules::RUNTIME_SOCKET, mount.span);
        finding
            .message(format!("the runtime socket `{}` is mounted", mount.source))
            .subject(format!("{}/volumes[{}]", service.subject(), mount.source));
        if filtered {
            // The proxy must hold the socket; that is its job.
            finding.severity(Severity::Low).fix(
                "keep the proxy unreachable from outside and allow only the calls that are needed",
            );
        }
    }
}
