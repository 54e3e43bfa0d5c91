//! Columns, their types, and constraints.

use pi_artifacts::sql::{Token, TokenKind};

use super::{Column, Constraint, ConstraintKind, Cursor, DefaultValue, Ident, Type};

/// Keywords that end a type or a default value and begin what follows.
const CLAUSES: &[&str] = &[
    "CHECK",
    "COLLATE",
    "COMPRESSION",
    "CONSTRAINT",
    "DEFAULT",
    "DEFERRABLE",
    "GENERATED",
    "INITIALLY",
    "NOT",
    "NULL",
    "PRIMARY",
    "REFERENCES",
    "STORAGE",
    "UNIQUE",
    "USING",
];

/// Keywords that begin a constraint of a table.
const TABLE_CONSTRAINTS: &[&str] =
    &["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE"];

/// Whether a part of a table's definition is a constraint and no column.
pub(super) fn is_constraint(cursor: &Cursor<'_>) -> bool {
    TABLE_CONSTRAINTS.iter().any(|word| cursor.is(&[word]))
}

/// The names in parentheses.
pub(super) fn names(cursor: Option<Cursor<'_>>) -> Vec<Ident> {
    let parts = cursor.map(Cursor::parts).unwrap_or_default();
    parts.into_iter().filter_map(|mut part| part.ident()).collect()
}

/// A type: words, a length, array brackets.
pub(super) fn data_type(cursor: &mut Cursor<'_>) -> Type {
    let mut kind = Type { span: cursor.span(), ..Type::default() };
    let mut words: Vec<String> = Vec::new();
    while let Some(token) = cursor.peek() {
        if CLAUSES.iter().any(|word| cursor.is(&[word])) {
            break;
        }
        match token.kind {
            TokenKind::Word => words.push(token.text.to_lowercase()),
            TokenKind::Quoted => words.push(token.text.clone()),
            // A schema in front of the type's own name.
            TokenKind::Mark if token.text == "." => words.clear(),
            TokenKind::Mark if token.text == "(" => kind.is_sized = true,
            TokenKind::Mark if matches!(token.text.as_str(), "[" | "]") => {}
            TokenKind::Number => {}
            _ => break,
        }
        kind.span = kind.span.to(token.span);
        cursor.step();
    }
    words.retain(|word| word != "array");
    kind.name = words.join(" ");
    kind
}

/// A column: its name, its type, its constraints.
pub(super) fn column(cursor: &mut Cursor<'_>) -> Option<Column> {
    let start = cursor.span();
    let name = cursor.ident()?;
    let kind = data_type(cursor);
    let mut column = Column {
        name,
        kind,
        not_null: false,
        default: None,
        is_primary: false,
        is_unique: false,
        references: None,
        has_check: false,
        is_identity: false,
        is_stored: false,
        is_generated: false,
        span: start,
    };
    while !cursor.is_done() {
        clause(cursor, &mut column);
    }
    column.span = start.to(cursor.before());
    Some(column)
}

fn clause(cursor: &mut Cursor<'_>, column: &mut Column) {
    if cursor.take(&["NOT", "NULL"]) {
        column.not_null = true;
    } else if cursor.take(&["PRIMARY", "KEY"]) {
        column.is_primary = true;
    } else if cursor.take(&["UNIQUE"]) {
        column.is_unique = true;
    } else if cursor.take(&["REFERENCES"]) {
        column.references = cursor.path();
    } else if cursor.take(&["CHECK"]) {
        column.has_check = true;
        cursor.group();
    } else if cursor.take(&["DEFAULT"]) {
        column.default = Some(default_value(cursor));
    } else if cursor.take(&["GENERATED"]) {
        cursor.skip_to(&["AS"]);
        cursor.take(&["AS"]);
        if cursor.take(&["IDENTITY"]) {
            column.is_identity = true;
        } else {
            column.is_generated = true;
            cursor.group();
            column.is_stored = cursor.take(&["STORED"]);
        }
    } else {
        cursor.step();
    }
}

fn default_value(cursor: &mut Cursor<'_>) -> DefaultValue {
    let start = *cursor;
    let span = cursor.span();
    // `NOT` and `NULL` may begin the value itself.
    cursor.step();
    cursor.skip_to(CLAUSES);
    DefaultValue { volatile: volatile(cursor.since(&start)), span: span.to(cursor.before()) }
}

/// Functions whose value is the same for every row of one statement.
const STABLE: &[&str] = &[
    "ARRAY",
    "CAST",
    "COALESCE",
    "CURRENT_DATE",
    "CURRENT_SETTING",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DATE_TRUNC",
    "EXTRACT",
    "FLOOR",
    "GREATEST",
    "INTERVAL",
    "LEAST",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "LOWER",
    "MAKE_INTERVAL",
    "NULLIF",
    "NUMERIC",
    "ROUND",
    "ROW",
    "STATEMENT_TIMESTAMP",
    "TIMEZONE",
    "TRANSACTION_TIMESTAMP",
    "UPPER",
    "AND",
    "OR",
    "NOT",
    "IN",
    "DECIMAL",
    "VARCHAR",
    "CHAR",
    "BIT",
];

/// The name of a function in an expression that may differ from row to row.
fn volatile(tokens: &[Token]) -> Option<String> {
    let calls = tokens.windows(2).zip(std::iter::once(None).chain(tokens.iter().map(Some)));
    for (pair, before) in calls {
        let [name, bracket] = pair else { continue };
        let is_name = matches!(name.kind, TokenKind::Word | TokenKind::Quoted);
        let is_call = is_name && bracket.kind == TokenKind::Mark && bracket.text == "(";
        let is_cast = before.is_some_and(|token| token.text == "::");
        if !is_call || is_cast || STABLE.contains(&name.text.as_str()) {
            continue;
        }
        let has_arguments = !tokens
            .iter()
            .skip_while(|token| token.span.start <= bracket.span.start)
            .take(1)
            .any(|token| token.text == ")");
        if name.text != "NOW" || has_arguments {
            return Some(name.text.to_lowercase());
        }
    }
    None
}

/// A constraint of a table.
pub(super) fn constraint(cursor: &mut Cursor<'_>) -> Option<Constraint> {
    let start = cursor.span();
    let name = if cursor.take(&["CONSTRAINT"]) { cursor.ident() } else { None };
    let mut using_index = false;
    let kind = if cursor.take(&["PRIMARY", "KEY"]) {
        using_index = cursor.take(&["USING", "INDEX"]);
        ConstraintKind::Primary(names(cursor.group()))
    } else if cursor.take(&["UNIQUE"]) {
        using_index = cursor.take(&["USING", "INDEX"]);
        // `NULLS NOT DISTINCT`
        while !cursor.is_done() && !cursor.is_mark("(") && !using_index {
            cursor.step();
        }
        ConstraintKind::Unique(names(cursor.group()))
    } else if cursor.take(&["CHECK"]) {
        ConstraintKind::Check(cursor.group().and_then(not_null_column))
    } else if cursor.take(&["FOREIGN", "KEY"]) {
        ConstraintKind::Foreign(names(cursor.group()))
    } else if cursor.take(&["EXCLUDE"]) {
        ConstraintKind::Exclude
    } else {
        return None;
    };
    let not_valid = cursor.seek(&["NOT", "VALID"]);
    while !cursor.is_done() {
        cursor.step();
    }
    Some(Constraint { name, kind, not_valid, using_index, span: start.to(cursor.before()) })
}

/// The column of `column IS NOT NULL`.
fn not_null_column(mut cursor: Cursor<'_>) -> Option<String> {
    while let Some(inner) = cursor.group() {
        cursor = inner;
    }
    let column = cursor.ident()?;
    (cursor.take(&["IS", "NOT", "NULL"]) && cursor.is_done()).then_some(column.text)
}
