//! Where in a document a step works: at the objects that a path such as `a.b[]`
//! leads to. `[]` stands for every item of a list, `{}` for every value of an object
//! with any keys; what is absent or `null` on the way is passed over.

use pi_core::canonical::{Object, Value};

use super::StepError;
use crate::schema::{Record, Type};

/// The path in pieces.
fn pieces(path: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let end = name.find(['[', '{']).unwrap_or(name.len());
        let (name, mut rest) = name.split_at_checked(end).unwrap_or((name, ""));
        pieces.extend(Some(name).filter(|name| !name.is_empty()));
        while let Some((piece, next)) = rest.split_at_checked(2) {
            pieces.push(piece);
            rest = next;
        }
    }
    pieces
}

/// Calls `work` with the fields of the objects at the path.
pub(super) fn in_record(
    record: &mut Record,
    path: &str,
    work: &mut dyn FnMut(&mut Record) -> Result<(), StepError>,
) -> Result<(), StepError> {
    let pieces = pieces(path);
    let Some((first, rest)) = pieces.split_first() else { return work(record) };
    match record.0.get_mut(*first) {
        Some(field) => in_type(&mut field.ty, rest, work),
        None => Err(StepError::NoSuchPlace(path.to_owned())),
    }
}

fn in_type(
    ty: &mut Type,
    pieces: &[&str],
    work: &mut dyn FnMut(&mut Record) -> Result<(), StepError>,
) -> Result<(), StepError> {
    match (ty, pieces.split_first()) {
        (Type::Nullable(inner), _) => in_type(inner, pieces, work),
        (Type::List { item, .. }, Some((&"[]", rest))) => in_type(item, rest, work),
        (Type::Map(item), Some((&"{}", rest))) => in_type(item, rest, work),
        (Type::Record(record), None) => work(record),
        (Type::Record(record), Some((name, rest))) => match record.0.get_mut(*name) {
            Some(field) => in_type(&mut field.ty, rest, work),
            None => Err(StepError::NoSuchPlace((*name).to_owned())),
        },
        (_, at) => Err(StepError::NoSuchPlace(at.map_or("", |(name, _)| name).to_owned())),
    }
}

/// Calls `work` with every object at the path.
pub(super) fn in_value(
    value: &mut Value,
    path: &str,
    work: &mut dyn FnMut(&mut Object) -> Result<(), StepError>,
) -> Result<(), StepError> {
    descend(value, &pieces(path), work)
}

fn descend(
    value: &mut Value,
    pieces: &[&str],
    work: &mut dyn FnMut(&mut Object) -> Result<(), StepError>,
) -> Result<(), StepError> {
    match (value, pieces.split_first()) {
        (Value::Null, _) => Ok(()),
        (Value::Object(object), None) => work(object),
        (Value::Array(items), Some((&"[]", rest))) => {
            items.iter_mut().try_for_each(|item| descend(item, rest, work))
        }
        (Value::Object(object), Some((&"{}", rest))) => {
            object.values_mut().try_for_each(|item| descend(item, rest, work))
        }
        (Value::Object(object), Some((name, rest))) => match object.get_mut(*name) {
            Some(member) => descend(member, rest, work),
            None => Ok(()),
        },
        (_, at) => Err(StepError::NoSuchPlace(at.map_or("", |(name, _)| name).to_owned())),
    }
}
