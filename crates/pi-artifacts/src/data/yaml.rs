//! YAML 1.2 through `saphyr-parser`'s events, so that depth and the size of
//! expanded aliases are capped while reading.

use std::collections::BTreeMap;

use pi_core::Reason;
use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Data, Document, Entry, Node};
use crate::artifact::{ParseFailure, Parsed};
use crate::limits::{MAX_NESTING, MAX_YAML_NODES};
use crate::span::Span;

pub(super) fn parse(text: &str) -> Parsed<Vec<Document>> {
    let offsets = Offsets::new(text);
    let mut builder = Builder::default();
    for item in Parser::new_from_str(text) {
        let (event, span) = item.map_err(|error| {
            let at = offsets.byte(error.marker().index());
            super::failure(error.info(), Span::new(at, at + 1))
        })?;
        let span = Span::new(offsets.byte(span.start.index()), offsets.byte(span.end.index()));
        let span =
            if matches!(event, Event::Scalar(..)) { without_comment(text, span) } else { span };
        builder.event(event, span)?;
    }
    Ok(builder.documents)
}

/// The parser counts blanks and a comment behind a quoted scalar to it; the
/// scalar ends with its closing quote.
fn without_comment(text: &str, span: Span) -> Span {
    let written = span.of(text);
    let Some(quote) = written.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return span;
    };
    let mut characters = written.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && quote == '"' {
            characters.next();
        } else if character == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
                continue;
            }
            return Span::new(span.start as usize, span.start as usize + at + 1);
        }
    }
    span
}

/// Byte offsets of characters; the parser counts characters.
struct Offsets {
    table: Option<Vec<u32>>,
    length: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        let table = (!text.is_ascii()).then(|| {
            text.char_indices().map(|(at, _)| u32::try_from(at).unwrap_or(u32::MAX)).collect()
        });
        Self { table, length: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        match &self.table {
            Some(table) => table.get(character).map_or(self.length, |at| *at as usize),
            None => character.min(self.length),
        }
    }
}

#[derive(Default)]
struct Builder {
    documents: Vec<Document>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, (Node, usize)>,
    nodes: usize,
}

/// A collection that is not closed yet.
struct Open {
    start: Span,
    anchor: usize,
    tag: Option<String>,
    content: Content,
    /// Nodes counted when it was opened.
    nodes_before: usize,
}

enum Content {
    Sequence(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Node> },
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Parsed<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(&text, style, tag.as_deref());
                let node = tagged(Node { value, span }, tag.as_deref().and_then(custom));
                self.count(1, span)?;
                if anchor > 0 {
                    self.anchors.insert(anchor, (node.clone(), 1));
                }
                self.place(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(
                    anchor,
                    tag.as_deref().and_then(custom),
                    Content::Sequence(Vec::new()),
                    span,
                )?;
            }
            Event::MappingStart(anchor, tag) => {
                let content = Content::Map { entries: Vec::new(), key: None };
                self.open(anchor, tag.as_deref().and_then(custom), content, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(ParseFailure::syntax("an alias without its anchor", span));
                };
                self.count(size, span)?;
                self.anchors.insert(anchor, (node.clone(), size));
                self.place(Node { span, ..node });
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                self.nodes = 0;
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::Nothing => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, span: Span) -> Parsed<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_YAML_NODES {
            return Err(ParseFailure {
                reason: Reason::ArtifactTooLarge,
                message: format!("more than {MAX_YAML_NODES} nodes with its aliases expanded"),
                span,
            });
        }
        Ok(())
    }

    fn open(
        &mut self,
        anchor: usize,
        tag: Option<String>,
        content: Content,
        start: Span,
    ) -> Parsed<()> {
        if self.open.len() >= MAX_NESTING {
            return Err(ParseFailure {
                reason: Reason::ArtifactTooDeep,
                message: format!("nested deeper than {MAX_NESTING} levels"),
                span: start,
            });
        }
        let nodes_before = self.nodes;
        self.count(1, start)?;
        self.open.push(Open { start, anchor, tag, content, nodes_before });
        Ok(())
    }

    fn close(&mut self) {
        let Some(Open { start, anchor, tag, content, nodes_before }) = self.open.pop() else {
            return;
        };
        let node = match content {
            Content::Sequence(items) => {
                let span = items.iter().fold(start, |span, item| span.to(item.span));
                Node { value: Data::Sequence(items), span }
            }
            Content::Map { entries, .. } => {
                let span = entries
                    .iter()
                    .fold(start, |span, entry| span.to(entry.key_span).to(entry.value.span));
                Node { value: Data::Map(merge(entries)), span }
            }
        };
        let node = tagged(node, tag);
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.nodes - nodes_before));
        }
        self.place(node);
    }

    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.documents.push(Document { root: node }),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Map { entries, key }) => match key.take() {
                None => *key = Some(node),
                Some(name) => entries.push(Entry {
                    key: name.scalar().unwrap_or_default().to_owned(),
                    key_span: name.span,
                    value: node,
                    merged: false,
                }),
            },
        }
    }
}

/// Resolves `<<`: what the map does not say itself comes from the merged maps,
/// earlier ones first.
fn merge(entries: Vec<Entry>) -> Vec<Entry> {
    if !entries.iter().any(|entry| entry.key == "<<") {
        return entries;
    }
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.key == "<<");
    for source in &merges {
        let maps: Vec<&Node> = match &source.value.value {
            Data::Sequence(items) => items.iter().collect(),
            _ => vec![&source.value],
        };
        for entry in maps.into_iter().flat_map(Node::entries) {
            if !own.iter().any(|existing| existing.key == entry.key) {
                own.push(Entry { merged: true, ..entry.clone() });
            }
        }
    }
    own
}

/// The name of a tag that is not one of YAML's own.
fn custom(tag: &Tag) -> Option<String> {
    (tag.handle != "tag:yaml.org,2002:").then(|| tag.suffix.clone())
}

fn tagged(node: Node, tag: Option<String>) -> Node {
    match tag {
        Some(tag) => Node { span: node.span, value: Data::Tagged { tag, value: Box::new(node) } },
        None => node,
    }
}

/// The core schema of YAML 1.2.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Data {
    let plain = matches!(style, ScalarStyle::Plain);
    let string = || Data::String { text: text.to_owned(), plain };
    if !plain || tag.is_some_and(|tag| tag.suffix == "str") {
        return string();
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        _ if is_number(text) => Data::Number(text.to_owned()),
        _ => string(),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if let Some(hex) = digits.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(octal) = digits.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| matches!(b, b'0'..=b'7'));
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let mut seen_digit = false;
    let (mut points, mut exponents) = (0, 0);
    let mut previous = b' ';
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => seen_digit = true,
            b'.' => points += 1,
            b'e' | b'E' if seen_digit => exponents += 1,
            b'+' | b'-' if matches!(previous, b'e' | b'E') => {}
            _ => return false,
        }
        previous = byte;
    }
    seen_digit && points <= 1 && exponents <= 1 && previous.is_ascii_digit() | (previous == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Node {
        parse(text).unwrap().remove(0).root
    }

    #[test]
    fn spans_are_bytes_of_the_text() {
        let text = "é: ünder\nb:\n  - 'x y'\n";
        let root = root(text);
        let entry = root.entry("é").unwrap();
        assert_eq!((entry.key_span.of(text), entry.value.span.of(text)), ("é", "ünder"));
        assert_eq!(root.get("b").unwrap().items()[0].span.of(text), "'x y'");
    }

    #[test]
    fn a_scalar_ends_before_its_comment() {
        for value in ["\"x\"", "'x y'", "x", "x y"] {
            let text = format!("a: {value} # why\nb: {value}\n");
            let root = root(&text);
            assert_eq!(root.get("a").unwrap().span.of(&text), value);
            assert_eq!(root.get("b").unwrap().span.of(&text), value);
        }
    }

    #[test]
    fn merge_keys_and_aliases_resolve() {
        let root = root("base: &b {a: 1, c: 2}\nuse:\n  <<: *b\n  a: 3\n");
        let merged = root.get("use").unwrap();
        assert_eq!(merged.get("a").unwrap().as_i64(), Some(3));
        assert!(merged.entry("c").unwrap().merged);
    }

    #[test]
    fn bombs_and_towers_are_refused_by_name() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 9].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert_eq!(parse(&bomb).unwrap_err().reason, Reason::ArtifactTooLarge);
        for tower in ["- ".repeat(10_000), "[".repeat(10_000), "{a: ".repeat(10_000)] {
            assert_eq!(parse(&tower).unwrap_err().reason, Reason::ArtifactTooDeep, "{tower:.20}");
        }
    }

    #[test]
    fn scalars_follow_the_core_schema() {
        let root = root("a: yes\nb: true\nc: 0x1f\nd: 1.5e3\ne: 1.2.3\nf: ~\ng: '1'\nh: !Ref x\n");
        assert_eq!(root.get("a").unwrap().as_str(), Some("yes"));
        assert_eq!(root.get("b").unwrap().as_bool(), Some(true));
        assert!(matches!(root.get("c").unwrap().value, Data::Number(_)));
        assert!(matches!(root.get("d").unwrap().value, Data::Number(_)));
        assert_eq!(root.get("e").unwrap().as_str(), Some("1.2.3"));
        assert!(root.get("f").unwrap().is_null());
        assert_eq!(root.get("g").unwrap().as_str(), Some("1"));
        assert!(matches!(&root.get("h").unwrap().value, Data::Tagged { tag, .. } if tag == "Ref"));
    }
}
