//! See [`DockerComposeSecuritySentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::compose::{Service, services};
use super::image::{self, Reference, is_template};
use super::manifest::is_true;
use super::names::{is_literal_secret, is_secret_name};
use super::{compose_isolation, compose_limits, isolation_rules};

const HOST_USERNS: Rule = Rule {
    id: "host-user-namespace",
    summary: "the remapping of users is switched off for a service",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.30"],
    fix: "remove `userns_mode: host`",
};

const HOST_DEVICE: Rule = Rule {
    id: "host-device",
    summary: "a disk, the memory or all devices of the host are given to a service",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.17"],
    fix: "give only the single device that is needed, never memory or disks",
};

const ROOT_USER: Rule = Rule {
    id: "root-user",
    summary: "a service is told to run as root",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-4.1"],
    fix: "name an unprivileged user",
};

const SECRET: Rule = Rule {
    id: "secret-in-environment",
    summary: "a secret is written into the environment of a service",
    severity: Severity::Medium,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CWE-526"],
    fix: "use `secrets:` and the `_FILE` variant of the variable, or an env file outside of version control",
};

const PROPAGATION: Rule = Rule {
    id: "shared-mount-propagation",
    summary: "mounts made later are shared between the container and its host",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-DOCKER-5.19"],
    fix: "leave the propagation at `rprivate`, its default",
};

const NEW_PRIVILEGES: Rule = Rule {
    id: "new-privileges-allowed",
    summary: "processes of a service may gain privileges through set-user-id programs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.25"],
    fix: "set `security_opt: [\"no-new-privileges:true\"]`",
};

declare_agent! {
    /// Finds Compose services that are less isolated than they could be.
    ///
    /// # What it checks
    /// Each service for privileged mode, the host's namespaces, sensitive mounts
    /// and runtime sockets, named volumes bound to such directories, shared mount
    /// propagation, added capabilities, security profiles switched off, memory and
    /// disk devices, root as user, secrets written into `environment`, images
    /// without a version, privileges that processes may gain, limits of memory,
    /// processors and processes, health checks and restarts; volumes and networks
    /// that services have in common. YAML anchors and
    /// merge keys are resolved, defaults of variables filled in.
    ///
    /// # Why it matters
    /// A Compose file is copied from development to servers; what was convenient
    /// there gives an intruder the host here.
    ///
    /// # Example denied
    /// ```yaml
    /// services:
    ///   agent:
    ///     image: agent:2.1
    ///     privileged: true
    ///     volumes: ["/:/host"]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// services:
    ///   agent:
    ///     image: agent:2.1
    ///     user: "1000"
    ///     cap_drop: [ALL]
    ///     security_opt: ["no-new-privileges:true"]
    ///     volumes: ["./data:/data"]
    /// ```
    ///
    /// # Limits
    /// Settings that another file adds by `extends`, `include` or an override are
    /// not seen. Secrets are recognised by the name of their variable; other
    /// agents look at the values.
    ///
    /// # References
    /// CIS Docker 4 and 5; CWE-250; compose-spec.
    pub struct DockerComposeSecuritySentry {
        slug: "docker_compose_security_sentry",
        domain: ContainersK8s,
        phase: Validate,
        revision: 3,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Compose],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            isolation_rules::PRIVILEGED,
            isolation_rules::HOST_NETWORK,
            isolation_rules::HOST_PID,
            isolation_rules::HOST_IPC,
            isolation_rules::SENSITIVE_PATH,
            isolation_rules::RUNTIME_SOCKET,
            isolation_rules::CAPABILITY,
            isolation_rules::UNMASKED_PROC,
            isolation_rules::UNCONFINED,
            HOST_USERNS,
            HOST_DEVICE,
            ROOT_USER,
            SECRET,
            PROPAGATION,
            NEW_PRIVILEGES,
            image::MUTABLE,
            compose_limits::MEMORY,
            compose_limits::CPU,
            compose_limits::PIDS,
            compose_limits::HEALTH,
            compose_limits::RESTARTS,
            compose_limits::CGROUP,
            compose_limits::CAPABILITIES,
            compose_limits::NAMED,
            compose_limits::SHARED,
            compose_limits::NETWORK,
        ],
        fixture: include_str!("fixtures/docker_compose_security_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    let documents = artifact.data()?;
    compose_limits::check_all(documents, report);
    for service in services(documents) {
        report.tick(1)?;
        compose_isolation::privileged(&service, report);
        compose_isolation::host_namespaces(&service, report);
        compose_isolation::capabilities(&service, report);
        compose_isolation::security_options(&service, report);
        compose_isolation::host_directories(&service, report);
        compose_isolation::runtime_sockets(&service, report);
        identity(&service, report);
        devices(&service, report);
        environment(&service, report);
        propagation(&service, report);
        new_privileges(&service, report);
        image_version(&service, report);
        compose_limits::check(&service, report);
    }
    Ok(())
}

fn identity(service: &Service<'_>, report: &mut Report) {
    if let Some((value, entry)) = service.setting("userns_mode")
        && value == "host"
    {
        report
            .finding(&HOST_USERNS, entry.key_span.to(entry.value.span))
            .subject(service.subject());
    }
    if let Some((value, entry)) = service.setting("user")
        && let Some(user) = value.split(':').next()
        && (user == "root" || user == "0")
    {
        report.finding(&ROOT_USER, entry.key_span.to(entry.value.span)).subject(service.subject());
    }
}

fn devices(service: &Service<'_>, report: &mut Report) {
    for (item, span) in service.list("devices") {
        let device = item.split(':').next().unwrap_or_default();
        let name = device.strip_prefix("/dev").unwrap_or_default().trim_matches('/');
        let disk = ["sd", "hd", "vd", "xvd", "nvme", "dm-", "mapper/", "disk/"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let memory = ["mem", "kmem", "port"].contains(&name);
        if disk || memory || device.trim_end_matches('/') == "/dev" {
            report
                .finding(&HOST_DEVICE, span)
                .message(format!("the device `{device}` of the host is given to the service"))
                .subject(format!("{}/devices[{device}]", service.subject()));
        }
    }
}

fn environment(service: &Service<'_>, report: &mut Report) {
    for variable in service.environment() {
        if is_secret_name(variable.name) && is_literal_secret(variable.value) {
            let finding = report.finding(&SECRET, variable.name_span);
            finding
                .message(format!("the value of `{}` is written into the file", variable.name))
                .subject(format!("{}/environment[{}]", service.subject(), variable.name));
            finding.masked.push(variable.value_span);
        }
    }
}

fn propagation(service: &Service<'_>, report: &mut Report) {
    for mount in service.mounts() {
        let severity = match mount.propagation {
            Some("shared" | "rshared") => Severity::Medium,
            // Mounts of the host appear in the container only.
            Some("slave" | "rslave") => Severity::Low,
            _ => continue,
        };
        report
            .finding(&PROPAGATION, mount.mode_span)
            .subject(format!("{}/volumes[{}]", service.subject(), mount.source))
            .severity(severity);
    }
}

fn new_privileges(service: &Service<'_>, report: &mut Report) {
    if service.node.entry("privileged").is_some_and(|entry| is_true(&entry.value)) {
        // A privileged service has nothing left to gain.
        return;
    }
    let options = service.list("security_opt");
    let setting = options.iter().find_map(|(option, span)| {
        let rest = option.strip_prefix("no-new-privileges")?;
        Some((rest.trim_start_matches([':', '=']).trim() != "false", *span))
    });
    match setting {
        Some((true, _)) => {}
        Some((false, span)) => {
            report
                .finding(&NEW_PRIVILEGES, span)
                .subject(service.subject())
                .severity(Severity::Medium);
        }
        None => {
            report.finding(&NEW_PRIVILEGES, service.span).subject(service.subject());
        }
    }
}

fn image_version(service: &Service<'_>, report: &mut Report) {
    // A service with `build` names what it makes, not what it takes.
    if service.node.get("build").is_some() {
        return;
    }
    if let Some((text, entry)) = service.setting("image")
        && !text.is_empty()
        && !is_template(&text)
        && Reference::parse(&text).is_mutable()
    {
        report
            .finding(&image::MUTABLE, entry.value.span)
            .message(format!("the image `{text}` changes without notice"))
            .subject(format!("{}/image", service.subject()));
    }
}
