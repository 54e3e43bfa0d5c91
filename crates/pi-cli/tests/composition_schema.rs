//! The published schema of requests says what the binary reads: examples and frozen
//! forms fit it, what it refuses is refused, and both know the same fields.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use common::composition::document;
use common::{Lab, copy_tree, examples};
use jsonschema::Validator;
use serde_json::{Value, json};

fn schema() -> Value {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/composition.schema.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The schema of one of the two forms, or of both.
fn validator(form: Option<&str>) -> Validator {
    let mut schema = schema();
    if let Some(form) = form {
        schema.as_object_mut().unwrap().remove("oneOf");
        schema["$ref"] = json!(format!("#/$defs/{form}"));
    }
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn fits(form: Option<&str>, value: &Value) {
    let validator = validator(form);
    let errors: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

fn lab() -> Lab {
    let lab = Lab::new();
    copy_tree(&examples(), &lab.work().join("examples"));
    lab
}

#[test]
fn examples_are_documents_and_what_is_recorded_is_frozen() {
    let lab = lab();
    let mut found = 0;
    for entry in fs::read_dir(examples().join("compositions")).unwrap() {
        let path = entry.unwrap().path();
        let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        fits(None, &value);
        fits(Some("document"), &value);
        assert!(!validator(Some("frozen")).is_valid(&value));
        found += 1;
        let ran = lab.pi(&["run", path.to_str().unwrap(), "--format", "json"]);
        let shown = lab.pi(&["runs", "show", &ran.run_id(), "--format", "json"]).code(0).stdout;
        let accepted: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
        let mut frozen = accepted["payload"]["request"].clone();
        for claim in ["request_hash", "request_id"] {
            frozen[claim] = accepted["payload"][claim].clone();
        }
        fits(None, &frozen);
        fits(Some("frozen"), &frozen);
        assert!(!validator(Some("document")).is_valid(&frozen));
    }
    assert!(found >= 5);
}

#[test]
fn a_planned_request_is_a_document() {
    let lab = lab();
    let plan = ["plan", "git_secret_leak_sentry, docker images", "--request", "examples/shop"];
    let planned: Value = serde_json::from_str(&lab.pi(&plan).code(0).stdout).unwrap();
    fits(None, &planned);
    fits(Some("document"), &planned);
}

/// Documents that the schema can see are none.
fn wrong() -> Vec<String> {
    let mut wrong: Vec<String> = [
        r#","strict":"yes""#,
        r#","hurry":true"#,
        r#","evidence":"some""#,
        r#","goal":7"#,
        r#","tenant_id":"a b""#,
        r#","as_of":-1"#,
        r#","as_of":1.5"#,
        r#","global_bounds":{"max_depth":"8"}"#,
        r#","global_bounds":{"shard_count":0}"#,
        r#","global_bounds":{"max_width":1}"#,
        r#","edges":[{"from":"admit"}]"#,
        r#","edges":[{"from":"admit","to":"examine","type":"MAYBE"}]"#,
        r#","edges":[{"from":"admit","to":"examine","note":""}]"#,
        r#","edges":{}"#,
        r#","request_hash":"00""#,
        r#","goal_hash":"words""#,
    ]
    .iter()
    .map(|fields| document(fields, ""))
    .collect();
    wrong.extend(
        [
            r#","parameters":{"only":"secrets"}"#,
            r#","parameters":{"effort":9}"#,
            r#","parameters":[]"#,
            r#","bounds":{"max_inputs":-1}"#,
            r#","bounds":{"max_outputs":1}"#,
            r#","retry":{"attempts":2}"#,
            r#","retry":{"attempts":0}"#,
            r#","retry":{"pause":1}"#,
            r#","dependencies":"admit""#,
            r#","mood":"good""#,
        ]
        .iter()
        .map(|fields| document("", fields)),
    );
    let good = document("", "");
    for (from, to) in [
        ("pi.composition/1", "pi.composition/2"),
        ("agents/examine", "agents/guess"),
        (r#""id":"examine""#, r#""id":"""#),
        (r#""id":"examine""#, r#""id":"a\nb""#),
        (r#""capability":"risk/weigh""#, r#""parameters":{}"#),
        (r#""capability":"report/release""#, r#""capability":"report/write""#),
        (r#"["examples/shop-fixed"]"#, "[]"),
        (r#""inputs":["examples/shop-fixed"],"#, ""),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        wrong.push(changed);
    }
    wrong
}

#[test]
fn what_the_schema_refuses_is_refused() {
    let lab = lab();
    let (both, good) = (validator(None), document("", ""));
    assert!(both.is_valid(&serde_json::from_str(&good).unwrap()));
    lab.file("good.json", good);
    lab.pi(&["run", "good.json"]).code(0);
    for content in wrong() {
        let value: Value = serde_json::from_str(&content).unwrap();
        assert!(!both.is_valid(&value), "the schema takes {content}");
        lab.file("bad.json", &content);
        let ran = lab.pi(&["run", "bad.json"]);
        assert_eq!(ran.code, 2, "the binary takes {content}");
    }
}

#[test]
fn what_may_be_absent_may_be_null() {
    let lab = lab();
    let nulls = r#","as_of":null,"console_session_id":null,"edges":null,"evidence":null,"global_bounds":null,"goal_hash":null,"simulation_only":null,"strict":null,"approved_by_user":null,"request_hash":null,"request_id":null"#;
    let node = r#","bounds":{"max_inputs":null},"retry":null,"parameters":{"only":null,"skip":null,"paths":null,"honour_allow":null}"#;
    let content = document(nulls, node);
    fits(None, &serde_json::from_str(&content).unwrap());
    lab.file("nulls.json", content);
    lab.pi(&["run", "nulls.json"]).code(0);
}

/// The fields that the binary says there are.
fn known(lab: &Lab, content: &str) -> BTreeSet<String> {
    lab.file("surplus.json", content);
    let ran = lab.pi(&["run", "surplus.json"]).refused(2, "invalid_request");
    let (_, list) = ran.stderr.split_once("there are: ").expect("a list of fields");
    list.lines().next().unwrap().split(", ").map(|word| word.trim().to_owned()).collect()
}

#[test]
fn schema_and_binary_know_the_same_fields() {
    let lab = lab();
    let schema = schema();
    let of = |name: &str| -> BTreeSet<String> {
        schema["$defs"][name]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    let surplus = r#","surplus":0"#;
    let inside = r#"{"surplus":0}"#;
    assert_eq!(known(&lab, &document(surplus, "")), of("frozen"));
    assert_eq!(known(&lab, &document("", surplus)), of("node"));
    let in_document = |key: &str| document(&format!(r#","{key}":{inside}"#), "");
    assert_eq!(known(&lab, &in_document("global_bounds")), of("bounds"));
    assert_eq!(known(&lab, &document(&format!(r#","edges":[{inside}]"#), "")), of("edge"));
    let in_node = |key: &str| document("", &format!(r#","{key}":{inside}"#));
    assert_eq!(known(&lab, &in_node("bounds")), of("node_bounds"));
    assert_eq!(known(&lab, &in_node("retry")), of("retry"));
    let only_written = of("document").difference(&of("frozen")).cloned().collect::<Vec<_>>();
    assert_eq!(only_written, ["baseline", "goal", "inputs"]);
}
