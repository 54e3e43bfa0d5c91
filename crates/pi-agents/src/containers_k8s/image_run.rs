//! Checks of the commands of RUN.

use pi_agent_api::{Report, Rule};
use pi_artifacts::dockerfile::Instruction;

use super::image_packages;
use super::image_rules as rules;
use super::run_commands::Command;

/// A RUN instruction with its commands.
pub(crate) struct Run<'a> {
    /// The instruction.
    pub instruction: &'a Instruction,
    /// Its commands.
    pub commands: &'a [Command],
    /// `stage 1/RUN[2]`: the second RUN of the first stage.
    pub subject: String,
    /// The layer is part of the final image.
    pub shipped: bool,
}

impl Run<'_> {
    /// Reports something about the instruction.
    pub(super) fn report(
        &self,
        rule: &'static Rule,
        detail: &str,
        message: String,
        report: &mut Report,
    ) {
        report
            .finding(rule, self.instruction.span)
            .message(message)
            .subject(format!("{}/{detail}", self.subject));
    }

    /// Whether a command passes a test.
    pub(super) fn any(&self, test: impl Fn(&Command) -> bool) -> bool {
        self.commands.iter().any(test)
    }
}

/// All checks.
pub(crate) fn check(run: &Run<'_>, report: &mut Report) {
    remote_script(run, report);
    for command in run.commands {
        unverified(run, command, report);
        privileges(run, command, report);
    }
    image_packages::check(run, report);
}

const DOWNLOADERS: &[&str] = &["curl", "wget", "fetch", "aria2c"];
const SHELLS: &[&str] = &[
    "sh", "bash", "dash", "ash", "zsh", "ksh", "python", "python3", "perl", "ruby", "node", "php",
];

fn remote_script(run: &Run<'_>, report: &mut Report) {
    for (index, command) in run.commands.iter().enumerate() {
        let inserts = SHELLS.contains(&command.program())
            || matches!(command.program(), "source" | "." | "eval");
        let inserted = command.substitutes.iter().find(|name| is_downloader(name));
        let downloader = match inserted.filter(|_| inserts) {
            Some(name) => name.as_str(),
            None if is_downloader(command.program()) => {
                let later = run.commands.get(index + 1..).unwrap_or_default();
                // `curl | gunzip | sh`: the end of the pipe counts.
                let piped = std::iter::once(command)
                    .chain(later)
                    .zip(later)
                    .take_while(|(from, _)| from.piped)
                    .any(|(_, to)| SHELLS.contains(&to.program()) && reads_input(to));
                if !piped {
                    continue;
                }
                command.program()
            }
            None => continue,
        };
        let message = format!("the output of {downloader} is executed unseen");
        run.report(&rules::REMOTE_SCRIPT, downloader, message, report);
    }
}

fn is_downloader(program: &str) -> bool {
    DOWNLOADERS.contains(&program)
}

/// A shell without a script of its own reads its input. Options with a value
/// (`-s -- args`) do not make a script.
fn reads_input(command: &Command) -> bool {
    match command.arguments().first().map(String::as_str) {
        None | Some("-" | "-s" | "/dev/stdin") => true,
        Some("-c" | "-m" | "-e") => false,
        Some(option) => option.starts_with('-'),
    }
}

fn unverified(run: &Run<'_>, command: &Command, report: &mut Report) {
    let has = |word: &str| command.arguments().iter().any(|argument| argument == word);
    let found = match command.program() {
        "curl" => command.has_option(Some('k'), &["insecure", "proxy-insecure"]),
        "wget" => command.has_option(None, &["no-check-certificate"]),
        "pip" | "pip3" => command.has_option(None, &["trusted-host"]),
        "apt-get" | "apt" | "aptitude" => command.has_option(
            None,
            &["allow-unauthenticated", "force-yes", "allow-insecure-repositories"],
        ),
        "yum" | "dnf" | "microdnf" | "zypper" => {
            command.has_option(None, &["nogpgcheck", "no-gpg-checks"])
        }
        "apk" => command.has_option(None, &["allow-untrusted"]),
        "npm" | "yarn" => has("strict-ssl=false") || (has("strict-ssl") && has("false")),
        "git" => has("http.sslVerify=false") || (has("http.sslVerify") && has("false")),
        _ => false,
    };
    if found {
        let message = format!("{} does not verify what it downloads", command.program());
        run.report(&rules::NO_TLS_CHECK, command.program(), message, report);
    }
}

fn privileges(run: &Run<'_>, command: &Command, report: &mut Report) {
    if command.words.iter().find(|word| !word.contains('=')).is_some_and(|word| word == "sudo") {
        run.report(&rules::SUDO, command.program(), rules::SUDO.summary.to_owned(), report);
    }
    if command.program() == "chmod" {
        let everybody = command.operands().next().is_some_and(|mode| {
            let octal = mode.bytes().all(|b| b.is_ascii_digit());
            let others = mode.bytes().last().unwrap_or_default();
            // The last digit holds the write bit; a sticky directory is meant so.
            (octal && matches!(others, b'2' | b'3' | b'6' | b'7') && !mode.starts_with('1'))
                || mode == "a+w"
                || mode == "o+w"
                || mode == "a+rwx"
                || mode == "ugo+rwx"
        });
        if everybody {
            let target = command.operands().nth(1).unwrap_or_default();
            let message = format!("`{target}` is made writable for everybody");
            run.report(&rules::WORLD_WRITABLE, target, message, report);
        }
    }
}
