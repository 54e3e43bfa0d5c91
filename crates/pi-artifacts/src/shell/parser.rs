//! The cursor, lists and pipelines.

use pi_core::Reason;

use super::tree::{Connector, Heredoc, Link, Pipeline, Script, Statement};
use crate::artifact::{ParseFailure, Parsed};
use crate::limits::MAX_SHELL_NESTING;
use crate::span::Span;

/// Words that end a list where a command may start.
const CLOSERS: &[&str] = &["then", "else", "elif", "fi", "do", "done", "esac", "}"];

pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// Where the text ends for this parser: a heredoc's body or backquotes are
    /// parsed as a range of the whole.
    pub(super) end: usize,
    base: usize,
    /// Text without positions of its own (unescaped backquotes): every span is
    /// this one.
    fixed: Option<Span>,
    pub(super) depth: usize,
    /// Heredocs whose bodies start behind the next line break: index, quoted,
    /// tabs removed.
    pub(super) pending: Vec<(usize, bool, bool)>,
    pub(super) out: Script,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str, base: u32) -> Self {
        Self {
            text,
            at: 0,
            end: text.len(),
            base: base as usize,
            fixed: None,
            depth: 0,
            pending: Vec::new(),
            out: Script::default(),
        }
    }

    /// A parser of text that stands at `span` in another form.
    pub(super) fn nested(text: &'a str, span: Span, depth: usize) -> Self {
        Self { fixed: Some(span), depth, ..Self::new(text, 0) }
    }

    pub(super) fn script(mut self) -> Parsed<Script> {
        self.out.statements = self.list()?;
        if self.at < self.end {
            return Err(self.unexpected());
        }
        self.read_heredocs()?;
        Ok(self.out)
    }

    // The cursor.

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.fixed.unwrap_or_else(|| Span::new(self.base + start, self.base + end))
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        let at = self.at + ahead;
        if at < self.end { self.text.as_bytes().get(at).copied() } else { None }
    }

    pub(super) fn looking_at(&self, prefix: &str) -> bool {
        self.rest().starts_with(prefix)
    }

    pub(super) fn accept(&mut self, prefix: &str) -> bool {
        let found = self.looking_at(prefix);
        if found {
            self.at += prefix.len();
        }
        found
    }

    pub(super) fn expect(&mut self, prefix: &str) -> Parsed<()> {
        if self.accept(prefix) { Ok(()) } else { Err(self.missing(prefix)) }
    }

    /// Steps over one character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    pub(super) fn enter(&mut self, levels: usize) -> Parsed<()> {
        self.depth += levels;
        if self.depth > MAX_SHELL_NESTING {
            return Err(ParseFailure {
                reason: Reason::ArtifactTooDeep,
                message: format!("more than {MAX_SHELL_NESTING} levels of shell nesting"),
                span: self.span(self.at, self.at),
            });
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, levels: usize) {
        self.depth -= levels;
    }

    pub(super) fn error(&self, message: impl Into<String>) -> ParseFailure {
        ParseFailure::syntax(message, self.span(self.at, (self.at + 1).min(self.end)))
    }

    pub(super) fn missing(&self, what: &str) -> ParseFailure {
        self.error(format!("`{what}` is missing"))
    }

    pub(super) fn unexpected(&self) -> ParseFailure {
        self.error("no command can start here")
    }

    // Blanks, comments, reserved words.

    /// Skips blanks, line continuations and a comment; stays on the line.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\r') if self.peek_at(1) == Some(b'\n') => self.at += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.at += 2,
                Some(b'\\') if self.rest().starts_with("\\\r\n") => self.at += 3,
                Some(b'#') => self.skip_comment(),
                _ => return,
            }
        }
    }

    fn skip_comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let span = self.span(self.at, self.at + line.len());
        self.out.comments.push(span);
        self.at += line.len();
    }

    /// Skips blanks and line breaks; reads the heredocs that start there.
    pub(super) fn skip_lines(&mut self) -> Parsed<()> {
        loop {
            self.skip_blanks();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.newline()?;
        }
    }

    fn newline(&mut self) -> Parsed<()> {
        self.at += 1;
        self.read_heredocs()
    }

    /// Whether `word` stands here as a whole word.
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.looking_at(word) && self.peek_at(word.len()).is_none_or(is_meta)
    }

    pub(super) fn accept_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.at += word.len();
        }
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.accept_word(word) { Ok(()) } else { Err(self.missing(word)) }
    }

    // Lists and pipelines.

    /// Statements up to a closing word, `)`, `;;` or the end.
    pub(super) fn list(&mut self) -> Parsed<Vec<Statement>> {
        let mut out = Vec::new();
        loop {
            self.skip_lines()?;
            if self.at_list_end() {
                return Ok(out);
            }
            let mut statement = self.statement()?;
            self.skip_blanks();
            match self.peek() {
                Some(b';') if !matches!(self.peek_at(1), Some(b';' | b'&')) => self.at += 1,
                Some(b'&') => {
                    self.at += 1;
                    statement.background = true;
                }
                Some(b'\n' | b')' | b';') | None => {}
                // A compound command may be followed by a closing word at once.
                _ if self.at_list_end() => {}
                _ => return Err(self.unexpected()),
            }
            out.push(statement);
        }
    }

    pub(super) fn at_list_end(&self) -> bool {
        match self.peek() {
            None | Some(b')') => true,
            Some(b';') => matches!(self.peek_at(1), Some(b';' | b'&')),
            _ => CLOSERS.iter().any(|word| self.at_word(word)),
        }
    }

    fn statement(&mut self) -> Parsed<Statement> {
        let first = self.pipeline()?;
        let mut span = first.span;
        let mut links = vec![Link { connector: Connector::First, pipeline: first }];
        loop {
            self.skip_blanks();
            let connector = if self.accept("&&") {
                Connector::And
            } else if self.accept("||") {
                Connector::Or
            } else {
                return Ok(Statement { links, background: false, span });
            };
            self.skip_lines()?;
            let pipeline = self.pipeline()?;
            span = span.to(pipeline.span);
            links.push(Link { connector, pipeline });
        }
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        let start = self.at;
        let mut negated = false;
        loop {
            if self.at_word("!") || self.looking_at("!(") {
                self.at += 1;
                negated = !negated;
            } else if !(self.accept_word("time") || self.accept_word("-p")) {
                break;
            }
            self.skip_blanks();
        }
        let mut commands = vec![self.command()?];
        let mut end = self.at;
        loop {
            self.skip_blanks();
            if self.looking_at("||") || !self.accept("|") {
                break;
            }
            self.accept("&");
            self.skip_lines()?;
            commands.push(self.command()?);
            end = self.at;
        }
        Ok(Pipeline { negated, commands, span: self.span(start, end) })
    }

    // Heredocs.

    /// Reads the bodies of the pending heredocs. One without its delimiter ends
    /// with the text, as in Bash.
    fn read_heredocs(&mut self) -> Parsed<()> {
        for (index, quoted, tabs) in std::mem::take(&mut self.pending) {
            let Some(delimiter) = self.out.heredocs.get(index).map(|h| h.delimiter.clone()) else {
                continue;
            };
            let start = self.at;
            let mut end = self.end;
            let mut next = self.end;
            let mut offset = start;
            for line in self.rest().split_inclusive('\n') {
                let bare = line.trim_end_matches(['\n', '\r']);
                let bare = if tabs { bare.trim_start_matches('\t') } else { bare };
                if bare == delimiter {
                    (end, next) = (offset, offset + line.len());
                    break;
                }
                offset += line.len();
            }
            let body = self.heredoc_body(start, end, quoted)?;
            self.at = next;
            if let Some(slot) = self.out.heredocs.get_mut(index) {
                *slot = Heredoc { delimiter, body };
            }
        }
        Ok(())
    }
}

/// Bytes that end an unquoted word.
pub(super) fn is_meta(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')')
}
