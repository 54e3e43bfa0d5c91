//! Firewall rules of clouds: who is let in, to which ports.

use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource};

/// Ports that a rule is about.
pub(crate) enum Ports {
    /// Whatever the port.
    Any,
    /// One of these.
    OneOf(&'static [i64]),
    /// Every port, or every protocol.
    Every,
}

/// The places where the resource lets the internet in.
pub(crate) fn open(resource: &Resource, ports: &Ports) -> Vec<Span> {
    let body = &resource.body;
    let inward = |node: &Node, kind: &str| node.get(kind).and_then(Node::text).map(str::to_owned);
    match resource.kind.as_str() {
        "aws_security_group" | "aws_default_security_group" => {
            let fields = body.fields().iter().filter(|field| field.name == "ingress");
            let each = fields.flat_map(|field| match field.node.items() {
                [] => vec![(&field.node, field.name_span)],
                items => items.iter().map(|item| (item, item.span)).collect(),
            });
            each.filter(|(node, _)| lets_in(node, ports)).map(|(_, span)| span).collect()
        }
        "aws_security_group_rule" if inward(body, "type").as_deref() != Some("ingress") => {
            Vec::new()
        }
        "aws_network_acl_rule" if body.get("egress").and_then(Node::bool) == Some(true) => {
            Vec::new()
        }
        "aws_network_acl_rule" if !allows(body) => Vec::new(),
        "aws_network_acl" => {
            let fields = body.fields().iter().filter(|field| field.name == "ingress");
            let bad = fields.filter(|field| allows(&field.node) && lets_in(&field.node, ports));
            bad.map(|field| field.name_span).collect()
        }
        _ if lets_in(body, ports) => vec![resource.span],
        _ => Vec::new(),
    }
}

fn allows(node: &Node) -> bool {
    let action = node.get("action").or_else(|| node.get("rule_action"));
    action.and_then(Node::text).is_some_and(|action| action.eq_ignore_ascii_case("allow"))
}

fn lets_in(node: &Node, ports: &Ports) -> bool {
    let sources = [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_block",
        "ipv6_cidr_block",
        "cidr_ipv4",
        "cidr_ipv6",
    ];
    let world = sources
        .iter()
        .filter_map(|name| node.get(name))
        .any(|node| everyone(node) || node.items().iter().any(everyone));
    world && covers(node, ports)
}

/// The whole internet, IPv4 or IPv6.
pub(crate) fn everyone(node: &Node) -> bool {
    node.text().is_some_and(|text| {
        matches!(text.trim(), "0.0.0.0/0" | "::/0" | "0000:0000:0000:0000:0000:0000:0000:0000/0")
    })
}

fn covers(node: &Node, ports: &Ports) -> bool {
    let protocol = node.get("protocol").or_else(|| node.get("ip_protocol")).and_then(Node::text);
    let all = protocol.is_some_and(|protocol| matches!(protocol, "-1" | "all"));
    let port = |name: &str| node.get(name).and_then(Node::integer);
    let range = port("from_port").zip(port("to_port"));
    match ports {
        Ports::Any => true,
        Ports::Every => {
            all || range.is_some_and(|(from, to)| from == 0 && (to == 0 || to == 65535))
        }
        Ports::OneOf(wanted) => {
            let tcp =
                protocol.is_none_or(|protocol| !matches!(protocol, "udp" | "17" | "icmp" | "1"));
            all || tcp
                && range.is_some_and(|(from, to)| {
                    (from, to) == (0, 0) || wanted.iter().any(|port| (from..=to).contains(port))
                })
        }
    }
}
