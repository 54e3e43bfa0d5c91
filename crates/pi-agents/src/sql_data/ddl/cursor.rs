//! A place in the tokens of a statement.

use pi_artifacts::Span;
use pi_artifacts::sql::{Token, TokenKind};

use super::{Ident, Path};

/// Reads tokens one after the other; every call either takes what it asks for or
/// leaves the place where it is.
#[derive(Clone, Copy)]
pub(in super::super) struct Cursor<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(in super::super) fn new(tokens: &'a [Token]) -> Self {
        Self { tokens, at: 0 }
    }

    pub(in super::super) fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    pub(in super::super) fn next(&mut self) -> Option<&'a Token> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    pub(in super::super) fn is_done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    /// The place of the next token; behind the last one, of that.
    pub(in super::super) fn span(&self) -> Span {
        let token = self.peek().or_else(|| self.tokens.last());
        token.map_or_else(Span::default, |token| token.span)
    }

    /// The place of the token before.
    pub(in super::super) fn before(&self) -> Span {
        let token = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        token.map_or_else(|| self.span(), |token| token.span)
    }

    /// Whether the next tokens are these keywords.
    pub(in super::super) fn is(&self, words: &[&str]) -> bool {
        let next = self.tokens.get(self.at..).unwrap_or_default();
        words.len() <= next.len()
            && words
                .iter()
                .zip(next)
                .all(|(word, token)| token.kind == TokenKind::Word && token.text == *word)
    }

    /// Takes these keywords.
    pub(in super::super) fn take(&mut self, words: &[&str]) -> bool {
        let found = self.is(words);
        if found {
            self.at += words.len();
        }
        found
    }

    /// Takes one of these keywords.
    pub(in super::super) fn take_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.take(&[word]))
    }

    pub(in super::super) fn is_mark(&self, mark: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TokenKind::Mark && token.text == mark)
    }

    pub(in super::super) fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        if found {
            self.at += 1;
        }
        found
    }

    pub(in super::super) fn ident(&mut self) -> Option<Ident> {
        let token = self.peek()?;
        let text = match token.kind {
            TokenKind::Word => token.text.to_lowercase(),
            TokenKind::Quoted => token.text.clone(),
            _ => return None,
        };
        self.at += 1;
        Some(Ident { text, span: token.span })
    }

    /// A name with its schema.
    pub(in super::super) fn path(&mut self) -> Option<Path> {
        let first = self.ident()?;
        let mut path = Path { span: first.span, parts: vec![first] };
        while self.is_mark(".") {
            self.at += 1;
            let Some(part) = self.ident() else { break };
            path.span = path.span.to(part.span);
            path.parts.push(part);
        }
        Some(path)
    }

    /// What stands in the parentheses that open here.
    pub(in super::super) fn group(&mut self) -> Option<Cursor<'a>> {
        if !self.is_mark("(") {
            return None;
        }
        let start = self.at + 1;
        let mut depth = 0usize;
        while let Some(token) = self.next() {
            if token.kind != TokenKind::Mark {
                continue;
            }
            match token.text.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return self.tokens.get(start..self.at - 1).map(Cursor::new);
            }
        }
        self.tokens.get(start..).map(Cursor::new)
    }

    /// The parts between the commas of this level.
    pub(in super::super) fn parts(mut self) -> Vec<Cursor<'a>> {
        let mut out = Vec::new();
        let mut start = self.at;
        while !self.is_done() {
            if self.is_mark(",") {
                out.extend(self.tokens.get(start..self.at).map(Cursor::new));
                start = self.at + 1;
            }
            self.step();
        }
        out.extend(self.tokens.get(start..).filter(|rest| !rest.is_empty()).map(Cursor::new));
        out
    }

    /// Passes one token, or parentheses with what is in them.
    pub(in super::super) fn step(&mut self) {
        if self.group().is_none() {
            self.at += 1;
        }
    }

    /// Passes tokens up to one of these keywords on this level.
    pub(in super::super) fn skip_to(&mut self, words: &[&str]) {
        while !self.is_done() && !words.iter().any(|word| self.is(&[word])) {
            self.step();
        }
    }

    /// Passes tokens up to these keywords on this level, and the keywords.
    pub(in super::super) fn seek(&mut self, words: &[&str]) -> bool {
        while !self.is_done() {
            if self.take(words) {
                return true;
            }
            self.step();
        }
        false
    }

    /// The tokens that are left.
    pub(in super::super) fn rest(&self) -> &'a [Token] {
        self.tokens.get(self.at..).unwrap_or_default()
    }

    /// The tokens from an earlier place up to here.
    pub(in super::super) fn since(&self, start: &Cursor<'a>) -> &'a [Token] {
        self.tokens.get(start.at..self.at).unwrap_or_default()
    }

    /// `IF EXISTS`
    pub(in super::super) fn if_exists(&mut self) -> bool {
        self.take(&["IF", "EXISTS"])
    }

    /// `IF NOT EXISTS`
    pub(in super::super) fn if_not_exists(&mut self) -> bool {
        self.take(&["IF", "NOT", "EXISTS"])
    }
}
