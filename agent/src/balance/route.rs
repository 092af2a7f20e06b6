//! Which interfaces lead off the host: those that a route with a gateway
//! names.

use std::{collections::BTreeSet, fs, io};

/// `RTF_UP` and `RTF_GATEWAY`, `include/uapi/linux/route.h`.
const UP_BY_GATEWAY: u32 = 0x3;

/// Names of the interfaces by which this network namespace has a gateway.
///
/// # Errors
/// When the kernel's routes cannot be read.
pub fn leading_off() -> io::Result<BTreeSet<String>> {
    let mut names = v4(&fs::read_to_string("/proc/thread-self/net/route")?);
    // Absent where IPv6 is switched off.
    match fs::read_to_string("/proc/thread-self/net/ipv6_route") {
        Ok(table) => names.extend(v6(&table)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(names)
}

/// `Iface Destination Gateway Flags …`
fn v4(table: &str) -> BTreeSet<String> {
    named(table.lines().skip(1), 0, 3)
}

/// `destination prefix source prefix next-hop metric references use flags name`
fn v6(table: &str) -> BTreeSet<String> {
    named(table.lines(), 9, 8)
}

fn named<'a>(lines: impl Iterator<Item = &'a str>, name: usize, flags: usize) -> BTreeSet<String> {
    lines
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let flags = u32::from_str_radix(fields.get(flags)?, 16).ok()?;
            (flags & UP_BY_GATEWAY == UP_BY_GATEWAY).then(|| fields.get(name).copied())?
        })
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gateways_lead_off() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
                     eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\n\
                     eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n\
                     podman0\t0000580A\t00000000\t0001\t0\t0\t0\t0000FFFF\n";
        assert_eq!(v4(table), BTreeSet::from(["eth0".to_owned()]));
    }

    #[test]
    fn ipv6_routes_are_read() {
        let zero = "0".repeat(32);
        let table = format!(
            "{zero} 00 {zero} 00 fe80000000000000000000000000000 1 00000400 1 0 00000003 wlan0\n\
             20010db8000000000000000000000000 40 {zero} 00 {zero} 00000100 1 0 00000001 eth1\n"
        );
        // The first line has its next hop cut in two: it is not read as a route.
        assert_eq!(v6(&table), BTreeSet::new());
        let table = format!(
            "{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 1 0 00000003 wlan0\n"
        );
        assert_eq!(v6(&table), BTreeSet::from(["wlan0".to_owned()]));
    }
}
