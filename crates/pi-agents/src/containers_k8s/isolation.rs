//! What breaks the wall between a container and its host: capabilities, paths
//! and sockets, as Kubernetes and Compose share them.

use pi_core::Severity;

/// Capabilities that the baseline of the Pod Security Standards allows to add.
const BASELINE: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Capabilities with a known way out of the container.
const BREAKOUT: &[&str] = &[
    "ALL",
    "BPF",
    "CHECKPOINT_RESTORE",
    "DAC_READ_SEARCH",
    "NET_ADMIN",
    "PERFMON",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

/// The name of a capability without `CAP_`, in upper case.
pub(crate) fn capability_name(word: &str) -> String {
    let upper = word.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

/// How bad it is to add a capability; `None` for those of the baseline.
pub(crate) fn capability_severity(name: &str) -> Option<Severity> {
    if BREAKOUT.contains(&name) {
        Some(if name == "ALL" || name == "SYS_ADMIN" || name == "SYS_MODULE" {
            Severity::High
        } else {
            Severity::Medium
        })
    } else if BASELINE.contains(&name) {
        None
    } else {
        Some(Severity::Medium)
    }
}

/// File names of the sockets of container runtimes.
const SOCKETS: &[&str] = &[
    "docker.sock",
    "containerd.sock",
    "containerd.sock.ttrpc",
    "crio.sock",
    "cri-dockerd.sock",
    "dockershim.sock",
    "podman.sock",
    "buildkitd.sock",
];

/// Directories that hold such sockets.
const SOCKET_DIRECTORIES: &[&str] = &[
    "/run",
    "/var/run",
    "/run/containerd",
    "/var/run/containerd",
    "/run/k3s/containerd",
    "/run/crio",
    "/var/run/crio",
    "/run/podman",
    "/var/run/podman",
    "/run/docker",
    "/var/run/docker",
];

/// Directories that give control over the host when they can be written; those
/// below count too.
const SENSITIVE: &[&str] = &[
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt/cni",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/bin",
    "/sys",
    "/usr",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log",
    "/var/run",
];

/// Files and directories below the sensitive ones that tell nothing and
/// control nothing: time zone and certificates.
const HARMLESS: &[&str] = &[
    "/dev/dri",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
    "/dev/null",
    "/dev/shm",
    "/dev/snd",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
    "/etc/localtime",
    "/etc/pki/ca-trust",
    "/etc/ssl/certs",
    "/etc/timezone",
    "/run/dbus",
    "/run/udev",
    "/usr/share",
    "/var/run/dbus",
];

/// What a path of the host gives away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposure {
    /// The socket of a container runtime.
    Socket,
    /// A directory that holds such a socket.
    SocketDirectory,
    /// The whole file system.
    Root,
    /// A directory that gives control over the host.
    Sensitive,
    /// Nothing in particular.
    Ordinary,
}

/// What mounting `path` of the host exposes.
pub(crate) fn exposure(path: &str) -> Exposure {
    let path = normalised(path);
    let below = |list: &[&str]| {
        list.iter().any(|directory| {
            path.strip_prefix(directory)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    if is_socket(&path) {
        Exposure::Socket
    } else if SOCKET_DIRECTORIES.contains(&path.as_str()) {
        Exposure::SocketDirectory
    } else if path == "/" {
        Exposure::Root
    } else if below(SENSITIVE) && !below(HARMLESS) {
        Exposure::Sensitive
    } else {
        Exposure::Ordinary
    }
}

/// Whether a path names the socket of a container runtime, on any host.
pub(crate) fn is_socket(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    SOCKETS.contains(&name) || (path.starts_with(r"\\.\pipe\") && name == "docker_engine")
}

/// The path without empty, `.` and `..` components.
fn normalised(path: &str) -> String {
    if !path.starts_with('/') {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_judged_by_component() {
        for (path, expected) in [
            ("/var/run/docker.sock", Exposure::Socket),
            ("/run/user/1000/podman/podman.sock", Exposure::Socket),
            ("/var/run/", Exposure::SocketDirectory),
            ("//", Exposure::Root),
            ("/srv/..", Exposure::Root),
            ("/etc/nginx", Exposure::Sensitive),
            ("/etc/localtime", Exposure::Ordinary),
            ("/etcetera", Exposure::Ordinary),
            ("./etc", Exposure::Ordinary),
            ("/srv/data", Exposure::Ordinary),
        ] {
            assert_eq!(exposure(path), expected, "{path}");
        }
    }

    #[test]
    fn capabilities_have_one_name() {
        assert_eq!(capability_name("cap_sys_admin"), "SYS_ADMIN");
        assert_eq!(capability_severity("CHOWN"), None);
        assert_eq!(capability_severity("SYS_ADMIN"), Some(Severity::High));
        assert_eq!(capability_severity("NET_RAW"), Some(Severity::Medium));
    }
}
