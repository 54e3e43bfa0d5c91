//! The grammar of published ports in Compose files: short and long form,
//! ranges, protocols, host addresses of both families.

use std::net::IpAddr;

use pi_artifacts::Span;
use pi_artifacts::data::Node;

use super::compose::{Service, interpolate, split_outside_braces};

/// An inclusive range of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    /// The first.
    pub first: u16,
    /// The last.
    pub last: u16,
}

impl Ports {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        (first <= last).then_some(Self { first, last })
    }

    /// Whether the range holds `port`.
    pub(crate) fn has(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl std::fmt::Display for Ports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.first == self.last {
            write!(f, "{}", self.first)
        } else {
            write!(f, "{}-{}", self.first, self.last)
        }
    }
}

/// From where a published port can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Only from the host itself.
    Loopback,
    /// Over one address of the host that is not routed in the internet.
    Private,
    /// Over one public address or an interface that is not known here.
    Address,
    /// Over all interfaces.
    Everywhere,
}

/// One published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// The ports on the host; `None` when the engine chooses one.
    pub host: Option<Ports>,
    /// The ports of the container.
    pub container: Ports,
    /// From where it can be reached.
    pub reach: Reach,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Where it is written.
    pub span: Span,
}

/// The published ports of a service. Behind `network_mode: host` or `none`
/// nothing is published, and ports that are variables without a default are
/// left out.
pub(crate) fn published(service: &Service<'_>) -> Vec<Published> {
    let mode = service.setting("network_mode").map(|(mode, _)| mode).unwrap_or_default();
    if mode == "host" || mode == "none" {
        return Vec::new();
    }
    let items = service.node.get("ports").map(Node::items).unwrap_or_default();
    items
        .iter()
        .filter_map(
            |item| if item.is_map() { long(item) } else { short(item.scalar()?, item.span) },
        )
        .collect()
}

fn long(item: &Node) -> Option<Published> {
    let text = |key: &str| Some(interpolate(item.get(key)?.scalar()?));
    // An address in front of the published port is not in the specification,
    // but engines accept it.
    let published = text("published").unwrap_or_default();
    let (address, port) = split_address(&published).unwrap_or((None, &published));
    let address = address.or_else(|| port.contains('.').then_some(port));
    Some(Published {
        host: Ports::parse(port),
        container: Ports::parse(&text("target")?)?,
        reach: text("host_ip").as_deref().or(address).map_or(Reach::Everywhere, reach),
        protocol: text("protocol").map_or_else(|| "tcp".to_owned(), |p| p.to_ascii_lowercase()),
        span: item.span,
    })
}

/// `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`.
fn short(text: &str, span: Span) -> Option<Published> {
    let text = interpolate(text.trim());
    let (ports, protocol) = text.rsplit_once('/').unwrap_or((&text, "tcp"));
    let (address, ports) = split_address(ports)?;
    let (host, container) = match split_outside_braces(ports).as_slice() {
        [container] => (None, Ports::parse(container)?),
        [host, container] => (Ports::parse(host), Ports::parse(container)?),
        _ => return None,
    };
    Some(Published {
        host,
        container,
        reach: address.map_or(Reach::Everywhere, reach),
        protocol: protocol.to_ascii_lowercase(),
        span,
    })
}

/// Splits the host address off: `[::1]:80:80`, `127.0.0.1:80:80`, `::1:80:80`.
fn split_address(text: &str) -> Option<(Option<&str>, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, ports) = rest.split_once(']')?;
        return Some((Some(address), ports.strip_prefix(':')?));
    }
    // The last two fields are ports; what stands before them is the address.
    let mut colons = text.rmatch_indices(':').map(|(at, _)| at);
    let _container = colons.next();
    match colons.next() {
        Some(at) => Some((Some(text.get(..at)?), text.get(at + 1..)?)),
        None => match text.split_once(':') {
            Some((address, ports)) if address.contains('.') => Some((Some(address), ports)),
            _ => Some((None, text)),
        },
    }
}

fn reach(address: &str) -> Reach {
    let address = address.trim_matches(['[', ']']);
    if address.is_empty() || address == "*" {
        return Reach::Everywhere;
    }
    if address.eq_ignore_ascii_case("localhost") {
        return Reach::Loopback;
    }
    match address.parse::<IpAddr>().map(|ip| ip.to_canonical()) {
        Ok(ip) if ip.is_unspecified() => Reach::Everywhere,
        Ok(ip) if ip.is_loopback() => Reach::Loopback,
        Ok(IpAddr::V4(ip)) if ip.is_private() || ip.is_link_local() || is_shared(ip.octets()) => {
            Reach::Private
        }
        Ok(IpAddr::V6(ip)) if ip.is_unique_local() || ip.is_unicast_link_local() => Reach::Private,
        _ => Reach::Address,
    }
}

/// 100.64.0.0/10: carrier-grade and overlay networks.
fn is_shared([first, second, ..]: [u8; 4]) -> bool {
    first == 100 && (64..128).contains(&second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, host: Option<(u16, u16)>, container: (u16, u16), reach: Reach) {
        let ports = |(first, last)| Ports { first, last };
        let found = short(text, Span::default()).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.host, host.map(ports), "{text}");
        assert_eq!(found.container, ports(container), "{text}");
        assert_eq!(found.reach, reach, "{text}");
    }

    #[test]
    fn every_short_form_is_read() {
        check("3000", None, (3000, 3000), Reach::Everywhere);
        check("3000-3005", None, (3000, 3005), Reach::Everywhere);
        check("8000:80", Some((8000, 8000)), (80, 80), Reach::Everywhere);
        check("9090-9091:80-81/udp", Some((9090, 9091)), (80, 81), Reach::Everywhere);
        check("127.0.0.1:8001:8001", Some((8001, 8001)), (8001, 8001), Reach::Loopback);
        check("127.0.0.1::5000", None, (5000, 5000), Reach::Loopback);
        check("127.0.0.1:5000", None, (5000, 5000), Reach::Loopback);
        check("[::1]:6001:6000", Some((6001, 6001)), (6000, 6000), Reach::Loopback);
        check("::1:6001:6000", Some((6001, 6001)), (6000, 6000), Reach::Loopback);
        check("[::]:6001:6000", Some((6001, 6001)), (6000, 6000), Reach::Everywhere);
        check("0.0.0.0:80:80", Some((80, 80)), (80, 80), Reach::Everywhere);
        check("10.1.2.3:80:80", Some((80, 80)), (80, 80), Reach::Private);
        check("203.0.113.7:80:80", Some((80, 80)), (80, 80), Reach::Address);
        check(
            "${BIND:-127.0.0.1}:${PORT:-5432}:5432",
            Some((5432, 5432)),
            (5432, 5432),
            Reach::Loopback,
        );
        check("${PORT}:5432", None, (5432, 5432), Reach::Everywhere);
        assert!(short("${PORTS}", Span::default()).is_none());
    }
}
