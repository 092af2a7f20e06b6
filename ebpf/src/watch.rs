//! Copies the first bytes of what workloads say, so that the agent can tell
//! under which name they know a destination: DNS messages, the beginnings of TLS
//! connections, QUIC Initial packets. It understands only as much of them as is
//! needed to know what to copy and when to stop.

use aya_ebpf::{
    bindings::{__sk_buff, BPF_NOEXIST, bpf_sock},
    helpers::generated::{bpf_get_socket_cookie, bpf_ktime_get_boot_ns, bpf_skb_load_bytes},
};
use weir_common::{
    BUDGET_COPIES, BUDGET_WINDOW_NS, Budget, DNS_STREAM_BYTES, HELLO_BYTES, HELLO_PACKETS, HELLO_REST_PACKETS, Loss, PAYLOAD_ANSWER,
    PAYLOAD_BYTES, PAYLOAD_DNS_RECEIVED, PAYLOAD_DNS_SENT, PAYLOAD_HELLO, PAYLOAD_QUERY,
    PAYLOAD_QUIC, PAYLOAD_SERVED, PayloadHead, SocketState, WATCH_DNS, WATCH_FOR_HELLO,
    WATCH_HELLO, WATCH_NOTHING,
};

use crate::{
    atomic, count,
    loss::{self, NOTHING},
    maps::{BUDGETS, PAYLOADS},
    packet::{self, Packet, TCP, UDP, Way},
};

/// Port of DNS (RFC 1035, section 4.2).
const DNS: u16 = 53;

/// Number of the loopback interface in every network namespace
/// (`LOOPBACK_IFINDEX`, `include/net/net_namespace.h`).
const LOOPBACK: u32 = 1;

/// Flags of TCP (RFC 9293, section 3.1).
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Least payload of a datagram with a client's Initial packet (RFC 9000, section
/// 14.1).
const INITIAL_BYTES: u32 = 1200;

/// Elements that one packet is copied into at most.
const ELEMENTS: u32 = 16;

/// Room for bytes behind a head, in four sizes so that small messages do not
/// take the room of large ones.
const TINY: usize = 64;
const SMALL: usize = 512;
const MEDIUM: usize = 2048;

/// An element of the ring buffer.
#[repr(C)]
struct Element<const N: usize> {
    head: PayloadHead,
    bytes: [u8; N],
}

/// Bytes of a packet that are to be copied.
struct Piece {
    packet: Packet,
    /// Where they begin in the packet.
    at: u32,
    length: u32,
    /// How far from the stream's first byte they begin.
    offset: u32,
    kind: u8,
}

/// Given back by [`egress`]: a connection has begun, whose first packet may
/// carry something.
const BEGUN: u32 = NOTHING + 1;

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

/// A connection begins where this side sends SYN alone (RFC 9293, section 3.5).
#[inline(always)]
fn begin(skb: *mut __sk_buff, sk: *mut bpf_sock, port: u16, at: u32) -> u32 {
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
    state.looked += 1;
    if state.watch == WATCH_FOR_HELLO {
        let Some(end) = hello_end(skb, at, length) else {
            if state.looked >= HELLO_PACKETS || offset >= HELLO_BYTES {
                state.watch = WATCH_NOTHING;
            }
            return false;
        };
        state.watch = WATCH_HELLO;
        state.looked = 0;
        state.until = offset.wrapping_add(end);
    }
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

/// Copies up to [`PAYLOAD_BYTES`] into an element of the least size; gives how
/// many, 0 on failure.
#[inline(never)]
fn copy(skb: *mut __sk_buff, sk: *mut bpf_sock, piece: &Piece) -> u32 {
    if !budgeted(sk, piece.kind) {
        loss::count(Loss::PayloadBudget);
        return 0;
    }
    let length = piece.length;
    if length <= TINY as u32 {
        element::<TINY>(skb, sk, piece)
    } else if length <= SMALL as u32 {
        element::<SMALL>(skb, sk, piece)
    } else if length <= MEDIUM as u32 {
        element::<MEDIUM>(skb, sk, piece)
    } else {
        element::<PAYLOAD_BYTES>(skb, sk, piece)
    }
}

/// Whether the socket's cgroup has something left of its budget, and takes it.
#[inline(always)]
fn budgeted(sk: *mut bpf_sock, kind: u8) -> bool {
    // SAFETY: null or valid while the program runs.
    let Some(state) = (unsafe { count::get(sk).as_ref() }) else {
        return true;
    };
    // What a resolver of this host says of itself is for the names of others, and has
    // a budget of its own.
    let own = u64::from(kind == PAYLOAD_SERVED) << 63;
    let cgroup = state.key.cgroup_id ^ own;
    // SAFETY: no arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    let Some(budget) = BUDGETS.get_ptr_mut(&cgroup) else {
        let fresh = Budget {
            window_ns: now,
            refused: 0,
            copies: 1,
            padding: 0,
        };
        // Another processor may have been faster: then this copy is not counted.
        let _ = BUDGETS.insert(&cgroup, fresh, BPF_NOEXIST.into());
        return true;
    };
    // SAFETY: aligned integers in a map value; the window is not written atomically, and
    // two processors that begin one at once give a few copies more or less.
    unsafe {
        if now.wrapping_sub(core::ptr::read_volatile(&raw const (*budget).window_ns))
            >= BUDGET_WINDOW_NS
        {
            core::ptr::write_volatile(&raw mut (*budget).window_ns, now);
            core::ptr::write_volatile(&raw mut (*budget).copies, 0);
        }
        if core::ptr::read_volatile(&raw const (*budget).copies) >= BUDGET_COPIES {
            atomic::add(&raw mut (*budget).refused, 1_u64);
            return false;
        }
        atomic::add(&raw mut (*budget).copies, 1_u32);
    }
    true
}

/// `N` is a power of two.
#[inline(always)]
fn element<const N: usize>(skb: *mut __sk_buff, sk: *mut bpf_sock, piece: &Piece) -> u32 {
    let Some(mut element) = PAYLOADS.reserve_untyped::<Element<N>>(0) else {
        loss::count(Loss::PayloadReserve);
        return 0;
    };
    let room = element.as_mut_ptr();
    let copied = if piece.length > N as u32 {
        N as u32
    } else {
        piece.length
    };
    // SAFETY: the element has room for a head; its fields are integers.
    fill(unsafe { &mut (*room).head }, skb, sk, piece);
    // SAFETY: the element has room for `N` bytes behind the head; the helper checks
    // the range against the packet. The mask tells the verifier what is true
    // already: 1 to `N` bytes.
    let failed = unsafe {
        (*room).head.copied = copied as u16;
        copied != 0
            && bpf_skb_load_bytes(
                skb.cast(),
                piece.at,
                (&raw mut (*room).bytes).cast(),
                ((copied - 1) & (N as u32 - 1)) + 1,
            ) != 0
    };
    if failed {
        element.discard(0);
        loss::count(Loss::PayloadUnreadable);
        return 0;
    }
    element.submit(0);
    copied
}

/// Says whose bytes these are.
#[inline(always)]
fn fill(head: &mut PayloadHead, skb: *mut __sk_buff, sk: *mut bpf_sock, piece: &Piece) {
    // SAFETY: null or valid while the program runs.
    let owner = unsafe { count::get(sk).as_ref() };
    let (cgroup, netns) = owner.map_or((0, 0), |s| (s.key.cgroup_id, s.key.netns_cookie));
    head.cgroup_id = cgroup;
    head.netns_cookie = netns;
    // SAFETY: the context is a packet.
    head.socket = unsafe { bpf_get_socket_cookie(skb.cast()) };
    // SAFETY: no arguments.
    head.time_ns = unsafe { bpf_ktime_get_boot_ns() };
    head.remote = piece.packet.remote;
    head.remote_port = piece.packet.remote_port;
    head.local_port = piece.packet.local_port;
    head.kind = piece.kind;
    head.protocol = piece.packet.protocol;
    head.offset = piece.offset;
    head.length = piece.length;
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let (interface, segment) = unsafe { ((*skb).ifindex, (*skb).gso_size) };
    let came_in = matches!(piece.kind, PAYLOAD_ANSWER | PAYLOAD_DNS_RECEIVED);
    head.interface = if came_in { interface } else { 0 };
    head.segment = segment;
}
