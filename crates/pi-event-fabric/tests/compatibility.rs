//! The table of changes against readers: whatever a level allows can be read, and
//! every kind that it forbids has data that cannot.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use std::collections::BTreeSet;

use pi_core::canonical::{Object, Value, parse};
use pi_event_fabric::schema::{
    ChangeKind, Field, Form, Level, Record, Schema, Type, compatibility, diff,
};
use proptest::prelude::*;

fn none() -> Schema {
    Schema::new("t", 1, Level::None)
}

fn one(field: Field) -> Schema {
    none().with("f", field)
}

/// Old field, new field, the one change, data of the old, data of the new. A field
/// of `None` is absent.
type Case = (Option<Field>, Option<Field>, ChangeKind, &'static str, &'static str);

fn presence_cases() -> Vec<Case> {
    use ChangeKind::*;
    let int = || Type::integer(0, 9);
    let required = || Some(Field::required(int()));
    let optional = || Some(Field::optional(int()));
    let with_default = |field: Option<Field>| field.map(|field| field.default_value(7.into()));
    let (absent, present) = ("{}", r#"{"f":1}"#);
    vec![
        (None, optional(), FieldAddedOptional, absent, present),
        (None, with_default(required()), FieldAddedOptional, absent, present),
        (None, required(), FieldAddedRequired, absent, present),
        (optional(), None, FieldRemovedOptional, present, absent),
        (required(), None, FieldRemovedRequired, present, absent),
        (optional(), required(), BecameRequired, absent, present),
        (
            with_default(optional()),
            with_default(required()),
            BecameRequiredWithDefault,
            absent,
            present,
        ),
        (required(), optional(), BecameOptional, present, absent),
        (
            with_default(required()),
            with_default(optional()),
            BecameOptionalWithDefault,
            present,
            absent,
        ),
        (optional(), with_default(optional()), DefaultChanged, absent, present),
    ]
}

fn type_cases() -> Vec<Case> {
    use ChangeKind::*;
    let int = || Type::integer(0, 9);
    let words = |words: &[&'static str]| Type::words(words.iter().copied());
    let nested = |field| Type::from(Record::new().with("g", field));
    let digest = r#"{"f":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}"#;
    let cases = vec![
        (int(), Type::nullable(int()), TypeWidened, r#"{"f":1}"#, r#"{"f":null}"#),
        (Type::Any, int(), TypeNarrowed, r#"{"f":"x"}"#, r#"{"f":1}"#),
        (int(), Type::Bool, TypeChanged, r#"{"f":1}"#, r#"{"f":true}"#),
        (int(), Type::integer(1, 8), ConstraintTightened, r#"{"f":0}"#, r#"{"f":1}"#),
        (Type::digest(), Type::form(Form::Link), ConstraintLoosened, digest, r#"{"f":""}"#),
        (int(), Type::integer(5, 20), ConstraintChanged, r#"{"f":0}"#, r#"{"f":20}"#),
        (words(&["a"]), words(&["a", "b"]), EnumVariantAdded, r#"{"f":"a"}"#, r#"{"f":"b"}"#),
        (words(&["a", "b"]), words(&["a"]), EnumVariantRemoved, r#"{"f":"b"}"#, r#"{"f":"a"}"#),
        (
            nested(Field::optional(int())),
            nested(Field::required(int())),
            BecameRequired,
            r#"{"f":{}}"#,
            r#"{"f":{"g":1}}"#,
        ),
    ];
    let field = |ty| Some(Field::required(ty));
    cases.into_iter().map(|(old, new, kind, a, b)| (field(old), field(new), kind, a, b)).collect()
}

#[test]
fn every_kind_breaks_exactly_the_readers_that_the_table_says() {
    let mut seen = BTreeSet::new();
    for (old, new, kind, old_data, new_data) in presence_cases().into_iter().chain(type_cases()) {
        let [old, new] = [old, new].map(|field| field.map_or_else(none, one));
        let found: Vec<ChangeKind> = diff(&old, &new).iter().map(|change| change.kind).collect();
        assert_eq!(found, [kind], "{old:?} to {new:?}");
        let [old_data, new_data] = [old_data, new_data].map(|data| parse(data.as_bytes()).unwrap());
        old.check(&old_data).unwrap();
        new.check(&new_data).unwrap();
        assert_eq!(new.read(&old_data).is_err(), kind.breaks_backward(), "{kind:?}");
        assert_eq!(old.read(&new_data).is_err(), kind.breaks_forward(), "{kind:?}");
        seen.insert(kind);
    }
    let missing: Vec<_> = ChangeKind::ALL.iter().filter(|kind| !seen.contains(kind)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn a_rename_is_not_guessed_and_a_description_is_no_change() {
    let old = none().required("a", Type::u64());
    let new = none().required("b", Type::u64());
    let found: Vec<_> = diff(&old, &new).into_iter().map(|c| (c.path, c.kind)).collect();
    let expected = [
        ("a".to_owned(), ChangeKind::FieldRemovedRequired),
        ("b".to_owned(), ChangeKind::FieldAddedRequired),
    ];
    assert_eq!(found, expected);
    assert_eq!(diff(&old, &old.clone().doc("words")), []);
}

#[test]
fn a_version_cannot_escape_the_level_of_its_predecessor() {
    let old = Schema { level: Level::Full, ..none() };
    let new = none().required("f", Type::Bool);
    let compared = compatibility(&old, &new);
    let violations: Vec<String> = compared.violations().iter().map(ToString::to_string).collect();
    assert_eq!(violations, ["`f`: field_added_required is not full-compatible"]);
}

fn leaf() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Any),
        Just(Type::Bool),
        (0i128..4, 4i128..8).prop_map(|(min, max)| Type::integer(min, max)),
        (0u64..4).prop_map(Type::short),
        Just(Type::form(Form::Hex)),
        proptest::sample::subsequence(vec!["a", "b", "c"], 1..=3).prop_map(Type::words),
    ]
}

fn ty() -> impl Strategy<Value = Type> {
    leaf().prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::nullable),
            (inner.clone(), 0u64..3)
                .prop_map(|(item, max)| Type::List { item: Box::new(item), max }),
            inner.clone().prop_map(|item| Type::Map(Box::new(item))),
            record(inner).prop_map(Type::Record),
        ]
    })
}

fn record(ty: impl Strategy<Value = Type> + 'static) -> impl Strategy<Value = Record> {
    let field =
        (ty, any::<bool>()).prop_map(|(ty, required)| Field { required, ..Field::optional(ty) });
    proptest::collection::btree_map(proptest::sample::select(vec!["x", "y", "z"]), field, 0..3)
        .prop_map(|fields| Record(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()))
}

/// A value of the type; `pick` chooses among its values.
fn value(ty: &Type, pick: &mut dyn FnMut(usize) -> usize) -> Value {
    match ty {
        Type::Any => [Value::Null, Value::from("any"), Value::from(3)][pick(3)].clone(),
        Type::Bool => Value::Bool(pick(2) == 0),
        Type::Integer { min, max } => {
            let span = usize::try_from(max - min).unwrap() + 1;
            Value::from(u64::try_from(*min).unwrap() + pick(span) as u64)
        }
        Type::Text { form: Form::Hex, .. } => Value::from("0f"),
        Type::Text { max, .. } => {
            Value::from("w".repeat(pick(usize::try_from(*max).unwrap() + 1)).as_str())
        }
        Type::Enum(words) => Value::from(words.iter().nth(pick(words.len())).unwrap().as_str()),
        Type::List { item, max } => {
            let length = pick(usize::try_from(*max).unwrap() + 1);
            Value::Array((0..length).map(|_| value(item, pick)).collect())
        }
        Type::Map(item) => {
            let length = pick(3);
            Value::Object((0..length).map(|n| (n.to_string(), value(item, pick))).collect())
        }
        Type::Record(record) => Value::Object(object(record, pick)),
        Type::Nullable(_) if pick(2) == 0 => Value::Null,
        Type::Nullable(inner) => value(inner, pick),
    }
}

fn object(record: &Record, pick: &mut dyn FnMut(usize) -> usize) -> Object {
    let mut object = Object::new();
    for (name, field) in &record.0 {
        if field.required || pick(2) == 0 {
            object.insert(name.clone(), value(&field.ty, pick));
        }
    }
    object
}

proptest! {
    /// Whatever two random versions look like: when no change breaks a direction,
    /// that reader reads everything that the other writes.
    #[test]
    fn what_a_level_allows_can_be_read(
        old in record(ty()),
        new in record(ty()),
        mut state in any::<u64>(),
    ) {
        let old = Schema { record: old, ..none() };
        let new = Schema { record: new, ..none() };
        let changes = diff(&old, &new);
        let mut pick = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below.max(1)
        };
        let directions = [
            (&old, &new, ChangeKind::breaks_backward as fn(ChangeKind) -> bool),
            (&new, &old, ChangeKind::breaks_forward),
        ];
        for (writer, reader, breaks) in directions {
            let data = Value::Object(object(&writer.record, &mut pick));
            writer.check(&data).unwrap();
            if !changes.iter().any(|change| breaks(change.kind)) {
                let seen = reader.read(&data);
                prop_assert!(seen.is_ok(), "{seen:?} of {data:?}, {changes:?}");
                prop_assert!(reader.check(&seen.unwrap()).is_ok());
            }
        }
    }
}
