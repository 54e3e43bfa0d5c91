//! Which addresses lie outside: everything that the registries of special-purpose addresses
//! (RFC 6890) and of multicast keep for themselves is inside, and so refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pi_core::Reason;

use crate::refusal::Refusal;

/// Networks of IPv4 that are not the public internet, and what each is.
const INSIDE_V4: &[([u8; 4], u32, &str)] = &[
    ([0, 0, 0, 0], 8, "this network (RFC 791)"),
    ([10, 0, 0, 0], 8, "private (RFC 1918)"),
    ([100, 64, 0, 0], 10, "shared by carriers (RFC 6598)"),
    ([127, 0, 0, 0], 8, "loopback (RFC 1122)"),
    ([168, 63, 129, 16], 32, "metadata of a cloud"),
    ([169, 254, 0, 0], 16, "link-local, and metadata of clouds (RFC 3927)"),
    ([172, 16, 0, 0], 12, "private (RFC 1918)"),
    ([192, 0, 0, 0], 24, "for protocols (RFC 6890)"),
    ([192, 0, 2, 0], 24, "for documentation (RFC 5737)"),
    ([192, 31, 196, 0], 24, "sinks of name servers (RFC 7535)"),
    ([192, 52, 193, 0], 24, "multicast relays (RFC 7450)"),
    ([192, 88, 99, 0], 24, "relays to IPv6 (RFC 7526)"),
    ([192, 168, 0, 0], 16, "private (RFC 1918)"),
    ([192, 175, 48, 0], 24, "sinks of name servers (RFC 7534)"),
    ([198, 18, 0, 0], 15, "for measurements (RFC 2544)"),
    ([198, 51, 100, 0], 24, "for documentation (RFC 5737)"),
    ([203, 0, 113, 0], 24, "for documentation (RFC 5737)"),
    ([224, 0, 0, 0], 4, "multicast (RFC 5771)"),
    ([240, 0, 0, 0], 4, "reserved, and broadcast (RFC 1112)"),
];

/// Networks within 2000::/3 that are not the public internet. All that lies outside of
/// 2000::/3 is inside: loopback, mapped and translated addresses, unique local, link-local,
/// multicast.
const INSIDE_V6: &[([u16; 8], u32, &str)] = &[
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "for protocols, Teredo among them (RFC 2928)"),
    ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "for documentation (RFC 3849)"),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "IPv4 within IPv6 (RFC 3056)"),
    ([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "sinks of name servers (RFC 7534)"),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "for documentation (RFC 9637)"),
];

/// Whether an address lies in the public internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !INSIDE_V4.iter().any(|(network, length, _)| {
        let differ = address.to_bits() ^ Ipv4Addr::from(*network).to_bits();
        differ.checked_shr(32 - length) == Some(0)
    })
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let global = address.to_bits() >> 125 == 1;
    global
        && !INSIDE_V6.iter().any(|(network, length, _)| {
            let differ = address.to_bits() ^ Ipv6Addr::from(*network).to_bits();
            differ.checked_shr(128 - length) == Some(0)
        })
}

/// The addresses that a name resolved to, when all of them lie in the public internet: one
/// that does not could be the one that is connected to. Connect to these and resolve no
/// further time.
pub fn all_public(resolved: &[IpAddr]) -> Result<&[IpAddr], Refusal> {
    let refused = |detail| Refusal::new(Reason::WebhookAddressRefused, detail);
    if resolved.is_empty() {
        return Err(refused("the name resolves to no address"));
    }
    if !resolved.iter().copied().all(is_public) {
        return Err(refused("an address of it is private, local or reserved"));
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inside(address: &str) -> bool {
        !is_public(address.parse().unwrap())
    }

    #[test]
    fn public_addresses_are_public() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "3fff:1000::1",
        ] {
            assert!(!inside(address), "{address}");
        }
    }

    #[test]
    fn all_others_are_not() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.170.2",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "192.168.255.255",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            // IPv6: unspecified, loopback, mapped, compatible, translated, discarded, Teredo,
            // 6to4, documentation, segments, unique local, link-local, site-local, multicast.
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:0808:0808::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(inside(address), "{address}");
        }
    }

    #[test]
    fn one_address_inside_refuses_all() {
        let addresses = |all: &[&str]| -> Vec<IpAddr> {
            all.iter().map(|address| address.parse().unwrap()).collect()
        };
        let good = addresses(&["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(all_public(&good), Ok(good.as_slice()));
        for refused in [&["1.1.1.1", "127.0.0.1"][..], &["::1", "1.1.1.1"], &[]] {
            let refusal = all_public(&addresses(refused)).unwrap_err();
            assert_eq!(refusal.reason, Reason::WebhookAddressRefused);
        }
    }

    #[test]
    fn the_networks_are_written_as_networks() {
        for (network, length, name) in INSIDE_V4 {
            let bits = Ipv4Addr::from(*network).to_bits();
            assert_eq!(bits.checked_shl(*length).unwrap_or(0), 0, "{name}");
        }
        for (network, length, name) in INSIDE_V6 {
            let bits = Ipv6Addr::from(*network).to_bits();
            assert_eq!(bits.checked_shl(*length).unwrap_or(0), 0, "{name}");
        }
    }
}
