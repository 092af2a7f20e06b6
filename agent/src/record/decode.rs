//! From the kernel's bytes to the types of this stage.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use weir_common::{
    DIRECTION_INBOUND, FlowKey, KIND_EXACT, KIND_UPLINK, KIND_UPLINK_FOLDED,
    Process as KernelProcess, SLOT_SINK, SOCKET_PREEXISTING,
};

use super::{
    CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Protocol, Scope, UplinkRecord,
};
use crate::kernel::SlotCounts;

/// Decodes a slot into a record.
pub(super) fn record(
    id: FlowId,
    slot: u32,
    (key, process, first_ns, flags): (FlowKey, KernelProcess, u64, u16),
    counts: &SlotCounts,
    last_ns: u64,
) -> FlowRecord {
    let scope = match (slot, key.kind) {
        (SLOT_SINK, _) => Scope::Sink,
        (_, KIND_EXACT) => Scope::Exact,
        _ => Scope::Folded,
    };
    let known = process.tgid != 0 && flags & SOCKET_PREEXISTING == 0 && scope == Scope::Exact;
    FlowRecord {
        id,
        scope,
        cgroup: CgroupId(key.cgroup_id),
        netns: (key.netns_cookie != 0).then_some(key.netns_cookie),
        address: address(key.remote),
        port: key.port,
        protocol: Protocol(key.protocol),
        forwarded_from: None,
        direction: match key.direction {
            DIRECTION_INBOUND => Direction::Inbound,
            _ => Direction::Outbound,
        },
        process: known.then(|| decode_process(&process)),
        first_ns,
        last_ns,
        attempts: counts.attempts,
        counters: counters(counts),
    }
}

/// Decodes a slot of the uplink layer; `None` if it is not one.
pub(super) fn uplink(key: &FlowKey, first_ns: u64, counts: &SlotCounts) -> Option<UplinkRecord> {
    let folded = match key.kind {
        KIND_UPLINK => false,
        KIND_UPLINK_FOLDED => true,
        _ => return None,
    };
    let [by, from] = [key.netns_cookie, key.netns_cookie >> 32].map(|half| {
        // The lower half of either.
        u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default()
    });
    Some(UplinkRecord {
        cgroup: CgroupId(key.cgroup_id),
        from,
        by,
        address: address(key.remote),
        port: key.port,
        protocol: Protocol(key.protocol),
        folded,
        first_ns,
        counters: counters(counts),
    })
}

/// The counters of a slot.
pub(super) fn counters(counts: &SlotCounts) -> Counters {
    Counters {
        egress_bytes: counts.egress_bytes,
        egress_packets: counts.egress_packets,
        ingress_bytes: counts.ingress_bytes,
        ingress_packets: counts.ingress_packets,
    }
}

fn decode_process(process: &KernelProcess) -> Process {
    let comm = process
        .comm
        .split(|byte| *byte == 0)
        .next()
        .unwrap_or_default();
    Process {
        pid: process.tgid,
        uid: process.uid,
        comm: String::from_utf8_lossy(comm).into_owned(),
        start_ns: process.start_ns,
    }
}

/// Takes IPv4-mapped IPv6 apart; all zero, as in folded flows, is the
/// unspecified IPv6 address.
pub(super) fn address(bytes: [u8; 16]) -> IpAddr {
    match bytes {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => {
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => IpAddr::V6(Ipv6Addr::from(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_unspecified_address_stays_ipv6() {
        assert_eq!(address([0; 16]), IpAddr::V6(Ipv6Addr::UNSPECIFIED));
    }

    proptest! {
        #[test]
        fn every_ipv4_address_comes_back(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            prop_assert_eq!(address(v4.to_ipv6_mapped().octets()), IpAddr::V4(v4));
        }

        #[test]
        fn any_bytes_decode(key: [u8; 24], comm: [u8; 16], kind: u8, direction: u8, flags: u16) {
            let mut remote = [0; 16];
            remote.copy_from_slice(&key[..16]);
            let key = FlowKey {
                cgroup_id: 1, netns_cookie: 0, remote, port: 1, protocol: key[16],
                direction, kind, padding: [0; 3],
            };
            let process = KernelProcess { start_ns: 1, tgid: 1, uid: 1, comm };
            let counts = SlotCounts {
                egress_bytes: 1, egress_packets: 1, ingress_bytes: 0, ingress_packets: 0,
                attempts: 0, released: 0,
            };
            let record = record(FlowId(1), 5, (key, process, 1, flags), &counts, 2);
            prop_assert_eq!(record.scope == Scope::Exact, kind == KIND_EXACT);
        }
    }
}
