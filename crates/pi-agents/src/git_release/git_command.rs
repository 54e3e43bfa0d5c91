//! Git commands in shell text: found through wrappers, split by git's grammar.

use pi_artifacts::Span;
use pi_artifacts::shell::{Command, Script, Word, parse_shell};

/// How often a command may hold a script that holds a command.
const MAX_SCRIPTS: usize = 4;

/// A command of git or, for the deletion of a repository, another program.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The program: `git` or `rm`.
    pub program: &'static str,
    /// The words behind the program, and behind git's own options; aliases that
    /// are given on the command line are replaced.
    pub words: Vec<Text>,
    /// Where the command stands.
    pub span: Span,
}

/// A word: its value, or nothing when it is only known at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text(pub Option<String>);

impl Text {
    /// The value, or a text that is equal to no option and no reference.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("\u{2026}")
    }
}

impl From<&Word> for Text {
    fn from(word: &Word) -> Self {
        Self(word.literal().map(str::to_owned))
    }
}

/// All invocations of a script, those inside `sh -c`, `eval` and heredocs of
/// shells included.
pub(crate) fn invocations(script: &Script) -> Vec<Invocation> {
    let mut out = Vec::new();
    collect(script, None, MAX_SCRIPTS, &mut out);
    out
}

fn collect(script: &Script, place: Option<Span>, depth: usize, out: &mut Vec<Invocation>) {
    for command in script.commands() {
        let span = place.unwrap_or(command.span);
        let Some(simple) = command.simple() else { continue };
        let words: Vec<Text> = simple.words.iter().map(Text::from).collect();
        unwrap(&words, span, depth, out);
        if let Some(body) = shell_input(script, command)
            && depth > 0
            && let Ok(inner) = parse_shell(body, 0)
        {
            collect(&inner, Some(span), depth - 1, out);
        }
    }
}

const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "zsh", "ksh"];

/// The heredoc that a shell without a script reads.
fn shell_input<'a>(script: &'a Script, command: &Command) -> Option<&'a str> {
    let name = base(command.name()?);
    let reads = command.arguments().iter().all(|word| word.text == "-s" || word.text == "-");
    if !SHELLS.contains(&name) || !reads {
        return None;
    }
    let body = command.redirections.iter().find_map(|redirection| script.heredoc(redirection))?;
    Some(&body.body.text)
}

/// The name of a program without its directory.
fn base(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Programs that run the program behind them, with their options that take a
/// value in the next word.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("builtin", &[]),
    ("chronic", &[]),
    ("command", &[]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "--unset", "-C", "--chdir", "-S", "-P"]),
    ("exec", &["-a"]),
    ("ionice", &["-c", "-n"]),
    ("nice", &["-n"]),
    ("nohup", &[]),
    ("parallel", &["-j", "--jobs", "-I"]),
    ("setsid", &[]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-T", "-D", "-R", "--user", "--group"]),
    ("time", &["-f", "-o"]),
    ("timeout", &["-k", "-s", "--signal", "--kill-after"]),
    (
        "xargs",
        &[
            "-I",
            "-i",
            "-n",
            "-P",
            "-L",
            "-d",
            "-a",
            "-E",
            "-s",
            "--max-args",
            "--max-procs",
            "--delimiter",
            "--replace",
        ],
    ),
];

/// Finds the program behind wrappers and reports it when it matters.
fn unwrap(words: &[Text], span: Span, depth: usize, out: &mut Vec<Invocation>) {
    let Some((first, rest)) = words.split_first() else { return };
    let name = base(first.as_str());
    if name == "git" {
        out.extend(subcommand(rest, span, depth));
    } else if name == "rm" {
        out.push(Invocation { program: "rm", words: rest.to_vec(), span });
    } else if SHELLS.contains(&name) || name == "eval" {
        if let Some(script) = script_of(name, rest)
            && depth > 0
            && let Ok(inner) = parse_shell(&script, 0)
        {
            collect(&inner, Some(span), depth - 1, out);
        }
    } else if name == "find" {
        // `find ... -exec git ... ;`
        let mut rest = rest;
        while let Some(at) = rest
            .iter()
            .position(|word| matches!(word.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir"))
        {
            rest = rest.get(at + 1..).unwrap_or_default();
            let end = rest.iter().position(|word| matches!(word.as_str(), ";" | "+"));
            if depth > 0 {
                let inner = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                unwrap(inner, span, depth - 1, out);
            }
        }
    } else if let Some((_, valued)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name)
        && depth > 0
    {
        unwrap(behind_wrapper(name, valued, rest), span, depth - 1, out);
    }
}

/// The words behind a wrapper, its options and its own operands.
fn behind_wrapper<'a>(name: &str, valued: &[&str], words: &'a [Text]) -> &'a [Text] {
    let mut at = 0;
    let mut operands = usize::from(name == "timeout");
    while let Some(word) = words.get(at).map(Text::as_str) {
        let assigns = (name == "env" || name == "sudo") && word.contains('=');
        if word == "--" {
            at += 1;
            break;
        } else if valued.contains(&word) {
            at += 2;
        } else if (word.starts_with('-') && word.len() > 1) || assigns {
            at += 1;
        } else if operands > 0 {
            operands -= 1;
            at += 1;
        } else {
            break;
        }
    }
    words.get(at..).unwrap_or_default()
}

/// The script of `sh -c script` or `eval words`, when it is known.
fn script_of(name: &str, words: &[Text]) -> Option<String> {
    if name == "eval" {
        let words: Option<Vec<&str>> = words.iter().map(|word| word.0.as_deref()).collect();
        return words.map(|words| words.join(" "));
    }
    let option = words.iter().position(|word| {
        let text = word.as_str();
        text.starts_with('-') && !text.starts_with("--") && text.contains('c')
    })?;
    words.get(option + 1..)?.iter().find(|word| !word.as_str().starts_with('-'))?.0.clone()
}

/// Git's own options that take a value in the next word.
const GLOBAL_VALUES: &[&str] = &[
    "-C",
    "-c",
    "--git-dir",
    "--work-tree",
    "--namespace",
    "--super-prefix",
    "--config-env",
    "--attr-source",
    "--exec-path",
];

/// Skips git's own options and replaces an alias that one of them defines.
fn subcommand(words: &[Text], span: Span, depth: usize) -> Option<Invocation> {
    let mut aliases: Vec<(&str, &str)> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at).map(Text::as_str).filter(|word| word.starts_with('-')) {
        if matches!(word, "--help" | "-h" | "--version" | "-v") {
            return None;
        }
        let takes_value = GLOBAL_VALUES.contains(&word) && word != "--exec-path";
        let setting = match word.strip_prefix("-c") {
            Some("") => words.get(at + 1).map(Text::as_str),
            Some(setting) => Some(setting),
            None => None,
        };
        if let Some((name, value)) = setting.and_then(|setting| setting.split_once('='))
            && let Some(alias) = name.strip_prefix("alias.")
        {
            aliases.push((alias, value));
        }
        at += if takes_value { 2 } else { 1 };
    }
    let rest = words.get(at..)?;
    let name = rest.first()?.as_str();
    let replaced = aliases.iter().find(|(alias, _)| *alias == name).map(|(_, value)| *value);
    let mut words: Vec<Text> = rest.to_vec();
    if let Some(value) = replaced.filter(|_| depth > 0) {
        let value = value.strip_prefix("!git ").unwrap_or(value);
        let inner = value.split_whitespace().map(|word| Text(Some(word.to_owned())));
        words = inner.chain(rest.iter().skip(1).cloned()).collect();
    }
    Some(Invocation { program: "git", words, span })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(script: &str) -> Vec<String> {
        let script = parse_shell(script, 0).unwrap();
        let show = |i: &Invocation| {
            let words: Vec<&str> = i.words.iter().map(Text::as_str).collect();
            format!("{} {}", i.program, words.join(" "))
        };
        invocations(&script).iter().map(show).collect()
    }

    #[test]
    fn git_is_found_behind_wrappers() {
        for script in [
            "git push -f",
            "cd x && /usr/bin/git -C /y -c a.b=c --no-pager push -f",
            "sudo -u bob env A=1 git push -f",
            "timeout -k 5 30 git push -f",
            "echo a | xargs -n 1 git push -f",
            "bash -lc 'git push -f'",
            "sh -c \"sudo git push -f\"",
            "eval git push -f",
            "bash <<E\ngit push -f\nE",
            "find . -name .git -execdir git push -f \\;",
            "git -c alias.x='push -f' x",
            "g\"i\"t pu\\sh '-f'",
            "echo $(git push -f)",
        ] {
            assert_eq!(found(script), ["git push -f"], "{script}");
        }
        assert!(found("echo git push -f; # git push -f").is_empty());
        assert!(found("git --help push").is_empty());
    }
}
