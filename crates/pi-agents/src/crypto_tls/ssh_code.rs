//! SSH in scripts and programs.

use pi_agent_api::{Report, Stop};
use pi_artifacts::python::{Module, Value};
use pi_artifacts::shell::{CommandKind, Script};
use pi_artifacts::syntax::{Node, Syntax};

use super::crypto_calls::Finder;
use super::ssh_rules::{HOST_KEY, UNCHECKED};

const MESSAGE: &str = "every host key is accepted";

/// `ssh -o StrictHostKeyChecking=no` and its like.
pub(super) fn shell(script: &Script, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    for command in script.commands() {
        finder.tick()?;
        let CommandKind::Simple(simple) = &command.kind else { continue };
        let name = simple.words.first().map(|word| word.text.as_str()).unwrap_or_default();
        if !matches!(name, "ssh" | "scp" | "sftp" | "rsync" | "ssh-copy-id" | "sshfs" | "autossh") {
            continue;
        }
        for word in &simple.words {
            let text = word.text.to_ascii_lowercase();
            let option = text.strip_prefix("-o").unwrap_or(&text).replace(' ', "=");
            if option.contains("stricthostkeychecking=no")
                || option.contains("stricthostkeychecking=off")
            {
                finder.say(&HOST_KEY, word.span, name, MESSAGE.to_owned());
            }
        }
    }
    Ok(())
}

/// Go: `golang.org/x/crypto/ssh`.
pub(super) fn go(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let is_ssh = syntax
        .nodes_of("import_spec")
        .any(|spec| spec.text(text).contains("golang.org/x/crypto/ssh\""));
    if !is_ssh {
        return Ok(());
    }
    let mut finder = Finder::new(report);
    for call in syntax.nodes_of("call_expression") {
        finder.tick()?;
        if call.field("function").is_some_and(|f| f.text(text) == "ssh.InsecureIgnoreHostKey") {
            finder.say(&HOST_KEY, call.span(), "InsecureIgnoreHostKey", MESSAGE.to_owned());
        }
    }
    let uses = |name: &str| {
        ["field_identifier", "identifier", "type_identifier"]
            .iter()
            .any(|kind| syntax.nodes_of(kind).any(|node| node.text(text) == name))
    };
    let asserted = syntax.nodes_of("type_assertion_expression").find(|node| {
        node.field("type")
            .is_some_and(|kind| kind.text(text).replace(' ', "") == "*ssh.Certificate")
    });
    // A checker looks at all of them but for revocation, which it must be told.
    if let Some(node) = asserted.filter(|_| !uses("CertChecker")) {
        let missing: Vec<&str> =
            [("ValidBefore", "validity"), ("ValidPrincipals", "principals"), ("CertType", "type")]
                .into_iter()
                .filter(|(field, _)| !uses(field))
                .map(|(_, what)| what)
                .collect();
        if !missing.is_empty() {
            finder.say(
                &UNCHECKED,
                node.span(),
                "ssh.Certificate",
                format!("a certificate is used without a look at its {}", missing.join(", ")),
            );
        }
    }
    Ok(())
}

/// Java: JSch and sshj.
pub(super) fn java(syntax: &Syntax, text: &str, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    for call in syntax.nodes_of("method_invocation") {
        finder.tick()?;
        let name = call.field("name").map(|node| node.text(text)).unwrap_or_default();
        let given: Vec<&str> = call
            .field("arguments")
            .map(|list| list.named_children().map(|node: Node<'_>| node.text(text)).collect())
            .unwrap_or_default();
        let accepts = match (name, given.as_slice()) {
            ("setConfig" | "put" | "setProperty", [key, value]) => {
                *key == "\"StrictHostKeyChecking\"" && *value == "\"no\""
            }
            ("addHostKeyVerifier", [verifier]) => verifier.contains("PromiscuousVerifier"),
            _ => false,
        };
        if accepts {
            finder.say(&HOST_KEY, call.span(), name, MESSAGE.to_owned());
        }
    }
    Ok(())
}

/// Python: paramiko, asyncssh.
pub(super) fn python(module: &Module, report: &mut Report) -> Result<(), Stop> {
    let mut finder = Finder::new(report);
    for call in &module.calls {
        finder.tick()?;
        let policy = |value: &Value| {
            let (Value::Name(name) | Value::Call(Some(name))) = value else { return false };
            name.starts_with("paramiko.")
                && (name.ends_with("AutoAddPolicy") || name.ends_with("WarningPolicy"))
        };
        for argument in &call.arguments {
            let ignores = call.name.as_deref().is_some_and(|name| name.starts_with("asyncssh."))
                && argument.name.as_deref() == Some("known_hosts")
                && argument.value == Value::None;
            if policy(&argument.value) || ignores {
                finder.say(&HOST_KEY, argument.span, "host key policy", MESSAGE.to_owned());
            }
        }
    }
    Ok(())
}
