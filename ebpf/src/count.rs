//! Adds a packet to the flow of its socket: the shared part of the two hooks
//! per packet.

use aya_ebpf::{
    bindings::{__sk_buff, BPF_SK_STORAGE_GET_F_CREATE, bpf_sock},
    helpers::generated::{bpf_sk_cgroup_id, bpf_sk_fullsock, bpf_sk_storage_get},
};
use weir_common::{
    DIRECTION_INBOUND, DIRECTION_OUTBOUND, FlowKey, FlowSlot, KIND_EXACT, Loss, Process, SLOT_SINK,
    SOCKET_INITIATED, SOCKET_PREEXISTING, SOCKET_SERVED, SocketState,
};

use crate::{
    atomic, flow, loss,
    maps::SOCKETS,
    packet::{self, Packet, TCP, UDP, Way},
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
    // SAFETY: `sk` is not null; a missing storage gives null.
    let state =
        unsafe { bpf_sk_storage_get(SOCKETS.as_ptr(), sk.cast(), core::ptr::null_mut(), 0) }
            .cast::<SocketState>();
    // SAFETY: non-null storage stays valid while the program runs.
    if let Some(state) = unsafe { state.as_mut() }
        && (state.settled != 0 || continues(skb, state, way))
        && let Some(slot) = flow::slot(state.slot)
        // SAFETY: a map value; the epoch is an aligned u32.
        && unsafe { (*slot).epoch } == state.epoch
    {
        add(slot, skb, way);
        return;
    }
    let slot = slow(skb, sk, state, way);
    if let Some(slot) = flow::slot(slot) {
        add(slot, skb, way);
    }
}

/// Whether a datagram goes to the peer that the socket's flow is with, or comes
/// from it: [`key`] would then give the very key that the socket remembers. A
/// function of its own in the kernel too, so that its stack is not below that
/// of [`slow`]: Linux 6.1 allows 512 bytes for both and what they call.
#[inline(never)]
fn continues(skb: *mut __sk_buff, state: &SocketState, way: Way) -> bool {
    let key = &state.key;
    if key.protocol != UDP || key.direction != DIRECTION_OUTBOUND || state.slot == SLOT_SINK {
        return false;
    }
    let Some(packet) = packet::usual(skb, way) else {
        return false;
    };
    packet.protocol == UDP
        && packet.remote_port == key.port
        && u128::from_ne_bytes(packet.remote) == u128::from_ne_bytes(key.remote)
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

/// Finds the slot by the packet's headers and remembers it with the socket.
#[inline(never)]
fn slow(skb: *mut __sk_buff, sk: *mut bpf_sock, state: *mut SocketState, way: Way) -> u32 {
    let mut packet = Packet::UNKNOWN;
    if !packet::parse(skb, way, &mut packet) {
        loss::count(Loss::HeaderUnreadable);
    }
    // SAFETY: storage is null or valid while the program runs.
    let state = if state.is_null() { adopt(sk) } else { state };
    // SAFETY: as above.
    let Some(state) = (unsafe { state.as_mut() }) else {
        loss::count(Loss::SocketStorage);
        return SLOT_SINK;
    };
    let stream = is_stream(sk, &packet);
    let key = key(&packet, state, stream, way);
    if key == state.key
        && let Some(slot) = flow::slot(state.slot)
        // SAFETY: a map value; the epoch is an aligned u32.
        && unsafe { (*slot).epoch } == state.epoch
        && state.slot != SLOT_SINK
    {
        state.settled = u16::from(stream);
        return state.slot;
    }
    let found = flow::find_or_take(&key, &state.process, state.flags);
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
        padding: 0,
    };
    // SAFETY: `sk` is not null and `fresh` has the size of the map's value.
    unsafe {
        bpf_sk_storage_get(
            SOCKETS.as_ptr(),
            sk.cast(),
            (&raw const fresh).cast_mut().cast(),
            BPF_SK_STORAGE_GET_F_CREATE.into(),
        )
    }
    .cast()
}

/// Whether every further packet of this socket goes to the same peer: a TCP
/// socket that is neither closed nor listening. A raw socket that sends TCP
/// packets is not one.
#[inline(always)]
fn is_stream(sk: *mut bpf_sock, packet: &Packet) -> bool {
    if packet.protocol != TCP {
        return false;
    }
    // SAFETY: `sk` is not null; the helper gives null or a full socket.
    let full = unsafe { bpf_sk_fullsock(sk) };
    if full.is_null() {
        return false;
    }
    // SAFETY: not null; the verifier rewrites and checks these reads.
    let (kind, state) = unsafe { ((*full).type_, (*full).state) };
    kind == STREAM && state != STATE_CLOSE && state != STATE_LISTEN
}

/// The key to count under. Of a TCP connection, the side that called
/// `connect` initiated it; elsewhere, the side whose packet came first.
#[inline(always)]
fn key(packet: &Packet, state: &mut SocketState, stream: bool, way: Way) -> FlowKey {
    let mut key = FlowKey {
        cgroup_id: state.key.cgroup_id,
        netns_cookie: state.key.netns_cookie,
        remote: packet.remote,
        port: packet.remote_port,
        protocol: packet.protocol,
        direction: DIRECTION_OUTBOUND,
        kind: KIND_EXACT,
        padding: [0; 3],
    };
    // A connected socket's answers belong to what it initiated.
    if key == state.key {
        return key;
    }
    if state.flags & SOCKET_INITIATED != 0 {
        return key;
    }
    let accepted = (stream || packet.protocol == TCP && way == Way::Ingress)
        && state.flags & SOCKET_PREEXISTING == 0;
    let known = match way {
        _ if accepted => false,
        Way::Egress => state.flags & SOCKET_SERVED == 0,
        Way::Ingress => flow::find(&key).is_some(),
    };
    if known {
        return key;
    }
    key.port = packet.local_port;
    key.direction = DIRECTION_INBOUND;
    match way {
        Way::Ingress => state.flags |= SOCKET_SERVED,
        Way::Egress if !accepted && flow::find(&key).is_none() => {
            key.port = packet.remote_port;
            key.direction = DIRECTION_OUTBOUND;
        }
        Way::Egress => {}
    }
    key
}
