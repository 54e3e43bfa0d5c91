//! SQL: statements with their places.

mod tokens;

pub(crate) use tokens::tokenize;

/// The syntax tree, for agents that need more than text and keywords.
pub use sqlparser::ast;
use sqlparser::ast::Statement as Ast;
use sqlparser::dialect::{Dialect, GenericDialect, MySqlDialect, PostgreSqlDialect};
use sqlparser::parser::Parser;

use crate::artifact::{Artifact, Parsed};
use crate::span::Span;

/// Levels of recursion that the parser may take inside one statement.
const RECURSION_LIMIT: usize = 128;

/// A parsed SQL file.
#[derive(Clone, Debug)]
pub struct Sql {
    /// The statements in order.
    pub statements: Vec<Statement>,
}

/// A statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its tree; `None` when no dialect reads it (procedural code, vendor
    /// commands). Agents then have the words.
    pub tree: Option<Ast>,
    /// Its words in upper case, strings and comments left out; quoted names as
    /// written.
    pub words: Vec<Word>,
    /// Its string literals.
    pub strings: Vec<Word>,
    /// Its tokens without white space and comments.
    pub tokens: Vec<Token>,
    /// Its place without the `;`.
    pub span: Span,
}

/// A word or string of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text: upper case for bare words, without quotes for strings.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// A token of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Upper case for bare words, without quotes for quoted names and strings, as
    /// written for the rest.
    pub text: String,
    /// Its place.
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or a bare name.
    Word,
    /// A name in quotes.
    Quoted,
    /// A string.
    String,
    /// A number.
    Number,
    /// An operator, bracket or other mark.
    Mark,
}

impl Statement {
    /// Whether the statement begins with these words.
    pub fn starts_with(&self, words: &[&str]) -> bool {
        words.len() <= self.words.len()
            && words.iter().zip(&self.words).all(|(word, found)| *word == found.text)
    }
}

/// Parses an SQL file. A statement that does not parse does not hide the others.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Sql> {
    let text = artifact.parsable_text()?;
    let statements = tokens::split(text)?
        .into_iter()
        .map(|raw| Statement {
            tree: tree(raw.span.of(text)),
            words: raw.words,
            strings: raw.strings,
            tokens: raw.tokens,
            span: raw.span,
        })
        .collect();
    Ok(Sql { statements })
}

/// The tree of one statement in the first dialect that reads it.
fn tree(text: &str) -> Option<Ast> {
    let dialects: [&dyn Dialect; 3] = [&GenericDialect {}, &PostgreSqlDialect {}, &MySqlDialect {}];
    dialects.into_iter().find_map(|dialect| {
        let parser = Parser::new(dialect).with_recursion_limit(RECURSION_LIMIT);
        let mut found = parser.try_with_sql(text).ok()?.parse_statements().ok()?;
        if found.len() == 1 { found.pop() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    #[test]
    fn statements_stand_alone() {
        let text = "-- c;\nselect 'a;b', \"C\" from t where é = 1;\n DROP  TABLE x ;\nnonsense of words;\ngrant all on *.* to u@h\n";
        let artifact = Artifact::with_kind("a.sql", text.as_bytes().to_vec(), Kind::Sql);
        let sql = artifact.sql().unwrap();
        let spans: Vec<&str> = sql.statements.iter().map(|s| s.span.of(text)).collect();
        assert_eq!(
            spans,
            [
                "select 'a;b', \"C\" from t where é = 1",
                "DROP  TABLE x",
                "nonsense of words",
                "grant all on *.* to u@h"
            ]
        );
        assert!(matches!(sql.statements[0].tree, Some(Ast::Query(_))));
        assert_eq!(sql.statements[0].strings[0].text, "a;b");
        assert!(sql.statements[1].starts_with(&["DROP", "TABLE"]));
        assert!(sql.statements[2].tree.is_none());
    }
}
