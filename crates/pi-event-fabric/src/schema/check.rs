//! Whether a value fits a schema.

use pi_core::canonical::{Object, Value};

use super::{Record, Schema, Type};

/// The first place where a value does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {problem}")]
pub struct Misfit {
    /// The field, as `a.b[].c`.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Misfit {
    pub(super) fn new(path: &str, problem: impl Into<String>) -> Self {
        Self { path: path.to_owned(), problem: problem.into() }
    }
}

impl Schema {
    /// Checks a payload: all required fields, no unknown ones, every value of its
    /// type.
    pub fn check(&self, payload: &Value) -> Result<(), Misfit> {
        let object =
            payload.as_object().ok_or_else(|| Misfit::new("payload", "is not an object"))?;
        self.record.check("", object)
    }
}

/// The path of a member.
pub(super) fn member(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Record {
    fn check(&self, path: &str, object: &Object) -> Result<(), Misfit> {
        if let Some(name) = object.keys().find(|name| !self.0.contains_key(*name)) {
            return Err(Misfit::new(&member(path, name), "is not in the schema"));
        }
        for (name, field) in &self.0 {
            match object.get(name) {
                Some(value) => field.ty.check(&member(path, name), value)?,
                None if field.required => {
                    return Err(Misfit::new(&member(path, name), "is missing"));
                }
                None => {}
            }
        }
        Ok(())
    }
}

impl Type {
    /// Checks a value at `path`.
    pub fn check(&self, path: &str, value: &Value) -> Result<(), Misfit> {
        let fits = match (self, value) {
            (Type::Any, _) | (Type::Bool, Value::Bool(_)) | (Type::Nullable(_), Value::Null) => {
                true
            }
            (Type::Nullable(inner), _) => return inner.check(path, value),
            (Type::Integer { min, max }, Value::Integer(integer)) => {
                integer.as_str().parse().is_ok_and(|n: i128| (*min..=*max).contains(&n))
            }
            (Type::Text { form, max }, Value::String(text)) => {
                text.len() as u64 <= *max && form.accepts(text)
            }
            (Type::Enum(words), Value::String(text)) => words.contains(text),
            (Type::List { item, max }, Value::Array(items)) => {
                let path = format!("{path}[]");
                items.iter().try_for_each(|value| item.check(&path, value))?;
                items.len() as u64 <= *max
            }
            (Type::Map(item), Value::Object(object)) => {
                let path = format!("{path}{{}}");
                return object.values().try_for_each(|value| item.check(&path, value));
            }
            (Type::Record(record), Value::Object(object)) => return record.check(path, object),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Misfit::new(path, format!("must be {}", self.describe()))) }
    }

    /// The type in words.
    pub fn describe(&self) -> String {
        match self {
            Type::Any => "any value".to_owned(),
            Type::Bool => "true or false".to_owned(),
            Type::Integer { min, max } if *max == i128::from(u64::MAX) => {
                format!("an integer from {min}")
            }
            Type::Integer { min, max } => format!("an integer from {min} to {max}"),
            Type::Text { form, max } => {
                let form = match form.as_str() {
                    "any" => "a text",
                    "link" => "a digest or empty",
                    "digest" => "a digest",
                    "hex" => "hexadecimal digits",
                    "name" => "a name",
                    _ => "a run id",
                };
                let cap = if *max == u64::MAX {
                    String::new()
                } else {
                    format!(" of at most {max} bytes")
                };
                format!("{form}{cap}")
            }
            Type::Enum(words) => {
                format!("one of {}", words.iter().cloned().collect::<Vec<_>>().join(", "))
            }
            Type::List { item, max } if *max == u64::MAX => {
                format!("a list, each item {}", item.describe())
            }
            Type::List { item, max } => {
                format!("a list of at most {max}, each item {}", item.describe())
            }
            Type::Map(item) => format!("an object, each value {}", item.describe()),
            Type::Record(record) => {
                let names: Vec<&str> = record.0.keys().map(String::as_str).collect();
                format!("an object of {}", names.join(", "))
            }
            Type::Nullable(inner) => format!("{}, or null", inner.describe()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Form, Level};
    use super::*;
    use pi_core::canonical::parse;

    fn schema() -> Schema {
        Schema::new("t", 1, Level::None)
            .required("n", Type::integer(-1, 9))
            .optional("w", Type::words(["a", "b"]))
            .optional("l", Type::List { item: Box::new(Type::form(Form::Link)), max: 1 })
            .optional("m", Type::Map(Box::new(Type::Bool)))
            .optional("r", Record::new().required("x", Type::nullable(Type::short(2))).into())
    }

    #[track_caller]
    fn check(payload: &str, expected: &str) {
        let found = match schema().check(&parse(payload.as_bytes()).unwrap()) {
            Ok(()) => String::new(),
            Err(misfit) => misfit.to_string(),
        };
        assert_eq!(found, expected, "{payload}");
    }

    #[test]
    fn a_misfit_names_its_place() {
        check(r#"{"n":-1,"w":"b","l":[""],"m":{"k":true},"r":{"x":null}}"#, "");
        check("[]", "`payload` is not an object");
        check("{}", "`n` is missing");
        check(r#"{"n":10}"#, "`n` must be an integer from -1 to 9");
        check(r#"{"n":1.0}"#, "`n` must be an integer from -1 to 9");
        check(r#"{"n":1,"z":1}"#, "`z` is not in the schema");
        check(r#"{"n":1,"w":"c"}"#, "`w` must be one of a, b");
        check(r#"{"n":1,"l":["x"]}"#, "`l[]` must be a digest or empty");
        check(
            r#"{"n":1,"l":["",""]}"#,
            "`l` must be a list of at most 1, each item a digest or empty",
        );
        check(r#"{"n":1,"m":{"k":1}}"#, "`m{}` must be true or false");
        check(r#"{"n":1,"r":{"x":"abc"}}"#, "`r.x` must be a text of at most 2 bytes");
        check(r#"{"n":1,"r":{"x":null,"y":1}}"#, "`r.y` is not in the schema");
    }
}
