//! What the tests of compositions share.

use pi_core::canonical::{Value, parse};

use super::{Lab, text};

/// A composition over the fixed shop, with more fields, and more fields of its
/// examining node, of which `dependencies` takes the place of the usual ones.
pub fn document(fields: &str, examine: &str) -> String {
    let after = if examine.contains("dependencies") { "" } else { r#","dependencies":["admit"]"# };
    format!(
        r#"{{"schema":"pi.composition/1","inputs":["examples/shop-fixed"]{fields},"nodes":[
{{"id":"admit","capability":"manifest/admit"}},
{{"id":"examine","capability":"agents/examine"{after}{examine}}},
{{"id":"weigh","capability":"risk/weigh","dependencies":["examine"]}},
{{"id":"decide","capability":"policy/decide","dependencies":["weigh"]}},
{{"id":"release","capability":"report/release","dependencies":["decide"]}}]}}"#
    )
}

/// The payloads of a run's events of one type.
pub fn events(lab: &Lab, run: &str, event_type: &str) -> Vec<Value> {
    let shown = lab.pi(&["runs", "show", run, "--format", "json"]).code(0).stdout;
    let records = shown.lines().map(|line| parse(line.as_bytes()).unwrap());
    records
        .filter(|record| text(record, "event_type") == event_type)
        .map(|record| record.get("payload").unwrap().clone())
        .collect()
}

/// A node and the status of its receipt.
pub fn part(node: &str, status: &str) -> (String, String) {
    (node.to_owned(), status.to_owned())
}

/// Nodes with their status, in the order of their receipts.
pub fn nodes(lab: &Lab, run: &str) -> Vec<(String, String)> {
    events(lab, run, "receipt.issued")
        .iter()
        .filter(|receipt| text(receipt, "capability").contains('/'))
        .map(|receipt| (text(receipt, "node"), text(receipt, "status")))
        .collect()
}

/// The outcomes of a run's attempts at effects.
pub fn outcomes(lab: &Lab, run: &str) -> Vec<String> {
    events(lab, run, "effect.concluded").iter().map(|outcome| text(outcome, "outcome")).collect()
}
