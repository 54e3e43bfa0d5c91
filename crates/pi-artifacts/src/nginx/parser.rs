//! From text to directives, in one pass with an explicit stack.

use super::{Block, Config, Directive, Word};
use crate::artifact::{ParseFailure, Parsed};
use crate::limits::MAX_NESTING;
use crate::nesting::too_deep;
use crate::span::Span;

pub(super) fn parse(text: &str) -> Parsed<Config> {
    let mut parser = Parser { text, at: 0, open: Vec::new(), level: Vec::new() };
    let mut words: Vec<Word> = Vec::new();
    parser.skip('\u{feff}');
    loop {
        parser.skip_blank();
        let Some(c) = parser.peek() else { break };
        match c {
            ';' => {
                let mark = parser.mark();
                let directive = head(words.drain(..), mark)?;
                parser.level.push(directive);
            }
            '{' => {
                let mark = parser.mark();
                let directive = head(words.drain(..), mark)?;
                parser.open(directive)?;
            }
            '}' => {
                let mark = parser.mark();
                if !words.is_empty() {
                    return Err(ParseFailure::syntax("a directive lacks its `;`", mark));
                }
                parser.close(mark)?;
            }
            _ => words.push(parser.word()?),
        }
    }
    let end = Span::new(text.len(), text.len());
    match (words.last(), parser.open.last()) {
        (Some(word), _) => Err(ParseFailure::syntax("the last directive lacks its `;`", word.span)),
        (None, Some((directive, _))) => {
            Err(ParseFailure::syntax("a block does not end", directive.name.span.to(end)))
        }
        (None, None) => Ok(Config { directives: parser.level }),
    }
}

/// The directive that these words make, up to `mark`.
fn head(mut words: impl Iterator<Item = Word>, mark: Span) -> Parsed<Directive> {
    let Some(name) = words.next() else {
        return Err(ParseFailure::syntax("a directive without a name", mark));
    };
    let span = name.span.to(mark);
    Ok(Directive { name, arguments: words.collect(), block: None, span })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    /// The blocks around the current one, each with what stands before it.
    open: Vec<(Directive, Vec<Directive>)>,
    /// The directives of the current block.
    level: Vec<Directive>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip(&mut self, expected: char) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Takes a mark of one byte.
    fn mark(&mut self) -> Span {
        self.at += 1;
        Span::new(self.at - 1, self.at)
    }

    /// White space, and comments where a word could begin.
    fn skip_blank(&mut self) {
        while let Some(c) = self.peek() {
            if c == '#' {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if is_blank(c) {
                self.at += 1;
            } else {
                break;
            }
        }
    }

    fn open(&mut self, directive: Directive) -> Parsed<()> {
        if directive.name.text.ends_with("_by_lua_block") {
            return self.lua(directive);
        }
        if self.open.len() >= MAX_NESTING {
            let message = format!("more than {MAX_NESTING} levels of nesting");
            return Err(too_deep(message, directive.span));
        }
        self.open.push((directive, std::mem::take(&mut self.level)));
        Ok(())
    }

    fn close(&mut self, mark: Span) -> Parsed<()> {
        let Some((mut directive, before)) = self.open.pop() else {
            return Err(ParseFailure::syntax("a `}` without a block", mark));
        };
        let children = std::mem::replace(&mut self.level, before);
        directive.block = Some(Block::Directives(children));
        directive.span = directive.span.to(mark);
        self.level.push(directive);
        Ok(())
    }

    /// A word. A `{` ends it unless it belongs to `${name}`; a `}` does not.
    fn word(&mut self) -> Parsed<Word> {
        let start = self.at;
        if let Some(quote @ ('"' | '\'')) = self.peek() {
            return self.quoted(quote);
        }
        let mut text = String::new();
        while let Some(c) = self.peek() {
            if is_blank(c) || matches!(c, ';' | '{') {
                break;
            }
            self.at += c.len_utf8();
            match c {
                '\\' => self.escape(&mut text),
                '$' => {
                    text.push('$');
                    if self.skip('{') {
                        text.push('{');
                    }
                }
                _ => text.push(c),
            }
        }
        Ok(Word { text, span: Span::new(start, self.at), quote: None })
    }

    fn quoted(&mut self, quote: char) -> Parsed<Word> {
        let start = self.at;
        self.next();
        let mut text = String::new();
        loop {
            match self.next() {
                None => {
                    let span = Span::new(start, self.at);
                    return Err(ParseFailure::syntax("a quoted word does not end", span));
                }
                Some(c) if c == quote => break,
                Some('\\') => self.escape(&mut text),
                Some(c) => text.push(c),
            }
        }
        let span = Span::new(start, self.at);
        match self.peek() {
            Some(c) if !is_blank(c) && !matches!(c, ';' | '{' | ')') => {
                Err(ParseFailure::syntax("a quoted word runs into the next", span))
            }
            _ => Ok(Word { text, span, quote: Some(quote) }),
        }
    }

    /// What stands behind a backslash. Unknown escapes keep it: regular
    /// expressions rely on that.
    fn escape(&mut self, text: &mut String) {
        match self.next() {
            Some(c @ ('"' | '\'' | '\\')) => text.push(c),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('n') => text.push('\n'),
            Some(c) => text.extend(['\\', c]),
            None => text.push('\\'),
        }
    }

    /// A Lua block up to the brace that closes it.
    fn lua(&mut self, mut directive: Directive) -> Parsed<()> {
        let start = self.at;
        let mut depth = 1usize;
        while let Some(c) = self.next() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' | '\'' => self.lua_string(c),
                '[' => {
                    self.lua_long();
                }
                '-' if self.skip('-') && !(self.skip('[') && self.lua_long()) => {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
                _ => {}
            }
            if depth == 0 {
                directive.block = Some(Block::Raw(Span::new(start, self.at - 1)));
                directive.span = directive.span.to(Span::new(self.at - 1, self.at));
                self.level.push(directive);
                return Ok(());
            }
        }
        Err(ParseFailure::syntax("a Lua block does not end", directive.span))
    }

    fn lua_string(&mut self, quote: char) {
        while let Some(c) = self.next() {
            match c {
                '\\' => {
                    self.next();
                }
                '\n' => break,
                _ if c == quote => break,
                _ => {}
            }
        }
    }

    /// A long string or comment, `[==[ ... ]==]`, behind its first bracket.
    fn lua_long(&mut self) -> bool {
        let rest = self.rest();
        let level = rest.len() - rest.trim_start_matches('=').len();
        if rest.as_bytes().get(level) != Some(&b'[') {
            return false;
        }
        let end = format!("]{}]", "=".repeat(level));
        self.at += rest.find(&end).map_or(rest.len(), |at| at + end.len());
        true
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
