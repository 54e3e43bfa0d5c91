//! Queries that programs put together: constant text with holes in it.

use pi_artifacts::python::ast::{Expr, InterpolatedStringElement, Operator};
use pi_artifacts::syntax::Node;

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Constant text.
    Text(String),
    /// A value that is put in, with its name; nothing when it certainly is safe.
    Hole(Option<String>),
}

/// Functions whose result is a number, quoted, or a placeholder.
const SAFE: &[&str] = &[
    "int",
    "float",
    "bool",
    "len",
    "parseint",
    "number",
    "quote",
    "escape",
    "identifier",
    "literal",
    "placeholder",
    "itoa",
    "formatint",
    "quoteidentifier",
    "quoteliteral",
    "format_ident",
    "sqlstring",
    "mogrify",
    "join",
];

fn is_safe_function(name: &str) -> bool {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SAFE.iter()
        .any(|word| plain.ends_with(word) || plain.contains("escape") || plain.contains("quote"))
}

/// A hole for a name: constants and lists of placeholders are safe.
fn hole(name: &str) -> Piece {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    let constant = last.len() > 1 && last.chars().all(|c| !c.is_ascii_lowercase());
    let lower = last.to_ascii_lowercase();
    let placeholders =
        ["placeholder", "marks", "params_sql", "binds"].iter().any(|word| lower.contains(word));
    Piece::Hole((!constant && !placeholders).then(|| name.to_owned()))
}

/// The pieces of a Python expression that is a text; `None` when it is none.
pub(super) fn python(expr: &Expr) -> Option<Vec<Piece>> {
    match expr {
        Expr::StringLiteral(text) => Some(vec![Piece::Text(text.value.to_str().to_owned())]),
        Expr::FString(text) => Some(
            text.value
                .elements()
                .map(|element| match element {
                    InterpolatedStringElement::Literal(literal) => {
                        Piece::Text(literal.value.to_string())
                    }
                    InterpolatedStringElement::Interpolation(found) => {
                        python_hole(&found.expression)
                    }
                })
                .collect(),
        ),
        Expr::BinOp(operation) if operation.op == Operator::Add => {
            let (left, right) = (python(&operation.left), python(&operation.right));
            if left.is_none() && right.is_none() {
                return None;
            }
            let mut all = left.unwrap_or_else(|| vec![python_hole(&operation.left)]);
            all.extend(right.unwrap_or_else(|| vec![python_hole(&operation.right)]));
            Some(all)
        }
        Expr::BinOp(operation) if operation.op == Operator::Mod => {
            let Expr::StringLiteral(text) = &*operation.left else { return None };
            let values: Vec<&Expr> = match &*operation.right {
                Expr::Tuple(tuple) => tuple.elts.iter().collect(),
                other => vec![other],
            };
            Some(filled(text.value.to_str(), &["%s", "%d", "%r", "%i"], &values))
        }
        Expr::Call(call) => {
            let Expr::Attribute(attribute) = &*call.func else { return None };
            let Expr::StringLiteral(text) = &*attribute.value else { return None };
            if attribute.attr.as_str() != "format" {
                return None;
            }
            let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
            let values: Vec<&Expr> = call.arguments.args.iter().chain(named).collect();
            Some(filled(text.value.to_str(), &["{"], &values))
        }
        _ => None,
    }
}

fn python_hole(expr: &Expr) -> Piece {
    match expr {
        Expr::Name(name) => hole(name.id.as_str()),
        Expr::Attribute(attribute) => hole(attribute.attr.as_str()),
        Expr::Subscript(subscript) => python_hole(&subscript.value),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::BooleanLiteral(_) => {
            Piece::Hole(None)
        }
        Expr::Call(call) => {
            let name = match &*call.func {
                Expr::Name(name) => name.id.to_string(),
                Expr::Attribute(attribute) => attribute.attr.to_string(),
                _ => String::new(),
            };
            Piece::Hole((!is_safe_function(&name)).then_some(name))
        }
        _ => Piece::Hole(Some("value".to_owned())),
    }
}

/// A format with its values; which value goes where is not followed.
fn filled(format: &str, marks: &[&str], values: &[&Expr]) -> Vec<Piece> {
    let mut holes = values.iter().map(|value| python_hole(value));
    let mut out = Vec::new();
    let mut rest = format;
    while let Some((at, mark)) =
        marks.iter().filter_map(|mark| Some((rest.find(mark)?, *mark))).min()
    {
        out.push(Piece::Text(rest.get(..at).unwrap_or_default().to_owned()));
        // `%d` and `%i` take numbers only.
        let next = holes.next().unwrap_or(Piece::Hole(None));
        out.push(if matches!(mark, "%d" | "%i") { Piece::Hole(None) } else { next });
        let skip = if mark == "{" {
            rest.get(at..).and_then(|r| r.find('}')).map_or(1, |end| end + 1)
        } else {
            mark.len()
        };
        rest = rest.get(at + skip..).unwrap_or_default();
    }
    out.push(Piece::Text(rest.to_owned()));
    out
}

/// The pieces of an expression in a language with a syntax tree; `None` when it is
/// no text that is put together.
pub(super) fn tree(node: Node<'_>, text: &str) -> Option<Vec<Piece>> {
    let own = node.text(text);
    match node.kind() {
        "string" | "interpreted_string_literal" | "raw_string_literal" | "string_literal" => {
            Some(vec![Piece::Text(own.trim_matches(['"', '\'', '`']).to_owned())])
        }
        "template_string" => Some(template(node, text)),
        "binary_expression" if node.children().any(|child| child.kind() == "+") => {
            let mut sides = node.named_children().filter(|side| !side.kind().ends_with("comment"));
            let (left, right) = (sides.next()?, sides.next()?);
            let (before, after) = (tree(left, text), tree(right, text));
            if before.is_none() && after.is_none() {
                return None;
            }
            let mut all = before.unwrap_or_else(|| vec![tree_hole(left, text)]);
            all.extend(after.unwrap_or_else(|| vec![tree_hole(right, text)]));
            Some(all)
        }
        "parenthesized_expression" | "reference_expression" => {
            tree(node.named_children().next()?, text)
        }
        "call_expression" | "method_invocation" => {
            let format = own.starts_with("fmt.Sprintf(") || own.starts_with("String.format(");
            if !format {
                return None;
            }
            let mut arguments = node.field("arguments")?.named_children();
            let first = tree(arguments.next()?, text)?;
            let rest: Vec<Node<'_>> = arguments.collect();
            Some(format_pieces(&first, &rest, text))
        }
        "macro_invocation"
            if node.field("macro").is_some_and(|name| name.text(text) == "format") =>
        {
            let tokens = node.named_children().find(|child| child.kind() == "token_tree")?;
            let mut parts = tokens.named_children();
            let first = tree(parts.next()?, text)?;
            let Some(Piece::Text(format)) = first.first() else { return None };
            let names: Vec<Node<'_>> = parts.collect();
            Some(rust_format(format, &names, text))
        }
        _ => None,
    }
}

fn template(node: Node<'_>, text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    let span = node.span();
    let mut at = span.start + 1;
    for part in node.named_children().filter(|part| part.kind() == "template_substitution") {
        let before = pi_artifacts::Span { start: at, end: part.span().start };
        out.push(Piece::Text(before.of(text).to_owned()));
        out.push(
            part.named_children().next().map_or(Piece::Hole(None), |inner| tree_hole(inner, text)),
        );
        at = part.span().end;
    }
    let rest = pi_artifacts::Span { start: at, end: span.end.saturating_sub(1) };
    out.push(Piece::Text(rest.of(text).to_owned()));
    out
}

fn tree_hole(node: Node<'_>, text: &str) -> Piece {
    match node.kind() {
        "number"
        | "int_literal"
        | "decimal_integer_literal"
        | "integer_literal"
        | "true"
        | "false" => Piece::Hole(None),
        kind if kind.contains("string") => Piece::Hole(None),
        "call_expression" | "method_invocation" => {
            let name = node
                .field("name")
                .or_else(|| node.field("function"))
                .map(|f| f.text(text))
                .unwrap_or_default();
            Piece::Hole(
                (!is_safe_function(name))
                    .then(|| name.rsplit('.').next().unwrap_or(name).to_owned()),
            )
        }
        "identifier"
        | "member_expression"
        | "selector_expression"
        | "field_access"
        | "subscript_expression"
        | "index_expression" => hole(node.text(text)),
        _ => Piece::Hole(Some("value".to_owned())),
    }
}

fn format_pieces(format: &[Piece], values: &[Node<'_>], text: &str) -> Vec<Piece> {
    let mut holes = values.iter().map(|value| tree_hole(*value, text));
    let mut out = Vec::new();
    for piece in format {
        let Piece::Text(constant) = piece else {
            out.push(piece.clone());
            continue;
        };
        for (index, part) in constant.split('%').enumerate() {
            if index == 0 {
                out.push(Piece::Text(part.to_owned()));
                continue;
            }
            let next = holes.next().unwrap_or(Piece::Hole(None));
            out.push(if part.starts_with('d') { Piece::Hole(None) } else { next });
            let verb = part.chars().next().map_or(0, char::len_utf8);
            out.push(Piece::Text(part.get(verb..).unwrap_or_default().to_owned()));
        }
    }
    out
}

fn rust_format(format: &str, values: &[Node<'_>], text: &str) -> Vec<Piece> {
    let mut holes = values.iter().map(|value| tree_hole(*value, text));
    let mut out = Vec::new();
    for (index, part) in format.split('{').enumerate() {
        let Some((name, rest)) = part.split_once('}').filter(|_| index > 0) else {
            out.push(Piece::Text(part.to_owned()));
            continue;
        };
        let name = name.split(':').next().unwrap_or_default();
        out.push(if name.is_empty() {
            holes.next().unwrap_or(Piece::Hole(None))
        } else {
            hole(name)
        });
        out.push(Piece::Text(rest.to_owned()));
    }
    out
}

/// What a query's worst hole is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Danger {
    /// A value is put in where a parameter can stand.
    Value(String),
    /// The name of a table or column is put in.
    Name(String),
}

/// Words in front of the name of a table or column.
const NAMING: &[&str] = &[
    "FROM", "INTO", "TABLE", "UPDATE", "JOIN", "BY", "SCHEMA", "DATABASE", "INDEX", "VIEW",
    "SELECT", "TRUNCATE", "PRAGMA", "COLUMN", "USE", "EXISTS", "DISTINCT", "ONLY", "LATERAL",
    "KEY", "USER", "ROLE",
];

/// Judges a text with holes; `None` when it is no query or has no dangerous hole.
pub(super) fn judge(pieces: &[Piece]) -> Option<Danger> {
    let mut before = String::new();
    let mut worst = None;
    let whole: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Hole(_) => " ? ",
        })
        .collect();
    if !is_query(&whole) {
        return None;
    }
    for piece in pieces {
        match piece {
            Piece::Text(text) => before.push_str(text),
            Piece::Hole(name) => {
                let names = names_something(&before);
                match name {
                    Some(name) if !names => return Some(Danger::Value(name.clone())),
                    Some(name) => worst = Some(Danger::Name(name.clone())),
                    None => {}
                }
                before.push_str("hole");
            }
        }
    }
    worst
}

fn names_something(before: &str) -> bool {
    let text = before.trim_end_matches(['"', '`', '[', '.', '(']);
    // The name of a schema in front of a table: `FROM hole.hole`.
    let text = text
        .strip_suffix("hole")
        .map_or(text, |rest| rest.trim_end_matches(['"', '`', '[', '.', ',', ' ']));
    let quoted = before.ends_with('\'');
    let word = text.trim_end().rsplit([' ', '\n', '\t', ',', '(']).next().unwrap_or_default();
    !quoted && NAMING.contains(&word.to_ascii_uppercase().as_str())
}

/// Whether a text begins like a statement and has a word that goes with it.
pub(super) fn is_query(text: &str) -> bool {
    let upper = text.trim_start().to_ascii_uppercase();
    let words: Vec<&str> = upper
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|w| !w.is_empty())
        .collect();
    let has = |word: &str| words.contains(&word);
    match words.first().copied() {
        Some("SELECT") => has("FROM"),
        Some("INSERT" | "REPLACE") => has("INTO"),
        Some("DELETE") => has("FROM"),
        Some("UPDATE") => has("SET"),
        Some("WITH") => has("AS") && has("SELECT"),
        Some("DROP" | "ALTER" | "CREATE" | "TRUNCATE" | "GRANT" | "REVOKE") => {
            ["TABLE", "DATABASE", "SCHEMA", "USER", "VIEW", "INDEX", "ROLE", "ON"]
                .iter()
                .any(|word| has(word))
        }
        // A call in a program has its bracket at once.
        Some(first @ ("CALL" | "EXEC" | "EXECUTE")) => {
            words.len() > 1 && upper.get(first.len()..).is_some_and(|rest| rest.starts_with(' '))
        }
        Some("MERGE") => has("INTO"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn gap(name: &str) -> Piece {
        hole(name)
    }

    #[test]
    fn misc_holes_are_told_apart() {
        let value = judge(&[text("SELECT a FROM t WHERE b = '"), gap("id"), text("'")]);
        assert_eq!(value, Some(Danger::Value("id".to_owned())));
        let name = judge(&[text("SELECT a FROM "), gap("table")]);
        assert_eq!(name, Some(Danger::Name("table".to_owned())));
        assert_eq!(judge(&[text("SELECT a FROM "), gap("TABLE")]), None);
        assert_eq!(judge(&[text("select one from "), text("the list")]), None);
        assert_eq!(judge(&[text("Update your "), gap("name")]), None);
        assert_eq!(judge(&[text("exec("), gap("source"), text(")")]), None);
    }
}
