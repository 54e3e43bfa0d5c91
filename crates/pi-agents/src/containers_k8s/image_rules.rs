//! The rules of [`super::docker_image_scanner`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// A secret in `ENV`.
pub(crate) const SECRET_ENV: Rule = Rule {
    id: "secret-in-env",
    summary: "a secret is written into the environment of an image",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CIS-DOCKER-4.10"],
    fix: "pass the value when the container starts, or mount it with `RUN --mount=type=secret`",
};

/// A secret as the default of an `ARG`.
pub(crate) const SECRET_ARG: Rule = Rule {
    id: "secret-in-build-arg",
    summary: "a build argument has a secret as its default",
    severity: Severity::High,
    confidence: Confidence::Medium,
    references: &["CWE-798", "CIS-DOCKER-4.10"],
    fix: "use `RUN --mount=type=secret`; build arguments stay in the history of the image",
};

/// The last user is root.
pub(crate) const ROOT: Rule = Rule {
    id: "root-user",
    summary: "the image runs as root because its last USER says so",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-250", "CIS-DOCKER-4.1"],
    fix: "end the final stage with an unprivileged `USER`",
};

/// No user is named.
pub(crate) const NO_USER: Rule = Rule {
    id: "no-user",
    summary: "the image names no user and so runs as root unless its base says otherwise",
    severity: Severity::Low,
    confidence: Confidence::Medium,
    references: &["CWE-250", "CIS-DOCKER-4.1"],
    fix: "create a user and name it by `USER` in the final stage",
};

/// A remote `ADD` without a checksum.
pub(crate) const REMOTE_ADD: Rule = Rule {
    id: "unverified-remote-add",
    summary: "ADD takes a file from the network without a checksum",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-494", "CIS-DOCKER-4.9"],
    fix: "add `--checksum=sha256:...`, or download and verify in one RUN",
};

/// `ADD` of plain local files.
pub(crate) const LOCAL_ADD: Rule = Rule {
    id: "add-instead-of-copy",
    summary: "ADD is used where COPY does the same without surprises",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CIS-DOCKER-4.9"],
    fix: "use `COPY`",
};

/// `curl | sh`.
pub(crate) const REMOTE_SCRIPT: Rule = Rule {
    id: "remote-script-executed",
    summary: "a script from the network is executed unseen",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-494"],
    fix: "download it, verify a checksum or signature, then run it",
};

/// Downloads without verification.
pub(crate) const NO_TLS_CHECK: Rule = Rule {
    id: "download-without-verification",
    summary: "the check of certificates or signatures is switched off for a download",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &["CWE-295"],
    fix: "remove the option; install the missing certificate authority instead",
};

/// `sudo` in RUN.
pub(crate) const SUDO: Rule = Rule {
    id: "sudo-in-build",
    summary: "sudo is used in a build that has the rights already",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-250"],
    fix: "switch by `USER` instead",
};

/// `chmod 777`.
pub(crate) const WORLD_WRITABLE: Rule = Rule {
    id: "world-writable-files",
    summary: "files are made writable for everybody",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-732"],
    fix: "give the rights to the one user that needs them",
};

/// No `-y`.
pub(crate) const PROMPT: Rule = Rule {
    id: "package-manager-prompts",
    summary: "a package manager asks a question that nobody can answer",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "add `-y` (or `--non-interactive` for zypper)",
};

/// `apt-get update` alone.
pub(crate) const INDEX_ALONE: Rule = Rule {
    id: "package-index-alone",
    summary: "the package index is updated in a layer of its own and gets stale in the cache",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CIS-DOCKER-4.7"],
    fix: "update and install in one RUN",
};

/// Caches in the layer.
pub(crate) const CACHE: Rule = Rule {
    id: "package-cache-kept",
    summary: "the cache of a package manager stays in the image",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "remove it in the same RUN, or use the option that keeps none",
};

/// Recommended packages.
pub(crate) const RECOMMENDS: Rule = Rule {
    id: "recommended-packages-installed",
    summary: "packages that nobody asked for are installed",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CIS-DOCKER-4.3"],
    fix: "add `--no-install-recommends`",
};

/// No version named.
pub(crate) const UNPINNED: Rule = Rule {
    id: "unpinned-package",
    summary: "a package is installed in whatever version there is today",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CWE-1357"],
    fix: "name a version",
};

/// No `HEALTHCHECK`.
pub(crate) const NO_HEALTHCHECK: Rule = Rule {
    id: "no-healthcheck",
    summary: "the image says nothing about how to check its health",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &["CIS-DOCKER-4.6"],
    fix: "add a `HEALTHCHECK`",
};

/// Several `CMD`, `ENTRYPOINT` or `HEALTHCHECK`.
pub(crate) const OVERRIDDEN: Rule = Rule {
    id: "overridden-instruction",
    summary: "an instruction has no effect because a later one replaces it",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "keep the last one only",
};

/// `CMD` in shell form.
pub(crate) const SHELL_FORM: Rule = Rule {
    id: "shell-form-command",
    summary: "the program runs below a shell and does not get signals",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use the JSON form",
};

/// Port 22.
pub(crate) const SSH_PORT: Rule = Rule {
    id: "ssh-port-exposed",
    summary: "the image offers SSH",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-668", "CIS-DOCKER-5.6"],
    fix: "use `docker exec` or `kubectl exec` instead",
};

/// Ports out of range.
pub(crate) const BAD_PORT: Rule = Rule {
    id: "invalid-port",
    summary: "a port outside 0 to 65535 is exposed",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "name a valid port",
};

/// `WORKDIR` without a root.
pub(crate) const RELATIVE_WORKDIR: Rule = Rule {
    id: "relative-workdir",
    summary: "the working directory depends on the base image",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use an absolute path",
};

/// Two stages of one name.
pub(crate) const DUPLICATE_STAGE: Rule = Rule {
    id: "duplicate-stage-name",
    summary: "two stages have the same name",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "give each stage a name of its own",
};

/// `COPY --from` of the same stage.
pub(crate) const COPY_SELF: Rule = Rule {
    id: "copy-from-own-stage",
    summary: "COPY takes from the stage it stands in",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &[],
    fix: "name an earlier stage",
};

/// `MAINTAINER`.
pub(crate) const MAINTAINER: Rule = Rule {
    id: "maintainer-instruction",
    summary: "MAINTAINER is deprecated",
    severity: Severity::Info,
    confidence: Confidence::High,
    references: &[],
    fix: "use `LABEL org.opencontainers.image.authors=...`",
};
