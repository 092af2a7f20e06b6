//! tc egress on interfaces that lead off the host: the second, independent
//! count. It sees what has no socket, as guests' packets have none, and what
//! goes past the socket layer, as AF_PACKET does.
//!
//! Two programs that differ in the length of the link-layer header, so that
//! nobody has to look it up for each packet.

use aya_ebpf::{
    bindings::__sk_buff, helpers::generated::bpf_skb_cgroup_id, macros::classifier,
    programs::TcContext,
};
use weir_common::{DIRECTION_OUTBOUND, FlowKey, KIND_UPLINK, LAST_TOLD_PORT, Process, SLOT_SINK};

use crate::{
    atomic, flow,
    packet::{self, Packet, Way},
};

/// `TC_ACT_UNSPEC` of clsact, `TCX_NEXT` of tcx: go on.
const NEXT: i32 = -1;

/// Length of an Ethernet header (IEEE 802.3); VLAN tags are kept beside the
/// packet at this place.
const ETHERNET: u32 = 14;

/// Length of an IPv6 fragment header (RFC 8200, section 4.5), which is all that
/// a first fragment adds.
const FRAGMENT_HEADER: u32 = 8;

#[classifier]
fn weir_uplink_ether(ctx: TcContext) -> i32 {
    count(ctx.skb.skb, ETHERNET);
    NEXT
}

#[classifier]
fn weir_uplink_bare(ctx: TcContext) -> i32 {
    count(ctx.skb.skb, 0);
    NEXT
}

/// The packet's headers, and what fragmentation added.
#[inline(always)]
fn read(skb: *mut __sk_buff, link: u32, ethertype: u16) -> (Packet, u32) {
    if (ethertype == packet::IPV4 || ethertype == packet::IPV6)
        && let Some(packet) = packet::usual(skb, link as usize, Way::Egress)
    {
        return (packet, 0);
    }
    let mut packet = Packet::UNKNOWN;
    let added = packet::leaving(skb, link, ethertype, &mut packet);
    (packet, added)
}

#[inline(always)]
fn count(skb: *mut __sk_buff, link: u32) {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let (ethertype, wire, segments, to, from) = unsafe {
        (
            u16::from_be((*skb).protocol as u16),
            (*skb).wire_len,
            (*skb).gso_segs,
            (*skb).ifindex,
            (*skb).ingress_ifindex,
        )
    };
    let (packet, added) = read(skb, link, ethertype);
    let key = FlowKey {
        // SAFETY: the context is a packet; without a socket the answer is 0.
        cgroup_id: unsafe { bpf_skb_cgroup_id(skb) },
        netns_cookie: u64::from(from) << 32 | u64::from(to),
        remote: packet.remote,
        port: if packet.protocol == 0 {
            ethertype
        } else if packet.remote_port > LAST_TOLD_PORT {
            0
        } else {
            packet.remote_port
        },
        protocol: packet.protocol,
        direction: DIRECTION_OUTBOUND,
        kind: KIND_UPLINK,
        padding: [0; 3],
    };
    let nobody = Process {
        start_ns: 0,
        tgid: 0,
        uid: u32::MAX,
        comm: [0; 16],
    };
    let found = flow::find_or_take(&key, &nobody, 0);
    // The sink is the socket layer's.
    if found.slot == SLOT_SINK {
        return;
    }
    let packets = if segments > 1 { segments } else { 1 };
    // `wire_len` has a link-layer header for each segment (`qdisc_pkt_len_init`).
    let bytes = u64::from(wire.saturating_sub(link * packets));
    if let Some(slot) = flow::slot(found.slot) {
        // SAFETY: aligned u64 counters in a map value; every write is atomic.
        unsafe {
            atomic::add(&raw mut (*slot).egress_bytes, bytes);
            atomic::add(&raw mut (*slot).egress_packets, u64::from(packets));
            // Nothing comes in here: these fields say what fragmentation added.
            if added != 0 {
                atomic::add(&raw mut (*slot).ingress_bytes, u64::from(added));
                let later = u64::from(added > FRAGMENT_HEADER);
                atomic::add(&raw mut (*slot).ingress_packets, later);
            }
        }
    }
}
