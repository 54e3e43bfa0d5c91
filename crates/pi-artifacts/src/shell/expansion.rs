//! `$name`, `${...}`, `$((...))`, and commands inside words.

use super::parser::Parser;
use super::tree::{Expansion, ExpansionKind, Substitution, SubstitutionKind, Word};
use crate::artifact::Parsed;

impl Parser<'_> {
    /// Whatever a `$` starts; a lone one is text.
    pub(super) fn dollar(&mut self, word: &mut Word, quoted: bool) -> Parsed<()> {
        let start = self.at;
        match self.peek_at(1) {
            Some(b'\'') if !quoted => {
                self.at += 1;
                return self.ansi_quoted(word);
            }
            // `$"..."`: the quotes are read by the caller.
            Some(b'"') if !quoted => {
                self.at += 1;
                return Ok(());
            }
            Some(b'(') => {
                if self.peek_at(2) == Some(b'(') && self.arithmetic_expansion(word, quoted)? {
                    return Ok(());
                }
                self.at += 2;
                return self.command_substitution(word, start, SubstitutionKind::Command);
            }
            Some(b'{') if self.looking_at("${{") => return self.template(word, quoted),
            Some(b'{') => return self.braced(word, quoted),
            _ => {}
        }
        let rest = self.rest().get(1..).unwrap_or_default();
        let length = match rest.bytes().next() {
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => 1,
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => {
                rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
            }
            _ => {
                word.text.push('$');
                self.at += 1;
                return Ok(());
            }
        };
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.at += 1 + length;
        self.expanded(word, start, ExpansionKind::Parameter, name, quoted);
        Ok(())
    }

    fn expanded(
        &self,
        word: &mut Word,
        start: usize,
        kind: ExpansionKind,
        name: String,
        quoted: bool,
    ) {
        let (raw, span) = self.written(start);
        word.text.push_str(raw);
        word.is_dynamic = true;
        word.expansions.push(Expansion { kind, name, unquoted: !quoted, span });
    }

    /// `${name}`, `${name:-word}`, `${#name}`, `${!name}`, ...
    fn braced(&mut self, word: &mut Word, quoted: bool) -> Parsed<()> {
        let start = self.at;
        self.enter(1)?;
        self.at += 2;
        let rest = self.rest();
        let skipped = rest.len() - rest.trim_start_matches(['#', '!']).len();
        let name = rest.get(skipped..).unwrap_or_default();
        let length = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = name.get(..length).unwrap_or_default().to_owned();
        self.at += skipped + length;
        // What stands behind the name is kept as written; only expansions in it
        // are told apart.
        let mut inner = Word::default();
        loop {
            match self.peek() {
                Some(b'}') => break,
                Some(b'$') => self.dollar(&mut inner, quoted)?,
                Some(b'`') => self.backquoted(&mut inner, quoted)?,
                Some(b'\\') => {
                    self.at += 1;
                    self.bump();
                }
                Some(b'\'') if !quoted => self.skip_single_quoted()?,
                Some(_) => {
                    self.bump();
                }
                None => {
                    self.at = start;
                    return Err(self.missing("}"));
                }
            }
        }
        self.at += 1;
        self.leave(1);
        self.expanded(word, start, ExpansionKind::Parameter, name, quoted);
        word.expansions.append(&mut inner.expansions);
        word.substitutions.append(&mut inner.substitutions);
        Ok(())
    }

    fn skip_single_quoted(&mut self) -> Parsed<()> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let Some(length) = rest.find('\'') else { return Err(self.missing("'")) };
        self.at += length + 2;
        Ok(())
    }

    /// `${{ ... }}` of GitHub Actions.
    fn template(&mut self, word: &mut Word, quoted: bool) -> Parsed<()> {
        let start = self.at;
        let rest = self.rest().get(3..).unwrap_or_default();
        let Some(length) = rest.find("}}") else { return Err(self.missing("}}")) };
        let name = rest.get(..length).unwrap_or_default().trim().to_owned();
        self.at += 3 + length + 2;
        self.expanded(word, start, ExpansionKind::Template, name, quoted);
        Ok(())
    }

    /// `$((...))`; false when it is a command substitution after all.
    fn arithmetic_expansion(&mut self, word: &mut Word, quoted: bool) -> Parsed<bool> {
        let start = self.at;
        let Some(end) = self.arithmetic_end(start + 3) else { return Ok(false) };
        let mut inner = self.arithmetic_body(start + 3, end)?;
        self.at = end + 2;
        self.expanded(word, start, ExpansionKind::Arithmetic, inner.raw, quoted);
        word.expansions.append(&mut inner.expansions);
        word.substitutions.append(&mut inner.substitutions);
        Ok(true)
    }

    /// `((...))` as a command; `None` when it is two subshells.
    pub(super) fn arithmetic_command(&mut self) -> Parsed<Option<Word>> {
        let start = self.at;
        let Some(end) = self.arithmetic_end(start + 2) else { return Ok(None) };
        let word = self.arithmetic_body(start + 2, end)?;
        self.at = end + 2;
        Ok(Some(word))
    }

    /// Where the `))` of an arithmetic expression stands. Parentheses must
    /// balance before it, and it must be adjacent.
    fn arithmetic_end(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes().get(start..self.end)?;
        let mut open = 0usize;
        for (offset, byte) in bytes.iter().enumerate() {
            match byte {
                b'(' => open += 1,
                b')' if open > 0 => open -= 1,
                b')' => return (bytes.get(offset + 1) == Some(&b')')).then_some(start + offset),
                _ => {}
            }
        }
        None
    }

    fn arithmetic_body(&mut self, start: usize, end: usize) -> Parsed<Word> {
        self.heredoc_body(start, end, false)
    }

    /// `<(...)` or `>(...)`.
    pub(super) fn process(&mut self, word: &mut Word) -> Parsed<()> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'<') => SubstitutionKind::ProcessInput,
            _ => SubstitutionKind::ProcessOutput,
        };
        self.at += 2;
        self.command_substitution(word, start, kind)
    }

    /// The commands up to `)`, behind the opening.
    fn command_substitution(
        &mut self,
        word: &mut Word,
        start: usize,
        kind: SubstitutionKind,
    ) -> Parsed<()> {
        self.enter(1)?;
        let statements = self.list()?;
        self.expect(")")?;
        self.leave(1);
        let (raw, span) = self.written(start);
        word.text.push_str(raw);
        word.is_dynamic = true;
        word.substitutions.push(Substitution { kind, statements, span });
        Ok(())
    }

    /// Commands between backquotes. Inside double quotes `\"` is unescaped, too.
    pub(super) fn backquoted(&mut self, word: &mut Word, quoted: bool) -> Parsed<()> {
        let start = self.at;
        let bytes = self.rest().as_bytes();
        let mut length = 1;
        while let Some(byte) = bytes.get(length).filter(|byte| **byte != b'`') {
            length += if *byte == b'\\' { 2 } else { 1 };
        }
        if length >= bytes.len() {
            return Err(self.missing("`"));
        }
        let body = self.rest().get(1..length).unwrap_or_default();
        let span = self.span(start, start + length + 1);
        self.enter(1)?;
        let statements = if body.contains('\\') {
            let unescaped = unescape_backquoted(body, quoted);
            let nested = Parser::nested(&unescaped, span, self.depth).script()?;
            nested.statements
        } else {
            self.in_range(start + 1, start + length, |parser| {
                let statements = parser.list()?;
                if parser.at < parser.end { Err(parser.unexpected()) } else { Ok(statements) }
            })?
        };
        self.leave(1);
        self.at = start + length + 1;
        word.text.push_str(self.written(start).0);
        word.is_dynamic = true;
        let kind = SubstitutionKind::Command;
        word.substitutions.push(Substitution { kind, statements, span });
        Ok(())
    }
}

fn unescape_backquoted(body: &str, quoted: bool) -> String {
    let mut out = String::with_capacity(body.len());
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        let escapes = c == '\\'
            && chars.peek().is_some_and(|n| matches!(n, '$' | '`' | '\\') || (quoted && *n == '"'));
        if escapes {
            out.extend(chars.next());
        } else {
            out.push(c);
        }
    }
    out
}
