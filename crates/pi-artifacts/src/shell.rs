//! POSIX shell and Bash: commands, words, redirections, control structures.
//!
//! The parser is our own: one pass over the bytes, linear in time, with a
//! counter of nesting, because the shell parsers at hand overflow the stack or
//! go quadratic on a few hundred bytes. It never runs anything and expands
//! nothing; a word whose value is only known at run time says so.
//!
//! Grammar: POSIX.1-2024 "Shell Command Language" and the Bash manual.

mod command;
mod expansion;
mod parser;
mod tree;
mod word;

pub use tree::{
    Arm, Assignment, Branch, Command, CommandKind, Connector, Expansion, ExpansionKind, Heredoc,
    Item, Link, LoopKind, Pipeline, Redirection, Script, Simple, Statement, Substitution,
    SubstitutionKind, Value, Word,
};

use crate::artifact::{Artifact, Parsed};

/// Parses shell text that stands at `base_offset` of its artifact, such as a
/// `RUN` line or a `run:` step. GitHub's `${{ ... }}` counts as an expansion.
pub fn parse_shell(text: &str, base_offset: u32) -> Parsed<Script> {
    parser::Parser::new(text, base_offset).script()
}

/// Parses a shell artifact.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Script> {
    parse_shell(artifact.parsable_text()?, 0)
}

#[cfg(test)]
mod tests;
