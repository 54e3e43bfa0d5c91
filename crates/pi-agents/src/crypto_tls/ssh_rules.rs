//! The rules about SSH.

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

macro_rules! rule {
    ($name:ident, $id:literal, $severity:ident, $confidence:ident, $references:expr, $summary:literal, $fix:literal) => {
        pub(super) const $name: Rule = Rule {
            id: $id,
            summary: $summary,
            severity: Severity::$severity,
            confidence: Confidence::$confidence,
            references: &$references,
            fix: $fix,
        };
    };
}

rule!(
    ALGORITHM,
    "weak-ssh-algorithm",
    Medium,
    High,
    ["CWE-327"],
    "an algorithm of SSH that is broken or given up is accepted",
    "take it from the list, or leave the list to OpenSSH's defaults"
);
rule!(
    ROOT,
    "root-login",
    Medium,
    High,
    ["CWE-250"],
    "root may log in with a password",
    "set `PermitRootLogin no`, or `prohibit-password` where a key must do"
);
rule!(
    EMPTY,
    "empty-passwords",
    High,
    High,
    ["CWE-258"],
    "accounts without a password may log in",
    "set `PermitEmptyPasswords no`"
);
rule!(
    PASSWORD,
    "password-login",
    Low,
    High,
    ["CWE-307"],
    "passwords may be guessed over the network",
    "set `PasswordAuthentication no` and use keys or certificates"
);
rule!(
    PROTOCOL,
    "ssh-protocol-1",
    High,
    High,
    ["CWE-327"],
    "version 1 of the protocol is accepted",
    "set `Protocol 2`, or remove the line"
);
rule!(
    TRUST,
    "host-based-trust",
    Medium,
    High,
    ["CWE-291"],
    "users are let in because of the host that they come from",
    "set `HostbasedAuthentication no` and `IgnoreRhosts yes`"
);
rule!(
    ENVIRONMENT,
    "user-environment",
    Medium,
    High,
    ["CWE-15"],
    "users can set variables such as LD_PRELOAD and leave a forced command",
    "set `PermitUserEnvironment no`"
);
rule!(
    MODES,
    "file-modes-ignored",
    Medium,
    High,
    ["CWE-732"],
    "keys are accepted from files that others can write",
    "set `StrictModes yes`"
);
rule!(
    FORWARD,
    "forwarding-for-every-host",
    Medium,
    Medium,
    ["CWE-522"],
    "every host that is logged in to may use the agent or the display of the user",
    "forward for single hosts, or jump by `ProxyJump`"
);
rule!(
    HOST_KEY,
    "host-key-not-verified",
    High,
    High,
    ["CWE-322"],
    "the key of the host is not verified: anybody on the way can be it",
    "ship the host keys as `known_hosts`, or sign them with an authority"
);
rule!(
    KEY,
    "weak-ssh-key",
    High,
    High,
    ["CWE-326"],
    "a key that is too short or of a kind that is given up",
    "replace it by an Ed25519 key"
);
rule!(
    FOREVER,
    "certificate-without-end",
    Medium,
    High,
    ["CWE-324"],
    "a certificate that never ends: it can only be revoked",
    "sign with `-V`, for hours where a service signs and for days where people do"
);
rule!(
    ANYBODY,
    "certificate-for-anybody",
    High,
    High,
    ["CWE-863"],
    "a certificate without principals is one for every account",
    "sign with `-n` and the names of accounts or hosts"
);
rule!(
    ENDED,
    "expired-ssh-certificate",
    Low,
    High,
    ["CWE-298"],
    "a certificate that is no longer valid",
    "remove it, or sign the key anew"
);
rule!(
    AUTHORITY,
    "unlimited-certificate-authority",
    Low,
    Medium,
    ["CWE-863"],
    "an authority may name itself any principal for this account",
    "add `principals=\"...\"` to the line"
);
rule!(
    UNCHECKED,
    "certificate-fields-unchecked",
    Medium,
    Medium,
    ["CWE-295"],
    "a certificate is used without looking at what limits it",
    "let `ssh.CertChecker` decide, with `IsRevoked` and the authority set"
);
