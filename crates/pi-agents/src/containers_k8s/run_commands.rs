//! The simple commands of a RUN instruction, from the shell view of its text.

use pi_artifacts::dockerfile::{Arguments, Instruction};
use pi_artifacts::shell::{self, Script};

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    /// Its words, quotes removed.
    pub words: Vec<String>,
    /// Its output goes into the next command.
    pub piped: bool,
    /// The programs that run inside substitutions of its words.
    pub substitutes: Vec<String>,
}

/// Words before the program that do not change which program it is.
const WRAPPERS: &[&str] = &["sudo", "exec", "env", "time", "nice", "command", "eatmydata"];

impl Command {
    /// The words from the program on: assignments and wrappers before it are
    /// skipped.
    pub(crate) fn program_words(&self) -> &[String] {
        let start = self.words.iter().position(|word| {
            let assigns = word.split_once('=').is_some_and(|(name, _)| {
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            });
            !assigns && !WRAPPERS.contains(&word.as_str()) && word != "-E"
        });
        start.and_then(|start| self.words.get(start..)).unwrap_or_default()
    }

    /// The program's name without its directory.
    pub(crate) fn program(&self) -> &str {
        let word = self.program_words().first().map_or("", String::as_str);
        word.rsplit('/').next().unwrap_or(word)
    }

    /// The words behind the program.
    pub(crate) fn arguments(&self) -> &[String] {
        self.program_words().get(1..).unwrap_or_default()
    }

    /// The arguments that are no options.
    pub(crate) fn operands(&self) -> impl Iterator<Item = &str> {
        self.arguments().iter().map(String::as_str).filter(|word| !word.starts_with('-'))
    }

    /// Whether an option is given: long by name, short alone or among others.
    pub(crate) fn has_option(&self, short: Option<char>, long: &[&str]) -> bool {
        self.arguments().iter().any(|word| {
            if let Some(name) = word.strip_prefix("--") {
                let name = name.split('=').next().unwrap_or(name);
                return long.contains(&name);
            }
            match (word.strip_prefix('-'), short) {
                (Some(letters), Some(short)) => letters.contains(short),
                _ => false,
            }
        })
    }
}

/// The commands of an instruction, those of its heredocs included.
pub(crate) fn commands(instruction: &Instruction) -> Vec<Command> {
    match &instruction.arguments {
        Arguments::Exec(words) => {
            let words: Vec<String> = words.iter().map(|word| word.text.clone()).collect();
            // `["sh", "-c", "text"]` holds a script after all.
            match words.as_slice() {
                [_, option, script] if option.starts_with('-') && option.ends_with('c') => {
                    split(script)
                }
                _ => vec![Command { words, ..Command::default() }],
            }
        }
        Arguments::Shell { text, heredocs, .. } => {
            let mut out = split(text);
            for heredoc in heredocs {
                out.extend(split(&heredoc.body));
            }
            out
        }
        Arguments::Words(_) | Arguments::Pairs(_) => Vec::new(),
    }
}

/// The simple commands of a script, pipeline by pipeline. Text that is no shell
/// (PowerShell images) has none.
pub(crate) fn split(script: &str) -> Vec<Command> {
    shell::parse_shell(script, 0).map(|script| flatten(&script)).unwrap_or_default()
}

fn flatten(script: &Script) -> Vec<Command> {
    let mut out = Vec::new();
    for pipeline in script.pipelines() {
        for (index, command) in pipeline.commands.iter().enumerate() {
            let simple = command.simple();
            let words = simple.map(|simple| simple.words.as_slice()).unwrap_or_default();
            out.push(Command {
                words: words.iter().map(|word| word.text.clone()).collect(),
                piped: index + 1 < pipeline.commands.len(),
                substitutes: words
                    .iter()
                    .flat_map(|word| &word.substitutions)
                    .flat_map(|inner| &inner.statements)
                    .flat_map(|statement| &statement.links)
                    .flat_map(|link| &link.pipeline.commands)
                    .filter_map(|command| command.name().map(str::to_owned))
                    .collect(),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_are_told_from_alternatives() {
        assert!(split("curl x | sh").first().unwrap().piped);
        assert!(!split("curl x || sh").first().unwrap().piped);
        assert_eq!(split("a && b; (c | d)").len(), 5, "the group is one of them");
    }

    #[test]
    fn substitutions_are_known() {
        let found = split("sh -c \"$(curl -fsSL x)\" && y");
        assert_eq!(found.first().unwrap().substitutes, ["curl"]);
    }

    #[test]
    fn wrappers_are_looked_through() {
        let found = split("DEBIAN_FRONTEND=noninteractive sudo -E apt-get -y install x");
        let command = found.first().unwrap();
        assert_eq!(command.program(), "apt-get");
        assert!(command.has_option(Some('y'), &["yes"]));
        assert_eq!(command.operands().collect::<Vec<_>>(), ["install", "x"]);
    }
}
