//! JavaScript, TypeScript, Solidity: comments between statements, quotes, blanks,
//! line endings.

use super::{Edit, comment_line, line_endings, merged, own_line, swap_quotes};
use crate::artifact::Artifact;
use crate::perturb::{Perturbation, Request};
use crate::span::Span;
use crate::syntax::{Language, Node, Syntax};

pub(super) const BAITS: &[&str] =
    &["eval(request.body);", "exec(\"rm -rf /\");", "selfdestruct(owner);"];

pub(super) fn edits(
    artifact: &Artifact,
    text: &str,
    family: Perturbation,
    request: Request,
) -> Vec<Edit> {
    let Ok(syntax) = artifact.syntax() else { return Vec::new() };
    if !syntax.errors().is_empty() {
        return Vec::new();
    }
    match family {
        Perturbation::Comments | Perturbation::BaitComments => statement_lines(syntax, text)
            .into_iter()
            .map(|at| comment_line(text, family, "//", BAITS, request, at))
            .collect(),
        Perturbation::LineEndings => line_endings(text, &kept(syntax)),
        Perturbation::Quoting if is_script(syntax) => syntax
            .nodes_of("string")
            .filter(|node| node.parent().is_none_or(|parent| parent.kind() != "jsx_attribute"))
            .filter_map(|node| swap_quotes(node.span(), text))
            .collect(),
        Perturbation::Spacing => syntax
            .nodes_of(",")
            .filter(|comma| !is_verbatim(*comma))
            .map(|comma| Edit::insert(comma.span().end, " "))
            .collect(),
        _ => Vec::new(),
    }
}

fn is_script(syntax: &Syntax) -> bool {
    matches!(syntax.language(), Language::JavaScript | Language::TypeScript | Language::Tsx)
}

/// Nodes whose children are statements or members, each on a line of its own.
fn containers(language: Language) -> &'static [&'static str] {
    match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => {
            &["program", "statement_block", "class_body"]
        }
        Language::Solidity => &["source_file", "contract_body", "function_body", "block_statement"],
        Language::Rust | Language::Go | Language::Java => &[],
    }
}

fn statement_lines(syntax: &Syntax, text: &str) -> Vec<u32> {
    let mut out = Vec::new();
    for container in containers(syntax.language()).iter().flat_map(|kind| syntax.nodes_of(kind)) {
        let mut behind_comment = false;
        for child in container.children() {
            // A comment may speak of the line below it.
            let is_comment = child.kind().contains("comment");
            if child.is_named() && !is_comment && !behind_comment && !is_verbatim(child) {
                out.extend(own_line(text, child.span().start));
            }
            behind_comment = is_comment;
        }
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Inside of a template, markup or assembly, where white space may be content.
fn is_verbatim(node: Node<'_>) -> bool {
    let around = std::iter::successors(Some(node), |node| node.parent());
    let mut kinds = around.map(Node::kind);
    kinds.any(|kind| {
        kind == "template_string" || kind.starts_with("jsx_") || kind.starts_with("assembly")
    })
}

/// Texts in which a line break is content.
fn kept(syntax: &Syntax) -> Vec<Span> {
    let is_content = |kind: &&str| {
        kind.contains("string")
            || kind.contains("template")
            || kind.contains("comment")
            || kind.contains("regex")
            || kind.starts_with("jsx_")
            || *kind == "hash_bang_line"
    };
    let content = syntax.kinds().filter(is_content).flat_map(|kind| syntax.nodes_of(kind));
    merged(content.map(Node::span).collect())
}
