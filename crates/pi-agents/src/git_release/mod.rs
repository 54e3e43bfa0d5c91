//! Git commands, commit messages, changelogs and versions.

use pi_agent_api::Agent;

mod commit_message;
mod git_arguments;
mod git_command;
mod git_rules;
mod patch;
mod release_heading;
mod version;

pub mod changelog_auditor;
pub mod changelog_entry_checker;
pub mod git_safety_guardrail;
pub mod semantic_commit_message_linter;
pub mod semver_bump_validator;

/// The agents of this domain, one line each.
pub const AGENTS: &[&dyn Agent] = &[
    &changelog_auditor::ChangelogAuditor,
    &changelog_entry_checker::ChangelogEntryChecker,
    &git_safety_guardrail::GitSafetyGuardrail,
    &semantic_commit_message_linter::SemanticCommitMessageLinter,
    &semver_bump_validator::SemverBumpValidator,
];
