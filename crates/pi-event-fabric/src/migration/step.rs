//! The steps of a migration. Each works on schemas and on values alike, so that what
//! it does to a version can be compared with the next one, and each knows its inverse.

use std::collections::BTreeSet;

use pi_core::canonical::{Encoder, Object, ToCanonical, Value};

use super::place::{in_record, in_value};
use crate::schema::{ChangeKind, Field, Level, Record, Schema, Type, diff};

/// A step. `at` is the path of the objects that it changes, empty for the payload
/// itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Adds a field with a value for old data.
    Add {
        /// Where.
        at: String,
        /// Its name.
        name: String,
        /// The field.
        field: Field,
        /// What old data gets.
        value: Value,
    },
    /// Removes a field.
    Remove {
        /// Where.
        at: String,
        /// Its name.
        name: String,
        /// What the way back puts in its place; without it there is none.
        restore: Option<Value>,
    },
    /// Renames a field.
    Rename {
        /// Where.
        at: String,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// Gives a field another type, flag or default.
    Change {
        /// Where.
        at: String,
        /// Its name.
        name: String,
        /// The field from now on.
        field: Field,
        /// What becomes of its values.
        conversion: Conversion,
    },
    /// Renames a word of an enumeration, or joins it with another.
    MapWord {
        /// Where.
        at: String,
        /// The field.
        name: String,
        /// The old word.
        from: String,
        /// The new word.
        to: String,
    },
}

/// What becomes of the values of a changed field. Each is total: no value of the old
/// type is left without a value of the new one.
#[derive(Clone, Debug, PartialEq)]
pub enum Conversion {
    /// They stay: the new type takes all of them.
    Same,
    /// Integers become their decimal digits.
    Decimal,
    /// A table with a row for every value, or a value for all others.
    Table {
        /// Old and new values.
        rows: Vec<(Value, Value)>,
        /// What a value without a row becomes.
        otherwise: Option<Value>,
    },
}

/// Why a step does not apply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// Nothing lies at the path.
    #[error("there is no `{0}`")]
    NoSuchPlace(String),
    /// The field exists already.
    #[error("there is a field `{0}` already")]
    Exists(String),
    /// A value does not fit.
    #[error("{0}")]
    Unfit(String),
    /// The conversion leaves values of the field without one.
    #[error("the conversion of `{0}` is not total")]
    NotTotal(String),
    /// The step cannot be undone.
    #[error("a step cannot be undone")]
    Irreversible,
}

impl Step {
    fn place(&self) -> &str {
        match self {
            Step::Add { at, .. }
            | Step::Remove { at, .. }
            | Step::Rename { at, .. }
            | Step::Change { at, .. }
            | Step::MapWord { at, .. } => at,
        }
    }

    /// What the step does to a version.
    pub(super) fn on_record(&self, record: &mut Record) -> Result<(), StepError> {
        in_record(record, self.place(), &mut |record| self.on_fields(record))
    }

    fn on_fields(&self, Record(fields): &mut Record) -> Result<(), StepError> {
        let taken = |name: &String| StepError::Exists(name.clone());
        let missing = |name: &String| StepError::NoSuchPlace(name.clone());
        match self {
            Step::Add { name, field, value, .. } => {
                fits(&field.ty, name, value)?;
                match fields.insert(name.clone(), field.clone()) {
                    Some(_) => Err(taken(name)),
                    None => Ok(()),
                }
            }
            Step::Remove { name, restore, .. } => {
                let field = fields.remove(name).ok_or_else(|| missing(name))?;
                restore.iter().try_for_each(|value| fits(&field.ty, name, value))
            }
            Step::Rename { from, to, .. } => {
                let field = fields.remove(from).ok_or_else(|| missing(from))?;
                match fields.insert(to.clone(), field) {
                    Some(_) => Err(taken(to)),
                    None => Ok(()),
                }
            }
            Step::Change { name, field, conversion, .. } => {
                let before = fields.get(name).ok_or_else(|| missing(name))?;
                conversion.is_total(name, before, field)?;
                fields.insert(name.clone(), field.clone());
                Ok(())
            }
            Step::MapWord { name, from, to, .. } => {
                let field = fields.get_mut(name).ok_or_else(|| missing(name))?;
                let words = words(&mut field.ty).ok_or_else(|| missing(from))?;
                if !words.remove(from) {
                    return Err(missing(from));
                }
                words.insert(to.clone());
                Ok(())
            }
        }
    }

    /// What the step does to a payload.
    pub(super) fn on_value(&self, value: &mut Value) -> Result<(), StepError> {
        in_value(value, self.place(), &mut |object| self.on_object(object))
    }

    fn on_object(&self, object: &mut Object) -> Result<(), StepError> {
        match self {
            Step::Add { name, value, .. } => {
                object.insert(name.clone(), value.clone());
            }
            Step::Remove { name, .. } => {
                object.remove(name);
            }
            Step::Rename { from, to, .. } => {
                if let Some(value) = object.remove(from) {
                    object.insert(to.clone(), value);
                }
            }
            Step::Change { name, field, conversion, .. } => match object.get(name) {
                Some(value) => {
                    let value = conversion.convert(name, value)?;
                    object.insert(name.clone(), value);
                }
                None => {
                    let default = field.default.as_ref().filter(|_| field.required);
                    object.extend(default.map(|value| (name.clone(), value.clone())));
                }
            },
            Step::MapWord { name, from, to, .. } => {
                if object.get(name).and_then(Value::as_str) == Some(from) {
                    object.insert(name.clone(), Value::String(to.clone()));
                }
            }
        }
        Ok(())
    }

    /// The step back, given the version before this step.
    pub(super) fn inverse(&self, before: &Record) -> Option<Step> {
        let field = |name: &String| {
            let mut found = None;
            let mut before = before.clone();
            let looked = in_record(&mut before, self.place(), &mut |record| {
                found = record.0.get(name).cloned();
                Ok(())
            });
            looked.ok().and(found)
        };
        match self.clone() {
            Step::Add { at, name, value, .. } => {
                Some(Step::Remove { at, name, restore: Some(value) })
            }
            Step::Remove { at, name, restore } => {
                Some(Step::Add { field: field(&name)?, value: restore?, at, name })
            }
            Step::Rename { at, from, to } => Some(Step::Rename { at, from: to, to: from }),
            Step::Change { at, name, conversion, .. } => Some(Step::Change {
                field: field(&name)?,
                conversion: conversion.inverse()?,
                at,
                name,
            }),
            Step::MapWord { at, name, from, to } => {
                let mut field = field(&name)?;
                // Joined words cannot be told apart again.
                let joins = words(&mut field.ty)?.contains(&to);
                (!joins).then_some(Step::MapWord { at, name, from: to, to: from })
            }
        }
    }
}

fn fits(ty: &Type, name: &str, value: &Value) -> Result<(), StepError> {
    ty.check(name, value).map_err(|misfit| StepError::Unfit(misfit.to_string()))
}

/// The words of an enumeration.
fn words(ty: &mut Type) -> Option<&mut BTreeSet<String>> {
    match ty {
        Type::Enum(words) => Some(words),
        Type::Nullable(inner) => words(inner),
        _ => None,
    }
}

impl Conversion {
    fn convert(&self, name: &str, value: &Value) -> Result<Value, StepError> {
        match (self, value) {
            (Conversion::Same, _) => Ok(value.clone()),
            (Conversion::Decimal, Value::Integer(integer)) => Ok(Value::from(integer.as_str())),
            (Conversion::Table { rows, otherwise }, _) => {
                let row = rows.iter().find(|(old, _)| old == value).map(|(_, new)| new);
                row.or(otherwise.as_ref())
                    .cloned()
                    .ok_or_else(|| StepError::NotTotal(name.to_owned()))
            }
            (Conversion::Decimal, _) => Err(StepError::NotTotal(name.to_owned())),
        }
    }

    /// Every value of the old field has one of the new.
    fn is_total(&self, name: &str, old: &Field, new: &Field) -> Result<(), StepError> {
        let partial = || StepError::NotTotal(name.to_owned());
        if new.required && !old.required && new.default.is_none() {
            return Err(partial());
        }
        match self {
            Conversion::Same => {
                let schema = |field: &Field| {
                    let field = Field { required: true, default: None, ..field.clone() };
                    Schema::new("", 1, Level::None).with(name, field)
                };
                let breaks = ChangeKind::breaks_backward;
                let changes = diff(&schema(old), &schema(new));
                if changes.iter().any(|change| breaks(change.kind)) {
                    Err(partial())
                } else {
                    Ok(())
                }
            }
            Conversion::Decimal => match (&old.ty, &new.ty) {
                // The longest is -2^127.
                (Type::Integer { .. }, Type::Text { form: crate::schema::Form::Any, max })
                    if *max >= 40 =>
                {
                    Ok(())
                }
                _ => Err(partial()),
            },
            Conversion::Table { rows, otherwise } => {
                let covered = otherwise.is_some()
                    || values(&old.ty).is_some_and(|values| {
                        values.iter().all(|value| rows.iter().any(|(row, _)| row == value))
                    });
                if !covered {
                    return Err(partial());
                }
                let results = rows.iter().map(|(_, new)| new).chain(otherwise);
                results.into_iter().try_for_each(|value| fits(&new.ty, name, value))
            }
        }
    }

    fn inverse(&self) -> Option<Conversion> {
        match self {
            Conversion::Same => Some(Conversion::Same),
            Conversion::Table { rows, otherwise: None } => {
                let unique =
                    rows.iter().all(|(_, new)| rows.iter().filter(|(_, n)| n == new).count() == 1);
                let rows = rows.iter().map(|(old, new)| (new.clone(), old.clone())).collect();
                unique.then_some(Conversion::Table { rows, otherwise: None })
            }
            Conversion::Decimal | Conversion::Table { .. } => None,
        }
    }
}

/// All values of a type that has few.
fn values(ty: &Type) -> Option<Vec<Value>> {
    match ty {
        Type::Bool => Some(vec![Value::Bool(false), Value::Bool(true)]),
        Type::Enum(words) => Some(words.iter().map(|word| Value::from(word.as_str())).collect()),
        Type::Nullable(inner) => {
            let mut all = values(inner)?;
            all.push(Value::Null);
            Some(all)
        }
        _ => None,
    }
}

impl ToCanonical for Step {
    fn to_canonical(&self, encoder: &mut Encoder) {
        encoder.object(|o| match self {
            Step::Add { at, name, field, value } => {
                let record = Record::new().with(name, field.clone());
                o.field("at", at)
                    .field("field", &record)
                    .field("step", "add")
                    .field("value", value);
            }
            Step::Remove { at, name, restore } => {
                o.field("at", at).field("name", name);
                if let Some(restore) = restore {
                    o.field("restore", restore);
                }
                o.field("step", "remove");
            }
            Step::Rename { at, from, to } => {
                o.field("at", at).field("from", from).field("step", "rename").field("to", to);
            }
            Step::Change { at, name, field, conversion } => {
                let record = Record::new().with(name, field.clone());
                o.field("at", at).field("conversion", conversion).field("field", &record);
                o.field("step", "change");
            }
            Step::MapWord { at, name, from, to } => {
                o.field("at", at).field("from", from).field("name", name);
                o.field("step", "map_word").field("to", to);
            }
        });
    }
}

impl ToCanonical for Conversion {
    fn to_canonical(&self, encoder: &mut Encoder) {
        match self {
            Conversion::Same => encoder.str("same"),
            Conversion::Decimal => encoder.str("decimal"),
            Conversion::Table { rows, otherwise } => encoder.object(|o| {
                if let Some(otherwise) = otherwise {
                    o.field("otherwise", otherwise);
                }
                let rows: Vec<Value> = rows
                    .iter()
                    .map(|(old, new)| Value::Array(vec![old.clone(), new.clone()]))
                    .collect();
                o.field("rows", &rows);
            }),
        }
    }
}
