//! Adds a packet to the flow of its socket: the shared part of the two hooks
//! per packet.

use core::mem::transmute;

use aya_ebpf::{
    bindings::{__sk_buff, BPF_SK_STORAGE_GET_F_CREATE, bpf_sock},
    helpers::generated::{bpf_sk_cgroup_id, bpf_sk_fullsock, bpf_sk_storage_get},
};
use weir_common::{
    DIRECTION_INBOUND, DIRECTION_OUTBOUND, FlowKey, FlowSlot, KIND_EXACT, Loss, Process, SLOT_SINK,
    SOCKET_INITIATED, SOCKET_PREEXISTING, SOCKET_SERVED, SocketState, WATCH_DNS, WATCH_NOTHING,
};

use crate::{
    atomic,
    flow::{self, Found},
    loss,
    maps::SOCKETS,
    packet::{self, Packet, TCP, Way},
    watch,
};

/// `SOCK_STREAM`, `include/linux/net.h`.
const STREAM: u32 = 1;
/// `BPF_TCP_CLOSE` and `BPF_TCP_LISTEN`, `include/uapi/linux/bpf.h`.
const STATE_CLOSE: u32 = 7;
const STATE_LISTEN: u32 = 10;

/// Counts one packet of a socket.
#[inline(always)]
pub(crate) fn count(skb: *mut __sk_buff, way: Way) {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let sk = unsafe { (*skb).__bindgen_anon_2.sk };
    if sk.is_null() {
        return;
    }
    let state = get(sk);
    // SAFETY: non-null storage stays valid while the program runs.
    if let Some(state) = unsafe { state.as_ref() }
        && state.settled != 0
        && let Some(slot) = remembered(state)
    {
        add(slot, skb, way);
        // What is received matters of DNS alone.
        if state.watch == WATCH_DNS || state.watch != WATCH_NOTHING && way == Way::Egress {
            watch::connected(skb, sk, way);
        }
        return;
    }
    let slot = match way {
        Way::Egress => slow_egress(skb, sk, state),
        Way::Ingress => slow_ingress(skb, sk, state),
    };
    if let Some(slot) = flow::slot(slot) {
        add(slot, skb, way);
    }
    watch::packet(skb, sk, way);
}

/// The slot that the socket remembers, unless it has been given back since.
#[inline(always)]
fn remembered(state: &SocketState) -> Option<*mut FlowSlot> {
    let slot = flow::slot(state.slot)?;
    // SAFETY: a map value; the epoch is an aligned u32.
    (unsafe { (*slot).epoch } == state.epoch).then_some(slot)
}

/// Adds the packet to the slot's counters, in what the wire will carry: a
/// packet that is segmented later repeats its headers in each segment.
#[inline(always)]
fn add(slot: *mut FlowSlot, skb: *mut __sk_buff, way: Way) {
    // SAFETY: reads of the context, which the verifier rewrites and checks.
    let (len, segments) = unsafe { ((*skb).len, (*skb).gso_segs) };
    let mut bytes = u64::from(len);
    let mut packets = 1;
    if segments > 1 {
        packets = u64::from(segments);
        bytes += (packets - 1) * u64::from(packet::repeated_header(skb));
    }
    // SAFETY: aligned u64 counters in a map value; every write is atomic.
    unsafe {
        let (to_bytes, to_packets) = match way {
            Way::Egress => (
                &raw mut (*slot).egress_bytes,
                &raw mut (*slot).egress_packets,
            ),
            Way::Ingress => (
                &raw mut (*slot).ingress_bytes,
                &raw mut (*slot).ingress_packets,
            ),
        };
        atomic::add(to_bytes, bytes);
        atomic::add(to_packets, packets);
    }
}

/// [`slow`] as a function of its own in the kernel too, for the sake of the
/// stack; one for each way, so that headers lie at known offsets.
#[inline(never)]
fn slow_egress(skb: *mut __sk_buff, sk: *mut bpf_sock, state: *mut SocketState) -> u32 {
    slow(skb, sk, state, Way::Egress)
}

/// See [`slow_egress`].
#[inline(never)]
fn slow_ingress(skb: *mut __sk_buff, sk: *mut bpf_sock, state: *mut SocketState) -> u32 {
    slow(skb, sk, state, Way::Ingress)
}

/// Finds the slot by the packet's headers and remembers it with the socket.
#[inline(always)]
fn slow(skb: *mut __sk_buff, sk: *mut bpf_sock, state: *mut SocketState, way: Way) -> u32 {
    let packet = read(skb, way);
    // SAFETY: storage is null or valid while the program runs.
    let state = if state.is_null() { adopt(sk) } else { state };
    // SAFETY: as above.
    let Some(state) = (unsafe { state.as_mut() }) else {
        loss::count(Loss::SocketStorage);
        return SLOT_SINK;
    };
    let stream = packet.protocol == TCP && is_stream(sk);
    let (key, known) = key(&packet, state, stream, way);
    if state.slot != SLOT_SINK && flow::same(&key, &state.key) && remembered(state).is_some() {
        state.settled = u16::from(stream);
        return state.slot;
    }
    let found = match known {
        Some(slot) => Found { slot, exact: true },
        None => flow::find_or_take(&key, &state.process, state.flags),
    };
    if found.exact
        && let Some(slot) = flow::slot(found.slot)
    {
        state.key = key;
        state.slot = found.slot;
        // SAFETY: a map value; the epoch is an aligned u32.
        state.epoch = unsafe { (*slot).epoch };
        state.settled = u16::from(stream);
    }
    found.slot
}

/// Reads a packet's headers, nearly always in place.
#[inline(always)]
fn read(skb: *mut __sk_buff, way: Way) -> Packet {
    if let Some(packet) = packet::usual(skb, 0, way) {
        return packet;
    }
    let mut packet = Packet::UNKNOWN;
    if !packet::parse(skb, way, &mut packet) {
        loss::count(Loss::HeaderUnreadable);
    }
    packet
}

/// Makes storage for a socket that is older than the programs. A function of
/// its own in the kernel too, for the sake of the stack.
#[inline(never)]
fn adopt(sk: *mut bpf_sock) -> *mut SocketState {
    let fresh = SocketState {
        process: Process {
            start_ns: 0,
            tgid: 0,
            uid: u32::MAX,
            comm: [0; 16],
        },
        key: FlowKey {
            // SAFETY: `sk` is not null.
            cgroup_id: unsafe { bpf_sk_cgroup_id(sk.cast()) },
            netns_cookie: 0,
            remote: [0; 16],
            port: 0,
            protocol: 0,
            direction: DIRECTION_OUTBOUND,
            kind: KIND_EXACT,
            padding: [0; 3],
        },
        slot: SLOT_SINK,
        epoch: 0,
        flags: SOCKET_PREEXISTING,
        settled: 0,
        watch: WATCH_NOTHING,
        padding: 0,
        looked: 0,
        sent_base: 0,
        received_base: 0,
        until: 0,
        padding_end: 0,
    };
    // SAFETY: `sk` is not null and `fresh` has the size of the map's value.
    let made = unsafe {
        bpf_sk_storage_get(
            SOCKETS.as_ptr(),
            sk.cast(),
            (&raw const fresh).cast_mut().cast(),
            BPF_SK_STORAGE_GET_F_CREATE.into(),
        )
    };
    // None can be made if another processor has just made it.
    if made.is_null() { get(sk) } else { made.cast() }
}

/// The storage of a socket; null if it has none.
#[inline(always)]
pub(crate) fn get(sk: *mut bpf_sock) -> *mut SocketState {
    // SAFETY: `sk` is not null at each call; a null value makes nothing.
    unsafe { bpf_sk_storage_get(SOCKETS.as_ptr(), sk.cast(), core::ptr::null_mut(), 0) }.cast()
}

/// Whether every further packet of this socket goes to the same peer: a TCP
/// socket that is neither closed nor listening. A raw socket that sends TCP
/// packets is not one.
#[inline(always)]
fn is_stream(sk: *mut bpf_sock) -> bool {
    // SAFETY: `sk` is not null; the helper gives null or a full socket.
    let full = unsafe { bpf_sk_fullsock(sk) };
    if full.is_null() {
        return false;
    }
    // SAFETY: not null; the verifier rewrites and checks these reads.
    let (kind, state) = unsafe { ((*full).type_, (*full).state) };
    kind == STREAM && state != STATE_CLOSE && state != STATE_LISTEN
}

/// The key to count under, and its slot where that had to be looked up. Of a TCP
/// connection, the side that called `connect` initiated it; elsewhere, the side
/// whose packet came first.
#[inline(always)]
fn key(packet: &Packet, state: &mut SocketState, stream: bool, way: Way) -> (FlowKey, Option<u32>) {
    let outbound = with(state, packet, packet.remote_port, DIRECTION_OUTBOUND);
    // A connected socket's answers belong to what it initiated.
    if flow::same(&outbound, &state.key) || state.flags & SOCKET_INITIATED != 0 {
        return (outbound, None);
    }
    let accepted = (stream || packet.protocol == TCP && way == Way::Ingress)
        && state.flags & SOCKET_PREEXISTING == 0;
    if !accepted {
        if way == Way::Egress && state.flags & SOCKET_SERVED == 0 {
            return (outbound, None);
        }
        if way == Way::Ingress
            && let Some(slot) = flow::find(&outbound)
        {
            return (outbound, Some(slot));
        }
    }
    let inbound = with(state, packet, packet.local_port, DIRECTION_INBOUND);
    if way == Way::Ingress {
        state.flags |= SOCKET_SERVED;
    } else if !accepted {
        return match flow::find(&inbound) {
            Some(slot) => (inbound, Some(slot)),
            None => (outbound, None),
        };
    }
    (inbound, None)
}

/// The socket's key with a packet's other side, put together in whole words:
/// written byte by byte and then read as words, it would stall the processor.
#[inline(always)]
fn with(state: &SocketState, packet: &Packet, port: u16, direction: u8) -> FlowKey {
    let [low, high] = port.to_ne_bytes();
    let last = [low, high, packet.protocol, direction, KIND_EXACT, 0, 0, 0];
    // SAFETY: integers without padding, of the same size.
    let [first, second] = unsafe { transmute::<[u8; 16], [u64; 2]>(packet.remote) };
    let words = [
        state.key.cgroup_id,
        state.key.netns_cookie,
        first,
        second,
        u64::from_ne_bytes(last),
    ];
    // SAFETY: integers without padding, of the same size; any bytes are a key.
    unsafe { transmute::<[u64; 5], FlowKey>(words) }
}
