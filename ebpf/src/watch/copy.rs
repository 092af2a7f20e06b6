//! From a packet into the ring buffer.

use aya_ebpf::{
    bindings::{__sk_buff, BPF_NOEXIST, bpf_sock},
    helpers::generated::{bpf_get_socket_cookie, bpf_ktime_get_boot_ns, bpf_skb_load_bytes},
};
use weir_common::{
    BUDGET_BYTES, BUDGET_WINDOW_NS, Budget, Loss, PAYLOAD_ANSWER, PAYLOAD_BYTES,
    PAYLOAD_DNS_RECEIVED, PAYLOAD_SERVED, PayloadHead,
};

use crate::{
    atomic, count, loss,
    maps::{BUDGETS, PAYLOADS},
    packet::Packet,
};

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
pub(super) struct Piece {
    pub(super) packet: Packet,
    /// Where they begin in the packet.
    pub(super) at: u32,
    pub(super) length: u32,
    /// How far from the stream's first byte they begin.
    pub(super) offset: u32,
    pub(super) kind: u8,
}

/// Copies up to [`PAYLOAD_BYTES`] into an element of the least size; gives how
/// many, 0 on failure.
#[inline(never)]
pub(super) fn copy(skb: *mut __sk_buff, sk: *mut bpf_sock, piece: &Piece) -> u32 {
    let length = piece.length;
    if !budgeted(sk, piece.kind, room(length)) {
        loss::count(Loss::PayloadBudget);
        return 0;
    }
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

/// Bytes of the ring buffer that a copy takes: head, room, and the ring's own word.
#[inline(always)]
fn room(length: u32) -> u32 {
    let room = if length <= TINY as u32 {
        TINY
    } else if length <= SMALL as u32 {
        SMALL
    } else if length <= MEDIUM as u32 {
        MEDIUM
    } else {
        PAYLOAD_BYTES
    };
    (size_of::<PayloadHead>() + room + 8) as u32
}

/// Whether the socket's cgroup has something left of its budget, and takes it.
#[inline(always)]
fn budgeted(sk: *mut bpf_sock, kind: u8, bytes: u32) -> bool {
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
    let Some(budget) = BUDGETS.get_ptr_mut(cgroup) else {
        let fresh = Budget {
            window_ns: now,
            refused: 0,
            bytes,
            padding: 0,
        };
        // Another processor may have been faster: then this copy is not counted.
        let _ = BUDGETS.insert(cgroup, fresh, BPF_NOEXIST.into());
        return true;
    };
    // SAFETY: aligned integers in a map value; the window is not written atomically, and
    // two processors that begin one at once give a little more or less.
    unsafe {
        if now.wrapping_sub(core::ptr::read_volatile(&raw const (*budget).window_ns))
            >= BUDGET_WINDOW_NS
        {
            core::ptr::write_volatile(&raw mut (*budget).window_ns, now);
            core::ptr::write_volatile(&raw mut (*budget).bytes, 0);
        }
        if core::ptr::read_volatile(&raw const (*budget).bytes) >= BUDGET_BYTES {
            atomic::add(&raw mut (*budget).refused, 1_u64);
            return false;
        }
        atomic::add(&raw mut (*budget).bytes, bytes);
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
