//! A node of a flat syntax tree.

use super::Syntax;
use crate::span::Span;

/// A node as it is stored: its subtree is the run of nodes behind it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) kind: &'static str,
    pub(super) field: Option<&'static str>,
    pub(super) span: Span,
    pub(super) parent: u32,
    /// Index behind its last descendant.
    pub(super) end: u32,
    pub(super) named: bool,
}

const NOTHING: Record = Record {
    kind: "",
    field: None,
    span: Span { start: 0, end: 0 },
    parent: 0,
    end: 0,
    named: false,
};

/// A node of a syntax tree.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    syntax: &'a Syntax,
    index: u32,
}

impl<'a> Node<'a> {
    pub(super) fn new(syntax: &'a Syntax, index: u32) -> Self {
        Self { syntax, index }
    }

    fn record(self) -> &'a Record {
        self.syntax.nodes.get(self.index as usize).unwrap_or(&NOTHING)
    }

    /// The grammar's kind: `call_expression`, or the text of a token (`(`).
    pub fn kind(self) -> &'static str {
        self.record().kind
    }

    /// Not a mere token of the grammar.
    pub fn is_named(self) -> bool {
        self.record().named
    }

    /// The field of its parent that it fills.
    pub fn field_name(self) -> Option<&'static str> {
        self.record().field
    }

    /// Its place.
    pub fn span(self) -> Span {
        self.record().span
    }

    /// Its text in the file's text.
    pub fn text(self, text: &str) -> &str {
        self.span().of(text)
    }

    /// Its parent; the root has none.
    pub fn parent(self) -> Option<Node<'a>> {
        (self.index > 0).then(|| Node::new(self.syntax, self.record().parent))
    }

    /// The nearest node of a kind around it.
    pub fn ancestor(self, kind: &str) -> Option<Node<'a>> {
        std::iter::successors(self.parent(), |node| node.parent()).find(|node| node.kind() == kind)
    }

    /// Its children, tokens included.
    pub fn children(self) -> impl Iterator<Item = Node<'a>> {
        let end = self.record().end;
        let first = Some(self.index + 1).filter(|index| *index < end);
        std::iter::successors(first, move |index| {
            let record = Node::new(self.syntax, *index).record();
            Some(record.end).filter(|next| *next < end)
        })
        .map(move |index| Node::new(self.syntax, index))
    }

    /// Its children that are not mere tokens.
    pub fn named_children(self) -> impl Iterator<Item = Node<'a>> {
        self.children().filter(|node| node.is_named())
    }

    /// The child that fills a field of the grammar.
    pub fn field(self, name: &str) -> Option<Node<'a>> {
        self.children().find(|node| node.field_name() == Some(name))
    }

    /// Everything inside it, parents before children.
    pub fn descendants(self) -> impl Iterator<Item = Node<'a>> {
        (self.index + 1..self.record().end).map(move |index| Node::new(self.syntax, index))
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.syntax, other.syntax) && self.index == other.index
    }
}

impl Eq for Node<'_> {}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.kind(), self.span())
    }
}
