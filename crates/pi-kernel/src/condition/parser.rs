//! Reads conditions by recursive descent, within caps.

use super::expression::{Comparison, Expression, Literal, Operand, Path, Segment, Test, TextTest};
use super::lexer::{Token, tokens};
use super::{MAX_BYTES, MAX_DEPTH, MAX_NODES, MAX_SEGMENTS};

/// A condition that cannot be read, with the place where it goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Byte offset of what is wrong.
    pub offset: usize,
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseErrorKind {
    /// The text is too long.
    #[error("more than {MAX_BYTES} bytes")]
    TooLong,
    /// The nesting is too deep.
    #[error("nesting deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// There are too many tests, operators and items.
    #[error("more than {MAX_NODES} tests and items")]
    TooManyNodes,
    /// A path is too long.
    #[error("a path of more than {MAX_SEGMENTS} segments")]
    PathTooLong,
    /// A character that has no meaning.
    #[error("`{0}` has no meaning here")]
    Character(char),
    /// A number that is no 64-bit integer.
    #[error("`{0}` is no 64-bit integer")]
    Integer(String),
    /// A text without its closing quote.
    #[error("a text that does not end")]
    OpenText,
    /// A text that is no JSON string.
    #[error("a text that is no JSON string")]
    Text,
    /// Something else should stand here.
    #[error("expected {0}")]
    Expected(&'static str),
    /// The text goes on after the condition.
    #[error("text after the condition")]
    TrailingText,
    /// A list mixes types, or holds null.
    #[error("a list must hold texts, integers or booleans of one type")]
    MixedList,
}

/// Words that cannot begin a path.
const RESERVED: [&str; 11] = [
    "and",
    "or",
    "not",
    "in",
    "has",
    "contains",
    "starts_with",
    "ends_with",
    "true",
    "false",
    "null",
];

/// Reads exactly one condition.
pub(super) fn parse(text: &str) -> Result<Expression, ParseError> {
    if text.len() > MAX_BYTES {
        return Err(ParseError { kind: ParseErrorKind::TooLong, offset: MAX_BYTES });
    }
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.len(), nodes: 0 };
    let expression = parser.any(0)?;
    if parser.at < parser.tokens.len() {
        return parser.refuse(ParseErrorKind::TrailingText);
    }
    Ok(expression)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
    nodes: usize,
}

type Parsed<T> = Result<T, ParseError>;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(_, token)| token)
    }

    fn refuse<T>(&self, kind: ParseErrorKind) -> Parsed<T> {
        let offset = self.tokens.get(self.at).map_or(self.end, |(offset, _)| *offset);
        Err(ParseError { kind, offset })
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.at += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &'static str, expected: &'static str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { self.refuse(ParseErrorKind::Expected(expected)) }
    }

    fn count(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > MAX_NODES { self.refuse(ParseErrorKind::TooManyNodes) } else { Ok(()) }
    }

    fn any(&mut self, depth: usize) -> Parsed<Expression> {
        let mut members = vec![self.all(depth)?];
        while self.take_word("or") {
            members.push(self.all(depth)?);
        }
        Ok(Expression::any(members))
    }

    fn all(&mut self, depth: usize) -> Parsed<Expression> {
        let mut members = vec![self.unary(depth)?];
        while self.take_word("and") {
            members.push(self.unary(depth)?);
        }
        Ok(Expression::all(members))
    }

    fn unary(&mut self, depth: usize) -> Parsed<Expression> {
        if depth > MAX_DEPTH {
            return self.refuse(ParseErrorKind::TooDeep);
        }
        self.count()?;
        if self.take_word("not") {
            return Ok(Expression::Not(Box::new(self.unary(depth + 1)?)));
        }
        if self.take_sign("(") {
            let inner = self.any(depth + 1)?;
            self.expect_sign(")", "`)`")?;
            return Ok(inner);
        }
        self.test().map(Expression::Test)
    }

    fn test(&mut self) -> Parsed<Test> {
        if self.take_word("has") {
            self.expect_sign("(", "`(`")?;
            let path = self.path()?;
            self.expect_sign(")", "`)`")?;
            return Ok(Test::Has(path));
        }
        let left = self.operand()?;
        if let Some(comparison) = self.comparison() {
            return Ok(Test::Compare { left, comparison, right: self.operand()? });
        }
        if let Some(test) = self.text_test() {
            return Ok(Test::Text { left, test, right: self.operand()? });
        }
        if self.take_word("in") {
            return Ok(Test::In { operand: left, items: self.list()? });
        }
        match left {
            Operand::Path(_) | Operand::Literal(Literal::Bool(_)) => Ok(Test::Holds(left)),
            Operand::Literal(_) => self.refuse(ParseErrorKind::Expected("a comparison")),
        }
    }

    fn comparison(&mut self) -> Option<Comparison> {
        use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
        [Equal, NotEqual, AtMost, AtLeast, Less, Greater]
            .into_iter()
            .find(|comparison| self.take_sign(comparison.as_str()))
    }

    fn text_test(&mut self) -> Option<TextTest> {
        [TextTest::Contains, TextTest::StartsWith, TextTest::EndsWith]
            .into_iter()
            .find(|test| self.take_word(test.as_str()))
    }

    fn list(&mut self) -> Parsed<Vec<Literal>> {
        let start = self.at;
        self.expect_sign("[", "`[`")?;
        let mut items = Vec::new();
        while !self.take_sign("]") {
            if !items.is_empty() {
                self.expect_sign(",", "`,` or `]`")?;
            }
            self.count()?;
            match self.literal() {
                Some(literal) => items.push(literal),
                None => return self.refuse(ParseErrorKind::Expected("a literal")),
            }
        }
        let of_one_type = match items.first() {
            Some(Literal::Null) => false,
            Some(first) => items.iter().all(|item| same_type(first, item)),
            None => true,
        };
        if !of_one_type {
            self.at = start;
            return self.refuse(ParseErrorKind::MixedList);
        }
        Ok(items)
    }

    fn operand(&mut self) -> Parsed<Operand> {
        match self.literal() {
            Some(literal) => Ok(Operand::Literal(literal)),
            None => self.path().map(Operand::Path),
        }
    }

    fn literal(&mut self) -> Option<Literal> {
        let literal = match self.peek()? {
            Token::Integer(value) => Literal::Integer(*value),
            Token::Text(text) => Literal::Text(text.clone()),
            Token::Word(word) if word == "null" => Literal::Null,
            Token::Word(word) if word == "true" => Literal::Bool(true),
            Token::Word(word) if word == "false" => Literal::Bool(false),
            _ => return None,
        };
        self.at += 1;
        Some(literal)
    }

    fn path(&mut self) -> Parsed<Path> {
        let first = match self.peek() {
            Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()) => word.clone(),
            _ => return self.refuse(ParseErrorKind::Expected("a field or a literal")),
        };
        self.at += 1;
        let mut segments = vec![Segment::Key(first)];
        loop {
            if segments.len() > MAX_SEGMENTS {
                return self.refuse(ParseErrorKind::PathTooLong);
            }
            if self.take_sign(".") {
                segments.push(self.key()?);
            } else if self.take_sign("[") {
                segments.push(self.index()?);
            } else {
                return Ok(Path(segments));
            }
        }
    }

    fn key(&mut self) -> Parsed<Segment> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let segment = Segment::Key(word.clone());
                self.at += 1;
                Ok(segment)
            }
            _ => self.refuse(ParseErrorKind::Expected("a field name")),
        }
    }

    fn index(&mut self) -> Parsed<Segment> {
        let segment = match self.peek() {
            Some(Token::Text(text)) => Some(Segment::Key(text.clone())),
            Some(Token::Integer(value)) => u32::try_from(*value).ok().map(Segment::Index),
            _ => None,
        };
        let Some(segment) = segment else {
            return self
                .refuse(ParseErrorKind::Expected("an index from 0 or a field name in quotes"));
        };
        self.at += 1;
        self.expect_sign("]", "`]`")?;
        Ok(segment)
    }
}

fn same_type(a: &Literal, b: &Literal) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}
