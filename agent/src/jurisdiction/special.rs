//! Addresses that belong to no country: the IANA registries of special-purpose
//! addresses (RFC 6890) and of multicast (RFC 5771, RFC 4291).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// A block of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    prefix: IpAddr,
    length: u8,
    /// Name as registered.
    name: &'static str,
    /// The document that reserves it.
    document: &'static str,
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{} ({}, {})",
            self.prefix, self.length, self.name, self.document
        )
    }
}

/// The smallest registered block that holds `address`.
pub(super) fn block_of(address: IpAddr) -> Option<&'static Block> {
    BLOCKS
        .iter()
        .filter(|block| block.contains(address))
        .max_by_key(|block| block.length)
}

impl Block {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.prefix, address) {
            (IpAddr::V4(prefix), IpAddr::V4(address)) => {
                let differ = prefix.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.length)
            }
            (IpAddr::V6(prefix), IpAddr::V6(address)) => {
                let differ = prefix.to_bits() ^ address.to_bits();
                differ.leading_zeros() >= u32::from(self.length)
            }
            _ => false,
        }
    }
}

const fn v4(
    [a, b, c, d]: [u8; 4],
    length: u8,
    name: &'static str,
    document: &'static str,
) -> Block {
    Block {
        prefix: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        length,
        name,
        document,
    }
}

/// `head` holds the first four groups; `tail` is the last.
const fn v6(
    [a, b, c, d]: [u16; 4],
    tail: u16,
    length: u8,
    name: &'static str,
    document: &'static str,
) -> Block {
    let prefix = IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, tail));
    Block {
        prefix,
        length,
        name,
        document,
    }
}

/// iana-ipv4-special-registry, iana-ipv6-special-registry and multicast.
#[rustfmt::skip]
const BLOCKS: [Block; 53] = [
    v4([0, 0, 0, 0], 8, "this network", "RFC 791"),
    v4([0, 0, 0, 0], 32, "this host on this network", "RFC 1122"),
    v4([10, 0, 0, 0], 8, "private use", "RFC 1918"),
    v4([100, 64, 0, 0], 10, "shared address space", "RFC 6598"),
    v4([127, 0, 0, 0], 8, "loopback", "RFC 1122"),
    v4([169, 254, 0, 0], 16, "link local", "RFC 3927"),
    v4([172, 16, 0, 0], 12, "private use", "RFC 1918"),
    v4([192, 0, 0, 0], 24, "IETF protocol assignments", "RFC 6890"),
    v4([192, 0, 0, 0], 29, "IPv4 service continuity prefix", "RFC 7335"),
    v4([192, 0, 0, 8], 32, "IPv4 dummy address", "RFC 7600"),
    v4([192, 0, 0, 9], 32, "Port Control Protocol anycast", "RFC 7723"),
    v4([192, 0, 0, 10], 32, "TURN anycast", "RFC 8155"),
    v4([192, 0, 0, 170], 31, "NAT64/DNS64 discovery", "RFC 7050"),
    v4([192, 0, 2, 0], 24, "documentation, TEST-NET-1", "RFC 5737"),
    v4([192, 31, 196, 0], 24, "AS112-v4", "RFC 7535"),
    v4([192, 52, 193, 0], 24, "AMT", "RFC 7450"),
    v4([192, 88, 99, 0], 24, "deprecated 6to4 relay anycast", "RFC 7526"),
    v4([192, 168, 0, 0], 16, "private use", "RFC 1918"),
    v4([192, 175, 48, 0], 24, "direct delegation AS112 service", "RFC 7534"),
    v4([198, 18, 0, 0], 15, "benchmarking", "RFC 2544"),
    v4([198, 51, 100, 0], 24, "documentation, TEST-NET-2", "RFC 5737"),
    v4([203, 0, 113, 0], 24, "documentation, TEST-NET-3", "RFC 5737"),
    v4([224, 0, 0, 0], 4, "multicast", "RFC 5771"),
    v4([240, 0, 0, 0], 4, "reserved", "RFC 1112"),
    v4([255, 255, 255, 255], 32, "limited broadcast", "RFC 8190"),
    v6([0, 0, 0, 0], 0, 128, "unspecified address", "RFC 4291"),
    v6([0, 0, 0, 0], 1, 128, "loopback", "RFC 4291"),
    v6([0x64, 0xff9b, 0, 0], 0, 96, "IPv4-IPv6 translation", "RFC 6052"),
    v6([0x64, 0xff9b, 1, 0], 0, 48, "local IPv4-IPv6 translation", "RFC 8215"),
    v6([0x100, 0, 0, 0], 0, 64, "discard only", "RFC 6666"),
    v6([0x100, 0, 0, 1], 0, 64, "dummy IPv6 prefix", "RFC 9780"),
    v6([0x2001, 0, 0, 0], 0, 23, "IETF protocol assignments", "RFC 2928"),
    v6([0x2001, 0, 0, 0], 0, 32, "Teredo", "RFC 4380"),
    v6([0x2001, 1, 0, 0], 1, 128, "Port Control Protocol anycast", "RFC 7723"),
    v6([0x2001, 1, 0, 0], 2, 128, "TURN anycast", "RFC 8155"),
    v6([0x2001, 1, 0, 0], 3, 128, "DNS-SD service registration anycast", "RFC 9665"),
    v6([0x2001, 2, 0, 0], 0, 48, "benchmarking", "RFC 5180"),
    v6([0x2001, 3, 0, 0], 0, 32, "AMT", "RFC 7450"),
    v6([0x2001, 4, 0x112, 0], 0, 48, "AS112-v6", "RFC 7535"),
    v6([0x2001, 0x10, 0, 0], 0, 28, "deprecated ORCHID", "RFC 4843"),
    v6([0x2001, 0x20, 0, 0], 0, 28, "ORCHIDv2", "RFC 7343"),
    v6([0x2001, 0x30, 0, 0], 0, 28, "drone remote identification", "RFC 9374"),
    v6([0x2001, 0xdb8, 0, 0], 0, 32, "documentation", "RFC 3849"),
    v6([0x2002, 0, 0, 0], 0, 16, "6to4", "RFC 3056"),
    v6([0x2620, 0x4f, 0x8000, 0], 0, 48, "direct delegation AS112 service", "RFC 7534"),
    v6([0x3fff, 0, 0, 0], 0, 20, "documentation", "RFC 9637"),
    v6([0x5f00, 0, 0, 0], 0, 16, "segment routing (SRv6) SIDs", "RFC 9602"),
    v6([0xfc00, 0, 0, 0], 0, 7, "unique local", "RFC 4193"),
    v6([0xfe80, 0, 0, 0], 0, 10, "link local", "RFC 4291"),
    v6([0xfec0, 0, 0, 0], 0, 10, "deprecated site local", "RFC 3879"),
    v6([0xff00, 0, 0, 0], 0, 8, "multicast", "RFC 4291"),
    IPV4_MAPPED,
    IPV4_COMPATIBLE,
];

const IPV4_MAPPED: Block = Block {
    prefix: IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0)),
    length: 96,
    name: "IPv4-mapped address",
    document: "RFC 4291",
};

const IPV4_COMPATIBLE: Block = Block {
    prefix: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    length: 96,
    name: "deprecated IPv4-compatible address",
    document: "RFC 4291",
};

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_smallest_block_answers() {
        let says = |address: &str| {
            block_of(address.parse().unwrap()).map_or("-".to_owned(), ToString::to_string)
        };
        assert_eq!(
            says("203.0.113.9"),
            "203.0.113.0/24 (documentation, TEST-NET-3, RFC 5737)"
        );
        assert_eq!(
            says("192.0.0.1"),
            "192.0.0.0/29 (IPv4 service continuity prefix, RFC 7335)"
        );
        assert_eq!(
            says("192.0.0.8"),
            "192.0.0.8/32 (IPv4 dummy address, RFC 7600)"
        );
        assert_eq!(
            says("192.0.0.200"),
            "192.0.0.0/24 (IETF protocol assignments, RFC 6890)"
        );
        assert_eq!(says("10.255.255.255"), "10.0.0.0/8 (private use, RFC 1918)");
        assert_eq!(
            says("255.255.255.255"),
            "255.255.255.255/32 (limited broadcast, RFC 8190)"
        );
        assert_eq!(
            says("2001:db8::1"),
            "2001:db8::/32 (documentation, RFC 3849)"
        );
        assert_eq!(says("fe80::1"), "fe80::/10 (link local, RFC 4291)");
        assert_eq!(
            says("::ffff:192.0.2.1"),
            "::ffff:0.0.0.0/96 (IPv4-mapped address, RFC 4291)"
        );
        assert_eq!(says("::1"), "::1/128 (loopback, RFC 4291)");
        for neighbour in [
            "9.255.255.255",
            "11.0.0.0",
            "172.32.0.0",
            "100.128.0.0",
            "2003::",
        ] {
            assert_eq!(says(neighbour), "-", "{neighbour}");
        }
    }

    #[test]
    fn each_block_is_there_once_and_without_host_bits() {
        let mut seen = HashSet::new();
        for block in &BLOCKS {
            assert!(seen.insert((block.prefix, block.length)), "{block}");
            let width = if block.prefix.is_ipv4() { 32 } else { 128 };
            let trailing = match block.prefix {
                IpAddr::V4(prefix) => prefix.to_bits().trailing_zeros(),
                IpAddr::V6(prefix) => prefix.to_bits().trailing_zeros(),
            };
            assert!(trailing >= width - u32::from(block.length), "{block}");
        }
    }
}
