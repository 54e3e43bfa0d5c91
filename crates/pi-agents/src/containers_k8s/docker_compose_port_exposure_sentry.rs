//! See [`DockerComposePortExposureSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::{Confidence, Severity};

use super::compose::{Service, services};
use super::compose_ports::{Published, Reach, published};
use super::isolation;
use super::well_known_ports::{Listener, console_image, well_known};

const DATABASE: Rule = Rule {
    id: "database-port-published",
    summary: "the port of a database or queue is published beyond this machine",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-DOCKER-5.13"],
    fix: "remove the port: services of one network reach each other without it; else bind it to 127.0.0.1",
};

const ADMINISTRATION: Rule = Rule {
    id: "admin-port-published",
    summary: "the port of an administration interface is published beyond this machine",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-DOCKER-5.13"],
    fix: "bind the port to 127.0.0.1 and reach it through a tunnel or an authenticating proxy",
};

const ALL_INTERFACES: Rule = Rule {
    id: "port-on-all-interfaces",
    summary: "a port is published on all interfaces of the host",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-DOCKER-5.13"],
    fix: "name the address to bind to, such as `127.0.0.1:8080:80`",
};

const PRIVILEGED: Rule = Rule {
    id: "privileged-port",
    summary: "a port below 1024 is used, for which a process needs a capability",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.8"],
    fix: "let the service listen above 1023 and drop NET_BIND_SERVICE",
};

declare_agent! {
    /// Finds ports of Compose services that can be reached from other machines.
    ///
    /// # What it checks
    /// The whole grammar of `ports`: short and long form, ranges, protocols, IPv4
    /// and IPv6 addresses, defaults of variables. Ports of databases, queues and
    /// administration interfaces are told from ordinary ones by the port of the
    /// container, which stays the same whatever port of the host it is given.
    /// Ports below 1024, unless the service drops NET_BIND_SERVICE.
    ///
    /// # Why it matters
    /// Docker publishes on all interfaces unless told otherwise, and its rules come
    /// before those of ufw and firewalld: a port that the firewall closes is open.
    ///
    /// # Example denied
    /// ```yaml
    /// services:
    ///   db:
    ///     image: mysql:8.4
    ///     ports: ["3306:3306"]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// services:
    ///   db:
    ///     image: mysql:8.4
    ///     ports: ["127.0.0.1:3306:3306"]
    /// ```
    ///
    /// # Limits
    /// Variables without a default are not known: such an address counts as
    /// specific, such a port is left out. A database behind an unusual port of its
    /// container is not recognised. Services in the host's network publish
    /// everything they listen on, which no file shows.
    ///
    /// # References
    /// CWE-668; CIS Docker 5.13; compose-spec, `ports`.
    pub struct DockerComposePortExposureSentry {
        slug: "docker_compose_port_exposure_sentry",
        domain: ContainersK8s,
        phase: Validate,
        revision: 2,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Compose],
        triggers: Always,
        invariant_to: ALL,
        rules: [DATABASE, ADMINISTRATION, ALL_INTERFACES, PRIVILEGED],
        fixture: include_str!("fixtures/docker_compose_port_exposure_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for service in services(artifact.data()?) {
        for port in published(&service) {
            report.tick(1)?;
            port_of(&service, &port, report);
            privileged(&service, &port, report);
        }
    }
    Ok(())
}

/// Ports that only a privileged process may listen on, unless the service gave
/// the capability up.
fn privileged(service: &Service<'_>, port: &Published, report: &mut Report) {
    let low = port.container.first < 1024 || port.host.is_some_and(|host| host.first < 1024);
    let dropped = service.list("cap_drop").iter().any(|(name, _)| {
        matches!(isolation::capability_name(name).as_str(), "NET_BIND_SERVICE" | "ALL")
    });
    if low && !dropped {
        report.finding(&PRIVILEGED, port.span).subject(format!(
            "{}/ports[{}/{}]",
            service.subject(),
            port.container,
            port.protocol
        ));
    }
}

fn port_of(service: &Service<'_>, port: &Published, report: &mut Report) {
    if port.reach == Reach::Loopback {
        return;
    }
    let image = service.image().unwrap_or_default();
    let hint = format!("{image} {}", service.name).to_ascii_lowercase();
    let known = well_known(|number| port.container.has(number), &hint);
    let (rule, severity, what) = match known {
        Some(known) if known.listener == Listener::Database => {
            (&DATABASE, known.severity, known.service)
        }
        Some(known) => (&ADMINISTRATION, known.severity, known.service),
        None => match console_image(&hint) {
            Some(console) => (&ADMINISTRATION, Severity::Medium, console),
            None if port.reach == Reach::Everywhere => {
                (&ALL_INTERFACES, ALL_INTERFACES.severity, "")
            }
            None => return,
        },
    };
    let reach = match port.reach {
        Reach::Everywhere => "on all interfaces",
        Reach::Private => "in a private network",
        Reach::Address | Reach::Loopback => "on an address of the host",
    };
    let message = if what.is_empty() {
        format!("port {} of `{}` is published {reach}", port.container, service.name)
    } else {
        format!("port {} of `{}` ({what}) is published {reach}", port.container, service.name)
    };
    report
        .finding(rule, port.span)
        .message(message)
        .subject(format!("{}/ports[{}/{}]", service.subject(), port.container, port.protocol))
        .severity(if port.reach == Reach::Private { Severity::Low } else { severity });
}
