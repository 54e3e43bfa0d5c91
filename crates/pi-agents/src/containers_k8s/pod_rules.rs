//! The rules about pods of [`super::kubernetes_security_auditor`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// Processes may gain privileges.
pub(crate) const ESCALATION: Rule = Rule {
    id: "privilege-escalation-allowed",
    summary: "processes may gain more privileges than their parent has",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.6"],
    fix: "set `allowPrivilegeEscalation: false` in the container's security context",
};

/// The default capabilities are kept.
pub(crate) const CAPABILITIES: Rule = Rule {
    id: "capabilities-not-dropped",
    summary: "a container keeps the default capabilities",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-KUBERNETES-5.2.10"],
    fix: "set `capabilities: {drop: [ALL]}` and add back what is needed",
};

/// The root file system can be written.
pub(crate) const WRITABLE_ROOT: Rule = Rule {
    id: "writable-root-filesystem",
    summary: "the root file system of a container can be written",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-732"],
    fix: "set `readOnlyRootFilesystem: true` and mount an `emptyDir` where files are written",
};

/// No seccomp profile.
pub(crate) const SECCOMP: Rule = Rule {
    id: "seccomp-not-set",
    summary: "no seccomp profile is set",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.7.2"],
    fix: "set `seccompProfile: {type: RuntimeDefault}` in the pod's security context",
};

/// The token of the service account is mounted.
pub(crate) const TOKEN: Rule = Rule {
    id: "service-account-token-mounted",
    summary: "the pod gets a token for the Kubernetes API whether it needs one or not",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-KUBERNETES-5.1.6"],
    fix: "set `automountServiceAccountToken: false` unless the program calls the API",
};

/// No limit of memory.
pub(crate) const NO_MEMORY_LIMIT: Rule = Rule {
    id: "no-memory-limit",
    summary: "a container may use all memory of its node",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.limits.memory`",
};

/// No request of memory.
pub(crate) const NO_MEMORY_REQUEST: Rule = Rule {
    id: "no-memory-request",
    summary: "the scheduler does not know how much memory a container needs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.requests.memory`",
};

/// No request of CPU.
pub(crate) const NO_CPU_REQUEST: Rule = Rule {
    id: "no-cpu-request",
    summary: "the scheduler does not know how much of a processor a container needs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-770"],
    fix: "set `resources.requests.cpu`",
};

/// No limit of CPU.
pub(crate) const NO_CPU_LIMIT: Rule = Rule {
    id: "no-cpu-limit",
    summary: "a container may use all processors of its node",
    severity: Severity::Info,
    confidence: Confidence::Medium,
    references: &["CWE-770"],
    fix: "set `resources.limits.cpu` where other workloads must be protected",
};

/// No liveness probe.
pub(crate) const NO_LIVENESS: Rule = Rule {
    id: "no-liveness-probe",
    summary: "nobody notices when a container hangs",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "add a `livenessProbe`",
};

/// No readiness probe.
pub(crate) const NO_READINESS: Rule = Rule {
    id: "no-readiness-probe",
    summary: "a container gets requests before it can answer them",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "add a `readinessProbe`",
};

/// A secret in the environment.
pub(crate) const SECRET_VALUE: Rule = Rule {
    id: "secret-in-env",
    summary: "a secret is written into the environment of a container",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CIS-KUBERNETES-5.4.1"],
    fix: "put the value into a Secret and refer to it by `valueFrom.secretKeyRef`, or mount it as a file",
};

/// A port of the node.
pub(crate) const HOST_PORT: Rule = Rule {
    id: "host-port",
    summary: "a container takes a port of its node, past services and network policies",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-KUBERNETES-5.2.13"],
    fix: "expose the container by a Service",
};

/// A sysctl that concerns the whole node.
pub(crate) const SYSCTL: Rule = Rule {
    id: "unsafe-sysctl",
    summary: "a kernel setting outside the safe set is changed",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "remove the setting, or apply it to dedicated nodes",
};
