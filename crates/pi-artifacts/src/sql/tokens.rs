//! Splits a file into statements over the parser's own tokens, and caps their
//! nesting before the parser sees them.

use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use super::{TokenKind, Word};
use crate::artifact::{ParseFailure, Parsed};
use crate::nesting::Nesting;
use crate::span::Span;

/// A statement before it is parsed.
pub(super) struct Raw {
    pub(super) words: Vec<Word>,
    pub(super) strings: Vec<Word>,
    pub(super) tokens: Vec<super::Token>,
    pub(super) span: Span,
}

/// The tokens of a text that are not white space, with their places.
pub(crate) fn tokenize(text: &str) -> Parsed<Vec<(Token, Span)>> {
    let dialects: [&dyn Dialect; 3] = [&GenericDialect {}, &PostgreSqlDialect {}, &MySqlDialect {}];
    let mut failure = None;
    for dialect in dialects {
        // Unescaping would hide the written length of strings.
        match Tokenizer::new(dialect, text).with_unescape(false).tokenize_with_location() {
            Ok(tokens) => return Ok(place(text, tokens)),
            Err(error) => failure = failure.or(Some(error.location)),
        }
    }
    let at = failure.map_or(0, |location| Places::new(text).offset(location));
    Err(ParseFailure::syntax("a string or comment does not end", Span::new(at, at)))
}

pub(super) fn split(text: &str) -> Parsed<Vec<Raw>> {
    let mut out = Vec::new();
    let mut current: Option<Raw> = None;
    let mut nesting = Nesting::default();
    for (token, span) in tokenize(text)? {
        if token == Token::SemiColon {
            nesting.end_statement();
            out.extend(current.take());
            continue;
        }
        count(&token, span, &mut nesting)?;
        let empty = || Raw { words: Vec::new(), strings: Vec::new(), tokens: Vec::new(), span };
        let raw = current.get_or_insert_with(empty);
        raw.span = raw.span.to(span);
        raw.tokens.push(plain(&token, span));
        match token {
            Token::Word(word) => {
                let bare = word.quote_style.is_none();
                let text = if bare { word.value.to_uppercase() } else { word.value };
                raw.words.push(Word { text, span });
            }
            Token::SingleQuotedString(text)
            | Token::NationalStringLiteral(text)
            | Token::EscapedStringLiteral(text)
            | Token::DoubleQuotedString(text) => raw.strings.push(Word { text, span }),
            Token::DollarQuotedString(string) => {
                raw.strings.push(Word { text: string.value, span });
            }
            _ => {}
        }
    }
    out.extend(current);
    Ok(out)
}

/// A token in this crate's words.
fn plain(token: &Token, span: Span) -> super::Token {
    let (kind, text) = match token {
        Token::Word(word) if word.quote_style.is_none() => {
            (TokenKind::Word, word.value.to_uppercase())
        }
        Token::Word(word) => (TokenKind::Quoted, word.value.clone()),
        Token::SingleQuotedString(text)
        | Token::NationalStringLiteral(text)
        | Token::EscapedStringLiteral(text) => (TokenKind::String, text.clone()),
        Token::DollarQuotedString(string) => (TokenKind::String, string.value.clone()),
        Token::DoubleQuotedString(text) => (TokenKind::Quoted, text.clone()),
        Token::Number(text, _) => (TokenKind::Number, text.clone()),
        other => (TokenKind::Mark, other.to_string()),
    };
    super::Token { kind, text, span }
}

/// Operators and keywords deepen the tree; a comma begins a sibling.
fn count(token: &Token, span: Span, nesting: &mut Nesting) -> Parsed<()> {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => nesting.open(span)?,
        Token::RParen | Token::RBracket | Token::RBrace => nesting.close(),
        Token::Comma => nesting.separate(),
        Token::Word(word) => {
            if word.keyword != sqlparser::keywords::Keyword::NoKeyword {
                nesting.link(span)?;
            }
        }
        Token::Number(..) | Token::SingleQuotedString(_) => {}
        _ => nesting.link(span)?,
    }
    Ok(())
}

fn place(text: &str, tokens: Vec<TokenWithSpan>) -> Vec<(Token, Span)> {
    let mut places = Places::new(text);
    tokens
        .into_iter()
        .filter(|token| !matches!(token.token, Token::Whitespace(_) | Token::EOF))
        .map(|token| {
            let start = places.offset(token.span.start);
            (token.token, Span::new(start, places.offset(token.span.end)))
        })
        .collect()
}

/// Turns ascending lines and columns (in characters, from 1) into offsets.
struct Places<'a> {
    text: &'a str,
    at: usize,
    line: u64,
    column: u64,
}

impl<'a> Places<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    fn offset(&mut self, location: Location) -> usize {
        let goal = (location.line, location.column);
        for c in self.text.get(self.at..).unwrap_or_default().chars() {
            if (self.line, self.column) >= goal {
                break;
            }
            self.at += c.len_utf8();
            if c == '\n' {
                (self.line, self.column) = (self.line + 1, 1);
            } else {
                self.column += 1;
            }
        }
        self.at
    }
}
