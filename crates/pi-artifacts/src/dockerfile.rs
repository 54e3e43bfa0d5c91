//! Dockerfiles: instructions, stages, flags, heredocs.
//!
//! Grammar: the Dockerfile reference (docs.docker.com/reference/dockerfile).

mod lines;
mod parser;

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::kind::Kind;
use crate::span::Span;

/// A parsed Dockerfile.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    /// All instructions in order.
    pub instructions: Vec<Instruction>,
}

/// One instruction.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// The keyword in upper case: `FROM`, `RUN`, ...
    pub keyword: String,
    /// The keyword's place.
    pub keyword_span: Span,
    /// Flags such as `--from=build`.
    pub flags: Vec<Flag>,
    /// The arguments behind keyword and flags.
    pub arguments: Arguments,
    /// The whole instruction, heredocs included.
    pub span: Span,
    /// Index of the build stage (from 0); `None` before the first `FROM`.
    pub stage: Option<usize>,
}

/// A flag of an instruction.
#[derive(Clone, Debug)]
pub struct Flag {
    /// The name without dashes.
    pub name: String,
    /// The value behind `=`; `None` for a bare flag.
    pub value: Option<String>,
    /// Its place.
    pub span: Span,
}

/// The arguments of an instruction.
#[derive(Clone, Debug)]
pub enum Arguments {
    /// The JSON form: `["a", "b"]`.
    Exec(Vec<Word>),
    /// The shell form of RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL-less text:
    /// continuation lines joined, comments inside removed.
    Shell {
        /// The command text with line continuations joined by a blank.
        text: String,
        /// Where the text stands.
        span: Span,
        /// Bodies of heredocs.
        heredocs: Vec<Heredoc>,
    },
    /// Blank-separated words (FROM, COPY, ADD, EXPOSE, USER, WORKDIR, VOLUME...).
    Words(Vec<Word>),
    /// Name and value pairs (ENV, LABEL, ARG).
    Pairs(Vec<Pair>),
}

/// A word with its place.
#[derive(Clone, Debug)]
pub struct Word {
    /// The text, quotes resolved, variables as written.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A name and its value.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The name.
    pub name: Word,
    /// The value; `None` for `ARG name`.
    pub value: Option<Word>,
}

/// A heredoc.
#[derive(Clone, Debug)]
pub struct Heredoc {
    /// The delimiter word.
    pub delimiter: String,
    /// The body without the delimiter line.
    pub body: String,
    /// The body's place.
    pub span: Span,
}

/// A build stage: a `FROM` and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// Index from 0.
    pub index: usize,
    /// Its `FROM` instruction.
    pub from: &'a Instruction,
    /// The image, as written.
    pub image: &'a Word,
    /// The name behind `AS`.
    pub name: Option<&'a str>,
    /// All instructions of the stage, `FROM` included.
    pub instructions: &'a [Instruction],
}

impl Dockerfile {
    /// The build stages in order.
    pub fn stages(&self) -> Vec<Stage<'_>> {
        let mut stages = Vec::new();
        for instructions in self.instructions.chunk_by(|a, b| a.stage == b.stage) {
            let Some(from) = instructions.first() else { continue };
            let (Some(index), Arguments::Words(words)) = (from.stage, &from.arguments) else {
                continue;
            };
            let Some(image) = words.first() else { continue };
            let name = words
                .get(1)
                .filter(|word| word.text.eq_ignore_ascii_case("as"))
                .and_then(|_| words.get(2))
                .map(|word| word.text.as_str());
            stages.push(Stage { index, from, image, name, instructions });
        }
        stages
    }
}

impl Instruction {
    /// The flag with this name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The words of the arguments; nothing for shell text and pairs.
    pub fn words(&self) -> &[Word] {
        match &self.arguments {
            Arguments::Exec(words) | Arguments::Words(words) => words,
            _ => &[],
        }
    }

    /// The pairs of ENV, LABEL and ARG.
    pub fn pairs(&self) -> &[Pair] {
        match &self.arguments {
            Arguments::Pairs(pairs) => pairs,
            _ => &[],
        }
    }
}

/// Parses a Dockerfile.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Dockerfile> {
    if artifact.kind() != Kind::Dockerfile {
        return Err(ParseFailure::syntax("not a Dockerfile", Span::default()));
    }
    parser::parse(artifact.parsable_text()?)
}
