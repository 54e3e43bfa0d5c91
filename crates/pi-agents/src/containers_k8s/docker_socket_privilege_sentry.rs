//! See [`DockerSocketPrivilegeSentry`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::data::{Document, Node};
use pi_artifacts::dockerfile::{Arguments, Instruction};
use pi_artifacts::{Artifact, Kind, Span};
use pi_core::{Confidence, Severity};

use super::compose::{interpolate, services};
use super::docker_host::{Transport, listens_plainly, transport};
use super::isolation::{Exposure, exposure, is_socket};
use super::isolation_rules;
use super::manifest::{objects, workloads};
use super::{compose_isolation, pod_isolation};

const SOCKET_DIRECTORY: Rule = Rule {
    id: "runtime-directory-mounted",
    summary: "the mounted directory of the host holds the socket of the container runtime",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.31"],
    fix: "mount only the single file below the directory that is needed",
};

const PLAIN_TCP: Rule = Rule {
    id: "docker-api-without-tls",
    summary: "the Docker engine is reached or offered over TCP without TLS",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-319", "CWE-306", "CIS-DOCKER-2.6"],
    fix: "use port 2376 with client certificates (`DOCKER_TLS_VERIFY=1`), or `ssh://`",
};

const IN_IMAGE: Rule = Rule {
    id: "runtime-socket-in-image",
    summary: "an image is built to use the socket of the container runtime",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.31"],
    fix: "let the image work without the socket, for example with a rootless builder",
};

declare_agent! {
    /// Finds access to the control socket of a container runtime.
    ///
    /// # What it checks
    /// The sockets of Docker, containerd, CRI-O, Podman and BuildKit, and the
    /// directories that hold them, mounted by Compose services and by pods of any
    /// workload kind, or declared by `VOLUME`, `ENV` and bind mounts of a
    /// Dockerfile; engines that are reached or offered over plain TCP
    /// (`DOCKER_HOST=tcp://...:2375`, `dockerd -H tcp://...`).
    ///
    /// # Why it matters
    /// Who can send requests to that socket can start a privileged container and
    /// so is root on the host. Mounting it read-only protects the file, not the
    /// requests.
    ///
    /// # Example denied
    /// ```yaml
    /// services:
    ///   ci:
    ///     image: runner:5
    ///     volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro"]
    /// ```
    ///
    /// # Example allowed
    /// ```yaml
    /// services:
    ///   ci:
    ///     image: runner:5
    ///     environment: {DOCKER_HOST: "tcp://engine:2376", DOCKER_TLS_VERIFY: "1"}
    /// ```
    ///
    /// # Limits
    /// Known filtering proxies must hold the socket and are reported as low. A
    /// socket under an unusual name is not recognised.
    ///
    /// # References
    /// CIS Docker 5.31 and 2.6; CWE-250; CWE-306.
    pub struct DockerSocketPrivilegeSentry {
        slug: "docker_socket_privilege_sentry",
        domain: ContainersK8s,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Compose, Kind::Kubernetes, Kind::Dockerfile],
        triggers: Always,
        invariant_to: ALL,
        rules: [isolation_rules::RUNTIME_SOCKET, SOCKET_DIRECTORY, PLAIN_TCP, IN_IMAGE],
        fixture: include_str!("fixtures/docker_socket_privilege_sentry.md"),
        check: check,
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    match artifact.kind() {
        Kind::Compose => compose(artifact.data()?, report),
        Kind::Kubernetes => kubernetes(artifact.data()?, report),
        _ => dockerfile(artifact, report),
    }
}

fn compose(documents: &[Document], report: &mut Report) -> Result<(), Stop> {
    for service in services(documents) {
        report.tick(1)?;
        compose_isolation::runtime_sockets(&service, report);
        for mount in service.mounts() {
            if exposure(&mount.source) == Exposure::SocketDirectory {
                report
                    .finding(&SOCKET_DIRECTORY, mount.span)
                    .message(format!("`{}` of the host is mounted", mount.source))
                    .subject(format!("{}/volumes[{}]", service.subject(), mount.source));
            }
        }
        for variable in service.environment() {
            if variable.name == "DOCKER_HOST" {
                let value = interpolate(variable.value);
                plain_host(&value, variable.value_span, service.subject(), report);
            }
        }
        for key in ["command", "entrypoint"] {
            if let Some(node) = service.node.get(key) {
                plain_engine(node, &format!("{}/{key}", service.subject()), report);
            }
        }
    }
    Ok(())
}

fn kubernetes(documents: &[Document], report: &mut Report) -> Result<(), Stop> {
    for workload in workloads(&objects(documents, report)?) {
        report.tick(1)?;
        pod_isolation::runtime_sockets(&workload, report);
        for volume in pod_isolation::host_paths(&workload) {
            if exposure(volume.path) == Exposure::SocketDirectory {
                report
                    .finding(&SOCKET_DIRECTORY, volume.span)
                    .message(format!("`{}` of the host is mounted", volume.path))
                    .subject(volume.subject);
            }
        }
        for container in workload.containers() {
            for variable in container.node.get("env").map(Node::items).unwrap_or_default() {
                if variable.get("name").and_then(Node::as_str) == Some("DOCKER_HOST")
                    && let Some(value) = variable.get("value")
                {
                    let text = value.scalar().unwrap_or_default();
                    plain_host(text, value.span, container.subject.clone(), report);
                }
            }
            for key in ["command", "args"] {
                if let Some(node) = container.node.get(key) {
                    plain_engine(node, &format!("{}/{key}", container.subject), report);
                }
            }
        }
    }
    Ok(())
}

fn plain_host(address: &str, span: Span, subject: String, report: &mut Report) {
    if transport(address) == Transport::Plain {
        report.finding(&PLAIN_TCP, span).subject(format!("{subject}/DOCKER_HOST"));
    }
}

fn plain_engine(command: &Node, subject: &str, report: &mut Report) {
    let words: Vec<&str> = match command.as_str() {
        Some(text) => text.split_whitespace().collect(),
        None => command.items().iter().filter_map(Node::as_str).collect(),
    };
    if listens_plainly(&words) {
        report.finding(&PLAIN_TCP, command.span).subject(subject);
    }
}

fn dockerfile(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    for instruction in &artifact.dockerfile()?.instructions {
        report.tick(1)?;
        for pair in instruction.pairs() {
            let Some(value) = &pair.value else { continue };
            if pair.name.text != "DOCKER_HOST" {
                continue;
            }
            match transport(&value.text) {
                Transport::Plain => {
                    report.finding(&PLAIN_TCP, value.span).subject("ENV/DOCKER_HOST");
                }
                Transport::Socket => {
                    report.finding(&IN_IMAGE, value.span).subject("ENV/DOCKER_HOST");
                }
                Transport::Other => {}
            }
        }
        socket_of(instruction, report);
    }
    Ok(())
}

fn socket_of(instruction: &Instruction, report: &mut Report) {
    let keyword = instruction.keyword.as_str();
    if keyword == "VOLUME" {
        for word in instruction.words().iter().filter(|word| is_socket(&word.text)) {
            report.finding(&IN_IMAGE, word.span).subject(format!("VOLUME/{}", word.text));
        }
    }
    if !matches!(keyword, "CMD" | "ENTRYPOINT") {
        return;
    }
    let words: Vec<&str> = match &instruction.arguments {
        Arguments::Exec(words) | Arguments::Words(words) => {
            words.iter().map(|word| word.text.as_str()).collect()
        }
        Arguments::Shell { text, .. } => text.split_whitespace().collect(),
        Arguments::Pairs(_) => Vec::new(),
    };
    if listens_plainly(&words) {
        report.finding(&PLAIN_TCP, instruction.span).subject(keyword.to_owned());
    }
}
