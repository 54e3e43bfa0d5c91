//! From lines to instructions.

use super::lines::{Line, Logical, physical};
use super::{Arguments, Dockerfile, Flag, Heredoc, Instruction, Pair, Word};
use crate::artifact::{ParseFailure, Parsed};
use crate::span::Span;

const KEYWORDS: &[&str] = &[
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

pub(super) fn parse(text: &str) -> Parsed<Dockerfile> {
    let text_start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let lines = physical(text);
    let mut parser = Parser { text, lines: &lines, at: 0, escape: escape(&lines), stage: None };
    let mut instructions = Vec::new();
    while let Some(line) = parser.next_content() {
        instructions.push(parser.instruction(line, text_start)?);
    }
    if !instructions.iter().any(|instruction| instruction.keyword == "FROM") {
        return Err(ParseFailure::syntax("there is no FROM instruction", Span::default()));
    }
    Ok(Dockerfile { instructions })
}

/// The escape character: `# escape=` among the parser directives at the top.
fn escape(lines: &[Line<'_>]) -> char {
    for line in lines {
        let Some(comment) = line.text.trim_start_matches('\u{feff}').trim().strip_prefix('#')
        else {
            break;
        };
        let Some((name, value)) = comment.split_once('=') else { break };
        if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
            return '`';
        }
    }
    '\\'
}

struct Parser<'a> {
    text: &'a str,
    lines: &'a [Line<'a>],
    at: usize,
    escape: char,
    stage: Option<usize>,
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

impl<'a> Parser<'a> {
    /// The next line that is neither blank nor a comment.
    fn next_content(&mut self) -> Option<Line<'a>> {
        loop {
            let line = *self.lines.get(self.at)?;
            self.at += 1;
            let text = line.text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() && !is_comment(text) {
                return Some(line);
            }
        }
    }

    fn instruction(&mut self, first: Line<'a>, skip: usize) -> Parsed<Instruction> {
        let logical = self.logical(first, if first.start == 0 { skip } else { 0 });
        let length = logical.text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (word, rest) = logical.text.split_at_checked(length).unwrap_or(("", &logical.text));
        let keyword = word.to_ascii_uppercase();
        let keyword_span = logical.span(0, length);
        let separated = rest.is_empty() || rest.starts_with([' ', '\t']);
        if !KEYWORDS.contains(&keyword.as_str()) || !separated {
            return Err(ParseFailure::syntax("unknown instruction", keyword_span));
        }
        if keyword == "FROM" {
            self.stage = Some(self.stage.map_or(0, |stage| stage + 1));
        }
        let mut scan = Scan { logical: &logical, at: length, escape: self.escape };
        let flags = scan.flags(&keyword);
        let heredocs = self.heredocs(&keyword, &logical)?;
        let arguments = scan.arguments(&keyword, heredocs)?;
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.lines.get(last))
            .map_or(logical.end, Line::end);
        let span =
            Span::new(logical.start, if has_heredoc(&arguments) { end } else { logical.end });
        Ok(Instruction { keyword, keyword_span, flags, arguments, span, stage: self.stage })
    }

    /// Joins continuation lines; comments and blank lines in between are
    /// skipped, as the builder does.
    fn logical(&mut self, first: Line<'a>, skip: usize) -> Logical {
        let mut logical = Logical::default();
        let mut line = first;
        let mut text = first.text.get(skip..).unwrap_or_default().trim_start();
        loop {
            let trimmed = text.trim_end();
            let Some(part) = trimmed.strip_suffix(self.escape) else {
                logical.push(line, trimmed);
                return logical;
            };
            logical.push(line, part);
            loop {
                let Some(next) = self.lines.get(self.at).copied() else { return logical };
                self.at += 1;
                if is_comment(next.text) || next.text.trim().is_empty() {
                    continue;
                }
                (line, text) = (next, next.text);
                break;
            }
        }
    }

    /// The bodies of the heredocs that the instruction's text announces.
    fn heredocs(&mut self, keyword: &str, logical: &Logical) -> Parsed<Vec<Heredoc>> {
        let mut heredocs = Vec::new();
        if !matches!(keyword, "RUN" | "COPY" | "ADD" | "ONBUILD") {
            return Ok(heredocs);
        }
        for (delimiter, strip_tabs) in announced(&logical.text) {
            let start = self.lines.get(self.at).map_or(self.text.len(), |line| line.start);
            loop {
                let Some(line) = self.lines.get(self.at).copied() else {
                    return Err(ParseFailure::syntax(
                        "the heredoc is not closed",
                        Span::new(logical.start, logical.end),
                    ));
                };
                self.at += 1;
                let text = if strip_tabs { line.text.trim_start_matches('\t') } else { line.text };
                if text == delimiter {
                    let span = Span::new(start, line.start);
                    let body = span.of(self.text).to_owned();
                    heredocs.push(Heredoc { delimiter, body, span });
                    break;
                }
            }
        }
        Ok(heredocs)
    }
}

fn has_heredoc(arguments: &Arguments) -> bool {
    matches!(arguments, Arguments::Shell { heredocs, .. } if !heredocs.is_empty())
}

/// Delimiters of `<<EOF`, `<<-EOF`, `<<"EOF"` outside quotes.
fn announced(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut quote: Option<char> = None;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '<') if after.starts_with("<<") => {
                // A here-string.
                rest = after.get(2..).unwrap_or_default();
                continue;
            }
            (None, '<') if after.starts_with('<') => {
                let word = after.get(1..).unwrap_or_default();
                let strip_tabs = word.starts_with('-');
                let word = word.strip_prefix('-').unwrap_or(word);
                let word: String = word
                    .chars()
                    .take_while(|c| !c.is_whitespace() && !matches!(c, ';' | '&' | '|' | ')' | '>'))
                    .collect();
                let delimiter = word.replace(['"', '\''], "");
                if !delimiter.is_empty()
                    && delimiter.chars().all(|c| c.is_alphanumeric() || c == '_')
                {
                    found.push((delimiter, strip_tabs));
                }
            }
            _ => {}
        }
        rest = after;
    }
    found
}

/// Reads the arguments of one joined instruction.
struct Scan<'a> {
    logical: &'a Logical,
    at: usize,
    escape: char,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.logical.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn flags(&mut self, keyword: &str) -> Vec<Flag> {
        let mut flags = Vec::new();
        if !matches!(keyword, "FROM" | "RUN" | "COPY" | "ADD" | "HEALTHCHECK") {
            return flags;
        }
        loop {
            self.blanks();
            if !self.rest().starts_with("--") {
                return flags;
            }
            let start = self.at;
            let length = self.rest().find(char::is_whitespace).unwrap_or(self.rest().len());
            let text = self.rest().get(2..length).unwrap_or_default().to_owned();
            self.at += length;
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => {
                    (name.to_owned(), Some(value.trim_matches(['"', '\'']).to_owned()))
                }
                None => (text, None),
            };
            flags.push(Flag { name, value, span: self.logical.span(start, self.at) });
        }
    }

    fn arguments(&mut self, keyword: &str, heredocs: Vec<Heredoc>) -> Parsed<Arguments> {
        self.blanks();
        match keyword {
            "ENV" | "LABEL" => self.pairs(),
            "ARG" => self.declarations(),
            "RUN" | "CMD" | "ENTRYPOINT" | "SHELL" | "HEALTHCHECK" | "ONBUILD" => {
                if heredocs.is_empty()
                    && let Some(words) = self.exec()
                {
                    return Ok(Arguments::Exec(words));
                }
                Ok(self.shell(heredocs))
            }
            "COPY" | "ADD" | "VOLUME" => match self.exec() {
                Some(words) => Ok(Arguments::Exec(words)),
                None => Ok(Arguments::Words(self.words())),
            },
            "MAINTAINER" => Ok(self.shell(heredocs)),
            _ => Ok(Arguments::Words(self.words())),
        }
    }

    fn shell(&mut self, heredocs: Vec<Heredoc>) -> Arguments {
        let span = self.logical.span(self.at, self.logical.text.len());
        Arguments::Shell { text: self.rest().to_owned(), span, heredocs }
    }

    /// The JSON form: a list of strings in double quotes and nothing else.
    fn exec(&self) -> Option<Vec<Word>> {
        let text = self.rest();
        let mut words = Vec::new();
        let mut at = self.at + 1;
        if !text.starts_with('[') {
            return None;
        }
        loop {
            let rest = self.logical.text.get(at..)?;
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            if trimmed.starts_with(']') {
                let tail = trimmed.get(1..)?.trim();
                return tail.is_empty().then_some(words);
            }
            if !trimmed.starts_with('"') {
                return None;
            }
            let (word, length) = json_string(trimmed)?;
            words.push(Word { text: word, span: self.logical.span(at + 1, at + length - 1) });
            at += length;
            let rest = self.logical.text.get(at..)?;
            let trimmed = rest.trim_start();
            at += rest.len() - trimmed.len();
            match trimmed.chars().next() {
                Some(',') => at += 1,
                Some(']') => {}
                _ => return None,
            }
        }
    }

    fn words(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            if self.rest().is_empty() {
                return words;
            }
            let start = self.at;
            let text = self.word(|_| false);
            if self.at == start {
                // A word has at least one character.
                return words;
            }
            words.push(Word { text, span: self.logical.span(start, self.at) });
        }
    }

    /// One word with its quotes resolved, up to a blank or a stop character.
    fn word(&mut self, stop: impl Fn(char) -> bool) -> String {
        let mut out = String::new();
        let mut quote: Option<char> = None;
        let text = self.logical.text.as_str();
        let mut characters = text.get(self.at..).unwrap_or_default().char_indices().peekable();
        let mut end = text.len();
        while let Some((at, character)) = characters.next() {
            match (quote, character) {
                (Some(open), c) if c == open => quote = None,
                (None, '"' | '\'') => quote = Some(character),
                (Some('\''), c) => out.push(c),
                (_, c) if c == self.escape => match characters.peek() {
                    Some((_, next))
                        if matches!(next, '"' | '\'' | ' ' | '$') || *next == self.escape =>
                    {
                        out.push(*next);
                        characters.next();
                    }
                    _ => out.push(c),
                },
                (None, c) if c.is_whitespace() || stop(c) => {
                    end = self.at + at;
                    break;
                }
                (_, c) => out.push(c),
            }
        }
        self.at = end;
        out
    }

    /// `NAME=value ...`, or the old `NAME the rest of the line`.
    fn pairs(&mut self) -> Parsed<Arguments> {
        let mut pairs = Vec::new();
        loop {
            self.blanks();
            if self.rest().is_empty() {
                break;
            }
            let start = self.at;
            let name = self.word(|c| c == '=');
            let name = Word { text: name, span: self.logical.span(start, self.at) };
            if self.rest().starts_with('=') {
                self.at += 1;
                let value_start = self.at;
                let text = self.word(|_| false);
                let value = Word { text, span: self.logical.span(value_start, self.at) };
                pairs.push(Pair { name, value: Some(value) });
            } else if pairs.is_empty() {
                self.blanks();
                let span = self.logical.span(self.at, self.logical.text.len());
                let value = Word { text: self.rest().trim_matches('"').to_owned(), span };
                pairs.push(Pair { name, value: Some(value) });
                break;
            } else {
                return Err(ParseFailure::syntax("a pair without `=`", name.span));
            }
        }
        Ok(Arguments::Pairs(pairs))
    }

    /// `ARG NAME`, `ARG NAME=value`, several of them.
    fn declarations(&mut self) -> Parsed<Arguments> {
        let mut pairs = Vec::new();
        loop {
            self.blanks();
            if self.rest().is_empty() {
                return Ok(Arguments::Pairs(pairs));
            }
            let start = self.at;
            let text = self.word(|c| c == '=');
            let name = Word { text, span: self.logical.span(start, self.at) };
            let value = if self.rest().starts_with('=') {
                self.at += 1;
                let value_start = self.at;
                let text = self.word(|_| false);
                Some(Word { text, span: self.logical.span(value_start, self.at) })
            } else {
                None
            };
            if self.at == start {
                return Err(ParseFailure::syntax("a declaration without a name", name.span));
            }
            pairs.push(Pair { name, value });
        }
    }
}

/// A JSON string at the start of `text`: its value, and its length with quotes.
fn json_string(text: &str) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((out, at + 1)),
            '\\' => match characters.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                other => out.push(other),
            },
            other => out.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Dockerfile {
        parse(text).unwrap()
    }

    #[test]
    fn stages_flags_and_words() {
        let text = "ARG V=1\nFROM --platform=linux/amd64 a:${V} AS build\nCOPY --from=x a b\nFROM scratch\n";
        let file = parsed(text);
        let stages = file.stages();
        assert_eq!(stages.len(), 2);
        assert_eq!((stages[0].image.text.as_str(), stages[0].name), ("a:${V}", Some("build")));
        assert_eq!(stages[0].image.span.of(text), "a:${V}");
        assert_eq!(file.instructions[0].stage, None);
        assert_eq!(file.instructions[2].flag("from").unwrap().value.as_deref(), Some("x"));
    }

    #[test]
    fn continuations_comments_and_heredocs() {
        let text =
            "FROM a\nRUN echo 1 \\\n  # remark\n  && echo 2\nRUN <<EOF cat\nUSER x\nEOF\nUSER y\n";
        let file = parsed(text);
        let Arguments::Shell { text: shell, .. } = &file.instructions[1].arguments else {
            panic!()
        };
        assert_eq!(shell.split_whitespace().collect::<Vec<_>>().join(" "), "echo 1 && echo 2");
        let Arguments::Shell { heredocs, .. } = &file.instructions[2].arguments else { panic!() };
        assert_eq!(heredocs[0].body, "USER x\n");
        assert_eq!(file.instructions.len(), 4);
        assert_eq!(file.instructions[2].span.of(text), "RUN <<EOF cat\nUSER x\nEOF");
    }

    #[test]
    fn pairs_in_both_forms() {
        let text = "FROM a\nENV A=1 B=\"x y\" C=a\\ b\nENV OLD the rest\nLABEL k=v\nARG N\n";
        let file = parsed(text);
        let values: Vec<_> =
            file.instructions[1].pairs().iter().map(|p| p.value.clone().unwrap().text).collect();
        assert_eq!(values, ["1", "x y", "a b"]);
        assert_eq!(file.instructions[2].pairs()[0].value.clone().unwrap().text, "the rest");
        assert!(file.instructions[4].pairs()[0].value.is_none());
        assert_eq!(file.instructions[1].pairs()[1].value.clone().unwrap().span.of(text), "\"x y\"");
    }

    #[test]
    fn exec_form_and_case() {
        let file = parsed("from a\r\ncmd [\"a\", \"b c\"]\r\nRUN [ not json ]\r\n");
        assert_eq!(file.instructions[1].words()[1].text, "b c");
        assert!(matches!(file.instructions[2].arguments, Arguments::Shell { .. }));
    }

    #[test]
    fn the_escape_directive_counts() {
        let file = parsed("# escape=`\nFROM a\nRUN dir c:\\ `\n  && x\n");
        let Arguments::Shell { text, .. } = &file.instructions[1].arguments else { panic!() };
        assert!(text.contains("c:\\") && text.contains("&& x"));
    }

    #[test]
    fn what_is_no_dockerfile_is_refused() {
        for bad in ["", "hello\n", "FROM a\nFOO bar\n", "RUN x\n", "FROM a\nRUN <<EOF\nx\n"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
