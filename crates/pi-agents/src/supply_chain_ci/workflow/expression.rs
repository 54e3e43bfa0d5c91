//! The expression language of GitHub Actions: a lexer and a parser for what
//! stands between `${{` and `}}`.

/// An expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// A literal.
    Literal(String),
    /// A context and the way into it, in lower case: `github.event.issue.title`;
    /// `*` for a computed or wildcard step.
    Context(Vec<String>),
    /// A function call; the name in lower case.
    Call(String, Vec<Expression>),
    /// `fromJSON(x).y`: a way into the result of another expression.
    Into(Box<Expression>, Vec<String>),
    /// `!x`.
    Not(Box<Expression>),
    /// `==`, `!=`, `<`, `<=`, `>`, `>=`.
    Comparison(Box<Expression>, Box<Expression>),
    /// `a && b`.
    And(Box<Expression>, Box<Expression>),
    /// `a || b`.
    Or(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Visits this expression and all inside it.
    pub fn walk(&self, visit: &mut dyn FnMut(&Expression)) {
        visit(self);
        match self {
            Expression::Literal(_) | Expression::Context(_) => {}
            Expression::Call(_, arguments) => arguments.iter().for_each(|a| a.walk(visit)),
            Expression::Into(inner, _) | Expression::Not(inner) => inner.walk(visit),
            Expression::Comparison(a, b) | Expression::And(a, b) | Expression::Or(a, b) => {
                a.walk(visit);
                b.walk(visit);
            }
        }
    }
}

/// An expression in a text, with the bytes it covers, `${{` and `}}` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Offset of `${{`.
    pub start: usize,
    /// Offset after `}}`.
    pub end: usize,
    /// The expression; `None` when it does not parse.
    pub expression: Option<Expression>,
}

/// All `${{ ... }}` of a text.
pub fn templates(text: &str) -> Vec<Template> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("${{")).map(|i| at + i) {
        let body = start + 3;
        let Some(length) = end_of(text.get(body..).unwrap_or_default()) else { break };
        let inner = text.get(body..body + length).unwrap_or_default();
        at = body + length + 2;
        found.push(Template { start, end: at, expression: parse(inner) });
    }
    found
}

/// Offset of the `}}` that is not inside a string.
fn end_of(text: &str) -> Option<usize> {
    let mut quoted = false;
    let bytes = text.as_bytes();
    bytes.iter().enumerate().find_map(|(at, byte)| {
        if *byte == b'\'' {
            quoted = !quoted;
        }
        (!quoted && *byte == b'}' && bytes.get(at + 1) == Some(&b'}')).then_some(at)
    })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Literal(String),
    /// One of `( ) [ ] , . * ! < > <= >= == != && ||`.
    Mark(&'static str),
}

const MARKS: &[&str] =
    &["&&", "||", "==", "!=", "<=", ">=", "(", ")", "[", "]", ",", ".", "*", "!", "<", ">"];

fn lex(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '\'' {
            let (value, length) = string(rest)?;
            tokens.push(Token::Literal(value));
            length
        } else if first.is_ascii_digit()
            || (matches!(first, '-' | '+' | '.')
                && !matches!(tokens.last(), Some(Token::Name(_) | Token::Mark("]" | ")" | "*")))
                && rest.get(1..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit())))
        {
            let number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
            let length = rest.find(|c| !number(c)).unwrap_or(rest.len());
            tokens.push(Token::Literal(rest.get(..length)?.to_owned()));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let length = rest.find(|c| !name(c)).unwrap_or(rest.len());
            tokens.push(Token::Name(rest.get(..length)?.to_ascii_lowercase()));
            length
        } else {
            let mark = MARKS.iter().find(|mark| rest.starts_with(**mark))?;
            tokens.push(Token::Mark(mark));
            mark.len()
        };
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// A string in single quotes, where two stand for one.
fn string(text: &str) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut at = 1;
    loop {
        let rest = text.get(at..)?;
        let end = rest.find('\'')?;
        value.push_str(rest.get(..end)?);
        at += end + 1;
        if !text.get(at..)?.starts_with('\'') {
            return Some((value, at));
        }
        value.push('\'');
        at += 1;
    }
}

/// Deepest nesting that is parsed; GitHub itself allows 50.
const MAX_DEPTH: usize = 64;

/// Parses an expression.
pub fn parse(text: &str) -> Option<Expression> {
    let tokens = lex(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let expression = parser.or()?;
    (parser.at == tokens.len()).then_some(expression)
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn take(&mut self, mark: &str) -> bool {
        let here = matches!(self.tokens.get(self.at), Some(Token::Mark(found)) if *found == mark);
        self.at += usize::from(here);
        here
    }

    fn or(&mut self) -> Option<Expression> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut left = self.and()?;
        while self.take("||") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Some(left)
    }

    fn and(&mut self) -> Option<Expression> {
        let mut left = self.comparison()?;
        while self.take("&&") {
            left = Expression::And(Box::new(left), Box::new(self.comparison()?));
        }
        Some(left)
    }

    fn comparison(&mut self) -> Option<Expression> {
        let mut left = self.unary()?;
        while ["==", "!=", "<=", ">=", "<", ">"].iter().any(|mark| self.take(mark)) {
            left = Expression::Comparison(Box::new(left), Box::new(self.unary()?));
        }
        Some(left)
    }

    fn unary(&mut self) -> Option<Expression> {
        let mut negations = 0;
        while self.take("!") {
            negations += 1;
        }
        let inner = self.primary()?;
        Some(if negations > 0 { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn primary(&mut self) -> Option<Expression> {
        if self.take("(") {
            let inner = self.or()?;
            if !self.take(")") {
                return None;
            }
            return self.into(inner);
        }
        match self.tokens.get(self.at)?.clone() {
            Token::Literal(value) => {
                self.at += 1;
                Some(Expression::Literal(value))
            }
            Token::Name(name) => {
                self.at += 1;
                if self.take("(") {
                    let call = Expression::Call(name, self.arguments()?);
                    return self.into(call);
                }
                if matches!(name.as_str(), "true" | "false" | "null" | "nan" | "infinity") {
                    return Some(Expression::Literal(name));
                }
                let mut way = vec![name];
                way.extend(self.way()?);
                Some(Expression::Context(way))
            }
            Token::Mark(_) => None,
        }
    }

    fn into(&mut self, inner: Expression) -> Option<Expression> {
        let way = self.way()?;
        Some(if way.is_empty() { inner } else { Expression::Into(Box::new(inner), way) })
    }

    fn arguments(&mut self) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        if self.take(")") {
            return Some(arguments);
        }
        loop {
            arguments.push(self.or()?);
            if self.take(")") {
                return Some(arguments);
            }
            if !self.take(",") {
                return None;
            }
        }
    }

    /// `.name`, `.*` and `[index]`.
    fn way(&mut self) -> Option<Vec<String>> {
        let mut way = Vec::new();
        loop {
            if self.take(".") {
                if self.take("*") {
                    way.push("*".to_owned());
                } else if let Some(Token::Name(name)) = self.tokens.get(self.at) {
                    way.push(name.clone());
                    self.at += 1;
                } else {
                    return None;
                }
            } else if self.take("[") {
                way.push(match self.or()? {
                    Expression::Literal(name) => name.to_ascii_lowercase(),
                    _ => "*".to_owned(),
                });
                if !self.take("]") {
                    return None;
                }
            } else {
                return Some(way);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(path: &str) -> Expression {
        Expression::Context(path.split('.').map(str::to_owned).collect())
    }

    #[test]
    fn expressions_parse() {
        assert_eq!(parse("github.event.issue.title"), Some(context("github.event.issue.title")));
        assert_eq!(
            parse(" GitHub['event']['Issue'].title "),
            Some(context("github.event.issue.title"))
        );
        assert_eq!(
            parse("github.event.commits.*.message"),
            Some(context("github.event.commits.*.message"))
        );
        assert_eq!(
            parse("a.b == 'it''s' && !c || format('{0}', d[e])"),
            Some(Expression::Or(
                Box::new(Expression::And(
                    Box::new(Expression::Comparison(
                        Box::new(context("a.b")),
                        Box::new(Expression::Literal("it's".to_owned()))
                    )),
                    Box::new(Expression::Not(Box::new(context("c"))))
                )),
                Box::new(Expression::Call(
                    "format".to_owned(),
                    vec![Expression::Literal("{0}".to_owned()), context("d.*")]
                ))
            ))
        );
        assert!(parse("fromJSON(x).y[0]").is_some());
        for bad in ["", "a b", "a.", "a[", "'x", "(a", "a ==", "f(a,", "${x}"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&"(".repeat(10_000)), None);
    }

    #[test]
    fn templates_end_outside_strings() {
        let found = templates("echo ${{ '}}' }} and ${{ a.b }}");
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].expression, Some(context("a.b")));
    }
}
