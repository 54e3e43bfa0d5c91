//! Words: quotes, escapes, and what is expanded inside them.

use super::parser::{Parser, is_meta};
use super::tree::Word;
use crate::artifact::Parsed;
use crate::span::Span;

impl Parser<'_> {
    /// A word; an error where none starts.
    pub(super) fn word(&mut self) -> Parsed<Word> {
        let start = self.at;
        let mut word = Word::default();
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.escape(&mut word),
                b'\'' => self.single_quoted(&mut word)?,
                b'"' => self.double_quoted(&mut word)?,
                b'$' => self.dollar(&mut word, false)?,
                b'`' => self.backquoted(&mut word, false)?,
                b'<' | b'>' if self.peek_at(1) == Some(b'(') => self.process(&mut word)?,
                b'?' | b'*' | b'+' | b'@' | b'!' if self.peek_at(1) == Some(b'(') => {
                    self.extended_pattern(&mut word)?;
                }
                byte if is_meta(byte) => break,
                byte => {
                    word.is_pattern |= matches!(byte, b'*' | b'?' | b'[' | b'{');
                    word.text.extend(self.bump());
                }
            }
        }
        if self.at == start {
            return Err(self.error("a word is missing"));
        }
        word.raw = self.text.get(start..self.at).unwrap_or_default().to_owned();
        word.span = self.span(start, self.at);
        Ok(word)
    }

    fn escape(&mut self, word: &mut Word) {
        self.at += 1;
        if self.accept("\n") || self.accept("\r\n") {
            return;
        }
        word.is_quoted = true;
        word.text.extend(self.bump());
    }

    fn single_quoted(&mut self, word: &mut Word) -> Parsed<()> {
        let rest = self.rest().get(1..).unwrap_or_default();
        let Some(length) = rest.find('\'') else { return Err(self.missing("'")) };
        word.text.push_str(rest.get(..length).unwrap_or_default());
        word.is_quoted = true;
        self.at += length + 2;
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut Word) -> Parsed<()> {
        word.is_quoted = true;
        let open = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.quoted_piece(word, b'"')?,
                None => {
                    self.at = open;
                    return Err(self.missing("\""));
                }
            }
        }
    }

    /// One character, escape or expansion where only `$`, backquote and
    /// backslash mean something.
    fn quoted_piece(&mut self, word: &mut Word, quote: u8) -> Parsed<()> {
        match self.peek() {
            Some(b'$') => self.dollar(word, true),
            Some(b'`') => self.backquoted(word, true),
            Some(b'\\') => {
                let next = self.peek_at(1);
                if next == Some(b'\n') {
                    self.at += 2;
                    return Ok(());
                }
                let escapes = matches!(next, Some(b'$' | b'`' | b'\\')) || next == Some(quote);
                if escapes {
                    self.at += 1;
                }
                word.text.extend(self.bump());
                Ok(())
            }
            _ => {
                word.text.extend(self.bump());
                Ok(())
            }
        }
    }

    /// `$'...'`, behind the dollar.
    pub(super) fn ansi_quoted(&mut self, word: &mut Word) -> Parsed<()> {
        word.is_quoted = true;
        self.at += 1;
        loop {
            match self.bump() {
                Some('\'') => return Ok(()),
                Some('\\') => self.ansi_escape(word),
                Some(c) => word.text.push(c),
                None => return Err(self.missing("'")),
            }
        }
    }

    fn ansi_escape(&mut self, word: &mut Word) {
        let Some(c) = self.bump() else { return };
        let mut number = |digits: usize, radix: u32, first: &str| {
            let rest = self.rest();
            let length = rest.chars().take(digits).take_while(|c| c.is_digit(radix)).count();
            let text = format!("{first}{}", rest.get(..length).unwrap_or_default());
            self.at += length;
            u32::from_str_radix(&text, radix).ok().and_then(char::from_u32)
        };
        let resolved = match c {
            'n' => Some('\n'),
            't' => Some('\t'),
            'r' => Some('\r'),
            'a' => Some('\u{7}'),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'v' => Some('\u{b}'),
            'e' | 'E' => Some('\u{1b}'),
            'x' => number(2, 16, ""),
            'u' => number(4, 16, ""),
            'U' => number(8, 16, ""),
            '0'..='7' => number(2, 8, &c.to_string()),
            other => Some(other),
        };
        word.text.extend(resolved);
    }

    /// `@(a|b)` and its like: kept as text.
    fn extended_pattern(&mut self, word: &mut Word) -> Parsed<()> {
        word.is_pattern = true;
        let start = self.at;
        let mut open = 0usize;
        while let Some(c) = self.bump() {
            match c {
                '(' => open += 1,
                ')' => open -= 1,
                '\\' => {
                    self.bump();
                }
                '\n' => break,
                _ => {}
            }
            if open == 0 && c == ')' {
                word.text.push_str(self.text.get(start..self.at).unwrap_or_default());
                return Ok(());
            }
        }
        self.at = start;
        Err(self.missing(")"))
    }

    /// The body of a heredoc as a word.
    pub(super) fn heredoc_body(&mut self, start: usize, end: usize, quoted: bool) -> Parsed<Word> {
        let raw = self.text.get(start..end).unwrap_or_default();
        let mut word = Word { raw: raw.to_owned(), span: self.span(start, end), ..Word::default() };
        if quoted {
            word.text = raw.to_owned();
            word.is_quoted = true;
            return Ok(word);
        }
        // A heredoc inside of a heredoc reads its text once more: each level counts
        // as ten, so that the cap also bounds the time.
        self.enter(10)?;
        self.in_range(start, end, |parser| {
            while parser.at < parser.end {
                // A quote is a plain character here.
                parser.quoted_piece(&mut word, 0)?;
            }
            Ok(())
        })?;
        self.leave(10);
        Ok(word)
    }

    /// Parses a range of the text with its own heredocs.
    pub(super) fn in_range<T>(
        &mut self,
        start: usize,
        end: usize,
        parse: impl FnOnce(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let (outer_at, outer_end) = (self.at, self.end);
        let pending = std::mem::take(&mut self.pending);
        (self.at, self.end) = (start, end);
        let result = parse(self)?;
        (self.at, self.end) = (outer_at, outer_end);
        self.pending = pending;
        Ok(result)
    }

    /// From `start` to here, as written.
    pub(super) fn written(&self, start: usize) -> (&str, Span) {
        (self.text.get(start..self.at).unwrap_or_default(), self.span(start, self.at))
    }
}
