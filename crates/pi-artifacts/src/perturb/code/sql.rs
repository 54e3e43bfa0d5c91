//! SQL: comments between statements, case of keywords, blanks.

use sqlparser::tokenizer::Token;

use super::{Edit, comment_line, line_endings, own_line};
use crate::artifact::Artifact;
use crate::perturb::{Perturbation, Request};
use crate::span::Span;
use crate::sql::tokenize;

const BAITS: &[&str] = &["DROP TABLE accounts;", "GRANT ALL PRIVILEGES ON *.* TO app;"];

/// Reserved words, which no dialect reads as a name.
const RESERVED: &[&str] = &[
    "ALL", "ALTER", "AND", "AS", "BY", "CREATE", "DELETE", "DROP", "FROM", "GRANT", "GROUP",
    "HAVING", "IN", "INSERT", "INTO", "IS", "JOIN", "LIKE", "NOT", "NULL", "ON", "OR", "ORDER",
    "REVOKE", "SELECT", "SET", "TABLE", "TO", "UNION", "UPDATE", "VALUES", "WHERE",
];

pub(super) fn edits(
    artifact: &Artifact,
    text: &str,
    family: Perturbation,
    request: Request,
) -> Vec<Edit> {
    let Ok(sql) = artifact.sql() else { return Vec::new() };
    let starts = || sql.statements.iter().filter_map(|s| own_line(text, s.span.start));
    match family {
        Perturbation::Comments | Perturbation::BaitComments => {
            starts().map(|at| comment_line(text, family, "--", BAITS, request, at)).collect()
        }
        Perturbation::LineEndings => {
            let tokens = tokenize(text).unwrap_or_default();
            let spans: Vec<Span> = tokens.into_iter().map(|(_, span)| span).collect();
            line_endings(text, &spans)
        }
        Perturbation::Spelling => reserved(text).map(|span| other_case(span, text)).collect(),
        Perturbation::Spacing => reserved(text)
            .filter(|span| {
                let before = text.get(..span.start as usize).unwrap_or_default();
                before.ends_with([' ', '\t'])
            })
            .map(|span| Edit::insert(span.start, " "))
            .collect(),
        _ => Vec::new(),
    }
}

fn reserved(text: &str) -> impl Iterator<Item = Span> {
    let tokens = tokenize(text).unwrap_or_default();
    tokens.into_iter().filter_map(|(token, span)| match token {
        Token::Word(word) if word.quote_style.is_none() => {
            let upper = word.value.to_ascii_uppercase();
            RESERVED.contains(&upper.as_str()).then_some(span)
        }
        _ => None,
    })
}

fn other_case(span: Span, text: &str) -> Edit {
    let written = span.of(text);
    let is_upper = written.chars().all(|c| c.is_ascii_uppercase());
    let other = if is_upper { written.to_ascii_lowercase() } else { written.to_ascii_uppercase() };
    Edit::replace(span, other)
}
