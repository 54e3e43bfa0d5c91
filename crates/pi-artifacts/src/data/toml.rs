//! TOML through the `toml` crate, whose parser keeps spans and caps nesting.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::{Data, Entry, Node};
use crate::artifact::Parsed;
use crate::span::Span;

pub(super) fn parse(text: &str) -> Parsed<Node> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        super::failure(error.message(), Span::new(span.start, span.end))
    })?;
    let span = Span::new(table.span().start, table.span().end);
    Ok(Node { value: map(table.get_ref()), span })
}

fn map(table: &DeTable<'_>) -> Data {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_span: Span::new(key.span().start, key.span().end),
            value: node(value),
            merged: false,
        })
        .collect();
    // The parser's table is ordered by key; the text's order is kept here.
    entries.sort_by_key(|entry| entry.key_span);
    Data::Map(entries)
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let span = Span::new(value.span().start, value.span().end);
    let value = match value.get_ref() {
        DeValue::String(text) => Data::String { text: text.to_string(), plain: false },
        DeValue::Integer(number) => Data::Number(number.to_string()),
        DeValue::Float(number) => Data::Number(number.to_string()),
        DeValue::Boolean(value) => Data::Bool(*value),
        DeValue::Datetime(time) => Data::String { text: time.to_string(), plain: true },
        DeValue::Array(items) => Data::Sequence(items.iter().map(node).collect()),
        DeValue::Table(table) => map(table),
    };
    Node { value, span }
}
