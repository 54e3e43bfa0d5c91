//! Columns that a statement names twice: in a definition, an insert, an update or
//! a view. PostgreSQL refuses all of them when the statement runs.

use std::collections::BTreeSet;

use pi_artifacts::Span;
use pi_artifacts::sql::{Token, TokenKind};

use super::ddl::Cursor;

/// The second mention of a column.
pub(super) struct Duplicate {
    pub(super) name: String,
    pub(super) span: Span,
}

/// The columns that a statement names twice.
pub(super) fn duplicates(tokens: &[Token]) -> Vec<Duplicate> {
    let mut out = Vec::new();
    let mut cursor = Cursor::new(tokens);
    if cursor.take(&["CREATE"]) {
        created(cursor, &mut out);
    } else if cursor.is(&["SELECT"]) {
        let mut items = cursor;
        if items.seek(&["INTO"]) {
            out.extend(repeated(outputs(cursor)));
        }
    } else {
        changed(cursor, &mut out);
    }
    out
}

/// `CREATE TABLE t (a, a)`, `CREATE VIEW v (a, a) AS`, `CREATE VIEW v AS SELECT a, a`.
fn created(mut cursor: Cursor<'_>, out: &mut Vec<Duplicate>) {
    cursor.take(&["OR", "REPLACE"]);
    while cursor.take_any(&[
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "FOREIGN",
        "LOCAL",
        "GLOBAL",
        "RECURSIVE",
        "MATERIALIZED",
    ]) {}
    let is_view = cursor.take(&["VIEW"]);
    if !is_view && !cursor.take(&["TABLE"]) {
        return;
    }
    cursor.if_not_exists();
    cursor.path();
    if let Some(list) = cursor.group() {
        let constraints =
            ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"];
        let columns = list.parts().into_iter();
        let columns = columns.filter(|part| !constraints.iter().any(|word| part.is(&[word])));
        out.extend(repeated(columns.filter_map(|mut part| {
            let name = part.ident()?;
            Some((name.text, name.span))
        })));
    } else if cursor.seek(&["AS"]) && cursor.is(&["SELECT"]) {
        out.extend(repeated(outputs(cursor)));
    }
}

/// The columns that a query gives, by the names that PostgreSQL finds for them.
fn outputs(mut cursor: Cursor<'_>) -> Vec<(String, Span)> {
    cursor.take(&["SELECT"]);
    if cursor.take_any(&["ALL", "DISTINCT"]) && cursor.take(&["ON"]) {
        cursor.group();
    }
    let start = cursor;
    cursor.skip_to(&[
        "FROM",
        "INTO",
        "WHERE",
        "GROUP",
        "HAVING",
        "WINDOW",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "FETCH",
        "FOR",
    ]);
    let items = Cursor::new(cursor.since(&start)).parts();
    items.into_iter().filter_map(|item| Some((output(item.rest())?, item.span()))).collect()
}

/// The name of one output: its alias, its column, its function. `None` where it
/// stands for many or is not known.
fn output(tokens: &[Token]) -> Option<String> {
    let name = |token: &Token| match token.kind {
        TokenKind::Word => Some(token.text.to_lowercase()),
        TokenKind::Quoted => Some(token.text.clone()),
        _ => None,
    };
    match tokens {
        [] => None,
        [only] if matches!(only.kind, TokenKind::Number | TokenKind::String) => {
            Some("?column?".to_owned())
        }
        [only] => name(only),
        [.., before, last] => {
            let is_alias = before.text == "AS"
                || before.text == "."
                || !matches!(before.kind, TokenKind::Mark)
                || before.text == ")";
            if is_alias { name(last) } else { None }
        }
    }
}

/// `SET` lists and column lists of `INSERT`, anywhere in a statement that changes
/// rows.
fn changed(mut cursor: Cursor<'_>, out: &mut Vec<Duplicate>) {
    let first = cursor.peek().map_or("", |token| token.text.as_str());
    if !matches!(first, "INSERT" | "UPDATE" | "MERGE" | "WITH") {
        return;
    }
    while !cursor.is_done() {
        if cursor.take(&["INSERT"]) {
            if cursor.take(&["INTO"]) {
                cursor.path();
                if cursor.take(&["AS"]) {
                    cursor.ident();
                }
            }
            let targets = cursor.group().map(Cursor::parts).unwrap_or_default();
            assigned(targets, out);
        } else if cursor.take(&["SET"]) {
            let start = cursor;
            cursor.skip_to(&["FROM", "WHERE", "RETURNING", "WHEN"]);
            assigned(Cursor::new(cursor.since(&start)).parts(), out);
        } else {
            cursor.step();
        }
    }
}

/// The targets of assignments: `a`, `a.x`, `a[1]`, `(a, b)`.
fn assigned(parts: Vec<Cursor<'_>>, out: &mut Vec<Duplicate>) {
    let mut targets: Vec<(String, Span)> = Vec::new();
    for part in parts {
        let mut inner = part;
        match inner.group() {
            Some(list) => targets.extend(list.parts().iter().filter_map(target)),
            None => targets.extend(target(&part)),
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (name, span) in &targets {
        let overlaps = seen.iter().any(|other| {
            let within = |part: &str, whole: &str| {
                part.strip_prefix(whole).is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            *other == name || within(name, other) || within(other, name)
        });
        if overlaps {
            out.push(Duplicate { name: name.clone(), span: *span });
        }
        seen.insert(name);
    }
}

fn target(part: &Cursor<'_>) -> Option<(String, Span)> {
    let mut cursor = *part;
    let path = cursor.path()?;
    let mut name: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
    let mut subscript = String::new();
    while !cursor.is_done() && !cursor.is_mark("=") {
        subscript.push_str(&cursor.next()?.text);
    }
    name.push(&subscript);
    Some((name.join(".").trim_end_matches('.').replace(".[", "["), path.span))
}

fn repeated(columns: impl IntoIterator<Item = (String, Span)>) -> Vec<Duplicate> {
    let mut seen = BTreeSet::new();
    columns
        .into_iter()
        .filter(|(name, _)| !seen.insert(name.clone()))
        .map(|(name, span)| Duplicate { name, span })
        .collect()
}
