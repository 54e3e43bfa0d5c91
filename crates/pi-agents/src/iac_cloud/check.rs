//! Typed rules on resources, and how they are judged.

use pi_agent_api::Rule;
use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource};
use pi_core::{Confidence, Severity};

use super::model::{Graph, reach};
use super::network;
use super::policy::{self, Statement};

/// A rule about resources of some types.
pub(crate) struct Row {
    /// What is reported.
    pub rule: Rule,
    /// The types of resources that it judges.
    pub kinds: &'static [&'static str],
    /// What is wrong with them.
    pub check: Check,
}

/// A defect. What is not known is no defect.
pub(crate) enum Check {
    /// The path, or a list at it, holds one of these.
    Is(&'static str, &'static [&'static str]),
    /// The path holds none of these, or nothing.
    Lacks(&'static str, &'static [&'static str]),
    /// The path is not `true`.
    Off(&'static str),
    /// Nothing, or something empty, stands at the path.
    Absent(&'static str),
    /// Something stands at the path.
    Present(&'static str),
    /// The path holds a number below; nothing counts too.
    Below(&'static str, i64),
    /// The path holds a number above.
    Above(&'static str, i64),
    /// The list at the path, or its absence, lacks one of these.
    ListLacks(&'static str, &'static [&'static str]),
    /// A rule of a firewall lets the internet in to one of these ports.
    Open(network::Ports),
    /// The first is a defect, and no resource of this type refers to this one
    /// by the attribute, or the one that does has the second defect.
    Without(&'static Check, &'static str, &'static str, &'static Check),
    /// A statement of the policy at one of the paths.
    Policy(&'static str, fn(&Statement) -> bool),
    /// All are defects; the places are those of the last.
    All(&'static [Check]),
    /// At least one is a defect.
    Any(&'static [Check]),
    /// The resource should not be there.
    Always,
}

/// A row of a table.
pub(crate) const fn row(
    id: &'static str,
    severity: Severity,
    kinds: &'static [&'static str],
    check: Check,
    summary: &'static str,
    references: &'static [&'static str],
    fix: &'static str,
) -> Row {
    let confidence = Confidence::High;
    Row { rule: Rule { id, summary, severity, confidence, references, fix }, kinds, check }
}

fn same(node: &Node, values: &[&str]) -> bool {
    node.text().is_some_and(|text| values.iter().any(|value| value.eq_ignore_ascii_case(text)))
}

/// The places at which the resource has the defect.
pub(crate) fn judge(check: &Check, resource: &Resource, graph: &Graph) -> Vec<Span> {
    let at = |path: &str, bad: &dyn Fn(&Node) -> bool, absent: bool| {
        let reached = reach(resource, path);
        let found = reached.found.iter().filter(|(node, _)| bad(node)).map(|(_, span)| *span);
        let mut places: Vec<Span> = found.collect();
        if absent && !reached.unknown {
            places.extend(reached.missing);
        }
        places
    };
    match check {
        Check::Is(path, values) => {
            let any = |node: &Node| node.items().iter().any(|item| same(item, values));
            at(path, &|node| same(node, values) || any(node), false)
        }
        Check::Lacks(path, values) => {
            at(path, &|node| node.text().is_some() && !same(node, values), true)
        }
        Check::Off(path) => at(path, &|node| node.bool() == Some(false), true),
        Check::Absent(path) => at(path, &Node::is_empty, true),
        Check::Present(path) => at(path, &|node| !node.is_empty(), false),
        Check::Below(path, least) => at(path, &|n| n.integer().is_some_and(|n| n < *least), true),
        Check::Above(path, most) => at(path, &|n| n.integer().is_some_and(|n| n > *most), false),
        Check::ListLacks(path, values) => at(path, &|node| list_lacks(node, values), true),
        Check::Open(ports) => network::open(resource, ports),
        Check::Without(own, kind, attribute, theirs) => {
            let places = judge(own, resource, graph);
            if places.is_empty() {
                return places;
            }
            let linked = graph.siblings(resource, kind, attribute);
            let judged: Vec<Vec<Span>> = linked.map(|other| judge(theirs, other, graph)).collect();
            if judged.is_empty() { places } else { common(judged) }
        }
        Check::Policy(path, bad) => {
            let reached = reach(resource, path);
            let bad = |node: &Node| policy::statements(node, graph).iter().any(bad);
            reached.found.iter().filter(|(node, _)| bad(node)).map(|(_, span)| *span).collect()
        }
        Check::All(checks) => {
            let mut places = Vec::new();
            for check in *checks {
                places = judge(check, resource, graph);
                if places.is_empty() {
                    break;
                }
            }
            places
        }
        Check::Any(checks) => {
            let mut places: Vec<Span> =
                checks.iter().flat_map(|check| judge(check, resource, graph)).collect();
            places.sort();
            places.dedup();
            places
        }
        Check::Always => vec![resource.span],
    }
}

/// One sound sibling suffices; otherwise their places.
fn common(judged: Vec<Vec<Span>>) -> Vec<Span> {
    if judged.iter().any(Vec::is_empty) { Vec::new() } else { judged.concat() }
}

fn list_lacks(node: &Node, values: &[&str]) -> bool {
    let items = node.items();
    !node.is_unknown()
        && items.iter().all(|item| !item.is_unknown())
        && values.iter().any(|value| !items.iter().any(|item| same(item, &[value])))
}
