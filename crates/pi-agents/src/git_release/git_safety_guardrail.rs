//! See [`GitSafetyGuardrail`].

use pi_agent_api::{Report, Rule, Stop, declare_agent};
use pi_artifacts::{Artifact, Kind};
use pi_core::Severity;

use super::git_arguments::Arguments;
use super::git_command::{Invocation, Text, invocations};
use super::git_rules as rules;

declare_agent! {
    /// Finds git commands that lose work or overwrite what others pushed.
    ///
    /// # What it checks
    /// Every git command of a script or command line, by git's own option grammar:
    /// combined short options, abbreviated long ones, options in front of the
    /// subcommand, aliases given by `-c`; behind `sudo`, `env`, `xargs`, `timeout`,
    /// `find -exec`, `sh -c`, `eval`, heredocs, in any part of a chain. Forced and
    /// deleting pushes, `reset --hard`, `clean -f`, `checkout .`, `branch -D`,
    /// stashes, rewritten history, expired reflogs, deleted references, skipped
    /// hooks, and the deletion of `.git`.
    ///
    /// # Why it matters
    /// These commands are the ones that git cannot undo, and a coding agent reaches
    /// for them whenever the working tree is in its way.
    ///
    /// # Example denied
    /// ```sh
    /// cd app && git push -uf origin main
    /// ```
    ///
    /// # Example allowed
    /// ```sh
    /// git push --force-with-lease origin topic && git branch -d merged
    /// ```
    ///
    /// # Limits
    /// Words that are only known at run time are not guessed. Aliases of the user's
    /// configuration and scripts that a command starts are not seen. In a script
    /// file the severity is one step lower than for a command that is about to run.
    ///
    /// # References
    /// git-push(1), git-reset(1), git-clean(1), git-reflog(1); CWE-693.
    pub struct GitSafetyGuardrail {
        slug: "git_safety_guardrail",
        domain: GitRelease,
        phase: Validate,
        revision: 1,
        since: "0.1.0",
        status: Preview,
        kinds: [Kind::Shell],
        triggers: Always,
        invariant_to: ALL,
        rules: [
            rules::FORCE_PUSH, rules::REMOTE_DELETE, rules::MIRROR_PUSH, rules::DISCARD,
            rules::CLEAN, rules::BRANCH_DELETE, rules::STASH, rules::REWRITE, rules::RECOVERY,
            rules::REF_DELETE, rules::HOOKS, rules::REPOSITORY,
        ],
        fixture: include_str!("fixtures/git_safety_guardrail.md"),
        check: check,
    }
}

/// One thing that a command does.
struct Harm {
    rule: &'static Rule,
    severity: Severity,
    message: String,
    subject: String,
}

fn harm(rule: &'static Rule, arguments: &Arguments, name: &str) -> Harm {
    Harm {
        rule,
        severity: rule.severity,
        message: format!("`git {name}`: {}", rule.summary),
        subject: format!("git {name} {}", arguments.shown()).trim_end().to_owned(),
    }
}

fn check(artifact: &Artifact, report: &mut Report) -> Result<(), Stop> {
    // A command that is about to run is called so by whatever guards it.
    let about_to_run = artifact.file_name() == "command.sh";
    for invocation in invocations(artifact.shell()?) {
        report.tick(1)?;
        for harm in harms(&invocation) {
            let severity = if about_to_run { harm.severity } else { harm.severity.lowered() };
            report
                .finding(harm.rule, invocation.span)
                .message(harm.message)
                .subject(harm.subject)
                .severity(severity);
        }
    }
    Ok(())
}

fn harms(invocation: &Invocation) -> Vec<Harm> {
    if invocation.program == "rm" {
        return repository(&invocation.words).into_iter().collect();
    }
    let Some((name, words)) = invocation.words.split_first() else { return Vec::new() };
    match name.as_str() {
        "push" => push(words),
        "reset" | "clean" | "branch" | "tag" | "update-ref" | "worktree" | "commit" | "merge" => {
            local(name.as_str(), words)
        }
        "checkout" | "switch" | "restore" => files(name.as_str(), words).into_iter().collect(),
        "stash" | "reflog" | "gc" | "prune" | "filter-branch" | "filter-repo" => {
            storage(name.as_str(), words).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Branches that everybody builds on.
fn is_protected(reference: &str) -> bool {
    let name = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    matches!(name, "main" | "master" | "trunk" | "develop" | "production" | "release")
        || name.starts_with("release/")
}

fn push(words: &[Text]) -> Vec<Harm> {
    let arguments = Arguments::parse(words, "o", &["repo", "push-option", "receive-pack", "exec"]);
    let mut out = Vec::new();
    if arguments.long("dry-run") || arguments.short('n') {
        return out;
    }
    if arguments.long("no-verify") {
        out.push(harm(&rules::HOOKS, &arguments, "push --no-verify"));
    }
    if arguments.long("mirror") {
        out.push(harm(&rules::MIRROR_PUSH, &arguments, "push --mirror"));
        return out;
    }
    let refs: Vec<&str> = arguments.operands.iter().skip(1).map(Text::as_str).collect();
    let target =
        |spec: &str| spec.rsplit(':').next().unwrap_or_default().trim_start_matches('+').to_owned();
    let protected = refs.iter().any(|spec| is_protected(&target(spec)));
    let raise = |mut harm: Harm| {
        if protected {
            harm.severity = Severity::Critical;
        }
        harm
    };
    let deletes = arguments.long("delete") || arguments.short('d') || arguments.long("prune");
    if deletes || refs.iter().any(|spec| spec.starts_with(':') && spec.len() > 1) {
        out.push(raise(harm(&rules::REMOTE_DELETE, &arguments, "push --delete")));
    }
    let forced = arguments.long("force") || arguments.short('f');
    if forced || refs.iter().any(|spec| spec.starts_with('+')) {
        out.push(raise(harm(&rules::FORCE_PUSH, &arguments, "push --force")));
    }
    out
}

fn local(name: &str, words: &[Text]) -> Vec<Harm> {
    let values = if matches!(name, "commit" | "merge" | "tag") { "mFCct" } else { "e" };
    let arguments = Arguments::parse(words, values, &["message", "file", "author", "date"]);
    let forced = arguments.long("force") || arguments.short('f');
    let tell = |rule: &'static Rule, shown: &str| vec![harm(rule, &arguments, shown)];
    match name {
        "reset" if arguments.long("hard") => tell(&rules::DISCARD, "reset --hard"),
        "clean" if forced && !arguments.short('n') && !arguments.long("dry-run") => {
            let mut harm = harm(&rules::CLEAN, &arguments, "clean --force");
            // Only files at the top, and those that are not ignored.
            if !arguments.short('d') && !arguments.short('x') && !arguments.short('X') {
                harm.severity = Severity::Medium;
            }
            vec![harm]
        }
        "branch" if arguments.short('D') => tell(&rules::BRANCH_DELETE, "branch -D"),
        "branch" if forced && (arguments.short('d') || arguments.long("delete")) => {
            tell(&rules::BRANCH_DELETE, "branch -D")
        }
        "update-ref" if arguments.short('d') || arguments.long("stdin") => {
            tell(&rules::REF_DELETE, "update-ref -d")
        }
        "worktree"
            if forced && arguments.operands.first().is_some_and(|o| o.as_str() == "remove") =>
        {
            tell(&rules::DISCARD, "worktree remove --force")
        }
        "commit" | "merge" if arguments.long("no-verify") => {
            tell(&rules::HOOKS, &format!("{name} --no-verify"))
        }
        "commit" if arguments.short('n') => tell(&rules::HOOKS, "commit --no-verify"),
        _ => Vec::new(),
    }
}

/// Whether a path means everything from here down.
fn is_everything(path: &str) -> bool {
    matches!(path, "." | "./" | "*" | ":/" | ":/." | ":(top)" | "..")
}

fn files(name: &str, words: &[Text]) -> Option<Harm> {
    let values = match name {
        "checkout" => "bB",
        "switch" => "cC",
        _ => "s",
    };
    let arguments = Arguments::parse(words, values, &["source", "orphan", "pathspec-from-file"]);
    let forced =
        arguments.short('f') || arguments.long("force") || arguments.long("discard-changes");
    if name != "restore" && forced {
        return Some(harm(&rules::DISCARD, &arguments, &format!("{name} --force")));
    }
    let paths = match name {
        "switch" => return None,
        "checkout" if arguments.dashes => {
            arguments.operands.get(arguments.before_dashes..).unwrap_or_default()
        }
        "checkout" => {
            let makes = ["orphan", "track"].iter().any(|name| arguments.long(name))
                || ['b', 'B', 't'].iter().any(|letter| arguments.short(*letter));
            let everything = arguments.operands.iter().any(|path| is_everything(path.as_str()));
            // `git checkout TREE FILE` takes the file out of the tree.
            let from_tree = arguments.operands.len() > 1 && !makes;
            if everything || from_tree { arguments.operands.as_slice() } else { &[] }
        }
        _ => arguments.operands.as_slice(),
    };
    let staged_only = name == "restore"
        && (arguments.long("staged") || arguments.short('S'))
        && !(arguments.long("worktree") || arguments.short('W'));
    let interactive = arguments.short('p') || arguments.long("patch");
    if paths.is_empty() || staged_only || interactive {
        return None;
    }
    let mut harm = harm(&rules::DISCARD, &arguments, name);
    if !paths.iter().any(|path| is_everything(path.as_str())) {
        // Named files: less is lost, and it is said which.
        harm.severity = Severity::Medium;
    }
    Some(harm)
}

fn storage(name: &str, words: &[Text]) -> Option<Harm> {
    let arguments = Arguments::parse(words, "", &["expire", "expire-unreachable"]);
    let verb = arguments.operands.first().map(Text::as_str).unwrap_or_default();
    let dry = arguments.long("dry-run") || arguments.short('n');
    if dry {
        return None;
    }
    match name {
        "stash" if verb == "clear" => {
            let mut harm = harm(&rules::STASH, &arguments, "stash");
            harm.severity = Severity::High;
            Some(harm)
        }
        "stash" if verb == "drop" => Some(harm(&rules::STASH, &arguments, "stash")),
        "reflog" if verb == "expire" || verb == "delete" => {
            Some(harm(&rules::RECOVERY, &arguments, "reflog"))
        }
        "gc" => {
            let prune = arguments.value("prune");
            let now = prune.is_some_and(|when| when == "now" || when == "all");
            now.then(|| harm(&rules::RECOVERY, &arguments, "gc --prune=now"))
        }
        "prune" => Some(harm(&rules::RECOVERY, &arguments, "prune")),
        "filter-branch" => Some(harm(&rules::REWRITE, &arguments, name)),
        "filter-repo" if !arguments.long("analyze") => {
            Some(harm(&rules::REWRITE, &arguments, name))
        }
        _ => None,
    }
}

fn repository(words: &[Text]) -> Option<Harm> {
    let arguments = Arguments::parse(words, "", &[]);
    let recursive = arguments.short('r') || arguments.short('R') || arguments.long("recursive");
    let folder = arguments
        .operands
        .iter()
        .map(Text::as_str)
        .find(|path| path.trim_end_matches(['/', '*']).rsplit('/').next() == Some(".git"))?;
    recursive.then(|| Harm {
        rule: &rules::REPOSITORY,
        severity: rules::REPOSITORY.severity,
        message: format!("`{folder}` is deleted"),
        subject: format!("rm {folder}"),
    })
}
