//! Connections: a DNS stream in both directions, the beginning of any other until its
//! TLS hello is past.

use aya_ebpf::bindings::{__sk_buff, bpf_sock};
use weir_common::{
    DNS_STREAM_BYTES, HELLO_BYTES, HELLO_PACKETS, HELLO_REST_PACKETS, Loss, PAYLOAD_DNS_RECEIVED,
    PAYLOAD_DNS_SENT, PAYLOAD_HELLO, SocketState, WATCH_DNS, WATCH_FOR_HELLO, WATCH_HELLO,
    WATCH_NOTHING,
};

use super::{
    DNS,
    copy::{Piece, copy},
};
use crate::{
    count,
    loss::{self, NOTHING},
    packet::{self, Way},
};

/// Flags of TCP (RFC 9293, section 3.1).
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Elements that one packet is copied into at most.
const ELEMENTS: u32 = 16;

/// Given back where a packet was looked at: a connection has begun, whose first packet may
/// carry something.
pub(super) const BEGUN: u32 = NOTHING + 1;

/// A connection begins where this side sends SYN alone (RFC 9293, section 3.5).
#[inline(always)]
pub(super) fn begin(skb: *mut __sk_buff, sk: *mut bpf_sock, port: u16, at: u32) -> u32 {
    let Ok(h) = packet::load::<[u8; 14]>(skb, at) else {
        return NOTHING;
    };
    if h[13] & (SYN | ACK) != SYN {
        return NOTHING;
    }
    // SAFETY: null or valid while the program runs.
    let Some(state) = (unsafe { count::get(sk).as_mut() }) else {
        return NOTHING;
    };
    state.watch = if port == DNS {
        WATCH_DNS
    } else {
        WATCH_FOR_HELLO
    };
    state.looked = 0;
    state.until = 0;
    state.sent_base = u32::from_be_bytes([h[4], h[5], h[6], h[7]]).wrapping_add(1);
    BEGUN
}

/// Looks at a packet of a connection of which something is to be copied.
#[inline(always)]
pub(crate) fn connected(skb: *mut __sk_buff, sk: *mut bpf_sock, way: Way) {
    loss::tell(match way {
        Way::Egress => stream(skb, sk, Way::Egress),
        Way::Ingress => stream(skb, sk, Way::Ingress),
    });
}

#[inline(never)]
fn stream(skb: *mut __sk_buff, sk: *mut bpf_sock, way: Way) -> u32 {
    // SAFETY: null or valid while the program runs.
    let Some(state) = (unsafe { count::get(sk).as_mut() }) else {
        return NOTHING;
    };
    let Some((packet, at)) = packet::transport(skb, way) else {
        return NOTHING;
    };
    let Ok(h) = packet::load::<[u8; 14]>(skb, at) else {
        return NOTHING;
    };
    let syn = h[13] & SYN != 0;
    let sequence = u32::from_be_bytes([h[4], h[5], h[6], h[7]]);
    let at = at + u32::from(h[12] >> 4) * 4;
    // SAFETY: a read of the context, which the verifier rewrites and checks.
    let length = unsafe { (*skb).len }.saturating_sub(at);
    // What SYN carries begins one further (RFC 9293, section 3.4).
    let first = sequence.wrapping_add(u32::from(syn));
    let dns = state.watch == WATCH_DNS;
    if way == Way::Ingress && dns && syn {
        state.received_base = first;
    }
    if way == Way::Egress && state.watch == WATCH_FOR_HELLO {
        state.looked += 1;
        if state.looked > HELLO_PACKETS {
            state.watch = WATCH_NOTHING;
            return NOTHING;
        }
    }
    if length == 0 || way == Way::Ingress && !dns {
        return NOTHING;
    }
    let (base, kind) = match (way, dns) {
        (Way::Ingress, _) => (state.received_base, PAYLOAD_DNS_RECEIVED),
        (Way::Egress, true) => (state.sent_base, PAYLOAD_DNS_SENT),
        (Way::Egress, false) => (state.sent_base, PAYLOAD_HELLO),
    };
    let offset = first.wrapping_sub(base);
    if dns && offset >= DNS_STREAM_BYTES {
        state.watch = WATCH_NOTHING;
        return Loss::PayloadCut as u32;
    }
    if !dns && !wants_hello(skb, state, at, length, offset) {
        return NOTHING;
    }
    let mut piece = Piece {
        packet,
        at,
        length,
        offset,
        kind,
    };
    for _ in 0..ELEMENTS {
        let done = copy(skb, sk, &piece);
        if done == 0 || done >= piece.length {
            break;
        }
        piece.at += done;
        piece.offset = piece.offset.wrapping_add(done);
        piece.length -= done;
    }
    NOTHING
}

/// Whether a packet is part of a TLS hello; notes where that ends.
#[inline(always)]
fn wants_hello(
    skb: *mut __sk_buff,
    state: &mut SocketState,
    at: u32,
    length: u32,
    offset: u32,
) -> bool {
    if state.watch == WATCH_FOR_HELLO {
        let Some(end) = hello_end(skb, at, length) else {
            if offset >= HELLO_BYTES {
                state.watch = WATCH_NOTHING;
            }
            return false;
        };
        state.watch = WATCH_HELLO;
        state.looked = 0;
        state.until = offset.wrapping_add(end);
    }
    state.looked += 1;
    // The difference tells order also where the numbers wrap.
    let left = state.until.wrapping_sub(offset);
    if left > HELLO_BYTES || state.looked >= HELLO_REST_PACKETS {
        state.watch = WATCH_NOTHING;
        return false;
    }
    if left <= length {
        state.watch = WATCH_NOTHING;
    }
    true
}

/// How far from an offset a TLS hello that begins there ends; `None` if none
/// begins. A record of type handshake (22) whose version's first byte is 3, with a
/// message of type `client_hello` (1): RFC 8446, sections 4 and 5.1. What is too short to
/// say otherwise may be one.
#[inline(always)]
fn hello_end(skb: *mut __sk_buff, at: u32, length: u32) -> Option<u32> {
    if length >= 9 {
        let h = packet::load::<[u8; 9]>(skb, at).ok()?;
        if h[0] != 22 || h[1] != 3 || h[5] != 1 {
            return None;
        }
        let message = u32::from_be_bytes([0, h[6], h[7], h[8]]);
        let record = u32::from(u16::from_be_bytes([h[3], h[4]]));
        // It may be spread over records of any size; then the rest is guessed.
        let end = if record >= message + 4 {
            message + 9
        } else {
            HELLO_BYTES
        };
        return Some(if end > HELLO_BYTES { HELLO_BYTES } else { end });
    }
    let [first] = packet::load::<[u8; 1]>(skb, at).ok()?;
    if first != 22 {
        return None;
    }
    if length >= 2 {
        let [_, version] = packet::load::<[u8; 2]>(skb, at).ok()?;
        if version != 3 {
            return None;
        }
    }
    Some(HELLO_BYTES)
}
