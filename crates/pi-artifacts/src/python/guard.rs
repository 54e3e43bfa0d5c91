//! Caps nesting before the parser runs, over the tokens of the parser's own
//! lexer, which does not recurse.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

use crate::artifact::Parsed;
use crate::limits::MAX_NESTING;
use crate::nesting::{Nesting, too_deep};
use crate::span::Span;

/// Refuses text that would make a tree too deep for the stack.
pub(super) fn check(text: &str) -> Parsed<()> {
    let mut lexer = lex(text, Mode::Module);
    let mut nesting = Nesting::default();
    let mut indentation = 0usize;
    // Between `lambda` and its colon a comma separates parameters, and the next
    // lambda may be a default value or the body.
    let mut lambdas = 0usize;
    // The lexer keeps its positions to itself; the failure names no place.
    let at = Span::default();
    loop {
        let kind = lexer.next_token();
        match kind {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => nesting.open(at)?,
            TokenKind::FStringStart | TokenKind::TStringStart => nesting.open(at)?,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => nesting.close(),
            TokenKind::FStringEnd | TokenKind::TStringEnd => nesting.close(),
            TokenKind::Comma if lambdas == 0 => nesting.separate(),
            TokenKind::Comma => {}
            TokenKind::Newline | TokenKind::Semi => {
                nesting.end_statement();
                lambdas = 0;
            }
            TokenKind::Indent => {
                indentation += 1;
                if indentation > MAX_NESTING {
                    let message = format!("more than {MAX_NESTING} levels of indentation");
                    return Err(too_deep(message, at));
                }
            }
            TokenKind::Dedent => indentation = indentation.saturating_sub(1),
            TokenKind::Lambda => {
                lambdas += 1;
                nesting.link(at)?;
            }
            TokenKind::Colon => {
                lambdas = lambdas.saturating_sub(1);
                nesting.link(at)?;
            }
            kind if kind.is_operator() || kind.is_keyword() => nesting.link(at)?,
            _ => {}
        }
    }
}
