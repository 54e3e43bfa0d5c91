//! Python: comments between statements, quotes, blanks, line endings, names of
//! local variables.

mod rename;

use ruff_python_ast::token::TokenKind;
use ruff_text_size::Ranged;

use super::{Edit, comment_line, swap_quotes};
use crate::artifact::Artifact;
use crate::perturb::{Perturbation, Request};
use crate::python::{Module, span};
use crate::span::Span;

const BAITS: &[&str] =
    &["os.system(request.args['q'])", "requests.get(url, verify=False)", "eval(data)"];

pub(super) fn edits(
    artifact: &Artifact,
    text: &str,
    family: Perturbation,
    request: Request,
) -> Vec<Edit> {
    let Ok(module) = artifact.python() else { return Vec::new() };
    match family {
        Perturbation::Comments | Perturbation::BaitComments => tokens(module)
            .filter(|(kind, span)| *kind == TokenKind::Newline && span.of(text).ends_with('\n'))
            .filter(|(_, span)| (span.end as usize) < text.len())
            .map(|(_, span)| comment_line(text, family, "#", BAITS, request, span.end))
            .collect(),
        Perturbation::LineEndings => tokens(module)
            .filter(|(kind, span)| kind.is_any_newline() && span.of(text) == "\n")
            .map(|(_, span)| Edit::insert(span.start, "\r"))
            .collect(),
        Perturbation::Quoting => outside_formats(module)
            .filter(|(kind, _)| *kind == TokenKind::String)
            .filter_map(|(_, span)| swap_quotes(span, text))
            .collect(),
        Perturbation::Spacing => outside_formats(module)
            .filter(|(kind, _)| *kind == TokenKind::Comma)
            .map(|(_, span)| Edit::insert(span.end, " "))
            .collect(),
        Perturbation::Renaming => rename::edits(module.tree(), text),
        _ => Vec::new(),
    }
}

fn tokens(module: &Module) -> impl Iterator<Item = (TokenKind, Span)> {
    module.tokens().iter().map(|token| (token.kind(), span(token.range())))
}

/// Tokens that are not inside of an f-string, whose quotes must differ in older
/// versions of the language.
fn outside_formats(module: &Module) -> impl Iterator<Item = (TokenKind, Span)> {
    let mut open = 0usize;
    tokens(module).filter(move |(kind, _)| {
        match kind {
            TokenKind::FStringStart | TokenKind::TStringStart => open += 1,
            TokenKind::FStringEnd | TokenKind::TStringEnd => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0
    })
}
