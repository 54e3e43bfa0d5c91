//! Rules about ways out of a container that Kubernetes and Compose share. CIS
//! Docker ids follow version 1.2 of the benchmark, CIS Kubernetes ids version 1.8.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// A privileged container.
pub(crate) const PRIVILEGED: Rule = Rule {
    id: "privileged-container",
    summary: "a privileged container has all capabilities and devices of its host",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.4", "CIS-KUBERNETES-5.2.2"],
    fix: "remove `privileged` and add only the single capabilities that are needed",
};

/// The network namespace of the host.
pub(crate) const HOST_NETWORK: Rule = Rule {
    id: "host-network",
    summary: "a container in the network namespace of its host",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-653", "CIS-DOCKER-5.9", "CIS-KUBERNETES-5.2.5"],
    fix: "use a network of its own and publish the ports that are needed",
};

/// The process namespace of the host.
pub(crate) const HOST_PID: Rule = Rule {
    id: "host-pid",
    summary: "a container in the process namespace of its host",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-653", "CIS-DOCKER-5.15", "CIS-KUBERNETES-5.2.3"],
    fix: "remove the setting; processes of the host are none of the container's business",
};

/// The IPC namespace of the host.
pub(crate) const HOST_IPC: Rule = Rule {
    id: "host-ipc",
    summary: "a container in the IPC namespace of its host",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-653", "CIS-DOCKER-5.16", "CIS-KUBERNETES-5.2.4"],
    fix: "remove the setting, or share memory between the containers of one pod",
};

/// A directory of the host that leads out of the container.
pub(crate) const SENSITIVE_PATH: Rule = Rule {
    id: "sensitive-host-path",
    summary: "a directory of the host that gives control over it is mounted",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-552", "CIS-DOCKER-5.5", "CIS-KUBERNETES-5.2.12"],
    fix: "use a named volume, a config map or a secret instead of the host's directory",
};

/// Any other directory of the host.
pub(crate) const HOST_PATH: Rule = Rule {
    id: "host-path-volume",
    summary: "a directory of the host is mounted",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-552", "CIS-KUBERNETES-5.2.12"],
    fix: "use a persistent volume claim, or mount read-only and as narrowly as possible",
};

/// The socket of a container runtime.
pub(crate) const RUNTIME_SOCKET: Rule = Rule {
    id: "runtime-socket-mounted",
    summary: "whoever can talk to the socket of the container runtime is root on the host",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.31"],
    fix: "do not mount the socket (read-only does not help); put a filtering proxy in between or use a rootless builder",
};

/// A capability outside the baseline of the Pod Security Standards.
pub(crate) const CAPABILITY: Rule = Rule {
    id: "dangerous-capability",
    summary: "a Linux capability that helps to break out of the container is added",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.3", "CIS-KUBERNETES-5.2.9"],
    fix: "drop all capabilities and add back only those of the baseline that are needed",
};

/// `/proc` without its masks.
pub(crate) const UNMASKED_PROC: Rule = Rule {
    id: "unmasked-proc",
    summary: "the masks over sensitive parts of /proc are removed",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "leave the default masks of the runtime in place",
};

/// No seccomp, AppArmor or SELinux profile.
pub(crate) const UNCONFINED: Rule = Rule {
    id: "unconfined-profile",
    summary: "the confinement of system calls or files is switched off",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-5.21"],
    fix: "use the runtime's default profile, or one that allows what is needed",
};
