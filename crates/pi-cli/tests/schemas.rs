//! Every JSON output fits its published schema, and SARIF fits the official one.
//! Each schema also refuses what is not its document.
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
use std::path::{Path, PathBuf};

use common::{Lab, copy_tree, examples};
use jsonschema::{Registry, Validator};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The published schemas by name.
fn schemas() -> Vec<(String, Value)> {
    let mut schemas: Vec<(String, Value)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            (name.strip_suffix(".schema.json").unwrap().to_owned(), read(&path))
        })
        .collect();
    schemas.sort_by(|a, b| a.0.cmp(&b.0));
    schemas
}

fn validator(name: &str) -> Validator {
    let schemas = schemas();
    let resources = schemas
        .iter()
        .map(|(_, schema)| (schema["$id"].as_str().unwrap().to_owned(), schema.clone()));
    let registry = Registry::new().extend(resources).unwrap().prepare().unwrap();
    let (_, schema) = schemas.iter().find(|(other, _)| other == name).expect(name);
    jsonschema::options().with_registry(&registry).build(schema).unwrap()
}

#[track_caller]
fn fits(name: &str, text: &str) {
    let validator = validator(name);
    let value: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}\n{text:.2000}");
    // A schema that accepts everything proves nothing.
    if let Value::Object(fields) = &value {
        for key in fields.keys() {
            let mut fewer = fields.clone();
            fewer.remove(key);
            assert!(!validator.is_valid(&Value::Object(fewer)), "{name} does not need `{key}`");
        }
        let mut more = fields.clone();
        more.insert("surplus".to_owned(), Value::Null);
        assert!(!validator.is_valid(&Value::Object(more)), "{name} takes any field");
    }
}

#[track_caller]
fn lines_fit(name: &str, text: &str) {
    assert!(!text.is_empty());
    for line in text.lines() {
        fits(name, line);
    }
}

/// A laboratory with runs of every decision, of which one is not replayable
/// identically.
fn lab() -> (Lab, String, PathBuf) {
    let lab = Lab::new();
    let shop = lab.work().join("shop");
    copy_tree(&examples().join("shop"), &shop);
    let run = lab.scan(&shop, &[]).code(1).run_id();
    lab.scan(&examples().join("shop-fixed"), &[]).code(0);
    (lab, run, shop)
}

#[test]
fn every_output_fits_its_schema() {
    let (lab, run, shop) = lab();
    let baseline = lab.beside("baseline.json");
    let shop = shop.to_str().unwrap();
    let json = |args: &[&str]| lab.pi(&[args, &["--format", "json"]].concat()).stdout;
    let report =
        json(&["scan", shop, "--write-baseline", baseline.to_str().unwrap(), "--fail-on", "low"]);
    let dockerfile = format!("{shop}/Dockerfile");
    let bundle = json(&["log", "export", &run]);
    let exported = lab.file("bundle.json", &bundle);
    let redacted = lab.scan(&examples().join("shop-fixed"), &[]).code(0);
    let place = common::number(&redacted.json(), "log.offset");
    copy_tree(&examples(), &lab.work().join("examples"));
    let composition = "examples/compositions/diamond.json";
    lab.file("cycle.json", common::composition::document("", r#","dependencies":["examine"]"#));
    let rejected = "cycle.json";
    let policies = |name: &str| format!("examples/policies/{name}");
    let (strict, people) = (policies("strict.cedar"), policies("people.rules.json"));
    lab.file("wrong.cedar", "permit (principal, action, resource) when { context.x };");
    lab.file("facts.json", r#"{"findings":{"high":1},"subject":{"actor_id":"guest-1"}}"#);
    let fences = || {
        let approve = ["log", "fence", "approve", "pi.kernel@1", "pi.kernel@2", "--reason", "test"];
        lab.pi(&approve).code(0);
        json(&["log", "fence", "list"])
    };
    let outputs = [
        ("report", report),
        ("report", json(&["scan", shop, "--baseline", baseline.to_str().unwrap()])),
        ("report", json(&["scan", examples().join("shop-fixed").to_str().unwrap()])),
        ("baseline", fs::read_to_string(&baseline).unwrap()),
        ("report", json(&["agents", "run", "docker_image_scanner", "--input", &dockerfile])),
        ("replay", json(&["replay", &run])),
        ("verification", json(&["log", "verify"])),
        ("event", json(&["log", "show", &format!("runs:{place}")])),
        ("bundle", bundle),
        ("bundle", json(&["log", "prove", "runs:1"])),
        ("bundle-verification", json(&["verify", exported.to_str().unwrap()])),
        ("agents", json(&["agents", "list"])),
        ("agent", json(&["agents", "show", "docker_image_scanner"])),
        ("doctor", json(&["doctor"])),
        ("doctor", json(&["doctor", "--data", "/proc/none"])),
        ("reason", json(&["explain", "log_corrupt"])),
        ("simulation", json(&["simulate", composition])),
        ("simulation", json(&["simulate", rejected])),
        ("plan", json(&["plan", "git_secret_leak_sentry, docker images"])),
        ("plan", json(&["plan", "secret"])),
        ("route", json(&["route", "docker images"])),
        ("route", json(&["route", "kuberntes"])),
        ("memory", json(&["memory", "search", "denied"])),
        ("memory", json(&["memory", "list", "--check"])),
        ("memory-purge", json(&["memory", "purge", "--all"])),
        ("fences", fences()),
        ("epochs", json(&["log", "epochs"])),
        ("consumers", json(&["log", "consumers"])),
        ("policy-check", json(&["policy", "check", &strict, &people, "wrong.cedar", "absent"])),
        ("policy", json(&["policy", "show"])),
        ("policy", json(&["policy", "show", "--policy", &people])),
        ("policy-answer", json(&["policy", "explain", &strict, "facts.json"])),
        ("policy-answer", json(&["policy", "explain", &people, "facts.json"])),
        ("policy-answer", json(&["policy", "explain", &people, &run])),
        ("policy-what-if", json(&["policy", "what-if", &strict])),
    ];
    for (name, output) in &outputs {
        fits(name, output);
    }
    lines_fit("header", &json(&["log", "tail"]));
    lines_fit("event", &json(&["log", "tail", "--payloads"]));
    let request = json(&["plan", "docker images", "--request", "examples/shop-fixed"]);
    lab.file("planned.json", &request);
    lines_fit("report", &json(&["run", "planned.json", "--approve"]));
    lines_fit("run-entry", &json(&["runs", "list"]));
    lines_fit("run-record", &json(&["runs", "show", &run]));
    let mut covered: BTreeSet<&str> = outputs.iter().map(|(name, _)| *name).collect();
    // `tests/composition_schema.rs` covers the request.
    covered.extend(["composition", "header", "run-entry", "run-record"]);
    let all = schemas();
    let all: BTreeSet<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(covered, all, "every schema has an output");
}

#[test]
fn what_is_erased_or_empty_fits_too() {
    let lab = Lab::new();
    let json = |args: &[&str]| lab.pi(&[args, &["--format", "json"]].concat()).stdout;
    fits("verification", &json(&["log", "verify"]));
    let run = lab.scan(&examples().join("shop-fixed"), &[]).code(0).run_id();
    lab.pi(&["log", "redact", "runs:2", "--reason", "a test"]).code(0);
    fits("event", &json(&["log", "show", "runs:2"]));
    fits("bundle", &json(&["log", "export", &run]));
    lines_fit("run-record", &json(&["runs", "show", &run]));
}

#[test]
fn sarif_fits_the_official_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sarif/sarif-schema-2.1.0.json");
    // The published pattern of languages has a stray bracket, which is no regular
    // expression in Unicode mode.
    let schema = fs::read_to_string(path).unwrap().replace("{2}]?$", "{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let lab = Lab::new();
    lab.file("tree/a name with ünicode \u{1}%.py", "password = \"hunter2-hunter2\"\n");
    lab.file("tree/pi.env", "PASSWORD=hunter2hunter2 # pi:allow dot_env_secret_leak_checker x\n");
    let trees = [examples().join("shop"), examples().join("shop-fixed"), lab.work().join("tree")];
    for tree in trees {
        let ran = lab.pi(&["scan", tree.to_str().unwrap(), "--format", "sarif"]);
        let log: Value = serde_json::from_str(&ran.stdout).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let mut broken = log.clone();
        broken["runs"][0]["results"][0]["level"] = Value::from("fatal");
        assert!(!validator.is_valid(&broken), "the schema looks into results");
    }
}
