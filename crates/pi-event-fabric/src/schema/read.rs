//! Reading data of one version with another: fields that the reader does not know
//! are passed over, defaults stand for those that it misses.

use pi_core::canonical::{Object, Value};

use super::check::{Misfit, member};
use super::{Record, Schema, Type};

impl Schema {
    /// The payload as this version's reader sees it.
    pub fn read(&self, payload: &Value) -> Result<Value, Misfit> {
        let object =
            payload.as_object().ok_or_else(|| Misfit::new("payload", "is not an object"))?;
        self.record.read("", object).map(Value::Object)
    }
}

impl Record {
    fn read(&self, path: &str, object: &Object) -> Result<Object, Misfit> {
        let mut seen = Object::new();
        for (name, field) in &self.0 {
            let path = member(path, name);
            let value = match object.get(name) {
                Some(value) => field.ty.read(&path, value)?,
                None => match &field.default {
                    Some(default) => default.clone(),
                    None if field.required => return Err(Misfit::new(&path, "is missing")),
                    None => continue,
                },
            };
            seen.insert(name.clone(), value);
        }
        Ok(seen)
    }
}

impl Type {
    fn read(&self, path: &str, value: &Value) -> Result<Value, Misfit> {
        match (self, value) {
            (Type::Nullable(_), Value::Null) => Ok(Value::Null),
            (Type::Nullable(inner), _) => inner.read(path, value),
            (Type::Record(record), Value::Object(object)) => {
                record.read(path, object).map(Value::Object)
            }
            (Type::List { item, max }, Value::Array(items)) if items.len() as u64 <= *max => {
                let path = format!("{path}[]");
                items
                    .iter()
                    .map(|value| item.read(&path, value))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            (Type::Map(item), Value::Object(object)) => {
                let path = format!("{path}{{}}");
                let members =
                    object.iter().map(|(key, value)| Ok((key.clone(), item.read(&path, value)?)));
                members.collect::<Result<_, _>>().map(Value::Object)
            }
            _ => self.check(path, value).map(|()| value.clone()),
        }
    }
}
