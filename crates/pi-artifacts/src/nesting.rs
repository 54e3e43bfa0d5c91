//! How deep a tree a parser would build, counted over tokens before it runs.
//!
//! A recursive parser descends for every bracket, and a chain (`a + b + c`,
//! `a.b.c`, `not not a`) makes a tree as deep as it is long. The count errs on
//! the high side: a token that might deepen the tree does.

use pi_core::Reason;

use crate::artifact::{ParseFailure, Parsed};
use crate::limits::{MAX_CHAIN, MAX_NESTING};
use crate::span::Span;

/// Counts brackets and chains of one text.
#[derive(Default)]
pub(crate) struct Nesting {
    /// Links before each open bracket, for the levels around the current one.
    outer: Vec<usize>,
    /// Sum of `outer`.
    below: usize,
    /// Links since the last separator on the current level.
    links: usize,
}

impl Nesting {
    /// A bracket opens. It counts as a link of its level, too: `f()()()`.
    pub(crate) fn open(&mut self, at: Span) -> Parsed<()> {
        self.link(at)?;
        self.outer.push(self.links);
        self.below += self.links;
        self.links = 0;
        if self.outer.len() > MAX_NESTING {
            return Err(too_deep(format!("more than {MAX_NESTING} levels of nesting"), at));
        }
        Ok(())
    }

    /// A bracket closes.
    pub(crate) fn close(&mut self) {
        if let Some(links) = self.outer.pop() {
            self.below -= links;
            self.links = links;
        }
    }

    /// A token that may deepen the tree: an operator, a keyword, a dot.
    pub(crate) fn link(&mut self, at: Span) -> Parsed<()> {
        self.links += 1;
        if self.below + self.links > MAX_CHAIN {
            return Err(too_deep(format!("a chain of more than {MAX_CHAIN} operators"), at));
        }
        Ok(())
    }

    /// A comma: what follows is a sibling.
    pub(crate) fn separate(&mut self) {
        self.links = 0;
    }

    /// The end of a statement.
    pub(crate) fn end_statement(&mut self) {
        *self = Self::default();
    }
}

/// The failure of a text that is nested too deeply.
pub(crate) fn too_deep(message: String, span: Span) -> ParseFailure {
    ParseFailure { reason: Reason::ArtifactTooDeep, message, span }
}
