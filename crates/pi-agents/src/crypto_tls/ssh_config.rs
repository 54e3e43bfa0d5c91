//! The configuration of OpenSSH's server and client.

use pi_agent_api::{Report, Rule, Stop};
use pi_artifacts::directive::{Line, lines};

use super::ssh_rules::*;

/// Whose configuration a file is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Server,
    Client,
}

/// The role of a file, by its path.
pub(super) fn role(path: &str) -> Option<Role> {
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or(&path);
    let is = |word: &str| name.starts_with(word) || path.contains(&format!("{word}.d/"));
    if is("sshd_config") {
        Some(Role::Server)
    } else if is("ssh_config") || path.ends_with(".ssh/config") {
        Some(Role::Client)
    } else {
        None
    }
}

/// Algorithms that are given up: broken, or over SHA-1.
const WEAK: &[&str] = &[
    "3des-cbc",
    "blowfish-cbc",
    "cast128-cbc",
    "arcfour",
    "arcfour128",
    "arcfour256",
    "des-cbc",
    "rijndael-cbc@lysator.liu.se",
    "none",
    "hmac-md5",
    "hmac-md5-96",
    "hmac-md5-etm@openssh.com",
    "hmac-md5-96-etm@openssh.com",
    "hmac-ripemd160",
    "hmac-ripemd160@openssh.com",
    "hmac-ripemd160-etm@openssh.com",
    "hmac-sha1-96",
    "hmac-sha1-96-etm@openssh.com",
    "diffie-hellman-group1-sha1",
    "diffie-hellman-group14-sha1",
    "diffie-hellman-group-exchange-sha1",
    "rsa1024-sha1",
    "ssh-dss",
    "ssh-rsa",
    "ssh-dss-cert-v01@openssh.com",
    "ssh-rsa-cert-v01@openssh.com",
];

const LISTS: &[&str] = &[
    "ciphers",
    "macs",
    "kexalgorithms",
    "hostkeyalgorithms",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "hostbasedacceptedalgorithms",
    "casignaturealgorithms",
];

/// Settings of the server with the value that breaks a rule.
const SERVER: &[(&str, &str, &Rule)] = &[
    ("permitrootlogin", "yes", &ROOT),
    ("permitemptypasswords", "yes", &EMPTY),
    ("passwordauthentication", "yes", &PASSWORD),
    ("protocol", "1", &PROTOCOL),
    ("protocol", "1,2", &PROTOCOL),
    ("protocol", "2,1", &PROTOCOL),
    ("hostbasedauthentication", "yes", &TRUST),
    ("ignorerhosts", "no", &TRUST),
    ("rhostsrsaauthentication", "yes", &TRUST),
    ("permituserenvironment", "yes", &ENVIRONMENT),
    ("strictmodes", "no", &MODES),
];

/// Settings of the client with the value that breaks a rule.
const CLIENT: &[(&str, &str, &Rule)] = &[
    ("protocol", "1", &PROTOCOL),
    ("protocol", "1,2", &PROTOCOL),
    ("protocol", "2,1", &PROTOCOL),
    ("hostbasedauthentication", "yes", &TRUST),
    ("stricthostkeychecking", "no", &HOST_KEY),
    ("stricthostkeychecking", "off", &HOST_KEY),
    ("userknownhostsfile", "/dev/null", &HOST_KEY),
];

/// Looks at every line. For each keyword OpenSSH takes the first value, per block.
pub(super) fn check(role: Role, text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut block = "all".to_owned();
    let mut seen: Vec<String> = Vec::new();
    for line in lines(text) {
        report.tick(1)?;
        let name = line.name.to_ascii_lowercase();
        if matches!(name.as_str(), "host" | "match") {
            block = line.words().collect::<Vec<_>>().join(" ").to_ascii_lowercase();
            seen.clear();
            continue;
        }
        if seen.contains(&name) {
            continue;
        }
        judge(role, &name, &line, &block, report);
        seen.push(name);
    }
    Ok(())
}

fn judge(role: Role, name: &str, line: &Line, block: &str, report: &mut Report) {
    let subject = format!("{block}/{name}");
    if LISTS.contains(&name) {
        let list = line.value.as_str();
        if list.starts_with('-') {
            return;
        }
        for item in list.trim_start_matches(['+', '^']).split(',').map(str::trim) {
            if WEAK.contains(&item) {
                report
                    .finding(&ALGORITHM, line.span())
                    .message(format!("`{item}` is accepted"))
                    .subject(format!("{subject}/{item}"));
            }
        }
        return;
    }
    let value = line.value.to_ascii_lowercase();
    let table = if role == Role::Server { SERVER } else { CLIENT };
    for (_, _, rule) in table.iter().filter(|(key, bad, _)| *key == name && *bad == value) {
        report.finding(rule, line.span()).subject(subject.clone());
    }
    // Only where it holds for every host: a forward to one's own host is a choice.
    let everywhere = matches!(block, "*" | "all");
    let forwards = matches!(name, "forwardagent" | "forwardx11trusted");
    if role == Role::Client && forwards && value == "yes" && everywhere {
        report.finding(&FORWARD, line.span()).subject(subject);
    }
}
