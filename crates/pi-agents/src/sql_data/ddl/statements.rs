//! Which statement it is, and what its clauses say.

use pi_artifacts::sql::Token;

use super::alter::alter_table;
use super::columns::{column, constraint, is_constraint, names};
use super::{CreateIndex, CreateTable, Cursor, Operation, Path};

/// What a statement does.
pub(super) fn operation(tokens: &[Token]) -> Operation {
    let mut cursor = Cursor::new(tokens);
    transaction(&mut cursor)
        .or_else(|| definition(&mut cursor))
        .or_else(|| maintenance(&mut cursor))
        .unwrap_or(Operation::Other)
}

fn transaction(cursor: &mut Cursor<'_>) -> Option<Operation> {
    if cursor.take(&["BEGIN"]) || cursor.take(&["START", "TRANSACTION"]) {
        return Some(Operation::Begin);
    }
    if cursor.take_any(&["COMMIT", "END", "ROLLBACK", "ABORT"]) {
        cursor.take_any(&["WORK", "TRANSACTION"]);
        let partial = cursor.is(&["TO"]) || cursor.is(&["PREPARED"]);
        return Some(if partial { Operation::Other } else { Operation::End });
    }
    if cursor.take(&["SET"]) {
        cursor.take_any(&["LOCAL", "SESSION"]);
        return cursor.ident().map(|name| Operation::Set(name.text));
    }
    None
}

fn definition(cursor: &mut Cursor<'_>) -> Option<Operation> {
    if cursor.take(&["ALTER", "TABLE"]) {
        return alter_table(*cursor);
    }
    if cursor.take(&["ALTER", "TYPE"]) {
        cursor.path()?;
        if !cursor.take(&["ADD", "VALUE"]) {
            return None;
        }
        cursor.skip_to(&["BEFORE", "AFTER"]);
        return Some(Operation::AddEnumValue { is_placed: !cursor.is_done() });
    }
    if cursor.take(&["ALTER", "DOMAIN"]) {
        cursor.path()?;
        return cursor.is(&["ADD"]).then_some(Operation::ConstrainDomain);
    }
    if cursor.take(&["CREATE", "DOMAIN"]) {
        cursor.path()?;
        cursor.skip_to(&["CONSTRAINT", "CHECK", "NOT"]);
        let constraint = (!cursor.is_done()).then(|| cursor.span());
        return Some(Operation::CreateDomain { constraint });
    }
    if cursor.take(&["CREATE"]) {
        let start = *cursor;
        return create_index(*cursor).or_else(|| create_table(start));
    }
    if cursor.take(&["DROP", "INDEX"]) {
        let concurrently = cursor.take(&["CONCURRENTLY"]);
        return Some(Operation::DropIndex { concurrently, is_guarded: cursor.if_exists() });
    }
    if cursor.take(&["DROP"]) {
        let what = cursor.ident()?.text;
        let is_guarded = cursor.if_exists();
        let names = Cursor::new(cursor.rest()).parts().into_iter();
        let names: Vec<Path> = names.filter_map(|mut part| part.path()).collect();
        return Some(Operation::Drop { what, is_guarded, names });
    }
    None
}

fn create_index(mut cursor: Cursor<'_>) -> Option<Operation> {
    cursor.take(&["UNIQUE"]);
    if !cursor.take(&["INDEX"]) {
        return None;
    }
    let concurrently = cursor.take(&["CONCURRENTLY"]);
    let is_guarded = cursor.if_not_exists();
    let name = if cursor.is(&["ON"]) { None } else { cursor.path() };
    if !cursor.take(&["ON"]) {
        return None;
    }
    cursor.take(&["ONLY"]);
    let table = cursor.path()?;
    while !cursor.is_done() && !cursor.is_mark("(") {
        cursor.step();
    }
    let columns = names(cursor.group());
    Some(Operation::CreateIndex(CreateIndex { name, table, columns, concurrently, is_guarded }))
}

fn create_table(mut cursor: Cursor<'_>) -> Option<Operation> {
    cursor.take_any(&["GLOBAL", "LOCAL"]);
    let is_temporary = cursor.take_any(&["TEMP", "TEMPORARY"]);
    cursor.take_any(&["UNLOGGED", "FOREIGN"]);
    if !cursor.take(&["TABLE"]) {
        return None;
    }
    let is_guarded = cursor.if_not_exists();
    let table = cursor.path()?;
    let mut create = CreateTable {
        table,
        is_guarded,
        is_temporary,
        ends_with_transaction: false,
        columns: Vec::new(),
        constraints: Vec::new(),
    };
    for mut part in cursor.group().map(Cursor::parts).unwrap_or_default() {
        if is_constraint(&part) {
            create.constraints.extend(constraint(&mut part));
        } else if !part.is(&["LIKE"]) {
            create.columns.extend(column(&mut part));
        }
    }
    create.ends_with_transaction = cursor.seek(&["ON", "COMMIT", "DROP"]);
    Some(Operation::CreateTable(create))
}

fn maintenance(cursor: &mut Cursor<'_>) -> Option<Operation> {
    if cursor.take(&["REINDEX"]) {
        let by_option = option(cursor, "CONCURRENTLY");
        cursor.take_any(&["INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM"]);
        let concurrently = by_option || cursor.take(&["CONCURRENTLY"]);
        return Some(Operation::Reindex { concurrently });
    }
    if cursor.take(&["CLUSTER"]) {
        return Some(Operation::Cluster);
    }
    if cursor.take(&["VACUUM"]) {
        let full = option(cursor, "FULL") || cursor.take(&["FULL"]);
        return Some(Operation::Vacuum { full });
    }
    if cursor.take(&["TRUNCATE"]) {
        return Some(Operation::Truncate { cascade: cursor.seek(&["CASCADE"]) });
    }
    None
}

/// An option in parentheses, switched on.
fn option(cursor: &mut Cursor<'_>, name: &str) -> bool {
    let options = cursor.group().map(Cursor::parts).unwrap_or_default();
    options.into_iter().any(|mut option| {
        option.take(&[name])
            && !option.is(&["FALSE"])
            && !option.is(&["OFF"])
            && option.peek().is_none_or(|value| value.text != "0")
    })
}
