//! The network of the canary: two namespaces and what connects them.

use std::{
    fs::{self, File},
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use nix::sched::{CloneFlags, unshare};

use crate::kernel::set_up;

/// The interface at either end.
pub(super) const INTERFACE: &str = "weir0";
/// Hardware address of both ends: locally administered (IEEE 802).
pub(super) const HARDWARE: [u8; 6] = [0x02, b'w', b'e', b'i', b'r', 0x00];

const HERE: u8 = 1;

/// Address of the canary's network (RFC 5737: in nobody's use).
pub(super) const fn v4(host: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, host)
}

/// Address of the canary's network (RFC 3849: in nobody's use).
pub(super) const fn v6(host: u8) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, 0xdb8, 0xca, 0, 0, 0, 0, host as u16)
}

/// Whether an address belongs to the canary's network.
pub fn is_canary_address(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[..3] == v4(0).octets()[..3],
        IpAddr::V6(address) => address.octets()[..15] == v6(0).octets()[..15],
    }
}

/// Settings of IPv6 in the calling thread's network namespace.
const IPV6: &str = "/proc/sys/net/ipv6";

/// Whether the kernel speaks IPv6.
pub(super) fn has_ipv6() -> bool {
    Path::new(IPV6).exists()
}

/// Gives the calling thread a network namespace of its own, in which the kernel
/// sends nothing by itself: no address and no search for routers
/// (`Documentation/networking/ip-sysctl.rst`).
pub(super) fn leave() -> io::Result<File> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    if has_ipv6() {
        for (name, value) in [("addr_gen_mode", "1"), ("router_solicitations", "0")] {
            fs::write(format!("{IPV6}/conf/default/{name}"), value)?;
        }
    }
    File::open("/proc/thread-self/ns/net")
}

/// The canary's end.
pub(super) fn set_up_here() -> io::Result<()> {
    set_up(INTERFACE, &both(HERE))
}

/// The peer's end: an address for each way.
pub(super) fn set_up_there(hosts: impl Iterator<Item = u8>) -> io::Result<()> {
    let addresses: Vec<_> = hosts.flat_map(both).collect();
    set_up(INTERFACE, &addresses)
}

/// A host's addresses, with the lengths of their networks.
fn both(host: u8) -> Vec<(IpAddr, u8)> {
    let mut addresses = vec![(v4(host).into(), 24)];
    if has_ipv6() {
        addresses.push((v6(host).into(), 120));
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_network_is_the_canarys() {
        for (text, expected) in [
            ("192.0.2.9", true),
            ("192.0.3.9", false),
            ("2001:db8:ca::9", true),
            ("2001:db8:ca::109", false),
            ("2001:db8:cb::9", false),
        ] {
            assert_eq!(text.parse().map(is_canary_address), Ok(expected), "{text}");
        }
    }
}
