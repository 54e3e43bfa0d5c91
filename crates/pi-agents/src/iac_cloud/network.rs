//! Firewall rules of clouds: who is let in, to which ports.

use pi_artifacts::Span;
use pi_artifacts::terraform::{Node, Resource};

/// Security groups of AWS and their single rules, of Terraform and CloudFormation.
pub(crate) const GROUPS: &[&str] = &[
    "aws_security_group",
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupIngress",
];

/// Who is let in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The whole internet.
    Internet,
    /// A small network with public addresses.
    SmallPublic,
    /// A network with private addresses.
    Private,
}

/// Ports that a rule is about.
pub(crate) enum Ports {
    /// Whatever the port.
    Any,
    /// One of these.
    OneOf(&'static [i64]),
    /// One of these, whatever the protocol.
    Sensitive(&'static [i64]),
    /// Every port, or every protocol.
    Every,
    /// Any, of datagrams.
    Udp,
}

/// The places where the resource lets somebody in.
pub(crate) fn open(resource: &Resource, source: From, ports: &Ports) -> Vec<Span> {
    let body = &resource.body;
    let inward = |node: &Node, kind: &str| node.get(kind).and_then(Node::text).map(str::to_owned);
    let within = |name: &'static str| {
        let fields = body.fields().iter().filter(move |field| field.name == name);
        fields.flat_map(|field| match field.node.items() {
            [] => vec![(&field.node, field.name_span)],
            items => items.iter().map(|item| (item, item.span)).collect(),
        })
    };
    let bad = |node: &Node| match resource.kind.as_str() {
        kind if kind.starts_with("azurerm_") => azure(node, source, ports),
        "google_compute_firewall" => google(node, source, ports),
        _ => lets_in(node, source, ports),
    };
    match resource.kind.as_str() {
        "aws_security_group" | "aws_default_security_group" | "yandex_vpc_security_group" => {
            within("ingress").filter(|(node, _)| bad(node)).map(|(_, span)| span).collect()
        }
        "AWS::EC2::SecurityGroup" => {
            let rules = within("security_group_ingress");
            rules.filter(|(node, _)| bad(node)).map(|(_, span)| span).collect()
        }
        "azurerm_network_security_group" => {
            within("security_rule").filter(|(node, _)| bad(node)).map(|(_, span)| span).collect()
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
            let bad = fields.filter(|field| allows(&field.node) && bad(&field.node));
            bad.map(|field| field.name_span).collect()
        }
        _ if bad(body) => vec![resource.span],
        _ => Vec::new(),
    }
}

fn allows(node: &Node) -> bool {
    let action = node.get("action").or_else(|| node.get("rule_action"));
    action.and_then(Node::text).is_some_and(|action| action.eq_ignore_ascii_case("allow"))
}

/// A rule of a network security group of Azure.
fn azure(node: &Node, source: From, ports: &Ports) -> bool {
    let said = |name: &str| node.get(name).and_then(Node::text).unwrap_or_default();
    let from = texts(node, &["source_address_prefix", "source_address_prefixes"]);
    let protocol = said("protocol").to_lowercase();
    let ranges = ranges(&texts(node, &["destination_port_range", "destination_port_ranges"]));
    said("direction").eq_ignore_ascii_case("inbound")
        && said("access").eq_ignore_ascii_case("allow")
        && from.iter().any(|from| comes_from(from, source))
        && reaches(&protocol, &ranges, ports)
}

/// A firewall of Google: whom it lets in, and an `allow` for each protocol.
fn google(node: &Node, source: From, ports: &Ports) -> bool {
    let said = |name: &str| node.get(name).and_then(Node::text).unwrap_or_default();
    let from = texts(node, &["source_ranges"]);
    let off = node.get("disabled").and_then(Node::bool) == Some(true);
    let allows = node.fields().iter().filter(|field| field.name == "allow");
    let mut allows = allows.flat_map(|field| match field.node.items() {
        [] => std::slice::from_ref(&field.node),
        items => items,
    });
    !off && !said("direction").eq_ignore_ascii_case("egress")
        && from.iter().any(|from| comes_from(from, source))
        && allows.any(|allow| {
            let protocol = allow.get("protocol").and_then(Node::text).unwrap_or_default();
            let ports_said = texts(allow, &["ports"]);
            let every =
                ports_said.is_empty() && allow.get("ports").is_none_or(|node| !node.is_unknown());
            let ranges = if every { vec![(0, 65535)] } else { ranges(&ports_said) };
            reaches(&protocol.to_lowercase(), &ranges, ports)
        })
}

/// The texts of these attributes, and of the items of lists.
fn texts<'n>(node: &'n Node, names: &[&str]) -> Vec<&'n str> {
    let nodes = names.iter().filter_map(|name| node.get(name));
    nodes
        .flat_map(|node| match node.items() {
            [] => std::slice::from_ref(node),
            items => items,
        })
        .filter_map(Node::text)
        .collect()
}

/// `22`, `8000-8080`, `*`.
fn ranges(texts: &[&str]) -> Vec<(i64, i64)> {
    let range = |text: &str| match text.trim() {
        "*" => Some((0, 65535)),
        text => {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            Some((from.trim().parse().ok()?, to.trim().parse().ok()?))
        }
    };
    texts.iter().flat_map(|text| text.split(',')).filter_map(range).collect()
}

fn reaches(protocol: &str, ranges: &[(i64, i64)], ports: &Ports) -> bool {
    let all = matches!(protocol, "*" | "all" | "any" | "-1");
    let tcp = all || matches!(protocol, "tcp" | "6");
    let one_of = |wanted: &[i64]| {
        ranges.iter().any(|(from, to)| wanted.iter().any(|port| (from..=to).contains(&port)))
    };
    match ports {
        Ports::Any => true,
        Ports::Every => ranges.iter().any(|(from, to)| *from <= 1 && *to == 65535),
        Ports::Sensitive(wanted) => one_of(wanted),
        Ports::OneOf(wanted) => tcp && one_of(wanted),
        Ports::Udp => protocol == "udp",
    }
}

fn comes_from(text: &str, source: From) -> bool {
    let text = text.trim();
    match source {
        From::Internet => {
            let zero = text.ends_with("/0");
            let words = ["*", "any", "internet", "0.0.0.0", "::"];
            zero || words.iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        From::SmallPublic => {
            let mask = prefix(text);
            mask.is_some_and(|mask| (25..=29).contains(&mask)) && !private(text)
        }
        From::Private => private(text),
    }
}

/// The length of the mask of a network of IPv4.
pub(crate) fn prefix(text: &str) -> Option<i64> {
    let (address, mask) = text.trim().split_once('/')?;
    address.parse::<std::net::Ipv4Addr>().ok()?;
    mask.parse().ok().filter(|mask| (0..=32).contains(mask))
}

fn private(text: &str) -> bool {
    let address = text.split('/').next().unwrap_or_default();
    address.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private())
}

fn lets_in(node: &Node, source: From, ports: &Ports) -> bool {
    let sources = [
        "cidr_blocks",
        "ipv6_cidr_blocks",
        "cidr_block",
        "ipv6_cidr_block",
        "cidr_ipv4",
        "cidr_ipv6",
        "v4_cidr_blocks",
        "v6_cidr_blocks",
        "cidr_ip",
    ];
    let mut from = texts(node, &sources).into_iter();
    from.any(|from| match source {
        From::Internet => internet(from),
        _ => comes_from(from, source),
    }) && covers(node, ports)
}

/// The whole internet, IPv4 or IPv6.
fn internet(text: &str) -> bool {
    matches!(text.trim(), "0.0.0.0/0" | "::/0" | "0000:0000:0000:0000:0000:0000:0000:0000/0")
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
        Ports::Sensitive(wanted) => {
            all || range.is_some_and(|(from, to)| {
                (from, to) == (0, 0) || wanted.iter().any(|port| (from..=to).contains(port))
            })
        }
        Ports::Udp => protocol.is_some_and(|protocol| matches!(protocol, "udp" | "17")),
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
