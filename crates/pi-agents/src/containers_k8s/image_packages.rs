//! Checks of package managers in RUN.

use pi_agent_api::Report;

use super::image_rules as rules;
use super::image_run::Run;
use super::run_commands::Command;

/// All checks of one instruction.
pub(crate) fn check(run: &Run<'_>, report: &mut Report) {
    for command in run.commands {
        if let Some(install) = Install::of(command) {
            install_options(run, command, &install, report);
            unpinned(run, command, &install, report);
        }
    }
    stale_index(run, report);
    if run.shipped {
        caches(run, report);
    }
}

/// An installation by a package manager.
struct Install<'a> {
    manager: &'a str,
    packages: Vec<&'a str>,
}

impl<'a> Install<'a> {
    fn of(command: &'a Command) -> Option<Self> {
        let manager = command.program();
        let verbs: &[&str] = match manager {
            "apt-get" | "apt" | "aptitude" | "yum" | "dnf" | "microdnf" | "gem" => &["install"],
            "zypper" => &["install", "in"],
            "apk" => &["add"],
            "pip" | "pip3" => &["install"],
            "npm" => &["install", "i", "add"],
            _ => return None,
        };
        let mut operands = operands(command, manager);
        let verb = operands.iter().position(|word| verbs.contains(word))?;
        let packages = operands.split_off(verb + 1);
        Some(Self { manager, packages })
    }
}

/// Operands, without the values of options that take one.
fn operands<'a>(command: &'a Command, manager: &str) -> Vec<&'a str> {
    let valued: &[&str] = match manager {
        "apt-get" | "apt" | "aptitude" => &["-o", "-t", "-c", "--target-release", "--option"],
        "apk" => &["-t", "--virtual", "-X", "--repository", "-p", "--root", "--repositories-file"],
        "pip" | "pip3" => &[
            "-r",
            "--requirement",
            "-c",
            "--constraint",
            "-i",
            "--index-url",
            "--extra-index-url",
            "-t",
            "--target",
            "-f",
            "--find-links",
            "--trusted-host",
            "--prefix",
            "-e",
            "--platform",
            "--python-version",
            "--default-timeout",
            "--timeout",
        ],
        "npm" => &["--registry", "--prefix", "-C"],
        "gem" => &["-v", "--version", "-i", "-n", "--source"],
        _ => &["--enablerepo", "--disablerepo", "-c", "--installroot", "--releasever"],
    };
    let mut out = Vec::new();
    let mut words = command.arguments().iter().map(String::as_str);
    while let Some(word) = words.next() {
        if valued.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            out.push(word);
        }
    }
    out
}

/// How quiet apt is told to be; from two on it assumes yes.
fn quietness(command: &Command) -> usize {
    let quiet = |word: &String| match word.as_str() {
        "-q=2" | "--quiet=2" => 2,
        "--quiet" => 1,
        word if word.starts_with("--") || !word.starts_with('-') => 0,
        word => word.matches('q').count(),
    };
    command.arguments().iter().map(quiet).sum()
}

fn install_options(run: &Run<'_>, command: &Command, install: &Install<'_>, report: &mut Report) {
    let manager = install.manager;
    let answers = match manager {
        "apt-get" | "apt" | "aptitude" => {
            command.has_option(Some('y'), &["yes", "assume-yes"])
                || command.has_option(None, &["force-yes"])
                || command.arguments().iter().any(|word| word.contains("Assume-Yes"))
                || quietness(command) > 1
        }
        "yum" | "dnf" | "microdnf" => command.has_option(Some('y'), &["assumeyes", "nodocs-yes"]),
        "zypper" => {
            command.has_option(Some('n'), &["non-interactive", "no-confirm"])
                || command.has_option(Some('y'), &[])
        }
        _ => true,
    };
    if !answers {
        let message = format!("{manager} asks before it installs");
        run.report(&rules::PROMPT, manager, message, report);
    }
    let apt = matches!(manager, "apt-get" | "apt");
    let lean = command.has_option(None, &["no-install-recommends"])
        || command.words.iter().any(|word| {
            let word = word.to_ascii_lowercase();
            word.contains("install-recommends=false") || word.contains("install-recommends=0")
        });
    if apt && !lean {
        let message = format!("{manager} installs recommended packages too");
        run.report(&rules::RECOMMENDS, manager, message, report);
    }
}

fn unpinned(run: &Run<'_>, command: &Command, install: &Install<'_>, report: &mut Report) {
    // The version that gem takes as an option is that of its only package.
    let by_option = install.packages.len() == 1
        && command.arguments().iter().any(|word| word == "-v" || word.starts_with("--version"));
    let pinned = |package: &str| match install.manager {
        "apt-get" | "apt" | "aptitude" => package.contains('=') || package.ends_with(".deb"),
        "apk" => package.contains(['=', '~', '<', '>', '@']) || package.ends_with(".apk"),
        "pip" | "pip3" => package.contains("==") || package.contains("~=") || package.contains('@'),
        "npm" => package.trim_start_matches('@').contains('@'),
        "gem" => package.contains(':') || by_option,
        // The version of an RPM follows a dash: a name with a number behind one
        // may be either.
        _ => package.contains(['=', '<', '>']) || followed_by_digit(package),
    };
    let named = |package: &&str| {
        !package.starts_with(['.', '/', '$', '<', '>']) && !package.contains(['/', '$', '>', '*'])
            || (install.manager == "npm" && package.starts_with('@'))
    };
    let loose: Vec<&str> =
        install.packages.iter().copied().filter(named).filter(|package| !pinned(package)).collect();
    if let Some(first) = loose.first() {
        let message = match loose.len() {
            1 => format!("`{first}` is installed without a version"),
            more => format!("`{first}` and {} more are installed without a version", more - 1),
        };
        run.report(&rules::UNPINNED, install.manager, message, report);
    }
}

/// Whether a digit stands behind a dash.
fn followed_by_digit(package: &str) -> bool {
    package.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()))
}

fn stale_index(run: &Run<'_>, report: &mut Report) {
    for (managers, verb) in [
        (&["apt-get", "apt", "aptitude"][..], "update"),
        (&["apk"][..], "update"),
        (&["yum", "dnf", "microdnf"][..], "makecache"),
        (&["zypper"][..], "refresh"),
    ] {
        let uses = |command: &Command| managers.contains(&command.program());
        let updates = run.commands.iter().find(|c| uses(c) && c.operands().next() == Some(verb));
        let installs = run.any(|command| uses(command) && command.operands().next() != Some(verb));
        if let Some(command) = updates
            && !installs
        {
            let message = format!("`{} {verb}` stands alone in its layer", command.program());
            run.report(&rules::INDEX_ALONE, command.program(), message, report);
        }
    }
}

fn caches(run: &Run<'_>, report: &mut Report) {
    // A cache mount keeps the files out of the layer.
    let mounts = run.instruction.flags.iter().any(|flag| {
        flag.name == "mount"
            && flag.value.as_deref().is_some_and(|v| v.contains("cache") || v.contains("tmpfs"))
    });
    if mounts {
        return;
    }
    let cleans = |programs: &[&str]| {
        run.any(|command| {
            programs.contains(&command.program())
                && command.operands().any(|word| word == "clean" || word == "autoclean")
        })
    };
    let removes = |directory: &str| {
        run.any(|c| {
            c.program() == "rm" && c.arguments().iter().any(|word| word.contains(directory))
        })
    };
    for command in run.commands {
        let manager = command.program();
        let installs = Install::of(command).is_some();
        let kept = match manager {
            "apt-get" | "apt" | "aptitude" => installs && !removes("/var/lib/apt/lists"),
            "apk" => {
                installs && !command.has_option(None, &["no-cache"]) && !removes("/var/cache/apk")
            }
            "yum" | "dnf" | "microdnf" => {
                installs
                    && !cleans(&["yum", "dnf", "microdnf"])
                    && !removes("/var/cache/yum")
                    && !removes("/var/cache/dnf")
            }
            "zypper" => installs && !cleans(&["zypper"]) && !removes("/var/cache/zypp"),
            "pip" | "pip3" => {
                installs
                    && !command.has_option(None, &["no-cache-dir"])
                    && !removes(".cache")
                    && !run.any(|c| c.words.iter().any(|word| word.contains("PIP_NO_CACHE_DIR")))
            }
            _ => false,
        };
        if kept {
            let message = format!("the cache of {manager} stays in the layer");
            run.report(&rules::CACHE, manager, message, report);
        }
    }
}
