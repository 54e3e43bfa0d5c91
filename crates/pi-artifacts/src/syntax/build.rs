//! Runs the parser within bounds and copies its tree.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use pi_core::Reason;
use tree_sitter::{Language as Grammar, ParseOptions, Parser, Tree};

use super::node::Record;
use super::{Language, Syntax};
use crate::artifact::{ParseFailure, Parsed};
use crate::limits::MAX_CHAIN;
use crate::nesting::too_deep;
use crate::span::Span;

/// The parser reports progress every 100 operations. Real code takes one report
/// per 60 to 250 bytes, minified scripts included; this admits one per 8 beyond
/// a free part. Text that breaks the grammar at every byte takes more.
const FREE_REPORTS: usize = 1_000;
const BYTES_PER_REPORT: usize = 8;

// Kept for the whole process, so that the names of kinds need no copies.
static JAVASCRIPT: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_javascript::LANGUAGE.into());
static TYPESCRIPT: LazyLock<Grammar> =
    LazyLock::new(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
static TSX: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_typescript::LANGUAGE_TSX.into());
static RUST: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_rust::LANGUAGE.into());
static SOLIDITY: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_solidity::LANGUAGE.into());
static GO: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_go::LANGUAGE.into());
static JAVA: LazyLock<Grammar> = LazyLock::new(|| tree_sitter_java::LANGUAGE.into());

impl Language {
    fn grammar(self) -> &'static Grammar {
        match self {
            Language::JavaScript => &JAVASCRIPT,
            Language::TypeScript => &TYPESCRIPT,
            Language::Tsx => &TSX,
            Language::Rust => &RUST,
            Language::Solidity => &SOLIDITY,
            Language::Go => &GO,
            Language::Java => &JAVA,
        }
    }
}

pub(super) fn parse(text: &str, language: Language) -> Parsed<Syntax> {
    let mut parser = Parser::new();
    parser
        .set_language(language.grammar())
        .map_err(|error| ParseFailure::syntax(error.to_string(), Span::default()))?;
    let mut reports = 0;
    let mut at = 0;
    let mut progress = |state: &tree_sitter::ParseState| {
        reports += 1;
        at = state.current_byte_offset();
        if reports > FREE_REPORTS + text.len() / BYTES_PER_REPORT {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |offset: usize, _| text.as_bytes().get(offset..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    match tree {
        Some(tree) => copy(&tree, language),
        None => Err(ParseFailure {
            reason: Reason::BudgetExceeded,
            message: "parsing takes too many steps".to_owned(),
            span: Span::new(at, at),
        }),
    }
}

fn copy(tree: &Tree, language: Language) -> Parsed<Syntax> {
    let grammar = language.grammar();
    let mut nodes: Vec<Record> = Vec::with_capacity(tree.root_node().descendant_count());
    let mut by_id: Vec<Vec<u32>> = vec![Vec::new(); grammar.node_kind_count()];
    let names: Vec<&'static str> = (0..grammar.node_kind_count())
        .map(|id| u16::try_from(id).ok().and_then(|id| grammar.node_kind_for_id(id)))
        .map(Option::unwrap_or_default)
        .collect();
    let mut errors = Vec::new();
    // Indices of the nodes around the cursor.
    let mut path: Vec<u32> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let index = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
        let span = Span::new(node.start_byte(), node.end_byte());
        if node.is_error() || node.is_missing() {
            errors.push(span);
        }
        let id = usize::from(node.kind_id());
        // Errors have an id of their own beyond the grammar's.
        let kind = names.get(id).copied().unwrap_or("ERROR");
        if let Some(indices) = by_id.get_mut(id) {
            indices.push(index);
        }
        nodes.push(Record {
            kind,
            field: cursor.field_id().and_then(|id| grammar.field_name_for_id(id.get())),
            span,
            parent: path.last().copied().unwrap_or(0),
            end: index + 1,
            named: node.is_named(),
        });
        if cursor.goto_first_child() {
            path.push(index);
            if path.len() > MAX_CHAIN {
                return Err(too_deep(format!("a tree deeper than {MAX_CHAIN} nodes"), span));
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            let end = u32::try_from(nodes.len()).unwrap_or(u32::MAX);
            let closed = path.pop().and_then(|index| nodes.get_mut(index as usize));
            if let Some(record) = closed {
                record.end = end;
            }
            if !cursor.goto_parent() {
                return Ok(Syntax { language, nodes, by_kind: by_kind(&names, by_id), errors });
            }
        }
    }
}

/// Nodes by the name of their kind; several ids may share one name.
fn by_kind(names: &[&'static str], by_id: Vec<Vec<u32>>) -> BTreeMap<&'static str, Vec<u32>> {
    let mut by_kind: BTreeMap<&'static str, Vec<u32>> = BTreeMap::new();
    for (name, indices) in names.iter().zip(by_id).filter(|(_, indices)| !indices.is_empty()) {
        let all = by_kind.entry(name).or_default();
        all.extend(indices);
        all.sort_unstable();
    }
    by_kind
}
