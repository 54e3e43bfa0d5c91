//! Addresses of the Docker engine without protection.

/// How an address of an engine is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// TCP without TLS: the plain port, or plain HTTP.
    Plain,
    /// A socket of a runtime on this machine.
    Socket,
    /// TLS, SSH or unknown.
    Other,
}

/// The transport of a `DOCKER_HOST` value or a `-H` option.
pub(crate) fn transport(address: &str) -> Transport {
    let address = address.trim().trim_matches(['"', '\'']);
    if let Some(path) = address.strip_prefix("unix://").or_else(|| address.strip_prefix("npipe://"))
    {
        return if super::isolation::is_socket(path) {
            Transport::Socket
        } else {
            Transport::Other
        };
    }
    let Some(rest) = address.strip_prefix("tcp://").or_else(|| address.strip_prefix("http://"))
    else {
        return Transport::Other;
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    // Without a port the client takes 2375.
    match port {
        None | Some("2375") => Transport::Plain,
        Some(_) => Transport::Other,
    }
}

/// The address that an engine is told to listen on: `-H tcp://0.0.0.0:2375`,
/// `--host=tcp://...`, among the words of its command.
pub(crate) fn listens_plainly(words: &[&str]) -> bool {
    let engine = words.iter().any(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name == "dockerd" || name == "docker" || name == "dockerd-entrypoint.sh"
    });
    let verified = words.iter().any(|word| word.starts_with("--tlsverify"));
    let plain = words.iter().any(|word| {
        let value = word.strip_prefix("--host=").or_else(|| word.strip_prefix("-H"));
        transport(value.unwrap_or(word).trim_start_matches('=')) == Transport::Plain
    });
    plain && !verified && (engine || words.iter().any(|word| word.starts_with("--host=tcp")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_tcp_is_told_from_the_rest() {
        for (address, expected) in [
            ("tcp://dind:2375", Transport::Plain),
            ("tcp://dind", Transport::Plain),
            ("http://10.0.0.1:2375/", Transport::Plain),
            ("tcp://dind:2376", Transport::Other),
            ("ssh://user@host", Transport::Other),
            ("unix:///var/run/docker.sock", Transport::Socket),
            ("unix:///srv/app.sock", Transport::Other),
        ] {
            assert_eq!(transport(address), expected, "{address}");
        }
        assert!(listens_plainly(&["dockerd", "-H", "tcp://0.0.0.0:2375"]));
        assert!(listens_plainly(&["dockerd", "--host=tcp://0.0.0.0:2375"]));
        assert!(!listens_plainly(&["dockerd", "-H", "tcp://0.0.0.0:2376", "--tlsverify"]));
        assert!(!listens_plainly(&["curl", "tcp://example:2375"]));
    }
}
