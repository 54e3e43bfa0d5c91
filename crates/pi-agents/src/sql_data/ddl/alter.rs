//! `ALTER TABLE`.

use pi_artifacts::Span;

use super::columns::{column, constraint, data_type, is_constraint};
use super::{Action, Cursor, Operation};

/// `ALTER TABLE` behind its two words.
pub(super) fn alter_table(mut cursor: Cursor<'_>) -> Option<Operation> {
    cursor.if_exists();
    cursor.take(&["ONLY"]);
    let table = cursor.path()?;
    cursor.take_mark("*");
    let actions = Cursor::new(cursor.rest()).parts().into_iter().map(action).collect();
    Some(Operation::AlterTable { table, actions })
}

fn action(mut cursor: Cursor<'_>) -> (Action, Span) {
    let start = cursor.span();
    let action = if cursor.take(&["ADD"]) {
        add(&mut cursor)
    } else if cursor.take(&["DROP"]) {
        drop(&mut cursor)
    } else if cursor.take(&["ALTER"]) {
        alter_column(&mut cursor)
    } else if cursor.take(&["VALIDATE", "CONSTRAINT"]) {
        cursor.ident().map(|name| Action::ValidateConstraint { name })
    } else if cursor.take(&["RENAME"]) {
        rename(&mut cursor)
    } else if cursor.take(&["DETACH", "PARTITION"]) {
        cursor.path();
        let concurrently = cursor.take(&["CONCURRENTLY"]) || cursor.is(&["FINALIZE"]);
        Some(Action::DetachPartition { concurrently })
    } else {
        None
    };
    while !cursor.is_done() {
        cursor.step();
    }
    (action.unwrap_or(Action::Other), start.to(cursor.before()))
}

fn add(cursor: &mut Cursor<'_>) -> Option<Action> {
    if is_constraint(cursor) {
        return constraint(cursor).map(Action::AddConstraint);
    }
    cursor.take(&["COLUMN"]);
    let is_guarded = cursor.if_not_exists();
    let column = column(cursor)?;
    Some(Action::AddColumn { column: Box::new(column), is_guarded })
}

fn drop(cursor: &mut Cursor<'_>) -> Option<Action> {
    if cursor.take(&["CONSTRAINT"]) {
        let is_guarded = cursor.if_exists();
        return cursor.ident().map(|name| Action::DropConstraint { name, is_guarded });
    }
    cursor.take(&["COLUMN"]);
    let is_guarded = cursor.if_exists();
    cursor.ident().map(|_| Action::DropColumn { is_guarded })
}

fn alter_column(cursor: &mut Cursor<'_>) -> Option<Action> {
    if cursor.take(&["CONSTRAINT"]) {
        return None;
    }
    cursor.take(&["COLUMN"]);
    let column = cursor.ident()?;
    if cursor.take(&["SET", "NOT", "NULL"]) {
        return Some(Action::SetNotNull { column });
    }
    if cursor.take(&["DROP", "NOT", "NULL"]) {
        return Some(Action::DropNotNull);
    }
    if cursor.take(&["TYPE"]) || cursor.take(&["SET", "DATA", "TYPE"]) {
        let kind = data_type(cursor);
        return Some(Action::SetType { kind, using: cursor.seek(&["USING"]) });
    }
    None
}

fn rename(cursor: &mut Cursor<'_>) -> Option<Action> {
    if cursor.take(&["TO"]) {
        return Some(Action::RenameTable);
    }
    if cursor.take(&["CONSTRAINT"]) {
        return None;
    }
    cursor.take(&["COLUMN"]);
    cursor.ident()?;
    cursor.take(&["TO"]).then_some(Action::RenameColumn)
}
