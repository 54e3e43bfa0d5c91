//! The rules of [`super::git_safety_guardrail`].

use pi_agent_api::Rule;
use pi_core::{Confidence, Severity};

/// A push that overwrites.
pub(crate) const FORCE_PUSH: Rule = Rule {
    id: "force-push",
    summary: "a push overwrites what others may have pushed",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "use `--force-with-lease --force-if-includes`",
};

/// A push that deletes.
pub(crate) const REMOTE_DELETE: Rule = Rule {
    id: "remote-ref-deletion",
    summary: "a push deletes a branch or tag for everybody",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "delete merged branches in the forge, where they can be restored",
};

/// A push of everything.
pub(crate) const MIRROR_PUSH: Rule = Rule {
    id: "mirror-push",
    summary: "a push makes all references of the remote equal to the local ones and deletes the rest",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "push the branches that are meant by name",
};

/// Work that is lost.
pub(crate) const DISCARD: Rule = Rule {
    id: "uncommitted-work-discarded",
    summary: "changes that are not committed are thrown away",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "commit or `git stash` first, or name the single file",
};

/// Files that are lost.
pub(crate) const CLEAN: Rule = Rule {
    id: "untracked-files-deleted",
    summary: "files that git does not know are deleted for good",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "look at `git clean -n` first, and move what is needed",
};

/// A branch that is lost.
pub(crate) const BRANCH_DELETE: Rule = Rule {
    id: "unmerged-branch-deletion",
    summary: "a branch is deleted whether it is merged or not",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "use `git branch -d`, which refuses to lose commits",
};

/// Stashes that are lost.
pub(crate) const STASH: Rule = Rule {
    id: "stash-deletion",
    summary: "stashed changes are deleted for good",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "apply the stash, or turn it into a branch by `git stash branch`",
};

/// Another history.
pub(crate) const REWRITE: Rule = Rule {
    id: "history-rewritten",
    summary: "the whole history is rewritten",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "work on a fresh clone and agree with everybody who has one",
};

/// The way back is lost.
pub(crate) const RECOVERY: Rule = Rule {
    id: "recovery-destroyed",
    summary: "what could bring lost commits back is destroyed",
    severity: Severity::High,
    confidence: Confidence::High,
    references: &[],
    fix: "let git expire old entries by itself",
};

/// A reference that is lost.
pub(crate) const REF_DELETE: Rule = Rule {
    id: "ref-deletion",
    summary: "a reference is deleted without any check",
    severity: Severity::Medium,
    confidence: Confidence::High,
    references: &[],
    fix: "use `git branch -d` or `git tag -d`",
};

/// `--no-verify`.
pub(crate) const HOOKS: Rule = Rule {
    id: "hooks-bypassed",
    summary: "the checks of the repository are skipped",
    severity: Severity::Low,
    confidence: Confidence::High,
    references: &["CWE-693"],
    fix: "repair what the hook complains about",
};

/// `rm -rf .git`.
pub(crate) const REPOSITORY: Rule = Rule {
    id: "repository-deletion",
    summary: "the repository itself is deleted, with everything that is not pushed",
    severity: Severity::Critical,
    confidence: Confidence::High,
    references: &[],
    fix: "move the folder away instead",
};
