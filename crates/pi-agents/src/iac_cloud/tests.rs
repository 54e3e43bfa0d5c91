//! Each row is tried on the smallest resource that has its defect.

use pi_artifacts::terraform;

use super::check::{Check, Row, judge};
use super::model::Graph;
use super::rules;

/// A setting in the form of nested blocks.
fn setting(path: &str, value: &str) -> Option<String> {
    if path.contains('*') || path.is_empty() {
        return None;
    }
    let literal = matches!(value, "true" | "false") || value.parse::<i64>().is_ok();
    let value = if literal { value.to_owned() } else { format!("{value:?}") };
    let mut names: Vec<&str> =
        path.split('.').map(|name| name.split('|').next().unwrap_or(name)).collect();
    let last = names.pop()?;
    let (open, close) =
        (names.iter().map(|name| format!("{name} {{\n")).collect::<String>(), "}\n");
    Some(format!("{open}{last} = {value}\n{}", close.repeat(names.len())))
}

/// Settings that have the defect; `None` when it takes more than settings.
fn sample(check: &Check) -> Option<String> {
    match check {
        Check::Is(path, values) | Check::Says(path, values) => setting(path, values.first()?),
        Check::Present(path) => setting(path, "1"),
        Check::Above(path, most) => setting(path, &(most + 1).to_string()),
        // What is not said is the defect, where the path does not look for its beginning.
        Check::Lacks(path, _)
        | Check::Off(path)
        | Check::Absent(path)
        | Check::Unsaid(path, _)
        | Check::Below(path, _)
        | Check::ListLacks(path, _) => (!path.contains('*')).then(String::new),
        Check::Alone(_) | Check::Always => Some(String::new()),
        Check::Without(own, ..) => sample(own),
        Check::All(checks) => checks.iter().map(sample).collect(),
        Check::Any(checks) => checks.iter().find_map(sample),
        Check::Entry(_, _, _, _, true) => Some(String::new()),
        Check::Entry(path, field, names, inner, false) => {
            let inner = sample(inner)?;
            let names_of = path.split('.').collect::<Vec<_>>();
            let open: String = names_of.iter().map(|name| format!("{name} {{\n")).collect();
            let (name, close) = (names.first()?, "}\n".repeat(names_of.len()));
            Some(format!("{open}{field} = {name:?}\n{inner}{close}"))
        }
        Check::Open(_)
        | Check::OpenTo(..)
        | Check::Hosts(..)
        | Check::Policy(..)
        | Check::PolicyLacks(..)
        | Check::Held(_) => None,
        Check::Wide(path, _) => setting(path, "10.0.0.0/8"),
        Check::DataSays(path, words) => setting(path, words.first()?),
        Check::Plain(path) => setting(path, "pass word 1!"),
        Check::Unalarmed(_) => Some(String::new()),
    }
}

fn matches(row: &Row, body: &str) -> bool {
    let kind = row.kinds.first().copied().unwrap_or_default();
    let text = format!("resource \"{kind}\" \"a\" {{\n{body}}}\n");
    let artifact = pi_artifacts::Artifact::new("main.tf", text.into_bytes());
    let graph = Graph { resources: terraform::resources(artifact.hcl().unwrap()) };
    graph.resources.iter().any(|resource| !judge(&row.check, resource, &graph).is_empty())
}

#[test]
fn rows_find_the_smallest_resource_with_their_defect() {
    let (mut tried, mut silent) = (0, Vec::new());
    for row in rules::TABLES.iter().copied().flatten() {
        let Some(body) = sample(&row.check) else { continue };
        tried += 1;
        if !matches(row, &body) {
            silent.push(format!("{}:\n{body}", row.rule.id));
        }
    }
    assert!(tried > 700, "{tried} rows can be tried");
    assert!(silent.is_empty(), "{} of {tried}\n{}", silent.len(), silent.join("\n"));
}

#[test]
fn every_row_has_an_id_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for row in rules::TABLES.iter().copied().flatten() {
        assert!(seen.insert(row.rule.id), "two rows are named {}", row.rule.id);
    }
}

#[test]
fn rows_say_nothing_about_other_resources() {
    for row in rules::TABLES.iter().copied().flatten() {
        let text = "resource \"other_thing\" \"a\" {\n}\n";
        let artifact = pi_artifacts::Artifact::new("main.tf", text.as_bytes().to_vec());
        let resources = terraform::resources(artifact.hcl().unwrap());
        assert!(resources.iter().all(|resource| !row.kinds.contains(&resource.kind.as_str())));
    }
}
