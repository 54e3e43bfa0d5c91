//! Migrations: steps, paths, ways back, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

use pi_core::canonical::{Encoder, Value, parse};
use pi_event_fabric::migration::{
    Conversion, GraphError, MAX_HOPS, Migration, MigrationGraph, Step, StepError,
};
use pi_event_fabric::registry::RegistryError;
use pi_event_fabric::schema::{Field, Level, Record, Schema, Type};
use pi_event_fabric::{Registry, migration::MigrationError};

fn json(text: &str) -> Value {
    parse(text.as_bytes()).unwrap()
}

fn text(value: &Value) -> String {
    String::from_utf8(Encoder::encode(value)).unwrap()
}

fn version(number: u32) -> Schema {
    Schema::new("pi.test", number, Level::None)
}

fn at(path: &str) -> String {
    path.to_owned()
}

/// Registers both versions and the steps between them.
fn registry(first: Schema, second: Schema, steps: Vec<Step>) -> Result<Registry, RegistryError> {
    let mut registry = Registry::default();
    registry.register(first)?;
    registry.register(second)?;
    registry.migrate("pi.test", 1, 2, steps)?;
    Ok(registry)
}

#[track_caller]
fn there_and_back(registry: &Registry, old: &str, new: &str, back: Option<&str>) {
    let hydrated = registry.hydrate("pi.test", 1, &json(old), 2).unwrap();
    assert_eq!(text(&hydrated.payload), new);
    assert_eq!(hydrated.payload_hash, pi_core::Digest::of(new.as_bytes()));
    assert_eq!(hydrated.path.len(), 1);
    let returned = registry.hydrate("pi.test", 2, &hydrated.payload, 1);
    match back {
        Some(back) => assert_eq!(text(&returned.unwrap().payload), back),
        None => {
            assert!(matches!(returned, Err(RegistryError::Graph(GraphError::Irreversible { .. }))))
        }
    }
}

#[test]
fn fields_come_go_and_are_renamed() {
    let first = version(1).required("a", Type::u64()).required("b", Type::text());
    let second = version(2).required("a", Type::u64()).required("c", Type::text());
    let second = second.required("d", Type::Bool);
    let steps = vec![
        Step::Rename { at: at(""), from: "b".to_owned(), to: "c".to_owned() },
        Step::Add {
            at: at(""),
            name: "d".to_owned(),
            field: Field::required(Type::Bool),
            value: Value::Bool(true),
        },
    ];
    let registry = registry(first, second, steps).unwrap();
    let old = r#"{"a":1,"b":"x"}"#;
    there_and_back(&registry, old, r#"{"a":1,"c":"x","d":true}"#, Some(old));
}

#[test]
fn a_removed_field_comes_back_only_with_a_value_for_it() {
    let first = || version(1).required("a", Type::u64()).required("b", Type::text());
    let second = || version(2).required("a", Type::u64());
    let remove = |restore| vec![Step::Remove { at: at(""), name: "b".to_owned(), restore }];
    let with = registry(first(), second(), remove(Some("?".into()))).unwrap();
    there_and_back(&with, r#"{"a":1,"b":"x"}"#, r#"{"a":1}"#, Some(r#"{"a":1,"b":"?"}"#));
    let without = registry(first(), second(), remove(None)).unwrap();
    there_and_back(&without, r#"{"a":1,"b":"x"}"#, r#"{"a":1}"#, None);
}

#[test]
fn steps_reach_into_lists_maps_and_nullable_records() {
    let inner = |ty| Record::new().required("n", ty);
    let outer =
        |ty| Record::new().required("m", Type::Map(Box::new(Type::nullable(inner(ty).into()))));
    let first = version(1).required("l", Type::list(outer(Type::u64()).into()));
    let second = version(2).required("l", Type::list(outer(Type::text()).into()));
    let steps = vec![Step::Change {
        at: at("l[].m{}"),
        name: "n".to_owned(),
        field: Field::required(Type::text()),
        conversion: Conversion::Decimal,
    }];
    let registry = registry(first, second, steps).unwrap();
    there_and_back(
        &registry,
        r#"{"l":[{"m":{"x":{"n":7},"y":null}},{"m":{}}]}"#,
        r#"{"l":[{"m":{"x":{"n":"7"},"y":null}},{"m":{}}]}"#,
        None,
    );
}

#[test]
fn words_and_types_are_mapped_by_total_tables() {
    let first = version(1).required("w", Type::words(["no", "yes"]));
    let second = version(2).required("w", Type::Bool);
    let change = |rows: &[(&str, bool)], otherwise| {
        let rows = rows.iter().map(|(word, value)| (Value::from(*word), Value::Bool(*value)));
        vec![Step::Change {
            at: at(""),
            name: "w".to_owned(),
            field: Field::required(Type::Bool),
            conversion: Conversion::Table { rows: rows.collect(), otherwise },
        }]
    };
    let whole = change(&[("no", false), ("yes", true)], None);
    let registered = registry(first.clone(), second.clone(), whole).unwrap();
    there_and_back(&registered, r#"{"w":"yes"}"#, r#"{"w":true}"#, Some(r#"{"w":"yes"}"#));
    let rest = change(&[("yes", true)], Some(Value::Bool(false)));
    let registered = registry(first.clone(), second.clone(), rest).unwrap();
    there_and_back(&registered, r#"{"w":"no"}"#, r#"{"w":false}"#, None);
    let partial = registry(first, second, change(&[("yes", true)], None));
    assert!(matches!(
        partial,
        Err(RegistryError::Migration(MigrationError::Step { error: StepError::NotTotal(_), .. }))
    ));
}

#[test]
fn a_word_is_renamed_and_back_but_joined_words_stay_joined() {
    let map = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        vec![Step::MapWord { at: at(""), name: "w".to_owned(), from, to }]
    };
    let first = || version(1).required("w", Type::words(["a", "b"]));
    let renamed = version(2).required("w", Type::words(["a", "c"]));
    let registered = registry(first(), renamed, map("b", "c")).unwrap();
    there_and_back(&registered, r#"{"w":"b"}"#, r#"{"w":"c"}"#, Some(r#"{"w":"b"}"#));
    let joined = version(2).required("w", Type::words(["a"]));
    let registered = registry(first(), joined, map("b", "a")).unwrap();
    there_and_back(&registered, r#"{"w":"b"}"#, r#"{"w":"a"}"#, None);
}

#[test]
fn steps_that_do_not_lead_to_the_version_are_refused() {
    let first = version(1).required("a", Type::u64());
    let second = version(2).required("a", Type::u64()).optional("b", Type::u64());
    let nothing = registry(first.clone(), second.clone(), Vec::new()).unwrap_err().to_string();
    assert_eq!(
        nothing,
        "the steps from pi.test@1 do not lead to pi.test@2: `b` field_added_optional"
    );
    let missing = vec![Step::Rename { at: at(""), from: "x".to_owned(), to: "b".to_owned() }];
    let missing = registry(first.clone(), second, missing).unwrap_err().to_string();
    assert_eq!(missing, "step 1 from pi.test@1: there is no `x`");
    let narrowed = version(2).required("a", Type::u32());
    let same = vec![Step::Change {
        at: at(""),
        name: "a".to_owned(),
        field: Field::required(Type::u32()),
        conversion: Conversion::Same,
    }];
    assert!(registry(first, narrowed, same).is_err(), "some values have no place");
}

/// Versions in a line, each with one more optional field.
fn line(count: u32) -> Vec<Schema> {
    let fields = |number: u32| {
        (1..number)
            .fold(version(number), |schema, n| schema.optional(&format!("f{n}"), Type::u64()))
    };
    (1..=count).map(fields).collect()
}

fn step(from: &Schema, to: &Schema) -> Migration {
    let added = to.record.0.iter().filter(|(name, _)| !from.record.0.contains_key(*name));
    let add = |(name, field): (&String, &Field)| Step::Add {
        at: at(""),
        name: name.clone(),
        field: field.clone(),
        value: Value::from(0),
    };
    Migration::new(from, to, added.map(add).collect()).unwrap()
}

#[test]
fn the_shortest_path_is_taken_and_six_hops_are_too_many() {
    let versions = line(7);
    let mut graph = MigrationGraph::default();
    for pair in versions.windows(2) {
        graph.add(step(&pair[0], &pair[1])).unwrap();
    }
    let print = |at: usize| versions[at].fingerprint();
    assert_eq!(graph.plan(print(0), print(0)).unwrap().hops, []);
    assert_eq!(graph.plan(print(0), print(5)).unwrap().hops.len(), MAX_HOPS);
    let far = graph.plan(print(0), print(6));
    assert_eq!(far, Err(GraphError::NoPath { from: print(0), to: print(6) }));
    graph.add(step(&versions[1], &versions[4])).unwrap();
    let plan = graph.plan(print(0), print(6)).unwrap();
    assert_eq!(plan.hops.len(), 4, "the short cut is taken");
    let back = graph.plan(print(6), print(0)).unwrap();
    let full = plan.apply(json("{}")).unwrap();
    assert_eq!(text(&full), r#"{"f1":0,"f2":0,"f3":0,"f4":0,"f5":0,"f6":0}"#);
    assert_eq!(text(&back.apply(full).unwrap()), "{}");
}

#[test]
fn ties_are_broken_by_fingerprint_whatever_the_order_of_registration() {
    let first = version(1);
    let last = version(9).optional("x", Type::u64()).optional("y", Type::u64());
    let middle = |number, name| version(number).optional(name, Type::u64());
    let (one, two) = (middle(2, "x"), middle(3, "y"));
    let mut seen = Vec::new();
    for order in [[&one, &two], [&two, &one]] {
        let mut graph = MigrationGraph::default();
        for via in order {
            graph.add(step(&first, via)).unwrap();
            graph.add(step(via, &last)).unwrap();
        }
        let plan = graph.plan(first.fingerprint(), last.fingerprint()).unwrap();
        seen.push(plan.hops[0].migration.to);
    }
    let least = one.fingerprint().min(two.fingerprint());
    assert_eq!(seen, [least, least]);
}

#[test]
fn cycles_and_conflicts_are_refused() {
    let versions = line(3);
    let mut graph = MigrationGraph::default();
    graph.add(step(&versions[0], &versions[1])).unwrap();
    graph.add(step(&versions[0], &versions[1])).unwrap();
    graph.add(step(&versions[1], &versions[2])).unwrap();
    let (first, third) = (&versions[0], &versions[2]);
    let remove = |name: &str| Step::Remove { at: at(""), name: name.to_owned(), restore: None };
    let back = Migration::new(third, first, vec![remove("f1"), remove("f2")]).unwrap();
    let cycle = GraphError::Cycle { from: third.fingerprint(), to: first.fingerprint() };
    assert_eq!(graph.add(back), Err(cycle));
    let itself = Migration::new(first, first, Vec::new()).unwrap();
    assert!(matches!(graph.add(itself), Err(GraphError::Cycle { .. })));
    let other = vec![Step::Add {
        at: at(""),
        name: "f1".to_owned(),
        field: Field::optional(Type::u64()),
        value: Value::from(9),
    }];
    let other = Migration::new(first, &versions[1], other).unwrap();
    assert!(matches!(graph.add(other), Err(GraphError::Conflict { .. })));
}

#[test]
fn versions_leave_none_out_and_need_a_migration() {
    let mut registry = Registry::default();
    let gap = registry.register(version(2));
    assert!(matches!(gap, Err(RegistryError::Gap { needed: 1, .. })));
    registry.register(version(1)).unwrap();
    registry.register(version(1)).unwrap();
    let changed = registry.register(version(1).required("a", Type::u64()));
    assert!(matches!(changed, Err(RegistryError::Changed { .. })));
    registry.register(version(2).optional("a", Type::u64())).unwrap();
    assert!(matches!(registry.is_complete(), Err(RegistryError::NoMigration { .. })));
    let bad = Field::required(Type::u64()).default_value(Value::Bool(true));
    let bad = registry.register(version(3).with("a", bad));
    assert!(matches!(bad, Err(RegistryError::Misfit { .. })));
}
