//! The commands of a step's script, with their places in the file.

use pi_artifacts::data::Node;
use pi_artifacts::shell::parse_shell;
use pi_artifacts::{Artifact, Span};

use super::expression::templates;

/// A simple command.
pub struct ScriptCommand {
    /// Its words, quotes removed; an expression is one word.
    pub words: Vec<String>,
    /// The line that it begins on.
    pub span: Span,
}

/// The commands of a `run`. What is no shell is read line by line, which is
/// enough for commands that look the same in every shell.
pub fn commands(artifact: &Artifact, run: &Node) -> Vec<ScriptCommand> {
    let text = run.as_str().unwrap_or_default();
    let plain = without_templates(text);
    let mut found = parsed(&plain);
    if found.is_none() {
        let lines = plain.lines().scan(0, |at, line| {
            let start = *at;
            *at += line.len() + 1;
            Some((start, line))
        });
        let each = lines.filter_map(|(start, line)| {
            let commands = parsed(line)?.into_iter();
            Some(commands.map(move |(words, at)| (words, start + at)).collect::<Vec<_>>())
        });
        found = Some(each.flatten().collect());
    }
    let raw = artifact.slice(run.span);
    let mut from = 0;
    let placed = found.unwrap_or_default().into_iter().map(|(words, at)| {
        let line = line_at(text, at);
        let place = raw.get(from..).and_then(|rest| rest.find(line)).map(|found| from + found);
        let span = place.map_or(run.span, |place| {
            from = place;
            let start = run.span.start as usize + place;
            Span::new(start, start + line.len())
        });
        ScriptCommand { words, span }
    });
    placed.collect()
}

/// The words of each command with the offset of the command.
fn parsed(text: &str) -> Option<Vec<(Vec<String>, usize)>> {
    let script = parse_shell(text, 0).ok()?;
    let words = |command: &pi_artifacts::shell::Command| -> Vec<String> {
        let words = command.simple().map(|simple| simple.words.as_slice()).unwrap_or_default();
        words.iter().map(|word| word.text.clone()).collect()
    };
    let all = script.commands().into_iter();
    let mut found: Vec<(Vec<String>, usize)> = all
        .map(|command| (words(command), command.span.start as usize))
        .filter(|(words, _)| !words.is_empty())
        .collect();
    found.sort_by_key(|(_, at)| *at);
    Some(found)
}

/// The text with a word of the same length in the place of each expression.
fn without_templates(text: &str) -> String {
    let mut out = text.to_owned();
    for template in templates(text) {
        let place = "_".repeat(template.end - template.start);
        out.replace_range(template.start..template.end, &place);
    }
    out
}

/// The line around an offset, without the blanks around it.
fn line_at(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or_default().trim()
}
