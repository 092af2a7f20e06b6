//! Copies the first bytes of what workloads say, so that the agent can tell
//! under which name they know a destination: DNS messages, the beginnings of TLS
//! connections, QUIC Initial packets. It understands only as much of them as is
//! needed to know what to copy and when to stop.

mod copy;
mod stream;

use aya_ebpf::bindings::{__sk_buff, bpf_sock};
use weir_common::{Loss, PAYLOAD_ANSWER, PAYLOAD_QUERY, PAYLOAD_QUIC, PAYLOAD_SERVED};

pub(crate) use self::stream::connected;
use self::{
    copy::{Piece, copy},
    stream::{BEGUN, begin},
};
use crate::{
    loss::{self, NOTHING},
    packet::{self, Packet, TCP, UDP, Way},
};

/// Port of DNS (RFC 1035, section 4.2).
const DNS: u16 = 53;

/// Number of the loopback interface in every network namespace
/// (`LOOPBACK_IFINDEX`, `include/net/net_namespace.h`).
const LOOPBACK: u32 = 1;

/// Least payload of a datagram with a client's Initial packet (RFC 9000, section
/// 14.1).
const INITIAL_BYTES: u32 = 1200;

/// Looks at a packet of a socket whose packets do not all belong to one
/// connection yet.
#[inline(always)]
pub(crate) fn packet(skb: *mut __sk_buff, sk: *mut bpf_sock, way: Way) {
    let told = match way {
        Way::Egress => egress(skb, sk),
        Way::Ingress => ingress(skb, sk),
    };
    if told == BEGUN {
        // With data, where TCP Fast Open sends it (RFC 7413).
        connected(skb, sk, Way::Egress);
    } else {
        loss::tell(told);
    }
}

#[inline(never)]
fn egress(skb: *mut __sk_buff, sk: *mut bpf_sock) -> u32 {
    let Some((packet, at)) = packet::transport(skb, Way::Egress) else {
        return NOTHING;
    };
    // SAFETY: a read of the context, which the verifier rewrites and checks.
    let serves = packet.local_port == DNS && unsafe { (*skb).ifindex } == LOOPBACK;
    if packet.protocol == TCP && !serves {
        return begin(skb, sk, packet.remote_port, at);
    }
    if packet.protocol != UDP && packet.protocol != TCP {
        return NOTHING;
    }
    let at = at + 8;
    let kind = if packet.remote_port == DNS {
        PAYLOAD_QUERY
    } else if serves {
        PAYLOAD_SERVED
    } else if starts_quic(skb, at) {
        PAYLOAD_QUIC
    } else {
        return NOTHING;
    };
    datagram(skb, sk, packet, at, kind)
}

#[inline(never)]
fn ingress(skb: *mut __sk_buff, sk: *mut bpf_sock) -> u32 {
    let Some((packet, at)) = packet::transport(skb, Way::Ingress) else {
        return NOTHING;
    };
    if packet.protocol == UDP && packet.remote_port == DNS {
        return datagram(skb, sk, packet, at + 8, PAYLOAD_ANSWER);
    }
    NOTHING
}

/// Copies a whole datagram, as far as there is room.
#[inline(always)]
fn datagram(skb: *mut __sk_buff, sk: *mut bpf_sock, packet: Packet, at: u32, kind: u8) -> u32 {
    // SAFETY: a read of the context, which the verifier rewrites and checks.
    let length = unsafe { (*skb).len }.saturating_sub(at);
    let piece = Piece {
        packet,
        at,
        length: if kind == PAYLOAD_SERVED { 0 } else { length },
        offset: 0,
        kind,
    };
    let copied = copy(skb, sk, &piece);
    if piece.length > copied && copied != 0 && kind == PAYLOAD_ANSWER {
        return Loss::PayloadCut as u32;
    }
    NOTHING
}

/// Whether a client's first QUIC packet stands at an offset: long header, type
/// Initial, version 1 (RFC 9000, section 17.2.2) or 2 (RFC 9369, section 3.2).
#[inline(always)]
fn starts_quic(skb: *mut __sk_buff, at: u32) -> bool {
    // SAFETY: a read of the context, which the verifier rewrites and checks.
    let length = unsafe { (*skb).len };
    if length < at + INITIAL_BYTES {
        return false;
    }
    let Ok([first, a, b, c, d]) = packet::load::<[u8; 5]>(skb, at) else {
        return false;
    };
    matches!(
        (first & 0xf0, u32::from_be_bytes([a, b, c, d])),
        (0xc0, 1) | (0xd0, 0x6b33_43cf)
    )
}
