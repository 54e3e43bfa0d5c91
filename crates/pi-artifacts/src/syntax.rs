//! Syntax trees of JavaScript, TypeScript, Rust, Solidity, Go and Java.
//!
//! tree-sitter parses; one walk copies its tree into a flat array with parents,
//! fields and an index by kind. Agents ask for the kinds they subscribe to and
//! move freely; nobody walks the tree again, and no depth can overflow a stack.

mod build;
mod node;

use std::collections::BTreeMap;

pub use node::Node;

use crate::artifact::{Artifact, ParseFailure, Parsed};
use crate::kind::Kind;
use crate::span::Span;

/// A language with a grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// JavaScript with JSX.
    JavaScript,
    /// TypeScript.
    TypeScript,
    /// TypeScript with JSX.
    Tsx,
    /// Rust.
    Rust,
    /// Solidity.
    Solidity,
    /// Go.
    Go,
    /// Java.
    Java,
}

/// The syntax tree of a file. Text that does not fit the grammar is kept in
/// nodes of kind `ERROR`; what is around them is parsed.
#[derive(Debug)]
pub struct Syntax {
    language: Language,
    nodes: Vec<node::Record>,
    by_kind: BTreeMap<&'static str, Vec<u32>>,
    errors: Vec<Span>,
}

impl Syntax {
    /// The language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The root.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, 0)
    }

    /// Every node of a kind of the grammar (`call_expression`), in the order of
    /// the text.
    pub fn nodes_of(&self, kind: &str) -> impl Iterator<Item = Node<'_>> {
        let found = self.by_kind.get(kind).map(Vec::as_slice).unwrap_or_default();
        found.iter().map(|index| Node::new(self, *index))
    }

    /// The kinds that occur.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.by_kind.keys().copied()
    }

    /// Every node, in the order of the text, parents before children.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..).take(self.nodes.len()).map(|index| Node::new(self, index))
    }

    /// Places that do not fit the grammar.
    pub fn errors(&self) -> &[Span] {
        &self.errors
    }
}

/// Parses a file in the language of its kind.
pub(crate) fn parse(artifact: &Artifact) -> Parsed<Syntax> {
    let language = match artifact.kind() {
        Kind::JavaScript => Language::JavaScript,
        Kind::TypeScript if artifact.path().ends_with("x") => Language::Tsx,
        Kind::TypeScript => Language::TypeScript,
        Kind::Rust => Language::Rust,
        Kind::Solidity => Language::Solidity,
        Kind::Go => Language::Go,
        Kind::Java => Language::Java,
        _ => return Err(ParseFailure::syntax("no grammar for this kind", Span::default())),
    };
    build::parse(artifact.parsable_text()?, language)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, kind: Kind, text: &str, node: &str, expected: &[&str]) {
        let artifact = Artifact::with_kind(path, text.as_bytes().to_vec(), kind);
        let syntax = artifact.syntax().unwrap();
        let found: Vec<&str> = syntax.nodes_of(node).map(|node| node.text(text)).collect();
        assert_eq!(found, expected, "{path}");
        assert!(syntax.errors().is_empty(), "{path}");
    }

    #[test]
    fn every_language_is_indexed_by_kind() {
        check("a.js", Kind::JavaScript, "f(g(1)); <a/>", "call_expression", &["f(g(1))", "g(1)"]);
        check(
            "a.ts",
            Kind::TypeScript,
            "let a: string = <string>x",
            "type_annotation",
            &[": string"],
        );
        check("a.tsx", Kind::TypeScript, "const a = <b c='d'/>", "jsx_attribute", &["c='d'"]);
        check("a.rs", Kind::Rust, "fn f() { unsafe { g() } }", "unsafe_block", &["unsafe { g() }"]);
        let text = "contract A { function f() public { selfdestruct(msg.sender); } }";
        check("a.sol", Kind::Solidity, text, "call_expression", &["selfdestruct(msg.sender)"]);
        check("a.go", Kind::Go, "package a\nfunc f() { g() }", "call_expression", &["g()"]);
        check("A.java", Kind::Java, "class A { void f() { g(); } }", "method_invocation", &["g()"]);
    }

    #[test]
    fn nodes_know_parents_children_and_fields() {
        let text = "f(a, b); x.y = 'z';";
        let artifact = Artifact::with_kind("a.js", text.as_bytes().to_vec(), Kind::JavaScript);
        let syntax = artifact.syntax().unwrap();
        let call = syntax.nodes_of("call_expression").next().unwrap();
        assert_eq!(call.field("function").unwrap().text(text), "f");
        let arguments = call.field("arguments").unwrap();
        let named: Vec<&str> = arguments.named_children().map(|node| node.text(text)).collect();
        assert_eq!(named, ["a", "b"]);
        assert_eq!(arguments.children().count(), 5);
        assert_eq!(arguments.parent(), Some(call));
        assert_eq!(call.ancestor("program"), Some(syntax.root()));
        let inside: Vec<&str> = call.descendants().map(|node| node.kind()).collect();
        assert_eq!(inside.first(), Some(&"identifier"));
        assert_eq!(inside.len(), 7);
    }

    #[test]
    fn broken_text_keeps_its_good_parts() {
        let text = "f(1); ) ] g(2);";
        let artifact = Artifact::with_kind("a.js", text.as_bytes().to_vec(), Kind::JavaScript);
        let syntax = artifact.syntax().unwrap();
        assert!(!syntax.errors().is_empty());
        assert_eq!(syntax.nodes_of("call_expression").count(), 2);
    }
}
