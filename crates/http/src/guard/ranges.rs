//! The special-purpose address ranges (IANA registries for IPv4 and IPv6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const PRIVATE: &str = "the address is private";
const LOOPBACK: &str = "the address is this machine";
const LINK_LOCAL: &str = "the address is link-local, where clouds keep their metadata service";
const METADATA: &str = "the address is a cloud's metadata service";
const SHARED: &str = "the address is shared by a carrier (CGNAT)";
const MULTICAST: &str = "the address is multicast";
const RESERVED: &str = "the address is reserved";
const TUNNEL: &str = "the address tunnels to another one";
const EXAMPLE: &str = "the address is for documentation or benchmarks";

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

const V4: [(Ipv4Net, &str); 17] = [
    (v4(0, 0, 0, 0, 8), LOOPBACK),
    (v4(10, 0, 0, 0, 8), PRIVATE),
    (v4(100, 64, 0, 0, 10), SHARED),
    (v4(127, 0, 0, 0, 8), LOOPBACK),
    (v4(168, 63, 129, 16, 32), METADATA),
    (v4(169, 254, 0, 0, 16), LINK_LOCAL),
    (v4(172, 16, 0, 0, 12), PRIVATE),
    (v4(192, 0, 0, 0, 24), RESERVED),
    (v4(192, 0, 2, 0, 24), EXAMPLE),
    (v4(192, 88, 99, 0, 24), TUNNEL),
    (v4(192, 168, 0, 0, 16), PRIVATE),
    (v4(198, 18, 0, 0, 15), EXAMPLE),
    (v4(198, 51, 100, 0, 24), EXAMPLE),
    (v4(203, 0, 113, 0, 24), EXAMPLE),
    (v4(224, 0, 0, 0, 4), MULTICAST),
    (v4(255, 255, 255, 255, 32), "the address is broadcast"),
    (v4(240, 0, 0, 0, 4), RESERVED),
];

const V6: [(Ipv6Net, &str); 13] = [
    // `::` and `::1` in particular, and IPv4-compatible addresses in general.
    (v6(0, 0, 0, 96), LOOPBACK),
    (v6(0x64, 0xff9b, 1, 48), TUNNEL),
    (v6(0x100, 0, 0, 64), RESERVED),
    (v6(0x2001, 0, 0, 32), TUNNEL),
    (v6(0x2001, 0, 0, 23), RESERVED),
    (v6(0x2001, 0xdb8, 0, 32), EXAMPLE),
    (v6(0x2002, 0, 0, 16), TUNNEL),
    (v6(0x3fff, 0, 0, 20), EXAMPLE),
    (v6(0xfd00, 0xec2, 0, 32), METADATA),
    (v6(0xfc00, 0, 0, 7), PRIVATE),
    (v6(0xfe80, 0, 0, 10), LINK_LOCAL),
    (v6(0xfec0, 0, 0, 10), PRIVATE),
    (v6(0xff00, 0, 0, 8), MULTICAST),
];

/// The only IPv6 addresses that are handed out for the public Internet.
const GLOBAL: Ipv6Net = v6(0x2000, 0, 0, 3);

/// NAT64's well-known prefix: how an IPv6-only network reaches IPv4. The IPv4 address inside decides.
pub(super) const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

/// Why `address` is not a public one, or `None` when it is.
pub(super) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => V4.iter().find(|(net, _)| net.contains(&address)).map(|(_, reason)| *reason),
        IpAddr::V6(address) => V6
            .iter()
            .find(|(net, _)| net.contains(&address))
            .map(|(_, reason)| *reason)
            .or_else(|| (!GLOBAL.contains(&address)).then_some(RESERVED)),
    }
}
