//! Typed rules on resources, and how they are judged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pi_agent_api::Rule;
use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource, Value};
use pi_core::{Confidence, Severity};

use super::model::{Graph, reach};
use super::policy::{self, Statement};
use super::{alarms, network};

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
    /// The text at the path, or in a list at it, contains one of these.
    Says(&'static str, &'static [&'static str]),
    /// The text at the path contains none of these, or nothing stands there.
    Unsaid(&'static str, &'static [&'static str]),
    /// Of the blocks at the path, the one in which a field has a value has the
    /// defect; the last says whether its absence is one.
    Entry(&'static str, &'static str, &'static [&'static str], &'static Check, bool),
    /// No resource of this type is in a file that has the resource.
    Alone(&'static str),
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
    /// A rule of a firewall lets these in to one of these ports.
    OpenTo(network::From, network::Ports),
    /// A network at the path, or in a list at it, is at least this wide: its mask
    /// has at most so many bits.
    Wide(&'static str, i64),
    /// From the first address to the second there are more than so many.
    Hosts(&'static str, &'static str, u32),
    /// The text at the path, perhaps in Base64, contains one of these.
    DataSays(&'static str, &'static [&'static str]),
    /// A secret is written at the path: a text with a digit or a sign in it, and
    /// nothing that is resolved elsewhere.
    Plain(&'static str),
    /// The policy at the path is known and no statement of it is such a one.
    PolicyLacks(&'static str, fn(&Statement) -> bool),
    /// No alarm is raised by a filter that looks for all of these.
    Unalarmed(&'static [&'static str]),
    /// The first is a defect, and no resource of this type refers to this one
    /// by the attribute, or the one that does has the second defect.
    Without(&'static Check, &'static str, &'static str, &'static Check),
    /// A statement of the policy at one of the paths.
    Policy(&'static str, fn(&Statement) -> bool),
    /// A statement of a policy that the user, group or role holds.
    Held(fn(&Statement) -> bool),
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

/// Rows in short: id, severity, types, defect, summary, CWE, fix.
macro_rules! rows {
    ($($id:literal $severity:ident $kinds:expr, $check:expr, $summary:literal, $cwe:literal, $fix:literal;)*) => {
        &[$($crate::iac_cloud::check::row(
            $id, pi_core::Severity::$severity, &$kinds, $check, $summary, &[$cwe], $fix,
        )),*]
    };
}
pub(crate) use rows;

fn secret(node: &Node) -> bool {
    let sign = |c: char| c.is_ascii_digit() || "!@#$%^&*?+=".contains(c);
    let text = node.text().unwrap_or_default();
    text.len() >= 4 && text.contains(sign) && !text.contains("{{resolve:")
}

/// The text in Base64 says it.
fn encoded(node: &Node, words: &[&str]) -> bool {
    let decoded = node.text().and_then(|text| STANDARD.decode(text.trim()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// A number, perhaps of seconds: `86400s`.
fn number(node: &Node) -> Option<i64> {
    node.integer().or_else(|| node.text()?.strip_suffix('s')?.parse().ok())
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
        Check::Says(path, words) => at(path, &|node| says(node, words), false),
        Check::Unsaid(path, words) => at(path, &|node| known(node) && !says(node, words), true),
        Check::Entry(path, field, names, inner, needed) => {
            let reached = reach(resource, path);
            let named = |node: &Node| {
                let name = node.get(field);
                name.is_some_and(|name| {
                    same(name, names) || name.items().iter().any(|name| same(name, names))
                })
            };
            let blocks = reached.found.iter().flat_map(|(node, span)| match node.items() {
                [] => vec![(*node, *span)],
                items => items.iter().map(|item| (item, item.span)).collect(),
            });
            let (mut any, mut places) = (reached.unknown, Vec::new());
            for (node, span) in blocks.filter(|(node, _)| named(node)) {
                any = true;
                let part = Resource { body: node.clone(), span, ..resource.clone() };
                places.extend(judge(inner, &part, graph));
            }
            if !any && *needed { vec![resource.span] } else { places }
        }
        Check::Alone(kind) => {
            let other = graph.resources.iter().any(|other| other.kind == *kind);
            if other { Vec::new() } else { vec![resource.span] }
        }
        Check::Present(path) => at(path, &|node| !node.is_empty(), false),
        Check::Below(path, least) => at(path, &|n| number(n).is_some_and(|n| n < *least), true),
        Check::Above(path, most) => at(path, &|n| number(n).is_some_and(|n| n > *most), false),
        Check::ListLacks(path, values) => at(path, &|node| list_lacks(node, values), true),
        Check::Open(ports) => network::open(resource, network::From::Internet, ports),
        Check::OpenTo(from, ports) => network::open(resource, *from, ports),
        Check::Wide(path, most) => {
            let wide = |text: &str| network::prefix(text).is_some_and(|bits| bits <= *most);
            let any = |node: &Node| node.items().iter().filter_map(Node::text).any(wide);
            at(path, &|node| node.text().is_some_and(wide) || any(node), false)
        }
        Check::Hosts(first, last, most) => {
            let address = |path: &str| -> Option<u32> {
                let text = resource.body.get(path)?.text()?;
                text.parse::<std::net::Ipv4Addr>().ok().map(u32::from)
            };
            let hosts = address(first).zip(address(last)).and_then(|(a, b)| b.checked_sub(a));
            if hosts.is_some_and(|hosts| hosts > *most) {
                at(first, &|_| true, false)
            } else {
                Vec::new()
            }
        }
        Check::DataSays(path, words) => {
            at(path, &|node| says(node, words) || encoded(node, words), false)
        }
        Check::Plain(path) => {
            let found = reach(resource, path).found;
            let secret = found.iter().map(|(node, _)| node).filter(|node| secret(node));
            secret.map(|node| node.span).collect()
        }
        Check::PolicyLacks(path, good) => {
            let lacks = |node: &Node| {
                let statements = policy::statements(node, graph);
                !statements.is_empty() && !statements.iter().any(good)
            };
            at(path, &lacks, false)
        }
        Check::Unalarmed(words) => alarms::missing(resource, words, graph),
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
        Check::Held(bad) => {
            let held = graph.policies_of(resource);
            let bad = held.iter().any(|policy| policy::statements(policy, graph).iter().any(bad));
            if bad { vec![resource.span] } else { Vec::new() }
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

fn says(node: &Node, words: &[&str]) -> bool {
    if node.items().iter().any(|item| says(item, words)) {
        return true;
    }
    let text = match &node.value {
        Value::Partial(text) | Value::Reference(text) => Some(text.as_str()),
        _ => node.text(),
    };
    text.is_some_and(|text| {
        let text = text.to_lowercase();
        words.iter().any(|word| text.contains(word))
    })
}

/// Nothing of the value, and of the items of a list, is unknown.
fn known(node: &Node) -> bool {
    !node.is_unknown() && node.items().iter().all(|item| !item.is_unknown())
}

fn list_lacks(node: &Node, values: &[&str]) -> bool {
    let items = node.items();
    !node.is_unknown()
        && items.iter().all(|item| !item.is_unknown())
        && values.iter().any(|value| !items.iter().any(|item| same(item, &[value])))
}
