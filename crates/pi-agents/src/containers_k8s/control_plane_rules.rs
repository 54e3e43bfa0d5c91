//! The settings of the control plane, one row each. CIS Kubernetes ids follow
//! version 1.8 of the benchmark.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

use super::control_plane::{Program, Test};

/// A flag and what it must say.
#[derive(Debug)]
pub(crate) struct Setting {
    /// What is reported.
    pub rule: Rule,
    /// The programs that take the flag.
    pub programs: &'static [Program],
    /// Its name.
    pub flag: &'static str,
    /// What it must say.
    pub test: Test,
}

pub(crate) const ANONYMOUS: Setting = Setting {
    rule: Rule {
        id: "anonymous-requests",
        summary: "requests without credentials are served",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-306", "CIS-KUBERNETES-1.2.1", "CIS-KUBERNETES-4.2.1"],
        fix: "set `--anonymous-auth=false`",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "anonymous-auth",
    test: Test::Must("false"),
};

pub(crate) const TOKEN_FILE: Setting = Setting {
    rule: Rule {
        id: "static-token-file",
        summary: "callers are known by tokens in a file, which never expire",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-798", "CIS-KUBERNETES-1.2.2"],
        fix: "remove `--token-auth-file` and use certificates or OpenID Connect",
    },
    programs: &[Program::ApiServer],
    flag: "token-auth-file",
    test: Test::Absent,
};

pub(crate) const BASIC_AUTH: Setting = Setting {
    rule: Rule {
        id: "basic-auth-file",
        summary: "callers are known by passwords in a file",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-798"],
        fix: "remove `--basic-auth-file`",
    },
    programs: &[Program::ApiServer],
    flag: "basic-auth-file",
    test: Test::Absent,
};

pub(crate) const KUBELET_CERT: Setting = Setting {
    rule: Rule {
        id: "kubelet-client-certificate",
        summary: "the API server has no certificate of its own for kubelets",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.4"],
        fix: "set `--kubelet-client-certificate`",
    },
    programs: &[Program::ApiServer],
    flag: "kubelet-client-certificate",
    test: Test::Given,
};

pub(crate) const KUBELET_KEY: Setting = Setting {
    rule: Rule {
        id: "kubelet-client-key",
        summary: "the API server has no key of its own for kubelets",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.4"],
        fix: "set `--kubelet-client-key`",
    },
    programs: &[Program::ApiServer],
    flag: "kubelet-client-key",
    test: Test::Given,
};

pub(crate) const KUBELET_CA: Setting = Setting {
    rule: Rule {
        id: "kubelet-certificate-authority",
        summary: "the certificates of kubelets are not verified",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.5"],
        fix: "set `--kubelet-certificate-authority`",
    },
    programs: &[Program::ApiServer],
    flag: "kubelet-certificate-authority",
    test: Test::Given,
};

pub(crate) const KUBELET_HTTPS: Setting = Setting {
    rule: Rule {
        id: "kubelet-without-tls",
        summary: "kubelets are called without TLS",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-319"],
        fix: "remove `--kubelet-https=false`",
    },
    programs: &[Program::ApiServer],
    flag: "kubelet-https",
    test: Test::Not("false"),
};

pub(crate) const ALWAYS_ALLOW: Setting = Setting {
    rule: Rule {
        id: "authorization-always-allow",
        summary: "every request is authorized",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.6", "CIS-KUBERNETES-4.2.2"],
        fix: "take `AlwaysAllow` off `--authorization-mode`; kubelets take `Webhook`",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "authorization-mode",
    test: Test::ListsNot("AlwaysAllow"),
};

pub(crate) const NODE_MODE: Setting = Setting {
    rule: Rule {
        id: "node-authorization",
        summary: "kubelets may read objects of other nodes",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.7"],
        fix: "put `Node` into `--authorization-mode`",
    },
    programs: &[Program::ApiServer],
    flag: "authorization-mode",
    test: Test::Lists("Node"),
};

pub(crate) const RBAC_MODE: Setting = Setting {
    rule: Rule {
        id: "rbac-authorization",
        summary: "roles are not enforced",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.8"],
        fix: "put `RBAC` into `--authorization-mode`",
    },
    programs: &[Program::ApiServer],
    flag: "authorization-mode",
    test: Test::Lists("RBAC"),
};

pub(crate) const RATE_LIMIT: Setting = Setting {
    rule: Rule {
        id: "event-rate-limit",
        summary: "events may flood the API server",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-770", "CIS-KUBERNETES-1.2.9"],
        fix: "enable the admission plugin `EventRateLimit`",
    },
    programs: &[Program::ApiServer],
    flag: "enable-admission-plugins",
    test: Test::Lists("EventRateLimit"),
};

pub(crate) const ALWAYS_ADMIT: Setting = Setting {
    rule: Rule {
        id: "always-admit",
        summary: "an admission plugin admits every request",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.10"],
        fix: "remove the admission plugin `AlwaysAdmit`",
    },
    programs: &[Program::ApiServer],
    flag: "enable-admission-plugins",
    test: Test::ListsNot("AlwaysAdmit"),
};

pub(crate) const PULL_IMAGES: Setting = Setting {
    rule: Rule {
        id: "always-pull-images",
        summary: "images on a node are run without the right to pull them",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.11"],
        fix: "enable the admission plugin `AlwaysPullImages`",
    },
    programs: &[Program::ApiServer],
    flag: "enable-admission-plugins",
    test: Test::Lists("AlwaysPullImages"),
};

pub(crate) const SERVICE_ACCOUNT: Setting = Setting {
    rule: Rule {
        id: "service-account-admission",
        summary: "the admission plugin for service accounts is disabled",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.13"],
        fix: "take `ServiceAccount` off `--disable-admission-plugins`",
    },
    programs: &[Program::ApiServer],
    flag: "disable-admission-plugins",
    test: Test::ListsNot("ServiceAccount"),
};

pub(crate) const LIFECYCLE: Setting = Setting {
    rule: Rule {
        id: "namespace-lifecycle",
        summary: "objects may be created in namespaces that do not exist",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.14"],
        fix: "take `NamespaceLifecycle` off `--disable-admission-plugins`",
    },
    programs: &[Program::ApiServer],
    flag: "disable-admission-plugins",
    test: Test::ListsNot("NamespaceLifecycle"),
};

pub(crate) const NODE_RESTRICTION: Setting = Setting {
    rule: Rule {
        id: "node-restriction",
        summary: "kubelets may change objects of other nodes",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-862", "CIS-KUBERNETES-1.2.15"],
        fix: "enable the admission plugin `NodeRestriction`",
    },
    programs: &[Program::ApiServer],
    flag: "enable-admission-plugins",
    test: Test::Lists("NodeRestriction"),
};

pub(crate) const INSECURE_BIND: Setting = Setting {
    rule: Rule {
        id: "insecure-bind-address",
        summary: "the API server listens without TLS and authentication",
        severity: Severity::Critical,
        confidence: Confidence::High,
        references: &["CWE-306"],
        fix: "remove `--insecure-bind-address`",
    },
    programs: &[Program::ApiServer],
    flag: "insecure-bind-address",
    test: Test::Absent,
};

pub(crate) const SECURE_PORT: Setting = Setting {
    rule: Rule {
        id: "secure-port-disabled",
        summary: "the API server does not serve TLS",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-319"],
        fix: "remove `--secure-port=0`",
    },
    programs: &[Program::ApiServer],
    flag: "secure-port",
    test: Test::Not("0"),
};

pub(crate) const PROFILING: Setting = Setting {
    rule: Rule {
        id: "profiling-enabled",
        summary: "details of the program are served to whoever profiles it",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &[
            "CWE-200",
            "CIS-KUBERNETES-1.2.16",
            "CIS-KUBERNETES-1.3.2",
            "CIS-KUBERNETES-1.4.1",
        ],
        fix: "set `--profiling=false`",
    },
    programs: &[Program::ApiServer, Program::ControllerManager, Program::Scheduler],
    flag: "profiling",
    test: Test::Must("false"),
};

pub(crate) const AUDIT_PATH: Setting = Setting {
    rule: Rule {
        id: "audit-log-path",
        summary: "no audit log is written",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-778", "CIS-KUBERNETES-1.2.17"],
        fix: "set `--audit-log-path`",
    },
    programs: &[Program::ApiServer],
    flag: "audit-log-path",
    test: Test::Given,
};

pub(crate) const AUDIT_AGE: Setting = Setting {
    rule: Rule {
        id: "audit-log-age",
        summary: "the audit log is not kept for 30 days",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-778", "CIS-KUBERNETES-1.2.18"],
        fix: "set `--audit-log-maxage=30` or more",
    },
    programs: &[Program::ApiServer],
    flag: "audit-log-maxage",
    test: Test::AtLeast(30),
};

pub(crate) const AUDIT_BACKUP: Setting = Setting {
    rule: Rule {
        id: "audit-log-backups",
        summary: "fewer than ten old audit logs are kept",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-778", "CIS-KUBERNETES-1.2.19"],
        fix: "set `--audit-log-maxbackup=10` or more",
    },
    programs: &[Program::ApiServer],
    flag: "audit-log-maxbackup",
    test: Test::AtLeast(10),
};

pub(crate) const AUDIT_SIZE: Setting = Setting {
    rule: Rule {
        id: "audit-log-size",
        summary: "the audit log is rotated before it has 100 megabytes",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-778", "CIS-KUBERNETES-1.2.20"],
        fix: "set `--audit-log-maxsize=100` or more",
    },
    programs: &[Program::ApiServer],
    flag: "audit-log-maxsize",
    test: Test::AtLeast(100),
};

pub(crate) const LOOKUP: Setting = Setting {
    rule: Rule {
        id: "service-account-lookup",
        summary: "tokens of deleted service accounts stay valid",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-613", "CIS-KUBERNETES-1.2.22"],
        fix: "remove `--service-account-lookup=false`",
    },
    programs: &[Program::ApiServer],
    flag: "service-account-lookup",
    test: Test::Not("false"),
};

pub(crate) const ACCOUNT_KEY: Setting = Setting {
    rule: Rule {
        id: "service-account-key-file",
        summary: "tokens of service accounts have no key of their own",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CIS-KUBERNETES-1.2.23"],
        fix: "set `--service-account-key-file`",
    },
    programs: &[Program::ApiServer],
    flag: "service-account-key-file",
    test: Test::KeyFile,
};

pub(crate) const ETCD_CERT: Setting = Setting {
    rule: Rule {
        id: "etcd-client-certificate",
        summary: "the API server has no certificate for etcd",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.24"],
        fix: "set `--etcd-certfile`",
    },
    programs: &[Program::ApiServer],
    flag: "etcd-certfile",
    test: Test::Given,
};

pub(crate) const ETCD_KEY: Setting = Setting {
    rule: Rule {
        id: "etcd-client-key",
        summary: "the API server has no key for etcd",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.24"],
        fix: "set `--etcd-keyfile`",
    },
    programs: &[Program::ApiServer],
    flag: "etcd-keyfile",
    test: Test::Given,
};

pub(crate) const ETCD_CA: Setting = Setting {
    rule: Rule {
        id: "etcd-certificate-authority",
        summary: "the certificate of etcd is not verified",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.27"],
        fix: "set `--etcd-cafile`",
    },
    programs: &[Program::ApiServer],
    flag: "etcd-cafile",
    test: Test::Given,
};

pub(crate) const ENCRYPTION: Setting = Setting {
    rule: Rule {
        id: "encryption-at-rest",
        summary: "secrets are stored in etcd as plain text",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-311", "CIS-KUBERNETES-1.2.28"],
        fix: "set `--encryption-provider-config`",
    },
    programs: &[Program::ApiServer],
    flag: "encryption-provider-config",
    test: Test::Given,
};

pub(crate) const ROOT_CA: Setting = Setting {
    rule: Rule {
        id: "root-ca-file",
        summary: "pods cannot verify the API server",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.3.5"],
        fix: "set `--root-ca-file`",
    },
    programs: &[Program::ControllerManager],
    flag: "root-ca-file",
    test: Test::KeyFile,
};

pub(crate) const PRIVATE_KEY: Setting = Setting {
    rule: Rule {
        id: "service-account-private-key",
        summary: "tokens of service accounts are not signed by a key of their own",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CIS-KUBERNETES-1.3.4"],
        fix: "set `--service-account-private-key-file`",
    },
    programs: &[Program::ControllerManager],
    flag: "service-account-private-key-file",
    test: Test::KeyFile,
};

pub(crate) const CREDENTIALS: Setting = Setting {
    rule: Rule {
        id: "controller-credentials",
        summary: "all controllers share the rights of one account",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-250", "CIS-KUBERNETES-1.3.3"],
        fix: "set `--use-service-account-credentials=true`",
    },
    programs: &[Program::ControllerManager],
    flag: "use-service-account-credentials",
    test: Test::Must("true"),
};

pub(crate) const LOOPBACK: Setting = Setting {
    rule: Rule {
        id: "bind-address",
        summary: "a component listens beyond its own node",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-668", "CIS-KUBERNETES-1.3.7", "CIS-KUBERNETES-1.4.2"],
        fix: "set `--bind-address=127.0.0.1`",
    },
    programs: &[Program::ControllerManager, Program::Scheduler],
    flag: "bind-address",
    test: Test::Must("127.0.0.1"),
};

pub(crate) const CLIENT_AUTH: Setting = Setting {
    rule: Rule {
        id: "etcd-client-authentication",
        summary: "etcd serves clients without a certificate",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-306", "CIS-KUBERNETES-2.2"],
        fix: "set `--client-cert-auth=true`",
    },
    programs: &[Program::Etcd],
    flag: "client-cert-auth",
    test: Test::Must("true"),
};

pub(crate) const AUTO_TLS: Setting = Setting {
    rule: Rule {
        id: "etcd-auto-tls",
        summary: "clients of etcd get self-signed certificates",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-2.3"],
        fix: "remove `--auto-tls`",
    },
    programs: &[Program::Etcd],
    flag: "auto-tls",
    test: Test::Not("true"),
};

pub(crate) const ETCD_SERVER_CERT: Setting = Setting {
    rule: Rule {
        id: "etcd-certificate",
        summary: "etcd serves without a certificate",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-319", "CIS-KUBERNETES-2.1"],
        fix: "set `--cert-file`",
    },
    programs: &[Program::Etcd],
    flag: "cert-file",
    test: Test::Given,
};

pub(crate) const ETCD_SERVER_KEY: Setting = Setting {
    rule: Rule {
        id: "etcd-key",
        summary: "etcd serves without a key",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-319", "CIS-KUBERNETES-2.1"],
        fix: "set `--key-file`",
    },
    programs: &[Program::Etcd],
    flag: "key-file",
    test: Test::Given,
};

pub(crate) const PEER_CERT: Setting = Setting {
    rule: Rule {
        id: "etcd-peer-certificate",
        summary: "members of etcd talk without a certificate",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-319", "CIS-KUBERNETES-2.4"],
        fix: "set `--peer-cert-file`",
    },
    programs: &[Program::Etcd],
    flag: "peer-cert-file",
    test: Test::Given,
};

pub(crate) const PEER_KEY: Setting = Setting {
    rule: Rule {
        id: "etcd-peer-key",
        summary: "members of etcd talk without a key",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-319", "CIS-KUBERNETES-2.4"],
        fix: "set `--peer-key-file`",
    },
    programs: &[Program::Etcd],
    flag: "peer-key-file",
    test: Test::Given,
};

pub(crate) const PEER_AUTH: Setting = Setting {
    rule: Rule {
        id: "etcd-peer-authentication",
        summary: "etcd takes members without a certificate",
        severity: Severity::High,
        confidence: Confidence::High,
        references: &["CWE-306", "CIS-KUBERNETES-2.5"],
        fix: "set `--peer-client-cert-auth=true`",
    },
    programs: &[Program::Etcd],
    flag: "peer-client-cert-auth",
    test: Test::Must("true"),
};

pub(crate) const PEER_AUTO_TLS: Setting = Setting {
    rule: Rule {
        id: "etcd-peer-auto-tls",
        summary: "members of etcd get self-signed certificates",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-2.6"],
        fix: "remove `--peer-auto-tls`",
    },
    programs: &[Program::Etcd],
    flag: "peer-auto-tls",
    test: Test::Not("true"),
};

pub(crate) const READ_ONLY: Setting = Setting {
    rule: Rule {
        id: "kubelet-read-only-port",
        summary: "the kubelet serves details of its pods to everybody",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-306", "CIS-KUBERNETES-4.2.4"],
        fix: "set `--read-only-port=0`",
    },
    programs: &[Program::Kubelet],
    flag: "read-only-port",
    test: Test::Must("0"),
};

pub(crate) const STREAMING: Setting = Setting {
    rule: Rule {
        id: "kubelet-streaming-timeout",
        summary: "idle streams of the kubelet never end",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-400", "CIS-KUBERNETES-4.2.5"],
        fix: "remove `--streaming-connection-idle-timeout=0`",
    },
    programs: &[Program::Kubelet],
    flag: "streaming-connection-idle-timeout",
    test: Test::Not("0"),
};

pub(crate) const IPTABLES: Setting = Setting {
    rule: Rule {
        id: "kubelet-iptables",
        summary: "the kubelet leaves its rules of iptables to others",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-693", "CIS-KUBERNETES-4.2.6"],
        fix: "remove `--make-iptables-util-chains=false`",
    },
    programs: &[Program::Kubelet],
    flag: "make-iptables-util-chains",
    test: Test::Not("false"),
};

pub(crate) const HOSTNAME: Setting = Setting {
    rule: Rule {
        id: "kubelet-hostname-override",
        summary: "the kubelet runs under a name that its certificate does not bear",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-297", "CIS-KUBERNETES-4.2.7"],
        fix: "remove `--hostname-override`",
    },
    programs: &[Program::Kubelet],
    flag: "hostname-override",
    test: Test::Absent,
};

pub(crate) const ROTATE: Setting = Setting {
    rule: Rule {
        id: "kubelet-rotation",
        summary: "the certificate of the kubelet is not renewed",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-324", "CIS-KUBERNETES-4.2.10"],
        fix: "remove `--rotate-certificates=false`",
    },
    programs: &[Program::Kubelet],
    flag: "rotate-certificates",
    test: Test::Not("false"),
};

pub(crate) const KERNEL: Setting = Setting {
    rule: Rule {
        id: "kubelet-kernel-defaults",
        summary: "the kubelet changes kernel settings of its node",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-693"],
        fix: "set `--protect-kernel-defaults=true`",
    },
    programs: &[Program::Kubelet],
    flag: "protect-kernel-defaults",
    test: Test::Must("true"),
};

pub(crate) const REQUEST_TIMEOUT: Setting = Setting {
    rule: Rule {
        id: "request-timeout",
        summary: "a single request may hold the API server for more than five minutes",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-400", "CIS-KUBERNETES-1.2.21"],
        fix: "remove `--request-timeout`, or set it to 300s or less",
    },
    programs: &[Program::ApiServer],
    flag: "request-timeout",
    test: Test::AtMostSeconds(300),
};

pub(crate) const TLS_CERT: Setting = Setting {
    rule: Rule {
        id: "tls-certificate",
        summary: "no certificate is set, so that a self-signed one is made",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.25", "CIS-KUBERNETES-4.2.9"],
        fix: "set `--tls-cert-file`",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "tls-cert-file",
    test: Test::Given,
};

pub(crate) const TLS_KEY: Setting = Setting {
    rule: Rule {
        id: "tls-key",
        summary: "no key is set for TLS",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.25", "CIS-KUBERNETES-4.2.9"],
        fix: "set `--tls-private-key-file`",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "tls-private-key-file",
    test: Test::Given,
};

pub(crate) const CLIENT_CA: Setting = Setting {
    rule: Rule {
        id: "client-certificate-authority",
        summary: "certificates of clients are not verified",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-295", "CIS-KUBERNETES-1.2.26", "CIS-KUBERNETES-4.2.3"],
        fix: "set `--client-ca-file` to the file of the authority",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "client-ca-file",
    test: Test::KeyFile,
};

pub(crate) const CIPHERS: Setting = Setting {
    rule: Rule {
        id: "weak-ciphers",
        summary: "cipher suites outside the recommended ones are allowed",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-327", "CIS-KUBERNETES-1.2.30", "CIS-KUBERNETES-4.2.12"],
        fix: "list only suites of the benchmark, with AES-GCM or ChaCha20, in `--tls-cipher-suites`",
    },
    programs: &[Program::ApiServer, Program::Kubelet],
    flag: "tls-cipher-suites",
    test: Test::Among(STRONG_CIPHERS),
};

pub(crate) const INSECURE_PORT: Setting = Setting {
    rule: Rule {
        id: "insecure-port",
        summary: "the API server has a port without TLS and authentication",
        severity: Severity::Critical,
        confidence: Confidence::High,
        references: &["CWE-306"],
        fix: "remove `--insecure-port`, or set it to 0",
    },
    programs: &[Program::ApiServer],
    flag: "insecure-port",
    test: Test::Only("0"),
};

pub(crate) const AUDIT_POLICY: Setting = Setting {
    rule: Rule {
        id: "audit-policy-file",
        summary: "no policy says what the audit log holds",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-778", "CIS-KUBERNETES-3.2.1"],
        fix: "set `--audit-policy-file`",
    },
    programs: &[Program::ApiServer],
    flag: "audit-policy-file",
    test: Test::Given,
};

pub(crate) const IMAGE_POLICY: Setting = Setting {
    rule: Rule {
        id: "image-policy-webhook",
        summary: "nobody decides which images may run",
        severity: Severity::Low,
        confidence: Confidence::Medium,
        references: &["CIS-KUBERNETES-5.5.1"],
        fix: "enable the admission plugin `ImagePolicyWebhook`, or verify images by another admission controller",
    },
    programs: &[Program::ApiServer],
    flag: "enable-admission-plugins",
    test: Test::Lists("ImagePolicyWebhook"),
};

pub(crate) const GARBAGE: Setting = Setting {
    rule: Rule {
        id: "terminated-pod-threshold",
        summary: "terminated pods are never removed",
        severity: Severity::Low,
        confidence: Confidence::High,
        references: &["CWE-459", "CIS-KUBERNETES-1.3.1"],
        fix: "set `--terminated-pod-gc-threshold` above 0",
    },
    programs: &[Program::ControllerManager],
    flag: "terminated-pod-gc-threshold",
    test: Test::Not("0"),
};

pub(crate) const SERVER_ROTATION: Setting = Setting {
    rule: Rule {
        id: "kubelet-server-rotation",
        summary: "the serving certificate of the kubelet is not renewed",
        severity: Severity::Medium,
        confidence: Confidence::High,
        references: &["CWE-324", "CIS-KUBERNETES-1.3.6", "CIS-KUBERNETES-4.2.11"],
        fix: "remove `RotateKubeletServerCertificate=false` from `--feature-gates`",
    },
    programs: &[Program::ControllerManager, Program::Kubelet],
    flag: "feature-gates",
    test: Test::ListsNot("RotateKubeletServerCertificate=false"),
};

pub(crate) const EVENTS: Setting = Setting {
    rule: Rule {
        id: "kubelet-event-rate",
        summary: "the kubelet drops events beyond a rate",
        severity: Severity::Info,
        confidence: Confidence::Medium,
        references: &["CWE-778", "CIS-KUBERNETES-4.2.8"],
        fix: "set `--event-qps=0`, which drops none, or a rate that the node does not reach",
    },
    programs: &[Program::Kubelet],
    flag: "event-qps",
    test: Test::Only("0"),
};

/// The suites that the benchmark recommends.
pub(crate) const STRONG_CIPHERS: &[&str] = &[
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
];

/// All rows.
pub(crate) static SETTINGS: &[Setting] = &[
    ANONYMOUS,
    TOKEN_FILE,
    BASIC_AUTH,
    KUBELET_CERT,
    KUBELET_KEY,
    KUBELET_CA,
    KUBELET_HTTPS,
    ALWAYS_ALLOW,
    NODE_MODE,
    RBAC_MODE,
    RATE_LIMIT,
    ALWAYS_ADMIT,
    PULL_IMAGES,
    SERVICE_ACCOUNT,
    LIFECYCLE,
    NODE_RESTRICTION,
    INSECURE_BIND,
    SECURE_PORT,
    PROFILING,
    AUDIT_PATH,
    AUDIT_AGE,
    AUDIT_BACKUP,
    AUDIT_SIZE,
    LOOKUP,
    ACCOUNT_KEY,
    ETCD_CERT,
    ETCD_KEY,
    ETCD_CA,
    ENCRYPTION,
    ROOT_CA,
    PRIVATE_KEY,
    CREDENTIALS,
    LOOPBACK,
    CLIENT_AUTH,
    AUTO_TLS,
    ETCD_SERVER_CERT,
    ETCD_SERVER_KEY,
    PEER_CERT,
    PEER_KEY,
    PEER_AUTH,
    PEER_AUTO_TLS,
    READ_ONLY,
    STREAMING,
    IPTABLES,
    HOSTNAME,
    ROTATE,
    KERNEL,
    REQUEST_TIMEOUT,
    TLS_CERT,
    TLS_KEY,
    CLIENT_CA,
    CIPHERS,
    INSECURE_PORT,
    AUDIT_POLICY,
    IMAGE_POLICY,
    GARBAGE,
    SERVER_ROTATION,
    EVENTS,
];

/// A key of a configuration file and what it must say. Where it differs from
/// the flag, it is because the file has other defaults.
#[derive(Debug)]
pub(crate) struct Key {
    /// The row of the flag.
    pub setting: &'static Setting,
    /// Where the key stands.
    pub path: &'static [&'static str],
    /// What it must say.
    pub test: Test,
}

const fn key(setting: &'static Setting, path: &'static [&'static str], test: Test) -> Key {
    Key { setting, path, test }
}

/// The keys of the file of the scheduler.
static SCHEDULER_KEYS: &[Key] = &[key(&PROFILING, &["enableProfiling"], Test::Must("false"))];

/// Kinds of configuration files, with their keys.
pub(crate) static FILES: &[(&str, &[Key])] =
    &[("KubeletConfiguration", KUBELET_KEYS), ("KubeSchedulerConfiguration", SCHEDULER_KEYS)];

/// The keys of the file of the kubelet.
static KUBELET_KEYS: &[Key] = &[
    key(&ANONYMOUS, &["authentication", "anonymous", "enabled"], Test::Not("true")),
    key(&CLIENT_CA, &["authentication", "x509", "clientCAFile"], Test::KeyFile),
    key(&ALWAYS_ALLOW, &["authorization", "mode"], Test::Not("AlwaysAllow")),
    key(&EVENTS, &["eventRecordQPS"], Test::Must("0")),
    key(&SERVER_ROTATION, &["featureGates", "RotateKubeletServerCertificate"], Test::Not("false")),
    key(&IPTABLES, &["makeIPTablesUtilChains"], Test::Not("false")),
    key(&KERNEL, &["protectKernelDefaults"], Test::Must("true")),
    key(&READ_ONLY, &["readOnlyPort"], Test::Only("0")),
    key(&ROTATE, &["rotateCertificates"], Test::Must("true")),
    key(&STREAMING, &["streamingConnectionIdleTimeout"], Test::Not("0s")),
    key(&TLS_CERT, &["tlsCertFile"], Test::Given),
    key(&CIPHERS, &["tlsCipherSuites"], Test::Among(STRONG_CIPHERS)),
    key(&TLS_KEY, &["tlsPrivateKeyFile"], Test::Given),
];
